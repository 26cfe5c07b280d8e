//! A share of a suite: which of its benchmarks one machine of several takes, and what its result carries so that all of
//! them can be put together again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{BenchmarkId, Reaction};

/// One of several equal shares, spelt `hash:1/4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Which, from 1 on.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

impl Partition {
    /// Whether a benchmark is in this share: by the first 64 bits of the SHA-256 of its full id, a big-endian number, modulo
    /// the number of shares. Every machine comes to the same answer.
    pub fn takes(self, id: &BenchmarkId) -> bool {
        let hash = Sha256::digest(id.to_string().as_bytes());
        let number = hash[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        number % u64::from(self.of.max(1)) + 1 == u64::from(self.index)
    }
}

impl FromStr for Partition {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let form = "expected `hash:K/N`, such as hash:1/4 for the first of four shards";
        let (index, of) = text.strip_prefix("hash:").and_then(|rest| rest.split_once('/')).ok_or(form)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| form.to_owned());
        let (index, of) = (number(index)?, number(of)?);
        if index == 0 || index > of {
            return Err(format!("there is no shard {index} of {of}: they are counted from 1"));
        }
        Ok(Self { index, of })
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {} of {}", self.index, self.of)
    }
}

/// What the result of a shard says of the whole suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1 on.
    pub index: u32,
    /// Of how many.
    pub of: u32,
    /// Hash over the ids of the suite's benchmarks, both sides, the policy, and how they are built and compared: the same in
    /// all shards of one run.
    pub suite: String,
    /// How many benchmarks the suite has.
    pub benchmarks: usize,
    /// The comparisons that the chances of an error are shared by: all benchmarks of the suite that differ between base and
    /// head.
    pub comparisons: usize,
    /// Whether benchmarks were left out because nothing that they depend on changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unaffected: bool,
    /// What of the policy decides on all shards together.
    pub policy: ShardPolicy,
    /// The first samples of the benchmarks that were measured in pairs: the suite as a whole is judged by those of all
    /// shards.
    pub samples: Vec<FirstSample>,
}

impl Shard {
    /// Its share.
    pub fn partition(&self) -> Partition {
        Partition { index: self.index, of: self.of }
    }
}

/// What of a policy the outcome of all rows follows from, and the judgement of the suite as a whole; the keys are those of the
/// configuration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShardPolicy {
    /// What a row that could not be judged does.
    pub on_inconclusive: Reaction,
    /// Up to this share of undecided rows the gate passes; a plain ratio.
    pub max_inconclusive: f64,
    /// What follows where there is nothing to compare with.
    pub on_missing_baseline: Reaction,
    /// What a benchmark does that base has and head lacks.
    pub on_removed: Reaction,
    /// What a crashed or hung benchmark does.
    pub on_failed: Reaction,
    /// The limit of the geometric mean over all benchmarks, a plain ratio.
    pub suite_max_regression: f64,
}

/// The first sample of a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstSample {
    /// Which.
    pub benchmark: BenchmarkId,
    /// `ln(head / base)`, one a pair, in the order of measuring.
    pub pairs: Vec<f64>,
}
