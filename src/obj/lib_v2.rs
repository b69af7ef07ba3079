//! Version 2 of the `.LIB` format: read once from front to back, up to 255 functions and segments.
//!
//! In: bytes that begin with the magic and version 2, or a `LibFile`. Out: the other, or the field
//! that is wrong. Invariants: reading is total, and nothing is allocated by a length in the file
//! that the file does not have; offsets follow from sizes, so that parts cannot overlap. Addresses
//! in code count through all chunks, those without bytes in the file too. Not here: the texts of the
//! interface, the middle code behind them (`mirblob.rs`). `docs/lib-format.md` describes the format to the byte.

use std::collections::BTreeMap;

use crate::base::bytes::{Reader, Writer};
use crate::obj::libfile::{
    External, FIRST_EXTERNAL, Function, Header, LibError, LibFile, LibReloc, LibRelocKind, LibTarget, MAGIC,
    Segment, ascii, is_public,
};

/// Size of the fixed part of the header, and where it tells of the string table.
const HEADER: usize = 22;
const STRINGS: usize = 16;
/// Size of the fixed part of an index entry, and where the size of its relocation table is.
const ENTRY: usize = 9;
const TABLE_SIZE: usize = 4;
const FLAG_LOWERCASE: u8 = 1;
/// In a data entry: all bytes are zero and not in the file.
const FLAG_ZERO: u8 = 1;
const MAX: usize = 255;

/// Kinds of a control byte in a relocation table, in its upper two bits.
const WORD: u8 = 0x00;
const LOW: u8 = 0x40;
const HIGH: u8 = 0x80;
const SKIP: u8 = 0xC0;
const DISTANCE: u8 = 0x3F;

type Result<T> = std::result::Result<T, LibError>;

/// An entry of one of the two indices.
struct Entry {
    name: u16,
    size: usize,
    relocs: usize,
    zero: bool,
    externals: (u8, u8),
    uses_functions: Vec<usize>,
    uses_data: Vec<usize>,
}

/// Takes a file apart.
pub fn read(bytes: &[u8]) -> Result<LibFile> {
    let mut reader = Reader::new(bytes);
    reader.take(3, "header")?;
    let flags = reader.u8("header")?;
    let abi = reader.u8("header")?;
    let [functions, data, externals, inits] = {
        let counts = reader.take(4, "header")?;
        [counts[0], counts[1], counts[2], counts[3]].map(usize::from)
    };
    let version = reader.take(3, "header")?;
    let interface_hash = reader.u32("header")?;
    let strings_at = reader.u32("header")? as usize;
    let strings_size = reader.u16("header")? as usize;
    let _ = reader.position() == HEADER;
    if flags & !FLAG_LOWERCASE != 0 {
        return Err(LibError::new("flags", format!("${flags:02X} has bits that version 2 does not know")));
    }
    let mut entries = Vec::new();
    for i in 0..functions + data {
        entries.push(entry(&mut reader, i, functions, data, externals)?);
    }
    let mut names = Vec::new();
    for _ in 0..externals {
        names.push((reader.u16("external dependency table")?, reader.u16("external dependency table")?));
    }
    let init = reader.take(inits, "list of initialisers")?.to_vec();
    if let Some(wrong) = init.iter().find(|i| usize::from(**i) >= functions) {
        return Err(LibError::new("list of initialisers", format!("there is no function {wrong}")));
    }
    let bases = bases(&entries, functions)?;
    let mut chunks = Vec::new();
    for (i, entry) in entries.iter().enumerate() {
        let what = label(i, functions);
        let offset = reader.position();
        let body = match entry.zero {
            true => vec![0; entry.size],
            false => reader.take(entry.size, &format!("code of {what}"))?.to_vec(),
        };
        let table = reader.take(entry.relocs, &format!("relocation table of {what}"))?;
        chunks.push((offset, body, table));
    }
    if reader.position() != strings_at {
        let text = format!("${strings_at:04X}, but the chunks end at ${:04X}", reader.position());
        return Err(LibError::new("string table offset", text));
    }
    let strings = Strings(reader.take(strings_size, "string table")?);
    let mut file = LibFile {
        version: 2,
        header: Header {
            abi,
            version: [version[0], version[1], version[2]],
            lowercase: flags & FLAG_LOWERCASE != 0,
            interface_hash,
            init,
        },
        ..LibFile::default()
    };
    let mut end = 0;
    for (i, (module, name)) in names.into_iter().enumerate() {
        let module = strings.get(module, &format!("module_name_offset of dependency {i}"), &mut end)?;
        let name = strings.get(name, &format!("function_name_offset of dependency {i}"), &mut end)?;
        file.externals.push(External { module, name });
    }
    for (i, (entry, (offset, mut body, table))) in entries.iter().zip(chunks).enumerate() {
        let field = format!("name_offset of {}", label(i, functions));
        let (name, signature) = strings.name(entry.name, &field, &mut end)?;
        let relocs = read_relocs(table, i, entry, &mut body, &bases, functions, externals)?;
        let offset = u16::try_from(offset).unwrap_or(u16::MAX);
        if i < functions {
            file.functions.push(Function {
                name,
                signature,
                offset,
                code: body,
                uses_functions: entry.uses_functions.clone(),
                uses_data: entry.uses_data.clone(),
                externals: entry.externals,
                relocs,
            });
        } else {
            file.data.push(Segment { name, signature, offset, bytes: body, zero: entry.zero, relocs });
        }
    }
    let mut end = usize::from(end);
    while end < strings.0.len() {
        let mut next = end as u16;
        let name = strings.get(end as u16, "string table", &mut next)?;
        let text = strings.get(next, "string table", &mut next)?;
        file.exports.push((name, text));
        end = usize::from(next).max(end + 1);
    }
    Ok(file)
}

