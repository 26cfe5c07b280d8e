//! What earlier runs on this machine showed of each benchmark's noise: limits that follow from it, and limits that are
//! below what can be seen here.

use std::collections::BTreeMap;

use super::project::Setting;
use super::{FlowError, Progress};
use crate::gate::{Limits, Trial};
use crate::model::{BenchmarkId, Controls, Measurement, Metric};
use crate::report::counted;
use crate::store::Store;

/// So many records are read at most, the newest first.
const RECORDS: usize = 20;
/// A limit that follows from noise is at least this: what is smaller matters to few.
const LEAST_LIMIT: f64 = 0.02;
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
}

impl Noise {
    /// What one measurement shows.
    pub fn of(measurement: &Measurement) -> Self {
        Self { pair: measurement.pair_spread, layout: measurement.layout_spread }
    }

    /// The smallest slowdown that can be seen under `limits` in a suite of `rows`; `None` where nothing is known.
    pub fn visible(self, limits: Limits, rows: usize) -> Option<f64> {
        Trial::visible_at_best(limits, rows, self.pair?)
    }

    /// The limit that follows; `None` where nothing is known.
    pub fn limit(self, rows: usize) -> Option<f64> {
        let visible = self.visible(Limits::new(LEAST_LIMIT), rows);
        let layout = self.layout.map(|spread| LAYOUTS * spread);
        visible.into_iter().chain(layout).reduce(f64::max).map(|limit| round_up(limit.max(LEAST_LIMIT)))
    }
}

/// The next whole tenth of a per cent: limits are read by people.
fn round_up(ratio: f64) -> f64 {
    (ratio * 1e3 - 1e-9).ceil() / 1e3
}

/// The noise of every benchmark that was measured here before, from the newest records; and what all of these showed of
/// base compared with itself. Records that cannot be read are passed over: nothing is decided by them.
pub fn known(store: &Store, environment: &str) -> Result<(BTreeMap<BenchmarkId, Noise>, Controls), FlowError> {
    let mut entries: Vec<_> =
        store.list()?.entries.into_iter().filter(|entry| entry.environment == environment).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.records.last().map(|record| record.started())));
    let mut noise: BTreeMap<BenchmarkId, Noise> = BTreeMap::new();
    let mut controls = Controls::default();
    for entry in entries.iter().take(RECORDS) {
        for stored in store.find(&entry.commit, environment)?.runs.iter().rev() {
            controls = controls.and(stored.run.controls);
            for measurement in stored.run.measurements.iter().filter(|m| m.metric == Metric::WallTime) {
                let (known, found) = (noise.entry(measurement.benchmark.clone()).or_default(), Noise::of(measurement));
                known.pair = known.pair.or(found.pair);
                known.layout = known.layout.or(found.layout);
            }
        }
    }
    Ok((noise, controls))
}

/// Puts limits that follow from noise into the policy, and names those limits that are below what can be seen here.
pub fn apply(
    setting: &mut Setting,
    environment: &str,
    ids: &[BenchmarkId],
    progress: &mut dyn Progress,
) -> Result<(), FlowError> {
    if ids.is_empty() {
        // Nothing will be measured: a look through all baselines can be spared.
        return Ok(());
    }
    let store = Store::open(setting.repository.root())?;
    let (noise, _) = known(&store, environment)?;
    let policy = &mut setting.config.policy;
    let (mut unknown, mut blind) = (0, Vec::new());
    for id in ids {
        let known = noise.get(id).copied().unwrap_or_default();
        if policy.is_auto(id) {
            match known.limit(ids.len()) {
                Some(limit) => {
                    policy.noise_limits.insert(id.clone(), limit);
                }
                None => unknown += 1,
            }
            continue;
        }
        let limits = policy.limits(id);
        if let Some(visible) = known.visible(limits, ids.len()).filter(|visible| *visible > limits.max_regression) {
            blind.push(format!("{} ({:.1} % of {:.1} %)", id.name, visible * 100.0, limits.max_regression * 100.0));
        }
    }
    if unknown > 0 {
        let limit = policy.wall_time.max_regression * 100.0;
        progress.warn(&format!(
            "{} with `max-regression = \"auto\"` were never measured here: {limit:.1} % holds until `cargo perfgate` has stored what they vary by",
            counted(unknown, "benchmark")
        ));
    }
    if !blind.is_empty() {
        let more = if blind.len() > NAMED { format!(" and {} more", blind.len() - NAMED) } else { String::new() };
        progress.warn(&format!(
            "limits below what this machine could see so far, as visible change of limit: {}{more}; raise them, or let them follow with `max-regression = \"auto\"`",
            blind[..blind.len().min(NAMED)].join(", ")
        ));
    }
    Ok(())
}
