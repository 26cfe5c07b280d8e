//! Measurements turned into rows, runs and the report.

use std::path::PathBuf;

use super::across::untried;
use super::measured::{Estimate, Measured, NO_ROOM, Verdictless};
use super::project::{ProjectRequest, Setting};
use super::suites::{Across, Open, Settled};
use crate::gate::{Judgement, Limits, Policy, Trial, conclude, over_budget, summarise};
use crate::harness::{Failure, FailureKind};
use crate::model::{
    BaseSide, BenchmarkId, Controls, Environment, Evidence, HeadSide, Measurement, Metric, Outcome,
    REPORT_FORMAT_VERSION, RUN_FORMAT_VERSION, Reaction, Report, Revision, Row, Run, Shard, Side, SideSamples, Skipped,
    Verdict,
};
use crate::report::{counted, quantity, shell_word};
use crate::stats::{quantile, sorted};

/// Name and version of this program, as documents carry it.
pub const TOOL: &str = concat!("cargo-perfgate ", env!("CARGO_PKG_VERSION"));

/// The parts of a report that do not follow from its rows.
pub struct Frame {
    /// The side compared against.
    pub base: Option<BaseSide>,
    /// The side under judgement.
    pub head: HeadSide,
    /// Where it was measured.
    pub environment: Option<Environment>,
    /// What was left out.
    pub skipped: Vec<Skipped>,
    /// What the reader should know besides.
    pub warnings: Vec<String>,
    /// What comparing base with itself showed.
    pub controls: Controls,
    /// Where this is a shard: which.
    pub shard: Option<Shard>,
    /// Whether benchmarks are compared in another shard, though in this one none is.
    pub compared_elsewhere: bool,
    /// Whether nothing is stored of base that could be compared with.
    pub no_baseline: bool,
    /// Whether benches were left out because nothing that they depend on changed: they are the same.
    pub unaffected: bool,
}

/// Closes a report: order, summary, outcome and exit code.
pub fn report(frame: Frame, mut rows: Vec<Row>, policy: &Policy) -> Report {
    rows.sort_by(|a, b| (&a.benchmark, a.metric).cmp(&(&b.benchmark, b.metric)));
    // New benchmarks pass beside any that were compared, and what was left out would have been.
    let others = frame.compared_elsewhere || frame.unaffected;
    let outcome = match conclude(&rows, policy) {
        Outcome::NothingCompared if others => Outcome::Passed,
        Outcome::PassedWithUndecided
            if frame.no_baseline
                && policy.on_missing_baseline == Reaction::Fail
                && rows.iter().all(|row| row.evidence.is_none()) =>
        {
            Outcome::NothingCompared
        }
        outcome => outcome,
    };
    let mut skipped = frame.skipped;
    skipped.sort();
    Report {
        format_version: REPORT_FORMAT_VERSION,
        tool: TOOL.to_owned(),
        outcome,
        exit_code: outcome.exit_code().code(),
        base: frame.base,
        head: frame.head,
        environment: frame.environment,
        policy: policy.note(),
        summary: summarise(&rows),
        rows,
        skipped,
        warnings: frame.warnings,
        controls: frame.controls,
        shard: frame.shard,
    }
}

/// A row with nothing measured.
pub fn empty_row(id: BenchmarkId, harness: &str, limits: Limits) -> Row {
    Row {
        benchmark: id,
        harness: harness.to_owned(),
        metric: Metric::WallTime,
        unit: Metric::WallTime.unit(),
        base: None,
        head: None,
        change: None,
        interval: None,
        smallest_visible_change: None,
        limit: limits.max_regression,
        tolerate: limits.tolerate,
        budget: limits.max,
        accepted: None,
        verdict: Verdict::Inconclusive,
        evidence: None,
        reason: String::new(),
        pairs: 0,
        distribution: Vec::new(),
        counted: None,
        reproduce: None,
        samples: None,
        source: None,
    }
}

/// The row of a benchmark that was not measured.
pub fn settled_row(settled: &Settled, policy: &Policy) -> Row {
    let mut row = empty_row(settled.id.clone(), &settled.harness, policy.limits(&settled.id));
    row.verdict = settled.verdict;
    row.evidence = settled.evidence;
    row.reason.clone_from(&settled.reason);
    row
}