fn label(i: usize, functions: usize) -> String {
    match i.checked_sub(functions) {
        None => format!("function {i}"),
        Some(data) => format!("data segment {data}"),
    }
}

fn entry(reader: &mut Reader, i: usize, functions: usize, data: usize, externals: usize) -> Result<Entry> {
    let what = label(i, functions);
    let field = if i < functions { "function index" } else { "data segment index" };
    let (name, size) = (reader.u16(field)?, reader.u16(field)?);
    let relocs = usize::from(reader.u16(field)?);
    let (flags, first, count) = (reader.u8(field)?, reader.u8(field)?, reader.u8(field)?);
    if flags & !FLAG_ZERO != 0 || (i < functions && flags != 0) {
        return Err(LibError::new(format!("flags of {what}"), format!("${flags:02X} is not known")));
    }
    let zero = flags & FLAG_ZERO != 0;
    if zero && relocs > 0 {
        return Err(LibError::new(format!("reloc_size of {what}"), "zero bytes cannot be relocated"));
    }
    if usize::from(first) + usize::from(count) > externals {
        let text = format!("the file has only {externals} external dependencies");
        return Err(LibError::new(format!("ext_dep_idx of {what}"), text));
    }
    Ok(Entry {
        name,
        size: usize::from(size),
        relocs,
        zero,
        externals: (first, count),
        uses_functions: bits(reader.take(functions.div_ceil(8), field)?, functions, "uses_funcs", &what)?,
        uses_data: bits(reader.take(data.div_ceil(8), field)?, data, "uses_data", &what)?,
    })
}

fn bits(mask: &[u8], count: usize, field: &str, what: &str) -> Result<Vec<usize>> {
    let set: Vec<usize> = (0..mask.len() * 8).filter(|i| mask[i / 8] >> (i % 8) & 1 == 1).collect();
    match set.last() {
        Some(last) if *last >= count => {
            Err(LibError::new(format!("{field} of {what}"), format!("bit {last} is set, there are {count}")))
        }
        _ => Ok(set),
    }
}

