//! Shards of one run put together: one report with one outcome, as if one machine had measured all of it. A shard that is
//! missing, there twice, or of another run is an error that names it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::FlowError;
use super::assemble::{self, Frame};
use super::saved;
use crate::gate::{Policy, SuiteRow, judge_suite, suite_suspected};
use crate::model::{Controls, Evidence, FirstSample, HeadSide, Metric, Report, Row, Shard, Verdict, short};
use crate::report::visible;

/// So many missing shards are named at most.
const NAMED: usize = 5;

/// What to do about files that do not belong together.
const HELP: &str = "name each shard of one run once, and no other result";

/// One shard and the name that the user knows it by.
struct Part {
    name: String,
    shard: Shard,
    report: Report,
}

/// Reads saved results; where one of them is a shard, all of them are put together.
///
/// # Errors
/// Where one cannot be read, and as [`merge`].
pub fn read_all(files: &[PathBuf]) -> Result<Vec<Report>, FlowError> {
    let reports: Vec<Report> = files.iter().map(|file| saved::read(file)).collect::<Result<_, _>>()?;
    if reports.iter().all(|report| report.shard.is_none()) {
        return Ok(reports);
    }
    let names = files.iter().map(|file| file.display().to_string());
    Ok(vec![merge(names.zip(reports).collect())?])
}

/// Puts together results, by the names of their files. The suite as a whole is judged here: no shard sees all of it.
///
/// # Errors
/// Where these are not all shards of one run, each once. There is at least one.
pub fn merge(results: Vec<(String, Report)>) -> Result<Report, FlowError> {
    let mut parts = parts(results)?;
    parts.sort_by_key(|part| part.shard.index);
    for other in &parts[1..] {
        if let Some(difference) = difference(&parts[0], other) {
            return Err(refused(&difference));
        }
    }
    each_once(&parts)?;
    Ok(together(parts))
}

fn refused(why: &str) -> FlowError {
    FlowError::Usage(format!("could not put shards together: {why}\nhelp: {HELP}"))
}

fn parts(results: Vec<(String, Report)>) -> Result<Vec<Part>, FlowError> {
    let part = |(name, mut report): (String, Report)| {
        let name = visible(&name);
        match report.shard.take() {
            Some(shard) => Ok(Part { name, shard, report }),
            None => Err(refused(&format!("{name} is no shard"))),
        }
    };
    results.into_iter().map(part).collect()
}

/// Why two results are not of one run, if they are not.
fn difference(one: &Part, other: &Part) -> Option<String> {
    let is = |what: [String; 2]| {
        let [first, second] = what;
        (first != second).then(|| format!("{} is {second}, and {} is {first}", other.name, one.name))
    };
    let each = |what: &dyn Fn(&Part) -> String| is([one, other].map(what));
    let base = |part: &Part| {
        let commit = part.report.base.as_ref().and_then(|base| base.commit.as_deref());
        format!("a comparison with {}", commit.map_or("nothing".to_owned(), |commit| visible(short(commit))))
    };
    let head = |part: &Part| {
        let HeadSide { commit, dirty, .. } = &part.report.head;
        let commit = commit.as_deref().map_or("no commit".to_owned(), |commit| visible(short(commit)));
        format!("of head {commit}{}", if *dirty { " with uncommitted changes" } else { "" })
    };
    let suite = |part: &Part| format!("of suite {}", visible(&part.shard.suite));
    let size = |part: &Part| {
        let Shard { benchmarks, comparisons, .. } = part.shard;
        format!("of a suite of {benchmarks} benchmarks, {comparisons} of which differ")
    };
    each(&|part| part.shard.partition().to_string())
        .filter(|_| one.shard.of != other.shard.of)
        .or_else(|| each(&base))
        .or_else(|| each(&head))
        .or_else(|| {
            let same = one.report.policy == other.report.policy && one.shard.policy == other.shard.policy;
            (!same).then(|| format!("{} was judged by another policy than {}", other.name, one.name))
        })
        .or_else(|| each(&size))
        .or_else(|| {
            let why = "the benchmarks, or how they are built or compared, differ";
            each(&suite).map(|difference| format!("{difference}: {why}"))
        })
        .or_else(|| each(&|part| visible(&part.report.tool)))
}

