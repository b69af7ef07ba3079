//! Version 1 of the `.LIB` format: fixed-size indices, word relocations in code only.
//!
//! In: bytes that begin with the magic and version 1, or a `LibFile`. Out: the other, or the field
//! that is wrong. Invariants: reading is total; sections follow each other without gaps. Not here:
//! what is in the string table behind a public name (its type), which other layers make and read.

use crate::base::bytes::{Reader, Writer, read_u16_at};
use crate::obj::deps::externals_of;
use crate::obj::libfile::{
    External, FIRST_EXTERNAL, Function, LibError, LibFile, LibReloc, LibRelocKind, LibTarget, MAGIC, Segment,
    ascii, is_public,
};

const HEADER: usize = 7;
const FUNCTION_ENTRY: usize = 12;
const DATA_ENTRY: usize = 6;
const EXTERNAL_ENTRY: usize = 4;

/// How much fits a file.
pub const MAX_FUNCTIONS: usize = 8;
pub const MAX_DATA: usize = 8;
pub const MAX_EXTERNALS: usize = 255;
pub const MAX_RELOCS: usize = 255;

type Result<T> = std::result::Result<T, LibError>;

/// A chunk's place in the file.
struct Chunk {
    target: LibTarget,
    offset: usize,
    size: usize,
}

/// An entry of the function index.
struct FunctionEntry {
    name: u16,
    offset: usize,
    size: usize,
    uses_functions: u8,
    uses_data: u8,
    externals: (u8, u8),
    relocs: usize,
}

/// The string table.
struct Strings<'a>(&'a [u8]);

impl Strings<'_> {
    /// The string at an offset, and where the next one begins.
    fn get(&self, offset: u16, field: &str) -> Result<(String, u16)> {
        let Some(rest) = self.0.get(usize::from(offset)..).filter(|rest| !rest.is_empty()) else {
            return Err(LibError::new(field, format!("${offset:04X} lies outside the string table")));
        };
        let Some(length) = rest.iter().position(|b| *b == 0) else {
            return Err(LibError::new(field, "its string in the string table has no terminator"));
        };
        let text = ascii(&rest[..length], field)?;
        Ok((text, offset.saturating_add(u16::try_from(length + 1).unwrap_or(u16::MAX))))
    }

    /// A name, and the type string behind it when it is public; `end` is moved past both.
    fn name(&self, offset: u16, field: &str, end: &mut u16) -> Result<(String, Option<String>)> {
        let (name, next) = self.get(offset, field)?;
        *end = next.max(*end);
        // A file of another tool may end after the name.
        if !is_public(&name) || usize::from(next) >= self.0.len() {
            return Ok((name, None));
        }
        let (signature, next) = self.get(next, field)?;
        *end = next.max(*end);
        Ok((name, Some(signature)))
    }
}