/// Where each chunk begins when all follow each other from 0, and the end.
fn bases(entries: &[Entry], functions: usize) -> Result<Vec<usize>> {
    let mut bases = vec![0];
    for (i, entry) in entries.iter().enumerate() {
        let end = bases[i] + entry.size;
        if end > usize::from(FIRST_EXTERNAL) {
            return Err(LibError::new(format!("size of {}", label(i, functions)), "the chunks reach $FF00"));
        }
        bases.push(end);
    }
    Ok(bases)
}

fn read_relocs(
    table: &[u8],
    number: usize,
    entry: &Entry,
    body: &mut [u8],
    bases: &[usize],
    functions: usize,
    externals: usize,
) -> Result<Vec<LibReloc>> {
    let what = label(number, functions);
    let mut bytes = table.iter();
    let mut relocs: Vec<LibReloc> = Vec::new();
    let mut next = 0usize;
    // One past the last relocated byte: relocations do not overlap.
    let mut free = 0usize;
    while let Some(&control) = bytes.next() {
        let distance = usize::from(control & DISTANCE);
        if control & SKIP == SKIP {
            next += usize::from(DISTANCE) * (distance + 1);
            continue;
        }
        let field = || format!("relocation {} of {what}", relocs.len());
        let at = (next + distance)
            .checked_sub(1)
            .ok_or_else(|| LibError::new(field(), "it lies before the chunk"))?;
        next = at + 1;
        let size = if control & SKIP == WORD { 2 } else { 1 };
        if at + size > body.len() || at < free {
            return Err(LibError::new(field(), format!("+{at} lies outside the chunk or in another one")));
        }
        free = at + size;
        let mut other = || {
            let byte = bytes.next().copied();
            byte.ok_or_else(|| {
                LibError::new(format!("relocation table of {what}"), "it ends inside an entry")
            })
        };
        let (kind, word) = match control & SKIP {
            WORD => (LibRelocKind::Word, u16::from_le_bytes([body[at], body[at + 1]])),
            LOW => (LibRelocKind::Low, u16::from_le_bytes([body[at], other()?])),
            _ => (LibRelocKind::High, u16::from_le_bytes([other()?, body[at]])),
        };
        let (target, addend) = match word.checked_sub(FIRST_EXTERNAL).map(usize::from) {
            Some(n) if n < externals => (LibTarget::External(n), 0),
            Some(n) => {
                let text = format!("it refers to external dependency {n} of {externals}");
                return Err(LibError::new(field(), text));
            }
            None => {
                let at = usize::from(word);
                let hit = bases.partition_point(|base| *base <= at).saturating_sub(1);
                if hit + 1 >= bases.len() {
                    let text = format!("${word:04X} is in no function or data segment");
                    return Err(LibError::new(field(), text));
                }
                let target =
                    if hit < functions { LibTarget::Function(hit) } else { LibTarget::Data(hit - functions) };
                (target, (at - bases[hit]) as u16)
            }
        };
        let (first, count) = (usize::from(entry.externals.0), usize::from(entry.externals.1));
        let declared = match target {
            LibTarget::Function(i) => {
                (number < functions && i == number) || entry.uses_functions.contains(&i)
            }
            LibTarget::Data(i) => i + functions == number || entry.uses_data.contains(&i),
            LibTarget::External(i) => (first..first + count).contains(&i),
        };
        if !declared {
            let text = format!("it refers to {target:?}, which the index entry does not name");
            return Err(LibError::new(field(), text));
        }
        relocs.push(LibReloc { offset: at as u16, target, addend, kind });
    }
    for reloc in &relocs {
        let size = if reloc.kind == LibRelocKind::Word { 2 } else { 1 };
        body[usize::from(reloc.offset)..][..size].fill(0);
    }
    Ok(relocs)
}

