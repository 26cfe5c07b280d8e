//! What a function consists of: its machine code, the data that it refers to, with what that refers to in turn, and the
//! names of functions. Where anything lies in the program is no part of it.

use std::collections::{BTreeSet, HashMap, VecDeque};

use object::elf::{SHF_MERGE, SHF_STRINGS, SHF_WRITE};
use object::read::elf::SectionHeader as _;
use object::{
    Object as _, ObjectSection as _, Relocation, RelocationFlags, RelocationKind, RelocationTarget, SectionFlags,
};
use sha2::{Digest, Sha256};

use super::objects::{Code, Definition, Target, stem};

/// A hash of the content of one definition of a function.
pub(super) type Hash = [u8; 32];

/// One definition of a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Content {
    pub hash: Hash,
    /// The names of functions that its code refers to, or the data that it refers to.
    pub refers_to: BTreeSet<Vec<u8>>,
}

/// A place in the source, as panics report it: the address and length of a path, a line and a column.
const LOCATION_SIZE: usize = 24;
const LOCATION_LENGTH: std::ops::Range<usize> = 8..16;
const LOCATION_NUMBERS: std::ops::Range<usize> = 16..24;

/// A piece of data or code, as far as it is referred to as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Piece {
    at: Definition,
    /// Whether the linker may merge what the section holds with equal entries elsewhere: then one entry is meant.
    entry: bool,
}

