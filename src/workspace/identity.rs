//! Telling whether two executables do the same: by their code and data, not by the files, which differ in build ids and
//! debug information.

use std::fs;
use std::io;
use std::path::Path;

use object::elf::SHF_ALLOC;
use object::{Object, ObjectSection, SectionFlags};
use sha2::{Digest, Sha256};

use crate::model::hexadecimal;

/// A hash of everything that the program loads, except notes (build ids): lower-case hexadecimal. Where the format
/// does not say what is loaded, or the file is no executable that can be read, the hash of the whole file.
pub fn executable_identity(path: &Path) -> io::Result<String> {
    Ok(identity_of(&fs::read(path)?))
}

/// The same of a file that was read.
pub fn identity_of(bytes: &[u8]) -> String {
    loaded_sections(bytes).unwrap_or_else(|| hexadecimal(&Sha256::digest(bytes)))
}

fn loaded_sections(bytes: &[u8]) -> Option<String> {
    let file = object::File::parse(bytes).ok()?;
    let mut hash = Sha256::new();
    let mut loaded = 0;
    hash.update(file.entry().to_le_bytes());
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { return None };
        let name = section.name_bytes().ok()?;
        if sh_flags.0 & SHF_ALLOC.0 == 0 || name.starts_with(b".note") {
            continue;
        }
        for number in [name.len() as u64, section.address(), section.size()] {
            hash.update(number.to_le_bytes());
        }
        hash.update(name);
        hash.update(section.data().ok()?);
        loaded += 1;
    }
    (loaded > 0).then(|| hexadecimal(&hash.finalize()))
}

/// Sixteen hexadecimal digits that stand for `parts`.
pub fn short_hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hexadecimal(&hash.finalize()[..8])
}
