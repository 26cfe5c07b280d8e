//! The document that every command which judges produces: rendered by `report`, saved as JSON, read back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BenchmarkId, Controls, CountedChange, Environment, Evidence, Metric, Outcome, Shard, Unit, Verdict};

/// Version of the JSON form of [`Report`]. Readers accept this one and older ones.
pub const FORMAT_VERSION: u32 = 1;

/// The result of a gate run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Name and version of the program that wrote it.
    pub tool: String,
    /// How the run ended.
    pub outcome: Outcome,
    /// The exit code that belongs to the outcome.
    pub exit_code: u8,
    /// What was compared against; `None` where there was nothing.
    pub base: Option<BaseSide>,
    /// What was judged.
    pub head: HeadSide,
    /// Where it was measured; `None` where nothing was measured or read.
    pub environment: Option<Environment>,
    /// The limits and reactions in force.
    pub policy: PolicyNote,
    /// How many rows have each verdict; verdicts without a row are absent.
    pub summary: Summary,
    /// One entry per benchmark and metric, in the order of benchmark ids.
    pub rows: Vec<Row>,
    /// Targets and benchmarks that were left out.
    pub skipped: Vec<Skipped>,
    /// What the reader should know besides, a sentence each.
    pub warnings: Vec<String>,
    /// What comparing base with itself showed.
    #[serde(default)]
    pub controls: Controls,
    /// Where these are the benchmarks of one shard: which, and what it says of the whole suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// Rows per verdict.
pub type Summary = BTreeMap<Verdict, usize>;

/// The side compared against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseSide {
    /// Full commit id; `None` for an exported file without one.
    pub commit: Option<String>,
    /// Why this is the base, e.g. `merge base of HEAD and origin/main`.
    pub reason: String,
}

/// The side under judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadSide {
    /// Full commit id; for a dirty tree the commit that it departs from.
    pub commit: Option<String>,
    /// Whether the work tree differed from that commit.
    pub dirty: bool,
    /// Hash of what differed, the configuration file apart; `None` where nothing did, or nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<String>,
    /// What it was called where it was asked for by name, e.g. the path of an exported file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Where the policy came from, and its defaults in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyNote {
    /// The config file, relative to the workspace; `None` if the defaults are in force.
    pub file: Option<String>,
    /// The environment whose section of the file is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The names of the `PERFGATE_*` variables that are in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
    /// Default `max-regression` for wall-time, a plain ratio.
    pub max_regression: f64,
    /// Default `tolerate` for wall-time, a plain ratio.
    pub tolerate: f64,
}

/// A 95 % interval of a [`Row::change`], plain ratios.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// One benchmark and metric under judgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Which benchmark.
    pub benchmark: BenchmarkId,
    /// Harness with its version, head's where both have one.
    pub harness: String,
    /// What was measured.
    pub metric: Metric,
    /// Unit of `base` and `head`.
    pub unit: Unit,
    /// Base's value.
    pub base: Option<f64>,
    /// Head's value.
    pub head: Option<f64>,
    /// (head − base) / base, a plain ratio. From pairs where there are pairs, so not exactly that of the two values.
    pub change: Option<f64>,
    /// Interval of `change`.
    pub interval: Option<Interval>,
    /// The smallest slowdown that would have been called a regression with these data; a plain ratio.
    pub smallest_visible_change: Option<f64>,
    /// `max-regression` in force, a plain ratio.
    pub limit: f64,
    /// `tolerate` in force, a plain ratio.
    pub tolerate: f64,
    /// Absolute budget in `unit`, where one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// The largest change that head accepts of a regression, a plain ratio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<f64>,
    /// What is said of it.
    pub verdict: Verdict,
    /// What decided it; `None` where nothing was compared.
    pub evidence: Option<Evidence>,
    /// One sentence: why this verdict.
    pub reason: String,
    /// Number of process pairs (or of stored estimates on the smaller side).
    pub pairs: usize,
    /// What the pairs behind `change` show, each a plain ratio, in ascending order; of many pairs so many quantiles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distribution: Vec<f64>,
    /// What counting showed of a row that became worse, or that executes more in the allocator alone, where it could be
    /// counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<CountedChange>,
    /// The command that reproduces this row locally, where it fails the gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduce: Option<String>,
    /// What the processes of both sides showed, where a reader may want to see it: not of `unchanged` rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<SideSamples>,
    /// Where the benchmark stands in head's source, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// Values of both sides in the row's unit, one a process, each side in ascending order; of many so many quantiles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideSamples {
    /// Base's.
    pub base: Vec<f64>,
    /// Head's.
    pub head: Vec<f64>,
}

/// A place in the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file, relative to the root of the repository, with `/` on every system.
    pub file: String,
    /// The line that names the benchmark, or else its group, from 1; `None` where no line does, or more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// Something that was left out, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skipped {
    /// `package::target` or a full benchmark id.
    pub what: String,
    /// Why, in a sentence that says what to do about it where something can be done.
    pub reason: String,
}
