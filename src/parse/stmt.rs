//! The grammar of lines: simple statements, headers and their blocks, wherever they stand.
//!
//! In: tokens. Out: `Row`s, one for each logical line, with the rows of its block. Invariant: a
//! line that cannot be read becomes one row without meaning, and its block is read all the same.
//! Not here: which lines may stand at module level, in a class or in a function, and what belongs
//! together (`if` with `else`, decorator with `def`); that is `build.rs`.

use super::decl::{self, ClassHead, FuncHead};
use super::errors::Label;
use super::recover::{Extra, Parse, Tokens, ident, inside, kw, rest_of_header, rest_of_line, sym};
use crate::base::source::Span;
use crate::syntax::ast::{
    AsmBlock, BinOp, Docstring, Expr, ExprKind, Ident, Import, Range, TypeExpr, Version,
};
use crate::syntax::ast::{Decorator, ModulePath, TypeKind};
use crate::syntax::token::{Kw, Sym, Token};
use chumsky::prelude::*;

/// One logical line, and the block below it.
#[derive(Clone, Debug)]
pub struct Row {
    pub kind: RowKind,
    /// The line without its block.
    pub head: Span,
    pub block: Option<Rows>,
}

/// A block.
#[derive(Clone, Debug)]
pub struct Rows {
    pub rows: Vec<Row>,
    pub span: Span,
}

impl Rows {
    /// True for the block that a header without one was given.
    pub fn is_supplied(&self) -> bool {
        match &self.rows[..] {
            [Row { kind: RowKind::Bad, .. }] => true,
            [Row { kind: RowKind::Expr(expr), .. }] => expr.kind == ExprKind::Error,
            _ => false,
        }
    }
}

/// The forms of a line.
#[derive(Clone, Debug)]
pub enum RowKind {
    Doc(Docstring),
    Module {
        path: ModulePath,
        version: Option<Version>,
    },
    Import(Import),
    Decorator(Decorator),
    Def(FuncHead),
    Class(ClassHead),
    If(Expr),
    Elif(Expr),
    Else,
    While(Expr),
    For {
        var: Ident,
        range: Range,
    },
    Pass,
    Ellipsis,
    Break,
    Continue,
    Return(Option<Expr>),
    Asm(AsmBlock),
    Expr(Expr),
    Assign {
        target: Expr,
        value: Expr,
    },
    AugAssign {
        target: Expr,
        op: BinOp,
        op_span: Span,
        value: Expr,
    },
    Decl {
        target: Expr,
        ty: TypeExpr,
        value: Option<Expr>,
    },
    /// Not readable; reported.
    Bad,
}

/// What follows the expression that begins a simple statement.
#[derive(Clone)]
enum Tail {
    Nothing,
    Assign(Expr),
    Augmented(BinOp, Span, Expr),
    Decl(TypeExpr, Option<Expr>),
}

/// All lines of a file.
pub fn file<'t, 's: 't>() -> Parse<'t, 's, Vec<Row>> {
    let expr = super::expr::expr();
    let ty = super::types::type_expr(expr.clone());
    let newline = just(Token::Newline).ignored();
    recursive(|row| {
        let simple = simple(expr.clone(), ty.clone());
        let indented = newline
            .clone()
            .ignore_then(just(Token::Indent))
            .ignore_then(row.clone().repeated().collect::<Vec<_>>())
            .then_ignore(just(Token::Dedent));
        let skipped_block = just(Token::Indent)
            .ignore_then(row.clone().repeated().collect::<Vec<_>>())
            .then_ignore(just(Token::Dedent))
            .boxed();
        // A simple statement with a ':' at its end, which is reported, may have a block. It is passed
        // over here: if the whole row failed, each block around it would be read twice.
        let plain = simple
            .map_with(|kind, e| Row { kind, head: e.span(), block: None })
            .then_ignore(newline.clone())
            .then_ignore(skipped_block.clone().or_not())
            .boxed();
        let inline = plain.clone().map(|row| vec![row]);
        let block =
            choice((indented.clone(), inline)).map_with(|rows, e| Rows { rows, span: e.span() }).boxed();
        let compound = header(expr, ty)
            .map_with(|kind, e| (kind, e.span()))
            .then_ignore(sym(Sym::Colon))
            .then(block.clone())
            .map(|((kind, head), block)| Row { kind, head, block: Some(block) });
        let dropped = just(Token::Error)
            .map_with(|_, e| e.span())
            .then_ignore(sym(Sym::Colon))
            .then(block)
            .map(|(head, block)| Row { kind: RowKind::Bad, head, block: Some(block) });
        let skipped = inside()
            .repeated()
            .at_least(1)
            .map_with(|(), e| e.span())
            .then_ignore(newline)
            .then(skipped_block.map_with(|rows, e| Rows { rows, span: e.span() }).or_not())
            .map(|(head, block)| Row { kind: RowKind::Bad, head, block });
        choice((compound, dropped, plain)).recover_with(via_parser(skipped)).boxed()
    })
    .repeated()
    .collect()
    .then_ignore(end())
    .boxed()
}

