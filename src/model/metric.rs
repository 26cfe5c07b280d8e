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
    /// Instructions that one iteration executes, after others.
    Instructions,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 3] = [Self::WallTime, Self::WallTimeTail, Self::Instructions];

    /// The spelling wherever users meet it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WallTime => "wall-time",
            Self::WallTimeTail => "wall-time-tail",
            Self::Instructions => "instructions",
        }
    }

    /// The unit in which values of this metric are stored.
    pub fn unit(self) -> Unit {
        match self {
            Self::WallTime | Self::WallTimeTail => Unit::Nanoseconds,
            Self::Instructions => Unit::Instructions,
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
}
