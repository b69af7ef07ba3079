//! The notation of interfaces in the string table of a `.LIB`.
//!
//! In: an interface. Out: name and text of every exported thing, all ASCII; and the way back, from
//! any text. Invariant: `read(write(x))` is `x` up to the order of exports; classes of the module
//! itself have no module before them, so that a file means the same under every module name.
//! `docs/lib-format.md`, "Notation", describes it.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::obj::libfile::fnv;
use crate::sema::hir::IrqKind;
use crate::sema::interface::{
    ClassLayout, Export, ExportItem, FieldLayout, FieldPlace, IfaceType, Interface, Signature, TupleData,
};
use crate::sema::value::Const;
use crate::sema::versions::Version;

/// The name under which the facts about the module as a whole stand.
pub const MODULE_FACTS: &str = "@module";
/// The version of the calling convention, and the name of the run time that goes with it.
pub const ABI: u32 = 1;
pub const RUN_TIME: &str = "rt1";

/// What a file says besides its interface.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Imported modules with their constraint as written, such as `>=1.2`; empty without one.
    pub imports: Vec<(String, String)>,
    /// The hashes of the interfaces of imported modules against which the file was compiled.
    pub seen: Vec<(String, u32)>,
    /// Functions to be called before `main`, in order.
    pub init: Vec<String>,
    /// Addresses that the code uses as mapped variables: first and last.
    pub mapped: Vec<(u16, u16)>,
}

/// All names with their texts: functions, methods, constants, tuples, classes, and the module.
pub fn write(interface: &Interface, facts: &Facts) -> Vec<(String, String)> {
    let own = &interface.name;
    let mut out = vec![(MODULE_FACTS.to_string(), module_text(interface, facts))];
    for Export { name, item } in &interface.exports {
        match item {
            ExportItem::Func(signature) => out.push((name.clone(), signature_text(own, signature, 'f'))),
            ExportItem::Const(value) => out.push((name.clone(), format!("c{}", const_text(value)))),
            ExportItem::Tuple(tuple) => {
                let mut text = format!("t{},{}", type_text(own, &tuple.elem), tuple.count);
                if let Some(address) = tuple.relocated {
                    let _ = write!(text, "@{address}");
                }
                out.push((name.clone(), text));
            }
            ExportItem::Class(class) => {
                out.push((name.clone(), class_text(own, class)));
                for method in &class.methods {
                    let kind = if method.has_self { 'm' } else { 's' };
                    out.push((format!("{name}.{}", method.name), signature_text(own, method, kind)));
                }
            }
        }
    }
    out
}

/// A hash of everything that code compiled against the interface counts on: names and types, but not
/// what functions do, except whether they build their results, nor from which folder a program takes the
/// modules of its classes.
pub fn hash(interface: &Interface) -> u32 {
    let mut interface = interface.clone();
    let own = interface.name.clone();
    interface.rename_modules(&|module: &mut String| {
        if let Some((_, last)) = module.rsplit_once('.').filter(|_| *module != own) {
            *module = last.to_string();
        }
    });
    let mut texts = write(&interface, &Facts::default());
    texts.retain(|(name, _)| name != MODULE_FACTS);
    texts.iter_mut().for_each(|(_, text)| text.truncate(text.find(UNFIT).unwrap_or(text.len())));
    texts.sort();
    let bytes = texts.iter().flat_map(|(name, text)| [name.as_bytes(), &[0], text.as_bytes(), &[0]]);
    fnv(bytes.flatten().copied())
}

fn module_text(interface: &Interface, facts: &Facts) -> String {
    let mut text = format!("abi={ABI};charset={}", if interface.lowercase { "lower" } else { "upper" });
    if let Some(version) = interface.version {
        let _ = write!(text, ";version={version}");
    }
    let imports: Vec<String> = facts
        .imports
        .iter()
        .map(
            |(name, constraint)| {
                if constraint.is_empty() { name.clone() } else { format!("{name}@{constraint}") }
            },
        )
        .collect();
    let mapped: Vec<String> = facts.mapped.iter().map(|(first, last)| format!("{first}-{last}")).collect();
    let seen: Vec<String> = facts.seen.iter().map(|(name, hash)| format!("{name}:{hash:08x}")).collect();
    let lists = [
        ("needs", &interface.needs),
        ("imports", &imports),
        ("seen", &seen),
        ("init", &facts.init),
        ("mapped", &mapped),
    ];
    for (key, list) in lists {
        if !list.is_empty() {
            let _ = write!(text, ";{key}={}", list.join(","));
        }
    }
    text
}

