//! The linker's map: which pieces it took from where, and where it has put them.

/// What a linker places as one: a section of an object, here one with functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub address: u64,
    pub size: u64,
    pub align: u64,
}

impl Piece {
    pub fn end(&self) -> u64 {
        self.address.saturating_add(self.size)
    }
}

/// The pieces of `.text`, by address, each with its object and section.
///
/// The maps of lld and mold have a line for each output section, its pieces eight columns further, and the symbols in
/// those another eight; before each stand addresses, size and alignment.
pub fn pieces(map: &str) -> Result<Vec<(String, Piece)>, String> {
    let unknown = || "the linker's map is of another kind".to_owned();
    let mut lines = map.lines();
    let head: Vec<&str> = lines.next().ok_or_else(unknown)?.split_whitespace().collect();
    let numbers = match head[..] {
        ["VMA", "LMA", "Size", "Align", "Out", ..] => 4,
        ["VMA", "Size", "Align", "Out", ..] => 3,
        _ => return Err(unknown()),
    };
    let mut pieces = Vec::new();
    let mut of_code = false;
    for line in lines {
        let mut rest = line;
        let mut fields = [""; 4];
        for field in &mut fields[..numbers] {
            rest = rest.trim_start();
            let end = rest.find(' ').ok_or_else(unknown)?;
            (*field, rest) = rest.split_at(end);
        }
        let rest = rest.strip_prefix(' ').ok_or_else(unknown)?;
        let name = rest.trim_start_matches(' ');
        match rest.len() - name.len() {
            0 => of_code = name == ".text",
            8 if of_code && !name.starts_with('<') => {
                let number = |text: &str, radix| u64::from_str_radix(text, radix).map_err(|_| unknown());
                let piece = Piece {
                    address: number(fields[0], 16)?,
                    size: number(fields[numbers - 2], 16)?,
                    align: number(fields[numbers - 1], 10)?.max(1),
                };
                if piece.size > 0 {
                    pieces.push((name.to_owned(), piece));
                }
            }
            _ => {}
        }
    }
    pieces.sort_by_key(|(_, piece)| piece.address);
    Ok(pieces)
}

/// The piece that an address lies in.
pub fn at(pieces: &[Piece], address: u64) -> Option<usize> {
    let after = pieces.partition_point(|piece| piece.address <= address);
    let found = after.checked_sub(1)?;
    (address < pieces[found].end()).then_some(found)
}
