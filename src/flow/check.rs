//! `check`: the work tree against a base.

use std::path::PathBuf;
use std::time::Instant;

use super::assemble::{self, Frame};
use super::project::{BuiltSide, ProjectRequest, Setting, short};
use super::schedule::{FEW_PAIRS, Measured, PAIRS, Schedule, Verdictless, schedule};
use super::suites::{Against, Open, Suites, look};
use super::{FlowError, Progress};
use crate::harness::criterion::Criterion;
use crate::harness::{Bench, Sides};
use crate::instrument::Copies;
use crate::model::{BaseSide, BenchmarkId, Environment, HeadSide, Report, Row};
use crate::report::counted;
use crate::store::Store;
use crate::vcs::{Base, BaseRequest, CiEvent};
use crate::workspace::WorkspaceError;

/// What `check` is asked for.
#[derive(Clone, Debug, Default)]
pub struct CheckRequest {
    /// The project.
    pub project: ProjectRequest,
    /// `--base`.
    pub base: Option<String>,
    /// What CI says of the event.
    pub event: Option<CiEvent>,
    /// `--method`.
    pub method: Method,
    /// Whether to store what is measured of a clean head.
    pub store: bool,
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
    let setting = Setting::open(request.project.clone(), progress)?;
    let last = setting.results()?.join("last.json");
    let (report, not_stored) = judge_head(&request, &setting, progress)?;
    Ok(Checked { report, last, not_stored })
}