impl Code<'_> {
    /// The contents of the functions with this name; `None` where there is none, or what it refers to cannot be followed.
    pub(super) fn contents(&self, name: &[u8]) -> Option<BTreeSet<Content>> {
        let definitions = self.functions(name);
        if definitions.is_empty() {
            return None;
        }
        definitions.iter().map(|definition| self.content(*definition)).collect()
    }

    /// The contents of all that runs before `main`, whoever refers to it.
    pub(super) fn constructors(&self) -> Option<BTreeSet<Content>> {
        self.constructors.iter().map(|definition| self.content(*definition)).collect()
    }

    fn content(&self, function: Definition) -> Option<Content> {
        let mut hash = Sha256::new();
        let mut refers_to = BTreeSet::new();
        // Where a section holds more than one function, all of it: where the one ends need not be said.
        hash.update(function.offset.to_le_bytes());
        let start = Piece { at: Definition { offset: 0, ..function }, entry: false };
        let mut known: HashMap<Piece, u64> = HashMap::from([(start, 0)]);
        let mut queue = VecDeque::from([start]);
        while let Some(piece) = queue.pop_front() {
            let (bytes, align) = self.bytes(piece)?;
            number(&mut hash, align);
            number(&mut hash, bytes.len() as u64);
            let references = if piece.entry { Vec::new() } else { self.references(piece.at)? };
            match self.location(piece, bytes, &references) {
                Some(path) => hash.update(path),
                None => hash.update(bytes),
            }
            for (offset, relocation) in references {
                number(&mut hash, offset);
                let RelocationFlags::Elf { r_type } = relocation.flags() else { return None };
                hash.update(format!("{r_type:?}"));
                let mut addend = relocation.addend();
                match self.target(piece.at.object, &relocation)? {
                    Target::Function(name) => {
                        text(&mut hash, b"function", name);
                        refers_to.insert(name.to_vec());
                    }
                    // Between these the linker puts what all objects have to say.
                    Target::Elsewhere(name) if name.starts_with(b"__start_") || name.starts_with(b"__stop_") => {
                        return None;
                    }
                    Target::Elsewhere(name) => text(&mut hash, b"elsewhere", name),
                    Target::Data { mut at, name } => {
                        let section = self.objects[at.object].section_by_index(at.section).ok()?;
                        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { return None };
                        let own = section.name_bytes().ok()?;
                        // Two constants with the same content are as good as one, two variables are not.
                        let constant = sh_flags.0 & SHF_WRITE.0 == 0 || own.starts_with(b".data.rel.ro");
                        text(&mut hash, b"data", if constant { b"" } else { stem(name) });
                        text(&mut hash, b"in", if constant { b"" } else { stem(own) });
                        let mut entry = sh_flags.0 & SHF_MERGE.0 != 0;
                        if entry && name.is_empty() {
                            // By the section and a distance: which entry that is, only an address says plainly.
                            entry = relocation.kind() == RelocationKind::Absolute;
                            if entry {
                                at.offset = at.offset.checked_add_signed(std::mem::take(&mut addend))?;
                            }
                        }
                        let start = if entry { at.offset } else { 0 };
                        number(&mut hash, at.offset - start);
                        let piece = Piece { at: Definition { offset: start, ..at }, entry };
                        let next = known.len() as u64;
                        let ordinal = *known.entry(piece).or_insert_with(|| {
                            queue.push_back(piece);
                            next
                        });
                        number(&mut hash, ordinal);
                    }
                }
                hash.update(addend.to_le_bytes());
            }
        }
        Some(Content { hash: hash.finalize().into(), refers_to })
    }

    fn target(&self, object: usize, relocation: &Relocation) -> Option<Target<'_>> {
        match relocation.target() {
            RelocationTarget::Symbol(symbol) => self.resolve(object, symbol),
            RelocationTarget::Section(section) => Some(self.section(object, section, 0, b"")),
            RelocationTarget::Absolute => Some(Target::Elsewhere(b"")),
            _ => None,
        }
    }

    /// What a piece holds, and to what it is aligned. Of data that begins as zeros nothing.
    fn bytes(&self, piece: Piece) -> Option<(&[u8], u64)> {
        let section = self.objects[piece.at.object].section_by_index(piece.at.section).ok()?;
        let align = section.align();
        let data = section.data().ok()?;
        if data.is_empty() {
            // Its size is what there is to know; as an alignment it does no harm.
            return Some((data, align.wrapping_add(section.size() << 8)));
        }
        if !piece.entry {
            return Some((data, align));
        }
        let rest = data.get(usize::try_from(piece.at.offset).ok()?..)?;
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { return None };
        let size = self.entry_size(piece.at)?;
        let length = if sh_flags.0 & SHF_STRINGS.0 != 0 {
            rest.chunks_exact(size).position(|character| character.iter().all(|byte| *byte == 0))? * size
        } else {
            size
        };
        Some((rest.get(..length)?, align))
    }

    /// How large the entries of a section are that the linker may merge; of strings, their characters.
    fn entry_size(&self, at: Definition) -> Option<usize> {
        let size = match &self.objects[at.object] {
            object::File::Elf64(file) => {
                let section = file.elf_section_table().section(at.section).ok()?;
                section.sh_entsize(file.endian())
            }
            _ => return None,
        };
        usize::try_from(size).ok().filter(|size| *size > 0)
    }

    /// The relocations of a section in the order of their places.
    fn references(&self, at: Definition) -> Option<Vec<(u64, Relocation)>> {
        let section = self.objects[at.object].section_by_index(at.section).ok()?;
        let mut relocations: Vec<(u64, Relocation)> = section.relocations().collect();
        relocations.sort_by_key(|(offset, _)| *offset);
        Some(relocations)
    }

    /// The part of a place in the source that is compared. Every line that is added above it moves it, and no program is
    /// slower for that.
    fn location<'a>(&'a self, piece: Piece, bytes: &'a [u8], references: &[(u64, Relocation)]) -> Option<&'a [u8]> {
        let [(0, relocation)] = references else { return None };
        let length = u64::from_le_bytes(bytes.get(LOCATION_LENGTH)?.try_into().ok()?);
        if bytes.len() != LOCATION_SIZE {
            return None;
        }
        let Some(Target::Data { at, .. }) = self.target(piece.at.object, relocation) else { return None };
        let start = at.offset.checked_add_signed(relocation.addend())?;
        let section = self.objects[at.object].section_by_index(at.section).ok()?;
        let path = section.data().ok()?.get(usize::try_from(start).ok()?..)?.get(..usize::try_from(length).ok()?)?;
        let path = path.strip_suffix(b"\0").unwrap_or(path);
        // The compiler gives it no name that a program could have.
        let own = self.objects[piece.at.object].section_by_index(piece.at.section).ok()?;
        let own = own.name_bytes().ok()?;
        let anonymous =
            [&b"anon."[..], b"Lalloc_", b".alloc_"].iter().any(|part| own.windows(part.len()).any(|w| w == *part));
        let numbers = bytes[LOCATION_NUMBERS].as_chunks::<4>().0;
        let plausible = (1..1 << 24).contains(&u32::from_le_bytes(numbers[0]))
            && (1..1 << 12).contains(&u32::from_le_bytes(numbers[1]));
        (path.ends_with(b".rs") && anonymous && plausible).then_some(&bytes[..LOCATION_NUMBERS.start])
    }
}

fn number(hash: &mut Sha256, number: u64) {
    hash.update(number.to_le_bytes());
}

fn text(hash: &mut Sha256, kind: &[u8], text: &[u8]) {
    for part in [kind, text] {
        number(hash, part.len() as u64);
        hash.update(part);
    }
}
