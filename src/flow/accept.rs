//! `accept`: what regressed in the last result is written into the configuration as accepted, with a reason. Whether it
//! counts is decided by the check that finds it there.

use std::fs;
use std::path::PathBuf;

use super::policy::{Counting, at_commit};
use super::saved::{self, LAST};
use super::{FlowError, file_error, write_file};
use crate::config::{self, Config, LARGEST_ACCEPTED, Overrides};
use crate::gate::{Acceptance, Policy, size_to_accept};
use crate::model::{BenchmarkId, Metric, Report, Row, Verdict, short};
use crate::report::{change, limit, visible};
use crate::vcs::{BaseRequest, Repository};
use crate::workspace::{self, CargoOptions};

/// Which project, and which file of it.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Where the user stands.
    pub directory: PathBuf,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
    /// `--config`.
    pub config: Option<PathBuf>,
}

/// What `accept` is asked for.
#[derive(Clone, Debug)]
pub struct AcceptRequest {
    /// Where.
    pub place: Place,
    /// Ids of benchmarks, full or short.
    pub benchmarks: Vec<String>,
    /// Which metric of them; `None`: all that regressed.
    pub metric: Option<Metric>,
    /// The largest change to accept, a plain ratio; `None`: what was measured, with some room.
    pub max_regression: Option<f64>,
    /// Why.
    pub reason: String,
}

/// An acceptance that was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// What the file says now.
    pub acceptance: Acceptance,
    /// The change that was measured, a plain ratio.
    pub change: f64,
}

/// Writes acceptances of regressions into the configuration. Gives them, and the file.
///
/// # Errors
/// Where the last result is not of what is checked out, where a benchmark did not regress in it, and where the file cannot
/// be written: then nothing of it was.
pub fn accept(request: &AcceptRequest) -> Result<(Vec<Written>, PathBuf), FlowError> {
    let project = Project::open(&request.place)?;
    let report = project.last()?;
    let mut rows: Vec<&Row> = Vec::new();
    for name in &request.benchmarks {
        rows.extend(regressions(&report, name, request.metric)?);
    }
    let base = report.base.as_ref().and_then(|base| base.commit.as_deref());
    let base = base.and_then(|commit| project.of_base(commit).ok().flatten());
    let read = |text: &str, project: &Project| -> Result<Vec<Acceptance>, FlowError> {
        Ok(config::parse(text, &project.shown(), &Overrides::default())?.policy.acceptances)
    };
    let (mut text, mut written) = (project.text.clone(), Vec::new());
    for row in rows {
        let (change, size) = size(row, request.max_regression)?;
        let acceptance = Acceptance {
            benchmark: row.benchmark.to_string(),
            metric: row.metric,
            max_regression: size,
            reason: request.reason.clone(),
        };
        let of_it = |other: &Acceptance| other.is_of(&row.benchmark, row.metric);
        let standing = read(&text, &project)?;
        text = config::with_acceptance(&text, &project.shown(), &acceptance, standing.iter().position(of_it))?;
        // As it will be read.
        let Some(acceptance) = read(&text, &project)?.into_iter().find(of_it) else { continue };
        if base.as_ref().is_some_and(|base| base.policy.acceptances.contains(&acceptance)) {
            return Err(FlowError::Usage(format!(
                "base has this very acceptance of `{}`, so that it would not count\nhelp: say in --reason what is new",
                visible(&acceptance.benchmark)
            )));
        }
        written.push(Written { acceptance, change });
    }
    write_file(&project.file, &text)?;
    Ok((written, project.file))
}

/// Removes acceptances and renames that have ended, since base has them, too. Gives their benchmarks, and the file.
pub fn prune(place: &Place) -> Result<(Vec<String>, PathBuf), FlowError> {
    let project = Project::open(place)?;
    let head = project.config()?.policy;
    let asked = BaseRequest { explicit: None, branch: head.base.clone(), event: None };
    let base = project.repository.base(&project.repository.head()?, &asked)?;
    let base = base.map(|base| project.of_base(&base.commit)).transpose()?.flatten();
    let base = base.map_or_else(Policy::default, |base| base.policy);
    let ended = Counting::of(&head, &base).ended;
    if !ended.is_empty() {
        let acceptances = numbers(&head.acceptances, &base.acceptances);
        let renames = numbers(&head.renames, &base.renames);
        write_file(&project.file, &config::without(&project.text, &project.shown(), &acceptances, &renames)?)?;
    }
    Ok((ended, project.file))
}

/// Which of `all` stand among `others`, too.
fn numbers<T: PartialEq>(all: &[T], others: &[T]) -> Vec<usize> {
    (0..all.len()).filter(|number| others.contains(&all[*number])).collect()
}

/// A project whose configuration is written to.
struct Project {
    repository: Repository,
    /// The configuration as it is named.
    named: PathBuf,
    /// The file itself, which may be missing.
    file: PathBuf,
    /// Its content.
    text: String,
    root: PathBuf,
    last: PathBuf,
}

