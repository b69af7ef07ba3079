//! Which sections a program needs.
//!
//! In: the program's sections, the run-time library, and the symbols to begin with. Out: the
//! sections that can be reached from there through relocations, each with the one that wanted it,
//! and where every symbol is. Invariant: the order of the result depends on nothing but the order of
//! the input. Symbols of the start-up code, which does not exist yet, are only noted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::link::dynamic::{self, Imports};
use crate::link::runtime::{Library, RtSection};
use crate::link::startup;
use crate::mos::item::Name;
use crate::obj::object::Section;
use crate::obj::zpset::ZpSet;

/// A section that is linked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reached {
    pub section: Section,
    /// The section that refers to it; `None` for a root.
    pub wanted_by: Option<Name>,
}

/// What is linked.
#[derive(Clone, Default, Debug)]
pub struct Reachable {
    /// Sections of the program in their order, then those of the run time as they were found.
    pub sections: Vec<Reached>,
    /// Zero page that the linked run-time routines use.
    pub zero_page: ZpSet,
    /// Symbols of the start-up code that are referred to.
    pub start_up: BTreeSet<Name>,
    /// Symbols whose addresses are known only when the program runs.
    pub foreign: BTreeSet<Name>,
    /// Symbols that nothing defines, with the section that refers to each.
    pub undefined: Vec<(Name, Option<Name>)>,
}

impl Reachable {
    /// Adds a section that the linker made.
    pub fn push(&mut self, section: Section) {
        self.sections.push(Reached { section, wanted_by: None });
    }

    /// True when a section of this name is linked.
    pub fn has(&self, name: &str) -> bool {
        self.sections.iter().any(|r| r.section.offset_of(name).is_some())
    }
}

/// Follows all references from `roots`.
pub fn shake(program: &[Section], library: &Library, roots: &[Name], imports: &Imports) -> Reachable {
    let mut definers: BTreeMap<&Name, usize> = BTreeMap::new();
    for (i, section) in program.iter().enumerate() {
        let names = std::iter::once(&section.name).chain(section.symbols.iter().map(|s| &s.name));
        for name in names {
            definers.entry(name).or_insert(i);
        }
    }
    let mut wanted: Vec<Option<Option<Name>>> = vec![None; program.len()];
    let mut runtime: Vec<(RtSection, Option<Name>)> = Vec::new();
    let mut out = Reachable::default();
    let mut seen: BTreeSet<Name> = BTreeSet::new();
    let mut queue: VecDeque<(Name, Option<Name>)> = roots.iter().map(|name| (name.clone(), None)).collect();
    while let Some((symbol, by)) = queue.pop_front() {
        if !seen.insert(symbol.clone()) {
            continue;
        }
        let section = if let Some(&i) = definers.get(&symbol) {
            if wanted[i].is_some() {
                continue;
            }
            wanted[i] = Some(by);
            &program[i]
        } else if imports.defines(&symbol) {
            out.foreign.insert(symbol);
            continue;
        } else if library.absolute().contains_key(&symbol) {
            continue;
        } else if startup::SYMBOLS.contains(&symbol.as_str()) || dynamic::SYMBOLS.contains(&symbol.as_str()) {
            out.start_up.insert(symbol);
            continue;
        } else if runtime.iter().any(|(r, _)| r.section.offset_of(symbol.as_str()).is_some()) {
            continue;
        } else if let Some(found) = library.find(symbol.as_str()) {
            runtime.push((found.clone(), by));
            &found.section
        } else {
            out.undefined.push((symbol, by));
            continue;
        };
        let from = section.name.clone();
        queue.extend(section.references().into_iter().map(|name| (name.clone(), Some(from.clone()))));
    }
    for (section, wanted_by) in program.iter().zip(wanted) {
        if let Some(wanted_by) = wanted_by {
            out.sections.push(Reached { section: section.clone(), wanted_by });
        }
    }
    for (RtSection { section, zero_page }, wanted_by) in runtime {
        out.zero_page |= zero_page;
        out.sections.push(Reached { section, wanted_by });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::ir::Environment;
    use crate::obj::object::SectionKind;
    use crate::obj::reloc::{Reloc, RelocKind};

    fn section(name: &str, references: &[&str]) -> Section {
        let mut section = Section::with_bytes(name, SectionKind::Code, vec![0; 2 * references.len()]);
        let reloc = |(i, symbol): (usize, &&str)| {
            let (offset, symbol) = (2 * i as u16, (*symbol).into());
            Reloc { offset, kind: RelocKind::Abs16, symbol, addend: 0 }
        };
        section.relocs = references.iter().enumerate().map(reloc).collect();
        section
    }

    fn names(reachable: &Reachable) -> Vec<&str> {
        reachable.sections.iter().map(|r| r.section.name.as_str()).collect()
    }

    #[test]
    fn only_what_is_reached_is_linked_and_cycles_end() {
        let program =
            [section("a", &["main"]), section("b", &[]), section("main", &["a", "c"]), section("c", &[])];
        let library = Library::new(&Environment::default(), false);
        let reachable = shake(&program, &library, &["main".into()], &Imports::default());
        assert_eq!(names(&reachable), ["a", "main", "c"]);
        assert_eq!(reachable.sections[0].wanted_by, Some("main".into()));
        assert_eq!(reachable.sections[1].wanted_by, None);
    }

    #[test]
    fn run_time_routines_come_with_what_they_need() {
        let program = [section("main", &["rt_str_copy", "rt_exit", "nowhere"])];
        let library = Library::new(&Environment::default(), false);
        let reachable = shake(&program, &library, &["main".into()], &Imports::default());
        assert_eq!(names(&reachable), ["main", "rt_str_copy"]);
        assert!(reachable.zero_page.contains(2) && reachable.start_up.contains("rt_exit"));
        assert_eq!(reachable.undefined, [("nowhere".into(), Some("main".into()))]);
        let program = [section("main", &["rt_print_str"])];
        let reachable = shake(&program, &library, &["main".into()], &Imports::default());
        assert_eq!(names(&reachable), ["main", "rt_print_str", "rt_screen"]);
    }
}
