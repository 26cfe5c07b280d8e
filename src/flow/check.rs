//! `check`: the work tree against a base.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::affected::leaves_out;
use super::assemble::{self, Frame};
use super::counted::add_counted;
use super::counter::leave_room;
use super::culprits::name_culprits;
use super::head_counts::HeadCounts;
use super::measure::{Results, measure};
use super::policy::{self, PolicyOf};
use super::project::{BuiltSide, ProjectRequest, Setting, beyond_code};
use super::renamed::Renamed;
use super::saved::LAST;
use super::screening::{self, Kept, screen};
use super::source_lines::locate;
use super::suites::{Against, Open, Suites, look};
use super::tried::Tried;
use super::{FlowError, Progress, noise, renamed};
use crate::harness::Sides;
use crate::instrument::Copies;
use crate::model::{BaseSide, BenchmarkId, Controls, Environment, HeadSide, Report, Row, Run, Verdict, short};
use crate::report::counted;
use crate::store::Store;
use crate::vcs::{Base, BaseRequest, CiEvent};
use crate::workspace::WorkspaceError;

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
    if request.method == Method::Stored {
        return super::stored::check_stored(setting, &base, request, &adopted, progress);
    }
    let head = setting.build_head(progress)?;
    let built_base = match setting.build_base(&base.commit, &head, progress) {
        Ok(built) => Ok(built),
        // Base may lack what was selected, or its manifest may be broken: then everything of head is new.
        Err(FlowError::Workspace(e @ (WorkspaceError::Selection(_) | WorkspaceError::Metadata { .. }))) => {
            Err(format!("base could not be built: {e}"))
        }
        Err(e) => return Err(e),
    };
    let identity_counts = request.method == Method::Auto;
    let tried = match &built_base {
        Ok((built, differences)) => {
            setting.head_lost(&head, built)?;
            setting.try_on_base(&head, built, differences, identity_counts, progress)?
        }
        Err(_) => Tried::default(),
    };
    let (against, mut warnings) = match &built_base {
        Ok((built, differences)) => (Against::Base(built, &tried), differences.notes.clone()),
        Err(reason) => (Against::Unbuilt(reason), vec![reason.clone()]),
    };
    warnings.splice(0..0, adopted.differences.iter().cloned());
    let environment = setting.environment()?;
    let copies = Copies::new()?;
    let equal_is_unchanged = match &built_base {
        Ok((_, differences)) if identity_counts => match beyond_code(&differences.changed) {
            None => true,
            Some(path) => {
                let what = format!("equal executables, too: {} changed, and a benchmark may read it", path.display());
                progress.detail("Timing", &what);
                false
            }
        },
        _ => false,
    };
    let home = copies.folder().join("home");
    let mut looking = setting.looking(&home, equal_is_unchanged);
    if let Ok((built, _)) = &built_base {
        looking.renamed = renamed::find(setting, built, &head, &looking)?;
    }
    let mut suites = look(&head, against, &looking, progress)?;
    let renamed = looking.renamed;
    if suites.all().next().is_none() && suites.settled.is_empty() {
        suites.skipped.extend(setting.elsewhere(&head));
    }
    let ids = ids_of(&suites);
    setting.check_config(&ids)?;
    setting.check_acceptances(&ids)?;
    setting.leave_uncounted(&mut suites);
    let share = setting.take_share(&mut suites, Some(&base), &head.tree.id, request.method, progress);
    if let Ok((built, _)) = &built_base
        && equal_is_unchanged
    {
        let kept = Kept::new(setting.slots.folder(), &built.tree.id);
        let seed = jiff::Timestamp::now().as_nanosecond() as u64;
        let (begun, budget) = (Instant::now(), setting.budget());
        // What it spares is worth more than it takes, but not where little is left.
        let until = budget.map(|budget| begun + budget / 2);
        screen(&mut suites, setting, &kept, &copies.folder().join("screening"), seed, until, progress)?;
        setting.request.effort.budget = budget.map(|budget| budget.saturating_sub(begun.elapsed()));
    }
    let open: Vec<BenchmarkId> =
        suites.open.iter().flat_map(|open| open.names.iter().map(|name| open.judged_as(name))).collect();
    if !open.is_empty() {
        progress.detail("Timing", &format!("{}, since nothing cheaper decides", counted(open.len(), "benchmark")));
    }
    noise::apply(setting, &environment.key, &open, suites.comparisons.unwrap_or(open.len()), progress)?;
    let started = jiff::Timestamp::now().to_string();
    let until = leave_room(setting, &suites);
    let measured = measure(&mut suites, Sides::Both, copies, setting, &mut warnings, progress)?;
    let mut frame = frame(setting, Some(&base), Some(environment.clone()), &suites, warnings);
    frame.controls = measured.controls();
    frame.compared_elsewhere = share.as_ref().is_some_and(|share| share.compared_elsewhere);
    frame.shard = share.map(|share| share.measured(&suites, &measured));
    let (mut rows, mut frame) = rows(&suites, &measured, setting, frame);
    frame.controls = frame.controls.and(screening::outcome(&suites.drawn, &rows));
    screening::fall_back(&suites.drawn, &mut rows);
    let counts = add_counted(setting, &suites, &head, until, &mut rows, &mut frame.warnings, progress)?;
    name_culprits(setting, &suites, &mut rows, progress)?;
    frame.warnings.extend(not_compared(&rows));
    frame.warnings.extend(policy::without_effect(&adopted, &setting.config.policy, &rows));
    tell_how_to_reproduce(&mut rows, setting, (&base, &head), &renamed, request.policy);
    locate(&head, &mut rows);
    let stored = if request.store {
        let measurements =
            measured.each(&suites).filter_map(|(id, open, m)| assemble::measurement(id, open, m)).collect();
        // Benchmarks of equal executables are not measured: a check's run never claims to hold all.
        let run = assemble::run(setting, &environment, started, false, measurements, frame.controls);
        let counted = HeadCounts::counted_here(setting, &environment, counts).to_store();
        store(setting, &Run { counted, ..run }, progress).err()
    } else {
        None
    };
    Ok((assemble::report(frame, rows, &setting.config.policy), stored))
}

