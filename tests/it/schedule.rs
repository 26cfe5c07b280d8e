//! Which benchmark is measured when: the scheduler over a bench that answers from a script, and a clock that stands
//! still or jumps. No process is started and no time is taken.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use cargo_perfgate::flow::{Estimate, Measured, Planned, Progress, Schedule, Scheduled, Verdictless, schedule};
use cargo_perfgate::gate::{Limits, MOST_PAIRS};
use cargo_perfgate::harness::{Bench, Failure, FailureKind, HarnessError, Request, Sample, Sides, Slice, SliceResult};
use cargo_perfgate::model::{BenchmarkId, Controls, Side, Verdict};

/// What was asked: executable, names, round, sides.
type Asked = (usize, Vec<String>, usize, Sides);

/// Answers by a function of name and round, and remembers what it was asked.
struct Script<F> {
    answer: F,
    asked: Vec<Asked>,
}

impl<F: FnMut(&str, usize) -> SliceResult> Bench for Script<F> {
    fn measure(&mut self, request: &Request<'_>) -> Result<Vec<Slice>, HarnessError> {
        self.asked.push((request.executable, request.names.to_vec(), request.round, request.sides));
        let slice = |name: &String| Slice { name: name.clone(), result: (self.answer)(name, request.round) };
        Ok(request.names.iter().map(slice).collect())
    }
}

/// Every message, as numbers.
#[derive(Default)]
struct Told {
    measuring: Vec<(usize, usize, Duration)>,
    pairs: BTreeMap<String, usize>,
    decided: Vec<String>,
    over: usize,
}

impl Progress for Told {
    fn measuring(&mut self, decided: usize, benchmarks: usize, remaining: Duration) {
        assert_eq!(self.over, 0, "nothing is told after the end");
        self.measuring.push((decided, benchmarks, remaining));
    }

    fn pair(&mut self, id: &BenchmarkId, _: f64, _: f64) {
        *self.pairs.entry(id.name.clone()).or_default() += 1;
    }

    fn decided(&mut self, id: &BenchmarkId, _: Duration) {
        self.decided.push(id.name.clone());
    }

    fn measured(&mut self) {
        self.over += 1;
    }
}

struct Done {
    result: Scheduled,
    asked: Vec<Asked>,
    told: Told,
}

impl Done {
    /// How often `name` was asked for, but for comparisons of base with itself.
    fn times(&self, name: &str) -> usize {
        let of_head = self.asked.iter().filter(|(.., sides)| *sides != Sides::BaseTwice);
        of_head.filter(|(_, names, ..)| names.iter().any(|asked| asked == name)).count()
    }

    fn first(&self) -> &[Measured] {
        &self.result.measured[0]
    }

    fn verdict(&self, i: usize) -> Verdict {
        self.first()[i].trial.as_ref().unwrap().verdict()
    }
}

fn plan(names: &[&[&str]], sides: Sides) -> Schedule {
    let planned = |executable: usize, name: &str| Planned {
        id: BenchmarkId::new("package", format!("target{executable}"), name),
        limits: Limits::new(0.05),
        accepted: None,
        proved: false,
    };
    let list = |(executable, names): (usize, &&[&str])| names.iter().map(|name| planned(executable, name)).collect();
    Schedule {
        benchmarks: names.iter().enumerate().map(list).collect(),
        sides,
        rows: names.iter().map(|names| names.len()).sum(),
        budget: None,
        pairs: None,
        suite: Some(Limits::new(0.02)),
        unchanged: 0,
        seed: 7,
    }
}

fn run(names: &[&[&str]], sides: Sides, answer: impl FnMut(&str, usize) -> SliceResult) -> Done {
    carry_out(&plan(names, sides), Duration::from_millis(1), answer)
}

/// `tick` passes at each look at the clock.
fn carry_out(plan: &Schedule, tick: Duration, answer: impl FnMut(&str, usize) -> SliceResult) -> Done {
    let mut bench = Script { answer, asked: Vec::new() };
    let mut told = Told::default();
    let mut time = Duration::ZERO;
    let mut now = || {
        time += tick;
        time
    };
    let result = schedule(plan, &mut bench, &mut now, &mut told).unwrap();
    assert_eq!(told.over, 1);
    Done { result, asked: bench.asked, told }
}

