//! The memory map: what lies where, and why it is there.
//!
//! In: a linked image. Out: text for people. It has no influence on linking.
//!
//! ```text
//! $0801-$082a     42  code      rt_start
//! $082b-$0833      9  code      main            <- rt_start
//! ```

use std::fmt::Write;

use crate::link::{Image, Placed};
use crate::mos::item::Name;
use crate::obj::object::SectionKind;

const KINDS: [(SectionKind, &str); 5] = [
    (SectionKind::Code, "code"),
    (SectionKind::RoData, "constants"),
    (SectionKind::Data, "data"),
    (SectionKind::Bss, "variables"),
    (SectionKind::ZeroPage, "zero page"),
];

/// The map of an image.
pub fn map(image: &Image) -> String {
    let mut text = String::new();
    let end = usize::from(image.load) + image.bytes.len();
    let size = image.bytes.len() + 2;
    let _ = writeln!(text, "loaded at ${:04x}-${:04x}, file of {size} bytes", image.load, end.max(1) - 1);
    let _ = writeln!(text, "entry at ${:04x}", image.entry);
    for (kind, name) in KINDS {
        let sizes = image.placed.iter().filter(|p| p.section.kind == kind).map(|p| u32::from(p.section.size));
        let _ = writeln!(text, "{:>6}  {name}", sizes.sum::<u32>());
    }
    text.push('\n');
    for placed in image.placed.iter().filter(|p| p.section.size > 0) {
        row(&mut text, placed);
    }
    let mut file = "";
    for part in &image.loaded_parts {
        if part.file != file {
            file = &part.file;
            let _ = write!(text, "\nloaded at run time from {file}\n");
        }
        let kind = if part.is_code { "code" } else { "data" };
        line(&mut text, part.address, part.size, kind, part.name.as_str(), None, part.wanted_by.as_ref());
    }
    text
}

fn row(text: &mut String, placed: &Placed) {
    let Placed { section, address, stored, wanted_by } = placed;
    let kind = KINDS.iter().find(|(kind, _)| *kind == section.kind).map_or("", |(_, name)| name);
    line(text, *address, section.size, kind, section.name.as_str(), *stored, wanted_by.as_ref());
}

fn line(
    text: &mut String,
    address: u16,
    size: u16,
    kind: &str,
    name: &str,
    stored: Option<u16>,
    wanted_by: Option<&Name>,
) {
    let end = address.wrapping_add(size).wrapping_sub(1);
    let _ = write!(text, "${address:04x}-${end:04x} {size:>6}  {kind:<10}{name}");
    if let Some(at) = stored {
        let _ = write!(text, "  (loaded at ${at:04x})");
    }
    if let Some(by) = wanted_by {
        let _ = write!(text, "  <- {by}");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::dynamic::LoadedPart;
    use crate::obj::object::Section;

    #[test]
    fn the_map_says_where_and_why() {
        let section = Section::with_bytes("f", SectionKind::Code, vec![0; 3]);
        let placed =
            Placed { section, address: 0xc000, stored: Some(0x0900), wanted_by: Some("main".into()) };
        let image = Image {
            load: 0x0801,
            bytes: vec![0; 4],
            entry: 0x080d,
            placed: vec![placed],
            ..Image::default()
        };
        let text = map(&image);
        assert!(text.starts_with("loaded at $0801-$0804, file of 6 bytes\nentry at $080d\n     3  code\n"));
        assert!(text.ends_with("\n$c000-$c002      3  code      f  (loaded at $0900)  <- main\n"));
        let part = LoadedPart {
            file: "M.LIB".into(),
            name: "m.g".into(),
            is_code: true,
            address: 0x1000,
            size: 16,
            wanted_by: Some("f".into()),
        };
        let text = map(&Image { loaded_parts: vec![part], ..image });
        let row = "\n\nloaded at run time from M.LIB\n$1000-$100f     16  code      m.g  <- f\n";
        assert!(text.ends_with(row), "{text}");
    }
}
