//! The grammar of expressions.
//!
//! In: tokens. Out: `Expr`. Invariant: precedence is Python's; an unreadable bracket becomes one
//! `Error` node. Foreign constructs are gone when this runs. Not here: which expressions may stand
//! where (statements, `sema`).

use super::errors::Label;
use super::recover::{Extra, Parse, Tokens, inside, sym};
use crate::base::source::Span;
use crate::syntax::ast::{BinOp, CompareOp, Expr, ExprKind, Ident, LogicOp, StrKind, StrLit, UnaryOp};
use crate::syntax::token::{Kw, Sym, Token};
use chumsky::pratt::{infix, left, postfix, prefix, right};
use chumsky::prelude::*;
use std::rc::Rc;

/// What follows an operand.
enum Suffix {
    Attr(Ident),
    Call(Vec<Expr>),
    Index(Expr),
}

/// Any expression.
pub fn expr<'t, 's: 't>() -> Parse<'t, 's, Expr> {
    recursive(|expr| {
        let operand = atom(expr.clone());
        // One `select!` for each level, because every operand is followed by a try of each.
        macro_rules! operators {
            ($($token:pat => $op:expr),+ $(,)?) => {
                select! { $($token = e => ($op, e.span())),+ }
            };
        }
        // The closures stand inside the tuple because their types cannot be inferred elsewhere.
        macro_rules! binary_level {
            ($assoc:expr, $ops:expr) => {
                infix($assoc, $ops, |l, (op, op_span): (BinOp, Span), r, e| Expr {
                    kind: ExprKind::Binary { op, op_span, left: Box::new(l), right: Box::new(r) },
                    span: e.span(),
                })
            };
        }
        macro_rules! logic_level {
            ($assoc:expr, $ops:expr) => {
                infix($assoc, $ops, |l, (op, op_span): (LogicOp, Span), r, e| Expr {
                    kind: ExprKind::Logic { op, op_span, left: Box::new(l), right: Box::new(r) },
                    span: e.span(),
                })
            };
        }
        macro_rules! unary_level {
            ($power:expr, $ops:expr) => {
                prefix($power, $ops, |op: UnaryOp, operand, e| Expr {
                    kind: ExprKind::Unary { op, operand: Box::new(operand) },
                    span: e.span(),
                })
            };
        }
        operand
            .pratt((
                logic_level!(left(1), operators! { Token::Kw(Kw::Or) => LogicOp::Or }),
                logic_level!(left(2), operators! { Token::Kw(Kw::And) => LogicOp::And }),
                unary_level!(3, select! { Token::Kw(Kw::Not) => UnaryOp::Not }),
                infix(
                    left(4),
                    operators! {
                        Token::Sym(Sym::Eq) => CompareOp::Eq,
                        Token::Sym(Sym::Ne) => CompareOp::Ne,
                        Token::Sym(Sym::Lt) => CompareOp::Lt,
                        Token::Sym(Sym::Le) => CompareOp::Le,
                        Token::Sym(Sym::Gt) => CompareOp::Gt,
                        Token::Sym(Sym::Ge) => CompareOp::Ge,
                    },
                    |l, (op, op_span): (CompareOp, Span), r, e| Expr {
                        kind: ExprKind::Compare { op, op_span, left: Box::new(l), right: Box::new(r) },
                        span: e.span(),
                    },
                ),
                binary_level!(left(5), operators! { Token::Sym(Sym::Bar) => BinOp::Or }),
                binary_level!(left(6), operators! { Token::Sym(Sym::Caret) => BinOp::Xor }),
                binary_level!(left(7), operators! { Token::Sym(Sym::Amp) => BinOp::And }),
                binary_level!(
                    left(8),
                    operators! { Token::Sym(Sym::Shl) => BinOp::Shl, Token::Sym(Sym::Shr) => BinOp::Shr }
                ),
                binary_level!(
                    left(9),
                    operators! { Token::Sym(Sym::Plus) => BinOp::Add, Token::Sym(Sym::Minus) => BinOp::Sub }
                ),
                binary_level!(
                    left(10),
                    operators! {
                        Token::Sym(Sym::Star) => BinOp::Mul,
                        Token::Sym(Sym::Slash) => BinOp::Div,
                        Token::Sym(Sym::Percent) => BinOp::Rem,
                    }
                ),
                unary_level!(
                    11,
                    select! {
                        Token::Sym(Sym::Minus) => UnaryOp::Neg,
                        Token::Sym(Sym::Plus) => UnaryOp::Plus,
                        Token::Sym(Sym::Tilde) => UnaryOp::Invert,
                    }
                ),
                binary_level!(right(12), operators! { Token::Sym(Sym::Pow) => BinOp::Pow }),
                postfix(13, suffix(expr), |base, suffix: Suffix, e| {
                    let base = Box::new(base);
                    let kind = match suffix {
                        Suffix::Attr(name) => ExprKind::Attr { base, name },
                        Suffix::Call(args) => ExprKind::Call { callee: base, args },
                        Suffix::Index(index) => ExprKind::Index { base, index: Box::new(index) },
                    };
                    Expr { kind, span: e.span() }
                }),
            ))
            .boxed()
    })
    .boxed()
}

