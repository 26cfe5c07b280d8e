//! Judging head and base side by side: both are built, and what nothing cheaper decides is measured in alternation.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::assemble::{self, Frame};
use super::check::{CheckRequest, Method, frame, ids_of, store, tell_how_to_reproduce};
use super::counted::add_counted;
use super::counter::leave_room;
use super::culprits::name_culprits;
use super::head_counts::HeadCounts;
use super::measure::{Results, measure};
use super::policy::{self, Adopted};
use super::project::{BuiltSide, Differences, Setting, beyond_code};
use super::renamed::Renamed;
use super::screening::{self, Kept, screen};
use super::source_lines::locate;
use super::suites::{Against, Suites, look};
use super::tried::Tried;
use super::{FlowError, Progress, noise, renamed};
use crate::harness::Sides;
use crate::instrument::Copies;
use crate::model::{BenchmarkId, Report, Row, Run, Verdict};
use crate::report::counted;
use crate::vcs::Base;
use crate::workspace::WorkspaceError;

/// `check`, unless stored numbers alone are to judge.
pub(super) fn check_paired(
    setting: &mut Setting,
    base: &Base,
    request: &CheckRequest,
    adopted: &Adopted,
    progress: &mut dyn Progress,
) -> Result<(Report, Option<FlowError>), FlowError> {
    let identity_counts = request.method == Method::Auto;
    let sides = BothSides::build(setting, base, identity_counts, progress)?;
    let head = &sides.head;
    let environment = setting.environment()?;
    let copies = Copies::new()?;
    let equal_is_unchanged = identity_counts && sides.differ_in_code_alone(progress);
    let (mut suites, renamed) = sides.look(setting, &copies.folder().join("home"), equal_is_unchanged, progress)?;
    let ids = ids_of(&suites);
    setting.check_config(&ids)?;
    setting.check_acceptances(&ids)?;
    setting.leave_uncounted(&mut suites);
    let share = setting.take_share(&mut suites, Some(base), &head.tree.id, request.method, progress);
    if let Ok((built, _)) = &sides.base
        && equal_is_unchanged
    {
        spare_what_executes_the_same(setting, &mut suites, built, &copies.folder().join("screening"), progress)?;
    }
    let open: Vec<BenchmarkId> =
        suites.open.iter().flat_map(|open| open.names.iter().map(|name| open.judged_as(name))).collect();
    if !open.is_empty() {
        progress.detail("Timing", &format!("{}, since nothing cheaper decides", counted(open.len(), "benchmark")));
    }
    noise::apply(setting, &environment.key, &open, suites.comparisons.unwrap_or(open.len()), progress)?;
    let started = jiff::Timestamp::now().to_string();
    let until = leave_room(setting, &suites);
    let mut warnings = [&adopted.differences[..], &sides.warnings()].concat();
    let measured = measure(&mut suites, Sides::Both, copies, setting, &mut warnings, progress)?;
    let mut frame = frame(setting, Some(base), Some(environment.clone()), &suites, warnings);
    frame.controls = measured.controls();
    frame.compared_elsewhere = share.as_ref().is_some_and(|share| share.compared_elsewhere);
    frame.shard = share.map(|share| share.measured(&suites, &measured));
    let (mut rows, mut frame) = rows(&suites, &measured, setting, frame);
    frame.controls = frame.controls.and(screening::outcome(&suites.drawn, &rows));
    screening::fall_back(&suites.drawn, &mut rows);
    let counts = add_counted(setting, &suites, head, until, &mut rows, &mut frame.warnings, progress)?;
    name_culprits(setting, &suites, &mut rows, progress)?;
    frame.warnings.extend(not_compared(&rows));
    frame.warnings.extend(policy::without_effect(adopted, &setting.config.policy, &rows));
    tell_how_to_reproduce(&mut rows, setting, (base, head), &renamed, request.policy);
    locate(head, &mut rows);
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

/// Both sides, as far as they could be built.
struct BothSides {
    head: BuiltSide,
    /// With what it differs in from head; the reason where it could not be built as a whole.
    base: Result<(BuiltSide, Differences), String>,
    /// Each side's benches on the other's code.
    tried: Tried,
}

impl BothSides {
    fn build(
        setting: &Setting,
        base: &Base,
        identity_counts: bool,
        progress: &mut dyn Progress,
    ) -> Result<Self, FlowError> {
        let head = setting.build_head(progress)?;
        let base = match setting.build_base(&base.commit, &head, progress) {
            Ok(built) => Ok(built),
            // Base may lack what was selected, or its manifest may be broken: then everything of head is new.
            Err(FlowError::Workspace(e @ (WorkspaceError::Selection(_) | WorkspaceError::Metadata { .. }))) => {
                Err(format!("base could not be built: {e}"))
            }
            Err(e) => return Err(e),
        };
        let tried = match &base {
            Ok((built, differences)) => {
                setting.head_lost(&head, built)?;
                setting.try_on_base(&head, built, differences, identity_counts, progress)?
            }
            Err(_) => Tried::default(),
        };
        Ok(Self { head, base, tried })
    }

    fn warnings(&self) -> Vec<String> {
        match &self.base {
            Ok((_, differences)) => differences.notes.clone(),
            Err(reason) => vec![reason.clone()],
        }
    }

    /// Whether equal executables do the same on both sides: nothing differs that they may read or start.
    fn differ_in_code_alone(&self, progress: &mut dyn Progress) -> bool {
        let Ok((_, differences)) = &self.base else { return false };
        let Some(path) = beyond_code(&differences.changed) else { return true };
        // It may make minutes of a second, so that everybody is told.
        let path = path.display();
        let what = format!("equal executables, too: {path} differs between base and head, and a benchmark may read it");
        progress.status("Timing", &what);
        false
    }

    /// The benchmarks of both sides, and which of them base calls otherwise. `home` is what they may write.
    fn look(
        &self,
        setting: &Setting,
        home: &Path,
        equal_is_unchanged: bool,
        progress: &mut dyn Progress,
    ) -> Result<(Suites, Renamed), FlowError> {
        let mut looking = setting.looking(home, equal_is_unchanged);
        let against = match &self.base {
            Ok((base, _)) => {
                looking.renamed = renamed::find(setting, base, &self.head, &looking)?;
                Against::Base(base, &self.tried)
            }
            Err(reason) => Against::Unbuilt(reason),
        };
        let mut suites = look(&self.head, against, &looking, progress)?;
        if suites.all().next().is_none() && suites.settled.is_empty() {
            suites.skipped.extend(setting.elsewhere(&self.head));
        }
        Ok((suites, looking.renamed))
    }
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

/// Settles the benchmarks that execute the same code on both sides. `folder` is one that nobody else uses.
fn spare_what_executes_the_same(
    setting: &mut Setting,
    suites: &mut Suites,
    base: &BuiltSide,
    folder: &Path,
    progress: &mut dyn Progress,
) -> Result<(), FlowError> {
    let kept = Kept::new(setting.slots.folder(), &base.tree.id);
    let seed = jiff::Timestamp::now().as_nanosecond() as u64;
    let (begun, budget) = (Instant::now(), setting.budget());
    // What it spares is worth more than it takes, but not where little is left.
    let until = budget.map(|budget| begun + budget / 2);
    screen(suites, setting, &kept, folder, seed, until, progress)?;
    setting.request.effort.budget = budget.map(|budget| budget.saturating_sub(begun.elapsed()));
    Ok(())
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
