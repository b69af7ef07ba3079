//! Places the blocks of long code so that branches reach.
//!
//! In: finished code. Out: the same blocks in an order in which less time (or, for size, less room)
//! goes into jumps and into branches beyond 127 bytes, which the linker turns into a branch around a
//! `jmp`: a loop's end stands between the ways that lead to it. Invariant: every path executes the
//! same instructions, jumps aside, and the first block stays first.
//! By local search: parts between places where control does not fall through, or seldom, are moved
//! as long as the estimate falls. Not here: code whose branches all reach, which stays as it is.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::codegen::mach::{Arg, Label, MInst, MKind, flow, price};
use crate::mos::cost::Cost;
use crate::mos::inst::Mnemonic;

/// How far a branch reaches, less what is not known yet: cells beyond zero page.
const REACH: i32 = 124;
/// Bytes of a `jmp`, its cycles, and what a long branch has more.
const JUMP: i32 = 3;
/// Cycles of a branch that is taken, and of one that is not.
const TAKEN: f64 = 3.0;
const PASSED: f64 = 2.0;
/// A byte counts as so many cycles of a call.
const BYTE: f64 = 0.2;
/// A loop is taken to run so often each time it is entered.
const ROUNDS: f64 = 10.0;
/// Control that falls through at most this part of the hottest block's runs may be parted.
const SELDOM: f64 = 0.5;
/// An order is taken when it saves this part of the cycles, or for size so many bytes.
const WORTH: f64 = 0.005;
const WORTH_BYTES: i32 = 3;
/// Blocks looked at before the search ends.
const BUDGET: usize = 400_000;

/// Where a block goes on.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Exit {
    Leaves,
    To(usize),
    /// To the first when the condition of the mnemonic holds, else to the second.
    Branch(Mnemonic, usize, usize),
}

/// A block: its labels, its instructions without the jump at the end.
struct Block {
    range: Range<usize>,
    /// Its last instruction, the jump included.
    last: usize,
    bytes: i32,
    cycles: u32,
    exit: Exit,
    /// How often each way out is taken in a call: the one of a jump or a held condition, the other.
    runs: [f64; 2],
}

impl Block {
    fn total(&self) -> f64 {
        self.runs[0] + self.runs[1]
    }
}

/// Reorders the code if a branch does not reach; true when something changed.
pub fn run(code: &mut Vec<MInst>, small: bool) -> bool {
    if code.iter().any(|i| matches!(i.kind, MKind::Asm(_)))
        || code.iter().map(|i| price(i).bytes).sum::<u32>() < 128
    {
        return false;
    }
    let Some(blocks) = blocks(code) else { return false };
    let mut search = Search { blocks: &blocks, small, budget: BUDGET };
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    let before = search.price(&order);
    if !before.far {
        return false;
    }
    let mut best = before;
    while let Some((better, lower)) = search.improve(&order, &best) {
        (order, best) = (better, lower);
    }
    let all: f64 = blocks.iter().map(|b| b.total() * f64::from(b.cycles)).sum();
    let faster = before.cycles - best.cycles >= (all + before.cycles) * WORTH;
    let smaller = before.bytes - best.bytes;
    let worth = if small { smaller >= WORTH_BYTES || smaller >= 0 && faster } else { faster };
    if !worth {
        return false;
    }
    *code = rebuilt(code, &blocks, &order);
    true
}