impl Setting {
    /// Head that does not compile is broken, and no benchmark of it is judged; only what base does not compile either is left
    /// out.
    fn head_lost(&self, head: &BuiltSide, base: &BuiltSide) -> Result<(), FlowError> {
        let mut lost = head.built.failed.iter();
        let lost = lost.find(|failed| !base.built.failed.iter().any(|other| other.what == failed.what));
        lost.map_or(Ok(()), |lost| {
            let cause = format!("{} {}", lost.what, lost.reason);
            Err(self.named_in(WorkspaceError::Build { side: "head".into(), cause }, head, "head").into())
        })
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

/// What is said of bench targets whose benchmarks both sides have, and that were not compared all the same.
fn not_compared(rows: &[Row]) -> Vec<String> {
    let mut targets: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.verdict == Verdict::BenchChanged) {
        *targets.entry((&row.benchmark.package, &row.benchmark.target)).or_default() += 1;
    }
    let warning = |((package, target), number): ((&str, &str), usize)| {
        format!(
            "{} of {package}::{target} could not be compared, as its source differs, and neither side's works on the other's code: what became slower there is not seen; benchmarks of new code in a file of their own leave the others comparable",
            counted(number, "benchmark")
        )
    };
    targets.into_iter().map(warning).collect()
}

pub(super) fn ids_of(suites: &Suites) -> Vec<BenchmarkId> {
    let settled = suites.settled.iter().map(|settled| settled.id.clone());
    settled.chain(suites.all().flat_map(Open::ids)).collect()
}

fn rows(suites: &Suites, results: &Results, setting: &Setting, mut frame: Frame) -> (Vec<Row>, Frame) {
    let policy = &setting.config.policy;
    let mut rows: Vec<Row> = suites.settled.iter().map(|settled| assemble::settled_row(settled, policy)).collect();
    for (id, open, measured) in results.each(suites) {
        let limits = setting.limits(open, &id);
        match assemble::paired_rows(id, open, measured, limits, policy, frame.controls) {
            Ok(own) => rows.extend(own),
            Err(skipped) => frame.skipped.push(skipped),
        }
    }
    // Of a shard it is made where all shards are put together.
    let suite = results.suite(suites, policy.suite).filter(|_| frame.shard.is_none());
    rows.extend(suite.map(|judged| assemble::suite_row(judged, results.accepted(), policy, frame.controls)));
    (rows, frame)
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
