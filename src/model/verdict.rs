//! What is said of one row, and what it rests on. How it is reached stands in `gate`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the gate says of one benchmark and metric. Spelt in kebab case in every format.
///
/// The order is the order of reports: what needs a reader first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Proved slower than `tolerate`, by an amount nearer to `max-regression`.
    Regressed,
    /// Its slowest samples are proved slower by more than is tolerated of them, though it is usually not.
    TailRegressed,
    /// Above an absolute budget.
    OverBudget,
    /// The harness died while it measured this benchmark.
    Crashed,
    /// The benchmark took longer than its time-out.
    TimedOut,
    /// On the base's side only.
    Removed,
    /// A regression that head's configuration accepts, of at most the accepted size.
    Accepted,
    /// The benchmark itself differs, and head's cannot be tried on base's code: no time says anything.
    BenchChanged,
    /// Could not be judged; never shown as unchanged.
    Inconclusive,
    /// Proved faster than `tolerate`.
    Improved,
    /// On the head's side only.
    Added,
    /// Below the limit, and nothing more is claimed.
    WithinLimit,
    /// Any change is smaller than the limit either way, and none was found.
    Unchanged,
}

impl Verdict {
    /// All verdicts in the order of reports.
    pub const ALL: [Self; 13] = [
        Self::Regressed,
        Self::TailRegressed,
        Self::OverBudget,
        Self::Crashed,
        Self::TimedOut,
        Self::Removed,
        Self::Accepted,
        Self::BenchChanged,
        Self::Inconclusive,
        Self::Improved,
        Self::Added,
        Self::WithinLimit,
        Self::Unchanged,
    ];

    /// The spelling in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::TailRegressed => "tail-regressed",
            Self::OverBudget => "over-budget",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed-out",
            Self::Removed => "removed",
            Self::Accepted => "accepted",
            Self::BenchChanged => "bench-changed",
            Self::Inconclusive => "inconclusive",
            Self::Improved => "improved",
            Self::Added => "added",
            Self::WithinLimit => "within-limit",
            Self::Unchanged => "unchanged",
        }
    }

    /// Whether it is slower than it may be: that fails the gate under every policy.
    pub fn is_too_slow(self) -> bool {
        self.is_regression() || self == Self::OverBudget
    }

    /// Whether it became slower than base, by more than is tolerated.
    pub fn is_regression(self) -> bool {
        matches!(self, Self::Regressed | Self::TailRegressed)
    }

    /// Whether base and head of the benchmark were held against each other (or head against a budget).
    pub fn is_judged(self) -> bool {
        !matches!(self, Self::Crashed | Self::TimedOut | Self::Removed | Self::BenchChanged | Self::Added)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What decided a verdict, from the cheapest to the dearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Evidence {
    /// Both sides' code and data are identical.
    #[serde(rename = "same executable")]
    SameExecutable,
    /// Whatever was executed has the same machine code on both sides.
    #[serde(rename = "same code executed")]
    SameCodeExecuted,
    /// Base and head counted, without noise.
    #[serde(rename = "counted")]
    Counted,
    /// Numbers that were stored earlier; for times this confirms nothing.
    #[serde(rename = "stored baseline")]
    StoredBaseline,
    /// Base and head measured in alternation.
    #[serde(rename = "paired measurement")]
    PairedMeasurement,
    /// Head's own value against a fixed limit.
    #[serde(rename = "absolute budget")]
    AbsoluteBudget,
}

impl Evidence {
    /// Whether both sides are known to do the same, so that their times are the same, too.
    pub fn is_sameness(self) -> bool {
        matches!(self, Self::SameExecutable | Self::SameCodeExecuted)
    }

    /// The spelling in every format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameExecutable => "same executable",
            Self::SameCodeExecuted => "same code executed",
            Self::Counted => "counted",
            Self::StoredBaseline => "stored baseline",
            Self::PairedMeasurement => "paired measurement",
            Self::AbsoluteBudget => "absolute budget",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