fn sample(times: &[f64], milliseconds: u64) -> Sample {
    Sample {
        times: times.to_vec(),
        cost: Duration::from_millis(milliseconds),
        fixes_time: false,
        threads: false,
        other_unit: None,
    }
}

/// Base 100 ns, head `head` ns, both `milliseconds` long.
fn pair(head: f64, milliseconds: u64) -> SliceResult {
    SliceResult::Measured { base: Some(sample(&[100.0], milliseconds)), head: sample(&[head], milliseconds) }
}

fn crash(side: Side) -> Failure {
    Failure { side, kind: FailureKind::Crashed, detail: "signal 6".into() }
}

/// Eight pairs are the first look.
#[test]
fn equal_code_is_done_at_the_first_look() {
    let done = run(&[&["a"]], Sides::Both, |_, _| pair(100.0, 20));
    let a = &done.first()[0];
    assert_eq!((a.head.len(), a.base.len(), &a.ended_by, a.fixes_time), (8, 8, &None, false));
    assert_eq!(done.verdict(0), Verdict::Unchanged);
    let rounds: Vec<usize> = done.asked.iter().map(|(_, _, round, _)| *round).collect();
    assert_eq!(rounds[..8], (0..8).collect::<Vec<_>>(), "the number of the round balances the sides: each comes once");
    assert_eq!((done.told.pairs["a"], &done.told.decided[..]), (8, &["a".to_owned()][..]));
}

#[test]
fn each_process_counts_by_the_lower_quartile_of_its_samples() {
    let slice = |_: &str, _| SliceResult::Measured {
        base: Some(sample(&[900.0, 40.0, 20.0, 10.0, 30.0], 20)),
        head: sample(&[f64::NAN, 60.0, 30.0, f64::INFINITY, 40.0, 50.0, 1e9], 20),
    };
    let a = &run(&[&["a"]], Sides::Both, slice).result.measured[0][0];
    // Of 10 20 30 40 900 the second, of 30 40 50 60 1e9 too: what is no number is no sample.
    assert_eq!((a.base[0].typical, a.head[0].typical), (20.0, 40.0));
    // The 90th percentile lies at rank 3.6 of 0 to 4: 40 + 0.6 * 860.
    assert!((a.base[0].tail - 556.0).abs() < 1e-9);
    assert_eq!(a.trial.as_ref().unwrap().first_sample()[0], 2.0_f64.ln());
}

/// A pair that is no number would not be taken, and the benchmark measured for ever.
#[test]
fn the_most_distant_times_are_a_pair() {
    let of = |time: f64| Estimate::of(&[time; 10]).unwrap();
    let pair = of(1e300).against(of(1e-300));
    assert!((pair.typical - 600.0 * 10_f64.ln()).abs() < 1e-9 && pair.tail == pair.typical, "{pair:?}");
    assert_eq!(of(1e-300).against(of(1e300)).typical, -pair.typical);
    assert_eq!(Estimate::of(&[-f64::MAX, f64::MAX]), None);
}

/// What is suspected is measured again when all else is done.
#[test]
fn a_regression_is_confirmed_on_pairs_of_its_own_after_all_others() {
    let done = run(&[&["slow", "noisy"], &["other"]], Sides::Both, |name, round| match name {
        "slow" => pair(150.0, 20),
        // Ten per cent up and down: it takes longest.
        "noisy" => pair(if round % 2 == 0 { 110.0 } else { 91.0 }, 20),
        _ => pair(100.0, 20),
    });
    assert_eq!((done.verdict(0), done.verdict(1)), (Verdict::Regressed, Verdict::Unchanged));
    let last_noisy =
        done.asked.iter().rposition(|(_, names, _, sides)| *sides == Sides::Both && names.iter().any(|n| n == "noisy"));
    let alone: Vec<usize> =
        (0..done.asked.len()).filter(|i| done.asked[*i].1 == ["slow"] && done.asked[*i].3 == Sides::Both).collect();
    assert_eq!(alone.len(), 24, "the pairs of the confirmation");
    assert!(alone.iter().all(|i| *i > last_noisy.unwrap()));
    assert_eq!(done.told.pairs["slow"], done.first()[0].trial.as_ref().unwrap().pairs());
}