/// Bytes before the first chunk.
pub fn head_size(file: &LibFile) -> usize {
    let (functions, data) = (file.functions.len(), file.data.len());
    let entry = ENTRY + functions.div_ceil(8) + data.div_ceil(8);
    HEADER + (functions + data) * entry + 4 * file.externals.len() + file.header.init.len()
}

/// The sizes of the relocation tables, in the order of the chunks; of a file that was read before.
pub fn table_sizes(bytes: &[u8]) -> Vec<usize> {
    let count = |at: usize| bytes.get(at).map_or(0, |byte| usize::from(*byte));
    let (functions, data) = (count(5), count(6));
    let entry = ENTRY + functions.div_ceil(8) + data.div_ceil(8);
    (0..functions + data)
        .map(|i| HEADER + i * entry + TABLE_SIZE)
        .map(|at| count(at) | count(at + 1) << 8)
        .collect()
}

/// Where the string table ends, as the header says.
pub fn end_of_strings(bytes: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(bytes.get(STRINGS..HEADER)?);
    Some(reader.u32("header").ok()? as usize + usize::from(reader.u16("header").ok()?))
}

/// The string table.
struct Strings<'a>(&'a [u8]);

impl Strings<'_> {
    fn get(&self, offset: u16, field: &str, end: &mut u16) -> Result<String> {
        let Some(rest) = self.0.get(usize::from(offset)..).filter(|rest| !rest.is_empty()) else {
            return Err(LibError::new(field, format!("${offset:04X} lies outside the string table")));
        };
        let Some(length) = rest.iter().position(|b| *b == 0) else {
            return Err(LibError::new(field, "its string in the string table has no terminator"));
        };
        *end = offset.saturating_add(u16::try_from(length + 1).unwrap_or(u16::MAX)).max(*end);
        ascii(&rest[..length], field)
    }

    fn name(&self, offset: u16, field: &str, end: &mut u16) -> Result<(String, Option<String>)> {
        let mut next = 0;
        let name = self.get(offset, field, &mut next)?;
        *end = next.max(*end);
        if !is_public(&name) {
            return Ok((name, None));
        }
        let signature = self.get(next, field, end)?;
        Ok((name, Some(signature)))
    }
}