/// Takes a file apart.
pub fn read(bytes: &[u8]) -> Result<LibFile> {
    let mut reader = Reader::new(bytes);
    reader.take(3, "header")?;
    let function_count = count(reader.u8("header")?, MAX_FUNCTIONS, "function count")?;
    let data_count = count(reader.u8("header")?, MAX_DATA, "data segment count")?;
    let strings_at = usize::from(reader.u16("header")?);
    let Some(strings) = bytes.get(strings_at..).map(Strings) else {
        return Err(LibError::new("string table offset", format!("${strings_at:04X} lies outside the file")));
    };
    let functions = (0..function_count).map(|_| function_entry(&mut reader)).collect::<Result<Vec<_>>>()?;
    let mut segments = Vec::new();
    for _ in 0..data_count {
        let field = "data segment index";
        let (name, offset, size) = (reader.u16(field)?, reader.u16(field)?, reader.u16(field)?);
        segments.push((name, usize::from(offset), usize::from(size)));
    }
    let mut end_of_names = 0;
    let externals = match functions.first() {
        Some(first) => read_externals(&mut reader, first.offset, &strings, &mut end_of_names)?,
        None => Vec::new(),
    };
    let chunks = chunks(&functions, &segments, reader.position(), strings_at)?;
    let tables = chunks.last().map_or(reader.position(), |c| c.offset + c.size);

    let mut file = LibFile { version: 1, externals, ..LibFile::default() };
    for (i, (name, offset, size)) in segments.iter().enumerate() {
        let field = format!("name_offset of data segment {i}");
        let (name, signature) = strings.name(*name, &field, &mut end_of_names)?;
        let bytes = bytes[*offset..offset + size].to_vec();
        file.data.push(Segment { name, signature, offset: *offset as u16, bytes, ..Segment::default() });
    }
    for (i, entry) in functions.iter().enumerate() {
        let (name, signature) =
            strings.name(entry.name, &format!("name_offset of function {i}"), &mut end_of_names)?;
        let mut function = Function {
            name,
            signature,
            offset: entry.offset as u16,
            code: bytes[entry.offset..entry.offset + entry.size].to_vec(),
            uses_functions: bits(
                entry.uses_functions,
                function_count,
                &format!("uses_funcs of function {i}"),
            )?,
            uses_data: bits(entry.uses_data, data_count, &format!("uses_data of function {i}"))?,
            externals: entry.externals,
            relocs: Vec::new(),
        };
        if usize::from(entry.externals.0) + usize::from(entry.externals.1) > file.externals.len() {
            let text = format!("the file has only {} external dependencies", file.externals.len());
            return Err(LibError::new(format!("ext_dep_idx of function {i}"), text));
        }
        if !(tables..strings_at).contains(&entry.relocs) {
            let text = format!("${:04X} lies outside the relocation table", entry.relocs);
            return Err(LibError::new(format!("reloc_offset of function {i}"), text));
        }
        let table = &bytes[entry.relocs..strings_at];
        function.relocs = read_relocs(&mut function, i, table, &chunks, file.externals.len())?;
        file.functions.push(function);
    }
    file.exports = read_exports(&strings, end_of_names)?;
    Ok(file)
}

fn count(value: u8, most: usize, field: &str) -> Result<usize> {
    let value = usize::from(value);
    if value > most {
        return Err(LibError::new(field, format!("{value}, but version 1 has at most {most}")));
    }
    Ok(value)
}

fn function_entry(reader: &mut Reader) -> Result<FunctionEntry> {
    let field = "function index";
    Ok(FunctionEntry {
        name: reader.u16(field)?,
        offset: usize::from(reader.u16(field)?),
        size: usize::from(reader.u16(field)?),
        uses_functions: reader.u8(field)?,
        uses_data: reader.u8(field)?,
        externals: (reader.u8(field)?, reader.u8(field)?),
        relocs: usize::from(reader.u16(field)?),
    })
}

/// The table of external dependencies, which fills the room up to the first function's code.
fn read_externals(
    reader: &mut Reader,
    code: usize,
    strings: &Strings,
    end: &mut u16,
) -> Result<Vec<External>> {
    let room = code.checked_sub(reader.position()).filter(|room| room % EXTERNAL_ENTRY == 0);
    let Some(room) = room else {
        let text = format!("${code:04X} leaves no whole external dependency table before it");
        return Err(LibError::new("code_offset of function 0", text));
    };
    let field = "external dependency table";
    if room / EXTERNAL_ENTRY > MAX_EXTERNALS {
        return Err(LibError::new("code_offset of function 0", format!("{field} of {room} bytes")));
    }
    let mut externals = Vec::new();
    for i in 0..room / EXTERNAL_ENTRY {
        let (module, name) = (reader.u16(field)?, reader.u16(field)?);
        let (module, next) = strings.get(module, &format!("module_name_offset of dependency {i}"))?;
        *end = next.max(*end);
        let (name, next) = strings.get(name, &format!("function_name_offset of dependency {i}"))?;
        *end = next.max(*end);
        externals.push(External { module, name });
    }
    Ok(externals)
}

