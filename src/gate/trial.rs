//! One benchmark's trial: process pairs in, one after the other, until a verdict stands. The rule itself; which pair is
//! measured when is the scheduler's business.
//!
//! With x = ln(head / base) of a pair, m its 20 % trimmed mean with Yuen's error SE, τ and θ the logarithms of `tolerate` and
//! `max-regression`, and M the number of rows:
//! - **suspicion**, after any pair: bets on x − τ proved at α/M ([`Bets`]), and m at or above (τ + θ) / 2;
//! - **regressed**: a second sample, whose size is fixed before it is drawn, has m − t(0.01/3)·SE above τ and m at or above
//!   the middle again. As long as it shows neither that nor m + t(β)·SE below θ it is doubled, at most twice. What is
//!   reported comes from it alone;
//! - **improved**: the mirror of suspicion, with a chance of its own;
//! - **unchanged**, at the looks: θ − m and θ + m exceed t(β/15)·SE, |m| is below the middle, and zero is not excluded;
//! - **within-limit**: the first of these two holds, m is below the middle, and nothing more is claimed;
//! - **inconclusive**: the cap is reached, or the second sample does not confirm the first.
//!
//! The bets ask no distribution of x but that it is as likely to err up as down, which the random order of the sides and new
//! layouts see to. The first sample's chance may be ten times what is promised of a suite because the second is drawn
//! apart: a false red needs both, 0.01 · 0.01 where they are independent, which leaves a factor of ten for what a machine
//! does to both of them.

use std::ops::{Range, RangeFrom};
use std::sync::LazyLock;

use super::confirmation::{FALSE_CHANGE, FALSE_GREEN, FALSE_IMPROVED, confirms, goes_on, size};
use super::judgement::{Again, Judgement, TAIL, distribution, interval, interval_with, percent, unseen};
use super::policy::Limits;
use crate::model::{Interval, Verdict};
use crate::stats::{Bets, Rng, TrimmedMean, robust_spread, t_quantile, trimmed_mean};

/// Chance per suite that a row of tolerated code comes under suspicion, shared among its rows (Bonferroni).
const FALSE_SUSPICION: f64 = 0.01;
/// Numbers of pairs at which a row may turn green: a third more each time.
const LOOKS: [usize; 15] = [8, 11, 15, 20, 27, 36, 48, 64, 86, 115, 153, 204, 272, 363, 484];
/// Most pairs of a trial before its confirmation.
pub const MOST_PAIRS: usize = LOOKS[LOOKS.len() - 1];
/// Pairs after which nobody waits any longer for the proof of an improvement.
const PATIENCE_FOR_IMPROVED: usize = 48;
/// Fewest pairs of a confirmation.
const CONFIRMATION: usize = 24;
/// Chance on each side that an interval from the second sample leaves. That sample ends where it shows a slowdown, and
/// with 0.025 a side 93 to 94.5 of 100 intervals cover the truth, in replays of recorded pairs.
const SECOND_TAIL: f64 = 0.02;
/// What the slowest tenth of samples is tolerated and limited by, as multiples of the row's `max-regression`: it is far
/// noisier than the typical sample, and moves with it.
const TAIL_TOLERATED: f64 = 2.0;
const TAIL_LIMIT: f64 = 4.0;
/// Chance per suite of a false `tail-regressed`.
const FALSE_TAIL: f64 = 0.0001;
/// Pairs of a tail's second sample.
const TAIL_CONFIRMATION: usize = 40;
/// Spread of a pair that the first bets are sized by.
const FIRST_SPREAD: f64 = 0.03;
/// Values from which the spread is learnt; before that [`FIRST_SPREAD`] holds.
const LEARNT_FROM: usize = 4;
/// Smallest spread that bets are sized by: clocks are not finer.
const LEAST_SPREAD: f64 = 1e-4;

