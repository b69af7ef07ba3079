//! `pycoc explain CODE`: the page of a diagnostic.
//!
//! In: a code in either case. Out: its page from `docs/errors/`, or what was probably meant.

use crate::base::suggest;
use crate::cli::args::ExplainArgs;
use crate::cli::console::{Status, message, result};
use crate::cli::pages::PAGES;

/// `pycoc explain CODE`
pub fn explain(args: &ExplainArgs) -> Status {
    let wanted = args.code.trim().trim_matches(['[', ']']).to_uppercase();
    if let Some((_, page)) = PAGES.iter().find(|(code, _)| *code == wanted) {
        return result(page.as_bytes());
    }
    let shown: String = args.code.chars().filter(|c| !c.is_control()).collect();
    let codes = PAGES.iter().map(|(code, _)| *code);
    let hint = suggest::did_you_mean(&wanted, codes);
    let hint = hint.unwrap_or_else(|| "A code looks like E0001 and stands before each message.".to_string());
    message(&format!("Error: There is no diagnostic '{shown}'. {hint}\n"));
    Status::Usage
}
