//! What refers to a function by its address or its distance, read from the relocations of a linked program.

use std::collections::BTreeMap;

use object::elf::{self, DT_RELR, Rela64, SHF_EXECINSTR, SHT_DYNSYM, SHT_RELA, SHT_SYMTAB};
use object::read::elf::{Dyn as _, FileHeader as _, Rela as _, SectionHeader as _, Sym as _};
use object::{LittleEndian, SymbolIndex};

use super::edit::Edit;
use super::linked::{ENDIAN, Linked, Section, allocated, range};
use super::map::{self, Piece};

/// Where the header says where the program starts.
const ENTRY_FIELD: usize = 24;

/// Bits of a ModR/M byte that say "relative to the next instruction", and what they are then.
const OPERAND: u8 = 0xc7;
const NEXT_INSTRUCTION: u8 = 0x05;

/// All edits but those of unwinding and of names; refused where something is not understood.
pub fn edits(linked: &Linked<'_>, pieces: &[Piece]) -> Result<Vec<Edit>, String> {
    let mut read = Read { linked, pieces, edits: Vec::new(), referred: BTreeMap::new() };
    read.loaded()?;
    // Code first: tables of jumps are understood by the code that uses them.
    for code in [true, false] {
        for section in linked.sections.iter().filter(|section| section.sh_type(ENDIAN) == SHT_RELA) {
            if allocated(section) {
                continue;
            }
            let index = object::SectionIndex(section.sh_info(ENDIAN) as usize);
            let target = linked.sections.section(index).map_err(|e| e.to_string())?;
            let wanted = allocated(target) && target.sh_flags(ENDIAN).contains(SHF_EXECINSTR) == code;
            if !wanted || linked.name(target) == b".eh_frame" {
                continue;
            }
            let relocations = relocations(linked, section)?;
            if code {
                read.instructions(relocations)?;
            } else {
                read.data(target, relocations)?;
            }
        }
    }
    Ok(read.edits)
}

fn relocations<'a>(linked: &Linked<'a>, section: &'a Section) -> Result<&'a [Rela64<LittleEndian>], String> {
    let read = section.rela(ENDIAN, linked.data).map_err(|e| e.to_string())?;
    Ok(read.map_or(&[], |(relocations, _)| relocations))
}

struct Read<'a> {
    linked: &'a Linked<'a>,
    pieces: &'a [Piece],
    edits: Vec<Edit>,
    /// The pieces that refer to an address outside of the functions.
    referred: BTreeMap<u64, Vec<usize>>,
}