/// The bytes of a file; the error names the limit that the module exceeds.
pub fn write(file: &LibFile) -> Result<Vec<u8>> {
    let limit = |what: &str, number: usize, most: usize| match number > most {
        true => Err(LibError::new(what, format!("{number}, but version 2 has at most {most}"))),
        false => Ok(()),
    };
    let functions = file.functions.len();
    limit("functions", functions, MAX)?;
    limit("data segments", file.data.len(), MAX)?;
    limit("external dependencies", file.externals.len(), MAX)?;
    limit("initialisers", file.header.init.len(), MAX)?;
    let sizes = file.functions.iter().map(|f| f.code.len()).chain(file.data.iter().map(|d| d.bytes.len()));
    let mut bases = vec![0];
    for size in sizes {
        bases.push(bases[bases.len() - 1] + size);
    }
    limit("bytes of code and data", bases[bases.len() - 1], usize::from(FIRST_EXTERNAL))?;
    let address = |reloc: &LibReloc| match reloc.target {
        LibTarget::Function(i) => bases[i] as u16 + reloc.addend,
        LibTarget::Data(i) => bases[functions + i] as u16 + reloc.addend,
        LibTarget::External(i) => FIRST_EXTERNAL + i as u16,
    };
    let mut strings = Writer::default();
    let mut known: BTreeMap<String, u16> = BTreeMap::new();
    let mut named = Vec::new();
    let function_names = file.functions.iter().map(|f| (&f.name, &f.signature));
    for (name, signature) in function_names.chain(file.data.iter().map(|d| (&d.name, &d.signature))) {
        named.push(strings.position());
        strings.until_nul(name.as_bytes());
        if is_public(name) {
            strings.until_nul(signature.as_deref().unwrap_or_default().as_bytes());
        }
    }
    let mut plain = |text: &str| {
        *known.entry(text.to_string()).or_insert_with(|| {
            let at = strings.position() as u16;
            strings.until_nul(text.as_bytes());
            at
        })
    };
    let externals: Vec<(u16, u16)> =
        file.externals.iter().map(|e| (plain(&e.module), plain(&e.name))).collect();
    for (name, text) in &file.exports {
        strings.until_nul(name.as_bytes());
        strings.until_nul(text.as_bytes());
    }
    let strings = strings.finish();
    limit("bytes of the string table", strings.len(), usize::from(u16::MAX))?;

    let mut body = Writer::default();
    let mut index = Writer::default();
    for (i, name) in named.iter().enumerate() {
        let (bytes, relocs, zero, externals, uses_functions, uses_data) = match i.checked_sub(functions) {
            None => {
                let f = &file.functions[i];
                (&f.code, &f.relocs, false, f.externals, f.uses_functions.clone(), f.uses_data.clone())
            }
            Some(d) => {
                let d = &file.data[d];
                let (functions, data) = used_by(&d.relocs);
                (&d.bytes, &d.relocs, d.zero, (0, 0), functions, data)
            }
        };
        let mut bytes = bytes.clone();
        let table = relocated(&mut bytes, relocs, address);
        limit("bytes of a relocation table", table.len(), usize::from(u16::MAX))?;
        index.u16(*name as u16);
        index.u16(bytes.len() as u16);
        index.u16(table.len() as u16);
        index.bytes(&[u8::from(zero), externals.0, externals.1]);
        index.bytes(&mask(&uses_functions, functions));
        index.bytes(&mask(&uses_data, file.data.len()));
        if !zero {
            body.bytes(&bytes);
        }
        body.bytes(&table);
    }
    for (module, name) in externals {
        index.u16(module);
        index.u16(name);
    }
    index.bytes(&file.header.init);
    let (index, body) = (index.finish(), body.finish());
    let mut out = Writer::default();
    out.bytes(&MAGIC);
    out.bytes(&[2, if file.header.lowercase { FLAG_LOWERCASE } else { 0 }, file.header.abi]);
    let counts = [functions, file.data.len(), file.externals.len(), file.header.init.len()];
    out.bytes(&counts.map(|count| count as u8));
    out.bytes(&file.header.version);
    out.u32(file.header.interface_hash);
    out.u32((HEADER + index.len() + body.len()) as u32);
    out.u16(strings.len() as u16);
    out.bytes(&index);
    out.bytes(&body);
    out.bytes(&strings);
    Ok(out.finish())
}

fn used_by(relocs: &[LibReloc]) -> (Vec<usize>, Vec<usize>) {
    let (mut functions, mut data) = (Vec::new(), Vec::new());
    for reloc in relocs {
        match reloc.target {
            LibTarget::Function(i) => functions.push(i),
            LibTarget::Data(i) => data.push(i),
            LibTarget::External(_) => {}
        }
    }
    (functions, data)
}

fn mask(set: &[usize], count: usize) -> Vec<u8> {
    let mut mask = vec![0; count.div_ceil(8)];
    set.iter().for_each(|i| mask[i / 8] |= 1 << (i % 8));
    mask
}

