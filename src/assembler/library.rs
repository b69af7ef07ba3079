//! Run-time files: several separately linkable routines and data in one text.
//!
//! In: a prelude of shared constants, and the text of a file in `asm/`. Out: a chunk for each
//! `.routine NAME`, `.data NAME`, `.rodata NAME` (up to the next of these) and `.bss NAME, size [, align]`.
//! Labels belong to their chunk, except those that begin with `rt_`: these are global entry points.
//! A name that begins with `rt_` and is no constant refers to a global symbol, found at link time.

use crate::assembler::assemble::{assemble_statements, constants_of};
use crate::assembler::ast::{Expr, ExprKind, StmtKind};
use crate::assembler::expr::Value;
use crate::assembler::{AsmError, Facts, Options, Place, Resolver, lex, parse};
use crate::mos::item::{Item, Name};
use std::collections::BTreeMap;
use std::ops::Range;

/// What a chunk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChunkKind {
    Code,
    Data,
    RoData,
    /// So many bytes without an initial value.
    Bss(u16),
}

/// A separately linkable part of a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Chunk {
    pub name: Name,
    pub kind: ChunkKind,
    /// A power of two; code and data have their `.align` items besides.
    pub align: u16,
    pub items: Vec<Item>,
    pub references: Vec<(Name, Range<usize>)>,
    pub facts: Facts,
}

const GLOBAL_PREFIX: &str = "rt_";

struct Globals;

impl Resolver for Globals {
    fn interpolate(&self, _: &str) -> Option<Place> {
        None
    }
    fn name(&self, name: &str) -> Option<Place> {
        let global = || Place::Symbol { name: name.into(), addend: 0, zero_page: Some(false) };
        name.starts_with(GLOBAL_PREFIX).then(global)
    }
    fn export(&self, label: &str) -> Option<Name> {
        label.starts_with(GLOBAL_PREFIX).then(|| label.into())
    }
    fn paths(&self) -> Vec<String> {
        Vec::new()
    }
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Assembles a run-time file. Errors of the prelude have ranges in the prelude.
pub fn assemble_library(prelude: &str, text: &str) -> (Vec<Chunk>, Vec<AsmError>) {
    let mut errors = Vec::new();
    let prelude = parse::parse(&lex::lex(prelude, &mut errors), &mut errors);
    let (shared, mut faults) = constants_of(&prelude, &BTreeMap::new());
    errors.append(&mut faults);
    let statements = parse::parse(&lex::lex(text, &mut errors), &mut errors);
    let is_chunk = |kind: &StmtKind| matches!(kind, StmtKind::Chunk { .. });
    let first = statements.iter().position(|s| is_chunk(&s.kind)).unwrap_or(statements.len());
    let (head, mut rest) = statements.split_at(first);
    let (shared, mut faults) = constants_of(head, &shared);
    errors.append(&mut faults);
    let mut chunks = Vec::new();
    while let Some((start, tail)) = rest.split_first() {
        let end = tail.iter().position(|s| is_chunk(&s.kind)).unwrap_or(tail.len());
        let (body, next) = tail.split_at(end);
        rest = next;
        let StmtKind::Chunk { kind, symbol, size, align } = &start.kind else { continue };
        let align = align.as_ref().map_or(1, |align| alignment(align, &shared, &mut errors));
        let kind = match (kind.as_str(), size) {
            ("bss", Some(size)) => ChunkKind::Bss(bss_size(size, &shared, &mut errors)),
            ("bss", None) => {
                errors.push(AsmError::new(start.range.clone(), "Expected '.bss name, size'"));
                ChunkKind::Bss(0)
            }
            ("data", _) => ChunkKind::Data,
            ("rodata", _) => ChunkKind::RoData,
            _ => ChunkKind::Code,
        };
        let mut assembled = assemble_statements(body, Options::default(), &Globals, &shared);
        errors.append(&mut assembled.errors);
        let name = symbol.as_str().into();
        let (items, references, facts) = (assembled.items, assembled.references, assembled.facts);
        chunks.push(Chunk { name, kind, align, items, references, facts });
    }
    (chunks, errors)
}

fn alignment(align: &Expr, shared: &BTreeMap<String, Value>, errors: &mut Vec<AsmError>) -> u16 {
    let value = bss_size(align, shared, errors);
    if !value.is_power_of_two() {
        errors.push(AsmError::new(align.range.clone(), "An alignment is a power of two"));
        return 1;
    }
    value
}

fn bss_size(size: &Expr, shared: &BTreeMap<String, Value>, errors: &mut Vec<AsmError>) -> u16 {
    let value = match &size.kind {
        ExprKind::Number(n) => Some(*n),
        ExprKind::Name(name) => match shared.get(name) {
            Some(Value::Number(n)) => Some(*n),
            _ => None,
        },
        _ => None,
    };
    value.and_then(|n| u16::try_from(n).ok()).unwrap_or_else(|| {
        errors.push(AsmError::new(size.range.clone(), "The size is a number or a constant up to 65535"));
        0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mos::item::listing;

    #[test]
    fn a_file_is_cut_into_chunks() {
        let prelude = ".zp rt_a0 = 2";
        let text = "
        .const SIZE = 3
        .routine rt_one     // first
        loop: lda rt_a0
              bne loop
        rt_other: jmp rt_two
        .bss rt_buffer, SIZE
        .rodata rt_table
              .byte <rt_one, SIZE
        ";
        let (chunks, errors) = assemble_library(prelude, text);
        assert_eq!(errors, []);
        let names: Vec<_> = chunks.iter().map(|c| (c.name.as_str(), c.kind)).collect();
        let (code, ro) = (ChunkKind::Code, ChunkKind::RoData);
        assert_eq!(names, [("rt_one", code), ("rt_buffer", ChunkKind::Bss(3)), ("rt_table", ro)]);
        let expected = "L0:\n    lda $02\n    bne L0\nrt_other:\nL1:\n    jmp rt_two\n";
        assert_eq!(listing(&chunks[0].items), expected);
        assert_eq!(listing(&chunks[2].items), "    .byte <rt_one\n    .byte $03\n");
    }

    #[test]
    fn labels_of_another_chunk_are_unknown() {
        let (_, errors) = assemble_library("", ".routine a\nx: rts\n.routine b\njmp x");
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].message, "Unknown label 'x'");
    }
}
