//! One name for each module of a program, however its importers call it.
//!
//! In: what an import says, the folder of the importer, and the place where the module was found.
//! Out: the module's name in the whole program. Invariant: one place has one name and one name one
//! place, so that a module that a neighbour imports as `map` and the program as `game.map` exists
//! once, and two modules `map` in two folders are two. Not here: finding places (`modules.rs`).

use std::collections::BTreeMap;

/// Where a module lies: the folder of its files and the last part of its name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    folder: String,
    last: String,
}

impl Place {
    /// The place of the module `last` in `folder`; spellings of one folder make no difference.
    pub fn new(folder: &str, last: &str) -> Place {
        let mut parts: Vec<&str> = Vec::new();
        for part in folder.split('/').filter(|part| !matches!(*part, "" | ".")) {
            match (part, parts.last()) {
                ("..", Some(&parent)) if parent != ".." => drop(parts.pop()),
                _ => parts.push(part),
            }
        }
        let root = if folder.starts_with('/') { "/" } else { "" };
        Place { folder: format!("{root}{}", parts.join("/")), last: last.to_string() }
    }
}

/// The names given so far.
#[derive(Clone, Default, Debug)]
pub struct Names {
    /// What an import from a folder leads to: folder and text of the import.
    imports: BTreeMap<(String, String), Option<String>>,
    places: BTreeMap<Place, String>,
}

impl Names {
    /// The module that an import in `folder` means. The outer `None` says that nobody looked yet,
    /// the inner one that there is no such module.
    pub fn meant(&self, written: &str, folder: &str) -> Option<Option<&str>> {
        let found = self.imports.get(&(folder.to_string(), written.to_string()))?;
        Some(found.as_deref())
    }

    /// Remembers what an import in `folder` means.
    pub fn enter(&mut self, written: &str, folder: &str, name: Option<String>) {
        self.imports.insert((folder.to_string(), written.to_string()), name);
    }

    /// The name of the module at a place, if it has one.
    pub fn at(&self, place: &Place) -> Option<&str> {
        self.places.get(place).map(String::as_str)
    }

    /// The name that a module would get that an import calls `written`: that text, or when another
    /// module has it, one that ends with the same prefix.
    pub fn free(&self, written: &str) -> String {
        let taken = |name: &str| self.places.values().any(|other| other == name);
        let further = (2..).map(|n: u32| format!("m{n}.{written}"));
        std::iter::once(written.to_string()).chain(further).find(|name| !taken(name)).unwrap_or_default()
    }

    /// Gives the module at a place its name.
    pub fn give(&mut self, place: Place, name: String) {
        self.places.insert(place, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_folder_are_one_place() {
        assert_eq!(Place::new("./a//b/../c", "m"), Place::new("a/c/", "m"));
        assert_ne!(Place::new("/a", "m"), Place::new("a", "m"));
        assert_ne!(Place::new("../../a", "m"), Place::new("a", "m"));
        assert_ne!(Place::new("a", "m"), Place::new("a", "n"));
    }

    #[test]
    fn a_second_module_of_a_name_gets_another_with_the_same_prefix() {
        let mut names = Names::default();
        assert_eq!(names.free("map"), "map");
        names.give(Place::new("a", "map"), "map".to_string());
        names.give(Place::new("b", "map"), names.free("map"));
        assert_eq!(names.at(&Place::new("b", "map")), Some("m2.map"));
        assert_eq!(names.free("map"), "m3.map");
    }
}
