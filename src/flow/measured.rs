//! What measuring one benchmark gives, pair by pair.

use std::time::Duration;

use super::schedule::Planned;
use crate::gate::{Held, Pair, Stage, Trial, held_against};
use crate::harness::{Failure, FailureKind, Sample};
use crate::model::{Side, Verdict};
use crate::stats::{quantile, sorted, spread_between, trimmed_mean};

/// What measuring one benchmark gave.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What its pairs show; `None` where head was measured alone.
    pub trial: Option<Trial>,
    /// Base's, one a process.
    pub base: Vec<Estimate>,
    /// Head's.
    pub head: Vec<Estimate>,
    /// Why there is no more than that.
    pub ended_by: Option<Verdictless>,
    /// Whether its code fixes the time to measure.
    pub fixes_time: bool,
    /// The time that its slices took, all of them, with its share of links and starts.
    pub cost: Duration,
    /// The largest change that is accepted, where one is: a plain ratio.
    pub accepted: Option<f64>,
    /// Whether it is known to be unchanged, and measured to see whether that holds.
    proved: bool,
    processes: usize,
    missed: usize,
}

/// Why something was neither measured nor counted.
pub(super) const NO_ROOM: &str = "the budget has no room for it";

/// Why a benchmark gets no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdictless {
    /// It failed on a side.
    Failed(Failure),
    /// It measures something else than time, in this unit.
    OtherUnit(String),
    /// The budget had no room for it.
    NoRoom,
}

impl Measured {
    /// Nothing yet. Without a trial it is done after so many `processes`.
    pub fn new(trial: Option<Trial>, processes: usize) -> Self {
        Self {
            trial,
            base: Vec::new(),
            head: Vec::new(),
            ended_by: None,
            fixes_time: false,
            cost: Duration::ZERO,
            accepted: None,
            proved: false,
            processes,
            missed: 0,
        }
    }

    /// The same of `planned`.
    pub fn of(self, planned: &Planned) -> Self {
        Self { accepted: planned.accepted, proved: planned.proved, ..self }
    }

    /// The standard deviation of what the layout adds, relative to the time: of head alone, which was measured twice in
    /// each layout.
    pub fn layout_spread(&self) -> Option<f64> {
        if self.trial.is_some() {
            return None;
        }
        let twice: Vec<[f64; 2]> =
            self.head.chunks_exact(2).map(|two| [two[0].typical.ln(), two[1].typical.ln()]).collect();
        spread_between(&twice)
    }

    /// The standard deviation of head's processes, relative to the time; `None` for too few.
    pub fn spread(&self) -> Option<f64> {
        let logarithms: Vec<f64> = self.head.iter().map(|estimate| estimate.typical.ln()).collect();
        Some(trimmed_mean(&logarithms)?.spread(logarithms.len()))
    }

    /// Whether nothing more can come of it.
    pub fn is_decided(&self) -> bool {
        !self.open() && !self.suspected()
    }

    /// Whether it counts for the suite as a whole: it was measured, for no other purpose, and is not an accepted regression.
    pub(super) fn is_of_suite(&self) -> bool {
        self.ended_by.is_none() && !self.proved && !self.is_accepted()
    }

    /// Whether it regressed, and not provably by more than is accepted.
    pub fn is_accepted(&self) -> bool {
        let regressed = self.trial.as_ref().filter(|trial| trial.verdict() == Verdict::Regressed);
        let exceeds =
            |accepted, trial: &Trial| held_against(accepted, trial.change(), trial.interval()) == Held::Exceeded;
        self.accepted.zip(regressed).is_some_and(|(accepted, trial)| !exceeds(accepted, trial))
    }

    /// Whether its first sample goes on.
    pub(super) fn open(&self) -> bool {
        self.ended_by.is_none()
            && self.trial.as_ref().map_or(self.wants_pairs(self.processes), |trial| trial.stage() == Stage::Open)
    }

