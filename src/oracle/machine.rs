//! The state of a run, the layout of its data, and calls.
//!
//! In: modules in dependency order; a name that one imports is found by its link symbol among those
//! before it. Invariant: every activation of a function has its own locals.

use std::collections::{BTreeMap, VecDeque};

use super::memory::{Loc, Memory};
use super::stmt::Flow;
use super::{Config, Eval, Outcome};
use crate::base::index::IndexVec;
use crate::sema::hir::{DataId, DataKind, Func, FuncId, LocalId, Module, Type};

pub struct Machine<'m> {
    pub modules: Vec<&'m Module>,
    config: &'m Config,
    pub memory: Memory,
    /// Addresses of data, for each module.
    pub data: Vec<IndexVec<DataId, u16>>,
    /// Functions with a body, by link symbol.
    funcs: BTreeMap<&'m str, (usize, FuncId)>,
    pub lowercase: bool,
    pub input: VecDeque<u8>,
    pub output: Vec<u8>,
    pub steps: u64,
    raster_line: i64,
    depth: usize,
    faults: Option<Outcome>,
}

/// An activation of a function.
pub struct Frame<'m> {
    pub module: usize,
    pub locals: IndexVec<LocalId, u16>,
    func: &'m Func,
}

impl<'m> Machine<'m> {
    pub fn new(modules: &[&'m Module], config: &'m Config) -> Self {
        let mut machine = Machine {
            modules: modules.to_vec(),
            config,
            memory: Memory::new(),
            data: Vec::new(),
            funcs: BTreeMap::new(),
            lowercase: modules.last().is_some_and(|m| m.lowercase),
            input: config.input.iter().copied().collect(),
            output: Vec::new(),
            steps: 0,
            raster_line: 0,
            depth: 0,
            faults: None,
        };
        for (at, module) in modules.iter().enumerate() {
            for (id, func) in module.funcs.enumerated() {
                if func.body.is_some() {
                    machine.funcs.insert(&func.symbol, (at, id));
                }
            }
        }
        machine.lay_out();
        machine
    }

    /// Gives all data its address and content.
    fn lay_out(&mut self) {
        let mut named: BTreeMap<&str, u16> = BTreeMap::new();
        let mut targets: BTreeMap<u16, u16> = BTreeMap::new();
        for module in self.modules.clone() {
            let mut places = IndexVec::new();
            for data in &module.data {
                let own = match (&data.origin, data.kind) {
                    (Some(_), _) => named.get(data.symbol.as_str()).copied(),
                    (None, DataKind::Relocated { addr, .. }) => {
                        let next = targets.entry(addr).or_insert(addr);
                        let at = *next;
                        *next = at.wrapping_add(data.size as u16);
                        self.put(at, &data.bytes);
                        Some(at)
                    }
                    (None, kind) => self.place_data(kind, data.size, &data.bytes),
                };
                if own.is_none() && self.faults.is_none() {
                    self.faults = Some(Outcome::TooDeep);
                }
                let at = own.unwrap_or(0);
                named.insert(&data.symbol, at);
                places.push(at);
            }
            self.data.push(places);
        }
    }

    fn place_data(&mut self, kind: DataKind, size: u32, bytes: &[u8]) -> Option<u16> {
        let prefix = match kind {
            DataKind::Tuple { .. } => 2,
            _ => 0,
        };
        let at = self.memory.reserve(prefix + size.max(bytes.len() as u32)).ok()?;
        let first = at.wrapping_add(prefix as u16);
        if let DataKind::Tuple { count } = kind {
            self.put(at, &(count as u16).to_le_bytes());
        }
        // A property without a default holds garbage.
        if !matches!(kind, DataKind::Singleton(_)) {
            self.put(first, bytes);
        }
        Some(first)
    }

    fn put(&mut self, addr: u16, bytes: &[u8]) {
        for (i, &byte) in (0..).zip(bytes) {
            self.memory.store(Loc { addr, mapped: false }.plus(i), 1, byte.into());
        }
    }

    /// The defaults of the singletons, module by module, then `main`.
    pub fn program(&mut self) -> Eval<()> {
        if let Some(fault) = self.faults.take() {
            return Err(fault);
        }
        for at in 0..self.modules.len() {
            for &func in &self.modules[at].startup {
                self.call(at, func, &[])?;
            }
        }
        let last = self.modules.len().saturating_sub(1);
        let main = self.modules.last().and_then(|module| module.main.as_ref());
        let main = main.ok_or_else(|| Outcome::Unsupported("no main".to_string()))?;
        self.call(last, main.func, &[])?;
        Ok(())
    }

    pub fn handlers_are_silent(&self) -> bool {
        self.config.handlers_are_silent
    }

    /// Some line of the picture, as if time passed between two looks at it.
    pub fn next_raster_line(&mut self) -> i64 {
        self.raster_line = (self.raster_line + 97) % 312;
        self.raster_line
    }

    /// Counts a statement.
    pub fn step(&mut self) -> Eval<()> {
        self.steps += 1;
        if self.steps > self.config.step_limit { Err(Outcome::StepLimit) } else { Ok(()) }
    }

    /// Calls a function of a module, its own or imported.
    pub fn call(&mut self, module: usize, id: FuncId, args: &[i64]) -> Eval<Option<i64>> {
        let symbol = self.modules[module].funcs[id].symbol.as_str();
        let Some(&(module, id)) = self.funcs.get(symbol) else {
            return Err(Outcome::Unsupported(format!("{symbol} has no body")));
        };
        let program = self.modules[module];
        let func = &program.funcs[id];
        if func.naked {
            return Err(Outcome::Unsupported("a @naked function".to_string()));
        }
        if self.depth >= self.config.depth_limit {
            return Err(Outcome::TooDeep);
        }
        let mark = self.memory.mark();
        let mut locals = IndexVec::new();
        for local in &func.locals {
            locals.push(self.memory.reserve(program.size_of(&local.ty))?);
        }
        let frame = Frame { module, locals, func };
        for (&addr, (local, &arg)) in frame.locals.iter().zip(frame.func.locals.iter().zip(args)) {
            self.store(Loc { addr, mapped: false }, &local.ty, arg);
        }
        self.depth += 1;
        let flow = match &func.body {
            Some(body) => self.block(&frame, body)?,
            None => Flow::Next,
        };
        self.depth -= 1;
        // A pointer may lead to what this call built; it stays to the end of the caller's statement.
        if !matches!(func.ret, Type::Alias(_) | Type::Tuple(_)) {
            self.memory.release(mark);
        }
        Ok(match flow {
            Flow::Return(value) => value,
            _ => None,
        })
    }
}
