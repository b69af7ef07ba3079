//! Members of objects and classes, and elements of arrays, tuples and strings.
//!
//! In: a base and a name or index. Out: places and methods. Invariant: the nearest class in the
//! chain of parents wins; what an imported class keeps private stays so. Not here: calls.

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::fold;
use crate::sema::hir::{ClassId, DataId, DataKind, FieldStorage, FuncId, Index, Place, PlaceKind, Type};
use crate::sema::names::suggest_names;
use crate::sema::val::{Val, error_place, follow};
use crate::sema::value::Const;
use crate::syntax::ast;

impl Checker<'_> {
    /// True when `class` is `ancestor` or inherits from it.
    pub fn inherits(&self, class: ClassId, ancestor: ClassId) -> bool {
        self.ancestry(class).any(|c| c == ancestor)
    }

    /// A class and its ancestors, nearest first.
    pub fn ancestry(&self, class: ClassId) -> impl Iterator<Item = ClassId> + '_ {
        std::iter::successors(Some(class), |c| self.out.classes[*c].parent)
    }

    /// The property of a name: its class and position there.
    pub fn find_field(&self, class: ClassId, name: &str) -> Option<(ClassId, usize)> {
        self.ancestry(class)
            .find_map(|c| Some((c, self.out.classes[c].fields.iter().position(|f| f.name == name)?)))
    }

    /// The method of a name, as far as it is defined already.
    pub fn find_method(&self, class: ClassId, name: &str) -> Option<FuncId> {
        self.ancestry(class).find_map(|c| {
            self.out.classes[c].methods.iter().copied().find(|m| self.out.funcs[*m].name == name)
        })
    }

    /// The `__init__` that initialises objects of a class.
    pub fn initialiser(&self, class: ClassId) -> Option<FuncId> {
        self.find_method(class, "__init__")
    }

    /// `self` as a place, inside a method.
    pub fn self_place(&self, span: Span) -> Option<Place> {
        let class = self.scope.class?;
        if self.scope.has_self {
            let ty = Type::Class(class).alias();
            let pointer = Place { kind: PlaceKind::Local(crate::sema::hir::LocalId(0)), ty, span };
            return Some(follow(pointer));
        }
        Some(self.object_without_self(class, span))
    }

    /// The one object of a singleton, or a stand-in for an object without storage.
    pub fn object_without_self(&self, class: ClassId, span: Span) -> Place {
        let kind = match self.out.classes[class].instance {
            Some(data) => PlaceKind::Data(data),
            // Never read: all its properties are mapped.
            None => PlaceKind::Deref(Box::new(fold::int(0, Type::Word, span))),
        };
        Place { kind, ty: Type::Class(class), span }
    }

    /// `object.name`.
    pub fn member(&mut self, object: Place, class: ClassId, name: &ast::Ident) -> Val {
        if let Some((owner, position)) = self.find_field(class, &name.name) {
            self.check_private_member(owner, name);
            return Val::Place(follow(self.field_place(Some(object), owner, position, name.span)));
        }
        if let Some(method) = self.find_method(class, &name.name) {
            if let Some(owner) = self.out.funcs[method].class {
                self.check_private_member(owner, name);
            }
            let receiver = self.out.funcs[method].has_self.then_some(object);
            return Val::Method(method, receiver);
        }
        self.unknown_member(class, name);
        Val::Error
    }

    /// `Class.name`, without an object.
    pub fn class_member(&mut self, class: ClassId, name: &ast::Ident) -> Val {
        let info = &self.out.classes[class];
        if info.singleton || info.mapped_only {
            let object = self.object_without_self(class, name.span);
            return self.member(object, class, name);
        }
        if let Some((owner, position)) = self.find_field(class, &name.name) {
            if !matches!(self.out.classes[owner].fields[position].storage, FieldStorage::Offset(_)) {
                return Val::Place(follow(self.field_place(None, owner, position, name.span)));
            }
        } else if let Some(method) = self.find_method(class, &name.name) {
            if !self.out.funcs[method].has_self {
                return Val::Method(method, None);
            }
        } else {
            self.unknown_member(class, name);
            return Val::Error;
        }
        let class = self.class_name(class);
        self.report(
            Diagnostic::error(
                codes::NEEDS_OBJECT,
                name.span,
                format!("'{}' needs an object; '{class}' is a class", name.name),
            )
            .help(format!("declare one: x: {class}, or make the class a @singleton")),
        );
        Val::Error
    }

    fn check_private_member(&mut self, owner: ClassId, name: &ast::Ident) {
        let class = &self.out.classes[owner];
        if let (Some(module), true) =
            (&class.origin, name.name.starts_with('_') && !name.name.starts_with("__"))
        {
            let text = format!("'{}' is private to module '{module}'", name.name);
            self.report(Diagnostic::error(codes::PRIVATE_NAME, name.span, text));
        }
    }

    /// The place of a property, before an alias is followed. `object` may only be missing when the
    /// property takes no space in objects.
    pub fn field_place(&self, object: Option<Place>, class: ClassId, position: usize, span: Span) -> Place {
        let field = &self.out.classes[class].fields[position];
        let ty = field.ty.clone();
        let kind = match field.storage {
            FieldStorage::Offset(offset) => match object {
                Some(object) => PlaceKind::Field { base: Box::new(object), offset },
                None => PlaceKind::Error,
            },
            FieldStorage::Mapped { addr, irq_safe } => {
                PlaceKind::Mapped { addr: Box::new(fold::int(i64::from(addr), Type::Word, span)), irq_safe }
            }
            FieldStorage::Shared(data) => PlaceKind::Data(data),
        };
        Place { kind, ty, span }
    }

    fn unknown_member(&mut self, class: ClassId, name: &ast::Ident) {
        let class_name = self.class_name(class);
        let below = |c: &Checker<'_>| c.methods_below.get(&name.name).copied();
        if self.scope.class == Some(class)
            && let Some(place) = below(self)
        {
            if !self.scope.told_below.insert(format!("self.{}", name.name)) {
                return;
            }
            let text = format!("method '{}' is used before its definition", name.name);
            self.report(
                Diagnostic::error(codes::USED_BEFORE_DEFINITION, name.span, text)
                    .also(place, "defined here")
                    .help("move the method up, or declare it above with @forward and a body of ..."),
            );
            return;
        }
        let chain: Vec<ClassId> = self.ancestry(class).collect();
        let missing = |id: &ClassId| self.missing_members.contains(&(*id, name.name.clone()));
        if chain.iter().any(|id| self.vague.contains(id) || missing(id)) {
            return;
        }
        let inside = self.scope.class == Some(class);
        let mut candidates: Vec<&str> = Vec::new();
        for id in chain {
            let class = &self.out.classes[id];
            candidates.extend(class.fields.iter().map(|f| f.name.as_str()));
            candidates.extend(class.methods.iter().map(|m| self.out.funcs[*m].name.as_str()));
        }
        candidates.retain(|n| !n.starts_with("__"));
        let error = Diagnostic::error(
            codes::UNKNOWN_MEMBER,
            name.span,
            format!("class '{class_name}' has no property or method '{}'", name.name),
        );
        let plain = error.message.len();
        let error = suggest_names(error, &name.name, name.span, candidates);
        if inside && error.message.len() == plain {
            // Not misspelt, so every use in the module means the same missing declaration.
            self.missing_members.insert((class, name.name.clone()));
            let help =
                format!("properties are declared in the class, beside the methods: {}: type", name.name);
            self.report(error.help(help));
        } else {
            self.report(error);
        }
    }

    /// `base[index]`.
    pub fn index(&mut self, base: Val, index: &ast::Expr, span: Span) -> Val {
        let constant = match &base {
            Val::Const(Const::Str(_) | Const::Tuple(_)) => true,
            Val::Place(place) => match place.ty {
                Type::Array(..) | Type::Tuple(_) | Type::Str(_) => false,
                Type::Error => return Val::Error,
                _ => return self.not_indexable(&base, index, span),
            },
            Val::Str(string) => match string.as_place() {
                Some(place) => return self.index(Val::Place(place.clone()), index, span),
                None => return self.not_indexable(&base, index, span),
            },
            Val::Error => {
                self.value(index);
                return Val::Error;
            }
            _ => return self.not_indexable(&base, index, span),
        };
        let index_val = self.value(index);
        if constant && let Val::Const(at) = &index_val {
            if let Some(item) = constant_item(&base, at) {
                return Val::Const(item);
            }
            return self.bad_index(index.span, "this index lies outside of the constant");
        }
        let base = match base {
            Val::Place(place) => place,
            Val::Const(Const::Str(text)) => self.literal_place(&text, span),
            Val::Const(Const::Tuple(items)) => {
                let elem = tuple_element(&items);
                match self.anonymous_tuple(&items, &elem, span) {
                    Some(place) => place,
                    None => return Val::Error,
                }
            }
            _ => return Val::Error,
        };
        let Some(index) = self.index_value(&base, index_val, index.span) else {
            return Val::Error;
        };
        let ty = match &base.ty {
            Type::Array(elem, _) | Type::Tuple(elem) => (**elem).clone(),
            _ => Type::Char,
        };
        let base = self.tuple_base(base);
        let kind = PlaceKind::Index { base: Box::new(base), index: Box::new(index) };
        Val::Place(follow(Place { kind, ty, span }))
    }

    /// The data behind a tuple pointer; other places stay.
    fn tuple_base(&self, base: Place) -> Place {
        if !matches!(base.ty, Type::Tuple(_)) || matches!(base.kind, PlaceKind::Data(_) | PlaceKind::Deref(_))
        {
            return base;
        }
        let (ty, span) = (base.ty.clone(), base.span);
        let pointer = crate::sema::val::load(base);
        Place { kind: PlaceKind::Deref(Box::new(pointer)), ty, span }
    }

    fn index_value(&mut self, base: &Place, index: Val, span: Span) -> Option<Index> {
        let expr = match index {
            Val::Const(value) => {
                let Some(at) = value.as_int() else {
                    self.bad_index(span, "an index is an integer");
                    return None;
                };
                return self.constant_index(base, at, span);
            }
            other => match self.scalar(other) {
                Ok(expr) => expr,
                Err(other) => {
                    let text = format!("an index is an integer, not {}", self.describe(&other));
                    if !matches!(other, Val::Error) {
                        self.bad_index(span, &text);
                    }
                    return None;
                }
            },
        };
        if expr.ty == Type::Error {
            return None;
        }
        if !expr.ty.is_integral() {
            let text = format!("an index is an integer, not {}", self.describe_type(&expr.ty));
            self.bad_index(span, &text);
            return None;
        }
        match expr.as_int() {
            Some(at) => self.constant_index(base, i128::from(at), span),
            None => {
                let large = matches!(base.ty, Type::Array(_, count) if count > 256);
                if large && fold::product_may_overflow(&expr) {
                    self.warn_narrow(&expr, &Type::Word, span);
                }
                Some(Index::At(expr))
            }
        }
    }

    fn constant_index(&mut self, base: &Place, at: i128, span: Span) -> Option<Index> {
        let count = match (&base.ty, &base.kind) {
            (Type::Array(_, n), _) => Some(i128::from(*n)),
            (Type::Tuple(_), PlaceKind::Data(id)) => self.tuple_count(*id).map(i128::from),
            _ => None,
        };
        let position = match (at < 0, &base.ty, count) {
            (true, Type::Str(_), _) if at >= -255 => return Some(Index::FromEnd((-at) as u32)),
            (true, _, Some(count)) => at + count,
            (true, _, None) => {
                self.bad_index(span, "a negative index needs a known length");
                return None;
            }
            (false, ..) => at,
        };
        let through_alias = matches!(base.kind, PlaceKind::Deref(_));
        if !(0..=65535).contains(&position) {
            self.bad_index(span, &format!("the index {at} lies outside"));
            return None;
        }
        if let (Some(count), false) = (count, through_alias)
            && position >= count
        {
            self.report(Diagnostic::warning(
                codes::INDEX_OUTSIDE,
                span,
                format!("the index {at} lies outside of the {count} elements"),
            ));
        }
        let ty = Type::smallest_for(position as i64).unwrap_or(Type::Word);
        Some(Index::At(fold::int(position as i64, ty, span)))
    }

    fn not_indexable(&mut self, base: &Val, index: &ast::Expr, span: Span) -> Val {
        self.value(index);
        let text = format!("{} has no elements", self.describe(base));
        self.bad_index(span, &text)
    }

    fn bad_index(&mut self, span: Span, text: &str) -> Val {
        self.report(Diagnostic::error(codes::BAD_INDEX, span, text));
        Val::Error
    }

    /// How many elements initialised tuple data has.
    pub fn tuple_count(&self, id: DataId) -> Option<u32> {
        match self.out.data[id].kind {
            DataKind::Tuple { count } | DataKind::Relocated { count, .. } => Some(count),
            DataKind::Literal | DataKind::Singleton(_) => None,
        }
    }

    /// True for `relocate[…]` data.
    pub fn is_relocated(&self, id: DataId) -> bool {
        matches!(self.out.data[id].kind, DataKind::Relocated { .. })
    }

    /// Read-only data for a list of constants that has no name.
    pub fn anonymous_tuple(&mut self, items: &[Const], elem: &Type, span: Span) -> Option<Place> {
        let mut bytes = Vec::new();
        for item in items {
            let expr = self.const_to(item, elem, span, true);
            if expr.ty == Type::Error {
                return None;
            }
            Checker::encode(&expr, &mut bytes);
        }
        let symbol = self.symbol(&format!("$tuple{}", self.out.data.len()));
        let count = items.len() as u32;
        let id = self.tuple_data(String::new(), symbol, elem.clone(), count, bytes, span);
        Some(Place { kind: PlaceKind::Data(id), ty: Type::Tuple(Box::new(elem.clone())), span })
    }

    /// The place of a string literal.
    pub fn literal_place(&mut self, text: &[u8], span: Span) -> Place {
        let id = self.literal(text, span);
        let ty = self.out.data[id].ty.clone();
        if ty == Type::Error { error_place(span) } else { Place { kind: PlaceKind::Data(id), ty, span } }
    }
}

