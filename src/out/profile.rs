//! Profiles: cycles by function and by source line, hottest first.
//!
//! In: what the machine counted, and the debug map of the program. Out: tables as text, and the tree
//! of calls for the flame graph. Invariant: the cycles of all functions add up to those of the run;
//! so do those of all lines together with what no line made. Not here: running the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::c64::{kernal, memmap};
use crate::out::dbg::{CODE, DebugMap};
use crate::sim::profile::{INTERRUPTS, OUTSIDE, PROGRAM, Profile, Region, Regions};

/// Source lines that the table shows.
const LINES: usize = 30;

/// The regions to count by, with a name for each.
#[derive(Clone, Debug)]
pub struct Names {
    pub regions: Regions,
    names: Vec<String>,
    /// Those that are functions of the program,
    /// with where they begin in the source.
    functions: BTreeMap<Region, String>,
}

/// Every function of the program, every routine of the KERNAL, and the rest.
pub fn names(map: &DebugMap) -> Names {
    let mut all = Names {
        regions: Regions::default(),
        names: vec!["(elsewhere)".to_string()],
        functions: BTreeMap::new(),
    };
    add(&mut all, *memmap::BASIC_ROM.start(), memmap::BASIC_ROM.len(), "BASIC");
    add(&mut all, *memmap::KERNAL_ROM.start(), memmap::KERNAL_ROM.len(), "KERNAL");
    for entry in &kernal::ENTRIES {
        add(&mut all, entry.address, 3, &format!("KERNAL {}", entry.name));
    }
    for part in map.sections.iter().filter(|part| part.kind == CODE && part.size > 0) {
        let region = add(&mut all, part.address, usize::from(part.size), &part.name);
        let inside = part.address..part.address.saturating_add(part.size);
        let first = map.lines.iter().find(|l| inside.contains(&l.address) && l.size > 0);
        if let Some(line) = first {
            all.functions.insert(region, format!("{}:{}", line.file, line.line));
        }
    }
    all
}

fn add(all: &mut Names, start: u16, size: usize, name: &str) -> Region {
    // There are fewer parts than addresses, so only a map from outside can have more.
    let Ok(region) = Region::try_from(all.names.len()) else { return OUTSIDE };
    all.names.push(name.to_string());
    all.regions.set(start, size, region);
    region
}

impl Names {
    fn name(&self, region: Region) -> &str {
        self.names.get(usize::from(region)).map_or("", String::as_str)
    }
}

/// A function as it was called along one chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    pub name: String,
    /// The place of its caller in the list.
    pub parent: Option<usize>,
    pub depth: usize,
    /// Without and with what it called.
    pub cycles: u64,
    pub total: u64,
    pub calls: u64,
}

/// The tree of calls, callers first. Interrupts are called by nobody.
pub fn calls(profile: &Profile, names: &Names) -> Vec<Call> {
    let nodes = profile.nodes();
    let mut place: Vec<Option<usize>> = vec![None; nodes.len()];
    let mut calls: Vec<Call> = Vec::new();
    for (i, node) in nodes.iter().enumerate() {
        let (Some(region), count) = (node.region, calls.len()) else { continue };
        let parent = if [PROGRAM, INTERRUPTS].contains(&node.parent) { None } else { place[node.parent] };
        let depth = parent.map_or(0, |p: usize| calls[p].depth + 1);
        let plain = names.name(region);
        let name = match node.parent {
            INTERRUPTS => format!("{plain} (interrupt)"),
            _ => plain.to_string(),
        };
        calls.push(Call { name, parent, depth, cycles: node.cycles, total: node.cycles, calls: node.calls });
        place[i] = Some(count);
    }
    for i in (0..calls.len()).rev() {
        if let Some(parent) = calls[i].parent {
            calls[parent].total += calls[i].total;
        }
    }
    calls
}

#[derive(Clone, Copy, Default)]
struct Sums {
    own: u64,
    total: u64,
    calls: u64,
}

