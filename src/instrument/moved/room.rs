//! Room between the functions of a program: an object to link that holds nothing else.

use object::elf::{
    ELFCLASS64, ELFDATA2LSB, ELFMAG, ELFOSABI_NONE, EM_X86_64, ET_REL, EV_CURRENT, FileFlags, FileHeader64, Ident,
    SHF_ALLOC, SHF_EXECINSTR, SHF_GNU_RETAIN, SHT_PROGBITS, SHT_STRTAB, SectionFlags, SectionHeader64, SymbolSection,
};
use object::pod::bytes_of;
use object::{U16, U32, U64};

use super::FILL;
use super::linked::{ENDIAN, Section};
use super::map::Piece;

/// Names of the sections, each between zeros; the first is the room.
const NAMES: &[u8] = b"\0.text.cargo-perfgate-room\0.shstrtab\0";
const NAME: &str = ".text.cargo-perfgate-room";
/// Its size and its alignment, in bytes: where it starts is the same for all orders of what is before it that end on the
/// same page.
const ROOM: usize = 4096;

/// An object file whose one section with content the linker has to keep.
pub fn object() -> Vec<u8> {
    const HEADER: usize = size_of::<FileHeader64<object::LittleEndian>>();
    let names = HEADER + ROOM;
    let sections = (names + NAMES.len()).next_multiple_of(8);
    let header = FileHeader64 {
        e_ident: Ident {
            magic: ELFMAG,
            class: ELFCLASS64,
            data: ELFDATA2LSB,
            version: EV_CURRENT,
            os_abi: ELFOSABI_NONE,
            abi_version: 0,
            padding: [0; 7],
        },
        e_type: U16::new(ENDIAN, ET_REL),
        e_machine: U16::new(ENDIAN, EM_X86_64),
        e_version: U32::new(ENDIAN, EV_CURRENT.0.into()),
        e_entry: U64::new(ENDIAN, 0),
        e_phoff: U64::new(ENDIAN, 0),
        e_shoff: U64::new(ENDIAN, sections as u64),
        e_flags: U32::new(ENDIAN, FileFlags(0)),
        e_ehsize: U16::new(ENDIAN, HEADER as u16),
        e_phentsize: U16::new(ENDIAN, 0),
        e_phnum: U16::new(ENDIAN, 0),
        e_shentsize: U16::new(ENDIAN, size_of::<Section>() as u16),
        e_shnum: U16::new(ENDIAN, 3),
        e_shstrndx: U16::new(ENDIAN, SymbolSection(2)),
    };
    let section = |name: usize, kind, flags, at: usize, size: usize, align: usize| SectionHeader64 {
        sh_name: U32::new(ENDIAN, name as u32),
        sh_type: U32::new(ENDIAN, kind),
        sh_flags: U64::new(ENDIAN, flags),
        sh_addr: U64::new(ENDIAN, 0),
        sh_offset: U64::new(ENDIAN, at as u64),
        sh_size: U64::new(ENDIAN, size as u64),
        sh_link: U32::new(ENDIAN, 0),
        sh_info: U32::new(ENDIAN, 0),
        sh_addralign: U64::new(ENDIAN, align as u64),
        sh_entsize: U64::new(ENDIAN, 0),
    };
    let mut file = bytes_of(&header).to_vec();
    file.resize(names, FILL);
    file.extend(NAMES);
    file.resize(sections, 0);
    for header in [
        section(0, object::elf::SHT_NULL, SectionFlags(0), 0, 0, 0),
        section(1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR | SHF_GNU_RETAIN, HEADER, ROOM, ROOM),
        section(NAME.len() + 2, SHT_STRTAB, SectionFlags(0), names, NAMES.len(), 1),
    ] {
        file.extend(bytes_of(&header));
    }
    file
}

/// Takes the room out of the pieces of a program; gives where it lay among them.
pub fn take(pieces: &mut Vec<(String, Piece)>) -> Option<usize> {
    let found = pieces.iter().position(|(piece, _)| piece.contains(NAME))?;
    pieces.remove(found);
    Some(found)
}