#[test]
fn what_was_slow_only_at_first_is_inconclusive() {
    let mut slow = 0;
    let done = run(&[&["a"]], Sides::Both, |_, _| {
        slow += 1;
        pair(if slow <= 15 { 150.0 } else { 100.0 }, 20)
    });
    assert_eq!(done.verdict(0), Verdict::Inconclusive);
}

/// Thirty pairs prove a slowdown in a suite of any size; more would cost more than a minute here.
#[test]
fn a_long_benchmark_ends_after_thirty_pairs() {
    let wild = |round: usize| if round.is_multiple_of(2) { 300.0 } else { 33.0 };
    let done = run(&[&["long", "short"]], Sides::Both, |name, round| match name {
        "long" => pair(wild(round), 5_000),
        _ => pair(wild(round), 20),
    });
    assert_eq!((done.first()[0].head.len(), done.verdict(0)), (30, Verdict::Inconclusive));
    assert_eq!((done.first()[1].head.len(), done.verdict(1)), (MOST_PAIRS, Verdict::Inconclusive));
}

#[test]
fn a_long_benchmark_can_be_red() {
    let done = run(&[&["long"]], Sides::Both, |_, _| pair(150.0, 10_000));
    assert_eq!(done.verdict(0), Verdict::Regressed);
}

