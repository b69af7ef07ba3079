//! The public face of a module: what an importer must know, as plain data.
//!
//! In: made from a checked module (`export.rs`) or read from a `.LIB`. Out: copied into the tables
//! of importing modules (`adopt.rs`). Invariant: no spans, ids or file names; link symbols follow
//! from the names (`MODULE.name`, `MODULE.Class.method`), so that an interface means the same in
//! every program. Private classes are in it, since layouts and signatures may need them.

use std::fmt;

use crate::sema::hir::IrqKind;
use crate::sema::types::{SCALARS, Type};
use crate::sema::value::Const;
use crate::sema::versions::Version;

/// What a module offers.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Interface {
    /// Dotted name.
    pub name: String,
    pub version: Option<Version>,
    /// The character set of the string literals.
    pub lowercase: bool,
    /// In source order.
    pub exports: Vec<Export>,
    /// Dotted names of the modules whose classes occur in the signatures.
    pub needs: Vec<String>,
}

/// One exported name.
#[derive(Clone, PartialEq, Debug)]
pub struct Export {
    pub name: String,
    pub item: ExportItem,
}

/// What an exported name is.
#[derive(Clone, PartialEq, Debug)]
pub enum ExportItem {
    Func(Signature),
    Class(ClassLayout),
    Const(Const),
    Tuple(TupleData),
}

/// A function or method.
#[derive(Clone, PartialEq, Debug)]
pub struct Signature {
    pub name: String,
    /// Name and type, without `self`.
    pub params: Vec<(String, IfaceType)>,
    pub ret: IfaceType,
    /// A method that takes the object's address first.
    pub has_self: bool,
    pub mapped: Option<u16>,
    pub naked: bool,
    pub irq: Option<IrqKind>,
    /// What it hands out lies in memory that its next call uses again.
    pub builds_result: bool,
    /// Why interrupt code may not call it, such as `print`.
    pub unfit_for_irq: Option<String>,
}

/// A class with everything that its users need.
#[derive(Clone, PartialEq, Debug)]
pub struct ClassLayout {
    /// Symbol (`MODULE.Class`) of the parent.
    pub parent: Option<String>,
    /// With the parent's.
    pub size: u32,
    /// Its own properties in order.
    pub fields: Vec<FieldLayout>,
    /// Its own methods in order.
    pub methods: Vec<Signature>,
    /// `MODULE.Class.__defaults__` exists.
    pub has_defaults: bool,
    pub singleton: bool,
    pub mapped_only: bool,
}

/// A property.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldLayout {
    pub name: String,
    pub ty: IfaceType,
    pub place: FieldPlace,
}

/// Where a property lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldPlace {
    Offset(u32),
    Mapped {
        addr: u16,
        irq_safe: bool,
    },
    /// A shared tuple of `count` elements, `MODULE.Class.name`.
    Shared {
        count: u32,
    },
}

/// A named tuple.
#[derive(Clone, PartialEq, Debug)]
pub struct TupleData {
    pub elem: IfaceType,
    pub count: u32,
    /// Its address, for `relocate[…]`.
    pub relocated: Option<u16>,
}

/// A type in an interface: as `Type`, with classes by symbol.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IfaceType {
    Void,
    /// One of the eleven scalar types.
    Scalar(Type),
    Str(Option<u8>),
    Array(Box<IfaceType>, u32),
    Tuple(Box<IfaceType>),
    Alias(Box<IfaceType>),
    /// `MODULE.Class`.
    Class(String),
}

impl Interface {
    /// The exported item of a name.
    pub fn find(&self, name: &str) -> Option<&ExportItem> {
        self.exports.iter().find(|e| e.name == name).map(|e| &e.item)
    }

    /// The names that may be imported, in source order.
    pub fn public_names(&self) -> impl Iterator<Item = &str> {
        self.exports.iter().map(|e| e.name.as_str()).filter(|n| !n.starts_with('_'))
    }

    /// Gives the modules whose classes occur other names.
    pub fn rename_modules(&mut self, rename: &dyn Fn(&mut String)) {
        let class = |symbol: &mut String| {
            if let Some((module, class)) = symbol.rsplit_once('.') {
                let mut module = module.to_string();
                rename(&mut module);
                *symbol = format!("{module}.{class}");
            }
        };
        self.needs.iter_mut().for_each(rename);
        for export in &mut self.exports {
            match &mut export.item {
                ExportItem::Func(signature) => signature.rename_classes(&class),
                ExportItem::Class(layout) => {
                    layout.parent.iter_mut().for_each(class);
                    layout.fields.iter_mut().for_each(|field| field.ty.rename_classes(&class));
                    layout.methods.iter_mut().for_each(|method| method.rename_classes(&class));
                }
                ExportItem::Tuple(tuple) => tuple.elem.rename_classes(&class),
                ExportItem::Const(_) => {}
            }
        }
    }
}

