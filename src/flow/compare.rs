//! `compare`: two stored commits, exported files, or baselines that criterion itself saved; measures nothing.

use std::io;
use std::path::{Path, PathBuf};

use super::assemble::Frame;
use super::policy::{Counting, at_commit};
use super::renamed::Renamed;
use super::stored::{StoredSide, described, stored_report, to_come};
use super::{FlowError, file_error};
use crate::config::{self, Overrides};
use crate::gate::Policy;
use crate::harness::criterion::saved_medians;
use crate::model::{
    BaseSide, BenchmarkId, Controls, Environment, HeadSide, Measurement, Metric, RUN_FORMAT_VERSION, Report, Revision,
    Run, short,
};
use crate::report::visible;
use crate::store::{Store, read_exported};
use crate::vcs::{Repository, VcsError};

/// What `compare` is asked for.
#[derive(Clone, Debug, Default)]
pub struct CompareRequest {
    /// Where the user stands.
    pub directory: PathBuf,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// What is laid over the configuration.
    pub overrides: Overrides,
    /// A name of a commit, the path of an exported file, or `FOLDER@NAME`: what criterion saved as NAME in FOLDER.
    pub base: String,
    /// Likewise.
    pub head: String,
}

/// Compares two stored runs.
pub fn compare(request: &CompareRequest) -> Result<Report, FlowError> {
    let root = config::nearest_root(&request.directory);
    let config = config::load(&root, request.config.as_deref(), &request.overrides)?;
    let [Found { side: bases, mut warnings }, Found { side: heads, warnings: more }] = find_both(request)?;
    warnings.extend(more);
    let same = |head: &'_ Run| bases.runs.iter().position(|base| base.environment.key == head.environment.key);
    let timed = heads.runs.iter().enumerate().find_map(|(head, run)| Some((same(run)?, head)));
    // Counts do not depend on the machine as times do.
    let counted = !config.policy.counted().is_empty() && bases.like(&heads).is_some();
    let Some((base, head)) = timed.or(counted.then_some((0, 0))) else {
        return Err(elsewhere(request, &bases, &heads));
    };
    let (base, head) = (&bases.runs[base], &heads.runs[head]);
    if timed.is_none() {
        let [base, head] = [&bases, &heads].map(places);
        warnings
            .push(format!("times are not compared: they were measured in different environments, {base} and {head}"));
    }
    let mut policy = config.policy.clone();
    count(&mut policy, &config::path_of(&root, request.config.as_deref()), request, base);
    let renamed = if policy.renames.is_empty() {
        Renamed::default()
    } else {
        let ids = |run: &Run| run.measurements.iter().map(|m| m.benchmark.clone()).collect::<Vec<_>>();
        config.renamed(&policy.renames, (&ids(base), &ids(head)), base.whole && head.whole)?.into()
    };
    let mut frame = frame(base, head, &request.base, warnings);
    frame.head.name = Some(request.head.clone());
    Ok(stored_report((base, head), (&bases, &heads), &request.base, frame, &renamed, &policy))
}

/// The report of two runs of one environment; `reason` says why base is base.
pub fn report_of(base: &Run, head: &Run, reason: &str, warnings: Vec<String>, policy: &Policy) -> Report {
    let frame = frame(base, head, reason, warnings);
    let [bases, heads] = [base, head].map(|run| StoredSide::from(run.clone()));
    stored_report((base, head), (&bases, &heads), reason, frame, &Renamed::default(), policy)
}

/// What follows of a report from the runs that were chosen.
fn frame(base: &Run, head: &Run, reason: &str, warnings: Vec<String>) -> Frame {
    Frame {
        base: Some(BaseSide { commit: commit(base), reason: reason.to_owned() }),
        head: HeadSide { commit: commit(head), dirty: head.revision.dirty, changes: None, name: None },
        environment: (!head.environment.key.is_empty()).then(|| head.environment.clone()),
        skipped: Vec::new(),
        warnings,
        controls: Controls::default(),
        shard: None,
        compared_elsewhere: false,
        no_baseline: false,
        unaffected: false,
    }
}