/// Puts the original addresses into a chunk; returns its relocation table.
fn relocated(bytes: &mut [u8], relocs: &[LibReloc], address: impl Fn(&LibReloc) -> u16) -> Vec<u8> {
    let mut relocs: Vec<&LibReloc> = relocs.iter().collect();
    relocs.sort_by_key(|r| r.offset);
    let mut table = Vec::new();
    let mut next = 0usize;
    for reloc in relocs {
        let at = usize::from(reloc.offset);
        let mut distance = at + 1 - next;
        let long = usize::from(DISTANCE);
        while distance > long {
            let times = (distance / long).min(64);
            let times = if times * long == distance { times - 1 } else { times };
            table.push(SKIP | (times - 1) as u8);
            distance -= times * long;
        }
        next = at + 1;
        let [low, high] = address(reloc).to_le_bytes();
        match reloc.kind {
            LibRelocKind::Word => {
                table.push(WORD | distance as u8);
                bytes[at..at + 2].copy_from_slice(&[low, high]);
            }
            LibRelocKind::Low => {
                table.extend([LOW | distance as u8, high]);
                bytes[at] = low;
            }
            LibRelocKind::High => {
                table.extend([HIGH | distance as u8, low]);
                bytes[at] = high;
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> LibFile {
        let reloc = |offset, target, addend, kind| LibReloc { offset, target, addend, kind };
        let mut file = LibFile {
            version: 2,
            header: Header {
                abi: 1,
                version: [1, 2, 3],
                lowercase: true,
                interface_hash: 0x1234_5678,
                init: vec![1],
            },
            functions: vec![
                Function {
                    name: "twice".into(),
                    signature: Some("f()void".into()),
                    code: vec![0; 400],
                    uses_functions: vec![1],
                    uses_data: vec![0, 8],
                    externals: (0, 1),
                    relocs: vec![
                        reloc(0, LibTarget::Function(1), 0, LibRelocKind::Word),
                        reloc(2, LibTarget::Data(0), 299, LibRelocKind::Low),
                        reloc(65, LibTarget::Data(8), 1, LibRelocKind::High),
                        reloc(128, LibTarget::External(0), 0, LibRelocKind::Word),
                        reloc(398, LibTarget::Function(0), 399, LibRelocKind::Word),
                    ],
                    ..Function::default()
                },
                Function { name: "_init".into(), code: vec![0x60], ..Function::default() },
            ],
            data: vec![Segment { bytes: vec![0; 300], zero: true, ..Segment::default() }],
            externals: vec![External { module: "rt1".into(), name: "rt_mul".into() }],
            exports: vec![("MAX".into(), "ci9".into())],
            middle: None,
        };
        file.data.resize(8, Segment::default());
        file.data.push(Segment {
            name: "row".into(),
            signature: Some("tbyte,2".into()),
            bytes: vec![7, 0, 0, 9],
            relocs: vec![reloc(1, LibTarget::Function(1), 0, LibRelocKind::Word)],
            ..Segment::default()
        });
        file
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = write(&sample()).unwrap();
        let mut read = LibFile::read(&bytes).unwrap();
        read.functions.iter_mut().for_each(|f| f.offset = 0);
        read.data.iter_mut().for_each(|d| d.offset = 0);
        assert_eq!(read, sample());
        assert!(bytes.len() < 700, "the segment of zeros takes no room");
    }

    #[test]
    fn a_relocation_of_a_word_takes_one_byte() {
        let mut code = vec![0; 12];
        let relocs = [1, 4, 7, 10].map(|offset| LibReloc {
            offset,
            target: LibTarget::Function(0),
            addend: 2,
            kind: LibRelocKind::Word,
        });
        assert_eq!(relocated(&mut code, &relocs, |_| 0x1234), [2, 3, 3, 3]);
        assert_eq!(code[..3], [0, 0x34, 0x12]);
    }

    #[test]
    fn every_cut_is_an_error() {
        let bytes = write(&sample()).unwrap();
        for length in 0..bytes.len() {
            assert!(LibFile::read(&bytes[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn limits_are_named_with_the_number() {
        let mut file = sample();
        file.functions = vec![Function::default(); 256];
        assert_eq!(write(&file).unwrap_err().to_string(), "functions: 256, but version 2 has at most 255");
    }

    proptest! {
        #[test]
        fn no_content_makes_the_reader_panic(changes in prop::collection::vec((0..700usize, any::<u8>()), 0..4)) {
            let mut bytes = write(&sample()).unwrap();
            for (at, value) in changes {
                let length = bytes.len();
                bytes[at % length] = value;
            }
            if let Ok(file) = LibFile::read(&bytes) {
                prop_assert!(write(&file).is_ok());
            }
        }
    }
}
