//! Which functions account for what a benchmark executes and allocates, on base and on head.

use serde::{Deserialize, Serialize};

use super::{BaseSide, BenchmarkId, HeadSide, Skipped};

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The side compared against.
    pub base: BaseSide,
    /// The side under judgement.
    pub head: HeadSide,
    /// One entry a benchmark, in the order of their ids.
    pub benchmarks: Vec<Functions>,
    /// What was not counted, with the reason.
    pub skipped: Vec<Skipped>,
    /// What the reader should know besides.
    pub warnings: Vec<String>,
}

/// One benchmark.
#[derive(Clone, Debug, Serialize)]
pub struct Functions {
    /// Which.
    pub benchmark: BenchmarkId,
    /// What base executes.
    pub base: SideCounts,
    /// What head executes.
    pub head: SideCounts,
    /// The functions that an iteration executes; first those that account for most of the change.
    pub functions: Vec<FunctionCost>,
    /// The functions that an iteration allocates by; first those that account for most of the change. Asked for where the
    /// sides allocate differently.
    pub sites: Vec<SiteCost>,
}

/// What one side executes, and what it allocates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SideCounts {
    /// An iteration after others, without what it executes in the allocator.
    pub instructions: u64,
    /// The first iteration of a process, likewise.
    pub cold_instructions: u64,
    /// An iteration after others, in the allocator.
    pub allocator_instructions: u64,
    /// `None` where allocations could not be traced.
    #[serde(flatten)]
    pub memory: Option<SideMemory>,
}

/// What an iteration allocates on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SideMemory {
    /// How often it asks for memory, or for more of it.
    pub allocations: u64,
    /// How many bytes it asks for; of a block that grows, those that it grows by.
    pub allocated_bytes: u64,
    /// How many of them it has at once.
    pub peak_bytes: u64,
}

/// What a function costs an iteration. `None` is a function that the side does not execute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunctionCost {
    /// Its path; an address where it has no symbol.
    pub function: String,
    /// The file that it is in: the bench executable, or a library.
    pub object: String,
    /// Its own instructions on base.
    pub base_own: Option<u64>,
    /// Its own instructions on head.
    pub head_own: Option<u64>,
    /// With what it called, on base.
    pub base_inclusive: Option<u64>,
    /// With what it called, on head.
    pub head_inclusive: Option<u64>,
    /// How often it was called on base.
    pub base_calls: Option<u64>,
    /// How often it was called on head.
    pub head_calls: Option<u64>,
    /// Its hottest line, on head, or on base where head does not execute it; `None` without debug information.
    pub place: Option<LineCost>,
    /// Its own instructions on base by line, the hottest first; of the functions that changed most only.
    pub base_lines: Vec<LineCost>,
    /// The same on head.
    pub head_lines: Vec<LineCost>,
}

/// What a function asks for in an iteration, itself or by the allocator and Rust's own libraries. `None` is a function that does
/// not on this side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SiteCost {
    /// Its path; an address where it has no symbol.
    pub function: String,
    /// How often on base.
    pub base_allocations: Option<u64>,
    /// How often on head.
    pub head_allocations: Option<u64>,
    /// How many bytes on base; of a block that grows, its new size each time.
    pub base_bytes: Option<u64>,
    /// The same on head.
    pub head_bytes: Option<u64>,
}

/// What one line of source costs within a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineCost {
    /// Its file: relative to the repository, or to where the compiler found it.
    pub file: String,
    /// Its number there, from 1.
    pub line: u32,
    /// Instructions of the function that were made from it.
    pub own: u64,
}

/// What an iteration of a benchmark executes on both sides, and which functions account for the difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedChange {
    /// Instructions on base.
    pub base: u64,
    /// Instructions on head.
    pub head: u64,
    /// The allocator's instructions on base, which are counted apart.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub base_allocator: u64,
    /// The same on head.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub head_allocator: u64,
    /// The functions that account for most of the difference, the largest first; three at most.
    pub culprits: Vec<Culprit>,
}

fn is_zero(instructions: &u64) -> bool {
    *instructions == 0
}

/// A function that executes another number of instructions of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Culprit {
    /// Its path; an address where it has no symbol.
    pub function: String,
    /// Head's instructions less base's.
    pub change: i64,
}
