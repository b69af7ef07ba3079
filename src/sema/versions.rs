//! Versions of modules and the constraints that imports put on them.
//!
//! In: version texts, and the versions that a folder holds. Out: the one that is taken. Invariant:
//! the result depends on the set of versions only, not on their order. Not here: looking into
//! folders (`driver/modules.rs`).

use std::fmt;

use crate::syntax::ast;

/// `MAJOR.MINOR.PATCH`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Version {
    /// Reads `1`, `1.2` or `1.2.3`; missing parts are 0.
    pub fn parse(text: &str) -> Option<Version> {
        let mut parts = [0u32; 3];
        for (i, part) in text.split('.').enumerate() {
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            *parts.get_mut(i)? = part.parse().ok()?;
        }
        Some(Version { major: parts[0], minor: parts[1], patch: parts[2] })
    }
}

impl From<&ast::Version> for Version {
    fn from(v: &ast::Version) -> Version {
        Version { major: v.major, minor: v.minor, patch: v.patch }
    }
}

/// The `@>=1.0` of an import.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Constraint {
    pub op: ast::VersionOp,
    pub version: Version,
}

impl From<&ast::VersionSpec> for Constraint {
    fn from(spec: &ast::VersionSpec) -> Constraint {
        Constraint { op: spec.op, version: Version::from(&spec.version) }
    }
}

impl Constraint {
    /// Reads `1.2` or `>=1.2`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Constraint> {
        let signs = [
            (">=", ast::VersionOp::Ge),
            ("<=", ast::VersionOp::Le),
            (">", ast::VersionOp::Gt),
            ("<", ast::VersionOp::Lt),
        ];
        let found = signs.into_iter().find_map(|(sign, op)| Some((op, text.strip_prefix(sign)?)));
        let (op, version) = found.unwrap_or((ast::VersionOp::Exact, text));
        Some(Constraint { op, version: Version::parse(version)? })
    }

    /// True when `version` fits.
    pub fn allows(&self, version: Version) -> bool {
        match self.op {
            ast::VersionOp::Exact => version == self.version,
            ast::VersionOp::Gt => version > self.version,
            ast::VersionOp::Ge => version >= self.version,
            ast::VersionOp::Lt => version < self.version,
            ast::VersionOp::Le => version <= self.version,
        }
    }
}

/// The highest of `available` that fits every constraint.
pub fn choose(available: &[Version], constraints: &[Constraint]) -> Option<Version> {
    available.iter().copied().filter(|v| constraints.iter().all(|c| c.allows(*v))).max()
}

/// `1.0.0, 1.2.0`: the versions in ascending order, for messages.
pub fn list(available: &[Version]) -> String {
    let mut sorted = available.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.iter().map(Version::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(text: &str) -> Version {
        Version::parse(text).expect("a version")
    }

    #[test]
    fn missing_parts_are_zero() {
        assert_eq!(v("1.2"), Version { major: 1, minor: 2, patch: 0 });
        for bad in ["", "1.", ".1", "1.2.3.4", "1a", "1 .2", "99999999999"] {
            assert_eq!(Version::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_highest_that_fits_all_is_taken() {
        let have = [v("1.2"), v("2.0"), v("1.10")];
        let ge = Constraint { op: ast::VersionOp::Ge, version: v("1.2") };
        let lt = Constraint { op: ast::VersionOp::Lt, version: v("2") };
        assert_eq!(choose(&have, &[]), Some(v("2.0")));
        assert_eq!(choose(&have, &[ge, lt]), Some(v("1.10")));
        let exact = Constraint { op: ast::VersionOp::Exact, version: v("2") };
        assert_eq!(choose(&have, &[exact, lt]), None);
        assert_eq!(list(&have), "1.2.0, 1.10.0, 2.0.0");
    }
}