impl Signature {
    fn rename_classes(&mut self, class: &dyn Fn(&mut String)) {
        self.params.iter_mut().for_each(|(_, ty)| ty.rename_classes(class));
        self.ret.rename_classes(class);
    }
}

impl ExportItem {
    /// What the item is called in messages.
    pub fn noun(&self) -> &'static str {
        match self {
            ExportItem::Func(_) => "function",
            ExportItem::Class(_) => "class",
            ExportItem::Const(_) => "constant",
            ExportItem::Tuple(_) => "tuple",
        }
    }
}

impl fmt::Display for IfaceType {
    /// The source form, with full class symbols: `alias[array[gfx.Sprite, 8]]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IfaceType::Void => f.write_str("void"),
            IfaceType::Scalar(ty) => {
                f.write_str(SCALARS.iter().find(|(_, t)| t == ty).map_or("?", |(name, _)| name))
            }
            IfaceType::Str(None) => f.write_str("string"),
            IfaceType::Str(Some(n)) => write!(f, "string[{n}]"),
            IfaceType::Array(elem, n) => write!(f, "array[{elem},{n}]"),
            IfaceType::Tuple(elem) => write!(f, "tuple[{elem}]"),
            IfaceType::Alias(target) => write!(f, "alias[{target}]"),
            IfaceType::Class(symbol) => f.write_str(symbol),
        }
    }
}

impl IfaceType {
    fn rename_classes(&mut self, class: &dyn Fn(&mut String)) {
        match self {
            IfaceType::Class(symbol) => class(symbol),
            IfaceType::Array(inner, _) | IfaceType::Tuple(inner) | IfaceType::Alias(inner) => {
                inner.rename_classes(class);
            }
            IfaceType::Void | IfaceType::Scalar(_) | IfaceType::Str(_) => {}
        }
    }

    /// Reads what `Display` writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<IfaceType> {
        let mut rest = text;
        let ty = parse_type(&mut rest, 0)?;
        rest.is_empty().then_some(ty)
    }
}

/// Deeper than any type of the language.
const MAX_DEPTH: u32 = 8;

fn parse_type(rest: &mut &str, depth: u32) -> Option<IfaceType> {
    if depth > MAX_DEPTH {
        return None;
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
    let (word, tail) = rest.split_at(end);
    *rest = tail;
    if word.is_empty() {
        return None;
    }
    let Some(inner) = rest.strip_prefix('[') else {
        return Some(match word {
            "void" => IfaceType::Void,
            "string" => IfaceType::Str(None),
            _ => match Type::scalar_named(word) {
                Some(ty) => IfaceType::Scalar(ty),
                None => IfaceType::Class(word.to_string()),
            },
        });
    };
    *rest = inner;
    let ty = match word {
        "string" => IfaceType::Str(Some(u8::try_from(parse_number(rest)?).ok()?)),
        "tuple" => IfaceType::Tuple(Box::new(parse_type(rest, depth + 1)?)),
        "alias" => IfaceType::Alias(Box::new(parse_type(rest, depth + 1)?)),
        "array" => {
            let elem = parse_type(rest, depth + 1)?;
            *rest = rest.strip_prefix(',')?;
            IfaceType::Array(Box::new(elem), parse_number(rest)?)
        }
        _ => return None,
    };
    *rest = rest.strip_prefix(']')?;
    Some(ty)
}

fn parse_number(rest: &mut &str) -> Option<u32> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, tail) = rest.split_at(end);
    *rest = tail;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_back_as_written() {
        for text in
            ["byte", "void", "string", "string[20]", "alias[array[system.gfx.Sprite,8]]", "tuple[f16]"]
        {
            assert_eq!(IfaceType::parse(text).expect(text).to_string(), text);
        }
        let deep = "alias[".repeat(50) + "byte" + &"]".repeat(50);
        for bad in
            ["", "array[byte]", "string[256]", "alias[byte", "byte]", "list[byte]", "array[byte,x]", &deep]
        {
            assert_eq!(IfaceType::parse(bad), None, "{bad}");
        }
    }
}