fn type_text(own: &str, ty: &IfaceType) -> String {
    let inner = |ty: &IfaceType| type_text(own, ty);
    match ty {
        IfaceType::Class(symbol) => match symbol.strip_prefix(own).and_then(|s| s.strip_prefix('.')) {
            Some(name) if !name.contains('.') => name.to_string(),
            _ => symbol.clone(),
        },
        IfaceType::Array(elem, n) => format!("array[{},{n}]", inner(elem)),
        IfaceType::Tuple(elem) => format!("tuple[{}]", inner(elem)),
        IfaceType::Alias(target) => format!("alias[{}]", inner(target)),
        other => other.to_string(),
    }
}

/// The last part of a signature.
const UNFIT: &str = ";unfit=";

const IRQ_KINDS: [(IrqKind, &str); 4] =
    [(IrqKind::Irq, "irq"), (IrqKind::Raw, "raw"), (IrqKind::Hook, "hook"), (IrqKind::Helper, "helper")];

fn signature_text(own: &str, signature: &Signature, kind: char) -> String {
    let params: Vec<String> =
        signature.params.iter().map(|(name, ty)| format!("{name}:{}", type_text(own, ty))).collect();
    let mut text = format!("{kind}({}){}", params.join(","), type_text(own, &signature.ret));
    if let Some(address) = signature.mapped {
        let _ = write!(text, ";mapped={address}");
    }
    if signature.naked {
        text += ";naked";
    }
    if let Some((_, name)) = IRQ_KINDS.iter().find(|(kind, _)| Some(*kind) == signature.irq) {
        let _ = write!(text, ";irq={name}");
    }
    if signature.builds_result {
        text += ";builds";
    }
    if let Some(why) = &signature.unfit_for_irq {
        let _ = write!(text, "{UNFIT}{}", hex(why.as_bytes()));
    }
    text
}

fn const_text(value: &Const) -> String {
    match value {
        Const::Int(n) => format!("i{n}"),
        Const::Bool(b) => format!("b{}", u8::from(*b)),
        Const::Char(code) => format!("c{code}"),
        Const::Float(x) => format!("f{:016x}", x.to_bits()),
        Const::Str(bytes) => format!("s{}", hex(bytes)),
        Const::Tuple(items) => format!("[{}]", items.iter().map(const_text).collect::<Vec<_>>().join(",")),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, b| text + &format!("{b:02x}"))
}

fn class_text(own: &str, class: &ClassLayout) -> String {
    let mut text = format!("k{}", class.size);
    for (flag, set) in [('s', class.singleton), ('m', class.mapped_only), ('d', class.has_defaults)] {
        if set {
            text.push(flag);
        }
    }
    if let Some(parent) = &class.parent {
        let _ = write!(text, ":{}", type_text(own, &IfaceType::Class(parent.clone())));
    }
    let fields: Vec<String> = class
        .fields
        .iter()
        .map(|field| {
            let place = match field.place {
                FieldPlace::Offset(offset) => format!("@{offset}"),
                FieldPlace::Mapped { addr, irq_safe } => {
                    format!("${addr}{}", if irq_safe { "!" } else { "" })
                }
                FieldPlace::Shared { count } => format!("#{count}"),
            };
            format!("{}:{}{place}", field.name, type_text(own, &field.ty))
        })
        .collect();
    text + "{" + &fields.join(";") + "}"
}

