//! Flame graphs: who called whom, and what it cost.
//!
//! In: the calls of a profile. Out: an SVG; each box is as wide as its share of all cycles, and lies
//! on the one that called it. Invariant: boxes of one caller are in order of name, so that two
//! pictures can be compared. Not here: counting (`sim/profile.rs`).

use crate::out::profile::{Call, grouped};
use crate::out::svg::{Picture, Rect};

const WIDTH: f64 = 1200.0;
const ROW: f64 = 16.0;
const TOP: f64 = 24.0;

/// The flame graph of a tree of calls; callers come before what they call.
pub fn write(title: &str, calls: &[Call]) -> String {
    let all: u64 = calls.iter().map(|call| call.cycles).sum();
    let deepest = calls.iter().map(|call| call.depth).max().unwrap_or(0);
    let height = TOP + ROW * (deepest as f64 + 1.0);
    let mut picture = Picture::new(WIDTH, height, &format!("{title}: {} cycles", grouped(all)));
    // Where the next box on each one begins.
    let mut left: Vec<f64> = vec![0.0; calls.len()];
    let mut start = 0.0;
    let mut order: Vec<usize> = (0..calls.len()).collect();
    order.sort_by_key(|&i| (calls[i].depth, calls[i].name.clone()));
    for i in order {
        let call = &calls[i];
        let width = WIDTH * call.total as f64 / all.max(1) as f64;
        let place = match call.parent {
            Some(parent) => &mut left[parent],
            None => &mut start,
        };
        let x = *place;
        *place += width;
        left[i] = x;
        let y = height - ROW * (call.depth as f64 + 1.0);
        let share = 100.0 * call.total as f64 / all.max(1) as f64;
        let tip = format!(
            "{}: {} cycles ({share:.1} %), {} without calls, entered {} times",
            call.name,
            grouped(call.total),
            grouped(call.cycles),
            grouped(call.calls)
        );
        picture.rect(&Rect { x, y, width, height: ROW - 1.0 }, &call.name, &call.name, &tip);
    }
    picture.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_lies_on_its_caller_and_is_as_wide_as_its_share() {
        let call = |name: &str, parent, depth, cycles, total| {
            let name = name.to_string();
            Call { name, parent, depth, cycles, total, calls: 1 }
        };
        let calls =
            [call("main", None, 0, 50, 100), call("b", Some(0), 1, 25, 25), call("a", Some(0), 1, 25, 25)];
        let text = write("x.pyco", &calls);
        assert!(text.contains(">x.pyco: 100 cycles</text>"), "{text}");
        let places: Vec<&str> = text
            .lines()
            .filter_map(|l| l.split_once("<rect x=")?.1.split_once(" height"))
            .map(|(at, _)| at)
            .collect();
        let expected = [
            "\"0.0\" y=\"40.0\" width=\"1200.0\"",
            "\"0.0\" y=\"24.0\" width=\"300.0\"",
            "\"300.0\" y=\"24.0\" width=\"300.0\"",
        ];
        assert_eq!(places, expected, "a before b, both on main");
    }
}
