//! The values that options take, and how they are spelt.
//!
//! In: words of the command line, as clap hands them over. Out: the types of `driver/session.rs`.
//! Not here: which command has which option (`args.rs`).

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::base::suggest;
use crate::driver::session::{EMIT_KINDS, Emit, LibFormat, MessageFormat, OptLevel};

/// When messages are coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColorChoice {
    /// When standard error is a terminal and NO_COLOR is not set.
    Auto,
    Always,
    Never,
}

/// A parser for one of the words of `table`.
fn one_of<T: Copy + Send + Sync + 'static>(
    table: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    let words = PossibleValuesParser::new(table.iter().map(|(word, _)| *word));
    words.try_map(move |word| {
        table.iter().find(|(w, _)| *w == word).map(|(_, value)| *value).ok_or("not one of the values")
    })
}

/// `-O0 -O1 -O2 -Os`
pub fn opt_level() -> impl TypedValueParser<Value = OptLevel> {
    one_of(&[("0", OptLevel::O0), ("1", OptLevel::O1), ("2", OptLevel::O2), ("s", OptLevel::Os)])
}

/// `--lib-format 1|2`
pub fn lib_format() -> impl TypedValueParser<Value = LibFormat> {
    one_of(&[("1", LibFormat::V1), ("2", LibFormat::V2)])
}

/// `--message-format human|short|json`
pub fn message_format() -> impl TypedValueParser<Value = MessageFormat> {
    one_of(&[("human", MessageFormat::Human), ("short", MessageFormat::Short), ("json", MessageFormat::Json)])
}

/// `--color auto|always|never`
pub fn color() -> impl TypedValueParser<Value = ColorChoice> {
    one_of(&[("auto", ColorChoice::Auto), ("always", ColorChoice::Always), ("never", ColorChoice::Never)])
}

/// `--emit KIND[=PATH]`
pub fn emit(text: &str) -> Result<Emit, String> {
    let (word, path) = match text.split_once('=') {
        Some((_, "")) => return Err("there is no path after '='".to_string()),
        Some((word, path)) => (word, Some(path.to_string())),
        None => (text, None),
    };
    if let Some((kind, ..)) = EMIT_KINDS.iter().find(|(_, name, _)| *name == word) {
        return Ok(Emit { kind: *kind, path });
    }
    let names: Vec<&str> = EMIT_KINDS.iter().map(|(_, name, _)| *name).collect();
    let hint = suggest::did_you_mean(word, names.iter().copied());
    Err(hint.unwrap_or_else(|| format!("the kinds are {}", names.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::session::EmitKind;

    #[test]
    fn emit_takes_a_kind_and_perhaps_a_path() {
        assert_eq!(emit("asm"), Ok(Emit { kind: EmitKind::Asm, path: None }));
        assert_eq!(emit("map=a=b"), Ok(Emit { kind: EmitKind::Map, path: Some("a=b".into()) }));
        assert_eq!(emit("lables"), Err("Did you mean 'labels'?".into()));
        assert!(emit("map=").is_err());
        assert!(emit("nonsense").unwrap_err().starts_with("the kinds are asm, listing"));
    }
}