/// The blocks with their ways out; `None` when control leaves the end of the code.
fn blocks(code: &[MInst]) -> Option<Vec<Block>> {
    let flow = flow::of(code);
    // Labels in a row belong to the block behind them.
    let mut starts: Vec<Range<usize>> = Vec::new();
    let mut from = None;
    for range in &flow.blocks {
        let start = *from.get_or_insert(range.start);
        if code[range.end - 1].label().is_none() {
            starts.push(start..range.end);
            from = None;
        }
    }
    if from.is_some() {
        return None;
    }
    let mut at_label: BTreeMap<Label, usize> = BTreeMap::new();
    for (b, range) in starts.iter().enumerate() {
        for label in code[range.clone()].iter().map_while(MInst::label) {
            at_label.insert(label, b);
        }
    }
    let mut blocks = Vec::new();
    for (b, range) in starts.into_iter().enumerate() {
        let last = range.end - 1;
        let target = code[last].target().and_then(|label| at_label.get(&label).copied());
        let (exit, end) = match code[last].inst() {
            Some((mnemonic, _)) if mnemonic.is_branch() => (Exit::Branch(mnemonic, target?, b + 1), last),
            Some((Mnemonic::Jmp, Arg::Label(_))) => (Exit::To(target?), last),
            _ if code[last].ends_flow() => (Exit::Leaves, range.end),
            _ => (Exit::To(b + 1), range.end),
        };
        let range = range.start..end;
        let Cost { bytes, cycles } = code[range.clone()].iter().map(price).sum();
        blocks.push(Block { range, last, bytes: bytes as i32, cycles, exit, runs: [0.0; 2] });
    }
    let falls_out = |b: &Block| matches!(b.exit, Exit::To(t) | Exit::Branch(_, _, t) if t >= blocks.len());
    if blocks.iter().any(falls_out) {
        return None;
    }
    estimate(code, &mut blocks);
    Some(blocks)
}

/// How often each way out of each block is taken, from the depth of loops.
fn estimate(code: &[MInst], blocks: &mut [Block]) {
    let weight = |b: &Block| code[b.range.start..=b.last].iter().map(|i| i.weight).fold(1.0, f64::max);
    let weights: Vec<f64> = blocks.iter().map(weight).collect();
    let mut runs = vec![0.0; blocks.len()];
    let mut header = vec![false; blocks.len()];
    for (b, block) in blocks.iter().enumerate() {
        let (Exit::To(t) | Exit::Branch(_, t, _)) = block.exit else { continue };
        header[t] |= t <= b;
    }
    runs[0] = 1.0;
    for b in 0..blocks.len() {
        if header[b] {
            runs[b] *= ROUNDS;
        }
        let out = match blocks[b].exit {
            Exit::Leaves => [0.0; 2],
            Exit::To(_) => [runs[b], 0.0],
            // A way that leaves a loop is taken as seldom as what stands outside.
            Exit::Branch(_, to, next) => {
                let part = weights[to] / (weights[to] + weights[next]);
                [runs[b] * part, runs[b] * (1.0 - part)]
            }
        };
        blocks[b].runs = out;
        if let Exit::To(to) | Exit::Branch(_, to, _) = blocks[b].exit
            && to > b
        {
            runs[to] += out[0];
        }
        if let Exit::Branch(_, _, next) = blocks[b].exit
            && next > b
        {
            runs[next] += out[1];
        }
    }
}

/// What an order costs: jumps and branches in cycles, everything in bytes.
#[derive(Clone, Copy)]
struct Price {
    cycles: f64,
    bytes: i32,
    /// A branch does not reach.
    far: bool,
}

impl Price {
    /// The number that the search makes small.
    fn sum(&self, small: bool) -> f64 {
        match small {
            true => f64::from(self.bytes) + self.cycles * 1e-6,
            false => self.cycles + f64::from(self.bytes) * BYTE,
        }
    }
}

struct Search<'a> {
    blocks: &'a [Block],
    small: bool,
    budget: usize,
}

/// How a block ends in an order of the blocks: a branch to a block (or its opposite), a jump to one.
#[derive(Clone, Copy, Default)]
struct Ending {
    branch: Option<(usize, bool)>,
    jump: Option<usize>,
}

/// The end of a block that `next` follows.
fn ending(block: &Block, next: Option<usize>) -> Ending {
    match block.exit {
        Exit::Leaves => Ending::default(),
        Exit::To(to) => Ending { branch: None, jump: (next != Some(to)).then_some(to) },
        Exit::Branch(_, to, other) if next == Some(other) => Ending { branch: Some((to, false)), jump: None },
        Exit::Branch(_, to, other) if next == Some(to) => Ending { branch: Some((other, true)), jump: None },
        Exit::Branch(_, to, other) if block.runs[0] >= block.runs[1] => {
            Ending { branch: Some((to, false)), jump: Some(other) }
        }
        Exit::Branch(_, to, other) => Ending { branch: Some((other, true)), jump: Some(to) },
    }
}