    /// Whether it has to be measured again to confirm a regression.
    pub(super) fn suspected(&self) -> bool {
        self.ended_by.is_none() && self.trial.as_ref().is_some_and(|trial| trial.stage() == Stage::Suspected)
    }

    /// Whether it has fewer than so many pairs, and can have more.
    pub(super) fn wants_pairs(&self, pairs: usize) -> bool {
        self.ended_by.is_none() && self.head.len() < pairs
    }

    /// The time that the rest of its first sample is likely to take.
    pub(super) fn rest(&self, usual: u32) -> Duration {
        let had = self.head.len() as u32;
        if self.open() && had > 0 { self.cost / had * usual.saturating_sub(had).max(1) } else { Duration::ZERO }
    }

    /// The time that all of it is likely to take yet, where a first sample takes as many pairs as is `usual`.
    pub(super) fn left(&self, usual: usize) -> Duration {
        let had = self.head.len();
        if self.is_decided() || had == 0 {
            return Duration::ZERO;
        }
        let pairs = self.trial.as_ref().map_or(self.processes.saturating_sub(had), |trial| trial.likely_left(usual));
        self.cost / had as u32 * pairs as u32
    }

    /// Ends the trial after so many pairs at most.
    pub(super) fn cap(&mut self, pairs: usize) {
        if let Some(trial) = &mut self.trial {
            trial.cap(pairs);
        }
    }

    /// Another benchmark's crash cost it a round; after `patience` of them in a row that is its end.
    pub(super) fn missed(&mut self, patience: usize) {
        self.missed += 1;
        if self.missed >= patience {
            self.processes = self.head.len();
            self.close();
        }
    }

    /// No more will come.
    pub(super) fn close(&mut self) {
        if let Some(trial) = &mut self.trial {
            trial.close();
        }
    }

    pub(super) fn take(&mut self, base: Option<Sample>, head: Sample) {
        self.missed = 0;
        if let Some(unit) = head.other_unit.or_else(|| base.as_ref().and_then(|base| base.other_unit.clone())) {
            self.ended_by = Some(Verdictless::OtherUnit(unit));
            return;
        }
        self.fixes_time |= head.fixes_time;
        let head = Estimate::of(&head.times);
        let base = base.map(|base| Estimate::of(&base.times));
        let zero =
            |side| Failure { side, kind: FailureKind::Crashed, detail: "its harness gave no time above zero".into() };
        match (base, head) {
            (_, None) => self.ended_by = Some(Verdictless::Failed(zero(Side::Head))),
            (Some(None), _) => self.ended_by = Some(Verdictless::Failed(zero(Side::Base))),
            (None, Some(head)) => self.head.push(head),
            (Some(Some(base)), Some(head)) => {
                self.base.push(base);
                self.head.push(head);
                if let Some(trial) = &mut self.trial {
                    trial.push(head.against(base));
                }
            }
        }
    }
}

/// What the samples of one process come to, nanoseconds above zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The lower quartile: pre-emption and interrupts only ever add time.
    pub typical: f64,
    /// The 90th percentile.
    pub tail: f64,
}

impl Estimate {
    /// What it says beside base's.
    pub fn against(self, base: Self) -> Pair {
        // Two times may have a quotient that is too large or too small for a number; their logarithms are never.
        let ratio = |head: f64, base: f64| {
            let quotient = head / base;
            if quotient.is_normal() { quotient.ln() } else { head.ln() - base.ln() }
        };
        Pair { typical: ratio(self.typical, base.typical), tail: ratio(self.tail, base.tail) }
    }

    /// Of a process's samples, nanoseconds per iteration; `None` where these are no times.
    pub fn of(times: &[f64]) -> Option<Self> {
        let times = sorted(times.iter().copied());
        let (typical, tail) = quantile(&times, 0.25).zip(quantile(&times, 0.9))?;
        (typical > 0.0 && typical.is_finite() && tail.is_finite()).then_some(Self { typical, tail })
    }
}