fn constant_item(base: &Val, at: &Const) -> Option<Const> {
    let at = at.as_int()?;
    let position = |len: usize| {
        let at = if at < 0 { at + len as i128 } else { at };
        usize::try_from(at).ok()
    };
    match base {
        Val::Const(Const::Str(text)) => text.get(position(text.len())?).map(|c| Const::Char(*c)),
        Val::Const(Const::Tuple(items)) => items.get(position(items.len())?).cloned(),
        _ => None,
    }
}

/// The smallest element type that holds all of `items`.
pub fn tuple_element(items: &[Const]) -> Type {
    if items.iter().any(|c| matches!(c, Const::Float(_))) {
        return Type::Float;
    }
    if !items.is_empty() && items.iter().all(|c| matches!(c, Const::Bool(_))) {
        return Type::Bool;
    }
    if !items.is_empty() && items.iter().all(|c| c.as_char().is_some()) {
        return Type::Char;
    }
    let values: Vec<i64> = items.iter().filter_map(|c| i64::try_from(c.as_int()?).ok()).collect();
    let (low, high) =
        values.iter().fold((0, 0), |(lo, hi), v| (v.min(&lo).to_owned(), v.max(&hi).to_owned()));
    let candidates =
        if low < 0 { [Type::SByte, Type::Int, Type::Long] } else { [Type::Byte, Type::Word, Type::DWord] };
    candidates.into_iter().find(|t| t.holds(low) && t.holds(high)).unwrap_or(Type::Long)
}
