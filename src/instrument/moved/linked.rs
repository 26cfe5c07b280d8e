//! A linked file of 64 bits as it is read, and the part of it that has to be kept.

use std::ops::Range;

use object::elf::{
    EM_X86_64, ET_DYN, FileHeader64, PT_LOAD, SHF_ALLOC, SHT_NOBITS, SHT_NULL, SHT_STRTAB, SHT_SYMTAB, SectionHeader64,
    SectionType,
};
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _, SectionTable, SymbolTable};
use object::{LittleEndian, SymbolIndex, U32, U64};

/// How such files write numbers.
pub const ENDIAN: LittleEndian = LittleEndian;
/// Where the header says where the headers of sections are, and how many.
const SECTIONS_FIELD: usize = 40;
const SECTION_COUNT_FIELD: usize = 60;
/// No program for x86-64 has code behind this address.
const LAST_ADDRESS: u64 = 1 << 47;
/// Size of the header.
const HEADER_BYTES: usize = 64;

pub type Section = SectionHeader64<LittleEndian>;
pub type Symbols<'a> = SymbolTable<'a, FileHeader64<LittleEndian>>;

/// A linked file.
pub struct Linked<'a> {
    pub data: &'a [u8],
    pub header: &'a FileHeader64<LittleEndian>,
    pub sections: SectionTable<'a, FileHeader64<LittleEndian>>,
    /// The section with the functions.
    pub code: &'a Section,
}

impl<'a> Linked<'a> {
    /// Reads a program for x86-64 that can be loaded anywhere.
    pub fn read(data: &'a [u8]) -> Result<Self, String> {
        let header = FileHeader64::<LittleEndian>::parse(data).map_err(|e| e.to_string())?;
        if header.e_machine(ENDIAN) != EM_X86_64 || !header.is_little_endian() {
            return Err("it is no program for x86-64".to_owned());
        }
        if header.e_type(ENDIAN) != ET_DYN {
            return Err("it is linked to fixed addresses".to_owned());
        }
        let sections = header.sections(ENDIAN, data).map_err(|e| e.to_string())?;
        let (_, code) = sections.section_by_name(ENDIAN, b".text").ok_or("it has no `.text`")?;
        // What is read section by section is no more than the file then.
        let total = sections.iter().try_fold(0_u64, |sum, section| match section.sh_type(ENDIAN) {
            SHT_NOBITS => Some(sum),
            _ => sum.checked_add(section.sh_size(ENDIAN)),
        });
        if total.is_none_or(|total| total > data.len() as u64) || range(code).end > LAST_ADDRESS {
            return Err("its sections are not as linkers write them".to_owned());
        }
        Ok(Self { data, header, sections, code })
    }

    /// The name of a section.
    pub fn name(&self, section: &Section) -> &'a [u8] {
        self.sections.section_name(ENDIAN, section).unwrap_or_default()
    }

    /// The content of a section.
    pub fn bytes(&self, section: &'a Section) -> Result<&'a [u8], String> {
        section.data(ENDIAN, self.data).map_err(|e| e.to_string())
    }

    /// The sections that are in memory when the program runs.
    pub fn loaded(&self) -> Vec<&'a Section> {
        self.sections.iter().filter(|section| allocated(section)).collect()
    }

    /// Whether a symbol belongs to the functions.
    pub fn is_of_code(&self, symbols: &Symbols<'a>, index: SymbolIndex) -> bool {
        let section = symbols.symbol(index).and_then(|symbol| symbols.symbol_section(ENDIAN, symbol, index));
        let section = section.ok().flatten().and_then(|index| self.sections.section(index).ok());
        section.is_some_and(|section| std::ptr::eq(section, self.code))
    }

    /// Its symbols, those of the table of this kind.
    pub fn symbols(&self, kind: SectionType) -> Result<Symbols<'a>, String> {
        self.sections.symbols(ENDIAN, self.data, kind).map_err(|e| e.to_string())
    }

    /// Where in the file an address lies.
    pub fn offset(&self, address: u64) -> Option<usize> {
        let within = |section: &&Section| {
            allocated(section) && section.sh_type(ENDIAN) != SHT_NOBITS && range(section).contains(&address)
        };
        let section = self.sections.iter().find(within)?;
        let offset = section.sh_offset(ENDIAN).checked_add(address - section.sh_addr(ENDIAN))?;
        usize::try_from(offset).ok().filter(|offset| *offset < self.data.len())
    }
}

/// Whether a section is in memory when the program runs.
pub fn allocated(section: &Section) -> bool {
    section.sh_flags(ENDIAN).contains(SHF_ALLOC)
}

/// The addresses of a section.
pub fn range(section: &Section) -> Range<u64> {
    let start = section.sh_addr(ENDIAN);
    start..start.saturating_add(section.sh_size(ENDIAN))
}

/// The file without what its program does not need but the names, and where in it the table of symbols lies.
pub fn compact(linked: &Linked<'_>) -> Result<(Vec<u8>, usize), String> {
    let mut image = linked.data.get(..loaded(linked)?).ok_or("its headers lie outside of it")?.to_vec();
    let mut symbols = None;
    let mut headers = Vec::new();
    for section in linked.sections.iter() {
        let mut header = *section;
        let kind = section.sh_type(ENDIAN);
        if matches!(kind, SHT_SYMTAB | SHT_STRTAB) && !allocated(section) {
            image.resize(image.len().next_multiple_of(8), 0);
            header.sh_offset = U64::new(ENDIAN, image.len() as u64);
            symbols = symbols.or((kind == SHT_SYMTAB).then_some(image.len()));
            image.extend(linked.bytes(section)?);
        } else if !allocated(section) {
            header.sh_type = U32::new(ENDIAN, SHT_NULL);
            header.sh_size = U64::new(ENDIAN, 0);
        }
        headers.push(header);
    }
    image.resize(image.len().next_multiple_of(8), 0);
    let at = image.len() as u64;
    image[SECTIONS_FIELD..SECTIONS_FIELD + 8].copy_from_slice(&at.to_le_bytes());
    image.extend(headers.iter().flat_map(object::pod::bytes_of));
    Ok((image, symbols.ok_or("it has no names of functions")?))
}

/// How many bytes of the file the loader maps.
pub fn loaded(linked: &Linked<'_>) -> Result<usize, String> {
    let headers = linked.header.program_headers(ENDIAN, linked.data).map_err(|e| e.to_string())?;
    let loads = headers.iter().filter(|header| header.p_type(ENDIAN) == PT_LOAD);
    let end = loads.map(|header| header.p_offset(ENDIAN).saturating_add(header.p_filesz(ENDIAN))).max();
    let end = end.and_then(|end| usize::try_from(end).ok()).filter(|end| *end > HEADER_BYTES);
    end.ok_or_else(|| "nothing of it is loaded".to_owned())
}

/// Takes all that the loader does not map out of a file.
pub fn strip(image: &mut Vec<u8>, loaded: usize) {
    image.truncate(loaded);
    image[SECTIONS_FIELD..SECTIONS_FIELD + 8].fill(0);
    image[SECTION_COUNT_FIELD..SECTION_COUNT_FIELD + 4].fill(0);
}