/// The places of all code and data, which must follow each other from `start` without gaps.
fn chunks(
    functions: &[FunctionEntry],
    segments: &[(u16, usize, usize)],
    start: usize,
    strings_at: usize,
) -> Result<Vec<Chunk>> {
    let functions = functions
        .iter()
        .enumerate()
        .map(|(i, f)| (LibTarget::Function(i), "code", "function", i, f.offset, f.size));
    let segments =
        segments.iter().enumerate().map(|(i, d)| (LibTarget::Data(i), "data", "data segment", i, d.1, d.2));
    let mut chunks = Vec::new();
    let mut next = start;
    for (target, kind, what, i, offset, size) in functions.chain(segments) {
        let field = format!("{kind}_offset of {what} {i}");
        if offset != next {
            let text = format!("${offset:04X} overlaps something or leaves a gap: ${next:04X} is next");
            return Err(LibError::new(field, text));
        }
        next = offset + size;
        if next > strings_at {
            let text = format!("{size} bytes reach into the string table or past the end of the file");
            return Err(LibError::new(format!("{kind}_size of {what} {i}"), text));
        }
        if next > usize::from(FIRST_EXTERNAL) {
            return Err(LibError::new(format!("{kind}_size of {what} {i}"), "it reaches $FF00"));
        }
        chunks.push(Chunk { target, offset, size });
    }
    Ok(chunks)
}

/// The numbers of the bits that are set, all below `count`.
fn bits(mask: u8, count: usize, field: &str) -> Result<Vec<usize>> {
    let set: Vec<usize> = (0..8).filter(|i| mask >> i & 1 == 1).collect();
    match set.last() {
        Some(last) if *last >= count => {
            Err(LibError::new(field, format!("bit {last} is set, there are {count}")))
        }
        _ => Ok(set),
    }
}

/// Reads the relocations of a function, and clears the words in its code.
fn read_relocs(
    function: &mut Function,
    number: usize,
    table: &[u8],
    chunks: &[Chunk],
    external_count: usize,
) -> Result<Vec<LibReloc>> {
    let mut table = Reader::new(table);
    let inside = |what: &str| {
        LibError::new(format!("{what} of function {number}"), "it lies outside the relocation table")
    };
    let count = table.u8("").map_err(|_| inside("reloc_count"))?;
    let mut relocs: Vec<LibReloc> = Vec::new();
    for i in 0..count {
        let field = format!("relocation {i} of function {number}");
        let offset = table.u16("").map_err(|_| inside("reloc_count"))?;
        let Some(word) = read_u16_at(&function.code, usize::from(offset)) else {
            return Err(LibError::new(field, format!("+{offset} lies outside the function")));
        };
        if relocs.iter().any(|r| r.offset.abs_diff(offset) < 2) {
            return Err(LibError::new(field, format!("+{offset} overlaps another relocation")));
        }
        let (target, addend) =
            target(word, chunks, external_count).map_err(|text| LibError::new(&field, text))?;
        let declared = match target {
            LibTarget::Function(i) => i == number || function.uses_functions.contains(&i),
            LibTarget::Data(i) => function.uses_data.contains(&i),
            LibTarget::External(i) => externals_of(function).any(|e| e == i),
        };
        if !declared {
            let text = format!("it refers to {target:?}, which the function's index entry does not name");
            return Err(LibError::new(field, text));
        }
        relocs.push(LibReloc { offset, target, addend, kind: LibRelocKind::Word });
    }
    for reloc in &relocs {
        function.code[usize::from(reloc.offset)..][..2].fill(0);
    }
    Ok(relocs)
}

/// What the word at a relocation refers to.
fn target(
    word: u16,
    chunks: &[Chunk],
    external_count: usize,
) -> std::result::Result<(LibTarget, u16), String> {
    if let Some(n) = word.checked_sub(FIRST_EXTERNAL) {
        let n = usize::from(n);
        if n >= external_count {
            return Err(format!("it refers to external dependency {n} of {external_count}"));
        }
        return Ok((LibTarget::External(n), 0));
    }
    let at = usize::from(word);
    let hit = chunks.iter().find(|c| (c.offset..c.offset + c.size).contains(&at));
    let hit = hit.ok_or_else(|| format!("${word:04X} is in no function or data segment"))?;
    Ok((hit.target, (at - hit.offset) as u16))
}