/// Nothing of both sides is comparable.
fn elsewhere(request: &CompareRequest, bases: &StoredSide, heads: &StoredSide) -> FlowError {
    let counted = bases.counted.first().zip(heads.counted.first());
    let differences = counted.map(|(base, head)| base.conditions.differences(&head.conditions)).unwrap_or_default();
    let counts = match &differences[..] {
        [] => String::new(),
        some => visible(&format!("; nor do counts of base, which was counted with {}", some.join(", "))),
    };
    FlowError::Usage(format!(
        "could not compare {} with {}: they were measured in different environments, {} and {}, and times of one say nothing of the other{counts}\nhelp: measure both on one machine with `cargo perfgate run`",
        request.base,
        request.head,
        places(bases),
        places(heads),
    ))
}

/// Where a side was measured.
fn places(side: &StoredSide) -> String {
    let place = |run: &Run| visible(&format!("{} ({})", run.environment.key, run.environment.cpu));
    side.runs.iter().map(place).collect::<Vec<_>>().join(", ")
}

/// Of the file's acceptances and renames those count that base's commit did not have. Where that is not known, none does.
fn count(policy: &mut Policy, file: &Path, request: &CompareRequest, base: &Run) {
    if policy.acceptances.is_empty() && policy.renames.is_empty() {
        return;
    }
    let repository = Repository::discover(&request.directory).ok();
    let known = repository.zip(commit(base));
    let known = known.and_then(|(git, commit)| at_commit(&git, file, &request.overrides, &commit).ok()?.ok());
    let (acceptances, renames) = known.map_or_else(Default::default, |of_base| {
        let counting = Counting::of(policy, &of_base.policy);
        (counting.acceptances, counting.renames)
    });
    (policy.acceptances, policy.renames) = (acceptances, renames);
}

/// The commit of a run; criterion's own baselines have none.
fn commit(run: &Run) -> Option<String> {
    Some(run.revision.commit.clone()).filter(|commit| !commit.is_empty())
}

/// `FOLDER@NAME`, where there is such a folder.
fn saved_name<'n>(directory: &Path, name: &'n str) -> Option<(PathBuf, &'n str)> {
    let (folder, baseline) = name.rsplit_once('@')?;
    let folder = directory.join(folder);
    folder.is_dir().then_some((folder, baseline))
}

/// What criterion saved as each of `baselines` in `folder`.
fn saved_by_criterion<const N: usize>(folder: &Path, baselines: [&str; N]) -> Result<[Run; N], FlowError> {
    let saved = saved_medians(folder, baselines).map_err(|e| file_error("read criterion's baselines in", folder, e))?;
    if let Some(i) = saved.iter().position(Vec::is_empty) {
        let missing = baselines[i];
        return Err(FlowError::NoBaseline(format!(
            "criterion saved no baseline `{missing}` in {}\nhelp: `cargo bench -- --save-baseline {missing}` saves one there",
            folder.display()
        )));
    }
    for (medians, baseline) in saved.iter().zip(baselines) {
        if let Some((name, median)) = medians.iter().find(|(_, median)| !median.is_finite() || *median <= 0.0) {
            let cause = format!("the median of `{name}` in `{baseline}` is {median}, which is no time");
            return Err(file_error("read criterion's baselines in", folder, io::Error::other(cause)));
        }
    }
    let mut names = baselines.into_iter();
    Ok(saved.map(|medians| run_of_saved(folder, names.next().unwrap_or_default(), medians)))
}

