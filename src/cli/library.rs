//! `pycoc library`: the modules that are part of the binary.
//!
//! In: the name of a module, or nothing. Out: its source, or the list of all. The source can be kept
//! in a file of its own, to be changed or compiled to a `.LIB`.

use crate::base::suggest;
use crate::cli::args::LibraryArgs;
use crate::cli::console::{Status, message, result};
use crate::driver::library::{MODULES, summary, text};

/// `pycoc library [NAME]`
pub fn library(args: &LibraryArgs) -> Status {
    let Some(name) = &args.name else {
        let list: String =
            MODULES.iter().map(|(name, text)| format!("{name:8}{}\n", summary(text))).collect();
        return result(list.as_bytes());
    };
    if let Some(text) = text(name) {
        return result(text.as_bytes());
    }
    let shown: String = name.chars().filter(|c| !c.is_control()).collect();
    let hint = suggest::did_you_mean(name, MODULES.iter().map(|(name, _)| *name));
    let hint = hint.unwrap_or_else(|| "`pycoc library` lists all.".to_string());
    message(&format!("Error: The library has no module '{shown}'. {hint}\n"));
    Status::Usage
}
