//! Floor 0: plain values, the glossary in types. Nothing here computes a verdict, reads a file or prints.

mod benchmark;
mod controls;
mod counted;
mod diagnosis;
mod environment;
mod explanation;
mod hexadecimal;
mod hotspots;
mod metric;
mod outcome;
mod report;
mod run;
mod shard;
mod side;
mod verdict;

pub use benchmark::{BenchmarkId, ParseBenchmarkIdError};
pub use controls::Controls;
pub use counted::{Conditions, CountedBenchmark, CountedRun};
pub use diagnosis::{BenchmarkNoise, Diagnosis, Facts};
pub use environment::Environment;
pub use explanation::{
    CountedChange, Culprit, Explanation, FunctionCost, Functions, LineCost, SideCounts, SideMemory, SiteCost,
};
pub use hexadecimal::{hexadecimal, short};
pub use hotspots::{Hot, HotFunction, Hotspots, Subject};
pub use metric::{Metric, Unit};
pub use outcome::{ExitCode, Outcome, Reaction};
pub use report::{
    BaseSide, FORMAT_VERSION as REPORT_FORMAT_VERSION, HeadSide, Interval, PolicyNote, Report, Row, SideSamples,
    Skipped, Source, Summary,
};
pub use run::{FORMAT_VERSION as RUN_FORMAT_VERSION, Measurement, Revision, Run, is_commit_id};
pub use shard::{FirstSample, Partition, Shard, ShardPolicy};
pub use side::Side;
pub use verdict::{Evidence, Verdict};