/// t quantiles at the looks: for the claim of green, and for the exclusion of zero.
static QUANTILES: LazyLock<Vec<(usize, f64, f64)>> = LazyLock::new(|| {
    let at = |n: usize, tail: f64| t_quantile(1.0 - tail, (n - 2 * (n / 5) - 1) as f64);
    let green = FALSE_GREEN / LOOKS.len() as f64;
    LOOKS.iter().map(|&n| (n, at(n, green), at(n, FALSE_CHANGE))).collect()
});

/// What one process pair says of one benchmark: natural logarithms of head over base.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Of the lower quartiles of the samples: how fast it usually is.
    pub typical: f64,
    /// Of the 90th percentiles: how slow it is when it is slow.
    pub tail: f64,
}

/// What a trial needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// More pairs.
    Open,
    /// Pairs that confirm a suspicion or lift it: later ones, in new layouts.
    Suspected,
    /// Nothing.
    Decided,
}

/// The pairs of one benchmark and what they have shown so far.
#[derive(Clone, Debug)]
pub struct Trial {
    limits: Limits,
    rows: usize,
    cap: usize,
    pairs: Vec<f64>,
    tails: Vec<f64>,
    slower: Bets,
    faster: Bets,
    confirmation: Option<Confirmation>,
    verdict: Option<Verdict>,
    tail: Option<Confirmation>,
    tail_regressed: bool,
}

/// The second sample of a row under suspicion. Its size, and those of its later looks, are fixed before it is drawn.
#[derive(Clone, Debug)]
struct Confirmation {
    size: usize,
    /// How often it was looked at.
    looks: usize,
    pairs: Vec<f64>,
}

impl Confirmation {
    fn of(size: usize) -> Self {
        Self { size, looks: 0, pairs: Vec::new() }
    }

    fn is_full(&self) -> bool {
        self.pairs.len() >= self.size
    }
}

impl Trial {
    /// A trial under `limits`; `rows` is the number of rows that share the chances of a suite, fixed before measuring.
    pub fn new(limits: Limits, rows: usize) -> Self {
        Self {
            limits,
            rows: rows.max(1),
            cap: MOST_PAIRS,
            pairs: Vec::new(),
            tails: Vec::new(),
            slower: Bets::default(),
            faster: Bets::default(),
            confirmation: None,
            verdict: None,
            tail: None,
            tail_regressed: false,
        }
    }

    /// Lets its first sample end as it stands after so many pairs, and bounds the second. What was already taken stays.
    pub fn cap(&mut self, pairs: usize) {
        self.cap = pairs.min(MOST_PAIRS);
    }

    /// What is needed next.
    pub fn stage(&self) -> Stage {
        match (&self.verdict, &self.confirmation, &self.tail) {
            (Some(_), _, Some(tail)) if !tail.is_full() => Stage::Suspected,
            (Some(_), ..) => Stage::Decided,
            (None, Some(_), _) => Stage::Suspected,
            (None, None, _) => Stage::Open,
        }
    }

    /// How many pairs it is likely to need yet: as many as is `usual` for a first sample, and of one that took these, as many
    /// again as it has had.
    pub fn likely_left(&self, usual: usize) -> usize {
        let left = |sample: &Confirmation| sample.size.saturating_sub(sample.pairs.len());
        match (&self.verdict, &self.confirmation, &self.tail) {
            (Some(_), _, tail) => tail.as_ref().map_or(0, left),
            (None, Some(confirmation), _) => left(confirmation),
            (None, None, _) => match self.pairs.len() {
                had if had < usual.min(self.cap) => usual.min(self.cap) - had,
                had => self.cap.saturating_sub(had).min(had).max(1),
            },
        }
    }

