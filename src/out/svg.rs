//! Pictures of labelled boxes, as SVG.
//!
//! In: boxes with a caption and a longer text. Out: one self-contained file without scripts; the
//! longer text appears where the mouse points. Invariant: no text, whatever it holds, can break
//! the file. Not here: where the boxes lie (`flame.rs`, `treemap.rs`).

use std::fmt::Write;

/// Width of a letter and height of a line, in pixels of the picture.
const LETTER: f64 = 6.7;
const LINE: f64 = 15.0;
/// Boxes thinner than this are left out.
const THINNEST: f64 = 0.3;

/// A box.
#[derive(Clone, PartialEq, Debug)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// A picture that is being drawn.
pub struct Picture {
    text: String,
}

impl Picture {
    /// An empty picture with a title in its first line.
    pub fn new(width: f64, height: f64, title: &str) -> Picture {
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             font-family=\"monospace\" font-size=\"11\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
             <text x=\"4\" y=\"16\" font-size=\"13\">{}</text>\n",
            escape(title)
        );
        Picture { text }
    }

    /// Adds a box. The caption is cut to what fits; `key` chooses the colour.
    pub fn rect(&mut self, at: &Rect, key: &str, caption: &str, tip: &str) {
        if at.width < THINNEST || at.height < THINNEST {
            return;
        }
        let Rect { x, y, width, height } = at;
        let _ = write!(
            self.text,
            "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"{}\" stroke=\"#ffffff\" stroke-width=\"0.5\"/>",
            escape(tip),
            color(key)
        );
        let fits = ((width - 4.0) / LETTER).max(0.0) as usize;
        if fits >= 3 && *height >= LINE - 3.0 {
            let shown: String = match caption.chars().count() {
                n if n <= fits => caption.to_string(),
                _ => caption.chars().take(fits - 1).chain(['…']).collect(),
            };
            let _ = write!(
                self.text,
                "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x + 2.0,
                y + 11.0,
                escape(&shown)
            );
        }
        self.text.push_str("</g>\n");
    }

    /// The file.
    pub fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}

/// A light colour that depends on the key alone.
fn color(key: &str) -> String {
    let hash = key.bytes().fold(0x811C_9DC5u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    format!("hsl({},65%,{}%)", hash % 360, 68 + hash / 360 % 12)
}

/// Text as it may stand between tags.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_captions_cut() {
        let mut picture = Picture::new(100.0, 50.0, "a<b");
        let at = Rect { x: 0.0, y: 20.0, width: 38.0, height: 15.0 };
        picture.rect(&at, "k", "abcdefgh", "\"x\" & y");
        picture.rect(&Rect { width: 0.1, ..at }, "k", "thin", "thin");
        let text = picture.finish();
        assert!(text.contains(">a&lt;b</text>") && text.contains("<title>&quot;x&quot; &amp; y</title>"));
        assert!(text.contains(">abcd…</text>") && !text.contains("thin"), "{text}");
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
    }
}
