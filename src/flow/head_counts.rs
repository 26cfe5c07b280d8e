//! What was counted of head: to be stored as part of a baseline, or to be held against what is stored of base.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::counter::{Asked, Counter, is_allocation, numbers_of};
use super::counts::caveat;
use super::project::{BuiltSide, Setting};
use super::suites::{Open, Suites};
use super::{FlowError, Progress};
use crate::instrument::Valgrind;
use crate::model::{
    BenchmarkId, Conditions, CountedBenchmark, CountedRun, Environment, Measurement, Metric, Side, Skipped,
};
use crate::report::counted;
use crate::workspace::{c_compiler, settings_around};

/// What was counted of head, and under which conditions.
#[derive(Debug, Default)]
pub struct HeadCounts {
    /// `None` where they are not known: then nothing is comparable.
    pub conditions: Option<Conditions>,
    /// One entry for a benchmark and metric that is asked for.
    pub each: Vec<HeadCount>,
}

/// What was counted of one metric of a benchmark.
#[derive(Clone, Debug)]
pub struct HeadCount {
    /// Which benchmark.
    pub benchmark: BenchmarkId,
    /// Its harness.
    pub harness: String,
    /// Hash of its source: see [`CountedBenchmark::source`].
    pub source: String,
    /// Which metric.
    pub metric: Metric,
    /// Whether it is timed, too: then a whole run of base that has not measured it tells that base has not got it.
    pub timed: bool,
    /// Counted twice, or why it was not.
    pub numbers: Result<[u64; 2], String>,
}

/// Why there is no count.
const NOT_STORED: &str = "what is stored of head has no count of it";

/// Hashes of bench targets' own sources, by package and target.
pub type Sources = BTreeMap<(String, String), String>;

impl HeadCount {
    /// Of a benchmark of `open`.
    pub fn new(
        open: &Open,
        benchmark: BenchmarkId,
        sources: &Sources,
        metric: Metric,
        numbers: Result<[u64; 2], String>,
    ) -> Self {
        let source = sources.get(&(open.package.clone(), open.target.clone())).cloned().unwrap_or_default();
        Self { benchmark, harness: open.harness.clone(), source, metric, timed: open.able.is_timed(), numbers }
    }
}

impl HeadCounts {
    /// With the conditions that hold here.
    pub fn counted_here(setting: &Setting, environment: &Environment, each: Vec<HeadCount>) -> Self {
        let any = each.iter().any(|count| count.numbers.is_ok());
        Self { conditions: any.then(|| conditions(setting, environment)).flatten(), each }
    }

    /// What is stored of head, for the metrics that are asked for: of benchmarks that were counted or timed.
    pub fn stored(counted: &CountedRun, timed: &[Measurement], metrics: &BTreeSet<Metric>) -> Self {
        let none = |harness: &str| CountedBenchmark { harness: harness.to_owned(), ..CountedBenchmark::default() };
        let mut benchmarks: BTreeMap<&BenchmarkId, CountedBenchmark> =
            timed.iter().map(|measurement| (&measurement.benchmark, none(&measurement.harness))).collect();
        let is_timed: BTreeSet<&BenchmarkId> = benchmarks.keys().copied().collect();
        benchmarks.extend(counted.benchmarks.iter().map(|(id, known)| (id, known.clone())));
        let each = |(benchmark, known): (&BenchmarkId, CountedBenchmark)| {
            let count = |metric: &Metric| HeadCount {
                benchmark: benchmark.clone(),
                harness: known.harness.clone(),
                source: known.source.clone(),
                metric: *metric,
                timed: is_timed.contains(benchmark),
                numbers: known.counts.get(metric).copied().ok_or_else(|| NOT_STORED.to_owned()),
            };
            metrics.iter().map(count).collect::<Vec<_>>()
        };
        let conditions = Some(counted.conditions.clone());
        Self { conditions, each: benchmarks.into_iter().flat_map(each).collect() }
    }

