//! Unicode text, PETSCII and VIC screen codes, in both character sets.
//!
//! In: one character or code and which set is shown (`lowercase`: the lower/upper set). Out: the other form, or `None`
//! where the C64 has no such sign (or, for output, where the code is a control code).
//! Invariant: what `unicode` prints for a code that a source text can name, `petscii` maps back to that code
//! (letters of the upper/graphics set come back as capitals).
//! Not here: escapes in string literals (`parse`), control codes' effects (`sim::editor`).

/// The PETSCII code of a character as written in a PyCo string.
///
/// Both cases of a letter give the unshifted key in the upper/graphics set. Control characters are not text; the
/// escapes `\n` and `\xHH` make them.
pub fn petscii(ch: char, lowercase: bool) -> Option<u8> {
    match ch {
        'a'..='z' => Some(ch as u8 - 0x20),
        'A'..='Z' if lowercase => Some(ch as u8 + 0x80),
        ' '..='[' | ']' | '^' => Some(ch as u8),
        '£' | '\\' => Some(0x5C),
        '↑' => Some(0x5E),
        '←' => Some(0x5F),
        '_' => Some(0xA4),
        '|' => Some(0xDD),
        'π' => Some(0xFF),
        '\u{A0}' => Some(0xA0),
        _ => graphics_code(ch, lowercase),
    }
}

/// The VIC screen code of a character as written in a PyCo `s"…"` string.
pub fn screen_code(ch: char, lowercase: bool) -> Option<u8> {
    petscii(ch, lowercase).map(petscii_to_screen)
}

/// The screen code that the screen editor stores for a PETSCII code. Control codes give the reversed letter that
/// quote mode shows.
pub fn petscii_to_screen(code: u8) -> u8 {
    match code {
        0x00..=0x1F => code + 0x80,
        0x20..=0x3F => code,
        0x40..=0x5F => code - 0x40,
        0x60..=0x7F => code - 0x20,
        0x80..=0x9F => code + 0x40,
        0xA0..=0xBF => code - 0x40,
        0xC0..=0xFE => code - 0x80,
        0xFF => 0x5E,
    }
}

/// The PETSCII code that prints a screen code; the reverse bit is ignored.
pub fn screen_to_petscii(code: u8) -> u8 {
    match code & 0x7F {
        c @ 0x00..=0x1F => c + 0x40,
        c @ 0x20..=0x3F => c,
        c @ 0x40..=0x5D => c + 0x80,
        0x5E => 0xFF,
        0x5F => 0xDF,
        c => c + 0x40,
    }
}

/// What `pycoc run` prints for a PETSCII code: RETURN is a newline, other control codes are nothing, graphics
/// characters are the nearest Unicode sign.
pub fn unicode(code: u8, lowercase: bool) -> Option<char> {
    match code {
        0x0D => Some('\n'),
        0x00..=0x1F | 0x80..=0x9F => None,
        0x20..=0x40 | 0x5B | 0x5D => Some(char::from(code)),
        0x41..=0x5A if lowercase => Some(char::from(code + 0x20)),
        0x41..=0x5A => Some(char::from(code)),
        0x5C => Some('£'),
        0x5E => Some('↑'),
        0x5F => Some('←'),
        0x61..=0x7A if lowercase => Some(char::from(code - 0x20)),
        0xC1..=0xDA if lowercase => Some(char::from(code - 0x80)),
        0x60..=0x7F => Some(graphic(code + 0x60, lowercase)),
        0xFF => Some('π'),
        0xE0..=0xFE => Some(graphic(code - 0x40, lowercase)),
        0xA0..=0xDF => Some(graphic(code, lowercase)),
    }
}

/// The sign that a screen code shows; the reverse bit is ignored.
pub fn screen_unicode(code: u8, lowercase: bool) -> char {
    unicode(screen_to_petscii(code), lowercase).unwrap_or(' ')
}

