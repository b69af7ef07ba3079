//! Equal pieces of code become one routine: outlining, for small programs.
//!
//! In: the items of all functions, with final operands. Out: the same with calls where pieces were,
//! and the routines. Invariant: a piece is entered at its top and left at its bottom only, or every
//! way out of it leaves the function, so that a call or a jump may stand for it; it does not touch
//! the stack. Pieces that the estimate says run often stay where they are (`Body::may_move`).
//! Equal ends within one function: `mach/tails.rs`.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::mir::ir::FuncId;
use crate::mos::effects::{Effects, reads, writes};
use crate::mos::inst::{Mnemonic, Mode};
use crate::mos::item::{Inst, Item, Name, Operand, Symbol};
use crate::obj::emit::{self, ZpOracle};

/// Longest piece, in units.
const LONGEST: usize = 64;
/// Rounds: routines may hold equal pieces again.
const MAX_ROUNDS: usize = 6;
/// Code that the estimate says runs so many times stays where it is.
pub const OFTEN: f64 = 100.0;
/// Size of the call or jump that stands for a piece.
const CALL: usize = 3;

/// The code of one section on its way.
pub struct Body {
    pub name: Name,
    pub items: Vec<Item>,
    /// Which items may become part of a routine.
    pub may_move: Vec<bool>,
    /// The function that it is; a routine made here is none.
    pub func: Option<FuncId>,
}

/// Moves equal pieces of the bodies to routines, which are appended as further bodies.
pub fn run(bodies: &mut Vec<Body>, zero_page: &ZpOracle) {
    let mut routines = 0;
    for _ in 0..MAX_ROUNDS {
        let text = Text::of(bodies, zero_page);
        let repeats = text.repeats();
        let chosen = choose(&text, repeats);
        if chosen.is_empty() {
            return;
        }
        let mut edits: BTreeMap<usize, Vec<Edit>> = BTreeMap::new();
        let mut new = Vec::new();
        for piece in &chosen {
            let name = format!("$outlined{routines}");
            routines += 1;
            new.push(text.routine(bodies, piece, &name));
            for &start in &piece.starts {
                let (body, items) = text.item_range(start, piece.len);
                edits.entry(body).or_default().push(Edit { items, name: name.clone(), leaves: piece.leaves });
            }
        }
        for (body, mut edits) in edits {
            edits.sort_by_key(|e| std::cmp::Reverse(e.items.start));
            edits.into_iter().for_each(|edit| replace(&mut bodies[body], edit));
        }
        bodies.extend(new);
    }
}

/// A piece that goes: a call or jump to `name` takes its place.
struct Edit {
    items: Range<usize>,
    name: String,
    leaves: bool,
}

fn replace(body: &mut Body, edit: Edit) {
    let source = body.items[edit.items.clone()].iter().rev().find(|i| matches!(i, Item::Source(_))).cloned();
    let mnemonic = if edit.leaves { Mnemonic::Jmp } else { Mnemonic::Jsr };
    let call = Item::inst(mnemonic, Mode::Absolute, Operand::global(edit.name));
    // What follows belongs to the line that the piece ended in.
    let with: Vec<Item> = std::iter::once(call).chain(source).collect();
    let flags = vec![true; with.len()];
    body.items.splice(edit.items.clone(), with);
    body.may_move.splice(edit.items, flags);
}

/// Equal pieces of so many units.
struct Piece {
    starts: Vec<usize>,
    len: usize,
    /// Every way out of it leaves the function.
    leaves: bool,
    gain: usize,
}

/// All bodies in a row, one unit for each instruction or label.
struct Text {
    units: Vec<Unit>,
    /// Equal for units that do the same; different from all others for what must stay.
    keys: Vec<u32>,
}

struct Unit {
    body: usize,
    item: usize,
    bytes: usize,
    flow: Flow,
    /// The units between which all mutual references of this unit's label lie, itself included.
    reach: Range<usize>,
}

/// How control leaves a unit.
#[derive(Clone, Copy, PartialEq)]
enum Flow {
    /// To the next, or along a branch to a label of the function.
    On,
    /// Never to the next, but to a label of the function.
    Jumps,
    Leaves,
    /// To a subroutine and back.
    Calls,
}

/// What makes two units equal. A label is where it is from the unit that names it.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Inst(&'a Inst),
    Local(Mnemonic, isize),
    Label,
}

