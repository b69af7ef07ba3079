//! The table of all diagnostic codes with their titles.
//!
//! E0xxx syntax and layout · E1xxx names, types, meaning · E2xxx modules and imports ·
//! E3xxx inline assembly · E4xxx linking, memory, `.LIB` files · E5xxx files and options ·
//! R0xxx remarks · W0xxx warnings. A code is never reused. Each has a page in `docs/errors/` and a fixture.

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
    UNKNOWN_NAME "E1001" "a name that nothing defines";
    USED_BEFORE_DEFINITION "E1002" "a name is used above its definition";
    DUPLICATE_NAME "E1003" "one name is defined twice";
    RESERVED_NAME "E1004" "a name that programs may not define";
    UNKNOWN_TYPE "E1005" "a name that is not a type";
    UNKNOWN_MEMBER "E1006" "a property or method that the class does not have";
    BAD_TYPE "E1007" "a type that is not possible here";
    BAD_LENGTH "E1008" "a length or capacity that is not possible";
    COMPOSITE_BY_VALUE "E1009" "an object, array or string is passed without alias";
    TYPE_MISMATCH "E1010" "a value of another type is needed";
    BAD_OPERANDS "E1011" "an operator does not take these operands";
    MIXED_SIGNS "E1012" "signed and unsigned values meet and need a cast";
    DIVISION_BY_ZERO "E1013" "a division by a constant zero";
    NOT_CONSTANT "E1015" "a constant is needed";
    CONSTANT_RANGE "E1016" "a constant is out of range";
    CHARACTER_NOT_IN_SET "E1017" "a character that the C64 does not have";
    NOT_ASSIGNABLE "E1018" "something that cannot be assigned";
    NOT_CALLABLE "E1019" "something that cannot be called";
    ARGUMENT_COUNT "E1020" "a wrong number of arguments";
    INITIALISER_MISUSE "E1021" "an initialiser is used as a value";
    BAD_STATEMENT "E1022" "a statement that does nothing or is not allowed here";
    OUTSIDE_LOOP "E1023" "break or continue outside of a loop";
    BAD_RETURN "E1024" "return and the function's result do not fit";
    MISSING_RETURN "E1025" "a function can end without its result";
    BAD_RANGE "E1026" "a range that is not possible";
    THROWAWAY "E1027" "the throw-away variable _ is misused";
    SELF_MISUSE "E1028" "self or super is misused";
    UNKNOWN_DECORATOR "E1029" "a decorator that does not exist";
    DECORATOR_MISUSE "E1030" "a decorator is misused";
    FORWARD "E1031" "a forward declaration and its definition do not fit";
    BODY "E1032" "a body is missing or not allowed";
    NO_MAIN "E1033" "the program has no main";
    BAD_SIGNATURE "E1034" "parameters or result that this function cannot have";
    MODULE_VARIABLE "E1035" "a variable at module level";
    CLASS_CONTAINS_ITSELF "E1036" "a class contains itself";
    BAD_PARENT "E1037" "a class that cannot be a parent";
    REGISTER_PARAMETERS "E1038" "parameters that do not fit the registers";
    INTERRUPT_CODE "E1039" "something that interrupt code may not do";
    BAD_INDEX "E1040" "an index that is not possible";
    NO_CONDITION "E1041" "something that cannot be a condition";
    FIXED_NEEDS_CAST "E1042" "fixed point needs a cast";
    FLOAT_TO_INTEGER "E1043" "a fraction becomes an integer only by a cast";
    LIST_TOO_LONG "E1044" "more values than the array has elements";
    NEEDS_OBJECT "E1045" "a member is used without an object";
    PRIVATE_NAME "E1046" "a name is private to its module";
    ASM_NAME "E1047" "a name in braces that assembly cannot use";

    // Modules and imports.
    IMPORT_POSITION "E2001" "an import that is not at the beginning of the file";
    IMPORT_FORM "E2002" "an import in Python's manner";
    VERSION_FORM "E2003" "a malformed version";
    MODULE_STATEMENT "E2004" "a module statement that is not first";
    UNKNOWN_MODULE "E2011" "a module that is not found";
    UNKNOWN_EXPORT "E2012" "a name that the module does not have";
    NOT_IMPORTED "E2013" "a name of a module that is not in the import list";
    MISSING_PREFIX "E2014" "an imported name without its prefix";
    WILDCARD_IMPORT "E2015" "an import of everything";
    NO_VERSION "E2016" "no version of a module fits";
    CIRCULAR_IMPORT "E2017" "modules import each other in a circle";
    VERSION_CONFLICT "E2018" "two importers want different versions of a module";
    PREFIX_CLASH "E2019" "two modules have the same prefix";
    INCLUDE_MISSING "E2020" "a file to include that is not found";
    INCLUDE_CYCLE "E2021" "files that include each other";
    VERSION_MISMATCH "E2022" "a version in the file that its name contradicts";

    // Inline assembly.
    ASSEMBLY "E3001" "a fault in inline assembly";

    // Linking, memory, `.LIB` files.
    UNDEFINED_SYMBOL "E4001" "a routine that does not exist";
    PROGRAM_TOO_BIG "E4002" "the program does not fit into memory";
    MEMORY_SHARED "E4003" "two things at one address";
    RELOCATED_TOO_FAR "E4004" "a relocated part does not fit at its address";
    VALUE_DOES_NOT_FIT "E4005" "an address does not fit its operand";
    DISK_IMAGE "E4006" "a disk image that cannot be made";
    ZERO_PAGE_FULL "E4010" "zero page is full";
    NOT_IN_LIB "E4020" "something that finished code cannot be or do";
    LIB_LIMIT "E4021" "a module that does not fit its file";
    LIB_MISMATCH "E4022" "a module file that does not fit the program";
    BAD_LIB "E4090" "a damaged module file";

    // Files and options.
    CANNOT_READ "E5001" "a file cannot be read";
    CANNOT_WRITE "E5002" "a file cannot be written";
    OUTPUT_CLASH "E5003" "two files in one place";
    NOT_A_PROGRAM "E5004" "not a program";
    PROGRAM_FAILED "E5005" "the program failed";
    BAD_PROJECT "E5006" "a fault in the project file";
    NO_DEBUG_MAP "E5007" "a program without its debug map";
    CARTRIDGE_ON_DISK "E5008" "a cartridge on a disk";
    CHECK_FAILS "E5012" "a check that fails";

    // Remarks.
    WIDE_COUNTER "R0001" "a loop that counts in 16 bits";
    WIDE_INDEX "R0002" "an element that is reached by a 16-bit index";
    NOT_INLINED "R0003" "a function that was not copied into its caller";
    SAVED_ON_STACK "R0004" "a function that saves its variables on the stack";
    OUTSIDE_ZERO_PAGE "R0005" "variables that found no room in zero page";
    ROUTINE_CALLED "R0006" "an operation that calls a run-time routine";

    // Warnings.
    NARROW_OVERFLOW "W0001" "an operation in 8 bits may overflow before it is widened";
    CONSTANT_TRUNCATED "W0002" "a constant is cut off";
    ALIAS_COPY "W0003" "an assignment between aliases copies the object";
    WIDE_BOUND "W0004" "a loop bound is cut to the variable's type";
    UNINITIALISED "W0005" "a variable is read before it has a value";
    INDEX_OUTSIDE "W0006" "a constant index lies outside of the array";
    TEXT_TOO_LONG "W0007" "a text is longer than its string";
    NO_EFFECT "W0008" "an argument that has no effect";
    IMAGE_IN_MAPPED_AREA "W0401" "the program lies in an area that it maps";
    MIDDLE_CODE "W0402" "middle code of a module file that cannot be used";
    LIB_OUTDATED "W0403" "a module file that was compiled with another module";
    NOT_SHOWN "W0501" "a view that there is not";
}
