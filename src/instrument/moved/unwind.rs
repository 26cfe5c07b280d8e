//! The tables by which a panic finds its way through the functions of a program.

use object::read::elf::SectionHeader as _;

use super::edit::{Edit, add};
use super::linked::{ENDIAN, Linked};
use super::map::{self, Piece};

/// How addresses may be written: as a distance from here, in 4 bytes with a sign.
const DISTANCE: u8 = 0x1b;
/// How the search table is written: its start as such a distance, a count of 4 bytes, distances from the table.
const SEARCH: [u8; 4] = [1, DISTANCE, 0x03, 0x3b];
/// Longer heads of descriptions are not written: a dozen bytes are usual.
const LONGEST_HEAD: usize = 128;
/// Bytes of the search table before its entries.
const HEAD: usize = 12;

/// The table in which an address is searched for: sorted, so that it is not enough to change it.
#[derive(Debug)]
pub struct SearchTable {
    offset: usize,
    /// Address, description and owner of each entry, the first two as distances from the table.
    entries: Vec<(i32, i32, usize)>,
}

/// Adds what descriptions of functions say of addresses to the edits.
pub fn read(linked: &Linked<'_>, pieces: &[Piece], edits: &mut Vec<Edit>) -> Result<Option<SearchTable>, String> {
    let named = |name: &[u8]| linked.sections.section_by_name(ENDIAN, name).map(|(_, section)| section);
    if let Some(frames) = named(b".eh_frame") {
        let bytes = linked.bytes(frames)?;
        let start = frames.sh_addr(ENDIAN);
        for at in descriptions(bytes).ok_or("its descriptions of functions are of another kind")? {
            let distance = word(bytes, at).ok_or("its descriptions of functions are cut off")? as i32;
            let address = start.wrapping_add(at as u64).wrapping_add_signed(distance.into());
            if let Some(to) = map::at(pieces, address) {
                let offset = frames.sh_offset(ENDIAN) as usize + at;
                edits.push(Edit { offset, within: pieces.len(), to, relative: false, wide: false });
            }
        }
    }
    let Some(table) = named(b".eh_frame_hdr") else { return Ok(None) };
    let bytes = linked.bytes(table)?;
    let unknown = || "its table for unwinding is of another kind".to_owned();
    if !bytes.starts_with(&SEARCH) {
        return Err(unknown());
    }
    let count = word(bytes, 8).ok_or_else(unknown)? as usize;
    let entry = |i: usize| {
        let address = word(bytes, HEAD + 8 * i)? as i32;
        let to = map::at(pieces, table.sh_addr(ENDIAN).wrapping_add_signed(address.into()));
        Some((address, word(bytes, HEAD + 8 * i + 4)? as i32, to.unwrap_or(pieces.len())))
    };
    let entries: Option<Vec<_>> = (0..count).map(entry).collect();
    let offset = table.sh_offset(ENDIAN) as usize + HEAD;
    Ok(Some(SearchTable { offset, entries: entries.ok_or_else(unknown)? }))
}

impl SearchTable {
    /// Writes it anew for functions that were moved by so much.
    pub fn write(&self, bytes: &mut [u8], moves: &[i64]) -> Result<(), String> {
        let mut entries: Vec<(i64, i32)> =
            self.entries.iter().map(|(address, entry, owner)| (i64::from(*address) + moves[*owner], *entry)).collect();
        entries.sort_unstable();
        let table = bytes.get_mut(self.offset..self.offset + 8 * entries.len());
        let table = table.ok_or("its table for unwinding is cut off")?;
        for (entry, (address, description)) in table.chunks_exact_mut(8).zip(entries) {
            entry[..4].fill(0);
            add(entry, 0, address, false)?;
            entry[4..].copy_from_slice(&description.to_le_bytes());
        }
        Ok(())
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|word| u32::from_le_bytes(*word))
}

/// Where the descriptions write the addresses of their functions. `None` where one is of a kind that is not known.
fn descriptions(bytes: &[u8]) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(size) = word(bytes, at) {
        // The end of an object's own ones, or of all.
        if size == 0 {
            at += 4;
            continue;
        }
        let id = word(bytes, at + 4)? as usize;
        if id != 0 {
            if encoding(bytes, (at + 4).checked_sub(id)?)? != DISTANCE {
                return None;
            }
            found.push(at + 8);
        }
        at = at.checked_add(4)?.checked_add(usize::try_from(size).ok()?)?;
    }
    Some(found)
}

/// How the descriptions that share this head write addresses.
fn encoding(bytes: &[u8], head: usize) -> Option<u8> {
    let mut rest = bytes.get(head + 8..)?.iter().copied().take(LONGEST_HEAD);
    let version = rest.next()?;
    let augmentation: Vec<u8> = rest.by_ref().take_while(|letter| *letter != 0).collect();
    // Factors of the code and of data, and the register of the return address, the last in one byte in version 1.
    number(&mut rest)?;
    number(&mut rest)?;
    if version == 1 { rest.next().map(drop) } else { number(&mut rest) }?;
    let ([b'z'], letters) = augmentation.split_at_checked(1)? else { return None };
    number(&mut rest)?;
    for letter in letters {
        match letter {
            b'R' => return rest.next(),
            b'L' => drop(rest.next()?),
            // How it is written, and the address of what a panic calls.
            b'P' => {
                let bytes = match rest.next()? & 0x0f {
                    0x03 | 0x0b => 4,
                    0x00 | 0x04 | 0x0c => 8,
                    _ => return None,
                };
                rest.nth(bytes - 1)?;
            }
            b'S' | b'B' => {}
            _ => return None,
        }
    }
    None
}

/// Passes a number of variable length.
fn number(bytes: &mut impl Iterator<Item = u8>) -> Option<()> {
    bytes.find(|byte| byte & 0x80 == 0).map(drop)
}
