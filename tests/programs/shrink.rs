//! Makes a program smaller while it stays interesting.
//!
//! In: the lines of a program and a test. Out: a program for which the test still holds and no
//! single step of these makes it smaller: leaving a line (with its block) out, putting the block of
//! a line in its place, replacing something in parentheses by a part of it or by a number.

use super::Node;

/// A place in the tree: positions from the outermost block inward.
type Path = Vec<usize>;

pub fn shrink(mut nodes: Vec<Node>, interesting: &mut dyn FnMut(&[Node]) -> bool) -> Vec<Node> {
    loop {
        let before = nodes.clone();
        nodes = lines(nodes, interesting);
        nodes = expressions(nodes, interesting);
        if nodes == before {
            return nodes;
        }
    }
}

fn lines(mut nodes: Vec<Node>, interesting: &mut dyn FnMut(&[Node]) -> bool) -> Vec<Node> {
    // The last first, so that uses go before what they use.
    let mut paths = all_paths(&nodes);
    while let Some(path) = paths.pop() {
        if node_at(&nodes, &path).is_none() {
            continue;
        }
        for replacement in [Vec::new(), body_at(&nodes, &path)] {
            let mut smaller = nodes.clone();
            replace(&mut smaller, &path, replacement);
            if smaller != nodes && interesting(&smaller) {
                nodes = smaller;
                break;
            }
        }
    }
    nodes
}

fn expressions(mut nodes: Vec<Node>, interesting: &mut dyn FnMut(&[Node]) -> bool) -> Vec<Node> {
    for path in all_paths(&nodes) {
        let mut at = 0;
        while let Some(head) = node_at(&nodes, &path).map(|n| n.head.clone()) {
            let candidates = simpler(&head, at);
            if candidates.is_empty() {
                break;
            }
            let found = candidates.into_iter().find_map(|text| {
                let mut smaller = nodes.clone();
                replace_head(&mut smaller, &path, text);
                interesting(&smaller).then_some(smaller)
            });
            match found {
                Some(smaller) => nodes = smaller,
                None => at += 1,
            }
        }
    }
    nodes
}

/// Forms of `line` with its parenthesis number `at` made simpler; none when there is no such one.
fn simpler(line: &str, at: usize) -> Vec<String> {
    let Some((open, _)) = line.match_indices('(').nth(at) else { return Vec::new() };
    let Some(close) = matching(line, open) else { return vec![line.to_string()] };
    let name_start = line[..open].rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |i| i + 1);
    let inner = &line[open + 1..close];
    let mut parts: Vec<String> = vec!["1".into(), "0".into()];
    parts.extend(pieces(inner).into_iter().map(str::to_string));
    let whole = |start: usize, part: &str| format!("{}{part}{}", &line[..start], &line[close + 1..]);
    let mut found: Vec<String> = parts.iter().map(|part| whole(name_start, part)).collect();
    found.push(whole(open, &format!("({inner})")));
    found.retain(|text| text.len() < line.len());
    if found.is_empty() { vec![line.to_string() + " "] } else { found }
}

fn matching(line: &str, open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (i, c) in line.char_indices().skip_while(|(i, _)| *i < open) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

/// The operands or arguments of an expression without its parentheses.
fn pieces(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0i32, 0, Vec::new());
    for (i, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ' ' if depth == 0 => {
                found.push(text[start..i].trim_end_matches(','));
                start = i + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found.retain(|piece| piece.chars().any(char::is_alphanumeric));
    found
}

fn all_paths(nodes: &[Node]) -> Vec<Path> {
    let mut found = Vec::new();
    for (i, node) in nodes.iter().enumerate() {
        found.push(vec![i]);
        for inner in node.body.iter().flat_map(|body| all_paths(body)) {
            found.push([&[i], inner.as_slice()].concat());
        }
    }
    found
}

fn node_at<'a>(nodes: &'a [Node], path: &[usize]) -> Option<&'a Node> {
    let (first, rest) = path.split_first()?;
    let node = nodes.get(*first)?;
    if rest.is_empty() { Some(node) } else { node_at(node.body.as_ref()?, rest) }
}

fn body_at(nodes: &[Node], path: &[usize]) -> Vec<Node> {
    node_at(nodes, path).and_then(|n| n.body.clone()).unwrap_or_default()
}

fn replace(nodes: &mut Vec<Node>, path: &[usize], with: Vec<Node>) {
    match path {
        [] => {}
        [at] => drop(nodes.splice(*at..=*at, with)),
        [at, rest @ ..] => {
            if let Some(body) = nodes[*at].body.as_mut() {
                replace(body, rest, with);
            }
        }
    }
}

fn replace_head(nodes: &mut [Node], path: &[usize], head: String) {
    match path {
        [] => {}
        [at] => nodes[*at].head = head,
        [at, rest @ ..] => {
            if let Some(body) = nodes[*at].body.as_mut() {
                replace_head(body, rest, head);
            }
        }
    }
}