/// The tables: functions, then source lines.
pub fn text(profile: &Profile, map: &DebugMap, names: &Names) -> String {
    let mut sums: BTreeMap<Region, Sums> = BTreeMap::new();
    let mut all = 0;
    let tree = calls(profile, names);
    // A region is in a chain once only, so its boxes never lie on each other.
    for (call, region) in tree.iter().zip(profile.nodes().iter().filter_map(|node| node.region)) {
        let sum = sums.entry(region).or_default();
        sum.own += call.cycles;
        sum.total += call.total;
        sum.calls += call.calls;
        all += call.cycles;
    }
    let mut text = format!("\n{} cycles\n\n", grouped(all));
    text += "         self       %         total    calls  function\n";
    let mut rows: Vec<(&Region, &Sums)> = sums.iter().collect();
    rows.sort_by_key(|(region, sum)| (std::cmp::Reverse(sum.own), names.name(**region)));
    for (region, sum) in rows {
        let place = names.functions.get(region).map_or(String::new(), |at| format!("  {at}"));
        let _ = writeln!(
            text,
            "{:>13} {:>7.1} {:>13} {:>8}  {}{place}",
            grouped(sum.own),
            share(sum.own, all),
            grouped(sum.total),
            sum.calls,
            names.name(*region)
        );
    }
    text + &lines(profile, map, all)
}

/// The hottest source lines.
fn lines(profile: &Profile, map: &DebugMap, all: u64) -> String {
    let mut sums: BTreeMap<(&str, usize), u64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for part in &map.lines {
        let addresses = (0..part.size).map(|offset| part.address.wrapping_add(offset));
        let cycles: u64 = addresses.filter(|at| seen.insert(*at)).map(|at| profile.at(at)).sum();
        *sums.entry((&part.file, part.line)).or_default() += cycles;
    }
    let mut rows: Vec<_> = sums.into_iter().filter(|(_, cycles)| *cycles > 0).collect();
    rows.sort_by_key(|(place, cycles)| (std::cmp::Reverse(*cycles), *place));
    let (of_lines, count) = (rows.iter().map(|(_, cycles)| cycles).sum::<u64>(), rows.len());
    let mut text = String::from("\n       cycles       %  line\n");
    for ((file, line), cycles) in rows.into_iter().take(LINES) {
        let _ = writeln!(text, "{:>13} {:>7.1}  {file}:{line}", grouped(cycles), share(cycles, all));
    }
    if count > LINES {
        let _ = writeln!(text, "{:>13} {:>7}  {} more lines", "", "", count - LINES);
    }
    let rest = all.saturating_sub(of_lines);
    let _ =
        writeln!(text, "{:>13} {:>7.1}  no line: run-time routines, KERNAL", grouped(rest), share(rest, all));
    text
}

fn share(part: u64, all: u64) -> f64 {
    100.0 * part as f64 / all.max(1) as f64
}

/// A number with commas between groups of three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::out::dbg::{LinePart, Part};

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn functions_and_lines_add_up_to_all_cycles() {
        let part = |name: &str, address| {
            let (name, module) = (name.to_string(), String::new());
            Part { name, module, kind: CODE, address, size: 16 }
        };
        let line = |address, line| LinePart { address, size: 3, file: "a.pyco".into(), line, column: 1 };
        let map = DebugMap {
            sections: vec![part("main", 0x1000), part("f", 0x2000)],
            lines: vec![line(0x1000, 4), line(0x2000, 2)],
            ..DebugMap::default()
        };
        let names = names(&map);
        let mut profile = Profile::new(names.regions.clone());
        profile.executed(0x1000, 0x20, 6, 0xF4, 0x2000);
        profile.executed(0x2000, 0x20, 1000, 0xF2, 0xFFD2);
        profile.executed(0xFFD2, 0, 6, 0xF4, 0x2003);
        profile.executed(0x2008, 0x60, 6, 0xF6, 0x1003);
        let expected = "
1,018 cycles

         self       %         total    calls  function
        1,006    98.8         1,012        1  f  a.pyco:2
            6     0.6             6        1  KERNAL CHROUT
            6     0.6         1,018        1  main  a.pyco:4

       cycles       %  line
        1,000    98.2  a.pyco:2
            6     0.6  a.pyco:4
           12     1.2  no line: run-time routines, KERNAL
";
        assert_eq!(text(&profile, &map, &names), expected);
    }
}
