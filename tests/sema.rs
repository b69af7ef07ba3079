//! The typed tree: which types expressions get, and what statements become.

use std::collections::BTreeMap;

use pycoc::base::diag::Sink;
use pycoc::base::source::SourceMap;
use pycoc::parse::parse;
use pycoc::sema::hir::{
    BinOp, Bound, Data, DataKind, Expr, ExprKind, FieldStorage, Func, Index, Module, Place, PlaceKind, Stmt,
    StmtKind, StrPart, Type,
};
use pycoc::sema::interface::{ExportItem, FieldPlace, IfaceType, Interface};
use pycoc::sema::{CheckContext, Found, Source, check_with_interface};

/// Checks a text that must have no fault.
fn checked(text: &str, program: bool, imports: &[Found], modules: &[&Interface]) -> (Module, Interface) {
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let file = sources.add("m.pyco", text);
    let module = parse(file, text, &mut sink);
    let modules: BTreeMap<String, Interface> =
        modules.iter().map(|m| (m.name.clone(), (*m).clone())).collect();
    let context = CheckContext { imports, modules: &modules, name: "m", program, lowercase: None };
    let source = Source { module: &module, includes: Vec::new() };
    let result = check_with_interface(&source, &context, &mut sink);
    let messages: Vec<_> = sink.iter().filter(|d| d.code.0.starts_with('E')).map(|d| &d.message).collect();
    assert!(messages.is_empty(), "{text}\n{messages:?}");
    result
}

fn func<'m>(module: &'m Module, symbol: &str) -> &'m Func {
    module.funcs.iter().find(|f| f.symbol == symbol).expect(symbol)
}

/// The statements of `main`, after declarations of variables of each type, named by its letters.
fn body(statements: &str) -> Vec<Stmt> {
    let mut text = String::from("def main():\n");
    let types = ["bool", "char", "byte", "sbyte", "word", "int", "dword", "long", "f16", "f32", "float"];
    for ty in types {
        text += &format!("    {ty}_: {ty}\n");
    }
    text +=
        "    s: string[10]\n    a: array[word, 300]\n    t: tuple[int] = (1, -2, 3)\n    p: tuple[byte]\n";
    let before = 1;
    for line in statements.lines() {
        text += &format!("    {}\n", line.strip_prefix("        ").unwrap_or(line));
    }
    let (module, _) = checked(&text, true, &[], &[]);
    func(&module, "main").body.clone().expect("a body").split_off(before)
}

/// The value that `x = VALUE` gives to a variable of type `ty`.
fn stored(ty: &str, value: &str) -> Expr {
    match body(&format!("{ty}_ = {value}")).pop().expect("a statement").kind {
        StmtKind::Assign { value, .. } => value,
        other => panic!("{other:?}"),
    }
}