/// The Unicode signs of $A0–$DF in the upper/graphics set, and of the codes that differ in the lower/upper set.
const GRAPHICS: [char; 64] = [
    ' ', '▌', '▄', '▔', '_', '▏', '▒', '▕', '🮏', '◤', '🮇', '├', '▗', '└', '┐', '▂', // $A0
    '┌', '┴', '┬', '┤', '▎', '▍', '🮈', '🮂', '🮃', '▃', '🭿', '▖', '▝', '┘', '▘', '▚', // $B0
    '─', '♠', '🭲', '🭸', '🭷', '🭶', '🭺', '🭱', '🭴', '╮', '╰', '╯', '🭼', '╲', '╱', '🭽', // $C0
    '🭾', '●', '🭻', '♥', '🭰', '╭', '╳', '○', '♣', '🭵', '♦', '┼', '🮌', '|', 'π', '◥', // $D0
];
const LOWER_ONLY: [(u8, char); 4] = [(0xA9, '🮙'), (0xBA, '✓'), (0xDE, '🮕'), (0xDF, '🮘')];

/// The sign of a graphics code in $A0–$DF.
fn graphic(code: u8, lowercase: bool) -> char {
    let own = LOWER_ONLY.iter().find(|(c, _)| lowercase && *c == code);
    own.map_or(GRAPHICS[usize::from(code & 0x3F) ^ 0x20], |(_, sign)| *sign)
}

/// The code in $A0–$DF that shows `ch`. The graphics on the shifted letters exist in the upper/graphics set only.
fn graphics_code(ch: char, lowercase: bool) -> Option<u8> {
    let aliases = [('│', '|'), ('•', '●'), ('▁', '_'), ('✔', '✓')];
    let ch = aliases.iter().find(|(alias, _)| *alias == ch).map_or(ch, |(_, sign)| *sign);
    (0xA1..=0xDF).find(|&code| unicode(code, lowercase) == Some(ch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_depend_on_the_set() {
        assert_eq!((petscii('a', false), petscii('A', false)), (Some(0x41), Some(0x41)));
        assert_eq!((petscii('a', true), petscii('Z', true)), (Some(0x41), Some(0xDA)));
        assert_eq!((screen_code('a', false), screen_code('Z', false)), (Some(1), Some(26)));
        assert_eq!((screen_code('a', true), screen_code('A', true)), (Some(1), Some(65)));
    }

    #[test]
    fn named_signs_have_their_codes() {
        let codes: Vec<_> = "^↑←£\\_|π".chars().map(|c| petscii(c, false)).collect();
        let expected = [0x5E, 0x5E, 0x5F, 0x5C, 0x5C, 0xA4, 0xDD, 0xFF].map(Some);
        assert_eq!(codes, expected);
        assert_eq!(screen_code('π', false), Some(0x5E));
        assert_eq!(screen_code('|', false), Some(0x5D));
        assert_eq!(screen_code('@', false), Some(0));
    }

    #[test]
    fn signs_the_set_lacks_have_no_code() {
        assert!("{}~`éő✗\n\t".chars().all(|c| petscii(c, false).is_none() && petscii(c, true).is_none()));
        assert_eq!((petscii('♥', false), petscii('♥', true)), (Some(0xD3), None));
        assert_eq!((petscii('✓', false), petscii('✓', true)), (None, Some(0xBA)));
    }

    #[test]
    fn output_shows_the_set() {
        let text = |codes: &[u8], lower| codes.iter().filter_map(|&c| unicode(c, lower)).collect::<String>();
        assert_eq!(text(&[0x48, 0xC9, 0x69, 0x93, 0x0D], true), "hII\n");
        assert_eq!(text(&[0x48, 0x49, 0x12, 0x8D, 0x0D], false), "HI\n");
        assert_eq!(text(&[0xA4, 0x7D, 0xFD, 0x7E, 0xFE, 0xFF], false), "_|┘π▘π");
    }

    #[test]
    fn printed_signs_read_back() {
        for lower in [false, true] {
            for code in (0x20..=0x5F).chain(0xA1..=0xDD) {
                let sign = unicode(code, lower).unwrap();
                assert_eq!(petscii(sign, lower), Some(code), "{sign} ${code:02X} {lower}");
            }
        }
    }

    #[test]
    fn screen_codes_and_petscii_agree() {
        for code in 0..=0x7F {
            assert_eq!(petscii_to_screen(screen_to_petscii(code)), code);
        }
        assert_eq!(screen_unicode(0x81, true), 'a');
    }
}
