//! The table of all diagnostic codes with their titles.
//!
//! E0xxx syntax and layout · E1xxx names, types, meaning · E2xxx modules and imports ·
//! E3xxx inline assembly · E4xxx linking, memory, `.LIB` files · E5xxx files and options ·
//! W0xxx warnings. A code is never reused. Each has a page in `docs/errors/` and a fixture.

/// A diagnostic code: an index into [`CODES`] by its text, such as `E0101`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Code(pub &'static str);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! codes {
    ($($name:ident $text:literal $title:literal;)+) => {
        $(#[doc = $title] pub const $name: Code = Code($text);)+
        /// Every code with its title, ascending.
        pub const CODES: &[(Code, &str)] = &[$(($name, $title)),+];
    };
}

codes! {
    // Syntax and layout.
    UNEXPECTED_TOKEN "E0001" "a word or sign that does not fit here";
    NOT_UTF8 "E0090" "the file is not UTF-8 text";

    // Names, types, meaning.

    // Modules and imports.

    // Inline assembly.

    // Linking, memory, `.LIB` files.

    // Files and options.
    CANNOT_READ "E5001" "a file cannot be read";
    CANNOT_WRITE "E5002" "a file cannot be written";
    OUTPUT_CLASH "E5003" "two files in one place";
    NOT_A_PROGRAM "E5004" "not a program";
    PROGRAM_FAILED "E5005" "the program failed";
    NOT_BUILT "E5099" "not built yet";

    // Warnings.
}