/// The pairs of strings behind the last one that an index names.
fn read_exports(strings: &Strings, mut next: u16) -> Result<Vec<(String, String)>> {
    let mut exports = Vec::new();
    while usize::from(next) < strings.0.len() {
        let (name, value) = strings.get(next, "string table")?;
        let (text, end) = strings.get(value, "string table")?;
        exports.push((name, text));
        next = end;
    }
    Ok(exports)
}

/// The bytes of a file; the error names the limit that the module exceeds.
pub fn write(file: &LibFile) -> Result<Vec<u8>> {
    let limit = |what: &str, number: usize, most: usize| match number > most {
        true => Err(LibError::new(what, format!("{number}, but version 1 has at most {most}"))),
        false => Ok(()),
    };
    limit("functions", file.functions.len(), MAX_FUNCTIONS)?;
    limit("data segments", file.data.len(), MAX_DATA)?;
    limit("external dependencies", file.externals.len(), MAX_EXTERNALS)?;
    for function in &file.functions {
        limit(&format!("relocations of {}", function.name), function.relocs.len(), MAX_RELOCS)?;
    }
    let indices = HEADER
        + FUNCTION_ENTRY * file.functions.len()
        + DATA_ENTRY * file.data.len()
        + EXTERNAL_ENTRY * file.externals.len();
    let sizes = file.functions.iter().map(|f| f.code.len()).chain(file.data.iter().map(|d| d.bytes.len()));
    let mut offsets = Vec::new();
    let mut end = indices;
    for size in sizes {
        offsets.push(end);
        end += size;
    }
    limit("bytes of code, data and indices", end, usize::from(FIRST_EXTERNAL))?;
    let relocs: Vec<usize> = file
        .functions
        .iter()
        .scan(end, |at, f| Some(std::mem::replace(at, *at + 1 + 2 * f.relocs.len())))
        .collect();
    let strings_at = end + file.functions.iter().map(|f| 1 + 2 * f.relocs.len()).sum::<usize>();

    let mut strings = Writer::default();
    let mut text = |name: &str, signature: Option<&str>| {
        let at = strings.position() as u16;
        strings.until_nul(name.as_bytes());
        signature.inspect(|s| strings.until_nul(s.as_bytes()));
        at
    };
    // A public name has a type string, if only an empty one: other strings may follow.
    let signature =
        |name: &str, known: &Option<String>| is_public(name).then(|| known.clone().unwrap_or_default());
    let mut out = Writer::default();
    out.bytes(&MAGIC);
    out.bytes(&[1, file.functions.len() as u8, file.data.len() as u8]);
    out.u16(strings_at as u16);
    let mask = |set: &[usize]| set.iter().fold(0, |mask, i| mask | 1u8 << i);
    for ((function, offset), relocs) in file.functions.iter().zip(&offsets).zip(&relocs) {
        out.u16(text(&function.name, signature(&function.name, &function.signature).as_deref()));
        out.u16(*offset as u16);
        out.u16(function.code.len() as u16);
        out.bytes(&[mask(&function.uses_functions), mask(&function.uses_data)]);
        out.bytes(&[function.externals.0, function.externals.1]);
        out.u16(*relocs as u16);
    }
    for (segment, offset) in file.data.iter().zip(&offsets[file.functions.len()..]) {
        out.u16(text(&segment.name, signature(&segment.name, &segment.signature).as_deref()));
        out.u16(*offset as u16);
        out.u16(segment.bytes.len() as u16);
    }
    for external in &file.externals {
        out.u16(text(&external.module, None));
        out.u16(text(&external.name, None));
    }
    for (name, value) in &file.exports {
        text(name, None);
        text(value, None);
    }
    for function in &file.functions {
        out.bytes(&relocated(function, &offsets, file.functions.len()));
    }
    for segment in &file.data {
        out.bytes(&segment.bytes);
    }
    for function in &file.functions {
        out.u8(function.relocs.len() as u8);
        function.relocs.iter().for_each(|reloc| out.u16(reloc.offset));
    }
    out.bytes(&strings.finish());
    let bytes = out.finish();
    limit("bytes of the file", bytes.len(), usize::from(u16::MAX))?;
    Ok(bytes)
}