impl Project {
    fn open(place: &Place) -> Result<Self, FlowError> {
        let (manifest, root) = workspace::locate(&place.directory, place.manifest_path.as_deref())?;
        // Whatever is wrong with the file is told as every command tells it.
        config::load(&root, place.config.as_deref(), &Overrides::default())?;
        let named = config::path_of(&root, place.config.as_deref());
        // A link stays one.
        let file = named.canonicalize().unwrap_or_else(|_| named.clone());
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(file_error("read", &file, e)),
        };
        let repository = Repository::discover(&root)?;
        let targets = workspace::targets(&manifest, "the work tree", &CargoOptions::default())?;
        let last = targets.results().join(LAST);
        Ok(Self { repository, named, file, text, root, last })
    }

    fn shown(&self) -> String {
        self.file.strip_prefix(&self.root).unwrap_or(&self.file).display().to_string()
    }

    fn config(&self) -> Result<Config, FlowError> {
        Ok(config::parse(&self.text, &self.shown(), &Overrides::default())?)
    }

    /// What base's file says; `None` where it cannot be read.
    fn of_base(&self, commit: &str) -> Result<Option<Config>, FlowError> {
        Ok(at_commit(&self.repository, &self.named, &Overrides::default(), commit)?.ok())
    }

    /// The last result, where it is of what is checked out now.
    fn last(&self) -> Result<Report, FlowError> {
        const AGAIN: &str = "help: run `cargo perfgate` again, and accept what it finds then";
        if !self.last.exists() {
            return Err(FlowError::Usage(format!(
                "there is no result yet: {} is missing\nhelp: `cargo perfgate` judges the work tree, and writes it",
                self.last.display()
            )));
        }
        let report = saved::read(&self.last)?;
        let head = self.repository.head()?;
        let judged = report.head.commit.as_deref().unwrap_or_default();
        if judged != head.commit {
            return Err(FlowError::Usage(format!(
                "the last result is of {}, and HEAD is {} now\n{AGAIN}",
                visible(short(judged)),
                short(&head.commit)
            )));
        }
        if report.head.changes != self.repository.changes(&self.file)? {
            return Err(FlowError::Usage(format!("the work tree has changed since the last result\n{AGAIN}")));
        }
        Ok(report)
    }
}

/// The rows of the one benchmark that is called `name` which regressed.
fn regressions<'r>(report: &'r Report, name: &str, metric: Option<Metric>) -> Result<Vec<&'r Row>, FlowError> {
    let rows: Vec<&Row> = report.rows.iter().filter(|row| row.benchmark.is_called(name)).collect();
    let mut ids: Vec<&BenchmarkId> = rows.iter().map(|row| &row.benchmark).collect();
    ids.sort();
    ids.dedup();
    let shown = visible(name);
    match ids[..] {
        [_] => {}
        [] => {
            let full: Vec<String> = report.rows.iter().map(|row| row.benchmark.to_string()).collect();
            let names =
                report.rows.iter().map(|row| row.benchmark.name.as_str()).chain(full.iter().map(String::as_str));
            let help = config::nearest(name, names).map_or_else(
                || "`cargo perfgate report target/perfgate/last.json` shows the last result".to_owned(),
                |meant| format!("did you mean `{}`?", visible(meant)),
            );
            return Err(FlowError::Usage(format!("the last result has no benchmark `{shown}`\nhelp: {help}")));
        }
        _ => {
            let full: Vec<String> = ids.iter().take(3).map(|id| format!("`{}`", visible(&id.to_string()))).collect();
            return Err(FlowError::Usage(format!(
                "several benchmarks are called `{shown}`\nhelp: write one in full: {}",
                full.join(", ")
            )));
        }
    }
    let asked: Vec<&Row> = rows.into_iter().filter(|row| metric.is_none_or(|metric| row.metric == metric)).collect();
    // What is accepted already, and looks as if it were more, may be accepted as that.
    let is_slow =
        |row: &&&Row| row.verdict.is_regression() || row.verdict == Verdict::Inconclusive && row.accepted.is_some();
    let slow: Vec<&Row> = asked.iter().filter(is_slow).copied().collect();
    if !slow.is_empty() {
        return Ok(slow);
    }
    let (verdict, help) = match asked.iter().map(|row| row.verdict).min() {
        Some(Verdict::OverBudget) => ("over-budget", "a budget is raised where it stands: `max` in the configuration"),
        Some(Verdict::Accepted) => ("accepted", "a regression is accepted once"),
        Some(verdict) => (verdict.as_str(), "only what regressed can be accepted"),
        None => ("not measured by that metric", "leave out --metric to accept whatever regressed of it"),
    };
    Err(FlowError::Usage(format!("`{shown}` did not regress in the last result: it is {verdict}\nhelp: {help}")))
}

/// The change of a row, and how much is to be accepted of it.
fn size(row: &Row, asked: Option<f64>) -> Result<(f64, f64), FlowError> {
    let name = visible(&row.benchmark.to_string());
    let Some(measured) = row.change else {
        return Err(FlowError::Usage(format!(
            "could not accept `{name}`: the last result has no size of its change\nhelp: run `cargo perfgate` again"
        )));
    };
    let slower = format!("`{name}` ({}) changed by {}", row.metric, change(measured, row.limit));
    let size =
        asked.unwrap_or_else(|| size_to_accept(measured, row.interval, row.limit).min(LARGEST_ACCEPTED.max(measured)));
    if size < measured {
        return Err(FlowError::Usage(format!(
            "{slower}, which is more than {}\nhelp: accept more, or leave out --max-regression",
            limit(size)
        )));
    }
    if size > LARGEST_ACCEPTED {
        return Err(FlowError::Usage(format!(
            "{slower}, and at most {} can be accepted\nhelp: raise its limit in a change before this one",
            limit(LARGEST_ACCEPTED)
        )));
    }
    Ok((measured, size))
}
