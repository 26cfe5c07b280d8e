//! What is measured and in which unit. Limits on a metric are policy, not model.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A measured quantity of a benchmark. Spelt in kebab case wherever users meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Metric {
    /// Elapsed time of one iteration.
    WallTime,
    /// Elapsed time of the slowest tenth: the 90th percentile of the samples.
    WallTimeTail,
    /// Instructions that one iteration executes, after others; the allocator's are apart.
    Instructions,
    /// Instructions that the first iteration of a process executes, likewise.
    ColdInstructions,
    /// How often one iteration asks for memory, or for more of it.
    Allocations,
    /// Bytes that one iteration asks for.
    AllocatedBytes,
    /// By how many bytes more than at its start are allocated at once in one iteration.
    PeakBytes,
    /// Bytes that one iteration asks for and that are never freed.
    LeakedBytes,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 8] = [
        Self::WallTime,
        Self::WallTimeTail,
        Self::Instructions,
        Self::ColdInstructions,
        Self::Allocations,
        Self::AllocatedBytes,
        Self::PeakBytes,
        Self::LeakedBytes,
    ];

    /// The spelling wherever users meet it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WallTime => "wall-time",
            Self::WallTimeTail => "wall-time-tail",
            Self::Instructions => "instructions",
            Self::ColdInstructions => "cold-instructions",
            Self::Allocations => "allocations",
            Self::AllocatedBytes => "allocated-bytes",
            Self::PeakBytes => "peak-bytes",
            Self::LeakedBytes => "leaked-bytes",
        }
    }

    /// What is counted, in the order of reports; the others are timed.
    pub fn counted() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|metric| metric.unit() != Unit::Nanoseconds)
    }

    /// The unit in which values of this metric are stored.
    pub fn unit(self) -> Unit {
        match self {
            Self::WallTime | Self::WallTimeTail => Unit::Nanoseconds,
            Self::Instructions | Self::ColdInstructions => Unit::Instructions,
            Self::Allocations => Unit::Allocations,
            Self::AllocatedBytes | Self::PeakBytes | Self::LeakedBytes => Unit::Bytes,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The unit of values. Times are nanoseconds, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Unit {
    /// Nanoseconds, `ns`.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Instructions.
    #[serde(rename = "instructions")]
    Instructions,
    /// Allocations.
    #[serde(rename = "allocations")]
    Allocations,
    /// Bytes, `B`.
    #[serde(rename = "B")]
    Bytes,
}

impl Unit {
    /// The spelling in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Instructions => "instructions",
            Self::Allocations => "allocations",
            Self::Bytes => "B",
        }
    }
}
