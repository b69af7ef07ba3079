//! Label files for the monitor of VICE (`-moncommands`).
//!
//! In: a linked image. Out: one `al` line for each symbol, by address, then by name.

use crate::link::Image;
use std::fmt::Write;

/// The label file of an image.
pub fn labels(image: &Image) -> String {
    let mut symbols: Vec<(u16, &str)> = image.symbols.iter().map(|(n, a)| (*a, n.as_str())).collect();
    symbols.sort_unstable();
    let mut text = String::new();
    for (address, name) in symbols {
        if name.starts_with('$') {
            continue;
        }
        // The monitor takes names that begin with a dot and have no other signs.
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
        let name: String = name.chars().map(plain).collect();
        let _ = writeln!(text, "al C:{address:04x} .{name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_by_address_and_made_plain() {
        let symbols = [("main.run", 0x0900), ("a", 0x0a00), ("$0000", 0)];
        let symbols = symbols.into_iter().map(|(name, address)| (name.into(), address)).collect();
        let image = Image { symbols, ..Image::default() };
        assert_eq!(labels(&image), "al C:0900 .main_run\nal C:0a00 .a\n");
    }
}
