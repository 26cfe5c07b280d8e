//! What the tables of functions have in common: places in the source, and columns of numbers before names.

use comfy_table::{CellAlignment, Table};

use super::escape::shorten;
use super::visible;
use crate::model::LineCost;

/// Columns that a place takes at most.
const LONGEST_PLACE: usize = 32;

/// A line of source: `src/lib.rs:12`; nothing where it is not known.
pub(super) fn place(place: Option<&LineCost>) -> String {
    place.map_or(String::new(), |place| shorten(&format!("{}:{}", visible(&place.file), place.line), LONGEST_PLACE))
}

/// The lines of a table whose first so many columns are numbers.
pub(super) fn laid_out(mut table: Table, numbers: usize) -> String {
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if index < numbers {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