impl Text {
    fn of(bodies: &[Body], zero_page: &ZpOracle) -> Text {
        let mut text = Text { units: Vec::new(), keys: Vec::new() };
        let mut numbers: HashMap<Key, u32> = HashMap::new();
        let mut next = 0;
        let mut fresh = || {
            next += 1;
            next
        };
        for (b, body) in bodies.iter().enumerate() {
            let items = body.items.iter().enumerate().filter(|(_, i)| !matches!(i, Item::Source(_)));
            let items: Vec<(usize, &Item)> = items.collect();
            let first = text.units.len();
            let labels = labels(&items);
            for (at, &(item, what)) in items.iter().enumerate() {
                let number = match key(at, what, &labels).filter(|_| body.may_move[item]) {
                    Some(key) => *numbers.entry(key).or_insert_with(&mut fresh),
                    None => fresh(),
                };
                text.keys.push(number);
                let label = match what {
                    Item::Label(label) => Some(label),
                    _ => local(what),
                };
                let reach = label.and_then(|l| labels.get(l)).map_or(at..at + 1, |l| l.reach.clone());
                text.units.push(Unit {
                    body: b,
                    item,
                    bytes: bytes(what, zero_page),
                    flow: flow(what),
                    reach: first + reach.start..first + reach.end,
                });
            }
            // Nothing runs over the end of a body.
            text.keys.push(fresh());
            let end = text.units.len();
            text.units.push(Unit { body: b, item: 0, bytes: 0, flow: Flow::Leaves, reach: end..end + 1 });
        }
        text
    }

    /// Every run of units that occurs twice or more, with its places.
    fn repeats(&self) -> Vec<(usize, Vec<usize>)> {
        let keys = &self.keys;
        let tail = |at: usize| &keys[at..keys.len().min(at + LONGEST)];
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by(|&a, &b| tail(a).cmp(tail(b)).then(a.cmp(&b)));
        let common = |a: usize, b: usize| tail(a).iter().zip(tail(b)).take_while(|(x, y)| x == y).count();
        let lengths: Vec<usize> = order.windows(2).map(|w| common(w[0], w[1])).chain([0]).collect();
        // Runs of at least `len` units in common are a stretch of the order.
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut found = Vec::new();
        for (at, &len) in lengths.iter().enumerate() {
            let mut from = at;
            while let Some(&(longer, start)) = open.last().filter(|(l, _)| *l > len) {
                found.push((longer, order[start..=at].to_vec()));
                from = start;
                open.pop();
            }
            if len > 1 && open.last().is_none_or(|(l, _)| *l < len) {
                open.push((len, from));
            }
        }
        found
    }

    /// The best piece among the first units of a run that has these places.
    fn best(&self, longest: usize, starts: &[usize]) -> Option<Piece> {
        let mut sorted = starts.to_vec();
        sorted.sort_unstable();
        (2..=longest).filter_map(|len| self.piece(len, &sorted)).max_by_key(|p| (p.gain, p.len))
    }

    /// The piece of so many units at those of the places, in ascending order, where it fits.
    fn piece(&self, len: usize, starts: &[usize]) -> Option<Piece> {
        let mut kept: Vec<usize> = Vec::new();
        let mut leaves = false;
        for &start in starts {
            let apart = kept.last().is_none_or(|last| last + len <= start);
            if let Some(way) = self.closed(start, len).filter(|_| apart) {
                leaves = way;
                kept.push(start);
            }
        }
        let first = *kept.first()?;
        let units = &self.units[first..first + len];
        let bytes: usize = units.iter().map(|u| u.bytes).sum();
        let ends_in_jump = leaves || units.last().is_some_and(|u| u.flow == Flow::Calls);
        let routine = bytes + usize::from(!ends_in_jump);
        let gain = (kept.len() * bytes).checked_sub(kept.len() * CALL + routine).filter(|gain| *gain > 0)?;
        Some(Piece { starts: kept, len, leaves, gain })
    }

    /// Whether the units can be entered at the top and left at the bottom only: then whether they
    /// leave the function there.
    fn closed(&self, start: usize, len: usize) -> Option<bool> {
        let units = &self.units[start..start + len];
        let inside = |u: &Unit| start <= u.reach.start && u.reach.end <= start + len;
        if !units.iter().all(inside) {
            return None;
        }
        match units.last()?.flow {
            Flow::Leaves => Some(true),
            // A label at the bottom is reached by branches of the piece.
            _ if units.iter().any(|u| u.flow == Flow::Leaves) => None,
            Flow::Jumps => None,
            Flow::On | Flow::Calls => Some(false),
        }
    }

    /// The body and the items of a run of units.
    fn item_range(&self, start: usize, len: usize) -> (usize, Range<usize>) {
        (self.units[start].body, self.units[start].item..self.units[start + len - 1].item + 1)
    }

