//! What a run counted, and what counts depend on besides the code: stored beside its times as part of a baseline. How two of
//! them are judged stands in `gate`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BenchmarkId, Metric};

/// What a run counted under valgrind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedRun {
    /// What the counts depend on besides the code.
    pub conditions: Conditions,
    /// What was counted of each.
    pub benchmarks: BTreeMap<BenchmarkId, CountedBenchmark>,
}

/// What was counted of one benchmark.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedBenchmark {
    /// Harness with its version, e.g. `criterion 0.5.1`.
    pub harness: String,
    /// Hash of the bench target's own source and inputs; empty where it is not known which these are.
    pub source: String,
    /// Each metric counted twice: by how much a program differs from itself is what no limit can be below.
    pub counts: BTreeMap<Metric, [u64; 2]>,
}

/// What counts depend on besides the code that is counted. Those of two runs are comparable where all of this agrees, on
/// whatever machines they were counted; where anything does not, a difference of counts says nothing of the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// `rustc --version` of the executables.
    pub rustc: String,
    /// The first line of what the C compiler calls itself: build scripts use it. Empty where there is none.
    pub cc: String,
    /// Target triple of the executables.
    pub target: String,
    /// Cargo profile of the executables.
    pub profile: String,
    /// The options that select cargo's features, as they are given; empty for the defaults.
    pub features: String,
    /// Hash of what lies around the project and says how code is generated, such as `RUSTFLAGS`; empty where nothing does.
    pub settings: String,
    /// Valgrind's version.
    pub valgrind: String,
    /// The CPU as valgrind shows it to programs: architecture and features.
    pub cpu: String,
    /// The C library that programs are run with.
    pub libc: String,
    /// Logical cores that programs may use: many make as many of something.
    pub cores: usize,
}

impl CountedRun {
    /// Adds what an `older` run of the same revision counted besides, where its conditions are the same.
    pub fn add_older(&mut self, older: &Self) {
        if self.conditions != older.conditions {
            return;
        }
        for (benchmark, counted) in &older.benchmarks {
            let known = self.benchmarks.entry(benchmark.clone()).or_insert_with(|| counted.clone());
            for (metric, counts) in &counted.counts {
                known.counts.entry(*metric).or_insert(*counts);
            }
        }
    }
}

impl Conditions {
    /// In what these differ from `other`, for a sentence: `rustc 1.94.0 and not rustc 1.95.0`. Empty where counts are
    /// comparable.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let named = [
            ("", &self.rustc, &other.rustc),
            ("the C compiler ", &self.cc, &other.cc),
            ("the target ", &self.target, &other.target),
            ("the profile ", &self.profile, &other.profile),
            ("the features ", &self.features, &other.features),
            ("valgrind ", &self.valgrind, &other.valgrind),
            ("a CPU shown as ", &self.cpu, &other.cpu),
            ("the C library ", &self.libc, &other.libc),
            ("", &cores(self), &cores(other)),
        ]
        .map(|(what, own, other)| {
            let or_none = |text: &String| if text.is_empty() { "none".to_owned() } else { text.clone() };
            (own != other).then(|| format!("{what}{} and not {}", or_none(own), or_none(other)))
        });
        let settings = self.settings != other.settings;
        let settings = settings.then(|| "other compiler flags or settings around the project".to_owned());
        named.into_iter().flatten().chain(settings).collect()
    }
}

fn cores(conditions: &Conditions) -> String {
    format!("{} core{}", conditions.cores, if conditions.cores == 1 { "" } else { "s" })
}