    /// Takes the next pair. What is no number, and what comes after the verdict, is not taken.
    pub fn push(&mut self, pair: Pair) {
        if !pair.typical.is_finite() || !pair.tail.is_finite() {
            return;
        }
        match (&mut self.verdict, &mut self.confirmation, &mut self.tail) {
            (Some(_), _, Some(tail)) if !tail.is_full() => {
                tail.pairs.push(pair.tail);
                if tail.is_full() {
                    self.tail_regressed = self.tail_confirmed();
                }
            }
            (Some(_), ..) => {}
            (None, Some(confirmation), _) => {
                confirmation.pairs.push(pair.typical);
                if confirmation.is_full() {
                    self.look_again();
                }
            }
            (None, None, _) => {
                let learnt = if self.pairs.len() < LEARNT_FROM { None } else { robust_spread(&self.pairs) };
                let spread = learnt.unwrap_or(FIRST_SPREAD).max(LEAST_SPREAD);
                let tolerate = self.tolerate();
                self.slower.place(pair.typical - tolerate, spread);
                self.faster.place(-pair.typical - tolerate, spread);
                self.pairs.push(pair.typical);
                self.tails.push(pair.tail);
                self.look();
                if self.verdict.is_some() && self.tail_stands_out() {
                    self.tail = Some(Confirmation::of(TAIL_CONFIRMATION));
                }
            }
        }
    }

    /// Ends the trial as it stands: no more pairs will come.
    pub fn close(&mut self) {
        if self.verdict.is_none() {
            self.verdict = Some(if self.confirmation.is_some() { Verdict::Inconclusive } else { self.at_the_end() });
        }
    }

    /// The verdict; `inconclusive` as long as there is none.
    pub fn verdict(&self) -> Verdict {
        self.verdict.unwrap_or(Verdict::Inconclusive)
    }

    /// The number of pairs taken.
    pub fn pairs(&self) -> usize {
        let second = |sample: &Option<Confirmation>| sample.as_ref().map_or(0, |sample| sample.pairs.len());
        self.pairs.len() + second(&self.confirmation) + second(&self.tail)
    }

    /// The standard deviation of a pair, as the first sample shows it; `None` for too few pairs.
    pub fn spread(&self) -> Option<f64> {
        Some(trimmed_mean(&self.pairs)?.spread(self.pairs.len()))
    }

    /// The smallest slowdown that a trial with pairs of this spread comes to suspect at last, as
    /// [`Judgement::smallest_visible_change`] has it.
    pub fn visible_at_best(limits: Limits, rows: usize, spread: f64) -> Option<f64> {
        // A draw that no other seed makes different: what it says must not change from run to run.
        let mut rng = Rng::new(1);
        let mut trial = Self::new(limits, rows);
        trial.pairs = (0..MOST_PAIRS).map(|_| spread * rng.normal()).collect();
        trial.smallest_visible_change()
    }

    /// The pairs of the first sample, `ln(head / base)` of the lower quartiles.
    pub fn first_sample(&self) -> &[f64] {
        &self.pairs
    }

    fn tolerate(&self) -> f64 {
        self.limits.tolerate.ln_1p()
    }

    fn limit(&self) -> f64 {
        self.limits.max_regression.ln_1p()
    }

    fn middle(&self) -> f64 {
        self.limits.middle()
    }

    fn share(&self, chance: f64) -> f64 {
        (self.rows as f64 / chance).ln()
    }

    fn look(&mut self) {
        let n = self.pairs.len();
        if n < LOOKS[0].min(self.cap) {
            return;
        }
        let slower = self.slower.proof() >= self.share(FALSE_SUSPICION);
        let faster = self.faster.proof() >= self.share(FALSE_IMPROVED);
        let quantiles = QUANTILES.iter().find(|(look, ..)| *look == n);
        if !slower && !faster && quantiles.is_none() && n < self.cap {
            return;
        }
        let Some(estimate) = trimmed_mean(&self.pairs) else {
            if n >= self.cap {
                self.verdict = Some(Verdict::Inconclusive);
            }
            return;
        };
        let m = estimate.mean;
        if slower && m >= self.middle() {
            let size = size(&estimate, estimate.spread(n), self.limits);
            self.confirmation = Some(Confirmation::of(size.clamp(CONFIRMATION, self.cap.max(CONFIRMATION))));
            return;
        }
        if faster && m <= -self.middle() {
            self.verdict = Some(Verdict::Improved);
            return;
        }
        if let Some(&(_, green, zero)) = quantiles {
            self.verdict = self.green(&estimate, green, zero);
        }
        if self.verdict.is_none() && n >= self.cap {
            self.verdict = Some(self.at_the_end());
        }
    }

