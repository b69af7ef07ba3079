//! Treemaps: each part of a file as a box as large as its share, the parts of a module together.
//!
//! In: the sizes of a file. Out: an SVG. Invariant: the boxes fill the picture and do not overlap.
//! The boxes are kept nearly square by filling row after row along the shorter side.

use crate::out::size::{Item, Sizes};
use crate::out::svg::{Picture, Rect};

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 640.0;
const TOP: f64 = 24.0;

/// The treemap of what is stored in a file.
pub fn write(title: &str, sizes: &Sizes) -> String {
    let mut picture =
        Picture::new(WIDTH, HEIGHT + TOP, &format!("{title}: {} bytes in the file", sizes.file));
    let mut modules: Vec<(&str, Vec<&Item>)> = Vec::new();
    for item in sizes.items.iter().filter(|item| item.stored) {
        match modules.iter_mut().find(|(name, _)| *name == item.module) {
            Some((_, items)) => items.push(item),
            None => modules.push((&item.module, vec![item])),
        }
    }
    let sum = |items: &[&Item]| items.iter().map(|item| item.bytes).sum::<usize>();
    modules.sort_by_key(|(name, items)| (std::cmp::Reverse(sum(items)), *name));
    let whole = Rect { x: 0.0, y: TOP, width: WIDTH, height: HEIGHT };
    let areas: Vec<f64> = modules.iter().map(|(_, items)| sum(items) as f64).collect();
    for (area, (module, items)) in boxes(&whole, &areas).iter().zip(&modules) {
        let parts: Vec<f64> = items.iter().map(|item| item.bytes as f64).collect();
        for (at, item) in boxes(area, &parts).iter().zip(items) {
            let tip = format!(
                "{}: {} bytes ({:.1} %), {} of {module}",
                item.name,
                item.bytes,
                100.0 * item.bytes as f64 / sizes.file.max(1) as f64,
                item.kind
            );
            picture.rect(at, module, &item.name, &tip);
        }
    }
    picture.finish()
}

/// Divides a box in proportion to `weights`, which descend.
fn boxes(whole: &Rect, weights: &[f64]) -> Vec<Rect> {
    let mut found = Vec::with_capacity(weights.len());
    let mut free = whole.clone();
    let mut rest = weights;
    while !rest.is_empty() {
        let scale = free.width * free.height / rest.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let side = free.width.min(free.height);
        // A row grows as long as its worst box becomes squarer.
        let mut count = 1;
        while count < rest.len()
            && worst(&rest[..count + 1], scale, side) <= worst(&rest[..count], scale, side)
        {
            count += 1;
        }
        let (row, left) = rest.split_at(count);
        let area = row.iter().sum::<f64>() * scale;
        let depth = if side > 0.0 { area / side } else { 0.0 };
        let mut at = 0.0;
        for weight in row {
            let length = if depth > 0.0 { weight * scale / depth } else { 0.0 };
            found.push(if free.width < free.height {
                Rect { x: free.x + at, y: free.y, width: length, height: depth }
            } else {
                Rect { x: free.x, y: free.y + at, width: depth, height: length }
            });
            at += length;
        }
        if free.width < free.height {
            (free.y, free.height) = (free.y + depth, free.height - depth);
        } else {
            (free.x, free.width) = (free.x + depth, free.width - depth);
        }
        rest = left;
    }
    found
}

/// How far the least square box of a row is from a square.
fn worst(row: &[f64], scale: f64, side: f64) -> f64 {
    let depth = row.iter().sum::<f64>() * scale / side;
    let ratio = |weight: &f64| {
        let length = weight * scale / depth;
        (length / depth).max(depth / length)
    };
    row.iter().map(ratio).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_have_their_share_and_do_not_overlap() {
        let whole = Rect { x: 0.0, y: 0.0, width: 60.0, height: 40.0 };
        let weights = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0];
        let found = boxes(&whole, &weights);
        for (i, (at, weight)) in found.iter().zip(weights).enumerate() {
            assert!((at.width * at.height - weight * 100.0).abs() < 0.01, "{at:?}");
            for other in &found[..i] {
                let apart =
                    |a: f64, wide: f64, b: f64, other: f64| a + wide <= b + 0.01 || b + other <= a + 0.01;
                let beside = apart(at.x, at.width, other.x, other.width);
                assert!(beside || apart(at.y, at.height, other.y, other.height), "{at:?} {other:?}");
            }
        }
        let square = |at: &Rect| (at.width / at.height).max(at.height / at.width) < 3.0;
        assert!(found.iter().all(square), "{found:?}");
    }

    #[test]
    fn every_stored_part_is_shown() {
        let item = |name: &str, bytes, stored| {
            let (name, module) = (name.to_string(), "main".to_string());
            Item { name, module, kind: "code", bytes, stored }
        };
        let sizes = Sizes {
            file: 30,
            items: vec![item("draw", 20, true), item("x", 10, true), item("bss", 9, false)],
        };
        let text = write("a.prg", &sizes);
        assert!(text.contains("<title>draw: 20 bytes (66.7 %), code of main</title>"), "{text}");
        assert!(text.contains("<title>x: ") && !text.contains("bss"));
    }
}
