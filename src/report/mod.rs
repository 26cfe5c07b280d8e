//! Floor 3: a report turned into text. Pure; nothing here judges a row, and nothing writes to a file or a stream.
//!
//! [`terminal`] (with `table`) and [`markdown`] show the same view of a report (`view`, `title`, `units`): which rows in
//! which order, in which units and words. [`json`] is the document itself. Ids and reasons come from benchmarks and pull requests;
//! `escape` keeps them from being anything but text.

pub mod diagnosis;
mod escape;
pub mod explanation;
pub mod flamegraph;
pub mod hotspots;
pub mod json;
pub mod markdown;
pub mod run;
mod sparkline;
mod table;
pub mod terminal;
mod title;
mod units;
mod view;

pub use escape::{shell_word, system, visible};
pub use terminal::Style;
pub use units::{bytes, counted, seconds};
