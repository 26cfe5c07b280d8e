//! `check`: the work tree against a base.

use std::path::PathBuf;
use std::time::Duration;

use super::affected::leaves_out;
use super::assemble::{self, Frame};
use super::paired::check_paired;
use super::policy::{self, PolicyOf};
use super::project::{BuiltSide, ProjectRequest, Setting};
use super::renamed::Renamed;
use super::saved::LAST;
use super::stored::check_stored;
use super::suites::{Open, Suites};
use super::{FlowError, Progress};
use crate::model::{BaseSide, BenchmarkId, Controls, Environment, HeadSide, Report, Row, Run, short};
use crate::report::counted;
use crate::store::Store;
use crate::vcs::{Base, BaseRequest, CiEvent};

/// What `check` is asked for.
#[derive(Clone, Debug, Default)]
pub struct CheckRequest {
    /// The project.
    pub project: ProjectRequest,
    /// The commit to judge, by its full id; without it the work tree.
    pub head: Option<String>,
    /// `--base`.
    pub base: Option<String>,
    /// What CI says of the event.
    pub event: Option<CiEvent>,
    /// `--method`.
    pub method: Method,
    /// Whether what this clone lacks may be fetched: of a shallow or partial one, and baselines.
    pub fetch: bool,
    /// `--policy`.
    pub policy: PolicyOf,
    /// Whether to store what is measured of a clean head.
    pub store: bool,
    /// Whether benches are left out where nothing that they depend on changed.
    pub affected: bool,
    /// How long measuring may go on where neither the user nor the configuration says it.
    pub usual_budget: Option<Duration>,
}

/// How head is compared with base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The cheapest evidence that can decide.
    #[default]
    Auto,
    /// Base and head measured in alternation.
    Paired,
    /// Head measured, and held against what is stored of base.
    Stored,
}

/// What `check` found.
#[derive(Debug)]
pub struct Checked {
    /// The report.
    pub report: Report,
    /// The file that keeps the last report.
    pub last: PathBuf,
    /// Why head's measurements could not be stored, where they should have been. The report stands all the same.
    pub not_stored: Option<FlowError>,
}

/// Judges the work tree. `Ok` with a failed report is a result; `Err` means that there is none.
pub fn check(request: CheckRequest, progress: &mut dyn Progress) -> Result<Checked, FlowError> {
    let project = request.project.clone();
    let mut setting = match &request.head {
        Some(commit) => Setting::open_at(project, commit, request.fetch, progress)?,
        None => Setting::open(project, progress)?,
    };
    if !request.fetch {
        setting.repository.forbid_fetching();
    }
    let last = setting.results()?.join(LAST);
    let (report, not_stored) = judge_head(&request, &mut setting, progress)?;
    Ok(Checked { report, last, not_stored })
}

fn judge_head(
    request: &CheckRequest,
    setting: &mut Setting,
    progress: &mut dyn Progress,
) -> Result<(Report, Option<FlowError>), FlowError> {
    let branch = setting.config.policy.base.clone();
    let asked = BaseRequest { explicit: request.base.clone(), branch, event: request.event.clone() };
    let Some(base) = setting.repository.base(&setting.head, &asked)? else {
        return Ok((nothing_before(setting), None));
    };
    progress.status("Comparing", &format!("head with {} ({})", short(&base.commit), base.reason));
    let adopted = policy::adopt(setting, &base, request.policy)?;
    if setting.budget().is_none() {
        setting.request.effort.budget = request.usual_budget;
    }
    if request.affected {
        setting.leave_out_unaffected(&base, progress)?;
    }
    match request.method {
        Method::Stored => check_stored(setting, &base, request, &adopted, progress),
        Method::Auto | Method::Paired => check_paired(setting, &base, request, &adopted, progress),
    }
}

/// Puts under each row by which the gate fails the command that measures it again, in pairs.
pub(super) fn tell_how_to_reproduce(
    rows: &mut [Row],
    setting: &Setting,
    (base, head): (&Base, &BuiltSide),
    renamed: &Renamed,
    whose: PolicyOf,
) {
    let failing = rows.iter_mut().filter(|row| setting.config.policy.fails(row.verdict));
    for row in failing.filter(|row| row.benchmark != BenchmarkId::suite()) {
        let old = renamed.in_base(&row.benchmark);
        let target = (&row.benchmark.package, &row.benchmark.target);
        // Cargo would refuse a bench target that is gone.
        let built = head.built.executables.iter().any(|exe| (&exe.package, &exe.target) == target);
        let selects = built && (&old.package, &old.target) == target;
        let command = assemble::reproduce(&row.benchmark, short(&base.commit), &setting.request, selects);
        let whose = if whose == PolicyOf::Head { " --policy head" } else { "" };
        row.reproduce = Some(command + whose);
    }
}

pub(super) fn ids_of(suites: &Suites) -> Vec<BenchmarkId> {
    let settled = suites.settled.iter().map(|settled| settled.id.clone());
    settled.chain(suites.all().flat_map(Open::ids)).collect()
}

pub(super) fn frame(
    setting: &Setting,
    base: Option<&Base>,
    environment: Option<Environment>,
    suites: &Suites,
    warnings: Vec<String>,
) -> Frame {
    let changes = setting.changes.clone();
    Frame {
        base: base.map(|base| BaseSide { commit: Some(base.commit.clone()), reason: base.reason.clone() }),
        head: HeadSide { commit: Some(setting.head.commit.clone()), dirty: setting.head.dirty, changes, name: None },
        environment,
        skipped: suites.skipped.clone(),
        warnings,
        controls: Controls::default(),
        shard: None,
        compared_elsewhere: false,
        no_baseline: false,
        unaffected: leaves_out(suites),
    }
}

fn nothing_before(setting: &Setting) -> Report {
    let warning = "HEAD is the first commit: there is nothing to compare it with. Commit a change and check again, name a commit with --base, or store this state with `cargo perfgate run`";
    let frame = frame(setting, None, None, &Suites::default(), vec![warning.to_owned()]);
    assemble::report(frame, Vec::new(), &setting.config.policy)
}

/// Stores head's side of what was measured, unless the tree is dirty or nothing was measured.
pub(super) fn store(setting: &Setting, run: &Run, progress: &mut dyn Progress) -> Result<bool, FlowError> {
    if setting.head.dirty || run.measurements.is_empty() {
        return Ok(false);
    }
    Store::open(setting.repository.root())?.add(run)?;
    let (count, commit) = (counted(run.measurements.len(), "measurement"), short(&setting.head.commit));
    progress.status("Stored", &format!("{count} as a baseline of {commit}"));
    Ok(true)
}