/// Medians that criterion saved, as the run of no commit and of an environment that nobody knows.
fn run_of_saved(folder: &Path, baseline: &str, medians: Vec<(String, f64)>) -> Run {
    let executable = format!("{}@{baseline}", folder.display());
    let measurement = |(name, median): (String, f64)| Measurement {
        // Nothing in the tree says of which target it is.
        benchmark: BenchmarkId::new("criterion", "saved", name),
        harness: "criterion".to_owned(),
        metric: Metric::WallTime,
        unit: Metric::WallTime.unit(),
        q25: median,
        median,
        spread: 0.0,
        estimates: vec![median],
        executable: executable.clone(),
        layout_spread: None,
        pair_spread: None,
        cost: None,
    };
    Run {
        format_version: RUN_FORMAT_VERSION,
        revision: Revision { commit: String::new(), dirty: false },
        environment: Environment::default(),
        started: String::new(),
        whole: true,
        measurements: medians.into_iter().map(measurement).collect(),
        controls: Controls::default(),
        counted: None,
    }
}

/// What is stored of a side; and what could not be read, or is strange.
struct Found {
    side: StoredSide,
    warnings: Vec<String>,
}

impl Found {
    /// By benchmark.
    fn ordered(mut self) -> Self {
        for run in &mut self.side.runs {
            run.measurements.sort_by(|a, b| (&a.benchmark, a.metric).cmp(&(&b.benchmark, b.metric)));
        }
        self
    }
}

impl From<Run> for Found {
    fn from(run: Run) -> Self {
        Self { side: run.into(), warnings: Vec::new() }
    }
}

/// Both sides' runs.
fn find_both(request: &CompareRequest) -> Result<[Found; 2], FlowError> {
    let saved = |name| saved_name(&request.directory, name);
    if let (Some((folder, base)), Some((same, head))) = (saved(&request.base), saved(&request.head))
        && folder == same
        && base != head
    {
        // A look at every file of the tree once.
        let [base, head] = saved_by_criterion(&folder, [base, head])?;
        return Ok([base.into(), head.into()]);
    }
    let find = |name: &str| find(&request.directory, name);
    // Large files take longer to read than to compare.
    let (bases, heads) = std::thread::scope(|scope| {
        let bases = scope.spawn(|| find(&request.base));
        // Its rows come in this order then, and what is ordered already costs the least to order.
        let heads = find(&request.head).map(Found::ordered);
        (bases.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), heads)
    });
    Ok([bases?, heads?])
}

/// What is known of a commit or stands in a file: at least one run.
fn find(directory: &Path, name: &str) -> Result<Found, FlowError> {
    let path = directory.join(name);
    if path.is_file() {
        return Ok(read_exported(&path)?.into());
    }
    if let Some((folder, baseline)) = saved_name(directory, name) {
        let [run] = saved_by_criterion(&folder, [baseline])?;
        return Ok(run.into());
    }
    let folder = name
        .rsplit_once('@')
        .map(|(folder, _)| format!(", and there is no folder `{folder}` in which criterion could have saved it"));
    let folder = folder.unwrap_or_default();
    let neither = |e: VcsError| match e {
        VcsError::NoSuchRevision { cause, .. } => FlowError::Usage(format!(
            "`{name}` is neither an exported file nor the name of a commit: {cause}{folder}\nhelp: see that the path is right; `cargo perfgate baseline list` shows the commits with a baseline"
        )),
        VcsError::NoRepository(_) => FlowError::Usage(format!(
            "`{name}` is no exported file, and {} is in no git repository where it could name a commit\nhelp: see that the path is right",
            directory.display()
        )),
        e => e.into(),
    };
    let repository = Repository::discover(directory).map_err(neither)?;
    let commit = super::baseline::commit(&repository, name).map_err(neither)?;
    let loaded = Store::open(repository.root())?.load(&commit)?;
    let skipped: Vec<String> = loaded.skipped.iter().map(described).collect();
    let runs = loaded.by_environment();
    if runs.is_empty() {
        let skipped: String = skipped.iter().map(|line| format!("\n  {line}")).collect();
        return Err(FlowError::NoBaseline(format!(
            "no baseline of {name} ({}) can be read{skipped}\nhelp: `cargo perfgate baseline list` shows what is stored; check the commit out and `cargo perfgate run` stores one",
            short(&commit),
        )));
    }
    let warnings = skipped.into_iter().chain(to_come(name, &loaded)).collect();
    Ok(Found { side: StoredSide { runs, counted: loaded.counted() }, warnings })
}