    /// Those of `runs` that were counted under the same conditions.
    pub fn like<'r>(&self, runs: &'r [CountedRun]) -> Option<&'r CountedRun> {
        let conditions = self.conditions.as_ref()?;
        runs.iter().find(|run| run.conditions == *conditions)
    }

    /// What is to be stored; `None` where there is nothing, or nothing could ever be compared with it.
    pub fn to_store(&self) -> Option<CountedRun> {
        let conditions = self.conditions.clone()?;
        let mut benchmarks: BTreeMap<BenchmarkId, CountedBenchmark> = BTreeMap::new();
        for count in &self.each {
            let Ok(numbers) = count.numbers else { continue };
            let known = benchmarks.entry(count.benchmark.clone()).or_default();
            known.harness.clone_from(&count.harness);
            known.source.clone_from(&count.source);
            known.counts.insert(count.metric, numbers);
        }
        (!benchmarks.is_empty()).then_some(CountedRun { conditions, benchmarks })
    }

    /// What was not counted, with the reasons: one entry for each of these.
    pub fn failed(&self) -> Vec<Skipped> {
        let mut reasons: BTreeMap<&String, (BTreeSet<String>, BTreeSet<&BenchmarkId>)> = BTreeMap::new();
        for count in &self.each {
            if let Err(reason) = &count.numbers {
                let (metrics, benchmarks) = reasons.entry(reason).or_default();
                metrics.insert(format!("`{}`", count.metric));
                benchmarks.insert(&count.benchmark);
            }
        }
        let skipped = |(reason, (metrics, benchmarks)): (&String, (BTreeSet<String>, BTreeSet<&BenchmarkId>))| {
            let what = match benchmarks.first() {
                Some(only) if benchmarks.len() == 1 => only.to_string(),
                _ => counted(benchmarks.len(), "benchmark"),
            };
            Skipped { what, reason: format!("{} not counted: {reason}", Vec::from_iter(metrics).join(", ")) }
        };
        reasons.into_iter().map(skipped).collect()
    }
}

/// Counts what is asked for of head alone. No program is counted any more after `until`.
pub fn count_head(
    setting: &Setting,
    suites: &Suites,
    head: &BuiltSide,
    environment: &Environment,
    until: Option<Instant>,
    progress: &mut dyn Progress,
) -> Result<HeadCounts, FlowError> {
    let asked = Asked::all(suites, setting);
    let Some(counter) = Counter::begin(setting, &asked, 1, until, progress)? else { return Ok(HeadCounts::default()) };
    let sources = head.own_sources();
    let mut each = Vec::new();
    for asked in &asked {
        let Asked { open, wanted } = asked;
        let (executing, allocating) = (asked.names(|metric| !is_allocation(metric)), asked.names(is_allocation));
        if let Some(caveat) = caveat(open).filter(|_| counter.is_able() && !executing.is_empty()) {
            progress.warn(&caveat);
        }
        let executes = counter.instructions(open, Side::Head, &executing, progress)?;
        let allocates = counter.allocations(open, Side::Head, &allocating, progress)?;
        for (name, metric, _) in wanted {
            let numbers = numbers_of(&executes, &allocates, name, *metric);
            each.push(HeadCount::new(open, open.id(name), &sources, *metric, numbers));
        }
    }
    Ok(HeadCounts::counted_here(setting, environment, each))
}

/// What counts depend on here; `None` where valgrind does not tell what it shows to programs.
fn conditions(setting: &Setting, environment: &Environment) -> Option<Conditions> {
    let root = setting.repository.root();
    let valgrind = Valgrind::installed(root)?;
    let cargo = &setting.request.cargo;
    let mut features: Vec<String> = Vec::new();
    features.extend(cargo.all_features.then(|| "--all-features".to_owned()));
    features.extend(cargo.no_default_features.then(|| "--no-default-features".to_owned()));
    features.extend(BTreeSet::from_iter(cargo.features.iter().cloned()));
    Some(Conditions {
        rustc: environment.rustc.clone(),
        cc: c_compiler(root),
        target: environment.target.clone(),
        profile: environment.profile.clone(),
        features: features.join(" "),
        settings: settings_around(root),
        libc: valgrind.libc_name(),
        valgrind: valgrind.version,
        cpu: valgrind.cpu,
        cores: environment.cores,
    })
}