impl Search<'_> {
    fn price(&mut self, order: &[usize]) -> Price {
        self.budget = self.budget.saturating_sub(order.len());
        let ends: Vec<Ending> = order
            .iter()
            .enumerate()
            .map(|(at, b)| ending(&self.blocks[*b], order.get(at + 1).copied()))
            .collect();
        let mut long = vec![false; order.len()];
        let mut places = vec![0; order.len()];
        // Where each block begins; a long branch moves what follows, so once more.
        let mut size = 0;
        for _ in 0..2 {
            size = 0;
            for (at, &b) in order.iter().enumerate() {
                places[b] = size;
                size += self.blocks[b].bytes + if ends[at].branch.is_some() { 2 } else { 0 };
                size += if long[at] { JUMP } else { 0 } + if ends[at].jump.is_some() { JUMP } else { 0 };
            }
            for (at, end) in ends.iter().enumerate() {
                let Some((to, _)) = end.branch else { continue };
                let behind = order.get(at + 1).map_or(size, |b| places[*b])
                    - if end.jump.is_some() { JUMP } else { 0 };
                long[at] |= !(-REACH..=REACH).contains(&(places[to] - behind));
            }
        }
        let mut cycles = 0.0;
        for (at, &b) in order.iter().enumerate() {
            let Ending { branch, jump } = ends[at];
            let [mut taken, mut passed] = self.blocks[b].runs;
            let Some((_, inverted)) = branch else {
                cycles += if jump.is_some() { taken * f64::from(JUMP) } else { 0.0 };
                continue;
            };
            if inverted {
                (taken, passed) = (passed, taken);
            }
            let (on_taken, on_passed) = if long[at] { (PASSED + 3.0, TAKEN) } else { (TAKEN, PASSED) };
            cycles += taken * on_taken + passed * (on_passed + if jump.is_some() { 3.0 } else { 0.0 });
        }
        Price { cycles, bytes: size, far: long.contains(&true) }
    }

    /// The best order that moving one part makes, if it costs less.
    fn improve(&mut self, order: &[usize], price: &Price) -> Option<(Vec<usize>, Price)> {
        let cuts = self.cuts(order);
        let mut best: Option<(Vec<usize>, Price)> = None;
        let mut least = price.sum(self.small) - 1e-9;
        for (i, &from) in cuts.iter().enumerate() {
            for (j, &to) in cuts.iter().enumerate().skip(i + 1) {
                for &place in &cuts[j + 1..] {
                    if self.budget == 0 {
                        return best;
                    }
                    // Moving the part behind the next one is moving that one before it.
                    let mut new = order.to_vec();
                    new[from..place].rotate_left(to - from);
                    let price = self.price(&new);
                    if price.sum(self.small) < least {
                        least = price.sum(self.small);
                        best = Some((new, price));
                    }
                }
            }
        }
        best
    }

    /// The places at which an order may be parted: where control falls through seldom, and the end.
    fn cuts(&self, order: &[usize]) -> Vec<usize> {
        let hottest = self.blocks.iter().map(Block::total).fold(0.0, f64::max);
        let falls = |at: usize| {
            let block = &self.blocks[order[at - 1]];
            match block.exit {
                Exit::To(to) if to == order[at] => block.runs[0],
                Exit::Branch(_, _, next) if next == order[at] => block.runs[1],
                Exit::Branch(_, to, _) if to == order[at] => block.runs[0],
                _ => 0.0,
            }
        };
        (1..order.len()).filter(|at| falls(*at) <= hottest * SELDOM + 1e-9).chain([order.len()]).collect()
    }
}

