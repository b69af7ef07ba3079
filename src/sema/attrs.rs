//! Decorators of functions and classes.
//!
//! In: `ast::Decorator`s. Out: `Attrs`. Invariant: each decorator is checked for its name, its
//! arguments and where it stands; what is wrong is reported here and left out. Not here: what
//! follows for signature and body (`func.rs`).

use crate::base::codes;
use crate::base::diag::Diagnostic;
use crate::base::source::Span;
use crate::sema::check::Checker;
use crate::sema::hir::IrqKind;
use crate::sema::names::suggest_names;
use crate::syntax::ast::{Decorator, Expr};

/// What the decorators of a function say.
#[derive(Clone, Debug, Default)]
pub struct Attrs {
    pub forward: Option<Span>,
    pub mapped: Option<(u16, Span)>,
    pub naked: Option<Span>,
    pub relocate: Option<u16>,
    pub irq: Option<(IrqKind, Span)>,
    pub kernal: bool,
    pub noreturn: bool,
    pub origin: Option<u16>,
    pub charset_rom: Option<u16>,
    pub cartridge: bool,
    /// A decorator was reported; do not complain about what it may have meant.
    pub faulty: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Func,
    Main,
    Class,
}

/// Name, where it may stand, least and most arguments.
const DECORATORS: &[(&str, Target, usize, usize)] = &[
    ("forward", Target::Func, 0, 0),
    ("mapped", Target::Func, 1, 1),
    ("naked", Target::Func, 0, 0),
    ("relocate", Target::Func, 1, 1),
    ("irq", Target::Func, 0, 0),
    ("irq_raw", Target::Func, 0, 0),
    ("irq_hook", Target::Func, 0, 0),
    ("irq_helper", Target::Func, 0, 0),
    ("lowercase", Target::Main, 0, 0),
    ("kernal", Target::Main, 0, 0),
    ("noreturn", Target::Main, 0, 0),
    ("origin", Target::Main, 1, 1),
    ("charset_rom", Target::Main, 1, 1),
    ("cartridge", Target::Main, 0, 2),
    ("singleton", Target::Class, 0, 0),
];

/// A function has one decorator of each of these at most.
fn family(decorator: &Decorator) -> &str {
    match decorator.name.name.as_str() {
        "irq" | "irq_raw" | "irq_hook" | "irq_helper" => "irq",
        name => name,
    }
}

