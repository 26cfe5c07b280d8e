//! What `doctor` finds: how noisy a machine is, and what can be seen on it.

use serde::Serialize;

use super::{BaseSide, BenchmarkId, Controls, Environment, PolicyNote, Skipped};

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Where.
    pub environment: Environment,
    /// What this machine has and lacks.
    pub machine: Facts,
    /// What a check would compare with now.
    pub base: Option<BaseSide>,
    /// Why it could compare with nothing.
    pub base_problem: Option<String>,
    /// Whether the clone ends somewhere in the history.
    pub shallow: bool,
    /// Why baselines cannot be stored here.
    pub store_problem: Option<String>,
    /// The limits in force, and the file that they come from.
    pub policy: PolicyNote,
    /// The folder for check-outs and builds.
    pub builds: String,
    /// What comparing base with itself showed, over the newest stored runs of this environment.
    pub controls: Controls,
    /// One entry a benchmark, in the order of their ids.
    pub benchmarks: Vec<BenchmarkNoise>,
    /// What could not be measured, with the reason.
    pub skipped: Vec<Skipped>,
}

/// The noise of one benchmark; plain ratios.
#[derive(Clone, Debug, Serialize)]
pub struct BenchmarkNoise {
    /// Which.
    pub benchmark: BenchmarkId,
    /// Standard deviation between processes, relative to the time.
    pub spread: Option<f64>,
    /// Standard deviation of what a new layout of the same code adds.
    pub layout_spread: Option<f64>,
    /// The smallest slowdown that can be seen here.
    pub smallest_visible_change: Option<f64>,
    /// `max-regression` in force.
    pub limit: f64,
}

/// What this machine has and lacks for measuring.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// Whether fresh copies of executables lie in memory.
    pub copies_in_memory: bool,
    /// The average number of running processes over the last minute; `None` where the system does not tell.
    pub load: Option<f64>,
    /// Programs that other evidence needs, with whether they are installed.
    pub programs: Vec<(String, bool)>,
}
