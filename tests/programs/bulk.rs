//! Statements on whole arrays, strings and objects.

use super::types::{Array, Text, Ty};
use super::{Func, Gen};

impl Gen {
    /// Whole arrays.
    pub fn bulk(&mut self) {
        let arrays: Vec<Array> = self.arrays().into_iter().filter(|a| !a.tuple).collect();
        if arrays.is_empty() {
            return self.assign();
        }
        let array = self.r.pick(&arrays).clone();
        self.cost += array.len / 8 * self.rounds;
        match self.r.below(8) {
            7 if !array.mapped && !array.view => {
                let room = super::DEAREST_CALL / self.rounds.max(1);
                let fits = |f: &&(Func, Ty, usize)| f.1 == array.elem && f.2 == array.len && f.0.cost <= room;
                let makers: Vec<Func> = self.array_funcs.iter().filter(fits).map(|f| f.0.clone()).collect();
                if !makers.is_empty() {
                    let func = self.r.pick(&makers).clone();
                    if let Some(call) = self.call(&func.name, &func) {
                        self.line(format!("{} = {call}", array.path));
                    }
                }
            }
            6 if array.elem.width() == 1 && !array.mapped => self.block_copy(&array, &arrays),
            0 => {
                let value = self.value_for(array.elem, 1);
                self.line(format!("{} = [{value}]", array.path));
            }
            1 => {
                let same: Vec<Array> = arrays
                    .iter()
                    .filter(|a| a.elem == array.elem && a.len == array.len && a.path != array.path && !a.view)
                    .cloned()
                    .collect();
                if !same.is_empty() && !array.mapped && !array.view {
                    let other = self.r.pick(&same).path.clone();
                    self.line(format!("{} = {other}", array.path));
                }
            }
            2 if !array.mapped => {
                let tuples: Vec<String> = self
                    .scope
                    .arrays
                    .iter()
                    .filter(|a| a.tuple && a.elem == array.elem)
                    .map(|a| a.path.clone())
                    .collect();
                if !tuples.is_empty() {
                    let other = self.r.pick(&tuples).clone();
                    self.line(format!("{} = {other}", array.path));
                }
            }
            3 if array.elem.width() == 1 && !array.mapped && array.len >= 8 => {
                let half = array.len / 2;
                let (from, to) = (self.r.below(half), self.r.below(half));
                let (width, height) = (1 + self.r.below(half / 2), 1 + self.r.below(2));
                let path = &array.path;
                let line = format!("blkcpy({path}, {from}, {path}, {to}, {width}, {height}, {})", half / 2);
                self.line(line);
            }
            4 => {
                let value = self.value_for(array.elem, 1);
                let count = match self.r.below(3) {
                    0 => String::new(),
                    1 => format!(", {}", self.r.below(array.len + 1)),
                    _ => format!(", {} & {}", self.expr(Ty::Word, 1), array.mask()),
                };
                self.line(format!("memfill({}, {value}{count})", array.path));
            }
            _ => {
                let n = 1 + self.r.below(array.len.min(5));
                let values: Vec<String> = (0..n).map(|_| self.value_for(array.elem, 1)).collect();
                let comma = if n == 1 { "," } else { "" };
                self.line(format!("{} = ({}{comma})", array.path, values.join(", ")));
            }
        }
    }

    /// From one array of bytes to another with a distance of rows for each, or within one.
    fn block_copy(&mut self, to: &Array, arrays: &[Array]) {
        let apart = |a: &Array| a.path == to.path || !a.view && !to.view;
        let fits = |a: &&Array| a.elem.width() == 1 && !a.mapped && a.len >= 4 && apart(a);
        let from: Vec<Array> = arrays.iter().filter(fits).cloned().collect();
        if from.is_empty() || to.len < 4 {
            return;
        }
        let from = self.r.pick(&from).clone();
        let len = from.len.min(to.len).min(40);
        let half = len / 2;
        let rows = 1 + self.r.below(half.min(3));
        let width = 1 + self.r.below(half / rows);
        // The last row ends inside of both, and rows are written apart.
        let most = if rows > 1 { (half - width) / (rows - 1) } else { half };
        let other = width + self.r.below(most - width + 1);
        // Within one array no order is right for every overlap of rows that overlap themselves.
        let least = if from.path.starts_with('b') && from.path != to.path { 0 } else { width };
        let step = least + self.r.below(most - least + 1);
        let (first, other_first) = (self.r.below(len - half), self.r.below(len - half));
        let (from, to) = (from.path, &to.path);
        let line = format!("blkcpy({from}, {first}, {step}, {to}, {other_first}, {other}, {width}, {rows})");
        self.line(line);
    }

