//! Decides which one-byte webs live in X or Y.
//!
//! By price: the function is emitted with and without, and the cheaper one stays. Cycles are
//! weighted with how often each block runs, so loop counters and indices win. The emission is right
//! for every choice, so nothing here can make wrong code.

use std::collections::HashSet;

use crate::codegen::emit::{Context, Emitted, emit};
use crate::codegen::lir::{Dst, Mem, Op, Src, Test, Vb};
use crate::codegen::mach::{MInst, liveness, price};
use crate::codegen::webs::Home;
use crate::mos::effects::Effects;

/// Instructions emitted in all trials of one function, at most; keeps large functions fast.
const TRIAL_BUDGET: usize = 60_000;
/// Times that all choices are looked at again.
const MORE_ROUNDS: usize = 2;
/// Webs that are tried at most.
const MAX_CANDIDATES: usize = 20;

/// Chooses the homes and returns the code for them.
pub fn choose(ctx: &Context<'_>, at_return: Effects, enabled: bool) -> Emitted {
    let homes = vec![Home::Cell; ctx.webs.count + 1];
    let best = finished(ctx, &homes, at_return, enabled);
    if !enabled {
        return best;
    }
    let best_price = total(&best.code, ctx.small);
    let tried = HashSet::from([homes.clone()]);
    let mut search = Search { ctx, at_return, homes, best, best_price, budget: TRIAL_BUDGET, tried };
    let candidates = candidates(ctx);
    candidates.iter().for_each(|web| search.improve(*web, false));
    // What was good alone may stand in the way of something better.
    for _ in 0..MORE_ROUNDS {
        let before = search.best_price;
        candidates.iter().for_each(|web| search.improve(*web, true));
        if search.best_price == before {
            break;
        }
    }
    search.best
}

/// The best choice so far.
struct Search<'a, 'b> {
    ctx: &'a Context<'b>,
    at_return: Effects,
    homes: Vec<Home>,
    best: Emitted,
    best_price: f64,
    budget: usize,
    /// What was tried, and need not be again: it is the best choice or dearer.
    tried: HashSet<Vec<Home>>,
}

impl Search<'_, '_> {
    /// Tries the other homes for a web; with `evict` also those that others have to leave for it.
    fn improve(&mut self, web: usize, evict: bool) {
        let mut winner = None;
        for home in [Home::Cell, Home::X, Home::Y] {
            let clashing: Vec<usize> = (0..self.ctx.webs.count)
                .filter(|&w| home != Home::Cell && self.homes[w] == home && self.ctx.webs.interfere(w, web))
                .collect();
            let tried = home == self.homes[web] || !evict && !clashing.is_empty();
            if tried || self.budget < self.best.code.len() {
                continue;
            }
            self.budget -= self.best.code.len();
            let mut homes = self.homes.clone();
            clashing.into_iter().for_each(|w| homes[w] = Home::Cell);
            homes[web] = home;
            if !self.tried.insert(homes.clone()) {
                continue;
            }
            let trial = finished(self.ctx, &homes, self.at_return, true);
            let price = total(&trial.code, self.ctx.small);
            if price < self.best_price - 1e-6 {
                self.best_price = price;
                winner = Some((homes, trial));
            }
        }
        if let Some((homes, trial)) = winner {
            self.homes = homes;
            self.best = trial;
        }
    }
}

fn finished(ctx: &Context<'_>, homes: &[Home], at_return: Effects, clean: bool) -> Emitted {
    let mut emitted = emit(ctx, homes);
    if clean {
        liveness::remove_dead(&mut emitted.code, emitted.cells, at_return);
    }
    emitted
}

/// The price of code: cycles first, bytes as a tie-break; the other way round for small code.
fn total(code: &[MInst], small: bool) -> f64 {
    code.iter()
        .map(|inst| {
            let cost = price(inst);
            let (cycles, bytes) = (f64::from(cost.cycles) * inst.weight, f64::from(cost.bytes));
            if small { bytes * 64.0 + cycles } else { cycles + bytes * 0.05 }
        })
        .sum()
}

/// The webs worth trying, the most promising first.
fn candidates(ctx: &Context<'_>) -> Vec<usize> {
    let mut score = vec![0.0f64; ctx.webs.count];
    let mut allowed = vec![true; ctx.webs.count];
    for (reg, data) in ctx.func.regs.enumerated() {
        if data.bytes != 1 {
            allowed[ctx.webs.of(reg)] = false;
        }
    }
    for block in ctx.func.blocks.iter() {
        let w = block.weight;
        for inst in &block.insts {
            inst.op.for_each_use(&mut |v| add(ctx, &mut score, v, w));
            inst.op.for_each_def(&ctx.func.regs, &mut |v| add(ctx, &mut score, v, w));
            for_each_mem(&inst.op, &mut |mem| index(ctx, &mut score, mem, 3.0 * w));
            if let Op::Add { a, b, d, .. } = &inst.op
                && let ([Src::V(v)], [Src::Imm(1 | 0xff)], [Dst::V(_)]) = (&a[..], &b[..], &d[..])
            {
                add(ctx, &mut score, *v, 3.0 * w);
            }
        }
        block.term.for_each_use(&mut |v| add(ctx, &mut score, v, w));
        if let crate::codegen::lir::LTerm::Branch { test, .. } = &block.term {
            let sources: Vec<&Src> = match test {
                Test::Cmp { a, b, .. } => a.iter().chain(b).collect(),
                Test::NonZero { bytes, .. } => bytes.iter().collect(),
                Test::ShiftedOut { .. } => Vec::new(),
            };
            for s in sources {
                if let Src::Mem(mem) = s {
                    index(ctx, &mut score, mem, 3.0 * w);
                }
            }
        }
    }
    let mut webs: Vec<usize> = (0..ctx.webs.count).filter(|w| allowed[*w] && score[*w] > 0.0).collect();
    webs.sort_by(|a, b| score[*b].total_cmp(&score[*a]).then(a.cmp(b)));
    webs.truncate(MAX_CANDIDATES);
    webs
}

fn add(ctx: &Context<'_>, score: &mut [f64], v: Vb, by: f64) {
    if let Some(s) = score.get_mut(ctx.webs.of(v.reg)) {
        *s += by;
    }
}

fn index(ctx: &Context<'_>, score: &mut [f64], mem: &Mem, by: f64) {
    if let Some(v) = mem.index {
        add(ctx, score, v, by);
    }
}

fn for_each_mem(op: &Op, f: &mut dyn FnMut(&Mem)) {
    let src = |s: &Src, f: &mut dyn FnMut(&Mem)| {
        if let Src::Mem(mem) = s {
            f(mem);
        }
    };
    let dst = |d: &Dst, f: &mut dyn FnMut(&Mem)| {
        if let Dst::Mem(mem) = d {
            f(mem);
        }
    };
    match op {
        Op::Move { d, s } | Op::SignFill { d, s } => {
            src(s, f);
            dst(d, f);
        }
        Op::Add { d, a, b, .. } => {
            a.iter().chain(b).for_each(|s| src(s, f));
            d.iter().for_each(|d| dst(d, f));
        }
        Op::Logic { d, a, b, .. } => {
            src(a, f);
            src(b, f);
            dst(d, f);
        }
        _ => {}
    }
}