impl Checker<'_> {
    /// The attributes of a function; `main` for the function `main`.
    pub fn function_attributes(&mut self, decorators: &[Decorator], main: bool) -> Attrs {
        let mut attrs = Attrs::default();
        for (at, decorator) in decorators.iter().enumerate() {
            if !self.placed_right(decorator, if main { Target::Main } else { Target::Func }) {
                attrs.faulty = true;
                continue;
            }
            if let Some(first) = decorators[..at].iter().find(|first| family(first) == family(decorator)) {
                self.repeated(first, decorator);
                continue;
            }
            self.apply(&mut attrs, decorator);
        }
        self.exclude(&attrs);
        attrs
    }

    /// Whether a class is a singleton.
    pub fn class_is_singleton(&mut self, decorators: &[Decorator]) -> bool {
        let mut singleton = false;
        for decorator in decorators {
            singleton |= self.placed_right(decorator, Target::Class);
        }
        singleton
    }

    fn repeated(&mut self, first: &Decorator, second: &Decorator) {
        let (a, b) = (&first.name.name, &second.name.name);
        let text = match a == b {
            true => format!("@{a} stands here twice"),
            false => format!("a handler cannot be both @{a} and @{b}"),
        };
        let error = Diagnostic::error(codes::DECORATOR_MISUSE, second.span, text);
        self.report(error.also(first.span, "the first one").help("leave one of them out"));
    }

    fn placed_right(&mut self, decorator: &Decorator, target: Target) -> bool {
        let name = decorator.name.name.as_str();
        let span = decorator.name.span;
        let Some((_, wanted, least, most)) = DECORATORS.iter().find(|(n, ..)| *n == name) else {
            let error =
                Diagnostic::error(codes::UNKNOWN_DECORATOR, span, format!("unknown decorator '@{name}'"));
            let error = suggest_names(error, name, span, DECORATORS.iter().map(|(n, ..)| *n));
            self.report(error);
            return false;
        };
        let fault = match (wanted, target) {
            (Target::Main, Target::Func | Target::Class) => Some("stands on the function main only"),
            (Target::Class, Target::Func | Target::Main) => Some("stands on classes only"),
            (Target::Func, Target::Class) => Some("stands on functions only"),
            (Target::Func, Target::Main) if name != "relocate" => Some("cannot stand on main"),
            _ => None,
        };
        if let Some(fault) = fault {
            self.decorator_misuse(span, &format!("@{name} {fault}"));
            return false;
        }
        let given = decorator.args.len();
        if !(*least..=*most).contains(&given) {
            let text = match (least, most) {
                (0, 0) => format!("@{name} takes no arguments"),
                (1, 1) => format!("@{name} takes one argument, an address"),
                _ => format!("@{name} takes at most {most} arguments"),
            };
            self.decorator_misuse(decorator.span, &text);
            return false;
        }
        true
    }

    fn apply(&mut self, attrs: &mut Attrs, decorator: &Decorator) {
        let span = decorator.span;
        let args = &decorator.args;
        match decorator.name.name.as_str() {
            "forward" => attrs.forward = Some(span),
            "naked" => attrs.naked = Some(span),
            "irq" => attrs.irq = Some((IrqKind::Irq, span)),
            "irq_raw" => attrs.irq = Some((IrqKind::Raw, span)),
            "irq_hook" => attrs.irq = Some((IrqKind::Hook, span)),
            "irq_helper" => attrs.irq = Some((IrqKind::Helper, span)),
            "kernal" => attrs.kernal = true,
            "noreturn" => attrs.noreturn = true,
            "mapped" => match self.first_address(args) {
                Some(addr) => attrs.mapped = Some((addr, span)),
                None => attrs.faulty = true,
            },
            "relocate" => attrs.relocate = self.first_address(args),
            "origin" => attrs.origin = self.origin(args),
            "charset_rom" => attrs.charset_rom = self.first_address(args),
            "cartridge" => attrs.cartridge = self.cartridge(args),
            _ => {}
        }
    }

    fn first_address(&mut self, args: &[Expr]) -> Option<u16> {
        args.first().and_then(|addr| self.constant_address(addr))
    }

    /// An address at which a program can start.
    fn origin(&mut self, args: &[Expr]) -> Option<u16> {
        let addr = self.first_address(args)?;
        let place = match addr {
            0..0x0200 => "on the zero page or the stack",
            0xD000..0xE000 => "under the I/O area ($D000-$DFFF)",
            _ => return Some(addr),
        };
        self.decorator_misuse(args.first()?.span, &format!("no program can run at ${addr:04X}, {place}"));
        None
    }

    /// The mode and the stack of `@cartridge`, which are checked and change nothing.
    fn cartridge(&mut self, args: &[Expr]) -> bool {
        if let Some(mode) = args.first()
            && let Some(value) = self.constant_int(mode)
            && !matches!(value, 8 | -8 | 16)
        {
            self.decorator_misuse(mode.span, "the mode of @cartridge is 8, -8 or 16");
        }
        if let Some(stack) = args.get(1)
            && self.constant_address(stack).is_some()
        {
            let text = "the stack address of @cartridge has no effect";
            self.report(
                Diagnostic::warning(codes::NO_EFFECT, stack.span, text)
                    .help("leave it out; the compiler places the stack beside its other data"),
            );
        }
        true
    }

    /// Reports decorators that contradict each other.
    fn exclude(&mut self, attrs: &Attrs) {
        if let (Some((_, span)), Some(_)) = (attrs.irq, attrs.mapped) {
            self.decorator_misuse(span, "an interrupt handler cannot be @mapped");
        }
        if let (Some((_, span)), Some(_)) = (attrs.irq, attrs.naked) {
            self.decorator_misuse(span, "an interrupt handler cannot be @naked");
        }
        if let (Some((_, span)), true) = (attrs.mapped, attrs.naked.is_some() || attrs.relocate.is_some()) {
            self.decorator_misuse(
                span,
                "@mapped code is not part of the program; @naked and @relocate do not fit",
            );
        }
    }

    /// Reports a decorator that is used wrongly.
    pub fn decorator_misuse(&mut self, span: Span, text: &str) {
        self.report(Diagnostic::error(codes::DECORATOR_MISUSE, span, text));
    }
}
