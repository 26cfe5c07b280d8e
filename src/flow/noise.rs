//! What earlier runs on this machine showed of each benchmark's noise, and what it cost to measure: limits that follow
//! from it, and limits that are below what can be seen here.

use std::collections::BTreeMap;

use super::project::Setting;
use super::sync::pull_lacking;
use super::{FlowError, Progress};
use crate::gate::{Limits, Trial};
use crate::model::{BenchmarkId, Controls, Measurement, Metric};
use crate::report::counted;
use crate::store::Store;

/// The records of so many commits are read at most, the newest first.
const COMMITS: usize = 20;
/// Before a check they are looked for among so many commits up to head: a look at every baseline would take seconds where
/// there are thousands.
const HISTORY: usize = 200;
/// A limit that follows from noise is at least this: what is smaller matters to few.
const LEAST_LIMIT: f64 = 0.02;
/// And at most this: a benchmark that needs a wider one is rather called inconclusive than allowed anything.
const MOST_LIMIT: f64 = 0.2;
/// A limit that follows from noise is at least so many times what a new layout of the same code adds.
const LAYOUTS: f64 = 4.0;
/// So many benchmarks are named at most.
const NAMED: usize = 3;

/// What is known of one benchmark's noise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Noise {
    /// Standard deviation of `ln(head / base)` over process pairs.
    pub pair: Option<f64>,
    /// Standard deviation of what the layout of the code adds.
    pub layout: Option<f64>,
    /// Nanoseconds that measuring it took.
    pub cost: Option<f64>,
    /// Nanoseconds that an iteration took.
    pub time: Option<f64>,
}

impl Noise {
    /// What one measurement shows.
    pub fn of(measurement: &Measurement) -> Self {
        Self {
            pair: measurement.pair_spread,
            layout: measurement.layout_spread,
            cost: measurement.cost,
            time: Some(measurement.median),
        }
    }
}

/// What can be seen in a suite, in spite of the noise. The answers are kept: thousands of benchmarks ask the same.
#[derive(Debug)]
pub struct Sight {
    rows: usize,
    seen: BTreeMap<(u64, u64, i64), Option<f64>>,
}

impl Sight {
    /// Of a suite of `rows`.
    pub fn new(rows: usize) -> Self {
        Self { rows, seen: BTreeMap::new() }
    }

    /// The smallest slowdown that can be seen under `limits`; `None` where nothing is known of the noise, or nothing can be
    /// seen. Spreads are rounded up by a fiftieth at most.
    pub fn visible(&mut self, limits: Limits, noise: Noise) -> Option<f64> {
        let step = (noise.pair?.max(f64::MIN_POSITIVE).ln() * 50.0).ceil();
        let key = (limits.tolerate.to_bits(), limits.max_regression.to_bits(), step as i64);
        let compute = || Trial::visible_at_best(limits, self.rows, (step / 50.0).exp());
        *self.seen.entry(key).or_insert_with(compute)
    }

    /// The limit that the noise asks for, infinite where nothing could be seen; `None` where nothing is known.
    fn limit(&mut self, noise: Noise) -> Option<f64> {
        let at_best = |_| self.visible(Limits::new(LEAST_LIMIT), noise).unwrap_or(f64::INFINITY);
        let visible = noise.pair.map(at_best);
        let layout = noise.layout.map(|spread| LAYOUTS * spread);
        visible.into_iter().chain(layout).reduce(f64::max).map(|limit| round_up(limit.max(LEAST_LIMIT)))
    }
}

/// The next whole tenth of a per cent: limits are read by people.
fn round_up(ratio: f64) -> f64 {
    (ratio * 1e3 - 1e-9).ceil() / 1e3
}

/// The noise of every benchmark that was measured before, and what records showed of base compared with itself.
pub type Known = (BTreeMap<BenchmarkId, Noise>, Controls);

/// What the newest records of this environment know. Records that cannot be read are passed over: nothing is decided by
/// them.
pub fn known(store: &Store, environment: &str) -> Result<Known, FlowError> {
    let mut entries: Vec<_> =
        store.list()?.entries.into_iter().filter(|entry| entry.environment == environment).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.records.last().map(|record| record.started())));
    gather(store, environment, entries.into_iter().map(|entry| entry.commit))
}