#[test]
fn the_finished_are_not_asked_again_and_executables_take_turns() {
    let done = run(&[&["noisy", "calm"], &["other"]], Sides::Both, |name, round| match name {
        "noisy" => pair(if round % 2 == 0 { 106.0 } else { 94.4 }, 20),
        _ => pair(100.0, 20),
    });
    assert!(done.times("noisy") > 8);
    assert_eq!((done.times("calm"), done.times("other")), (8, 8));
    let order: Vec<(usize, usize)> = done.asked.iter().map(|(exe, _, round, _)| (*round, *exe)).collect();
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn a_budget_ends_measuring_and_what_is_open_then_is_inconclusive() {
    let noisy = |round: usize| pair(if round.is_multiple_of(2) { 150.0 } else { 66.7 }, 20);
    let plan = Schedule { budget: Some(Duration::from_secs(60)), ..plan(&[&["noisy", "calm"]], Sides::Both) };
    // A second a look at the clock, three looks a round: some twenty rounds.
    let done = carry_out(&plan, Duration::from_secs(1), |name, round| match name {
        "noisy" => noisy(round),
        _ => pair(100.0, 20),
    });
    assert_eq!((done.verdict(0), done.verdict(1)), (Verdict::Inconclusive, Verdict::Unchanged));
    assert!((8..25).contains(&done.times("noisy")), "{}", done.times("noisy"));
}

/// What looked slower and could not be measured again did not turn out to be fast.
#[test]
fn a_budget_that_ends_a_confirmation_is_no_denial() {
    let plan = Schedule { budget: Some(Duration::from_secs(60)), ..plan(&[&["slow"]], Sides::Both) };
    let done = carry_out(&plan, Duration::from_secs(1), |_, round| pair(500.0 + (round % 3) as f64, 20));
    let judgement = done.first()[0].trial.as_ref().unwrap().judgement();
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    let expected = "looked slower; measuring ended before that could be confirmed, after ";
    assert!(
        judgement.reason.starts_with(expected) && judgement.reason.ends_with(" pairs more"),
        "{}",
        judgement.reason
    );
}

/// A round of benchmarks that all fix their time: the budget ends within it, and what was not reached is said to be left
/// out.
#[test]
fn a_budget_ends_within_a_round_that_takes_too_long() {
    struct Slow {
        clock: Rc<Cell<Duration>>,
        left: Vec<Option<Duration>>,
    }
    impl Bench for Slow {
        fn measure(&mut self, request: &Request<'_>) -> Result<Vec<Slice>, HarnessError> {
            self.left.push(request.left);
            let end = self.clock.get() + request.left.unwrap();
            let slice = |name: &String| {
                if self.clock.get() >= end {
                    return Slice { name: name.clone(), result: SliceResult::NotReached };
                }
                self.clock.set(self.clock.get() + Duration::from_secs(7));
                Slice { name: name.clone(), result: pair(100.0, 3_500) }
            };
            Ok(request.names.iter().map(slice).collect())
        }
    }
    let names: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let plan = Schedule { budget: Some(Duration::from_secs(30)), ..plan(&[&names], Sides::Both) };
    let clock = Rc::new(Cell::new(Duration::ZERO));
    let mut bench = Slow { clock: clock.clone(), left: Vec::new() };
    let done = schedule(&plan, &mut bench, &mut || clock.get(), &mut Told::default()).unwrap();
    // Five of seven seconds each are begun within thirty.
    assert_eq!(bench.left, [Some(Duration::from_secs(30))]);
    let seen = done.measured[0].iter().filter(|measured| !measured.head.is_empty()).count();
    assert_eq!(seen, 5);
    let left_out = |measured: &&Measured| measured.ended_by == Some(Verdictless::NoRoom);
    assert_eq!(done.measured[0].iter().filter(left_out).count(), 95);
}

/// Four hundred benchmarks of two executables, 0.2 s a pair, and a minute: a round of all has no room. Those that fit get
/// their verdicts, and not always the same.
#[test]
fn a_budget_without_room_for_a_round_decides_what_fits() {
    struct Timed(Rc<Cell<Duration>>);
    impl Bench for Timed {
        fn measure(&mut self, request: &Request<'_>) -> Result<Vec<Slice>, HarnessError> {
            // To link and to start.
            self.0.set(self.0.get() + Duration::from_millis(300));
            let slice = |name: &String| {
                self.0.set(self.0.get() + Duration::from_millis(200));
                Slice { name: name.clone(), result: pair(100.0, 100) }
            };
            Ok(request.names.iter().map(slice).collect())
        }
    }
    let names: Vec<String> = (0..200).map(|i| i.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut ever = BTreeSet::new();
    for seed in 0..3 {
        let budget = Some(Duration::from_secs(60));
        let plan = Schedule { budget, seed, ..plan(&[&names, &names], Sides::Both) };
        let clock = Rc::new(Cell::new(Duration::ZERO));
        let done = schedule(&plan, &mut Timed(clock.clone()), &mut || clock.get(), &mut Told::default()).unwrap();
        let all: Vec<&Measured> = done.measured.iter().flatten().collect();
        let decided: Vec<usize> = (0..all.len()).filter(|i| all[*i].ended_by.is_none()).collect();
        // Eight pairs suffice for equal code, and 60 s have room for 300.
        assert!((20..=37).contains(&decided.len()), "{}", decided.len());
        for measured in &all {
            match &measured.ended_by {
                None => assert_eq!(measured.trial.as_ref().unwrap().verdict(), Verdict::Unchanged),
                Some(why) => assert_eq!(*why, Verdictless::NoRoom),
            }
        }
        assert!(clock.get() < Duration::from_secs(75), "{:?}", clock.get());
        ever.extend(decided);
    }
    assert!(ever.len() > 50, "{}", ever.len());
}

/// Ten benchmarks of which two take ten seconds a slice, and a minute for all: the eight get their verdicts, and of the
/// two at most one begins; another one next time.
#[test]
fn a_budget_leaves_out_what_is_too_long_for_it_and_not_always_the_same() {
    let names = ["0", "1", "2", "3", "4", "5", "6", "7", "long", "longer"];
    let mut left_out = BTreeMap::new();
    for seed in 0..20 {
        let plan = Schedule { budget: Some(Duration::from_secs(150)), seed, ..plan(&[&names], Sides::Both) };
        let done = carry_out(&plan, Duration::from_millis(1), |name, _| {
            pair(100.0, if name.starts_with("long") { 5_000 } else { 20 })
        });
        for (i, name) in names.iter().enumerate() {
            let measured = &done.first()[i];
            match &measured.ended_by {
                None => assert_eq!(done.verdict(i), Verdict::Unchanged),
                Some(Verdictless::NoRoom) => {
                    *left_out.entry(*name).or_insert(0) += 1;
                }
                Some(other) => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(left_out.values().sum::<i32>(), 20, "{left_out:?}");
    assert!(left_out["long"] >= 3 && left_out["longer"] >= 3, "{left_out:?}");
}

/// For traces that other rules are tried on.
#[test]
fn a_fixed_number_of_pairs_is_measured_whatever_they_show() {
    let plan = Schedule { pairs: Some(50), ..plan(&[&["slow", "same"]], Sides::Both) };
    let done =
        carry_out(&plan, Duration::from_millis(1), |name, _| pair(if name == "slow" { 150.0 } else { 100.0 }, 20));
    assert_eq!(done.first().iter().map(|m| m.head.len()).collect::<Vec<_>>(), [50, 50]);
    assert_eq!((done.verdict(0), done.verdict(1)), (Verdict::Regressed, Verdict::Unchanged));
    assert!(done.asked.iter().all(|(.., sides)| *sides == Sides::Both));
}

/// Every benchmark 4 % slower is no regression of any, and one of all.
#[test]
fn a_suite_that_is_slower_as_a_whole_is_measured_again() {
    let names: Vec<String> = (0..10).map(|i| i.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let slower = |name: &str, round: usize| 103.0 + f64::from((name.len() + round) as u32 % 3) * 0.1;
    let done = run(&[&names], Sides::Both, |name, round| pair(slower(name, round), 20));
    assert!((8..=36).contains(&done.result.suite_again.len()), "{}", done.result.suite_again.len());
    assert!(done.result.suite_again.iter().all(|mean| (0.029..0.033).contains(mean)), "{:?}", done.result.suite_again);
    let same = run(&[&names], Sides::Both, |_, _| pair(100.0, 20));
    assert!(same.result.suite_again.is_empty());
}

/// What is known to be unchanged counts for the mean, whether it is timed all the same or not.
#[test]
fn what_is_known_to_be_unchanged_is_measured_for_no_suite() {
    let names = ["0", "1", "2", "3", "4", "5", "6", "drawn"];
    let slower = |name: &str, round: usize| 103.0 + f64::from((name.len() + round) as u32 % 3) * 0.1;
    let go = |unchanged: usize, proved: bool| {
        let mut plan = Schedule { unchanged, ..plan(&[&names], Sides::Both) };
        plan.benchmarks[0][7].proved = proved;
        let again = |name: &str, round: usize| pair(slower(name, round) + if name == "drawn" { 40.0 } else { 0.0 }, 20);
        carry_out(&plan, Duration::from_millis(1), again).result.suite_again
    };
    let mean = |means: &[f64]| means.iter().sum::<f64>() / means.len() as f64;
    // 7 of 103, and one of 143: as logarithms.
    let (with, without) = (mean(&go(0, false)), mean(&go(0, true)));
    assert!((0.070..0.073).contains(&with) && (0.029..0.033).contains(&without), "{with} {without}");
    let among = mean(&go(1, true));
    assert!((among * 8.0 - without * 7.0).abs() < 1e-3, "{among} {without}");
    assert!(go(20, true).is_empty());
}

/// What is accepted of one benchmark makes the suite neither slower nor faster; what exceeds that does.
#[test]
fn an_accepted_regression_is_no_part_of_the_suite() {
    let names = ["slow", "1", "2", "3", "4", "5", "6", "7"];
    let slow = |name: &str| if name == "slow" { 160.0 } else { 100.0 };
    for (accepted, is_accepted) in [(None, false), (Some(0.5), false), (Some(0.7), true)] {
        let mut plan = plan(&[&names], Sides::Both);
        plan.benchmarks[0][0].accepted = accepted;
        // Nothing else of the suite changed, whatever is accepted of it.
        plan.benchmarks[0][1].accepted = accepted;
        let done = carry_out(&plan, Duration::from_millis(1), |name, round| {
            pair(slow(name) + f64::from((name.len() + round) as u32 % 3) * 0.1, 20)
        });
        assert_eq!(done.verdict(0), Verdict::Regressed);
        let all: Vec<bool> = done.first().iter().map(Measured::is_accepted).collect();
        assert_eq!((all[0], all[1..].contains(&true)), (is_accepted, false), "{accepted:?}");
        assert_eq!(done.result.suite_again.is_empty(), is_accepted, "{accepted:?}: {:?}", done.result.suite_again);
    }
}

/// A twentieth of the time, on average: about 40 comparisons for 800 benchmarks.
#[test]
fn base_is_compared_with_itself_now_and_then() {
    let names: Vec<String> = (0..800).map(|i| i.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let done = run(&[&names], Sides::Both, |_, _| pair(100.0, 20));
    let controls = done.result.controls;
    assert!((20..=60).contains(&controls.comparisons), "{controls:?}");
    assert_eq!((controls.regressed, controls.improved), (0, 0));
    let asked = done.asked.iter().filter(|(.., sides)| *sides == Sides::BaseTwice).count();
    assert_eq!(asked, 8);
    // They come last, and change nothing of what was measured.
    let first = done.asked.iter().position(|(.., sides)| *sides == Sides::BaseTwice).unwrap();
    assert!(done.asked[first..].iter().all(|(.., sides)| *sides == Sides::BaseTwice));
    assert!(done.first().iter().all(|measured| measured.head.len() == 8));
    let alone = run(&[&names], Sides::HeadOnly, |_, _| SliceResult::Measured { base: None, head: sample(&[1.0], 1) });
    assert_eq!(alone.result.controls, Controls::default());
}

#[test]
fn a_control_that_looks_slower_is_counted() {
    let names: Vec<String> = (0..400).map(|i| i.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut bench_rounds = 0;
    let done = run(&[&names], Sides::Both, |_, _| {
        bench_rounds += 1;
        // 400 benchmarks of 8 pairs each; what comes after that is base against itself.
        pair(if bench_rounds > 3_200 { 150.0 } else { 100.0 }, 20)
    });
    let controls = done.result.controls;
    assert!(
        controls.comparisons > 0 && controls.regressed == controls.comparisons && controls.failed(),
        "{controls:?}"
    );
}

#[test]
fn a_crash_ends_one_benchmark_and_those_behind_it_are_asked_again_without_it() {
    let done = run(&[&["a", "bad", "b", "c"], &["d"]], Sides::Both, |name, round| match (name, round) {
        ("bad", _) => SliceResult::Failed(crash(Side::Head)),
        // The process of round 0 died with `bad`.
        ("b" | "c", 0) => SliceResult::NotReached,
        _ => pair(100.0, 20),
    });
    let names = |round: usize| -> Vec<&str> {
        let (_, names, ..) = done.asked.iter().find(|(exe, _, asked, _)| *exe == 0 && *asked == round).unwrap();
        names.iter().map(String::as_str).collect()
    };
    assert_eq!(names(0), ["a", "bad", "b", "c"]);
    assert_eq!(names(1), ["a", "b", "c"]);
    // What was missed in round 0 is made up for when `a` has its pairs.
    assert_eq!(names(8), ["b", "c"]);
    assert_eq!(done.times("bad"), 1);
    let [a, bad, b, c] = done.first() else { panic!("four benchmarks") };
    assert_eq!(bad.ended_by, Some(Verdictless::Failed(crash(Side::Head))));
    assert!(bad.head.is_empty());
    for whole in [a, b, c, &done.result.measured[1][0]] {
        assert_eq!((whole.head.len(), &whole.ended_by), (8, &None));
    }
}

#[test]
fn a_crash_after_some_pairs_ends_it_too() {
    for side in [Side::Base, Side::Head] {
        let done = run(&[&["late", "b"]], Sides::Both, |name, round| match (name, round) {
            ("late", 5) => SliceResult::Failed(crash(side)),
            _ => pair(100.0, 20),
        });
        let [late, b] = done.first() else { panic!("two benchmarks") };
        assert_eq!(late.ended_by, Some(Verdictless::Failed(crash(side))));
        assert_eq!((late.head.len(), done.times("late")), (5, 6));
        assert_eq!(b.head.len(), 8);
    }
}

#[test]
fn a_time_out_keeps_its_kind() {
    let failure = Failure { kind: FailureKind::TimedOut, ..crash(Side::Head) };
    let done = run(&[&["a"]], Sides::Both, |_, _| SliceResult::Failed(failure.clone()));
    assert_eq!(done.first()[0].ended_by, Some(Verdictless::Failed(failure)));
}

#[test]
fn many_crashes_in_turn_leave_the_rest_whole() {
    // Each round one more benchmark dies, and takes all behind it along.
    let names: Vec<String> = (0..20).map(|i| format!("{i:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let done = run(&[&names], Sides::Both, |name, round| {
        let number: usize = name.parse().unwrap();
        match number.cmp(&round) {
            std::cmp::Ordering::Equal if number < 10 => SliceResult::Failed(crash(Side::Head)),
            std::cmp::Ordering::Greater if round < 10 => SliceResult::NotReached,
            _ => pair(100.0, 20),
        }
    });
    let all = done.first();
    assert!(all[..10].iter().all(|m| m.ended_by.is_some()));
    assert!(all[10..].iter().all(|m| m.head.len() == 8 && m.ended_by.is_none()));
}

#[test]
fn a_name_that_is_never_answered_ends_after_finite_rounds() {
    let done = run(&[&["never", "b"]], Sides::Both, |name, _| match name {
        "never" => SliceResult::NotReached,
        _ => pair(100.0, 20),
    });
    let [never, b] = done.first() else { panic!("two benchmarks") };
    assert_eq!(done.times("never"), 30);
    assert!(never.head.is_empty() && never.ended_by.is_none());
    assert_eq!(done.verdict(0), Verdict::Inconclusive);
    assert_eq!((b.head.len(), done.times("b")), (8, 8));
}

#[test]
fn a_bench_that_answers_with_too_few_slices_ends_too() {
    struct Mute;
    impl Bench for Mute {
        fn measure(&mut self, _: &Request<'_>) -> Result<Vec<Slice>, HarnessError> {
            Ok(Vec::new())
        }
    }
    for sides in [Sides::Both, Sides::HeadOnly] {
        let plan = plan(&[&["a"]], sides);
        let all = schedule(&plan, &mut Mute, &mut || Duration::ZERO, &mut Told::default()).unwrap();
        assert!(all.measured[0][0].head.is_empty());
    }
}

#[test]
fn another_unit_on_either_side_ends_a_benchmark() {
    let bytes = || Sample { other_unit: Some("B/s".into()), ..sample(&[1.0], 20) };
    for (base, head) in [(bytes(), bytes()), (sample(&[1.0], 20), bytes()), (bytes(), sample(&[1.0], 20))] {
        let slice = |name: &str, _| match name {
            "a" => SliceResult::Measured { base: Some(base.clone()), head: head.clone() },
            _ => pair(100.0, 20),
        };
        let done = run(&[&["a", "b"]], Sides::Both, slice);
        let [a, b] = done.first() else { panic!("two benchmarks") };
        assert_eq!(a.ended_by, Some(Verdictless::OtherUnit("B/s".into())));
        assert!(a.head.is_empty() && a.base.is_empty(), "never called nanoseconds");
        assert_eq!((done.times("a"), b.head.len()), (1, 8));
    }
}

#[test]
fn a_time_that_is_none_is_a_failure_of_its_side() {
    for times in [&[0.0, 0.0, 0.0][..], &[f64::NAN, f64::NAN], &[f64::INFINITY], &[-1.0, -2.0], &[]] {
        for side in [Side::Base, Side::Head] {
            let slice = |_: &str, _| {
                let (base, head) = match side {
                    Side::Base => (times, &[1.0][..]),
                    Side::Head => (&[1.0][..], times),
                };
                SliceResult::Measured { base: Some(sample(base, 20)), head: sample(head, 20) }
            };
            let done = run(&[&["a"]], Sides::Both, slice);
            let a = &done.first()[0];
            let Some(Verdictless::Failed(failure)) = &a.ended_by else { panic!("{side} {times:?}: {a:?}") };
            assert_eq!((failure.side, failure.kind), (side, FailureKind::Crashed));
            assert!(failure.detail.contains("no time"), "{}", failure.detail);
            assert!(a.head.is_empty() && a.base.is_empty());
            assert_eq!(done.times("a"), 1);
        }
    }
}

#[test]
fn head_alone_has_its_processes_and_no_trial() {
    let done = run(&[&["a"]], Sides::HeadOnly, |_, _| SliceResult::Measured { base: None, head: sample(&[7.0], 20) });
    let a = &done.first()[0];
    assert!(a.head.iter().all(|estimate| estimate.typical == 7.0));
    assert_eq!((a.head.len(), a.base.len(), a.trial.is_none()), (20, 0, true));
    assert!(done.asked.iter().all(|(.., sides)| *sides == Sides::HeadOnly));
    assert_eq!(done.told.decided, ["a"]);
}

#[test]
fn code_that_fixes_its_time_is_remembered() {
    let done = run(&[&["a", "b"]], Sides::Both, |name, _| SliceResult::Measured {
        base: Some(sample(&[1.0], 20)),
        head: Sample { fixes_time: name == "a", ..sample(&[1.0], 20) },
    });
    assert_eq!((done.first()[0].fixes_time, done.first()[1].fixes_time), (true, false));
}

#[test]
fn what_is_told_only_rises_and_ends_at_the_end() {
    let done = run(&[&["a", "bad", "b"], &["noisy"]], Sides::Both, |name, round| match (name, round) {
        ("bad", 3) => SliceResult::Failed(crash(Side::Head)),
        ("b", 3) => SliceResult::NotReached,
        ("noisy", _) => pair(if round % 2 == 0 { 106.0 } else { 94.4 }, 900),
        _ => pair(100.0, 20),
    });
    let told = &done.told.measuring;
    let of_head = done.asked.iter().filter(|(.., sides)| *sides == Sides::Both).count();
    assert_eq!(told.len(), of_head, "after every request");
    assert!(told.windows(2).all(|two| two[0].0 <= two[1].0), "{told:?}");
    assert!(told.iter().all(|(decided, benchmarks, _)| decided <= benchmarks && *benchmarks == 4));
    assert_eq!((told.last().unwrap().0, told.last().unwrap().2), (4, Duration::ZERO));
    // Three of 40 ms a pair have ten more of the usual eleven pairs before them; the other's cost is not known yet.
    assert_eq!(told[0], (0, 4, Duration::from_millis(40 * 10 * 3)));
}

#[test]
fn nothing_to_measure_is_measured_at_once() {
    for names in [&[][..], &[&[][..], &[]]] {
        let done = run(names, Sides::Both, |_, _| panic!("nothing may be asked"));
        assert!(done.result.measured.iter().all(Vec::is_empty));
        assert!(done.told.measuring.is_empty());
    }
}

#[test]
fn what_makes_measuring_impossible_ends_everything() {
    struct Broken(usize);
    impl Bench for Broken {
        fn measure(&mut self, request: &Request<'_>) -> Result<Vec<Slice>, HarnessError> {
            self.0 += 1;
            if request.round == 2 {
                return Err(HarnessError::Stopped);
            }
            Ok(request.names.iter().map(|name| Slice { name: name.clone(), result: pair(1.0, 1) }).collect())
        }
    }
    let mut bench = Broken(0);
    let plan = plan(&[&["a"]], Sides::Both);
    let error = schedule(&plan, &mut bench, &mut || Duration::ZERO, &mut Told::default()).unwrap_err();
    assert!(matches!(error, HarnessError::Stopped));
    assert_eq!(bench.0, 3);
}

/// That this ends within the runner's patience is the test: a cost of the square of the number would not.
#[test]
fn ten_thousand_benchmarks_are_scheduled() {
    let names: Vec<Vec<String>> =
        (0..50).map(|executable| (0..200).map(|name| format!("{executable}/{name}")).collect()).collect();
    let names: Vec<Vec<&str>> = names.iter().map(|names| names.iter().map(String::as_str).collect()).collect();
    let names: Vec<&[&str]> = names.iter().map(Vec::as_slice).collect();
    let done = run(&names, Sides::Both, |_, _| pair(100.0, 20));
    assert!(done.result.measured.iter().flatten().all(|m| m.head.len() == 8));
    let mut asked = BTreeMap::<usize, usize>::new();
    for (_, names, round, _) in done.asked.iter().filter(|(.., sides)| *sides == Sides::Both) {
        *asked.entry(*round).or_default() += names.len();
    }
    assert_eq!(asked, (0..8).map(|round| (round, 10_000)).collect());
}
