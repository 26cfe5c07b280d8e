//! Links that let functions be moved, and the proof that moving them is what the linker does.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::linked::{Linked, Section, range};
use super::map::{self, Piece};
use super::{Moved, room};
use crate::instrument::relink::{Changes, Relink};
use crate::stats::Rng;

/// Orders that the linker may be asked for: one that ends on another page cannot be compared.
const PROOFS: u64 = 4;

/// A linked program and its map.
struct Program {
    bytes: Vec<u8>,
    pieces: Vec<(String, Piece)>,
    /// How many of them lie before the room.
    before: usize,
}

impl Program {
    fn new(bytes: Vec<u8>, map: &[u8]) -> Result<Self, String> {
        let mut pieces = map::pieces(&String::from_utf8_lossy(map))?;
        let before = room::take(&mut pieces).ok_or("the linker leaves no room between its functions")?;
        Ok(Self { bytes, pieces, before })
    }
}

impl Moved {
    /// A linked program with the linker's map of it; nothing is proved.
    pub fn unproved(program: Vec<u8>, map: &[u8]) -> Result<Self, String> {
        Self::read(&Program::new(program, map)?)
    }

    fn read(program: &Program) -> Result<Self, String> {
        Self::of_pieces(&program.bytes, program.pieces.iter().map(|(_, piece)| *piece).collect(), program.before)
    }

    /// Links the program of `relink` again so that its functions can be moved, in `scratch`, and proves that moving them
    /// is what the linker does. Without `names` the program that is made has none.
    pub fn of(relink: &Relink, scratch: &Path, names: bool) -> Result<Self, String> {
        let files = ["moved", "moved.map", "moved.order", "moved.o"].map(|name| scratch.join(name));
        let moved = Self::proved(relink, &files);
        for file in files {
            let _ = fs::remove_file(file);
        }
        let mut moved = moved?;
        if !names {
            moved.strip();
        }
        Ok(moved)
    }

    fn proved(relink: &Relink, [file, map, order, room]: &[PathBuf; 4]) -> Result<Self, String> {
        let text = |e: io::Error| e.to_string();
        fs::write(room, room::object()).map_err(text)?;
        let link = |more: &[String]| -> Result<Program, String> {
            let mut arguments = vec![
                "-Wl,--emit-relocs".to_owned(),
                "-Wl,--strip-debug".to_owned(),
                format!("-Wl,-Map={}", map.display()),
                room.display().to_string(),
            ];
            arguments.extend_from_slice(more);
            relink.repeat_with(file, Changes { arguments: &arguments, names: true, ..Changes::default() })?;
            Program::new(fs::read(file).map_err(text)?, &fs::read(map).map_err(text)?)
        };
        let program = link(&[])?;
        let moved = Self::read(&program)?;
        let Program { pieces, before, .. } = program;
        for seed in 0..PROOFS {
            let mut names: Vec<&str> = moved.names[..before].iter().flatten().map(String::as_str).collect();
            Rng::new(seed).shuffle(&mut names);
            fs::write(order, names.join("\n")).map_err(text)?;
            let asked =
                [format!("-Wl,--symbol-ordering-file={}", order.display()), "-Wl,--no-warn-symbol-ordering".to_owned()];
            let Program { bytes: other, pieces: others, .. } = link(&asked)?;
            if range(Linked::read(&other)?.code) != moved.code {
                continue;
            }
            let mut placed: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
            for (name, piece) in others.iter().rev() {
                placed.entry(name).or_default().push(piece.address);
            }
            let place = |name: &str| placed.get_mut(name).and_then(Vec::pop);
            let places: Option<Vec<u64>> = pieces.iter().map(|(name, _)| name.as_str()).map(place).collect();
            let places = places.ok_or("another order has other sections")?;
            let stayed = pieces.iter().zip(&places).filter(|((_, piece), place)| piece.address == **place).count();
            if stayed * 2 > pieces.len() {
                return Err("the linker leaves functions where they are".to_owned());
            }
            moved.compare(&moved.at(&places)?, &other)?;
            return Ok(moved);
        }
        Err("no two orders of its functions end on one page".to_owned())
    }

    /// Whether all that is loaded of two programs is the same.
    fn compare(&self, moved: &[u8], other: &[u8]) -> Result<(), String> {
        let [moved, other] = [Linked::read(moved)?, Linked::read(other)?];
        let [ours, theirs] = [moved.loaded(), other.loaded()];
        let differs = |(ours, theirs): &(&&Section, &&Section)| {
            let name = moved.name(ours);
            // It is made of the bytes of the file.
            let made_of_file = name == b".note.gnu.build-id";
            (name, range(ours)) != (other.name(theirs), range(theirs))
                || (!made_of_file && moved.bytes(ours) != other.bytes(theirs))
        };
        let differing = ours.iter().zip(&theirs).find(differs).map(|(ours, _)| moved.name(ours));
        if ours.len() == theirs.len() && differing.is_none() {
            return Ok(());
        }
        let name = String::from_utf8_lossy(differing.unwrap_or_default());
        Err(format!("moving its functions does not give what the linker gives ({name})"))
    }
}