/// What stands before the colon of a block.
fn header<'t, 's: 't>(expr: Parse<'t, 's, Expr>, ty: Parse<'t, 's, TypeExpr>) -> Parse<'t, 's, RowKind> {
    let condition =
        expr.clone().then_ignore(sym(Sym::Colon).rewind()).recover_with(via_parser(rest_of_header())).boxed();
    let numbers =
        expr.separated_by(sym(Sym::Comma)).at_least(1).at_most(3).allow_trailing().collect::<Vec<_>>();
    let range = just(Token::Name("range"))
        .ignore_then(numbers.delimited_by(sym(Sym::LParen), sym(Sym::RParen)))
        .map_with(|numbers, e| range(numbers, e.span()));
    let counted = kw(Kw::For).ignore_then(ident()).then_ignore(kw(Kw::In)).then(range);
    choice((
        kw(Kw::If).ignore_then(condition.clone()).map(RowKind::If),
        kw(Kw::Elif).ignore_then(condition.clone()).map(RowKind::Elif),
        kw(Kw::Else).to(RowKind::Else),
        kw(Kw::While).ignore_then(condition).map(RowKind::While),
        counted.map(|(var, range)| RowKind::For { var, range }),
        decl::func_head(ty).map(RowKind::Def),
        decl::class_head().map(RowKind::Class),
    ))
    .boxed()
}

/// The range of one, two or three numbers.
fn range(mut numbers: Vec<Expr>, span: Span) -> Range {
    let step = if numbers.len() > 2 { numbers.pop() } else { None };
    match (numbers.pop(), numbers.pop()) {
        (Some(end), start) => Range { start, end, step, span },
        (None, _) => {
            Range { start: None, end: Expr { kind: crate::syntax::ast::ExprKind::Error, span }, step, span }
        }
    }
}

/// A statement without a block, up to but not including its NEWLINE.
fn simple<'t, 's: 't>(expr: Parse<'t, 's, Expr>, ty: Parse<'t, 's, TypeExpr>) -> Parse<'t, 's, RowKind> {
    let newline = just(Token::Newline).rewind();
    let value = expr.clone().then_ignore(newline).recover_with(via_parser(rest_of_line())).boxed();
    let assign = sym(Sym::Assign).ignore_then(value.clone());
    // A declaration with an unreadable type still declares its name.
    let after_type = choice((sym(Sym::Assign).ignored(), just(Token::Newline).ignored())).rewind();
    let declared = ty.then_ignore(after_type.clone()).recover_with(via_parser(bad_type(after_type)));
    let tail = choice((
        assign.clone().map(Tail::Assign),
        augmented().then(value.clone()).map(|((op, span), value)| Tail::Augmented(op, span, value)),
        sym(Sym::Colon).ignore_then(declared).then(assign.or_not()).map(|(ty, value)| Tail::Decl(ty, value)),
        empty().to(Tail::Nothing),
    ));
    let text = select! { Token::Text { text, lo } = e => (text, lo, e.span()) };
    let asm = just(Token::Name("__asm__"))
        .ignore_then(text.delimited_by(sym(Sym::LParen), sym(Sym::RParen)))
        .map(|(text, lo, span): (&str, u32, Span)| {
            let text_span = Span { lo, hi: lo + text.len() as u32, ..span };
            RowKind::Asm(AsmBlock { text: text.to_string(), text_span })
        });
    let words = select! {
        Token::Kw(Kw::Pass) => RowKind::Pass,
        Token::Kw(Kw::Break) => RowKind::Break,
        Token::Kw(Kw::Continue) => RowKind::Continue,
        Token::Sym(Sym::Ellipsis) => RowKind::Ellipsis,
    };
    let returned = just(Token::Newline).not().ignore_then(value).or_not();
    choice((
        words,
        kw(Kw::Return).ignore_then(returned).map(RowKind::Return),
        text.map(|(text, _, span): (&str, u32, Span)| {
            RowKind::Doc(Docstring { text: text.to_string(), span })
        }),
        asm,
        decl::import().map(RowKind::Import),
        decl::module_statement().map(|(path, version)| RowKind::Module { path, version }),
        decl::decorator(expr.clone()).map(RowKind::Decorator),
        expr.then(tail).map(|(target, tail)| match tail {
            Tail::Nothing => RowKind::Expr(target),
            Tail::Assign(value) => RowKind::Assign { target, value },
            Tail::Augmented(op, op_span, value) => RowKind::AugAssign { target, op, op_span, value },
            Tail::Decl(ty, value) => RowKind::Decl { target, ty, value },
        }),
    ))
    .labelled(Label::Statement)
    .boxed()
}

/// Passes over what stands in the place of a type.
fn bad_type<'t, 's: 't>(
    end: impl Parser<'t, Tokens<'t, 's>, (), Extra<'t, 's>> + Clone,
) -> impl Parser<'t, Tokens<'t, 's>, TypeExpr, Extra<'t, 's>> + Clone {
    inside()
        .and_is(end.not())
        .repeated()
        .at_least(1)
        .map_with(|(), e| TypeExpr { kind: TypeKind::Error, span: e.span() })
}

/// `+=` and its like.
fn augmented<'t, 's: 't>() -> impl Parser<'t, Tokens<'t, 's>, (BinOp, Span), Extra<'t, 's>> + Clone {
    select! {
        Token::Sym(Sym::PlusAssign) => BinOp::Add,
        Token::Sym(Sym::MinusAssign) => BinOp::Sub,
        Token::Sym(Sym::StarAssign) => BinOp::Mul,
        Token::Sym(Sym::SlashAssign) => BinOp::Div,
        Token::Sym(Sym::PercentAssign) => BinOp::Rem,
        Token::Sym(Sym::AmpAssign) => BinOp::And,
        Token::Sym(Sym::BarAssign) => BinOp::Or,
        Token::Sym(Sym::CaretAssign) => BinOp::Xor,
        Token::Sym(Sym::ShlAssign) => BinOp::Shl,
        Token::Sym(Sym::ShrAssign) => BinOp::Shr,
    }
    .map_with(|op, e| (op, e.span()))
    .labelled(Label::Operator)
}
