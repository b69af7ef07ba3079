//! Names of other languages: what takes their place in PyCo.
//!
//! In: a name that nothing defines. Out: what to write instead, and the exact word where there is
//! one. Invariant: only names that PyCo has not; a definition of the program always comes first.
//! Not here: names that are nearly right (`names.rs`), foreign syntax (`parse/foreign.rs`).

/// What to write instead of a foreign name.
pub struct Counterpart {
    /// The word that can take its place as it is.
    pub word: Option<&'static str>,
    pub help: &'static str,
}

const fn word(word: &'static str, help: &'static str) -> Counterpart {
    Counterpart { word: Some(word), help }
}

const fn help(help: &'static str) -> Counterpart {
    Counterpart { word: None, help }
}

macro_rules! in_math {
    ($name:literal) => {
        help(concat!("import it: from math import ", $name, ", and call it as math.", $name, "()"))
    };
}

/// The counterpart of a function or variable of another language.
pub fn value(name: &str) -> Option<Counterpart> {
    Some(match name {
        "true" | "TRUE" => word("True", "it is written True"),
        "false" | "FALSE" => word("False", "it is written False"),
        "null" | "NULL" | "nil" | "nullptr" => {
            help("there is no null; an alias without target has the address 0: addr(a) == 0")
        }
        "peek" | "PEEK" => help("memory is read as byte[address], or through a variable: port: byte[0xD020]"),
        "poke" | "POKE" => help("memory is written as byte[address] = value"),
        "sys" | "SYS" | "usr" => {
            help("declare the routine: @mapped(address), 'def name(): ...', and call it; or use __asm__")
        }
        "input" | "scanf" | "gets" | "INPUT" | "readline" => {
            help("build the text from keys: waitkey() gives one, getkey() 0 when none is pressed")
        }
        "getchar" | "getch" | "cgetc" => word("waitkey", "waitkey() waits for a key"),
        "inkey" | "INKEY" | "kbhit" => word("getkey", "getkey() gives 0 when no key is pressed"),
        "printf" | "puts" | "putchar" | "println" | "echo" | "cout" => {
            word("print", "several values can stand in one print; a new line is \"\\n\"")
        }
        "rnd" | "rand" | "random" | "randint" | "randrange" | "RND" => {
            help("import it: from random import rand8, below, randint")
        }
        "sqrt" => in_math!("sqrt"),
        "isqrt" => in_math!("isqrt"),
        "sin" => in_math!("sin"),
        "cos" => in_math!("cos"),
        "tan" => in_math!("tan"),
        "atan" => in_math!("atan"),
        "exp" => in_math!("exp"),
        "log" => in_math!("log"),
        "pow" => in_math!("pow"),
        "floor" => in_math!("floor"),
        "ceil" => in_math!("ceil"),
        "round" => in_math!("round"),
        "chr" | "CHR" => word("char", "char(n) makes a character of a code"),
        "ord" | "asc" | "ASC" => word("byte", "byte(c) gives the code of a character"),
        "strlen" | "count" | "sizeof_array" => word("len", "the number of characters or elements is len(x)"),
        "memset" => word("memfill", "memfill(array, value) fills an array"),
        "memcpy" | "memmove" | "strcpy" => {
            help("an assignment copies arrays, strings and objects as a whole")
        }
        "strcat" => help("strings are joined with +: s = s + t"),
        "strcmp" => help("strings are compared with == and <"),
        "sleep" | "wait" | "delay" | "usleep" | "pause" => {
            help("wait for the raster beam, once in each frame: while __get_raster__() != 250: pass")
        }
        "exit" | "quit" | "end" | "stop" | "END" | "STOP" => help("the program ends when main() returns"),
        "malloc" | "free" | "new" | "delete" => {
            help("there is no heap; declare arrays and objects with their sizes")
        }
        "goto" | "GOTO" | "gosub" | "GOSUB" => help("use loops, break, and functions"),
        "list" | "dict" | "set" => help("declare an array with a fixed length: a: array[byte, 10] = [0]"),
        "sei" | "SEI" => word("__sei__", "interrupts are switched off by __sei__()"),
        "cli" | "CLI" => word("__cli__", "interrupts are switched on by __cli__()"),
        "nop" | "NOP" => word("__nop__", "__nop__(n) spends time"),
        "this" => help("the object of a method is self"),
        _ => return None,
    })
}

/// The counterpart of a type of another language.
pub fn ty(name: &str) -> Option<Counterpart> {
    Some(match name {
        "u8" | "uint8" | "uint8_t" | "ubyte" | "unsigned" | "uchar" => word("byte", "8 bits without a sign"),
        "i8" | "int8" | "int8_t" | "s8" => word("sbyte", "8 bits with a sign"),
        "u16" | "uint16" | "uint16_t" | "ushort" | "uint" | "uword" => word("word", "16 bits without a sign"),
        "i16" | "int16" | "int16_t" | "short" | "s16" | "integer" | "Integer" => {
            word("int", "16 bits with a sign")
        }
        "u32" | "uint32" | "uint32_t" | "ulong" => word("dword", "32 bits without a sign"),
        "i32" | "int32" | "int32_t" | "s32" => word("long", "32 bits with a sign"),
        "f64" | "double" | "real" | "Float" | "float32" => word("float", "it has about 7 digits"),
        "str" | "String" => help("a string has a capacity: string[20], or string = \"text\""),
        "boolean" | "Bool" | "Boolean" => word("bool", "it is written bool"),
        "list" | "List" | "dict" | "set" => help("an array has a fixed length: array[byte, 10]"),
        "object" | "Object" => help("a class without a parent has no brackets: class Name:"),
        "void" => help("a function without a result has no '->'"),
        "ptr" | "pointer" => help("alias[T] leads to a variable of type T"),
        _ => return None,
    })
}