/// The type in which `value` computes.
fn computed(value: &str) -> Type {
    match body(&format!("print({value})")).pop().expect("a statement").kind {
        StmtKind::Print { args, .. } => match &args[0].parts[0] {
            StrPart::Value { value, .. } => value.ty.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn operands_decide_the_type_of_an_operation() {
    for (value, ty) in [
        ("byte_ + byte_", Type::Byte),
        ("byte_ + char_", Type::Byte),
        ("byte_ + word_", Type::Word),
        ("sbyte_ + word_", Type::Word),
        ("int_ + byte_", Type::Int),
        ("int_ + word_", Type::Word),
        ("int_ + dword_", Type::DWord),
        ("long_ + word_", Type::Long),
        ("long_ & dword_", Type::DWord),
        ("word_ + float_", Type::Float),
        ("f16_ + float_", Type::Float),
        ("f16_ * 2", Type::F16),
        ("byte_ << long_", Type::Byte),
        ("1 << byte_", Type::Byte),
        ("min(sbyte_, int_)", Type::Int),
        ("abs(sbyte_)", Type::Byte),
        ("-byte_", Type::Byte),
        ("byte_ < word_", Type::Bool),
    ] {
        assert_eq!(computed(value), ty, "{value}");
    }
}

#[test]
fn constants_take_the_other_type_when_they_fit() {
    for (value, ty) in [
        ("byte_ + 255", Type::Byte),
        ("byte_ + 256", Type::Word),
        ("byte_ * 100000", Type::DWord),
        ("sbyte_ - 127", Type::SByte),
        ("sbyte_ + 1000", Type::Word),
        ("int_ + 40000", Type::Word),
        ("byte_ + True", Type::Byte),
        ("byte_ + \"A\"", Type::Byte),
        ("byte_ * 1.5", Type::Float),
        ("70000", Type::DWord),
        ("-129", Type::Int),
        ("'A'", Type::Char),
    ] {
        assert_eq!(computed(value), ty, "{value}");
    }
}

#[test]
fn values_are_converted_to_their_target() {
    assert_eq!(stored("word", "-1").as_int(), Some(65535));
    assert_eq!(stored("f16", "1.5").as_int(), Some(0x180));
    assert_eq!(stored("f16", "f16(3.14)").as_int(), Some(804), "rounded to nearest");
    assert_eq!(stored("int", "int(-2.75)").as_int(), Some(-2));
    assert_eq!(stored("float", "1").kind, ExprKind::Float([0x81, 0, 0, 0]));
    assert_eq!(stored("bool", "bool(256)").as_int(), Some(1));
    assert_eq!(stored("byte", "len(a) / 100").as_int(), Some(3));
    assert!(matches!(stored("bool", "bool(word_)").kind, ExprKind::Test(_)));
    assert!(matches!(stored("bool", "word_").kind, ExprKind::Convert(_)));
    assert!(matches!(stored("word", "byte_ + byte_").kind, ExprKind::Convert(sum)
        if matches!(sum.kind, ExprKind::Binary(BinOp::Add, ..)) && sum.ty == Type::Byte));
}

#[test]
fn an_augmented_assignment_computes_in_the_wider_type() {
    let stmt = body("byte_ += word_").pop().expect("a statement");
    assert!(matches!(stmt.kind, StmtKind::AssignOp { op: BinOp::Add, ty: Type::Word, .. }));
    let stmt = body("word_ <<= int_").pop().expect("a statement");
    assert!(matches!(stmt.kind, StmtKind::AssignOp { op: BinOp::Shl, ty: Type::Word, value, .. }
        if value.ty == Type::Word));
}

fn index(value: &str) -> Index {
    match stored("int", value).kind {
        ExprKind::Convert(inner) => match inner.kind {
            ExprKind::Load(Place { kind: PlaceKind::Index { index, .. }, .. }) => *index,
            other => panic!("{other:?}"),
        },
        ExprKind::Load(Place { kind: PlaceKind::Index { index, .. }, .. }) => *index,
        other => panic!("{other:?}"),
    }
}

#[test]
fn negative_constant_indices_count_from_the_end() {
    assert!(matches!(index("a[-1]"), Index::At(e) if e.as_int() == Some(299)));
    assert!(matches!(index("t[-3]"), Index::At(e) if e.as_int() == Some(0)));
    assert_eq!(index("s[-2]"), Index::FromEnd(2));
}

fn bound(range: &str) -> Bound {
    match body(&format!("for byte_ in {range}:\n    pass")).pop().expect("a loop").kind {
        StmtKind::For(f) => f.end,
        other => panic!("{other:?}"),
    }
}

#[test]
fn constant_bounds_stay_exact() {
    assert_eq!(bound("range(256)"), Bound::Const(256));
    assert_eq!(bound("range(byte_ - 1, -1, -1)"), Bound::Const(-1));
    assert!(matches!(bound("range(word_)"), Bound::Value(e) if e.ty == Type::Byte));
    assert!(body("for byte_ in range(5, 5):\n    pass").is_empty(), "never runs");
}

#[test]
fn strings_are_lists_of_parts() {
    let stmt = body("s = s + \"AB\" + char_ + s * 3").pop().expect("a statement");
    let StmtKind::StrAssign { value, .. } = stmt.kind else { panic!("{stmt:?}") };
    assert!(matches!(
        value.parts.as_slice(),
        [StrPart::Str(_), StrPart::Str(_), StrPart::Value { .. }, StrPart::Repeat { .. }]
    ));
    assert!(matches!(body("s += str(word_, 2)").pop().expect("a statement").kind,
        StmtKind::StrAppend { value, .. } if value.parts.len() == 1));
}

#[test]
fn a_class_is_laid_out_in_order_and_its_defaults_are_a_function() {
    let text = "
class P:
    a: byte = 1
    port: byte[0xD020] = 2
    b: word
    t: tuple[byte] = (1, 2)

class Q(P):
    a: long = 5
    p: P

    def get() -> long:
        return self.a

def main():
    q: Q
    print(q.get(), q.b)
";
    let (module, _) = checked(text, true, &[], &[]);
    let sizes: Vec<u32> = module.classes.iter().map(|c| c.size).collect();
    assert_eq!(sizes, [3, 10]);
    let storage: Vec<FieldStorage> =
        module.classes.iter().flat_map(|c| c.fields.iter().map(|f| f.storage)).collect();
    assert!(matches!(
        storage[..],
        [
            FieldStorage::Offset(0),
            FieldStorage::Mapped { addr: 0xD020, irq_safe: false },
            FieldStorage::Offset(1),
            FieldStorage::Shared(_),
            FieldStorage::Offset(3),
            FieldStorage::Offset(7),
        ]
    ));
    let defaults = func(&module, "Q.__defaults__").body.as_ref().expect("a body");
    assert_eq!(defaults.len(), 3, "the parent's, its own, and those of the nested object");
    assert!(func(&module, "Q.get").has_self);
}

#[test]
fn equal_literals_are_one_datum() {
    let (module, _) = checked("def main():\n    print(\"A\", \"B\", \"A\")\n", true, &[], &[]);
    let literals: Vec<&Data> = module.data.iter().filter(|d| d.kind == DataKind::Literal).collect();
    assert_eq!(literals.iter().map(|d| d.bytes.as_slice()).collect::<Vec<_>>(), [[1, 0x41], [1, 0x42]]);
}

#[test]
fn an_interface_says_enough_to_use_a_module() {
    let text = "
LIMIT = 300
_SECRET = 1
table: tuple[word] = (1, 2)

class Point:
    x: byte = 1
    next: alias[Point]

    def __init__(x: byte):
        self.x = x

def origin(p: alias[Point]) -> tuple[word]:
    p.x = 0
    return table

def _hidden():
    pass
";
    let (_, mut interface) = checked(text, false, &[], &[]);
    assert_eq!(interface.public_names().collect::<Vec<_>>(), ["LIMIT", "table", "Point", "origin"]);
    let Some(ExportItem::Class(point)) = interface.find("Point") else { panic!("no class") };
    assert_eq!((point.size, point.has_defaults), (3, true));
    assert_eq!(point.fields[1].place, FieldPlace::Offset(1));
    assert_eq!(point.fields[1].ty, IfaceType::Alias(Box::new(IfaceType::Class("m.Point".into()))));

    interface.name = "m".into();
    let user = "
from m import Point, origin, LIMIT, table

class Far(m.Point):
    y: word

def main():
    f: Far = Far(3)
    w: word = m.LIMIT
    print(m.origin(f)[1], m.table[0], f.next.x, w)
";
    let (module, _) = checked(user, true, &[Found::Module("m".into())], &[&interface]);
    let far = module.classes.iter().find(|c| c.name == "Far").expect("a class");
    assert_eq!(far.size, 5);
    assert_eq!(func(&module, "m.Point.__init__").origin.as_deref(), Some("m"));
    assert!(func(&module, "m.Point.__init__").body.is_none());
}

#[test]
fn the_typed_tree_has_a_text() {
    let text = "def twice(n: byte) -> word:\n    return word(n) * 2\n\ndef main():\n    i: byte\n    for i in range(3):\n        print(twice(i), \"\\n\")\n";
    let (module, _) = checked(text, true, &[], &[]);
    let expected = "\
module m
data $str0: literal, 2 bytes 01 0D
def twice(n: byte) -> word:
    return mul.word(word(n_0), 2:word)
def main() -> void:
    i_0: byte
    for i_0 in range(0:byte, 3, 1):
        print(text(twice(i_0)), $str0)
";
    assert_eq!(pycoc::sema::hir_print::print(&module), expected);
}

/// The text after the first fix of each warning.
fn mended(text: &str) -> String {
    let (mut sources, mut sink) = (SourceMap::default(), Sink::default());
    let file = sources.add("m.pyco", text);
    let module = parse(file, text, &mut sink);
    let modules = BTreeMap::new();
    let context = CheckContext { imports: &[], modules: &modules, name: "m", program: true, lowercase: None };
    let source = Source { module: &module, includes: Vec::new() };
    check_with_interface(&source, &context, &mut sink);
    let mut edits: Vec<_> =
        sink.iter().filter_map(|d| d.fixes.first()).flat_map(|fix| fix.edits.clone()).collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
    let mut fixed = text.to_string();
    for edit in edits {
        fixed.replace_range(edit.span.lo as usize..edit.span.hi as usize, &edit.text);
    }
    fixed
}

#[test]
fn the_first_operand_is_widened() {
    let head = "class P:\n    x: byte\n\n    def f() -> word:\n        return self.x * 40\n\n\
                def main():\n    p: P\n    b: byte = 5\n    w: word\n    i: int\n    ";
    assert!(mended(&format!("{head}pass\n")).contains("return word(self.x) * 40"));
    for (narrow, wide) in [
        ("w = p.x * 3 + 1", "w = word(p.x) * 3 + 1"),
        ("w = -b + 5", "w = -word(b) + 5"),
        ("i = word(b * 60)", "i = word(int(b) * 60)"),
        ("w = char(b) + 1", "w = word(char(b)) + 1"),
    ] {
        let text = mended(&format!("{head}{narrow}\n"));
        assert!(text.ends_with(&format!("{wide}\n")), "{text}");
    }
}