/// Literals, names, and what stands in brackets.
fn atom<'t, 's: 't>(
    expr: impl Parser<'t, Tokens<'t, 's>, Expr, Extra<'t, 's>> + Clone + 't,
) -> Parse<'t, 's, Expr> {
    let word = select! {
        Token::Name(name) => ExprKind::Name(name.to_string()),
        Token::Int(value) => ExprKind::Int(value),
        Token::Float(value) => ExprKind::Float(value),
        Token::Kw(Kw::True) => ExprKind::Bool(true),
        Token::Kw(Kw::False) => ExprKind::Bool(false),
        Token::Kw(Kw::SelfKw) => ExprKind::SelfRef,
        Token::Kw(Kw::Super) => ExprKind::SuperRef,
        Token::Error => ExprKind::Error,
    };
    let string = select! { Token::Str(literal) => literal }
        .repeated()
        .at_least(1)
        .collect::<Vec<Rc<StrLit>>>()
        .map(|literals| ExprKind::Str(join(&literals)));
    let items = expr
        .clone()
        .separated_by(sym(Sym::Comma))
        .collect::<Vec<_>>()
        .then(sym(Sym::Comma).or_not())
        .delimited_by(sym(Sym::LParen), sym(Sym::RParen))
        .map(|(mut items, comma)| match (items.len(), comma) {
            (1, None) => ExprKind::Paren(Box::new(items.remove(0))),
            _ => ExprKind::Tuple(items),
        })
        .recover_with(via_parser(nested(Sym::LParen, |_| ExprKind::Error)));
    let fill = expr
        .delimited_by(sym(Sym::LBracket), sym(Sym::RBracket))
        .map(|value| ExprKind::Fill(Box::new(value)))
        .recover_with(via_parser(nested(Sym::LBracket, |_| ExprKind::Error)));
    choice((word, string, items, fill))
        .labelled(Label::Value)
        .map_with(|kind, e| Expr { kind, span: e.span() })
        .boxed()
}

/// `.name`, `(args)`, `[index]`.
fn suffix<'t, 's: 't>(
    expr: impl Parser<'t, Tokens<'t, 's>, Expr, Extra<'t, 's>> + Clone + 't,
) -> Parse<'t, 's, Suffix> {
    let error = |span| Expr { kind: ExprKind::Error, span };
    let attr = sym(Sym::Dot).ignore_then(super::recover::ident()).map(Suffix::Attr);
    let call = expr
        .clone()
        .separated_by(sym(Sym::Comma))
        .allow_trailing()
        .collect::<Vec<_>>()
        .delimited_by(sym(Sym::LParen), sym(Sym::RParen))
        .recover_with(via_parser(nested(Sym::LParen, move |span| vec![error(span)])))
        .map(Suffix::Call);
    let index = expr
        .delimited_by(sym(Sym::LBracket), sym(Sym::RBracket))
        .recover_with(via_parser(nested(Sym::LBracket, error)))
        .map(Suffix::Index);
    choice((attr, call, index)).labelled(Label::Operator).boxed()
}

/// Passes over a bracket with all that it holds. Brackets balance in every line.
fn nested<'t, 's: 't, O: 't>(
    open: Sym,
    value: impl Fn(Span) -> O + Clone + 't,
) -> impl Parser<'t, Tokens<'t, 's>, O, Extra<'t, 's>> + Clone {
    let opening = select! { Token::Sym(Sym::LParen | Sym::LBracket | Sym::LBrace) => () };
    let closing = select! { Token::Sym(Sym::RParen | Sym::RBracket | Sym::RBrace) => () };
    let content = recursive(|content| {
        let group = opening.ignore_then(content).then_ignore(closing);
        let other = inside().and_is(opening.not()).and_is(closing.not());
        group.or(other).repeated()
    });
    sym(open).ignore_then(content).then_ignore(closing).map_with(move |(), e| value(e.span()))
}

/// Neighbouring literals are one; the first decides the code table.
fn join(literals: &[Rc<StrLit>]) -> StrLit {
    let kind = match literals {
        [only] => only.kind,
        _ if literals.iter().any(|l| l.kind == StrKind::Screen) => StrKind::Screen,
        _ => StrKind::Petscii,
    };
    StrLit { kind, parts: literals.iter().flat_map(|l| l.parts.iter().copied()).collect() }
}