/// The interface and facts that a list of names and texts tells, for a module of the name `own`;
/// the error is the name whose text cannot be read.
pub fn read(own: &str, texts: &[(String, String)]) -> Result<(Interface, Facts), String> {
    let mut interface = Interface { name: own.to_string(), ..Interface::default() };
    let mut facts = Facts::default();
    let mut methods: BTreeMap<&str, Vec<Signature>> = BTreeMap::new();
    for (name, text) in texts {
        let fail = || name.clone();
        if name == MODULE_FACTS {
            read_module(text, &mut interface, &mut facts).ok_or_else(fail)?;
            continue;
        }
        let rest = text.get(1..).unwrap_or_default();
        let item = match text.as_bytes().first() {
            Some(b'f') => ExportItem::Func(read_signature(own, name, rest, false).ok_or_else(fail)?),
            Some(kind @ (b'm' | b's')) => {
                let (class, method) = name.rsplit_once('.').ok_or_else(fail)?;
                let signature = read_signature(own, method, rest, *kind == b'm').ok_or_else(fail)?;
                methods.entry(class).or_default().push(signature);
                continue;
            }
            Some(b'c') => ExportItem::Const(read_whole_const(rest).ok_or_else(fail)?),
            Some(b't') => ExportItem::Tuple(read_tuple(own, rest).ok_or_else(fail)?),
            Some(b'k') => ExportItem::Class(read_class(own, rest).ok_or_else(fail)?),
            // Data that belongs to a class, or a kind of a later version.
            _ => continue,
        };
        interface.exports.push(Export { name: name.clone(), item });
    }
    for Export { name, item } in &mut interface.exports {
        if let ExportItem::Class(class) = item {
            class.methods = methods.remove(name.as_str()).unwrap_or_default();
        }
    }
    Ok((interface, facts))
}

fn read_module(text: &str, interface: &mut Interface, facts: &mut Facts) -> Option<()> {
    for part in text.split(';') {
        let (key, value) = part.split_once('=')?;
        let list = || value.split(',').map(str::to_string).collect::<Vec<_>>();
        match key {
            "abi" if value.parse() == Ok(ABI) => {}
            "abi" => return None,
            "charset" => interface.lowercase = value == "lower",
            "version" => interface.version = Some(Version::parse(value)?),
            "needs" => interface.needs = list(),
            "init" => facts.init = list(),
            "seen" => {
                let pair = |text: String| {
                    let (name, hash) = text.split_once(':')?;
                    Some((name.to_string(), u32::from_str_radix(hash, 16).ok()?))
                };
                facts.seen = list().into_iter().map(pair).collect::<Option<_>>()?;
            }
            "mapped" => {
                let range = |text: String| {
                    let (first, last) = text.split_once('-')?;
                    Some((first.parse().ok()?, last.parse().ok()?))
                };
                facts.mapped = list().into_iter().map(range).collect::<Option<_>>()?;
            }
            "imports" => {
                let split = |import: String| match import.split_once('@') {
                    Some((name, constraint)) => (name.to_string(), constraint.to_string()),
                    None => (import, String::new()),
                };
                facts.imports = list().into_iter().map(split).collect();
            }
            _ => {}
        }
    }
    Some(())
}

fn read_type(own: &str, text: &str) -> Option<IfaceType> {
    fn qualify(own: &str, ty: IfaceType) -> IfaceType {
        match ty {
            IfaceType::Class(symbol) if !symbol.contains('.') => IfaceType::Class(format!("{own}.{symbol}")),
            IfaceType::Array(elem, n) => IfaceType::Array(Box::new(qualify(own, *elem)), n),
            IfaceType::Tuple(elem) => IfaceType::Tuple(Box::new(qualify(own, *elem))),
            IfaceType::Alias(target) => IfaceType::Alias(Box::new(qualify(own, *target))),
            other => other,
        }
    }
    IfaceType::parse(text).map(|ty| qualify(own, ty))
}

/// Splits at `separator` outside of brackets.
fn split_outside(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    if start < text.len() || !parts.is_empty() {
        parts.push(&text[start..]);
    }
    parts
}

fn read_signature(own: &str, name: &str, text: &str, has_self: bool) -> Option<Signature> {
    let (params, rest) = text.strip_prefix('(')?.split_once(')')?;
    let mut parts = rest.split(';');
    let mut signature = Signature {
        name: name.to_string(),
        params: Vec::new(),
        ret: read_type(own, parts.next()?)?,
        has_self,
        mapped: None,
        naked: false,
        irq: None,
        builds_result: false,
        unfit_for_irq: None,
    };
    for param in split_outside(params, ',') {
        let (name, ty) = param.split_once(':')?;
        signature.params.push((name.to_string(), read_type(own, ty)?));
    }
    for part in parts {
        match part.split_once('=') {
            None if part == "naked" => signature.naked = true,
            None if part == "builds" => signature.builds_result = true,
            Some(("mapped", address)) => signature.mapped = Some(address.parse().ok()?),
            Some(("irq", kind)) => {
                signature.irq = Some(IRQ_KINDS.iter().find(|(_, name)| *name == kind)?.0);
            }
            Some(("unfit", why)) => signature.unfit_for_irq = Some(String::from_utf8(unhex(why)?).ok()?),
            _ => return None,
        }
    }
    Some(signature)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok();
    digits.chunks(2).map(pair).collect()
}

