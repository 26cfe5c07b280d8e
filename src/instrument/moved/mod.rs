//! Linked programs whose functions are moved, without a linker.
//!
//! A linker takes 60 to 300 ms to give a program another layout, several times as long as measuring a benchmark in it.
//! Where a program was linked once with its relocations kept, every place that refers to a function is known, and moving
//! all functions takes a few milliseconds. That nothing was misread is proved for each program: the linker is asked for
//! one other order, and moving has to give the same bytes.

mod edit;
mod linked;
mod map;
mod proof;
mod references;
mod room;
mod unwind;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use object::SymbolIndex;
use object::elf::SHT_SYMTAB;
use object::read::elf::{SectionHeader as _, Sym as _};

use super::order::Unit;
use edit::Edit;
use linked::{ENDIAN, Linked, range};
use map::Piece;
use unwind::SearchTable;

/// What lld fills the space between functions with: a breakpoint.
const FILL: u8 = 0xcc;
/// As the loader maps a program.
const PAGE: u64 = 4096;
/// Where in an entry of the table of symbols its address stands.
const SYMBOL_VALUE_FIELD: usize = 8;

/// A program that was linked once, and all that has to change where its functions are moved.
#[derive(Debug)]
pub struct Moved {
    /// The file, without what is not needed to run it.
    image: Vec<u8>,
    /// Addresses of the section with the functions.
    code: Range<u64>,
    /// Where that section lies in the file.
    offset: usize,
    /// How much of the file the loader maps; names follow.
    loaded: usize,
    pieces: Vec<Piece>,
    /// So many of them are moved; those behind the room stay.
    movable: usize,
    edits: Vec<Edit>,
    search: Option<SearchTable>,
    /// The name of each piece that has one of its own.
    names: Vec<Option<String>>,
    units: Vec<Unit>,
    /// The pieces of each unit.
    of_unit: Vec<Vec<usize>>,
    /// Memory for the next file: to get it anew takes longer than to fill it.
    buffer: Mutex<Vec<u8>>,
}

impl Moved {
    /// Reads a program that was linked with its relocations kept, and with room behind the first `movable` of its pieces,
    /// which are sorted by address.
    fn of_pieces(data: &[u8], pieces: Vec<Piece>, movable: usize) -> Result<Self, String> {
        let linked = Linked::read(data)?;
        let code = range(linked.code);
        // No linker aligns functions to more, and the room for other orders is counted by it.
        let aligned = pieces.iter().all(|piece| piece.align.is_power_of_two() && piece.align <= PAGE);
        let fits = aligned
            && pieces.windows(2).all(|two| two[0].end() <= two[1].address)
            && pieces.first().is_some_and(|first| first.address >= code.start)
            && pieces.last().is_some_and(|last| last.end() <= code.end);
        if !fits {
            return Err("the linker's map says nothing about its functions".to_owned());
        }
        // At worst those with the greatest alignment come first.
        let need: u64 = pieces[..movable].iter().map(|piece| piece.size.next_multiple_of(piece.align)).sum();
        if !code.start.is_multiple_of(PAGE) || code.start + need > end(&pieces[movable..], &code) {
            return Err("its functions do not fit in another order".to_owned());
        }
        let offset = linked.code.sh_offset(ENDIAN) as usize;
        let (image, symbols) = linked::compact(&linked)?;
        if image.len().checked_sub(offset).is_none_or(|rest| (rest as u64) < code.end - code.start) {
            return Err("its functions are not loaded from the file".to_owned());
        }
        let mut edits = references::edits(&linked, &pieces)?;
        let search = unwind::read(&linked, &pieces, &mut edits)?;
        let mut moved = Self {
            image,
            offset,
            loaded: linked::loaded(&linked)?,
            code,
            names: vec![None; pieces.len()],
            pieces,
            movable,
            edits,
            search,
            units: Vec::new(),
            of_unit: Vec::new(),
            buffer: Mutex::default(),
        };
        moved.add_symbols(&linked, symbols)?;
        Ok(moved)
    }

