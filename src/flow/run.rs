//! `run`: the work tree measured alone, and stored as the baseline of its commit where the tree is clean.

use super::assemble::measurement;
use super::check::{Method, ids_of, store};
use super::counter::leave_room;
use super::head_counts::{HeadCounts, count_head};
use super::measure::{Results, measure};
use super::measured::{NO_ROOM, Verdictless};
use super::project::{BuiltSide, ProjectRequest, Setting};
use super::share::Share;
use super::suites::{Against, Suites, look};
use super::{FlowError, Progress, absent, assemble};
use crate::harness::Sides;
use crate::instrument::Copies;
use crate::model::{BenchmarkId, Controls, Environment, Run, Skipped};
use crate::vcs::Base;

/// What `run` measured.
#[derive(Debug)]
pub struct RunResult {
    /// All measurements.
    pub run: Run,
    /// Whether they were stored.
    pub stored: bool,
    /// Why they could not be, where they should have been. What was measured stands all the same.
    pub not_stored: Option<FlowError>,
    /// What was not measured, with the reason.
    pub skipped: Vec<Skipped>,
    /// Benchmarks that crashed or hung, with the reason.
    pub failed: Vec<Skipped>,
    /// Whether this is a share of the benchmarks, and there are some: none may be in it.
    pub share: bool,
}

/// Head measured alone.
pub(super) struct HeadAlone {
    pub head: BuiltSide,
    /// All benchmarks that were asked for, in the share or not.
    pub ids: Vec<BenchmarkId>,
    pub suites: Suites,
    pub results: Results,
    /// What the configuration asks to be counted.
    pub counts: HeadCounts,
    pub environment: Environment,
    pub started: String,
    /// The share that this is, where it is not all.
    pub share: Option<Share>,
}

/// Measures the work tree; stores the result where `keep` is set and the tree is clean.
pub fn run(request: ProjectRequest, keep: bool, progress: &mut dyn Progress) -> Result<RunResult, FlowError> {
    let mut setting = Setting::open(request, progress)?;
    let alone = measure_head(&mut setting, None, true, progress)?;
    let (mut measurements, mut failed, mut skipped) = (Vec::new(), Vec::new(), alone.suites.skipped.clone());
    skipped.extend(alone.counts.failed());
    for settled in &alone.suites.settled {
        failed.push(Skipped { what: settled.id.to_string(), reason: settled.reason.clone() });
    }
    for (id, open, measured) in alone.results.each(&alone.suites) {
        match &measured.ended_by {
            Some(Verdictless::Failed(failure)) => {
                failed.push(Skipped { what: id.to_string(), reason: failure.detail.clone() });
            }
            Some(Verdictless::NoRoom) => {
                skipped.push(Skipped { what: id.to_string(), reason: NO_ROOM.to_owned() });
            }
            Some(Verdictless::OtherUnit(unit)) => skipped.push(assemble::other_unit(&id, unit)),
            None => measurements.extend(measurement(id, open, measured)),
        }
    }
    let whole = alone.results.are_all(&setting, &alone.suites);
    let run = assemble::run(&setting, &alone.environment, alone.started, whole, measurements, Controls::default());
    let run = Run { counted: alone.counts.to_store(), ..run };
    let (stored, not_stored) = match keep.then(|| store(&setting, &run, progress)) {
        Some(Ok(stored)) => (stored, None),
        Some(Err(e)) => (false, Some(e)),
        None => (false, None),
    };
    let share = alone.share.is_some_and(|share| share.of_something());
    Ok(RunResult { run, stored, not_stored, skipped, failed, share })
}

/// Measures head for itself, or to hold it against what is stored of `base`; counts it, too, where `counting` is set.
pub(super) fn measure_head(
    setting: &mut Setting,
    base: Option<&Base>,
    counting: bool,
    progress: &mut dyn Progress,
) -> Result<HeadAlone, FlowError> {
    let head = setting.build_head(progress)?;
    let environment = setting.environment()?;
    let copies = Copies::new()?;
    let mut suites = look(&head, Against::Nothing, &setting.looking(&copies.folder().join("home"), true), progress)?;
    let ids = ids_of(&suites);
    setting.check_config(&ids)?;
    if base.is_some() {
        setting.check_acceptances(&ids)?;
    }
    if counting {
        setting.leave_uncounted(&mut suites);
    } else {
        suites.leave_untimed();
    }
    let share = setting.take_share(&mut suites, base, &head.tree.id, Method::Stored, progress);
    let started = jiff::Timestamp::now().to_string();
    let until = counting.then(|| leave_room(setting, &suites));
    let mut warnings = Vec::from_iter(absent::contents(&[&head]));
    let results = measure(&mut suites, Sides::HeadOnly, copies, setting, &mut warnings, progress)?;
    for warning in warnings {
        progress.warn(&warning);
    }
    let counts = until.map(|until| count_head(setting, &suites, &head, &environment, until, progress));
    let counts = counts.transpose()?.unwrap_or_default();
    Ok(HeadAlone { head, ids, suites, results, counts, environment, started, share })
}