    pub fn string_statement(&mut self) {
        let texts: Vec<Text> = self.scope.texts.iter().filter(|t| !t.fixed).cloned().collect();
        if texts.is_empty() {
            return self.assign();
        }
        let target = self.r.pick(&texts).clone();
        let (path, capacity) = (target.path, target.capacity);
        match self.r.below(10) {
            9 => {
                // A character at a place that is computed.
                let mask = *self.r.pick(&[1, 3]);
                let of = *self.r.pick(&[Ty::Byte, Ty::Byte, Ty::Word, Ty::Int]);
                let index = format!("{} & {mask}", self.expr(of, 1));
                let names = self.paths(Ty::Char, true);
                let read = if names.is_empty() { None } else { Some(self.r.pick(&names).clone()) };
                let code = self.value_for(Ty::Char, 1);
                self.block(format!("if len({path}) > {mask}:"), |g| match read {
                    Some(to) if g.r.one_in(2) => g.line(format!("{to} = {path}[{index}]")),
                    _ => g.line(format!("{path}[{index}] = {code}")),
                });
            }
            7 => {
                let name = self.name("b");
                let filler = self.r.below(2) * 65;
                self.line(format!("{name}: array[char, 16] = [{filler}]"));
                self.line(format!("{name} = {path}"));
                self.scope.arrays.push(Array::plain(name, Ty::Char, 16));
            }
            8 => {
                let fits = |a: &&Array| a.elem == Ty::Char && a.len <= capacity && !a.mapped && !a.tuple;
                let from: Vec<String> =
                    self.scope.arrays.iter().filter(fits).map(|a| a.path.clone()).collect();
                if !from.is_empty() {
                    let from = self.r.pick(&from).clone();
                    self.line(format!("{path} = {from}"));
                }
            }
            0 | 1 => {
                if let Some((text, _)) = self.text(capacity) {
                    self.line(format!("{path} = {text}"));
                }
            }
            2 | 3 => {
                if let Some((text, longest)) = self.text(capacity / 2) {
                    let room = capacity - longest;
                    self.block(format!("if len({path}) <= {room}:"), |g| g.line(format!("{path} += {text}")));
                }
            }
            4 => {
                let k = self.r.below(5);
                let code = self.value_for(Ty::Char, 1);
                self.block(format!("if len({path}) > {k}:"), |g| {
                    let at = if g.r.one_in(3) { format!("-{}", k + 1) } else { k.to_string() };
                    g.line(format!("{path}[{at}] = {code}"));
                });
            }
            5 => {
                let k = self.r.below(5);
                let names = self.paths(Ty::Byte, true);
                if !names.is_empty() {
                    let to = self.r.pick(&names).clone();
                    self.block(format!("if len({path}) > {k}:"), |g| {
                        let at = if g.r.one_in(3) { format!("-{}", k + 1) } else { k.to_string() };
                        g.line(format!("{to} = {path}[{at}] + 1"));
                    });
                }
            }
            _ => {
                let of = *self.r.pick(&[Ty::Byte, Ty::Int, Ty::Word]);
                let value = self.expr(of, 2);
                if capacity >= 10 {
                    let letters = self.letters(3);
                    self.line(format!("sprint({path}, \"{letters}\", {value})"));
                }
            }
        }
    }

    pub fn object_statement(&mut self) {
        let objects = self.whole_objects();
        if objects.is_empty() {
            return self.call_statement();
        }
        let (path, class) = self.r.pick(&objects).clone();
        let same: Vec<String> = objects
            .iter()
            .filter(|(other, of)| *of == class && *other != path)
            .map(|o| o.0.clone())
            .collect();
        match self.r.below(5) {
            4 => {
                let room = super::DEAREST_CALL / self.rounds.max(1);
                let makers = self.object_funcs.clone();
                let fits: Vec<_> = makers.iter().filter(|f| f.1 == class && f.0.cost <= room).collect();
                if !fits.is_empty() {
                    let func = self.r.pick(&fits).0.clone();
                    if let Some(call) = self.call(&func.name, &func) {
                        self.line(format!("{path} = {call}"));
                    }
                }
            }
            0 if !same.is_empty() => {
                let other = self.r.pick(&same).clone();
                self.line(format!("{path} = {other}"));
            }
            1 => {
                let params = self.classes[class].init.clone().unwrap_or_default();
                let args: Option<Vec<String>> = params.iter().map(|p| self.argument(p)).collect();
                if let Some(args) = args {
                    self.line(format!("{path}({})", args.join(", ")));
                }
            }
            2 => {
                let all = self.scope.objects.clone();
                let alias = all.iter().find(|o| o.is_alias && o.class == class);
                let fixed: Vec<&String> =
                    same.iter().filter(|p| alias.is_none_or(|a| !p.starts_with(&a.path))).collect();
                if let (Some(alias), false) = (alias, fixed.is_empty()) {
                    let other = (*self.r.pick(&fixed)).clone();
                    self.line(format!("alias({}, addr({other}))", alias.path));
                }
            }
            _ => self.call_statement(),
        }
    }
}
