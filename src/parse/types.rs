//! The grammar of types.
//!
//! In: tokens. Out: `TypeExpr`. Invariant: the words `array`, `tuple`, `alias`, `irq_safe` and
//! `relocate` are followed by a bracket; the first bracket after `string` is its capacity, every
//! other bracket after a type an address. Not here: whether a type makes sense.

use super::errors::Label;
use super::recover::{Extra, Parse, Tokens, ident, sym};
use crate::syntax::ast::{Expr, Path, TypeExpr, TypeKind};
use crate::syntax::token::{Sym, Token};
use chumsky::prelude::*;

/// The words that make a type out of another.
const CONSTRUCTORS: [&str; 5] = ["array", "tuple", "alias", "irq_safe", "relocate"];

/// Any type.
pub fn type_expr<'t, 's: 't>(expr: Parse<'t, 's, Expr>) -> Parse<'t, 's, TypeExpr> {
    recursive(|ty| {
        let word = |word: &'static str| just(Token::Name(word));
        let index = expr.clone().delimited_by(sym(Sym::LBracket), sym(Sym::RBracket));
        let inner = ty.clone().map(Box::new);
        let in_brackets = inner.clone().delimited_by(sym(Sym::LBracket), sym(Sym::RBracket));
        let second = sym(Sym::Comma).ignore_then(expr.clone().map(Box::new));
        let string = word("string")
            .ignore_then(index.clone().or_not())
            .map(|capacity| TypeKind::String { capacity: capacity.map(Box::new) });
        let array = word("array")
            .ignore_then(
                inner
                    .clone()
                    .then(second.clone().or_not())
                    .delimited_by(sym(Sym::LBracket), sym(Sym::RBracket)),
            )
            .map(|(elem, len)| TypeKind::Array { elem, len });
        let relocate = word("relocate")
            .ignore_then(inner.then(second).delimited_by(sym(Sym::LBracket), sym(Sym::RBracket)))
            .map(|(inner, addr)| TypeKind::Relocate { inner, addr });
        let base = choice((
            string,
            array,
            relocate,
            word("tuple").ignore_then(in_brackets.clone()).map(TypeKind::Tuple),
            word("alias").ignore_then(in_brackets.clone()).map(TypeKind::Alias),
            word("irq_safe").ignore_then(in_brackets).map(TypeKind::IrqSafe),
            just(Token::Error).to(TypeKind::Error),
            path().map(TypeKind::Named),
        ))
        .labelled(Label::Type)
        .map_with(|kind, e| TypeExpr { kind, span: e.span() });
        base.foldl_with(index.repeated(), |inner, addr, e| TypeExpr {
            kind: TypeKind::Mapped { inner: Box::new(inner), addr: Box::new(addr) },
            span: e.span(),
        })
        .boxed()
    })
    .boxed()
}

/// `Name` or `module.Name`.
pub fn path<'t, 's: 't>() -> impl Parser<'t, Tokens<'t, 's>, Path, Extra<'t, 's>> + Clone {
    let plain = ident().filter(|id| !CONSTRUCTORS.contains(&id.name.as_str()));
    plain.then(sym(Sym::Dot).ignore_then(ident()).or_not()).map_with(|(first, second), e| match second {
        Some(name) => Path { module: Some(first), name, span: e.span() },
        None => Path { module: None, name: first, span: e.span() },
    })
}
