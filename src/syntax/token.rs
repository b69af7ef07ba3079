//! The tokens of PyCo.
//!
//! In: made by `parse/lexer.rs`. Out: read by the grammar. Invariant: a token borrows nothing but
//! the text of its file and clones cheaply. Comments are no tokens. Not here: spans, which travel
//! beside the tokens, and how text becomes tokens.

use crate::syntax::ast::StrLit;
use std::rc::Rc;

/// The smallest unit of the grammar.
#[derive(Clone, PartialEq, Debug)]
pub enum Token<'s> {
    Name(&'s str),
    Int(u64),
    Float(f64),
    /// One literal; the grammar joins neighbours.
    Str(Rc<StrLit>),
    /// The text between triple quotes, and where it begins.
    Text {
        text: &'s str,
        lo: u32,
    },
    /// The text after `@` in a `module` or `from` line, without blanks.
    Version(Rc<str>),
    Kw(Kw),
    Sym(Sym),
    /// End of a logical line.
    Newline,
    /// Start of a block; without width.
    Indent,
    /// End of a block; without width.
    Dedent,
    /// A part that was reported already and reads as any expression.
    Error,
}

macro_rules! words {
    ($(#[$meta:meta])* $type:ident { $($name:ident $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $type { $($name,)+ }

        impl $type {
            /// All of them in the order of definition.
            pub const ALL: &'static [$type] = &[$($type::$name,)+];

            /// As written.
            pub fn text(self) -> &'static str {
                match self { $($type::$name => $text,)+ }
            }

            /// The one that is written so.
            pub fn from_text(text: &str) -> Option<$type> {
                match text { $($text => Some($type::$name),)+ _ => None }
            }
        }
    };
}

words! {
    /// Reserved words. Those after `Super` have no meaning in PyCo; they are reserved so that
    /// each can be answered with its own message.
    Kw {
        Def "def", Class "class", If "if", Elif "elif", Else "else", While "while", For "for",
        In "in", Return "return", Break "break", Continue "continue", Pass "pass",
        And "and", Or "or", Not "not", True "True", False "False",
        From "from", Import "import", SelfKw "self", Super "super",
        Lambda "lambda", Try "try", Except "except", Finally "finally", With "with",
        Async "async", Await "await", Yield "yield", Global "global", Nonlocal "nonlocal",
        Del "del", Assert "assert", Raise "raise", Is "is", As "as", None "None",
    }
}

words! {
    /// Operators and punctuation.
    Sym {
        LParen "(", RParen ")", LBracket "[", RBracket "]", LBrace "{", RBrace "}",
        Comma ",", Colon ":", Dot ".", Ellipsis "...", Arrow "->", At "@", Semicolon ";",
        Assign "=", Walrus ":=",
        Plus "+", Minus "-", Star "*", Slash "/", Percent "%", Amp "&", Bar "|", Caret "^",
        Tilde "~", Shl "<<", Shr ">>", Pow "**", FloorDiv "//",
        Eq "==", Ne "!=", Lt "<", Le "<=", Gt ">", Ge ">=",
        PlusAssign "+=", MinusAssign "-=", StarAssign "*=", SlashAssign "/=", PercentAssign "%=",
        AmpAssign "&=", BarAssign "|=", CaretAssign "^=", ShlAssign "<<=", ShrAssign ">>=",
    }
}

impl Token<'_> {
    /// How a message names the token.
    pub fn describe(&self) -> String {
        match self {
            Token::Name(name) => format!("'{name}'"),
            Token::Int(_) | Token::Float(_) => "this number".into(),
            Token::Str(_) => "this string".into(),
            Token::Text { .. } => "this text in triple quotes".into(),
            Token::Version(text) => format!("'@{text}'"),
            Token::Kw(kw) => format!("'{}'", kw.text()),
            Token::Sym(sym) => format!("'{}'", sym.text()),
            Token::Newline => "the end of the line".into(),
            Token::Indent => "this indented block".into(),
            Token::Dedent => "the end of the block".into(),
            Token::Error => "this".into(),
        }
    }

    /// True when an operand of an expression can end here.
    pub fn ends_operand(&self) -> bool {
        match self {
            Token::Name(_) | Token::Int(_) | Token::Float(_) | Token::Str(_) | Token::Text { .. } => true,
            Token::Error => true,
            Token::Kw(kw) => {
                matches!(kw, Kw::True | Kw::False | Kw::None | Kw::SelfKw | Kw::Super)
            }
            Token::Sym(sym) => matches!(sym, Sym::RParen | Sym::RBracket | Sym::RBrace | Sym::Ellipsis),
            Token::Version(_) | Token::Newline | Token::Indent | Token::Dedent => false,
        }
    }

    /// True when an operand of an expression can begin here, operators left aside.
    pub fn begins_operand(&self) -> bool {
        match self {
            Token::Name(_) | Token::Int(_) | Token::Float(_) | Token::Str(_) | Token::Text { .. } => true,
            Token::Error => true,
            Token::Kw(kw) => matches!(
                kw,
                Kw::True | Kw::False | Kw::None | Kw::SelfKw | Kw::Super | Kw::Lambda | Kw::Await | Kw::Yield
            ),
            _ => false,
        }
    }
}
