//! criterion 0.3 to 0.8, unmodified. Everything that is known of its options, its control channel and its files is in
//! this folder.
//!
//! Benchmarks are measured in two ways. The control channel (`channel`, `session`) holds two executables in lock step,
//! benchmark by benchmark; one that does not connect measures by itself and writes files (`files`). They are counted on
//! the channel, watched by valgrind's tools (`watched`): instructions (`counting`), and memory (`allocating`).

mod allocating;
mod bench;
mod channel;
mod counting;
mod enumerate;
mod files;
mod fresh;
mod once;
mod options;
mod saved;
mod session;
mod watched;

pub use super::counts::{Counting, Counts, Executed, Patience, Watched};
pub use allocating::{Allocating, Allocations, allocations};
pub use bench::{Criterion, Suite};
pub use channel::{Complete, Incoming, Message, read_version};
pub use counting::count;
pub use enumerate::{Enumeration, NotCriterion, enumerate, holds_criterion};
pub use once::runs_once;
pub use options::{Version, filters};
pub use saved::{full_id, median, per_iteration, saved_medians};

/// The way by which measurements are got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The control channel.
    Channel,
    /// Files in `CRITERION_HOME`.
    Files,
}
