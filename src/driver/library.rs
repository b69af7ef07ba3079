//! The bundled library: modules in PyCo that are part of the binary.
//!
//! In: the dotted name of a module. Out: its text. Invariant: a bundled module is compiled like one
//! of the user's, and comes last wherever modules are looked up. Their sources are in `stdlib/`,
//! their documentation in `docs/library.md`.

/// Dotted name and text of each module, in alphabetical order.
pub const MODULES: &[(&str, &str)] = &[
    ("math", include_str!("../../stdlib/math.pyco")),
    ("random", include_str!("../../stdlib/random.pyco")),
    ("text", include_str!("../../stdlib/text.pyco")),
];

/// The text of a bundled module.
pub fn text(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// The first line of a module's docstring.
pub fn summary(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_matches('"')
}

/// The path that messages show for a bundled module.
pub fn path(name: &str) -> String {
    format!("<library>/{}.pyco", name.replace('.', "/"))
}