/// A function's code with the original addresses in its relocated words.
fn relocated(function: &Function, offsets: &[usize], function_count: usize) -> Vec<u8> {
    let mut code = function.code.clone();
    for reloc in &function.relocs {
        let base = match reloc.target {
            LibTarget::Function(i) => offsets[i] as u16,
            LibTarget::Data(i) => offsets[function_count + i] as u16,
            LibTarget::External(i) => FIRST_EXTERNAL + i as u16,
        };
        let word = base.wrapping_add(reloc.addend).to_le_bytes();
        code[usize::from(reloc.offset)..][..2].copy_from_slice(&word);
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Two functions that call each other, one segment, two foreign names, one constant.
    fn sample() -> LibFile {
        let reloc = |offset, target, addend| LibReloc { offset, target, addend, kind: LibRelocKind::Word };
        LibFile {
            version: 1,
            functions: vec![
                Function {
                    name: "twice".into(),
                    signature: Some("f(b)b".into()),
                    offset: 45,
                    code: vec![0x20, 0, 0, 0xAD, 0, 0, 0x60],
                    uses_functions: vec![1],
                    uses_data: vec![0],
                    externals: (0, 0),
                    relocs: vec![reloc(1, LibTarget::Function(1), 0), reloc(4, LibTarget::Data(0), 2)],
                },
                Function {
                    name: "_help".into(),
                    offset: 52,
                    code: vec![0x4C, 0, 0],
                    externals: (0, 2),
                    relocs: vec![reloc(1, LibTarget::External(1), 0)],
                    ..Function::default()
                },
            ],
            data: vec![Segment { offset: 55, bytes: vec![1, 2, 3], ..Segment::default() }],
            externals: ["a", "b"].map(|name| External { module: "math".into(), name: name.into() }).to_vec(),
            exports: vec![("MAX".into(), "9".into())],
            ..LibFile::default()
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = write(&sample()).unwrap();
        assert_eq!(bytes[..7], [0x50, 0x4C, 1, 2, 1, 0x42, 0]);
        assert_eq!(LibFile::read(&bytes), Ok(sample()));
    }

    #[test]
    fn limits_are_named_with_the_number() {
        let mut file = sample();
        file.functions = vec![Function::default(); 9];
        assert_eq!(write(&file).unwrap_err().to_string(), "functions: 9, but version 1 has at most 8");
        let mut file = sample();
        file.data[0].bytes = vec![0; 0xFF00];
        assert!(write(&file).unwrap_err().field.starts_with("bytes of code"));
    }

    #[test]
    fn every_cut_is_an_error() {
        let bytes = write(&sample()).unwrap();
        // A cut between the last two pairs of strings loses only an export.
        for length in 0..bytes.len() - 6 {
            assert!(LibFile::read(&bytes[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn wrong_fields_are_named() {
        let good = write(&sample()).unwrap();
        for (at, value, field) in [
            (0, 0x4C, "magic"),
            (2, 9, "version"),
            (3, 9, "function count"),
            (6, 0xF0, "string table offset"),
            (8, 0x70, "name_offset of function 0"),
            (9, 3, "code_offset of function 0"),
            (11, 99, "code_size of function 0"),
            (13, 4, "uses_funcs of function 0"),
            (14, 2, "uses_data of function 0"),
            (14, 0, "relocation 1 of function 0"),
            (15, 9, "ext_dep_idx of function 0"),
            (18, 0xF0, "reloc_offset of function 0"),
            (46, 0, "relocation 0 of function 0"),
            (53, 7, "relocation 0 of function 1"),
        ] {
            let mut bytes = good.clone();
            bytes[at] = value;
            let error = LibFile::read(&bytes).unwrap_err();
            assert_eq!(error.field, field, "byte {at} = {value}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_content_makes_the_reader_panic(changes in prop::collection::vec((0..90usize, any::<u8>()), 0..4)) {
            let mut bytes = write(&sample()).unwrap();
            for (at, value) in changes {
                let length = bytes.len();
                bytes[at % length] = value;
            }
            if let Ok(file) = LibFile::read(&bytes) {
                // What was accepted can be written again.
                prop_assert!(write(&file).is_ok());
            }
        }
    }
}
