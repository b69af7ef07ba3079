//! The bundled library: modules in PyCo that are part of the binary.

/// Dotted name and text of each module.
pub const MODULES: &[(&str, &str)] = &[];

/// The text of a bundled module.
pub fn text(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// The path that messages show for a bundled module.
pub fn path(name: &str) -> String {
    format!("<library>/{}.pyco", name.replace('.', "/"))
}
