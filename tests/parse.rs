//! The parser as a whole: the shape of the tree, texts that are fixed by the language, recovery,
//! and limits. What a single fault leads to is in `fixtures/parse/`.

use proptest::prelude::*;
use pycoc::base::diag::Sink;
use pycoc::base::source::{FileId, SourceMap};
use pycoc::parse::{self, MAX_CHAIN, MAX_DEPTH};
use pycoc::syntax::ast::{ExprKind, FuncBody, Item, Module, Stmt, StmtKind, StrKind, StrPart, VersionOp};
use pycoc::syntax::print;

fn parse(text: &str) -> (Module, Sink) {
    let mut sink = Sink::default();
    let module = parse::parse(FileId(0), text, &mut sink);
    (module, sink)
}

/// The tree of a text without faults.
fn clean(text: &str) -> Module {
    let (module, sink) = parse(text);
    assert_eq!(sink.iter().map(|d| &d.message).collect::<Vec<_>>(), [""; 0], "{text}");
    module
}

fn messages(text: &str) -> Vec<String> {
    parse(text).1.iter().map(|d| d.message.clone()).collect()
}

fn codes_of(text: &str) -> Vec<&'static str> {
    parse(text).1.iter().map(|d| d.code.0).collect()
}

/// The statements of the first function.
fn body(module: &Module) -> &[Stmt] {
    let body = module.items.iter().find_map(|item| match item {
        Item::Func(def) => Some(&def.body),
        _ => None,
    });
    match body {
        Some(FuncBody::Block(block)) => &block.stmts,
        _ => panic!("no function with a body"),
    }
}

/// The value of `X = …`, with each operation in brackets.
fn grouped(expr: &str) -> String {
    fn show(kind: &ExprKind) -> String {
        match kind {
            ExprKind::Binary { op, left, right, .. } => {
                format!("({} {} {})", show(&left.kind), op.text(), show(&right.kind))
            }
            ExprKind::Compare { op, left, right, .. } => {
                format!("({} {} {})", show(&left.kind), op.text(), show(&right.kind))
            }
            ExprKind::Logic { op, left, right, .. } => {
                format!("({} {} {})", show(&left.kind), op.text(), show(&right.kind))
            }
            ExprKind::Unary { op, operand } => format!("({} {})", op.text(), show(&operand.kind)),
            ExprKind::Attr { base, name } => format!("({}.{})", show(&base.kind), name.name),
            ExprKind::Call { callee, .. } => format!("({}())", show(&callee.kind)),
            ExprKind::Index { base, index } => format!("({}[{}])", show(&base.kind), show(&index.kind)),
            ExprKind::Name(name) => name.clone(),
            ExprKind::Int(value) => value.to_string(),
            other => format!("{other:?}"),
        }
    }
    let module = clean(&format!("X = {expr}\n"));
    let Some(Item::Const(def)) = module.items.first() else { panic!("no constant") };
    show(&def.value.kind)
}

#[test]
fn precedence_is_that_of_python() {
    for (text, expected) in [
        ("a or b and not c == d", "(a or (b and (not (c == d))))"),
        ("a | b ^ c & d << e + f * g", "(a | (b ^ (c & (d << (e + (f * g))))))"),
        ("a - b - c", "((a - b) - c)"),
        ("-a ** b", "(- (a ** b))"),
        ("a ** -b", "(a ** (- b))"),
        ("a ** b ** c", "(a ** (b ** c))"),
        ("-a.b[c](d) * ~e", "((- (((a.b)[c])())) * (~ e))"),
        ("a & b == c", "((a & b) == c)"),
        ("not a < b", "(not (a < b))"),
    ] {
        assert_eq!(grouped(text), expected, "{text}");
    }
}

#[test]
fn brackets_of_tuples_and_groups() {
    let kind = |text: &str| match clean(&format!("X = {text}\n")).items.remove(0) {
        Item::Const(def) => def.value.kind,
        other => panic!("{other:?}"),
    };
    assert!(matches!(kind("(1)"), ExprKind::Paren(_)));
    assert!(matches!(kind("(1,)"), ExprKind::Tuple(items) if items.len() == 1));
    assert!(matches!(kind("()"), ExprKind::Tuple(items) if items.is_empty()));
    assert!(matches!(kind("(1,\n  2, # two\n)"), ExprKind::Tuple(items) if items.len() == 2));
    assert!(matches!(kind("[0]"), ExprKind::Fill(_)));
}