/// The rows of a measured pair: its own, and one of its tail where that regressed; else the reason why the benchmark has
/// none. `controls` are those of the run.
pub fn paired_rows(
    id: BenchmarkId,
    open: &Open,
    measured: &Measured,
    limits: Limits,
    policy: &Policy,
    controls: Controls,
) -> Result<Vec<Row>, Skipped> {
    let mut row = empty_row(id.clone(), &open.harness, limits);
    let typical = |side: &[Estimate]| {
        let told = measured.trial.as_ref().and_then(|trial| side.get(trial.told()));
        median(told.unwrap_or(side).iter().map(|estimate| estimate.typical))
    };
    row.pairs = measured.trial.as_ref().map_or(0, Trial::pairs);
    row.base = typical(&measured.base);
    row.head = typical(&measured.head);
    match &measured.ended_by {
        Some(Verdictless::OtherUnit(unit)) => return Err(other_unit(&row.benchmark, unit)),
        Some(Verdictless::Failed(failure)) => {
            fail(&mut row, failure);
            match (&open.tried, failure.side) {
                (Some(Across::OnBase { base_has }), Side::Base) => {
                    let why = format!("failed on base's code: {}", row.reason);
                    (row.verdict, row.reason) = untried(base_has.contains(&row.benchmark.name), &why);
                    (row.base, row.head) = (None, None);
                }
                (Some(Across::OnHead), Side::Head) => {
                    row.verdict = Verdict::BenchChanged;
                    row.reason =
                        format!("the benchmark itself differs, and base's failed on head's code: {}", row.reason);
                    (row.base, row.head) = (None, None);
                }
                _ => {}
            }
            return Ok(vec![row]);
        }
        Some(Verdictless::NoRoom) => {
            row.reason = format!("left out: {NO_ROOM}");
            return Ok(vec![row]);
        }
        None => {}
    }
    let Some(trial) = &measured.trial else { return Ok(vec![row]) };
    (row.limit, row.tolerate) = (trial.limits().max_regression, trial.limits().tolerate);
    let many_layouts = open.suite.has_many_layouts();
    put(&mut row, in_words(trial.judgement(), many_layouts), Evidence::PairedMeasurement);
    distrust(&mut row, controls);
    policy.accept(&mut row);
    budget(&mut row, &estimates(measured));
    let all = |side: &[Estimate], of: fn(&Estimate) -> f64| side.iter().map(of).collect::<Vec<_>>();
    let samples = |of: fn(&Estimate) -> f64| (all(&measured.base, of), all(&measured.head, of));
    let (base, head) = samples(|estimate| estimate.typical);
    show_samples(&mut row, &base, &head);
    row.reason = match (&open.tried, open.base_id(&row.benchmark.name)) {
        (None, None) => row.reason,
        (None, Some(old)) => format!("base's `{}`: {}", old.name, row.reason),
        (Some(across), None) => format!("{}: {}", across.as_str(), row.reason),
        (Some(across), Some(old)) => format!("{}, `{}` there: {}", across.as_str(), old.name, row.reason),
    };
    let mut rows = vec![row];
    if let Some(judgement) = trial.tail_judgement() {
        let tail = |side: &[Estimate]| {
            let told = side.get(trial.told_of_tail());
            median(told.unwrap_or(side).iter().map(|estimate| estimate.tail))
        };
        let limits = trial.tail_limits();
        let mut row = empty_row(id, &open.harness, limits);
        row.metric = Metric::WallTimeTail;
        row.pairs = trial.pairs();
        row.base = tail(&measured.base);
        row.head = tail(&measured.head);
        put(&mut row, in_words(judgement, many_layouts), Evidence::PairedMeasurement);
        distrust(&mut row, controls);
        policy.accept(&mut row);
        let (base, head) = samples(|estimate| estimate.tail);
        show_samples(&mut row, &base, &head);
        rows.push(row);
    }
    Ok(rows)
}

/// With what the second sample showed in its sentence. Every pair of it had a layout of its own where there are many.
fn in_words(judgement: Judgement, many_layouts: bool) -> Judgement {
    let Some(again) = judgement.again else { return judgement };
    let what = if many_layouts { "layouts" } else { "pairs" };
    let counted = format!("slower in {} of {} {what} measured again", again.slower, again.pairs);
    Judgement { reason: format!("{}; {counted}", judgement.reason), ..judgement }
}

