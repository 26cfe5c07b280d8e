//! What one revision of a benchmark, or a program, executes: by function.

use serde::Serialize;

use super::{BenchmarkId, HeadSide, LineCost, Skipped};

/// What was found. Instructions throughout.
#[derive(Clone, Debug, Serialize)]
pub struct Hotspots {
    /// The revision; `None` where a program was counted that has none.
    pub head: Option<HeadSide>,
    /// One entry a benchmark, in the order of their ids; or one of the program.
    pub profiles: Vec<Hot>,
    /// What was not counted, with the reason.
    pub skipped: Vec<Skipped>,
    /// What the reader should know besides.
    pub warnings: Vec<String>,
}

/// What was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The timed section of a benchmark.
    Benchmark(BenchmarkId),
    /// A program with its arguments, from its start to its end.
    Command(Vec<String>),
}

/// One benchmark, or one program.
#[derive(Clone, Debug, Serialize)]
pub struct Hot {
    /// Which.
    #[serde(flatten)]
    pub subject: Subject,
    /// Of an iteration after others, or of the whole program, without the allocator's.
    pub instructions: u64,
    /// The allocator's, which are functions below like all others.
    pub allocator_instructions: u64,
    /// Of the first iteration of a process, without the allocator's; `None` for a program.
    pub cold_instructions: Option<u64>,
    /// The functions that executed some, the hottest first.
    pub functions: Vec<HotFunction>,
}

/// What a function costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HotFunction {
    /// Its path; an address where it has no symbol.
    pub function: String,
    /// The crate that its path names; `None` where it names none, as in C.
    #[serde(rename = "crate")]
    pub crate_name: Option<String>,
    /// The module, with its crate.
    pub module: Option<String>,
    /// The file that it is in: the executable, or a library.
    pub object: String,
    /// Its own instructions.
    pub own: u64,
    /// With what it called.
    pub inclusive: u64,
    /// How often it was called.
    pub calls: u64,
    /// Its own as a part of all, from 0 to 1.
    pub share: f64,
    /// Its hottest line; `None` without debug information.
    pub place: Option<LineCost>,
    /// Its own instructions by line, the hottest first; of the hottest functions only.
    pub lines: Vec<LineCost>,
}