fn gather(
    store: &Store,
    environment: &str,
    newest_first: impl IntoIterator<Item = String>,
) -> Result<Known, FlowError> {
    let mut noise: BTreeMap<BenchmarkId, Noise> = BTreeMap::new();
    let mut controls = Controls::default();
    let mut commits = 0;
    for commit in newest_first {
        let runs = store.find(&commit, environment)?.runs;
        for stored in runs.iter().rev() {
            controls = controls.and(stored.run.controls);
            for measurement in stored.run.measurements.iter().filter(|m| m.metric == Metric::WallTime) {
                let (known, found) = (noise.entry(measurement.benchmark.clone()).or_default(), Noise::of(measurement));
                known.pair = known.pair.or(found.pair);
                known.layout = known.layout.or(found.layout);
                known.cost = known.cost.or(found.cost);
                known.time = known.time.or(found.time);
            }
        }
        commits += usize::from(!runs.is_empty());
        if commits == COMMITS {
            break;
        }
    }
    Ok((noise, controls))
}

/// Puts limits that follow from noise into the policy, and names those limits that are below what can be seen here, in a suite
/// of so many `rows`.
pub fn apply(
    setting: &mut Setting,
    environment: &str,
    ids: &[BenchmarkId],
    rows: usize,
    progress: &mut dyn Progress,
) -> Result<(), FlowError> {
    if ids.is_empty() {
        // Nothing will be measured: a look through the baselines can be spared.
        return Ok(());
    }
    let store = Store::open(setting.repository.root())?;
    let history = setting.repository.history(&setting.head.commit, HISTORY)?;
    let (mut noise, _) = gather(&store, environment, history.iter().cloned())?;
    let mut automatic = ids.iter().filter(|id| setting.config.policy.is_auto(id)).peekable();
    if automatic.peek().is_some() && automatic.all(|id| !noise.contains_key(id)) {
        pull_lacking(setting, &store, &history, progress);
        (noise, _) = gather(&store, environment, history)?;
    }
    let policy = &mut setting.config.policy;
    let mut sight = Sight::new(rows);
    let (mut unknown, mut blind, mut wide) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        let known = noise.get(id).copied().unwrap_or_default();
        if policy.is_auto(id) {
            match sight.limit(known) {
                Some(limit) => {
                    policy.noise_limits.insert(id.clone(), limit.min(MOST_LIMIT));
                    if limit > MOST_LIMIT {
                        let needs =
                            if limit.is_finite() { format!("{:.1} %", limit * 100.0) } else { "any".to_owned() };
                        wide.push(format!("{} ({needs})", id.name));
                    }
                }
                None => unknown.push(id),
            }
            continue;
        }
        let limits = policy.limits(id);
        if let Some(visible) = sight.visible(limits, known).filter(|visible| *visible > limits.max_regression) {
            blind.push(format!("{} ({:.1} % of {:.1} %)", id.name, visible * 100.0, limits.max_regression * 100.0));
        }
    }
    if let Some(first) = unknown.first() {
        let limit = policy.limits(first).max_regression * 100.0;
        progress.warn(&format!(
            "{} with `max-regression = \"auto\"` were never measured here: {limit:.1} % holds until `cargo perfgate` has stored what they vary by",
            counted(unknown.len(), "benchmark")
        ));
    }
    if !wide.is_empty() {
        progress.warn(&format!(
            "`max-regression = \"auto\"` is {:.0} % at most, and what this machine showed so far asks for more: {}; set limits of their own, or measure them where it is quieter",
            MOST_LIMIT * 100.0,
            some(&wide)
        ));
    }
    if !blind.is_empty() {
        progress.warn(&format!(
            "limits below what this machine could see so far, as visible change of limit: {}; raise them, or let them follow with `max-regression = \"auto\"`",
            some(&blind)
        ));
    }
    Ok(())
}

/// The first of them, and how many more there are.
fn some(named: &[String]) -> String {
    let more = if named.len() > NAMED { format!(" and {} more", named.len() - NAMED) } else { String::new() };
    format!("{}{more}", named[..named.len().min(NAMED)].join(", "))
}
