//! Source texts and positions in them.
//!
//! In: the text of each file, once. Out: `FileId`s, and line/column for any byte offset.
//! Invariant: only `SourceMap` knows paths; everything else carries `Span`s. Nothing here reads
//! the disk.

use crate::base::index::IndexVec;

crate::define_id! {
    /// A source file of this compilation.
    FileId "file";
}

/// A half-open range of bytes `lo..hi` in one file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Span {
    pub file: FileId,
    pub lo: u32,
    pub hi: u32,
}

impl Span {
    /// The range `lo..hi` of `file`.
    pub fn new(file: FileId, lo: usize, hi: usize) -> Self {
        Self { file, lo: lo as u32, hi: hi as u32 }
    }

    /// The smallest range that holds both; `self` when they lie in different files.
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// The empty range at the start of this one.
    pub fn start(self) -> Span {
        Span { hi: self.lo, ..self }
    }

    /// The empty range at the end of this one.
    pub fn end(self) -> Span {
        Span { lo: self.hi, ..self }
    }
}

/// One file: its path as the user named it, its text, and where its lines begin.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub path: String,
    pub text: String,
    line_starts: Vec<u32>,
}

impl SourceFile {
    /// One-based line and one-based column (in characters) of a byte offset. An offset past the
    /// end, or inside a UTF-8 sequence, is moved back to the nearest character boundary.
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let offset = self.floor(offset as usize);
        let line = self.line_starts.partition_point(|&start| start as usize <= offset) - 1;
        let start = self.line_starts[line] as usize;
        (line + 1, self.text[start..offset].chars().count() + 1)
    }

    /// Where a one-based line begins; the end of the text for a line that is not there.
    pub fn line_start(&self, line: usize) -> usize {
        let start = line.checked_sub(1).and_then(|l| self.line_starts.get(l));
        start.map_or(self.text.len(), |&s| s as usize)
    }

    /// The text of a one-based line, without its line end; empty for a line that is not there.
    pub fn line_text(&self, line: usize) -> &str {
        let Some(&start) = line.checked_sub(1).and_then(|l| self.line_starts.get(l)) else {
            return "";
        };
        let end = self.line_starts.get(line).map_or(self.text.len(), |&e| e as usize);
        self.text[start as usize..end].trim_end_matches(['\n', '\r'])
    }

    /// The nearest character boundary at or before `offset`.
    pub fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// All source files of a compilation.
#[derive(Clone, Default, Debug)]
pub struct SourceMap {
    files: IndexVec<FileId, SourceFile>,
}

impl SourceMap {
    /// Adds a file. A byte order mark must have been removed by the caller.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1))
            .collect();
        self.files.push(SourceFile { path: path.into(), text, line_starts })
    }

    /// The file of an id that this map handed out.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id]
    }

    /// The text that a span covers; positions past the end are cut off.
    pub fn snippet(&self, span: Span) -> &str {
        let file = self.file(span.file);
        let (lo, hi) = (file.floor(span.lo as usize), file.floor(span.hi as usize));
        &file.text[lo..hi.max(lo)]
    }

    /// One-based line of the start of a span.
    pub fn line(&self, span: Span) -> usize {
        self.file(span.file).line_column(span.lo).0
    }

    /// All files in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.enumerated()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_and_column_count_characters() {
        let mut map = SourceMap::default();
        let id = map.add("a.pyco", "ő = 1\nb\n");
        let file = map.file(id);
        assert_eq!(file.line_column(0), (1, 1));
        assert_eq!(file.line_column(1), (1, 1), "inside the two bytes of ő");
        assert_eq!(file.line_column(2), (1, 2));
        assert_eq!(file.line_column(7), (2, 1));
        assert_eq!(file.line_column(999), (3, 1));
        assert_eq!(file.line_text(2), "b");
        assert_eq!(file.line_text(9), "");
    }
}