/// The row of the suite as a whole. So many benchmarks are no part of it: their regressions are accepted.
pub fn suite_row((pairs, judgement): (usize, Judgement), accepted: usize, policy: &Policy, controls: Controls) -> Row {
    let mut row = empty_row(BenchmarkId::suite(), "", policy.suite);
    row.pairs = pairs;
    put(&mut row, in_words(judgement, false), Evidence::PairedMeasurement);
    if accepted > 0 {
        row.reason = format!("{}; without {}", row.reason, counted(accepted, "accepted regression"));
    }
    distrust(&mut row, controls);
    policy.accept(&mut row);
    row
}

/// A run that called equal code slower cannot be believed where it says that of other code. What exceeds a budget does so
/// without any base.
fn distrust(row: &mut Row, controls: Controls) {
    if controls.failed() && row.verdict.is_regression() {
        row.verdict = Verdict::Inconclusive;
        row.reason = "looked slower, but so did equal code in this run; measure again on a quieter machine".into();
    }
}

/// Puts a judgement that rests on `evidence` into `row`.
pub fn put(row: &mut Row, judgement: Judgement, evidence: Evidence) {
    // What overflowed is no number, and no reader of a saved result would take it for one.
    let finite = |number: &f64| number.is_finite();
    row.change = judgement.change.filter(finite);
    row.interval = judgement.interval.filter(|interval| finite(&interval.low) && finite(&interval.high));
    row.smallest_visible_change = judgement.smallest_visible_change.filter(finite);
    row.verdict = judgement.verdict;
    row.evidence = Some(evidence);
    row.reason = judgement.reason;
    row.distribution = judgement.distribution.into_iter().filter(finite).collect();
}

/// Values of a side that are shown at most.
const MOST_SHOWN: usize = 20;

/// Keeps what both sides' processes showed, one value each, where the verdict asks for a look at it.
pub fn show_samples(row: &mut Row, base: &[f64], head: &[f64]) {
    let shown = |values: &[f64]| {
        let values = sorted(values.iter().copied());
        let most = MOST_SHOWN.min(values.len());
        let at = |i: usize| values[i * (values.len() - 1) / (most - 1).max(1)];
        (0..most).map(|i| to_five_digits(at(i))).collect()
    };
    row.samples = (row.verdict != Verdict::Unchanged).then(|| SideSamples { base: shown(base), head: shown(head) });
}

/// As close as a picture can show. Both factors are whole numbers, so that nothing is added in writing it down.
fn to_five_digits(value: f64) -> f64 {
    let decimals = if value > 0.0 { (4 - value.log10().floor() as i32).clamp(-300, 12) } else { 0 };
    match 10_f64.powi(decimals.abs()) {
        scale if decimals > 0 => (value * scale).round() / scale,
        scale => (value / scale).round() * scale,
    }
}

/// Says where head's `estimates` prove that it exceeds its budget.
pub fn budget(row: &mut Row, estimates: &[f64]) {
    if row.budget.is_some_and(|max| over_budget(estimates, max)) {
        exceed(row, "slower than its budget allows");
    }
}

/// Turns `row` over budget for this `reason`, or says so beside a regression, which is worse.
pub fn exceed(row: &mut Row, reason: &str) {
    if row.verdict == Verdict::Regressed {
        let max = row.budget.map(|max| format!(" of {}", quantity(row.unit, max))).unwrap_or_default();
        row.reason = format!("{}; above its budget{max}, too", row.reason);
    } else {
        row.verdict = Verdict::OverBudget;
        row.evidence = Some(Evidence::AbsoluteBudget);
        row.reason = reason.to_owned();
    }
}

/// A benchmark that failed on head is lost; one that failed on base alone has nothing to be compared with.
pub fn fail(row: &mut Row, failure: &Failure) {
    row.verdict = match (failure.side, failure.kind) {
        (Side::Base, _) => Verdict::Inconclusive,
        (Side::Head, FailureKind::Crashed) => Verdict::Crashed,
        (Side::Head, FailureKind::TimedOut) => Verdict::TimedOut,
    };
    let how = match failure.kind {
        FailureKind::Crashed => "crashed",
        FailureKind::TimedOut => "timed out",
    };
    row.reason = format!("{} {how}: {}", failure.side, failure.detail);
}

