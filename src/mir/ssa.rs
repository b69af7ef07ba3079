//! Keeps SSA form when a value gets several definitions.
//!
//! In: for one variable at a time, its value at the end of the blocks that define it. Out: its value at
//! any block; block parameters are added where definitions meet. A way without definition gives 0.
//! The graph must not change while an updater is in use.

use std::collections::{HashMap, VecDeque};

use crate::base::index::IndexVec;
use crate::mir::ir::{BlockId, Func, Inst, Op, Ty, Value};

/// Finds the values of variables; see the head of the file.
pub struct Updater {
    /// The predecessor blocks, and by which of their targets.
    preds: IndexVec<BlockId, Vec<(BlockId, usize)>>,
    ty: Ty,
    /// Looked up only, never iterated.
    at_start: HashMap<BlockId, Value>,
    at_end: HashMap<BlockId, Value>,
}

impl Updater {
    /// Reads the graph. Unreachable blocks must be gone.
    pub fn new(func: &Func) -> Self {
        let mut preds = IndexVec::filled(func.blocks.len(), Vec::new());
        for (id, block) in func.blocks.enumerated() {
            for (edge, target) in block.term.targets().enumerate() {
                preds[target.block].push((id, edge));
            }
        }
        Self { preds, ty: Ty::I8, at_start: HashMap::new(), at_end: HashMap::new() }
    }

    /// Begins with another variable.
    pub fn begin(&mut self, ty: Ty) {
        self.ty = ty;
        self.at_start.clear();
        self.at_end.clear();
    }

    /// At the end of `block` the variable is `value`.
    pub fn define(&mut self, block: BlockId, value: Value) {
        self.at_end.insert(block, value);
    }

    /// The variable at the end of a block.
    pub fn at_end(&mut self, func: &mut Func, block: BlockId) -> Value {
        match self.at_end.get(&block) {
            Some(&value) => value,
            None => self.at_start(func, block),
        }
    }

    /// The variable at the start of a block.
    pub fn at_start(&mut self, func: &mut Func, block: BlockId) -> Value {
        let mut work = VecDeque::new();
        let value = self.find(func, block, &mut work);
        while let Some(join) = work.pop_front() {
            for (pred, edge) in self.preds[join].clone() {
                let value = match self.at_end.get(&pred) {
                    Some(&value) => value,
                    None => self.find(func, pred, &mut work),
                };
                if let Some(target) = func.blocks[pred].term.targets_mut().nth(edge) {
                    target.args.push(value);
                }
            }
        }
        value
    }

    /// The variable at the start of a block; joins that get a parameter are added to `work`.
    fn find(&mut self, func: &mut Func, block: BlockId, work: &mut VecDeque<BlockId>) -> Value {
        let mut path = Vec::new();
        let mut at = block;
        let value = loop {
            if let Some(&value) = self.at_start.get(&at) {
                break value;
            }
            path.push(at);
            match self.preds[at].as_slice() {
                [] => {
                    let value = func.values.push(self.ty);
                    let zero = Inst { result: Some(value), op: Op::Const(0), span: None };
                    func.blocks[at].insts.insert(0, zero);
                    break value;
                }
                [(pred, _)] => match self.at_end.get(pred) {
                    Some(&value) => break value,
                    None => at = *pred,
                },
                _ => {
                    let value = func.values.push(self.ty);
                    func.blocks[at].params.push(value);
                    work.push_back(at);
                    break value;
                }
            }
        };
        self.at_start.extend(path.into_iter().map(|block| (block, value)));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mir::ir::{FuncId, Term};
    use crate::mir::text;

    #[test]
    fn definitions_meet_in_a_parameter() {
        let mut program = text::parse(
            "func @f(i1, i8, i8) -> i8 {\nb0(v0: i1, v1: i8, v2: i8):\n branch v0, b1, b2\nb1:\n jump b3\n\
             b2:\n jump b3\nb3:\n jump b4\nb4:\n return v1\n}",
        )
        .unwrap();
        let func = &mut program.funcs[FuncId(0)];
        let mut updater = Updater::new(func);
        updater.begin(Ty::I8);
        updater.define(BlockId(1), Value(1));
        updater.define(BlockId(2), Value(2));
        let value = updater.at_start(func, BlockId(4));
        assert_eq!(func.blocks[BlockId(3)].params, [value]);
        assert_eq!(updater.at_end(func, BlockId(3)), value);
        assert!(matches!(&func.blocks[BlockId(2)].term, Term::Jump(t) if t.args == [Value(2)]));
    }
}