    /// The edits of the table of symbols, at `symbols` in the image, and the names of pieces.
    fn add_symbols(&mut self, linked: &Linked<'_>, symbols: usize) -> Result<(), String> {
        let table = linked.symbols(SHT_SYMTAB)?;
        for (i, symbol) in table.iter().enumerate() {
            let of_code = linked.is_of_code(&table, SymbolIndex(i));
            let address = symbol.st_value(ENDIAN);
            let Some(to) = of_code.then(|| map::at(&self.pieces, address)).flatten() else { continue };
            let offset = symbols + i * size_of_val(symbol) + SYMBOL_VALUE_FIELD;
            self.edits.push(Edit { offset, within: self.pieces.len(), to, relative: false, wide: true });
            let name = symbol.name(ENDIAN, table.strings()).ok().and_then(|name| std::str::from_utf8(name).ok());
            if let Some(name) = name.filter(|name| !name.is_empty() && address == self.pieces[to].address) {
                let known = self.names[to].get_or_insert_with(|| name.to_owned());
                if name < known.as_str() {
                    name.clone_into(known);
                }
            }
        }
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        for (i, name) in self.names[..self.movable].iter().enumerate() {
            let Some(name) = name else { continue };
            let unit = *known.entry(name).or_insert(self.units.len());
            if unit == self.units.len() {
                self.units.push(Unit { name: name.clone(), sizes: Vec::new() });
                self.of_unit.push(Vec::new());
            }
            self.units[unit].sizes.push(self.pieces[i].size);
            self.of_unit[unit].push(i);
        }
        if self.units.len() < 2 { Err("it has no names of functions".to_owned()) } else { Ok(()) }
    }

    /// Takes the names out of what is made.
    fn strip(&mut self) {
        self.edits.retain(|edit| edit.offset < self.loaded);
        linked::strip(&mut self.image, self.loaded);
    }

    /// What the units are that can be placed, in the order in which they lie.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Writes the program to `output` with its units in this order.
    pub fn lay_out(&self, output: &Path, order: &[usize]) -> Result<(), String> {
        let mut bytes = self.buffer.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(&mut bytes, &self.places(order))?;
        fs::write(output, &*bytes).and_then(|()| executable(output)).map_err(|e| e.to_string())
    }

    /// The program with its units in this order.
    pub fn laid_out(&self, order: &[usize]) -> Result<Vec<u8>, String> {
        self.at(&self.places(order))
    }

    /// Where each piece comes to lie.
    fn places(&self, order: &[usize]) -> Vec<u64> {
        let mut order: Vec<usize> = order.iter().flat_map(|unit| &self.of_unit[*unit]).copied().collect();
        order.extend((0..self.movable).filter(|piece| self.names[*piece].is_none()));
        let place = |order: &[usize]| {
            let mut places: Vec<u64> = self.pieces.iter().map(|piece| piece.address).collect();
            let mut cursor = self.code.start;
            for i in order {
                places[*i] = cursor.next_multiple_of(self.pieces[*i].align);
                cursor = places[*i] + self.pieces[*i].size;
            }
            (places, cursor)
        };
        let (places, cursor) = place(&order);
        if cursor <= end(&self.pieces[self.movable..], &self.code) {
            return places;
        }
        order.sort_by_key(|piece| std::cmp::Reverse(self.pieces[*piece].align));
        place(&order).0
    }

    /// The file with each piece at its place.
    fn at(&self, places: &[u64]) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        self.write(&mut bytes, places)?;
        Ok(bytes)
    }

    /// The same, into `bytes`.
    fn write(&self, bytes: &mut Vec<u8>, places: &[u64]) -> Result<(), String> {
        let size = (self.code.end - self.code.start) as usize;
        bytes.clear();
        bytes.extend_from_slice(&self.image[..self.offset]);
        bytes.resize(self.offset + size, FILL);
        bytes.extend_from_slice(&self.image[self.offset + size..]);
        for (piece, place) in self.pieces.iter().zip(places) {
            let within = |address: u64| {
                address.checked_sub(self.code.start).filter(|at| at + piece.size <= size as u64).map(|at| at as usize)
            };
            let (Some(from), Some(to)) = (within(piece.address), within(*place)) else {
                return Err("a function would lie outside of the code".to_owned());
            };
            let from = self.offset + from..self.offset + from + piece.size as usize;
            bytes[self.offset + to..][..piece.size as usize].copy_from_slice(&self.image[from]);
        }
        // What is no piece does not move.
        let moves: Vec<i64> = self
            .pieces
            .iter()
            .zip(places)
            .map(|(piece, place)| place.wrapping_sub(piece.address) as i64)
            .chain([0])
            .collect();
        for edit in &self.edits {
            edit.apply(bytes, &moves)?;
        }
        if let Some(search) = &self.search {
            search.write(bytes, &moves)?;
        }
        Ok(())
    }
}

/// Where the room ends.
fn end(behind: &[Piece], code: &Range<u64>) -> u64 {
    behind.first().map_or(code.end, |piece| piece.address)
}

#[cfg(unix)]
fn executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> io::Result<()> {
    Ok(())
}
