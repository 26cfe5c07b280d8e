//! Numbers in a file that change where functions are moved.

/// A number in the file that depends on where a piece lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where in the file it stands, as linked.
    pub offset: usize,
    /// The piece that it stands in.
    pub within: usize,
    /// The piece that it speaks of.
    pub to: usize,
    /// Whether it says how far that is from here, and not where it is.
    pub relative: bool,
    /// 8 bytes, else 4.
    pub wide: bool,
}

impl Edit {
    /// Changes its number in `bytes`, where pieces were moved by so much.
    pub fn apply(&self, bytes: &mut [u8], moves: &[i64]) -> Result<(), String> {
        let offset = self.offset.wrapping_add_signed(moves[self.within] as isize);
        let change = moves[self.to] - if self.relative { moves[self.within] } else { 0 };
        add(bytes, offset, change, self.wide)
    }
}

/// Adds to a number in the file.
pub fn add(bytes: &mut [u8], offset: usize, change: i64, wide: bool) -> Result<(), String> {
    let outside = || "it refers to more than it holds".to_owned();
    if wide {
        let field: &mut [u8; 8] =
            bytes.get_mut(offset..).and_then(|rest| rest.first_chunk_mut()).ok_or_else(outside)?;
        *field = i64::from_le_bytes(*field).wrapping_add(change).to_le_bytes();
    } else {
        let field: &mut [u8; 4] =
            bytes.get_mut(offset..).and_then(|rest| rest.first_chunk_mut()).ok_or_else(outside)?;
        let sum = i64::from(i32::from_le_bytes(*field)) + change;
        *field = i32::try_from(sum).map_err(|_| outside())?.to_le_bytes();
    }
    Ok(())
}