#[test]
fn numbers() {
    let value = |text: &str| match clean(&format!("X = {text}\n")).items.remove(0) {
        Item::Const(def) => def.value.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(value("53_280"), ExprKind::Int(53280));
    assert_eq!(value("0xD0_20"), ExprKind::Int(53280));
    assert_eq!(value("0b1010"), ExprKind::Int(10));
    assert_eq!(value("18446744073709551615"), ExprKind::Int(u64::MAX));
    assert_eq!(value("3.25"), ExprKind::Float(3.25));
    assert_eq!(value("1e-3"), ExprKind::Float(0.001));
    assert_eq!(value(".5"), ExprKind::Float(0.5));
}

#[test]
fn literals_keep_characters_and_codes_apart() {
    let module = clean("X = s\"a\\n\\x41\" s\"\\\"\"\n");
    let Item::Const(def) = &module.items[0] else { panic!() };
    let ExprKind::Str(literal) = &def.value.kind else { panic!() };
    let parts: Vec<StrPart> = literal.parts.iter().map(|(part, _)| *part).collect();
    assert_eq!(literal.kind, StrKind::Screen);
    assert_eq!(parts, [StrPart::Char('a'), StrPart::Byte(13), StrPart::Byte(0x41), StrPart::Char('"')]);
}

#[test]
fn assembly_keeps_its_exact_place() {
    let text = "def f():\n    __asm__(\"\"\"\r\n  lda #1\n\"\"\")\n";
    let module = clean(text);
    let StmtKind::Asm(asm) = &body(&module)[0].kind else { panic!() };
    assert_eq!(asm.text, "\r\n  lda #1\n");
    assert_eq!(&text[asm.text_span.lo as usize..asm.text_span.hi as usize], asm.text);
}

#[test]
fn imports_hold_path_version_and_names() {
    let module = clean("module a.b@1.2\nfrom system.gfx@>=1.0 import Sprite, _x\nfrom m import *\n");
    let Item::Import(import) = &module.items[0] else { panic!() };
    let spec = import.version.as_ref().unwrap();
    assert_eq!(
        (import.path.dotted().as_str(), spec.op, spec.text.as_str()),
        ("system.gfx", VersionOp::Ge, ">=1.0")
    );
    assert_eq!(import.names.len(), 2);
    assert!(matches!(&module.items[1], Item::Import(import) if import.wildcard.is_some()));
    assert_eq!(module.header.unwrap().version.unwrap().minor, 2);
}

#[test]
fn byte_order_mark_and_carriage_returns_are_accepted() {
    let module = clean("\u{feff}def f():\r\n    x: byte = 1 + \\\r\n        2\r\n\r\n    return\r\n");
    assert_eq!(body(&module).len(), 2);
}

#[test]
fn comments_and_blank_lines_do_not_end_a_block() {
    let module = clean("def f():\n    pass\n# left\n\n        # right\n    pass\n");
    assert_eq!(body(&module).len(), 2);
    assert_eq!(module.comments.len(), 2);
}

#[test]
fn texts_that_the_language_fixes() {
    assert_eq!(messages("X = 1\nfrom a import b\n"), ["Import only allowed at file beginning"]);
    assert_eq!(messages("def f():\n    from a import b\n"), ["Import only allowed at file beginning"]);
}

#[test]
fn messages_are_in_the_words_of_the_user() {
    for (text, expected) in [
        ("def f():\n    x: * = 3\n", "'*' does not fit here; a type is expected"),
        ("def f():\n    x =\n", "The line ends where a value is expected"),
        ("def f():\n    g(1 2)\n", "This number does not fit here; ')' or ',' is expected"),
        ("def 3():\n    pass\n", "This number does not fit here; a name is expected"),
        (
            "from a@1.2.3.4 import b\n",
            "'1.2.3.4' has too many parts: a version is MAJOR, MAJOR.MINOR or MAJOR.MINOR.PATCH, for example 1.2",
        ),
    ] {
        assert_eq!(messages(text), [expected], "{text}");
    }
}

#[test]
fn a_declaration_survives_its_broken_value() {
    let (module, _) =
        parse("def f():\n    x: byte = * 3\n    y: byte = )\n    z: array[byte = 3\n    pass\n");
    let names: Vec<&str> = body(&module)
        .iter()
        .filter_map(|stmt| match &stmt.kind {
            StmtKind::Decl(decl) => Some(decl.name.name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["x", "y", "z"]);
    assert_eq!(body(&module).len(), 4);
}

#[test]
fn a_block_survives_its_broken_header() {
    let (module, sink) =
        parse("def f():\n    if * 3:\n        x: byte = 1\n    with x:\n        y: byte = 2\n");
    assert_eq!(sink.error_count(), 2);
    assert!(matches!(&body(&module)[0].kind, StmtKind::If { arms, .. } if arms[0].body.stmts.len() == 1));
    assert!(matches!(&body(&module)[1].kind, StmtKind::While { body, .. } if body.stmts.len() == 1));
}

#[test]
fn a_parameter_survives_its_broken_type() {
    let (module, sink) = parse("def f(a byte, b: word):\n    pass\n");
    assert_eq!(sink.error_count(), 1);
    let Item::Func(def) = &module.items[0] else { panic!() };
    assert_eq!(def.params.iter().map(|p| p.name.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn fixes_mend_their_fault() {
    for text in [
        "def f():\n    if a < b + 1 < c:\n        pass\n",
        "def f():\n    if a = b:\n        pass\n",
        "def f(a: byte = 3):\n    pass\n",
        "class C:\n    def f(self, a: byte):\n        pass\n    def g(self):\n        pass\n",
        "def f():\n    a = 1, 2\n",
        "def f():\n    a: array[byte, 2] = [1, 2]\n",
        "def f():\n    print \"A\", 3\n",
        "def f():\n    i++\n",
        "def f() -> None:\n    pass\n",
        "def f():\n    byte x = 3\n",
        "def f():\n    g((1, 2)\n",
        "def f():\n    print(\"A)\n",
        "def f():\n\tpass\n\tif a:\n\t\tpass\n",
        "def f():\n    a = 0o17 + $FF\n",
        "from a import b as c, d\n",
        "from a @ >= 1.0 import b\n",
        "def f()\n    pass\n",
        "def f():\n    g('AB')\n",
        "def f():\n    a = b && !c || d\n",
        "def f():\n    print(a, end=\"\")\n",
        "def f():\n    if a =< b:\n        pass\n",
        "def f():\n    while a => b:\n        pass\n",
        "def f():\n    if a === b:\n        pass\n    elif a !== b:\n        pass\n",
        "def f():\n    if a == b then\n        pass\n    while a < b do\n        pass\n",
    ] {
        let mut fixed = text.to_string();
        for _ in 0..8 {
            let (_, sink) = parse(&fixed);
            let Some(fix) = sink.iter().flat_map(|d| &d.fixes).next() else { break };
            let mut edits = fix.edits.clone();
            edits.sort_by_key(|e| std::cmp::Reverse(e.span));
            for edit in edits {
                fixed.replace_range(edit.span.lo as usize..edit.span.hi as usize, &edit.text);
            }
        }
        clean(&fixed);
    }
}

// ---- limits ----------------------------------------------------------------------------------

#[test]
fn a_sum_of_a_thousand_terms_is_accepted() {
    clean(&format!("X = {}\n", vec!["1"; 1000].join(" + ")));
}

#[test]
fn brackets_are_accepted_up_to_the_limit() {
    let nested = |n: usize| format!("X = {}1{}\n", "(".repeat(n), ")".repeat(n));
    clean(&nested(MAX_DEPTH - 1));
    assert_eq!(codes_of(&nested(MAX_DEPTH + 1)), ["E0012"]);
}

#[test]
fn deep_trees_are_refused_with_one_message() {
    let blocks = (1..1500).map(|i| format!("{}if a:\n", "    ".repeat(i)));
    let blocks = format!("def f():\n{}{}pass\n", blocks.collect::<String>(), "    ".repeat(1500));
    let chain = "    elif a:\n        pass\n".repeat(MAX_CHAIN);
    for text in [
        format!("X = {}1{}\n", "(".repeat(10_000), ")".repeat(10_000)),
        format!("X = {}\n", vec!["1"; 100_000].join(" + ")),
        format!("X = {}1\n", "-".repeat(100_000)),
        format!("X = {}1\n", "not ".repeat(100_000)),
        format!("X = {}\n", vec!["1"; 100_000].join(" ** ")),
        format!("X = a{}\n", ".b".repeat(100_000)),
        format!("X: {}byte{}\n", "alias[".repeat(10_000), "]".repeat(10_000)),
        format!("X = {}1{}\n", "(1 + ".repeat(200), ")".repeat(200)).replace("1 + ", &"1 + ".repeat(20)),
        blocks,
        format!("def f():\n    if a:\n        pass\n{chain}"),
    ] {
        let codes = codes_of(&text);
        assert_eq!(codes, ["E0012"], "{}", &text[..40]);
    }
}

/// Read twice at each level, the innermost line would be read a thousand million times.
#[test]
fn a_simple_line_with_a_block_is_read_once() {
    let mut text = String::from("def main():\n");
    for depth in 1..=30 {
        text += &format!("{}if 1:\n", "    ".repeat(depth));
    }
    text += &format!("{}x = 1:\n{}pass\n", "    ".repeat(31), "    ".repeat(32));
    assert_eq!(messages(&text), ["':' does not fit here; the end of the line is expected"]);
}

#[test]
fn what_is_no_source_is_given_up() {
    let noise: String =
        (0..200_000u32).map(|i| char::from((i.wrapping_mul(2_654_435_761) >> 24) as u8)).collect();
    let codes = codes_of(&noise);
    assert!(codes.contains(&"E0011"));
    assert!(codes.len() < 300, "{}", codes.len());
}

#[test]
fn long_lines_and_open_ends_are_read_in_good_time() {
    for text in ["a ".repeat(500_000), "(\n".repeat(100_000), "[1,".repeat(200_000), "\"".repeat(999_999)] {
        assert!(parse(&text).1.has_errors());
    }
}

// ---- printing --------------------------------------------------------------------------------

/// The tree as text without places and comments.
fn skeleton(module: &Module) -> String {
    let text = format!("{:?}", Module { comments: Vec::new(), ..module.clone() });
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Span {") {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once('}').map_or("", |(_, after)| after);
    }
    out + rest
}

const EVERYTHING: &str = include_str!("data/everything.pyco");

#[test]
fn printing_and_parsing_gives_the_same_tree() {
    let module = clean(EVERYTHING);
    let printed = print::print(&module);
    assert_eq!(skeleton(&clean(&printed)), skeleton(&module), "{printed}");
}

#[test]
fn examples_and_library_survive_printing() {
    for folder in ["examples", "stdlib"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in files.filter(|path| path.extension().is_some_and(|e| e == "pyco")) {
            let module = clean(&std::fs::read_to_string(&path).unwrap());
            let printed = print::print(&module);
            assert_eq!(skeleton(&clean(&printed)), skeleton(&module), "{}", path.display());
        }
    }
}

// ---- invariants on random texts ----------------------------------------------------------------

const WORDS: &[&str] = &[
    "def f():",
    "class C:",
    "if",
    "elif",
    "else:",
    "while",
    "for i in range(",
    "return",
    "from m",
    "import",
    "a",
    "b",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "...",
    "->",
    "@",
    "=",
    "==",
    "<",
    "+",
    "-",
    "*",
    "**",
    "not",
    "and",
    "in",
    "is",
    "None",
    "lambda",
    "1",
    "0x",
    "2.5",
    "\"s\"",
    "\"",
    "'",
    "\"\"\"",
    "s\"x\"",
    "f\"y\"",
    "\\",
    "#",
    ";",
    "$",
    "ő",
    "\n",
    "\n    ",
    "\n        ",
    "\n\t",
    "\r\n",
    "self",
    "array[byte, 3]",
    "byte",
    "__asm__(",
    "@1.0",
    "module m",
];

proptest! {
    #[test]
    fn any_text_has_a_tree_and_places_inside_it(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        let text = words.join(" ");
        let mut map = SourceMap::default();
        let file = map.add("x.pyco", text.clone());
        let mut sink = Sink::default();
        let module = parse::parse(file, &text, &mut sink);
        for d in sink.iter() {
            let span = d.span.expect("every fault of syntax has a place");
            prop_assert!(span.lo <= span.hi && span.hi as usize <= text.len(), "{d:?}");
            prop_assert!(text.is_char_boundary(span.lo as usize) && text.is_char_boundary(span.hi as usize), "{d:?}");
            for edit in d.fixes.iter().flat_map(|f| &f.edits) {
                prop_assert!(text.get(edit.span.lo as usize..edit.span.hi as usize).is_some(), "{d:?}");
            }
        }
        // A tree without faults is printed without faults, and is the same.
        if !sink.has_errors() {
            prop_assert_eq!(skeleton(&clean(&print::print(&module))), skeleton(&module));
        }
    }
}
