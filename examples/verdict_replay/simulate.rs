//! Running a rule many times, on all cores, with random numbers that depend on the seed alone.

use std::sync::atomic::{AtomicU64, Ordering};

use cargo_perfgate::model::Verdict;
use cargo_perfgate::stats::Rng;

use super::rules::{Outcome, Rule};
use super::source::Source;

/// How much to simulate.
pub struct Plan {
    pub suites: u64,
    pub comparisons: u64,
    pub rows: usize,
    pub seed: u64,
    pub threads: usize,
}

/// Work is handed out in parts of this many suites or comparisons. Each has random numbers of its own, so that who
/// does it makes no difference.
const PART: u64 = 50;

/// What many comparisons with one true change gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub suites: u64,
    pub suites_with_red: u64,
    pub comparisons: u64,
    pub red: u64,
    pub improved: u64,
    pub inconclusive: u64,
    pub pairs: u64,
    /// The sum of the estimated changes.
    pub estimated: f64,
    pub with_interval: u64,
    pub covered: u64,
}

impl Tally {
    fn take(&mut self, outcome: &Outcome, truth: f64) {
        self.comparisons += 1;
        self.red += u64::from(outcome.verdict == Verdict::Regressed);
        self.improved += u64::from(outcome.verdict == Verdict::Improved);
        self.inconclusive += u64::from(outcome.verdict == Verdict::Inconclusive);
        self.pairs += outcome.pairs as u64;
        self.estimated += outcome.change.unwrap_or_default();
        if let Some([low, high]) = outcome.interval {
            self.with_interval += 1;
            self.covered += u64::from((low..=high).contains(&truth));
        }
    }

    fn add(&mut self, other: &Self) {
        self.suites += other.suites;
        self.suites_with_red += other.suites_with_red;
        self.comparisons += other.comparisons;
        self.red += other.red;
        self.improved += other.improved;
        self.inconclusive += other.inconclusive;
        self.pairs += other.pairs;
        self.estimated += other.estimated;
        self.with_interval += other.with_interval;
        self.covered += other.covered;
    }
}

/// Everything that is asked of one rule on one source.
pub struct Results {
    /// Suites without any change.
    pub none: Tally,
    /// Suites in which all benchmarks changed by what is tolerated.
    pub tolerated: Tally,
    /// +3, +5 and +10 %.
    pub power: [Tally; 3],
    /// −10 %.
    pub faster: Tally,
    /// Comparisons whose true change is what an unchanged one called the smallest visible change.
    pub at_visible: Tally,
}

pub fn all(plan: &Plan, source: &Source, rule: &dyn Rule) -> Results {
    let suites =
        |change, salt| parts(plan, plan.suites, salt, &|rng, tally| suite(plan, source, rule, change, rng, tally));
    let single = |change: f64, salt| {
        parts(plan, plan.comparisons, salt, &|rng, tally| {
            let row = rng.next_u64();
            tally.take(&compare(source, rule, row, change, rng), change);
        })
    };
    let at_visible = parts(plan, plan.comparisons, 7, &|rng, tally| {
        let row = rng.next_u64();
        if let Some(change) = compare(source, rule, row, 0.0, rng).smallest_visible_change {
            tally.take(&compare(source, rule, row, change, rng), change);
        }
    });
    Results {
        none: suites(0.0, 1),
        tolerated: suites(0.02, 2),
        power: [single(0.03, 3), single(0.05, 4), single(0.1, 5)],
        faster: single(-0.1, 6),
        at_visible,
    }
}

fn suite(plan: &Plan, source: &Source, rule: &dyn Rule, change: f64, rng: &mut Rng, tally: &mut Tally) {
    let before = tally.red;
    for row in 0..plan.rows as u64 {
        tally.take(&compare(source, rule, row, change, rng), change);
    }
    tally.suites += 1;
    tally.suites_with_red += u64::from(tally.red > before);
}

fn compare(source: &Source, rule: &dyn Rule, row: u64, change: f64, rng: &mut Rng) -> Outcome {
    let shift = change.ln_1p();
    let mut stream = source.stream(row, rng);
    rule.run(&mut || stream() + shift)
}

/// `count` repetitions of `one`, in parts over all threads.
fn parts(plan: &Plan, count: u64, salt: u64, one: &(dyn Fn(&mut Rng, &mut Tally) + Sync)) -> Tally {
    let next = AtomicU64::new(0);
    let work = || {
        let mut tallies = Vec::new();
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part * PART >= count {
                return tallies;
            }
            let mut tally = Tally::default();
            // A generator seeds the parts' generators: neighbouring seeds would give overlapping numbers.
            let mut rng = Rng::new(plan.seed ^ salt.rotate_left(56) ^ part.rotate_left(20));
            let mut rng = Rng::new(rng.next_u64() ^ rng.next_u64().rotate_left(31));
            for _ in part * PART..count.min((part + 1) * PART) {
                one(&mut rng, &mut tally);
            }
            tallies.push((part, tally));
        }
    };
    let mut tallies: Vec<(u64, Tally)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..plan.threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a rule does not panic")).collect()
    });
    // Sums of fractions depend on their order.
    tallies.sort_by_key(|(part, _)| *part);
    let mut sum = Tally::default();
    tallies.iter().for_each(|(_, tally)| sum.add(tally));
    sum
}
