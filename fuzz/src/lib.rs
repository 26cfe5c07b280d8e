//! What must hold for whatever comes from outside. One module a fuzz target: its `run` takes any bytes, and panics where
//! something does not hold. `tests/it/corpora.rs` includes this file and replays the corpora.

pub mod config;
pub mod criterion;
pub mod documents;
pub mod printed;
pub mod programs;

/// Whether `c` would act on a terminal: all but a line feed may, of what Unicode calls control or direction.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