impl Read<'_> {
    /// The index that stands for what does not move.
    fn fixed(&self) -> usize {
        self.pieces.len()
    }

    /// What an address belongs to: a piece, or what does not move.
    fn owner(&self, address: u64) -> Result<usize, String> {
        match map::at(self.pieces, address) {
            Some(piece) => Ok(piece),
            None if range(self.linked.code).contains(&address) => {
                Err(format!("it refers to {address:#x}, where no function lies"))
            }
            None => Ok(self.fixed()),
        }
    }

    fn add(&mut self, edit: Edit) {
        let stays = if edit.relative { edit.to == edit.within } else { edit.to == self.fixed() };
        if !stays {
            self.edits.push(edit);
        }
    }

    fn number(&self, offset: usize) -> Result<i64, String> {
        let bytes: Option<&[u8; 4]> = self.linked.data.get(offset..).and_then(|rest| rest.first_chunk());
        bytes.map(|bytes| i32::from_le_bytes(*bytes).into()).ok_or_else(|| "a relocation lies outside of it".to_owned())
    }

    fn byte(&self, offset: usize) -> u8 {
        self.linked.data.get(offset).copied().unwrap_or(0)
    }

    /// What the loader reads: where to start, addresses to fill in, and the functions that others may call.
    fn loaded(&mut self) -> Result<(), String> {
        let fixed = self.fixed();
        let absolute = |offset, to| Edit { offset, within: fixed, to, relative: false, wide: true };
        let entry = self.owner(self.linked.header.e_entry(ENDIAN))?;
        self.add(absolute(ENTRY_FIELD, entry));
        let symbols = self.linked.symbols(SHT_DYNSYM)?;
        let table = self.linked.sections.section(symbols.section()).map_err(|e| e.to_string())?;
        let start = table.sh_offset(ENDIAN) as usize;
        for (i, symbol) in symbols.iter().enumerate() {
            if symbol.st_value(ENDIAN) != 0 && symbol.st_type() != elf::STT_TLS {
                let to = self.owner(symbol.st_value(ENDIAN))?;
                self.add(absolute(start + i * size_of_val(symbol) + 8, to));
            }
        }
        for section in self.linked.sections.iter() {
            let start = section.sh_offset(ENDIAN) as usize;
            if let Ok(Some((entries, _))) = section.dynamic(ENDIAN, self.linked.data) {
                if entries.iter().any(|entry| entry.d_tag(ENDIAN) == DT_RELR) {
                    return Err("its relocations are packed".to_owned());
                }
                let functions = [elf::DT_INIT, elf::DT_FINI];
                for (i, entry) in entries.iter().enumerate().filter(|(_, e)| functions.contains(&e.d_tag(ENDIAN))) {
                    let to = self.owner(entry.d_val(ENDIAN))?;
                    self.add(absolute(start + i * size_of_val(entry) + 8, to));
                }
            }
            if section.sh_type(ENDIAN) == SHT_RELA && allocated(section) {
                for (i, relocation) in relocations(self.linked, section)?.iter().enumerate() {
                    if range(self.linked.code).contains(&relocation.r_offset(ENDIAN)) {
                        return Err("its code is changed when it is loaded".to_owned());
                    }
                    if [elf::R_X86_64_RELATIVE, elf::R_X86_64_IRELATIVE].contains(&relocation.r_type(ENDIAN, false)) {
                        let to = self.owner(relocation.r_addend(ENDIAN) as u64)?;
                        self.add(absolute(start + i * size_of_val(relocation) + 16, to));
                    }
                }
            }
        }
        Ok(())
    }

    /// Code: nearly all of it says how far something is from the next instruction.
    fn instructions(&mut self, relocations: &[Rela64<LittleEndian>]) -> Result<(), String> {
        let mut skip = false;
        for relocation in relocations {
            let mut place = relocation.r_offset(ENDIAN);
            let within = self.owner(place)?;
            let mut offset = self.linked.offset(place).ok_or("a relocation lies outside of it")?;
            let kind = relocation.r_type(ENDIAN, false);
            // The call of a pair that the linker has made one instruction of.
            if std::mem::take(&mut skip) {
                continue;
            }
            let unknown = || format!("an instruction at {place:#x} is not known, of relocation type {kind}");
            let before = |n: usize| self.byte(offset.wrapping_sub(n));
            let by_distance = before(1) & OPERAND == NEXT_INSTRUCTION;
            match kind {
                elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 => {}
                elf::R_X86_64_GOTPCREL | elf::R_X86_64_REX_GOTPCRELX if by_distance => {}
                // `addr32 call`, in place of a call by a table.
                elf::R_X86_64_GOTPCREL | elf::R_X86_64_GOTPCRELX
                    if by_distance || [before(2), before(1)] == [0x67, 0xe8] => {}
                // `jmp; nop`, in place of a jump by a table.
                elf::R_X86_64_GOTPCRELX if before(2) == 0xe9 && self.byte(offset + 3) == 0x90 => {
                    offset -= 1;
                    place -= 1;
                }
                elf::R_X86_64_GOTTPOFF | elf::R_X86_64_GOTPC32_TLSDESC if by_distance => {}
                // A thread's own variable whose place in the block of all of them is known.
                elf::R_X86_64_GOTTPOFF | elf::R_X86_64_GOTPC32_TLSDESC => continue,
                elf::R_X86_64_TLSGD if [before(4), before(3), before(2), before(1)] == [0x66, 0x48, 0x8d, 0x3d] => {}
                elf::R_X86_64_TLSLD if [before(3), before(2), before(1)] == [0x48, 0x8d, 0x3d] => {}
                // The same, written over both instructions that would have found it; or over the first alone.
                elf::R_X86_64_TLSGD if [self.byte(offset + 6), self.byte(offset + 7)] == [0x03, 0x05] => continue,
                elf::R_X86_64_TLSGD if [self.byte(offset + 6), self.byte(offset + 7)] == [0x8d, 0x80] => {
                    skip = true;
                    continue;
                }
                elf::R_X86_64_TLSLD if [before(3), before(2)] == [0x66, 0x66] => {
                    skip = true;
                    continue;
                }
                elf::R_X86_64_NONE
                | elf::R_X86_64_DTPOFF32
                | elf::R_X86_64_TPOFF32
                | elf::R_X86_64_DTPOFF64
                | elf::R_X86_64_TPOFF64
                | elf::R_X86_64_SIZE32
                | elf::R_X86_64_SIZE64
                | elf::R_X86_64_TLSDESC_CALL => continue,
                _ => return Err(unknown()),
            }
            let target = place.wrapping_add(4).wrapping_add_signed(self.number(offset)?);
            let to = self.owner(target)?;
            if to == self.fixed() && within != self.fixed() {
                self.referred.entry(target).or_default().push(within);
            }
            self.add(Edit { offset, within, to, relative: true, wide: false });
        }
        Ok(())
    }

    /// Data: addresses, which the loader fills in, and tables of jumps, which hold how far each is from the table.
    fn data(&mut self, section: &Section, relocations: &[Rela64<LittleEndian>]) -> Result<(), String> {
        let symbols = self.linked.symbols(SHT_SYMTAB)?;
        for relocation in relocations {
            let index = SymbolIndex(relocation.r_sym(ENDIAN, false) as usize);
            let symbol = symbols.symbol(index).map_err(|e| e.to_string())?;
            let kind = relocation.r_type(ENDIAN, false);
            if kind == elf::R_X86_64_64 || !self.linked.is_of_code(&symbols, index) {
                continue;
            }
            let place = relocation.r_offset(ENDIAN);
            let unknown = || format!("{place:#x} refers to a function in a way that is not known");
            if ![elf::R_X86_64_PC32, elf::R_X86_64_PLT32].contains(&kind) {
                return Err(unknown());
            }
            // The linker was told the distance from this entry, and wrote so the one from the table.
            let within = range(section).contains(&place).then(|| section.sh_addr(ENDIAN)..=place);
            let before = within.and_then(|within| self.referred.range(within).next_back());
            let (table, users) = before.ok_or_else(unknown)?;
            let said = symbol.st_value(ENDIAN).wrapping_add_signed(relocation.r_addend(ENDIAN));
            let to = map::at(self.pieces, said.wrapping_sub(place - table)).ok_or_else(unknown)?;
            if !users.contains(&to) {
                return Err(unknown());
            }
            let offset = self.linked.offset(place).ok_or_else(unknown)?;
            self.add(Edit { offset, within: self.fixed(), to, relative: false, wide: false });
        }
        Ok(())
    }
}