    /// Whether the pairs so far settle that the row is green; `None` where more can still change what is said of it.
    fn green(&self, estimate: &TrimmedMean, green: f64, zero: f64) -> Option<Verdict> {
        let (m, error) = (estimate.mean, estimate.standard_error);
        let below = self.limit() - m > green * error && m < self.middle();
        let above = self.limit() + m > green * error && m > -self.middle();
        if !below {
            return None;
        }
        if m.abs() <= zero * error {
            return above.then_some(Verdict::Unchanged);
        }
        // Something changed, and it is no regression. The proof of an improvement gets its time.
        let wait = m <= -self.middle() && self.pairs.len() < PATIENCE_FOR_IMPROVED;
        (!wait).then_some(Verdict::WithinLimit)
    }

    fn at_the_end(&self) -> Verdict {
        let Some(estimate) = trimmed_mean(&self.pairs) else { return Verdict::Inconclusive };
        let green = t_quantile(1.0 - FALSE_GREEN / LOOKS.len() as f64, estimate.degrees);
        let zero = t_quantile(1.0 - FALSE_CHANGE, estimate.degrees);
        match self.green(&estimate, green, zero) {
            Some(verdict) => verdict,
            None if self.limit() - estimate.mean > green * estimate.standard_error && estimate.mean < self.middle() => {
                Verdict::WithinLimit
            }
            None => Verdict::Inconclusive,
        }
    }

    /// A look at the second sample, each time it is full.
    fn look_again(&mut self) {
        let Some(sample) = &mut self.confirmation else { return };
        sample.looks += 1;
        let estimate = trimmed_mean(&sample.pairs);
        let room = sample.size < self.cap;
        if room && estimate.is_some_and(|estimate| goes_on(&estimate, sample.looks, self.limits)) {
            sample.size *= 2;
            return;
        }
        let confirmed = estimate.is_some_and(|estimate| confirms(&estimate, self.limits));
        self.verdict = Some(if confirmed { Verdict::Regressed } else { Verdict::Inconclusive });
    }

    /// The pairs that the estimate comes from: where there is a second sample that one alone, since the first was stopped
    /// when it looked worst.
    fn sample(&self) -> &[f64] {
        self.second_sample().unwrap_or(&self.pairs)
    }

    /// The second sample, once it was looked at.
    fn second_sample(&self) -> Option<&[f64]> {
        self.confirmation.as_ref().filter(|second| second.looks > 0).map(|second| &*second.pairs)
    }

    /// Which of its pairs the estimated change comes from.
    pub fn told(&self) -> Range<usize> {
        let first = self.pairs.len();
        self.second_sample().map_or(0..first, |second| first..first + second.len())
    }

    /// Which of its pairs are those of the tail alone.
    pub fn told_of_tail(&self) -> RangeFrom<usize> {
        self.pairs.len()..
    }

    /// The estimated change, a plain ratio; `None` for too few pairs.
    pub fn change(&self) -> Option<f64> {
        Some(trimmed_mean(self.sample())?.mean.exp_m1())
    }

    /// The 95 % interval of the change, plain ratios.
    pub fn interval(&self) -> Option<Interval> {
        let tail = if self.second_sample().is_some() { SECOND_TAIL } else { TAIL };
        Some(interval_with(&trimmed_mean(self.sample())?, tail))
    }

    /// What it is judged by.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What the slowest tenth is judged by.
    pub fn tail_limits(&self) -> Limits {
        let limit = self.limits.max_regression;
        Limits { tolerate: TAIL_TOLERATED * limit, max_regression: TAIL_LIMIT * limit, max: None }
    }

    /// Whether the slow samples of the first sample are worth a second look. Proves nothing.
    fn tail_stands_out(&self) -> bool {
        let estimate = trimmed_mean(&self.tails);
        self.verdict != Some(Verdict::Regressed)
            && estimate.is_some_and(|estimate| estimate.mean >= self.tail_limits().middle())
    }