/// Deeper than any constant of the language.
const MAX_DEPTH: u32 = 16;

fn read_whole_const(text: &str) -> Option<Const> {
    read_const(text, 0)
}

fn read_const(text: &str, depth: u32) -> Option<Const> {
    let rest = text.get(1..)?;
    Some(match text.as_bytes()[0] {
        b'i' => Const::Int(rest.parse().ok()?),
        b'b' => Const::Bool(rest == "1"),
        b'c' => Const::Char(rest.parse().ok()?),
        b'f' => Const::Float(f64::from_bits(u64::from_str_radix(rest, 16).ok()?)),
        b's' => Const::Str(unhex(rest)?),
        b'[' if depth < MAX_DEPTH => {
            let items = split_outside(rest.strip_suffix(']')?, ',');
            Const::Tuple(items.into_iter().map(|item| read_const(item, depth + 1)).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn read_tuple(own: &str, text: &str) -> Option<TupleData> {
    let (elem, rest) = text.rsplit_once(',')?;
    let (count, relocated) = match rest.split_once('@') {
        Some((count, address)) => (count, Some(address.parse().ok()?)),
        None => (rest, None),
    };
    Some(TupleData { elem: read_type(own, elem)?, count: count.parse().ok()?, relocated })
}

fn read_class(own: &str, text: &str) -> Option<ClassLayout> {
    let (head, fields) = text.strip_suffix('}')?.split_once('{')?;
    let (head, parent) = match head.split_once(':') {
        Some((head, parent)) => (head, Some(parent)),
        None => (head, None),
    };
    let digits = head.find(|c: char| !c.is_ascii_digit()).unwrap_or(head.len());
    let (size, flags) = head.split_at(digits);
    let parent = match parent.map(|p| read_type(own, p)) {
        None => None,
        Some(Some(IfaceType::Class(symbol))) => Some(symbol),
        Some(_) => return None,
    };
    Some(ClassLayout {
        parent,
        size: size.parse().ok()?,
        fields: split_outside(fields, ';').into_iter().map(|f| read_field(own, f)).collect::<Option<_>>()?,
        methods: Vec::new(),
        has_defaults: flags.contains('d'),
        singleton: flags.contains('s'),
        mapped_only: flags.contains('m'),
    })
}

fn read_field(own: &str, text: &str) -> Option<FieldLayout> {
    let (name, rest) = text.split_once(':')?;
    let at = rest.find(['@', '$', '#'])?;
    let (ty, place) = rest.split_at(at);
    let number = &place[1..];
    let place = match place.as_bytes()[0] {
        b'@' => FieldPlace::Offset(number.parse().ok()?),
        b'#' => FieldPlace::Shared { count: number.parse().ok()? },
        _ => FieldPlace::Mapped {
            addr: number.trim_end_matches('!').parse().ok()?,
            irq_safe: number.ends_with('!'),
        },
    };
    Some(FieldLayout { name: name.to_string(), ty: read_type(own, ty)?, place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sema::types::Type;
    use proptest::prelude::*;

    fn byte() -> IfaceType {
        IfaceType::Scalar(Type::Byte)
    }

    fn sample() -> Interface {
        let method = Signature {
            name: "move".into(),
            params: vec![
                ("by".into(), byte()),
                ("other".into(), IfaceType::Alias(Box::new(IfaceType::Class("gfx.Sprite".into())))),
                ("a".into(), IfaceType::Alias(Box::new(IfaceType::Array(Box::new(byte()), 4)))),
            ],
            ret: IfaceType::Void,
            has_self: true,
            mapped: None,
            naked: false,
            irq: Some(IrqKind::Helper),
            builds_result: false,
            unfit_for_irq: Some("print; or ü".into()),
        };
        let class = ClassLayout {
            parent: Some("base.Thing".into()),
            size: 5,
            fields: vec![
                FieldLayout { name: "x".into(), ty: byte(), place: FieldPlace::Offset(4) },
                FieldLayout {
                    name: "border".into(),
                    ty: byte(),
                    place: FieldPlace::Mapped { addr: 0xD020, irq_safe: true },
                },
                FieldLayout {
                    name: "row".into(),
                    ty: IfaceType::Tuple(Box::new(byte())),
                    place: FieldPlace::Shared { count: 3 },
                },
            ],
            methods: vec![method],
            has_defaults: true,
            singleton: true,
            mapped_only: false,
        };
        let f = Signature {
            name: "peek".into(),
            params: vec![],
            ret: IfaceType::Str(Some(20)),
            has_self: false,
            mapped: Some(0xC000),
            naked: true,
            irq: None,
            builds_result: true,
            unfit_for_irq: None,
        };
        let tuple =
            TupleData { elem: IfaceType::Class("gfx.Sprite".into()), count: 7, relocated: Some(0x2000) };
        let value = Const::Tuple(vec![
            Const::Int(-5),
            Const::Float(0.1),
            Const::Str(b"A,]".to_vec()),
            Const::Tuple(vec![Const::Bool(true), Const::Char(0)]),
        ]);
        let export = |name: &str, item| Export { name: name.into(), item };
        Interface {
            name: "gfx".into(),
            version: Some(Version { major: 1, minor: 2, patch: 3 }),
            lowercase: true,
            exports: vec![
                export("Sprite", ExportItem::Class(class)),
                export("peek", ExportItem::Func(f)),
                export("ROW", ExportItem::Tuple(tuple)),
                export("ALL", ExportItem::Const(value)),
            ],
            needs: vec!["base".into()],
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let facts = Facts {
            imports: vec![("base".into(), ">=1.0".into()), ("text".into(), String::new())],
            seen: vec![("base".into(), 0xBEEF)],
            init: vec!["Sprite.__defaults__".into()],
            mapped: vec![(0xD020, 0xD021)],
        };
        let texts = write(&sample(), &facts);
        assert!(texts.iter().all(|(_, text)| text.is_ascii()));
        assert_eq!(read("gfx", &texts), Ok((sample(), facts)));
    }

    #[test]
    fn the_hash_changes_with_names_and_types_alone() {
        let (mut other, _) = read("gfx", &write(&sample(), &Facts::default())).unwrap();
        other.exports.reverse();
        assert_eq!(hash(&other), hash(&sample()));
        let Some(ExportItem::Class(class)) = other.exports.last_mut().map(|e| &mut e.item) else {
            panic!("no class");
        };
        class.methods[0].unfit_for_irq = None;
        let mut moved = other.clone();
        assert_eq!(hash(&other), hash(&sample()), "what a method does is no matter");
        let Some(ExportItem::Class(class)) = moved.exports.last_mut().map(|e| &mut e.item) else {
            panic!("no class");
        };
        class.fields[0].place = FieldPlace::Offset(3);
        assert_ne!(hash(&moved), hash(&sample()));
        let mut builds = other.clone();
        let Some(ExportItem::Func(peek)) = builds.exports.iter_mut().rev().map(|e| &mut e.item).nth(1) else {
            panic!("no function");
        };
        peek.builds_result = false;
        assert_ne!(hash(&builds), hash(&sample()), "callers copy what was built");
    }

    #[test]
    fn own_classes_follow_the_name_of_the_module() {
        let texts = write(&sample(), &Facts::default());
        let (renamed, _) = read("system.gfx", &texts).unwrap();
        let Some(ExportItem::Tuple(tuple)) = renamed.find("ROW") else { panic!("no tuple") };
        assert_eq!(tuple.elem, IfaceType::Class("system.gfx.Sprite".into()));
    }

    #[test]
    fn another_convention_is_refused() {
        let text = vec![(MODULE_FACTS.to_string(), "abi=2".to_string())];
        assert_eq!(read("a", &text), Err(MODULE_FACTS.to_string()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(kind in "[fmsctk]", text in "[()\\[\\]{}:;,@$#a-z0-9=.!]{0,30}") {
            let _ = read("a", &[("C.x".to_string(), kind + &text)]);
        }
    }
}