/// Why a benchmark of another unit has no row.
pub fn other_unit(id: &BenchmarkId, unit: &str) -> Skipped {
    let unit = if unit.is_empty() { "an unnamed unit".to_owned() } else { format!("`{unit}`") };
    Skipped { what: id.to_string(), reason: format!("measures {unit}, not time; this version judges time alone") }
}

/// Head's measurement of one benchmark, as it is stored; `None` where there is none.
pub fn measurement(id: BenchmarkId, open: &Open, measured: &Measured) -> Option<Measurement> {
    // Base's benchmark says nothing of head's own.
    let measured = open.is_heads_own().then_some(measured)?;
    let estimates = estimates(measured);
    let ordered = sorted(estimates.iter().copied());
    let at = |p| quantile(&ordered, p);
    let (q25, middle, q75) = (at(0.25)?, at(0.5)?, at(0.75)?);
    let whole = measured.ended_by.is_none();
    whole.then(|| Measurement {
        benchmark: id,
        harness: open.harness.clone(),
        metric: Metric::WallTime,
        unit: Metric::WallTime.unit(),
        q25: rounded(q25),
        median: rounded(middle),
        spread: rounded((q75 - q25) / middle),
        estimates: estimates.into_iter().map(rounded).collect(),
        executable: open.head_origin.identity.clone(),
        layout_spread: measured.layout_spread().filter(|_| open.suite.head.layouter.is_ok()),
        pair_spread: measured.trial.as_ref().and_then(Trial::spread),
        cost: Some(measured.cost.as_nanos() as f64),
    })
}

/// All measurements of head as a run without counts. `whole`: whether these are all that there are, in its share.
pub fn run(
    setting: &Setting,
    environment: &Environment,
    started: String,
    whole: bool,
    measurements: Vec<Measurement>,
    controls: Controls,
) -> Run {
    Run {
        format_version: RUN_FORMAT_VERSION,
        revision: Revision { commit: setting.head.commit.clone(), dirty: setting.head.dirty },
        environment: environment.clone(),
        started,
        whole: whole && setting.request.partition.is_none(),
        measurements,
        controls,
        counted: None,
    }
}

/// The command that measures one benchmark again, as `request` had it measured. `selects`: whether both sides have it in
/// one target, by which it can be selected.
pub fn reproduce(id: &BenchmarkId, base: &str, request: &ProjectRequest, selects: bool) -> String {
    let mut words: Vec<String> = ["cargo", "perfgate", "--base", base].map(str::to_owned).into();
    let mut add = |option: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([option.to_owned(), shell_word(&value)]);
        }
    };
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    add("--manifest-path", path(&request.manifest_path));
    add("--config", path(&request.config));
    add("--package", selects.then(|| id.package.clone()));
    add("--bench", selects.then(|| id.target.clone()));
    let cargo = &request.cargo;
    add("--features", (!cargo.features.is_empty()).then(|| cargo.features.join(",")));
    add("--profile", cargo.profile.clone());
    add("--target", cargo.target.clone());
    let pinned: Vec<&str> = [(request.pin.toolchain, "toolchain"), (request.pin.lock, "lock")]
        .into_iter()
        .filter_map(|(on, what)| on.then_some(what))
        .collect();
    add("--pin", (!pinned.is_empty()).then(|| pinned.join(",")));
    let flags = [(cargo.all_features, "--all-features"), (cargo.no_default_features, "--no-default-features")];
    words.extend(flags.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag.to_owned()));
    let name = if selects { id.name.clone() } else { id.to_string() };
    let filter = format!("^{}$", regex::escape(&name));
    words.push(shell_word(&filter));
    words.join(" ")
}

/// Head's lower quartiles, one a process.
fn estimates(measured: &Measured) -> Vec<f64> {
    measured.head.iter().map(|estimate| estimate.typical).collect()
}

/// To six significant digits: finer than any clock, and a third of the space in every clone.
fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    quantile(&sorted(values), 0.5)
}