/// The code in another order, with the jumps that it needs.
fn rebuilt(code: &[MInst], blocks: &[Block], order: &[usize]) -> Vec<MInst> {
    let mut next_label = code.iter().filter_map(|i| i.label().or(i.target())).max().map_or(0, |l| l + 1);
    let mut labels: Vec<Label> = Vec::new();
    for block in blocks {
        labels.push(code[block.range.start].label().unwrap_or_else(|| {
            next_label += 1;
            next_label - 1
        }));
    }
    let mut out = Vec::with_capacity(code.len() + blocks.len());
    for (at, &b) in order.iter().enumerate() {
        let block = &blocks[b];
        let insts = &code[block.range.clone()];
        let MInst { span, weight, .. } = code[block.last];
        let new = |kind| MInst { kind, volatile: false, span, weight };
        if insts.first().and_then(MInst::label).is_none() {
            out.push(MInst { span: None, ..new(MKind::Label(labels[b])) });
        }
        out.extend_from_slice(insts);
        let end = ending(block, order.get(at + 1).copied());
        if let (Some((to, inverted)), Exit::Branch(mnemonic, ..)) = (end.branch, block.exit) {
            let mnemonic = if inverted { mnemonic.inverse().unwrap_or(mnemonic) } else { mnemonic };
            out.push(new(MKind::Inst { mnemonic, arg: Arg::Label(labels[to]) }));
        }
        if let Some(to) = end.jump {
            out.push(new(MKind::Inst { mnemonic: Mnemonic::Jmp, arg: Arg::Label(labels[to]) }));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codegen::lir::{Sym, SymAddr};
    use crate::codegen::mach::testing::{inst, label};
    use crate::mos::inst::Mnemonic::*;

    const AT: SymAddr = SymAddr { sym: Sym::Abs, offset: 0x400 };

    /// `n` times three bytes.
    fn stores(n: usize) -> Vec<MInst> {
        vec![inst(Sta, Arg::Abs(AT)); n]
    }

    /// A loop with two ways of 3 `n` bytes, the second of which comes by a jump.
    fn two_ways(n: usize) -> Vec<MInst> {
        let mut code = vec![label(1), inst(Lda, Arg::AbsX(AT)), inst(Beq, Arg::Label(2))];
        code.extend(stores(n));
        code.extend([inst(Jmp, Arg::Label(3)), label(2), inst(Lsr, Arg::None)]);
        code.extend(stores(n));
        code.extend([label(3), inst(Inx, Arg::None), inst(Bne, Arg::Label(1)), inst(Rts, Arg::None)]);
        let end = code.len() - 1;
        code[..end].iter_mut().for_each(|i| i.weight = 10.0);
        code
    }

    /// How many branches of the code would not reach, and how many jumps it has.
    fn far_and_jumps(code: &[MInst]) -> (usize, usize) {
        let mut places = vec![0i32];
        for inst in code {
            places.push(places[places.len() - 1] + price(inst).bytes as i32);
        }
        let at = |label| code.iter().position(|i| i.label() == Some(label)).unwrap();
        let branches = code.iter().enumerate().filter(|(_, i)| i.inst().is_some_and(|(m, _)| m.is_branch()));
        let far = branches.filter(|(k, i)| {
            let distance = places[at(i.target().unwrap())] - places[k + 1];
            !(-128..=127).contains(&distance)
        });
        (far.count(), code.iter().filter(|i| matches!(i.inst(), Some((Jmp, _)))).count())
    }

    #[test]
    fn the_end_of_a_loop_goes_between_its_ways() {
        let mut code = two_ways(30);
        assert_eq!(far_and_jumps(&code), (1, 1));
        let all = code.len();
        assert!(run(&mut code, false));
        assert_eq!(far_and_jumps(&code).0, 0, "{code:#?}");
        assert_eq!(code[0].label(), Some(1));
        assert!(code.len() <= all + 2);
        assert_eq!(code.iter().filter(|i| i.inst().is_some_and(|(m, _)| m == Sta)).count(), 60);
    }

    #[test]
    fn code_whose_branches_reach_stays() {
        let mut code = two_ways(18);
        assert_eq!(far_and_jumps(&code).0, 0);
        assert!(!run(&mut code, false));
    }

    #[test]
    fn a_way_that_is_too_long_anywhere_stays() {
        let mut code = vec![label(1)];
        code.extend(stores(60));
        code.extend([inst(Dex, Arg::None), inst(Bne, Arg::Label(1)), inst(Rts, Arg::None)]);
        assert!(!run(&mut code, false) && !run(&mut code, true));
    }
}
