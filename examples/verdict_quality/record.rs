//! What is kept of comparisons: a line of JSON each.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use cargo_perfgate::model::Verdict;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Failed;
use super::project::Differences;

/// What holds for all comparisons of one measurement.
pub struct Context<'a> {
    pub variant: &'a str,
    pub load: usize,
    pub differences: &'a Differences,
}

impl Context<'_> {
    pub fn true_change(&self, benchmark: &str) -> Result<f64, Failed> {
        let known = self.differences.get(benchmark).copied();
        known.ok_or_else(|| format!("{benchmark} is not in the table of differences").into())
    }
}

/// One benchmark of one variant, as the gate judged it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    pub benchmark: String,
    pub variant: String,
    pub load: usize,
    /// A plain ratio, as all changes here.
    pub true_change: f64,
    pub verdict: Verdict,
    pub change: Option<f64>,
    pub interval: Option<[f64; 2]>,
    pub smallest_visible_change: Option<f64>,
    /// Base and head of each process pair, in nanoseconds.
    pub pairs: Vec<[f64; 2]>,
    /// The measuring time of both sides.
    pub seconds: f64,
}

/// One benchmark of one variant, as criterion judged it, base measured first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ByCriterion {
    pub benchmark: String,
    pub variant: String,
    pub load: usize,
    pub true_change: f64,
    /// Its sentence.
    pub verdict: Sentence,
    /// Of the means, from its estimates.
    pub change: f64,
    /// The wall time of both sides.
    pub seconds: f64,
}

/// What criterion says at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sentence {
    Regressed,
    Improved,
    NoChange,
}

/// The files of results.
pub struct Files {
    ours: PathBuf,
    criterion: PathBuf,
}

impl Files {
    pub fn new(folder: &Path) -> Self {
        Self { ours: folder.join("traces.jsonl"), criterion: folder.join("criterion.jsonl") }
    }

    pub fn add_ours(&self, comparisons: &[Comparison]) -> Result<(), Failed> {
        comparisons.iter().try_for_each(|comparison| add(&self.ours, comparison))
    }

    pub fn add_criterion(&self, comparison: &ByCriterion) -> Result<(), Failed> {
        add(&self.criterion, comparison)
    }

    pub fn ours(&self) -> Result<Vec<Comparison>, Failed> {
        read(&self.ours)
    }

    pub fn criterion(&self) -> Result<Vec<ByCriterion>, Failed> {
        read(&self.criterion)
    }
}

fn add(path: &Path, line: &impl Serialize) -> Result<(), Failed> {
    let text = serde_json::to_string(line)? + "\n";
    Ok(File::options().create(true).append(true).open(path)?.write_all(text.as_bytes())?)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Failed> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    fs::read_to_string(path)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