    /// The routine that a piece becomes.
    fn routine(&self, bodies: &[Body], piece: &Piece, name: &str) -> Body {
        let (body, range) = self.item_range(piece.starts[0], piece.len);
        let source = bodies[body].items[..range.start].iter().rev().find(|i| matches!(i, Item::Source(_)));
        let mut items: Vec<Item> = source.cloned().into_iter().collect();
        items.extend_from_slice(&bodies[body].items[range]);
        if !piece.leaves {
            match items.last_mut() {
                // The subroutine returns for both.
                Some(Item::Inst(inst)) if inst.mnemonic == Mnemonic::Jsr => inst.mnemonic = Mnemonic::Jmp,
                _ => items.push(Item::implied(Mnemonic::Rts)),
            }
        }
        let may_move = vec![true; items.len()];
        Body { name: Name::from(name), items, may_move, func: None }
    }
}

/// The pieces that pay, the best first; no two have a unit in common.
fn choose(text: &Text, repeats: Vec<(usize, Vec<usize>)>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> =
        repeats.iter().filter_map(|(longest, starts)| text.best(*longest, starts)).collect();
    pieces.sort_by(|a, b| b.gain.cmp(&a.gain).then(a.starts.cmp(&b.starts)));
    let mut taken = vec![false; text.units.len()];
    let mut chosen = Vec::new();
    for piece in pieces {
        let free = |start: &&usize| !taken[**start..**start + piece.len].contains(&true);
        let starts: Vec<usize> = piece.starts.iter().filter(free).copied().collect();
        if let Some(piece) = text.piece(piece.len, &starts) {
            piece.starts.iter().for_each(|s| taken[*s..*s + piece.len].fill(true));
            chosen.push(piece);
        }
    }
    chosen
}

/// A label of a body: where it is, and the stretch that holds it and all that names it.
struct LabelUse {
    at: Option<usize>,
    reach: Range<usize>,
}

fn labels(items: &[(usize, &Item)]) -> BTreeMap<u32, LabelUse> {
    let mut labels: BTreeMap<u32, LabelUse> = BTreeMap::new();
    for (at, (_, item)) in items.iter().enumerate() {
        let here = matches!(item, Item::Label(_));
        let label = match item {
            Item::Label(label) => label,
            _ => match local(item) {
                Some(label) => label,
                None => continue,
            },
        };
        let entry = labels.entry(*label).or_insert(LabelUse { at: None, reach: at..at + 1 });
        entry.reach.end = at + 1;
        if here {
            entry.at = Some(at);
        }
    }
    labels
}

/// The label of the body that an item names.
fn local(item: &Item) -> Option<&u32> {
    match item.operand()?.symbol.as_ref()? {
        Symbol::Local(label) => Some(label),
        Symbol::Global(_) => None,
    }
}

/// What an item is compared by; `None` for what cannot be part of a routine.
fn key<'a>(at: usize, item: &'a Item, labels: &BTreeMap<u32, LabelUse>) -> Option<Key<'a>> {
    let inst = match item {
        Item::Label(_) => return Some(Key::Label),
        Item::Inst(inst) => inst,
        _ => return None,
    };
    let effects = reads(inst.mnemonic, inst.mode) | writes(inst.mnemonic, inst.mode);
    let stack = effects.intersects(Effects::STACK | Effects::S) && flow(item) == Flow::On;
    if stack || matches!(inst.mnemonic, Mnemonic::Nop | Mnemonic::Rti | Mnemonic::Brk | Mnemonic::Jam) {
        return None;
    }
    match local(item) {
        None => Some(Key::Inst(inst)),
        Some(label) => {
            let plain = inst.operand.as_ref().is_some_and(|o| *o == Operand::local(*label));
            let to = labels.get(label).and_then(|l| l.at).filter(|_| plain)?;
            matches!(inst.mode, Mode::Relative | Mode::Absolute)
                .then_some(Key::Local(inst.mnemonic, to as isize - at as isize))
        }
    }
}

/// The size of an item; a branch is thought to reach.
fn bytes(item: &Item, zero_page: &ZpOracle) -> usize {
    match item {
        Item::Inst(inst) if inst.mode == Mode::Relative => 2,
        _ => emit::size(std::slice::from_ref(item), zero_page) as usize,
    }
}

