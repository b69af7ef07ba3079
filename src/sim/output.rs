//! The text a program prints, as PETSCII and as Unicode.
//!
//! In: codes, each with the character set shown at that moment. Out: both forms. Invariant: the text is what
//! `c64::petscii::unicode` makes of the codes. Not here: who prints (`kernal`, `marker`).

use crate::c64::petscii;

/// Everything printed so far.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Output {
    pub codes: Vec<u8>,
    pub text: String,
}

impl Output {
    pub fn push(&mut self, code: u8, lowercase: bool) {
        self.codes.push(code);
        self.text.extend(petscii::unicode(code, lowercase));
    }
}
