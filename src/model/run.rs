//! All measurements of one revision in one environment: what is stored as a baseline.

use serde::{Deserialize, Serialize};

use super::{BenchmarkId, Controls, CountedRun, Environment, Metric, Unit};

/// Version of the stored form of [`Run`]. Readers accept this one and older ones.
pub const FORMAT_VERSION: u32 = 1;

/// A state of the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Full commit id, lower-case hexadecimal. For a dirty tree the commit that it departs from.
    pub commit: String,
    /// Whether the work tree differed from the commit.
    pub dirty: bool,
}

/// Whether the text is a full commit id in the only spelling that is stored: 40 lower-case hexadecimal digits.
pub fn is_commit_id(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// All measurements of one [`Revision`] in one [`Environment`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// What was measured.
    pub revision: Revision,
    /// Where it was measured.
    pub environment: Environment,
    /// When the measuring began, RFC 3339 in UTC.
    pub started: String,
    /// Whether all benchmarks of the revision were measured; else what is missing here says nothing. The first records do
    /// not say it, and claim nothing.
    #[serde(default)]
    pub whole: bool,
    /// One entry per benchmark and metric.
    pub measurements: Vec<Measurement>,
    /// What comparing base with itself showed beside it.
    #[serde(default)]
    pub controls: Controls,
    /// What was counted; `None` where nothing was, or an older version measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<CountedRun>,
}

/// One benchmark's values of one metric in a [`Run`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Which benchmark.
    pub benchmark: BenchmarkId,
    /// Harness with its version, e.g. `criterion 0.5.1`.
    pub harness: String,
    /// What was measured.
    pub metric: Metric,
    /// Unit of the values below.
    pub unit: Unit,
    /// Lower quartile of `estimates`.
    pub q25: f64,
    /// Median of `estimates`.
    pub median: f64,
    /// Interquartile range of `estimates` over their median; a plain ratio.
    pub spread: f64,
    /// One estimate per process: the lower quartile of its samples' values per iteration. Bounded in number.
    pub estimates: Vec<f64>,
    /// Hash of the executable's code and data.
    pub executable: String,
    /// Standard deviation of what the layout of the code adds, relative to the value: a plain ratio. `None` where it was
    /// measured in one layout, or with base, whose share cannot be told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout_spread: Option<f64>,
    /// Standard deviation of `ln(head / base)` over process pairs; `None` where there was no base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair_spread: Option<f64>,
    /// Nanoseconds that measuring it took, all processes together and builds apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
}
