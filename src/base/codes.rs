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
    BAD_CHARACTER "E0002" "a character that has no meaning in PyCo";
    UNTERMINATED_STRING "E0003" "a string without its closing quote";
    UNTERMINATED_TEXT "E0004" "a text in triple quotes without its end";
    BAD_ESCAPE "E0005" "an unknown escape in a string";
    BAD_NUMBER "E0006" "a malformed number";
    CHAR_LITERAL "E0007" "a character literal that is not one character";
    STRING_PREFIX "E0008" "an unknown string prefix";
    BAD_NAME "E0009" "a letter that cannot stand in a name";
    BAD_CONTINUATION "E0010" "something after a backslash at the end of a line";
    TOO_MANY_ERRORS "E0011" "too many errors in one file";
    TOO_DEEP "E0012" "nesting that is too deep";
    UNCLOSED_BRACKET "E0013" "a bracket that is never closed";
    UNMATCHED_BRACKET "E0014" "a closing bracket that fits no open one";
    TAB "E0015" "a tab in the indentation";
    UNEXPECTED_INDENT "E0016" "indentation where no block begins";
    DEDENT_MISMATCH "E0017" "indentation that belongs to no block";
    MISSING_BLOCK "E0018" "a missing indented block";
    MISSING_COLON "E0019" "a missing colon";
    MISSPELT_KEYWORD "E0020" "a misspelt keyword";
    FOREIGN_OPERATOR "E0021" "an operator of another language";
    SEMICOLON "E0022" "a semicolon";
    BRACES "E0023" "braces around a block";
    CHAINED_COMPARISON "E0024" "a chained comparison";
    ASSIGNMENT_IN_CONDITION "E0025" "an assignment in a condition";
    ASSIGNMENT_FORM "E0026" "an assignment inside an expression or another assignment";
    DECLARATION_FORM "E0027" "a declaration in the manner of another language";
    CALL_PARENTHESES "E0028" "a call without parentheses";
    BARE_TUPLE "E0029" "a tuple without parentheses";
    LIST "E0030" "a list";
    DICT "E0031" "a dict or set";
    COMPREHENSION "E0032" "a comprehension";
    LAMBDA "E0033" "a lambda";
    EXCEPTIONS "E0034" "exception handling";
    WITH "E0035" "a with statement";
    ASYNC "E0036" "async, await or yield";
    F_STRING "E0037" "an f-string";
    NONE "E0038" "None";
    KEYWORD_ARGUMENT "E0039" "a keyword argument";
    DEFAULT_ARGUMENT "E0040" "a default value of a parameter";
    STAR_ARGUMENT "E0041" "a variable number of arguments";
    NESTED_DEFINITION "E0042" "a function or class inside another";
    GLOBAL "E0043" "global or nonlocal";
    TERNARY "E0044" "a conditional expression";
    IS "E0045" "the operator is";
    IN "E0046" "the operator in";
    DEL "E0047" "del";
    SLICE "E0048" "a slice";
    FOR_EACH "E0049" "a for loop over something other than range";
    SELF_PARAMETER "E0050" "a self parameter";
    MULTIPLE_INHERITANCE "E0051" "more than one parent class";
    MATCH "E0052" "match or switch";
    LOOP_ELSE "E0053" "else after a loop";
    ELSE_WITHOUT_IF "E0054" "else or elif without if";
    MODULE_LEVEL_STATEMENT "E0055" "a statement at module level";
    MODULE_LEVEL_NAME "E0056" "an assignment to a lower-case name at module level";
    CLASS_LEVEL_STATEMENT "E0057" "a statement in a class";
    MISPLACED_STATEMENT "E0058" "include or ... in the wrong place";
    STRAY_DECORATOR "E0059" "a decorator without its function or class";
    TRIPLE_QUOTES "E0060" "a text in triple quotes where none can stand";
    BAD_TARGET "E0061" "something that cannot be declared or assigned";
    MISSING_TYPE "E0062" "a parameter or property without a type";
    NOT_UTF8 "E0090" "the file is not UTF-8 text";

    // Names, types, meaning.

    // Modules and imports.
    IMPORT_POSITION "E2001" "an import that is not at the beginning of the file";
    IMPORT_FORM "E2002" "an import in Python's manner";
    VERSION_FORM "E2003" "a malformed version";
    MODULE_STATEMENT "E2004" "a module statement that is not first";

    // Inline assembly.
    ASSEMBLY "E3001" "a fault in inline assembly";

    // Linking, memory, `.LIB` files.
    UNDEFINED_SYMBOL "E4001" "a routine that does not exist";
    PROGRAM_TOO_BIG "E4002" "the program does not fit into memory";
    MEMORY_SHARED "E4003" "two things at one address";
    RELOCATED_TOO_FAR "E4004" "a relocated part does not fit at its address";
    VALUE_DOES_NOT_FIT "E4005" "an address does not fit its operand";
    ZERO_PAGE_FULL "E4010" "zero page is full";
    BAD_LIB "E4090" "a damaged module file";

    // Files and options.
    CANNOT_READ "E5001" "a file cannot be read";
    CANNOT_WRITE "E5002" "a file cannot be written";
    OUTPUT_CLASH "E5003" "two files in one place";
    NOT_A_PROGRAM "E5004" "not a program";
    PROGRAM_FAILED "E5005" "the program failed";
    NOT_BUILT "E5099" "not built yet";

    // Warnings.
    IMAGE_IN_MAPPED_AREA "W0401" "the program lies in an area that it maps";
}
