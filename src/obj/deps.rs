//! What a function of a module needs, directly and through others.
//!
//! In: the content of a `.LIB`. Out: for each function the closure of its bitmasks, as a loader
//! computes it; a graph in DOT. Invariant: components are visited callees first (Tarjan), so one pass
//! of unions closes the masks, recursion included. The only user of petgraph here.

use std::collections::BTreeSet;
use std::fmt::Write;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::obj::libfile::{Function, LibFile, LibTarget};

/// Everything that must be loaded for a function.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Needs {
    /// Itself included.
    pub functions: BTreeSet<usize>,
    pub data: BTreeSet<usize>,
    pub externals: BTreeSet<usize>,
}

impl Needs {
    fn join(&mut self, other: &Needs) {
        self.functions.extend(&other.functions);
        self.data.extend(&other.data);
        self.externals.extend(&other.externals);
    }
}

/// The numbers of the external dependencies of a function.
pub fn externals_of(function: &Function) -> impl Iterator<Item = usize> {
    let (first, count) = (usize::from(function.externals.0), usize::from(function.externals.1));
    first..first + count
}

/// The closure of each function's needs.
pub fn closure(file: &LibFile) -> Vec<Needs> {
    let functions = file.functions.len();
    // Functions first, then data, whose words may refer to both.
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let nodes: Vec<NodeIndex> = (0..functions + file.data.len()).map(|_| graph.add_node(())).collect();
    for (i, function) in file.functions.iter().enumerate() {
        let data = function.uses_data.iter().map(|d| functions + d);
        for to in function.uses_functions.iter().copied().chain(data).filter(|to| *to < nodes.len()) {
            graph.add_edge(nodes[i], nodes[to], ());
        }
    }
    for (i, segment) in file.data.iter().enumerate() {
        for reloc in &segment.relocs {
            let to = match reloc.target {
                LibTarget::Function(f) => f,
                LibTarget::Data(d) => functions + d,
                LibTarget::External(_) => continue,
            };
            graph.add_edge(nodes[functions + i], nodes[to], ());
        }
    }
    let mut needs = vec![Needs::default(); nodes.len()];
    for component in tarjan_scc(&graph) {
        let mut sum = Needs::default();
        for node in &component {
            let i = node.index();
            match file.functions.get(i) {
                Some(function) => {
                    sum.functions.insert(i);
                    sum.externals.extend(externals_of(function));
                }
                None => drop(sum.data.insert(i - functions)),
            }
            for next in graph.neighbors(*node) {
                sum.join(&needs[next.index()]);
            }
        }
        component.iter().for_each(|node| needs[node.index()] = sum.clone());
    }
    needs.truncate(functions);
    needs
}

/// Functions, data and external dependencies with their references, in DOT.
pub fn dot(module: &str, file: &LibFile) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = format!("digraph {} {{\n", quoted(module));
    for function in &file.functions {
        let label = format!("{}, {} bytes", function.name, function.code.len());
        let _ = writeln!(text, "  {} [shape=box, label={}];", quoted(&function.name), quoted(&label));
    }
    for (i, segment) in file.data.iter().enumerate() {
        let name = file.target_name(LibTarget::Data(i));
        let label = format!("{name}, {} bytes", segment.bytes.len());
        let _ = writeln!(text, "  {} [shape=cylinder, label={}];", quoted(&name), quoted(&label));
    }
    for function in &file.functions {
        let functions = function.uses_functions.iter().map(|i| LibTarget::Function(*i));
        let data = function.uses_data.iter().map(|i| LibTarget::Data(*i));
        let externals = externals_of(function).map(LibTarget::External);
        for target in functions.chain(data).chain(externals) {
            let _ = writeln!(text, "  {} -> {};", quoted(&function.name), quoted(&file.target_name(target)));
        }
    }
    text + "}\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::obj::libfile::{External, LibReloc, LibRelocKind, Segment};

    fn function(name: &str, functions: &[usize], data: &[usize], externals: (u8, u8)) -> Function {
        Function {
            name: name.into(),
            uses_functions: functions.to_vec(),
            uses_data: data.to_vec(),
            externals,
            ..Function::default()
        }
    }

    /// `even` and `odd` call each other; `odd` uses data that refers to `far`.
    fn sample() -> LibFile {
        let reloc =
            LibReloc { offset: 0, target: LibTarget::Function(2), addend: 0, kind: LibRelocKind::Word };
        LibFile {
            functions: vec![
                function("even", &[1], &[], (0, 0)),
                function("odd", &[0], &[0], (0, 0)),
                function("far", &[], &[], (0, 1)),
                function("alone", &[], &[], (0, 0)),
            ],
            data: vec![Segment { bytes: vec![0, 0], relocs: vec![reloc], ..Segment::default() }],
            externals: vec![External { module: "math".into(), name: "sin".into() }],
            ..LibFile::default()
        }
    }

    #[test]
    fn masks_close_over_recursion_and_data() {
        let needs = closure(&sample());
        let all = Needs { functions: [0, 1, 2].into(), data: [0].into(), externals: [0].into() };
        assert_eq!(needs[..2], [all.clone(), all]);
        assert_eq!(needs[3], Needs { functions: [3].into(), ..Needs::default() });
    }

    #[test]
    fn the_graph_has_an_edge_for_each_direct_use() {
        let text = dot("m", &sample());
        assert!(
            text.contains("\"odd\" -> \"data 0\";") && text.contains("\"far\" -> \"math.sin\";"),
            "{text}"
        );
        assert!(!text.contains("\"even\" -> \"far\""), "{text}");
    }
}