/// Whether every shard is there, and once; they are in their order.
fn each_once(parts: &[Part]) -> Result<(), FlowError> {
    if let Some(twice) = parts.windows(2).find(|two| two[0].shard.index == two[1].shard.index) {
        let partition = twice[0].shard.partition();
        return Err(refused(&format!("{partition} is there twice, as {} and {}", twice[0].name, twice[1].name)));
    }
    let of = parts[0].shard.of;
    let count = (of as usize).saturating_sub(parts.len());
    if count == 0 {
        return Ok(());
    }
    let is_there = |index: &u32| parts.binary_search_by_key(index, |part| part.shard.index).is_ok();
    let mut missing: Vec<String> =
        (1..=of).filter(|index| !is_there(index)).take(NAMED).map(|index| index.to_string()).collect();
    if count > NAMED {
        missing.push(format!("{} more", count - NAMED));
    }
    let last = missing.pop().unwrap_or_default();
    let (which, whose) = match missing.is_empty() {
        true => (format!("shard {last} of {of} is"), "its"),
        false => (format!("shards {} and {last} of {of} are", missing.join(", ")), "their"),
    };
    Err(FlowError::Incomplete(format!(
        "could not put shards together: {which} missing, and nothing can be said of {whose} benchmarks\nhelp: name the results of all shards; where one has none, see how its job ended"
    )))
}

fn together(parts: Vec<Part>) -> Report {
    let policy = Policy::from(parts[0].shard.policy);
    let (first, note) = (&parts[0].report, parts[0].report.policy.clone());
    let mut frame = Frame {
        base: first.base.clone(),
        head: first.head.clone(),
        environment: parts.iter().find_map(|part| part.report.environment.clone()),
        skipped: Vec::new(),
        warnings: Vec::new(),
        controls: Controls::default(),
        shard: None,
        compared_elsewhere: false,
        no_baseline: false,
        unaffected: parts.iter().all(|part| part.shard.unaffected),
    };
    let environments = environments(&parts);
    let (mut rows, mut samples) = (Vec::new(), Vec::new());
    for Part { report, shard, .. } in parts {
        rows.extend(report.rows);
        samples.extend(shard.samples);
        frame.controls = frame.controls.and(report.controls);
        frame.skipped.extend(report.skipped);
        frame.warnings.extend(report.warnings);
    }
    // What is said of a bench target or of the whole run, every shard says.
    frame.skipped.sort();
    frame.skipped.dedup();
    let mut said = BTreeSet::new();
    frame.warnings.retain(|warning| said.insert(warning.clone()));
    frame.warnings.extend(environments);
    let is_accepted = |row: &&Row| row.verdict == Verdict::Accepted && row.metric == Metric::WallTime;
    let accepted = rows.iter().filter(is_accepted).count();
    let unchanged = |row: &&Row| row.metric == Metric::WallTime && row.evidence.is_some_and(Evidence::is_sameness);
    let unchanged = rows.iter().filter(unchanged).count();
    rows.extend(suite_row(samples, (unchanged, accepted), &policy));
    Report { policy: note, ..assemble::report(frame, rows, &policy) }
}

/// What the reader has to know of where the shards were measured: a report names one machine.
fn environments(parts: &[Part]) -> Option<String> {
    let keys: BTreeSet<&str> =
        parts.iter().filter_map(|part| Some(part.report.environment.as_ref()?.key.as_str())).collect();
    (keys.len() > 1).then(|| {
        format!(
            "the shards were measured on {} kinds of machines; the one that is named here is the first's",
            keys.len()
        )
    })
}

/// The row of the suite as a whole, from the first samples of all shards. Before it is called slower all benchmarks have to
/// be measured again, side by side; no shard can do that.
/// So many benchmarks besides are known to be unchanged, and so many are no part of it: their regressions are accepted.
fn suite_row(mut samples: Vec<FirstSample>, (unchanged, accepted): (usize, usize), policy: &Policy) -> Option<Row> {
    samples.sort_by(|a, b| a.benchmark.cmp(&b.benchmark));
    let target = |sample: &FirstSample| (sample.benchmark.package.clone(), sample.benchmark.target.clone());
    let mut executable = 0;
    let mut rows: Vec<SuiteRow<'_>> = Vec::new();
    for (i, sample) in samples.iter().enumerate() {
        executable += usize::from(i > 0 && target(sample) != target(&samples[i - 1]));
        rows.push(SuiteRow { executable, pairs: &sample.pairs });
    }
    let mut judgement = judge_suite(&rows, unchanged, &[], policy.suite)?;
    if suite_suspected(&rows, unchanged, policy.suite).is_some() {
        judgement.verdict = Verdict::Inconclusive;
        judgement.reason =
            "looks slower; a check without --partition measures all of it again before it says so".to_owned();
    }
    judgement.reason = format!("of all shards together: {}", judgement.reason);
    let pairs = rows.iter().map(|row| row.pairs.len()).min().unwrap_or(0);
    Some(assemble::suite_row((pairs, judgement), accepted, policy, Controls::default()))
}
