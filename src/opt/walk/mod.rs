//! Walks through memory with pointers where the code would add a 16-bit index to an address each time.
//!
//! In: loops with a counter `k` that is moved by fixed steps, and places `base + k * n + offset`.
//! Out: pointers that start at the first place and move by `n` times those steps. When `k` is then
//! only counted and compared, the pointers are compared instead, and `k` goes.
//! Invariant: the same places in the same order.
//! Reading order: `web.rs` (what is counted from one counter), `plan.rs` (what is worth it and
//! allowed), `rewrite.rs`, `recover.rs` (numbers that are computed from pointers after that). Not here: indices of a byte, which stay in X and Y.

mod plan;
mod recover;
mod rewrite;
mod web;

use std::collections::{BTreeMap, BTreeSet};

use crate::mir::ir::{Func, Program, Value};
use crate::mir::loops::Loops;
use crate::mir::rewrite::remove_unreachable;
use crate::opt::walk::plan::{Plan, Promises};
use crate::opt::walk::web::{Facts, Web};
use crate::opt::{Level, Pass, Run};

pub const PASS: Pass =
    Pass { name: "walk", about: "walks through memory with pointers", run: Run::Program(run) };

/// How often all counters are looked at: the start of a pointer may be a place of an outer loop.
const ROUNDS: usize = 2;

fn run(program: &mut Program, _: Level) -> bool {
    let mut changed = false;
    let whole = program.entry.is_some();
    for id in program.funcs.ids() {
        if program.funcs[id].is_extern() {
            continue;
        }
        let mut func = std::mem::replace(&mut program.funcs[id], Func::new("", Vec::new(), None));
        remove_unreachable(&mut func);
        let mut promises = Promises { program, whole, made: BTreeMap::new() };
        for _ in 0..ROUNDS {
            // Each walk changes what the next one finds; a counter is not tried again.
            let mut tried = BTreeSet::new();
            let mut found = false;
            while let Some(plan) = find(&func, &mut tried, &mut promises) {
                rewrite::rewrite(&mut func, &plan);
                found = true;
            }
            changed |= found;
            if !found {
                break;
            }
        }
        while recover::run(&mut func) {
            changed = true;
        }
        for (global, highest) in promises.made {
            let known = &mut program.globals[global].highest;
            *known = Some(known.map_or(highest, |h| h.min(highest)));
        }
        program.funcs[id] = func;
    }
    changed
}

/// A walk that is worth it, of a counter not tried yet; outer loops first.
fn find(func: &Func, tried: &mut BTreeSet<Value>, promises: &mut Promises) -> Option<Plan> {
    if Loops::of(func).loops.is_empty() {
        return None;
    }
    let facts = Facts::new(func);
    for (id, l) in facts.loops.loops.enumerated() {
        for &root in &func.blocks[l.header].params {
            let mut plan = || Plan::new(&facts, Web::new(&facts, id, root)?, promises);
            if tried.insert(root)
                && let Some(plan) = plan()
            {
                return Some(plan);
            }
        }
    }
    None
}
