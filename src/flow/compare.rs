//! `compare`: two stored commits, exported files, or baselines that criterion itself saved; measures nothing.

use std::path::{Path, PathBuf};

use super::assemble::Frame;
use super::project::short;
use super::stored::{described, stored_report};
use super::{FlowError, file_error};
use crate::config::{self, Overrides};
use crate::harness::criterion::read_saved;
use crate::model::{
    BaseSide, BenchmarkId, Controls, Environment, HeadSide, Measurement, Metric, RUN_FORMAT_VERSION, Report, Revision,
    Run,
};
use crate::stats::{quantile, sorted};
use crate::store::{Store, read_exported};
use crate::vcs::Repository;
use crate::workspace;

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
    let root = workspace::locate(&request.directory, None).map(|(_, root)| root);
    let root = root.unwrap_or_else(|_| request.directory.clone());
    let config = config::load(&root, request.config.as_deref(), &request.overrides)?;
    let mut warnings = Vec::new();
    let bases = find(&request.directory, &request.base, &mut warnings)?;
    let heads = find(&request.directory, &request.head, &mut warnings)?;
    let same = |head: &Run| bases.iter().find(|base| base.environment.key == head.environment.key).cloned();
    let Some((base, head)) = heads.iter().find_map(|head| Some((same(head)?, head.clone()))) else {
        let places = |runs: &[Run]| {
            let places = runs.iter().map(|run| format!("{} ({})", run.environment.key, run.environment.cpu));
            places.collect::<Vec<_>>().join(", ")
        };
        return Err(FlowError::Usage(format!(
            "could not compare {} with {}: they were measured in different environments, {} and {}, and times of one say nothing of the other\nhelp: measure both on one machine with `cargo perfgate run`",
            request.base,
            request.head,
            places(&bases),
            places(&heads),
        )));
    };
    let frame = Frame {
        base: Some(BaseSide { commit: commit(&base), reason: request.base.clone() }),
        head: HeadSide { commit: commit(&head), dirty: head.revision.dirty },
        environment: (!head.environment.key.is_empty()).then(|| head.environment.clone()),
        skipped: Vec::new(),
        warnings,
        controls: Controls::default(),
    };
    Ok(stored_report(&base, &head, frame, &config.policy))
}

/// The commit of a run; criterion's own baselines have none.
fn commit(run: &Run) -> Option<String> {
    Some(run.revision.commit.clone()).filter(|commit| !commit.is_empty())
}

/// What criterion saved as `baseline` in `folder`, as the run of no commit and of an environment that nobody knows.
fn saved_by_criterion(folder: &Path, baseline: &str) -> Result<Run, FlowError> {
    let saved = read_saved(folder, baseline).map_err(|e| file_error("read criterion's baselines in", folder, e))?;
    if saved.is_empty() {
        return Err(FlowError::Usage(format!(
            "criterion saved no baseline `{baseline}` in {}\nhelp: `cargo bench -- --save-baseline {baseline}` saves one there",
            folder.display()
        )));
    }
    let measurement = |(name, times): (String, Vec<f64>)| {
        let ordered = sorted(times.into_iter().filter(|time| time.is_finite() && *time > 0.0));
        let at = |p| quantile(&ordered, p);
        let (q25, median, q75) = (at(0.25)?, at(0.5)?, at(0.75)?);
        Some(Measurement {
            // Nothing in the tree says of which target it is.
            benchmark: BenchmarkId::new("criterion", "saved", &name),
            harness: "criterion".to_owned(),
            metric: Metric::WallTime,
            unit: Metric::WallTime.unit(),
            q25,
            median,
            spread: (q75 - q25) / median,
            estimates: vec![q25],
            executable: format!("{}@{baseline}", folder.display()),
            layout_spread: None,
            pair_spread: None,
            cost: None,
        })
    };
    Ok(Run {
        format_version: RUN_FORMAT_VERSION,
        revision: Revision { commit: String::new(), dirty: false },
        environment: Environment::default(),
        started: String::new(),
        whole: true,
        measurements: saved.into_iter().filter_map(measurement).collect(),
        controls: Controls::default(),
    })
}

/// What is known of a commit or stands in a file: at least one run, one for each environment, the newest first.
fn find(directory: &Path, name: &str, warnings: &mut Vec<String>) -> Result<Vec<Run>, FlowError> {
    let path = directory.join(name);
    if path.is_file() {
        return Ok(vec![read_exported(&path)?]);
    }
    if let Some((folder, baseline)) = name.rsplit_once('@')
        && directory.join(folder).is_dir()
    {
        return Ok(vec![saved_by_criterion(&directory.join(folder), baseline)?]);
    }
    let repository = Repository::discover(directory)?;
    let commit = repository.resolve(name)?;
    let loaded = Store::open(repository.root())?.load(&commit)?;
    let skipped: Vec<String> = loaded.skipped.iter().map(described).collect();
    let mut runs: Vec<Run> = Vec::new();
    for stored in loaded.runs.iter().rev() {
        let key = &stored.run.environment.key;
        if !runs.iter().any(|run| run.environment.key == *key) {
            runs.extend(loaded.together(key));
        }
    }
    if runs.is_empty() {
        let skipped: String = skipped.iter().map(|line| format!("\n  {line}")).collect();
        return Err(FlowError::Usage(format!(
            "no baseline of {name} ({}) can be read{skipped}\nhelp: `cargo perfgate baseline list` shows what is stored; check the commit out and `cargo perfgate run` stores one",
            short(&commit),
        )));
    }
    warnings.extend(skipped);
    Ok(runs)
}
