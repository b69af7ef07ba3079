//! The grammar of definitions: heads of functions and classes, decorators, `module`, imports.
//!
//! In: tokens. Out: the parts of the tree without their blocks. Invariant: an unreadable parameter
//! keeps its name and gets the type `Error`. Not here: the blocks (`stmt.rs`), where a definition
//! may stand (`build.rs`), and the check of versions (`version.rs`).

use super::errors::Fault;
use super::recover::{Extra, Parse, Tokens, ident, inside, kw, sym};
use super::types::path;
use super::version;
use crate::base::source::Span;
use crate::syntax::ast::{
    Decorator, Expr, Ident, Import, ModulePath, Param, Path, TypeExpr, TypeKind, Version,
};
use crate::syntax::token::{Kw, Sym, Token};
use chumsky::prelude::*;
use std::rc::Rc;

/// `def name(params) -> ret`.
#[derive(Clone, Debug)]
pub struct FuncHead {
    pub name: Ident,
    /// None when what follows the name is unreadable.
    pub signature: Option<Signature>,
}

/// Parameters and result.
pub type Signature = (Vec<Param>, Option<TypeExpr>);

/// `class Name(Parent)`.
#[derive(Clone, Debug)]
pub struct ClassHead {
    pub name: Ident,
    pub parents: Vec<Path>,
}

/// The head of a function, without the colon.
pub fn func_head<'t, 's: 't>(ty: Parse<'t, 's, TypeExpr>) -> Parse<'t, 's, FuncHead> {
    let param = ident()
        .then_ignore(sym(Sym::Colon))
        .then(ty.clone())
        .then_ignore(choice((sym(Sym::Comma), sym(Sym::RParen))).rewind())
        .map_with(|(name, ty), e| Param { name, ty, span: e.span() })
        .recover_with(via_parser(bad_param()));
    let signature = param
        .separated_by(sym(Sym::Comma))
        .allow_trailing()
        .collect::<Vec<_>>()
        .delimited_by(sym(Sym::LParen), sym(Sym::RParen))
        .then(sym(Sym::Arrow).ignore_then(ty).or_not())
        .then_ignore(sym(Sym::Colon).rewind())
        .map(Some)
        .recover_with(via_parser(bad_signature()));
    kw(Kw::Def)
        .ignore_then(ident())
        .then(signature)
        .map(|(name, signature)| FuncHead { name, signature })
        .boxed()
}

/// Passes over all up to the last colon of the line.
fn bad_signature<'t, 's: 't>() -> impl Parser<'t, Tokens<'t, 's>, Option<Signature>, Extra<'t, 's>> + Clone {
    let last = sym(Sym::Colon).then(just(Token::Newline));
    inside().and_is(last.clone().not()).repeated().then_ignore(last.rewind()).to(None)
}

/// Passes over a parameter up to the next comma or the end of the list.
fn bad_param<'t, 's: 't>() -> impl Parser<'t, Tokens<'t, 's>, Param, Extra<'t, 's>> + Clone {
    let stop = choice((sym(Sym::Comma), sym(Sym::RParen)));
    let skipped = inside().and_is(stop.not()).repeated().at_least(1);
    ident().rewind().or_not().then_ignore(skipped).map_with(|name, e| {
        let span: Span = e.span();
        let name = name.unwrap_or(Ident { name: "_".into(), span: span.start() });
        Param { name, ty: TypeExpr { kind: TypeKind::Error, span }, span }
    })
}

/// The head of a class, without the colon.
pub fn class_head<'t, 's: 't>() -> Parse<'t, 's, ClassHead> {
    let parents = path()
        .separated_by(sym(Sym::Comma))
        .allow_trailing()
        .collect::<Vec<_>>()
        .delimited_by(sym(Sym::LParen), sym(Sym::RParen));
    kw(Kw::Class)
        .ignore_then(ident())
        .then(parents.or_not())
        .map(|(name, parents)| ClassHead { name, parents: parents.unwrap_or_default() })
        .boxed()
}

/// `@name` or `@name(args)`.
pub fn decorator<'t, 's: 't>(expr: Parse<'t, 's, Expr>) -> Parse<'t, 's, Decorator> {
    let args = expr
        .separated_by(sym(Sym::Comma))
        .allow_trailing()
        .collect::<Vec<_>>()
        .delimited_by(sym(Sym::LParen), sym(Sym::RParen));
    sym(Sym::At)
        .ignore_then(ident())
        .then(args.or_not())
        .map_with(|(name, args), e| Decorator { name, args: args.unwrap_or_default(), span: e.span() })
        .boxed()
}

/// `module a.b@1.2`.
pub fn module_statement<'t, 's: 't>() -> Parse<'t, 's, (ModulePath, Option<Version>)> {
    let version = version_text().validate(|(text, span), _, faults| {
        version::version(&text, span).map_err(|why| faults.emit(Fault::version(span, why))).ok()
    });
    // `module` is an ordinary name elsewhere.
    just(Token::Name("module")).ignore_then(module_path()).then(version.or_not().map(Option::flatten)).boxed()
}

/// `from a.b@>=1.0 import x, y`.
pub fn import<'t, 's: 't>() -> Parse<'t, 's, Import> {
    let version = version_text().validate(|(text, span): (Rc<str>, Span), _, faults| {
        version::spec(&text, span).map_err(|why| faults.emit(Fault::version(span, why))).ok()
    });
    let names = ident().separated_by(sym(Sym::Comma)).at_least(1).collect::<Vec<_>>();
    let in_parens =
        names.clone().then_ignore(sym(Sym::Comma).or_not()).delimited_by(sym(Sym::LParen), sym(Sym::RParen));
    let listed = choice((
        sym(Sym::Star).map_with(|_, e| (Vec::new(), Some(e.span()))),
        in_parens.map(|names| (names, None)),
        names.map(|names| (names, None)),
        just(Token::Error).to((Vec::new(), None)),
    ));
    kw(Kw::From)
        .ignore_then(module_path())
        .then(version.or_not().map(Option::flatten))
        .then_ignore(kw(Kw::Import))
        .then(listed)
        .map_with(|((path, version), (names, wildcard)), e| Import {
            path,
            version,
            names,
            wildcard,
            span: e.span(),
        })
        .boxed()
}

/// A dotted name.
fn module_path<'t, 's: 't>() -> impl Parser<'t, Tokens<'t, 's>, ModulePath, Extra<'t, 's>> + Clone {
    ident()
        .separated_by(sym(Sym::Dot))
        .at_least(1)
        .collect()
        .map_with(|parts, e| ModulePath { parts, span: e.span() })
}

/// The text after `@`, with the place of the text.
fn version_text<'t, 's: 't>() -> impl Parser<'t, Tokens<'t, 's>, (Rc<str>, Span), Extra<'t, 's>> + Clone {
    select! { Token::Version(text) = e => (text, e.span()) }
        .map(|(text, span): (Rc<str>, Span)| (text, Span { lo: span.lo + 1, ..span }))
}
