//! Floor 3: a report turned into text. Pure; nothing here judges a row, and nothing writes to a file or a stream.
//!
//! [`terminal`] (with `table`), [`markdown`], [`html`], [`junit`], [`github`], [`gitlab`] and [`openmetrics`] show the same
//! view of a report (`view`, `title`, `units`): which rows in which order, in which units and words. [`json`] is the document
//! itself. Ids and reasons come from benchmarks and pull requests; `escape` keeps them from being anything but text.

pub mod diagnosis;
mod escape;
pub mod explanation;
pub mod flamegraph;
mod functions;
pub mod github;
pub mod gitlab;
pub mod hotspots;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod openmetrics;
pub mod run;
mod sparkline;
mod table;
pub mod terminal;
mod title;
mod units;
mod view;

pub use escape::{shell_word, system, visible};
pub use terminal::Style;
pub use units::{bytes, change, counted, limit, round as quantity, seconds};
