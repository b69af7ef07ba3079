//! Versions and version constraints.
//!
//! In: the text after an `@`. Out: `Version` or `VersionSpec`, or what is wrong with the text.
//! Invariant: numbers fit 32 bits. Not here: which versions exist and which one is taken (driver).

use crate::base::source::Span;
use crate::syntax::ast::{Version, VersionOp, VersionSpec};

const FORM: &str = "a version is MAJOR, MAJOR.MINOR or MAJOR.MINOR.PATCH, for example 1.2";

/// Reads `1.2.3`.
pub fn version(text: &str, span: Span) -> Result<Version, String> {
    let mut numbers = [0u32; 3];
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() > numbers.len() {
        return Err(format!("'{text}' has too many parts: {FORM}"));
    }
    for (number, part) in numbers.iter_mut().zip(parts) {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        *number =
            part.parse().ok().filter(|_| digits).ok_or_else(|| format!("'{text}' is no version: {FORM}"))?;
    }
    let [major, minor, patch] = numbers;
    Ok(Version { major, minor, patch, span })
}

/// Reads `>=1.2`.
pub fn spec(text: &str, span: Span) -> Result<VersionSpec, String> {
    let ops = [(">=", VersionOp::Ge), ("<=", VersionOp::Le), (">", VersionOp::Gt), ("<", VersionOp::Lt)];
    let (op, rest) = ops
        .iter()
        .find_map(|(sign, op)| text.strip_prefix(sign).map(|rest| (*op, rest)))
        .unwrap_or((VersionOp::Exact, text));
    if rest.starts_with(['=', '<', '>', '!', '~', '^']) {
        return Err(format!("'{text}' is no constraint: write 1.2, >1.2, >=1.2, <1.2 or <=1.2"));
    }
    let version = version(rest, span)?;
    Ok(VersionSpec { op, version, text: text.to_string(), span })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::source::FileId;

    fn at() -> Span {
        Span::new(FileId(0), 0, 0)
    }

    #[test]
    fn missing_parts_are_zero() {
        let v = version("1.2", at()).unwrap();
        assert_eq!((v.major, v.minor, v.patch), (1, 2, 0));
    }

    #[test]
    fn constraint_keeps_its_text() {
        let s = spec(">=2", at()).unwrap();
        assert_eq!((s.op, s.version.major, s.text.as_str()), (VersionOp::Ge, 2, ">=2"));
    }

    #[test]
    fn malformed_versions() {
        for text in ["", "1.", "1.2.3.4", "1.x", "==1.0", "4294967296"] {
            assert!(spec(text, at()).is_err(), "{text}");
        }
    }
}