fn judge_head(
    request: &CheckRequest,
    setting: &Setting,
    progress: &mut dyn Progress,
) -> Result<(Report, Option<FlowError>), FlowError> {
    let policy = &setting.config.policy;
    let asked =
        BaseRequest { explicit: request.base.clone(), branch: policy.base.clone(), event: request.event.clone() };
    let Some(base) = setting.repository.base(&setting.head, &asked)? else {
        return Ok((nothing_before(setting), None));
    };
    progress.status("Comparing", &format!("head with {} ({})", short(&base.commit), base.reason));
    if request.method == Method::Stored {
        return super::stored::check_stored(setting, &base, request.store, progress);
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
    let (against, mut warnings) = match &built_base {
        Ok(built) => {
            head_lost(&head, built)?;
            (Against::Base(built), setting.differences(built, &head))
        }
        Err(reason) => (Against::Unbuilt(reason), vec![reason.clone()]),
    };
    let environment = setting.environment()?;
    let copies = Copies::new()?;
    let equal_is_unchanged = match &built_base {
        Ok(built) => request.method == Method::Auto && setting.differ_in_code_alone(built, &head)?,
        Err(_) => false,
    };
    let home = copies.folder().join("home");
    let suites = look(&head, against, &setting.looking(&home, equal_is_unchanged), progress)?;
    setting.check_config(&ids_of(&suites))?;
    let started = jiff::Timestamp::now().to_string();
    let measured = measure(&suites, Sides::Both, copies, setting, &mut warnings, progress)?;
    let frame = frame(setting, Some(&base), Some(environment.clone()), &suites, warnings);
    let (rows, frame) = rows(&suites, &measured, setting, &base, frame);
    let stored = if request.store {
        store(setting, &environment, started, &suites, &measured, false, progress).err()
    } else {
        None
    };
    Ok((assemble::report(frame, rows, policy), stored))
}

/// Head that does not compile is broken, and no benchmark of it is judged; only what base does not compile either is left
/// out.
fn head_lost(head: &BuiltSide, base: &BuiltSide) -> Result<(), FlowError> {
    let lost = head.built.failed.iter().find(|failed| !base.built.failed.iter().any(|other| other.what == failed.what));
    match lost {
        None => Ok(()),
        Some(lost) => {
            let cause = format!("{} {}", lost.what, lost.reason);
            Err(WorkspaceError::Build { side: "head".into(), cause }.into())
        }
    }
}

/// Measures all that is open: one list per executable, in their order. Adds to `warnings` what the reader should know of
/// how it was done.
pub(super) fn measure(
    suites: &Suites,
    sides: Sides,
    copies: Copies,
    setting: &Setting,
    warnings: &mut Vec<String>,
    progress: &mut dyn Progress,
) -> Result<Vec<Vec<Measured>>, FlowError> {
    if suites.open.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<Vec<String>> = suites.open.iter().map(|open| open.names.clone()).collect();
    let benchmarks: usize = names.iter().map(Vec::len).sum();
    let whole_seconds: usize =
        suites.open.iter().filter(|open| !open.suite.version.takes_fractions()).map(|open| open.names.len()).sum();
    let sides_count = if sides == Sides::Both { 2.0 } else { 1.0 };
    let seconds = sides_count
        * ((benchmarks - whole_seconds) as f64 * PAIRS as f64 * 0.035 + whole_seconds as f64 * FEW_PAIRS as f64 * 2.2);
    let (count, executables) = (counted(benchmarks, "benchmark"), counted(names.len(), "executable"));
    progress.status("Measuring", &format!("{count} of {executables}, at least {}", about(seconds)));
    if whole_seconds > 0 {
        let note = format!("{whole_seconds} of them with criterion 0.3, which measures for whole seconds");
        progress.status("", &note);
    }
    // The seed decides only what is drawn for balance; the moment is as good as any.
    let seed = jiff::Timestamp::now().as_nanosecond() as u64;
    let all = suites.open.iter().map(|open| open.suite.clone()).collect();
    let mut bench = Criterion::new(all, copies, setting.config.policy.time_out, seed);
    let clock = Instant::now();
    let plan = Schedule { names, sides };
    let measured = schedule(&plan, &mut bench, &mut || clock.elapsed(), progress)?;
    for (i, open) in suites.open.iter().enumerate() {
        if let Some(reason) = bench.one_layout(i) {
            warnings.push(format!(
                "{}::{} was measured in one layout of its code, which alone can make a benchmark slower or faster: {reason}",
                open.package, open.target
            ));
        }
    }
    Ok(measured)
}

fn about(seconds: f64) -> String {
    if seconds < 90.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

pub(super) fn ids_of(suites: &Suites) -> Vec<BenchmarkId> {
    let open = suites.open.iter().flat_map(|open| open.names.iter().map(|name| id(open, name)));
    suites.settled.iter().map(|settled| settled.id.clone()).chain(open).collect()
}

pub(super) fn id(open: &Open, name: &str) -> BenchmarkId {
    BenchmarkId::new(&open.package, &open.target, name)
}

fn rows(
    suites: &Suites,
    measured: &[Vec<Measured>],
    setting: &Setting,
    base: &Base,
    mut frame: Frame,
) -> (Vec<Row>, Frame) {
    let policy = &setting.config.policy;
    let mut rows: Vec<Row> = suites.settled.iter().map(|settled| assemble::settled_row(settled, policy)).collect();
    let timed = measured.iter().map(Vec::len).sum();
    for (open, all) in suites.open.iter().zip(measured) {
        for (name, measured) in open.names.iter().zip(all) {
            match assemble::paired_row(id(open, name), open, measured, policy, timed) {
                Ok(row) => rows.push(row),
                Err(skipped) => frame.skipped.push(skipped),
            }
        }
    }
    let fixed: Vec<&str> = (suites.open.iter().zip(measured))
        .flat_map(|(open, all)| open.names.iter().zip(all))
        .filter(|(_, measured)| measured.fixes_time)
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(first) = fixed.first() {
        let more = if fixed.len() > 1 { format!(" and {} more", fixed.len() - 1) } else { String::new() };
        let count = fixed.len();
        frame
            .warnings
            .push(format!("{first}{more}: {count} benchmarks fix their time in code, which makes measuring long"));
    }
    for row in rows.iter_mut().filter(|row| policy.fails(row.verdict)) {
        row.reproduce = Some(assemble::reproduce(&row.benchmark, short(&base.commit), &setting.request));
    }
    (rows, frame)
}

pub(super) fn frame(
    setting: &Setting,
    base: Option<&Base>,
    environment: Option<Environment>,
    suites: &Suites,
    warnings: Vec<String>,
) -> Frame {
    Frame {
        base: base.map(|base| BaseSide { commit: Some(base.commit.clone()), reason: base.reason.clone() }),
        head: HeadSide { commit: Some(setting.head.commit.clone()), dirty: setting.head.dirty },
        environment,
        skipped: suites.skipped.clone(),
        warnings,
    }
}

fn nothing_before(setting: &Setting) -> Report {
    let warning = "HEAD is the first commit: there is nothing to compare it with. Commit a change and check again, name a commit with --base, or store this state with `cargo perfgate run`";
    let frame = frame(setting, None, None, &Suites::default(), vec![warning.to_owned()]);
    assemble::report(frame, Vec::new(), &setting.config.policy)
}

/// Whether every benchmark of the workspace was measured.
pub(super) fn all_measured(setting: &Setting, suites: &Suites, measured: &[Vec<Measured>]) -> bool {
    setting.is_whole()
        && suites.skipped.is_empty()
        && suites.settled.is_empty()
        && measured.iter().flatten().all(|measured| measured.ended_by.is_none())
}

/// Stores head's side of what was measured, unless the tree is dirty or nothing was measured.
pub(super) fn store(
    setting: &Setting,
    environment: &Environment,
    started: String,
    suites: &Suites,
    measured: &[Vec<Measured>],
    whole: bool,
    progress: &mut dyn Progress,
) -> Result<bool, FlowError> {
    let measurements: Vec<_> = suites
        .open
        .iter()
        .zip(measured)
        .flat_map(|(open, all)| open.names.iter().zip(all).map(move |(name, measured)| (open, name, measured)))
        .filter(|(_, _, measured)| !matches!(measured.ended_by, Some(Verdictless::OtherUnit(_))))
        .filter_map(|(open, name, measured)| assemble::measurement(id(open, name), open, measured))
        .collect();
    if setting.head.dirty || measurements.is_empty() {
        return Ok(false);
    }
    let count = measurements.len();
    // Benchmarks of equal executables are not measured: a check's run never holds all.
    let whole = whole && all_measured(setting, suites, measured);
    let run = assemble::run(setting, environment, started, whole, measurements);
    Store::open(setting.repository.root())?.add(&run)?;
    let commit = short(&setting.head.commit);
    progress.status("Stored", &format!("{} as a baseline of {commit}", counted(count, "measurement")));
    Ok(true)
}