fn flow(item: &Item) -> Flow {
    match item {
        Item::Inst(inst) if inst.mnemonic == Mnemonic::Jsr => Flow::Calls,
        Item::Inst(inst) if inst.mnemonic.ends_flow() => match local(item) {
            Some(_) => Flow::Jumps,
            None => Flow::Leaves,
        },
        _ => Flow::On,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mos::inst::Mnemonic::*;
    use crate::mos::item::listing;

    fn store(at: i32) -> Item {
        Item::inst(Sta, Mode::Absolute, Operand::number(at))
    }

    fn load(n: i32) -> Item {
        Item::inst(Lda, Mode::Immediate, Operand::number(n))
    }

    fn rts() -> Item {
        Item::implied(Rts)
    }

    /// What becomes of functions of these items, as text.
    fn outlined(functions: Vec<Vec<Item>>) -> Vec<String> {
        let body = |items: Vec<Item>| {
            let may_move = vec![true; items.len()];
            Body { name: Name::from("f"), items, may_move, func: None }
        };
        let mut bodies: Vec<Body> = functions.into_iter().map(body).collect();
        run(&mut bodies, &|_| false);
        bodies.iter().map(|b| listing(&b.items)).collect()
    }

    #[test]
    fn a_piece_of_two_functions_becomes_a_routine() {
        let function = |n| vec![load(n), store(0x4000), store(0x5000), store(0x6000), load(n + 1), rts()];
        let text = outlined(vec![function(1), function(3)]);
        assert_eq!(text[0], "    lda #$01\n    jsr $outlined0\n    lda #$02\n    rts\n");
        assert_eq!(text[2], "    sta $4000\n    sta $5000\n    sta $6000\n    rts\n");
    }

    #[test]
    fn equal_ends_are_jumped_to_and_a_last_call_returns_for_both() {
        let end = |n| vec![load(n), store(0x4000), store(0x5000), rts()];
        let text = outlined(vec![end(1), end(2)]);
        assert_eq!(
            text[1..],
            ["    lda #$02\n    jmp $outlined0\n", "    sta $4000\n    sta $5000\n    rts\n"]
        );
        let call = Item::inst(Jsr, Mode::Absolute, Operand::global("g"));
        let middle = |n| vec![store(0x4000), store(0x5000), call.clone(), load(n), rts()];
        let text = outlined(vec![middle(1), middle(2)]);
        assert_eq!(text[0], "    jsr $outlined0\n    lda #$01\n    rts\n");
        assert_eq!(text[2], "    sta $4000\n    sta $5000\n    jmp g\n");
    }

    #[test]
    fn a_piece_holds_its_branches_and_labels() {
        let count = |label, n| {
            let step = |m, at| Item::inst(m, Mode::Absolute, Operand::number(at));
            let skip = Item::branch(Bne, Operand::local(label));
            vec![step(Inc, 0x4000), skip, step(Inc, 0x4001), Item::Label(label), load(n), rts()]
        };
        let text = outlined(vec![count(1, 1), count(7, 2)]);
        assert_eq!(text[1], "    jsr $outlined0\n    lda #$02\n    rts\n");
        assert_eq!(text[2], "    inc $4000\n    bne L1\n    inc $4001\nL1:\n    rts\n");
    }

    #[test]
    fn a_label_that_is_used_from_elsewhere_stays() {
        let back = |n| {
            let branch = Item::branch(Bne, Operand::local(1));
            let stores = [store(0x5000), store(0x6000), store(0x7000)];
            let mut items = vec![store(0x4000), Item::Label(1)];
            items.extend(stores.into_iter().chain([load(n), branch, rts()]));
            items
        };
        let text = outlined(vec![back(1), back(2)]);
        assert_eq!(text[0], "    sta $4000\nL1:\n    jsr $outlined0\n    lda #$01\n    bne L1\n    rts\n");
    }

    #[test]
    fn the_stack_and_what_must_stay_are_left_alone() {
        let pushes = |n| vec![store(0x4000), Item::implied(Pha), store(0x5000), load(n), rts()];
        assert_eq!(outlined(vec![pushes(1), pushes(2)]).len(), 2);
        let items = || vec![store(0x4000), store(0x5000), store(0x6000), rts()];
        let body = || Body {
            name: Name::from("f"),
            items: items(),
            may_move: vec![true, false, true, true],
            func: None,
        };
        let mut bodies = vec![body(), body()];
        run(&mut bodies, &|_| false);
        assert_eq!(bodies.len(), 2);
    }

    #[test]
    fn a_short_piece_needs_many_places() {
        let function = |n| vec![load(n), store(0x4000), Item::implied(Clc), load(n + 1), rts()];
        assert_eq!(outlined(vec![function(1), function(3)]).len(), 2);
        let many: Vec<Vec<Item>> = (0..6).map(|n| function(2 * n)).collect();
        assert_eq!(outlined(many).len(), 7);
    }
}