    /// Slow samples of the second sample: by bets, since these are noisier than any distribution foresees. Untrimmed but
    /// for what one value can do to a bet.
    fn tail_confirmed(&self) -> bool {
        let Some(tail) = &self.tail else { return false };
        let limits = self.tail_limits();
        let (Some(spread), Some(estimate)) = (robust_spread(&self.tails), trimmed_mean(&tail.pairs)) else {
            return false;
        };
        let mut bets = Bets::default();
        for value in &tail.pairs {
            bets.place(value - limits.tolerate.ln_1p(), spread.max(LEAST_SPREAD));
        }
        bets.proof() >= self.share(FALSE_TAIL) && estimate.mean >= limits.middle()
    }

    /// What stands of the tail, where it regressed: from its second sample alone.
    pub fn tail_judgement(&self) -> Option<Judgement> {
        let tail = self.tail.as_ref().filter(|_| self.tail_regressed)?;
        let estimate = trimmed_mean(&tail.pairs)?;
        Some(Judgement {
            verdict: Verdict::TailRegressed,
            change: Some(estimate.mean.exp_m1()),
            interval: Some(interval(&estimate)),
            smallest_visible_change: None,
            reason: format!("its slowest tenth is slower than the tolerated {}", percent(self.tail_limits().tolerate)),
            again: Some(Again::of(&tail.pairs)),
            distribution: distribution(&tail.pairs),
        })
    }

    /// What stands, with the numbers behind it.
    pub fn judgement(&self) -> Judgement {
        let verdict = self.verdict();
        let sample = self.sample();
        let Some(change) = self.change() else {
            return Judgement::too_few(self.pairs());
        };
        let visible = self.smallest_visible_change();
        let reason = match verdict {
            Verdict::Regressed => format!("slower than the tolerated {}", percent(self.limits.tolerate)),
            Verdict::Improved => "faster".to_owned(),
            Verdict::Unchanged => format!("any change is smaller than {}", percent(self.limits.max_regression)),
            Verdict::WithinLimit => format!("no slowdown of {} or more", percent(self.limits.max_regression)),
            _ => match &self.confirmation {
                Some(second) if !second.is_full() => {
                    let (had, of) = (second.pairs.len(), second.size);
                    format!(
                        "looked slower; measuring ended before that could be confirmed, after {had} of {of} pairs more"
                    )
                }
                Some(_) => "looked slower, and did not when it was measured again".to_owned(),
                None => unseen(visible),
            },
        };
        Judgement {
            verdict,
            change: Some(change),
            interval: self.interval(),
            smallest_visible_change: visible,
            reason,
            again: (verdict == Verdict::Regressed).then(|| Again::of(sample)),
            distribution: distribution(sample),
        }
    }

    /// The smallest slowdown that would have come under suspicion with pairs spread like these: these very pairs, moved
    /// up, and gone through again until the cap where the trial ended before it.
    fn smallest_visible_change(&self) -> Option<f64> {
        let centre = trimmed_mean(&self.pairs)?.mean;
        let needed = self.share(FALSE_SUSPICION);
        let spread = robust_spread(&self.pairs).unwrap_or(FIRST_SPREAD).max(LEAST_SPREAD);
        let seen = |change: f64| {
            let mut bets = Bets::default();
            for ratio in self.pairs.iter().cycle().take(self.cap) {
                bets.place(ratio - centre + change - self.tolerate(), spread);
            }
            bets.proof() >= needed
        };
        let mut high = self.middle();
        if seen(high) {
            return Some(high.exp_m1());
        }
        // A stake can no more than double: too few pairs prove nothing, however large the change.
        while !seen(high) {
            high *= 2.0;
            if high > 100.0 {
                return None;
            }
        }
        let mut low = high / 2.0;
        while high - low > 1e-5 * high {
            let between = 0.5 * (low + high);
            if seen(between) { high = between } else { low = between }
        }
        Some(high.exp_m1())
    }
}
