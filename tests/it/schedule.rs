//! Which benchmark is measured when: the scheduler over a bench that answers from a script, and a clock that stands
//! still or jumps. No process is started and no time is taken.

use std::collections::BTreeMap;
use std::time::Duration;

use cargo_perfgate::flow::{Measured, Progress, Schedule, Verdictless, schedule};
use cargo_perfgate::harness::{Bench, Failure, FailureKind, HarnessError, Request, Sample, Sides, Slice, SliceResult};
use cargo_perfgate::model::Side;

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
    over: usize,
}

impl Progress for Told {
    fn measuring(&mut self, made: usize, planned: usize, remaining: Duration) {
        assert_eq!(self.over, 0, "nothing is told after the end");
        self.measuring.push((made, planned, remaining));
    }

    fn measured(&mut self) {
        self.over += 1;
    }
}

struct Done {
    measured: Vec<Vec<Measured>>,
    asked: Vec<Asked>,
    told: Told,
}

impl Done {
    /// How often `name` was asked for.
    fn times(&self, name: &str) -> usize {
        self.asked.iter().filter(|(_, names, ..)| names.iter().any(|asked| asked == name)).count()
    }
}

fn run(names: &[&[&str]], sides: Sides, answer: impl FnMut(&str, usize) -> SliceResult) -> Done {
    let plan = Schedule {
        names: names.iter().map(|names| names.iter().map(|&name| name.to_owned()).collect()).collect(),
        sides,
    };
    let mut bench = Script { answer, asked: Vec::new() };
    let mut told = Told::default();
    let mut seconds = 0;
    // A second passes at each look.
    let mut now = || {
        seconds += 1;
        Duration::from_secs(seconds)
    };
    let measured = schedule(&plan, &mut bench, &mut now, &mut told).unwrap();
    assert_eq!(told.over, 1);
    Done { measured, asked: bench.asked, told }
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

#[test]
fn a_short_benchmark_gets_thirty_pairs_one_a_round() {
    let done = run(&[&["a"]], Sides::Both, |_, round| pair(100.0 + round as f64, 20));
    let a = &done.measured[0][0];
    let head: Vec<f64> = (0..30).map(|round| 100.0 + f64::from(round)).collect();
    assert_eq!(a.head, head);
    assert_eq!(a.base, [100.0; 30]);
    let ratios: Vec<f64> = head.iter().map(|head| (head / 100.0).ln()).collect();
    assert_eq!(a.ratios, ratios);
    assert_eq!((&a.ended_by, a.fixes_time), (&None, false));
    let rounds: Vec<usize> = done.asked.iter().map(|(_, _, round, _)| *round).collect();
    assert_eq!(rounds, (0..30).collect::<Vec<_>>(), "the number of the round balances the sides: each comes once");
}

#[test]
fn each_process_counts_by_the_lower_quartile_of_its_samples() {
    let slice = |_: &str, _| SliceResult::Measured {
        base: Some(sample(&[900.0, 40.0, 20.0, 10.0, 30.0], 20)),
        head: sample(&[f64::NAN, 60.0, 30.0, f64::INFINITY, 40.0, 50.0, 1e9], 20),
    };
    let a = &run(&[&["a"]], Sides::Both, slice).measured[0][0];
    // Of 10 20 30 40 900 the second, of 30 40 50 60 1e9 too: what is no number is no sample.
    assert_eq!((a.base[0], a.head[0]), (20.0, 40.0));
    assert_eq!(a.ratios[0], 2.0_f64.ln());
}

#[test]
fn a_long_first_slice_makes_it_twelve_pairs_on_whichever_side() {
    let slices = |base, head| {
        let slice =
            move |_: &str, _| SliceResult::Measured { base: Some(sample(&[1.0], base)), head: sample(&[1.0], head) };
        run(&[&["a"]], Sides::Both, slice).measured[0][0].ratios.len()
    };
    assert_eq!((slices(501, 1), slices(1, 501), slices(9000, 9000)), (16, 16, 16));
    assert_eq!((slices(500, 500), slices(1, 1)), (30, 30), "exactly the bound is short");
    let alone = |_: &str, _| SliceResult::Measured { base: None, head: sample(&[1.0], 501) };
    assert_eq!(run(&[&["a"]], Sides::HeadOnly, alone).measured[0][0].head.len(), 16);
}

/// A number of pairs that followed from what was measured would be looking until the answer pleases.
#[test]
fn the_number_of_pairs_is_settled_by_the_first_slice_alone() {
    let later_long = run(&[&["a"]], Sides::Both, |_, round| pair(100.0, if round == 0 { 20 } else { 2000 }));
    assert_eq!(later_long.measured[0][0].ratios.len(), 30);
    let later_short = run(&[&["a"]], Sides::Both, |_, round| pair(100.0, if round == 0 { 2000 } else { 20 }));
    assert_eq!(later_short.measured[0][0].ratios.len(), 16);
    // Nor does it depend on the values, however they look.
    for head in [100.0, 101.0, 1000.0, 1e-3] {
        assert_eq!(run(&[&["a"]], Sides::Both, |_, _| pair(head, 20)).measured[0][0].ratios.len(), 30);
    }
}

#[test]
fn each_benchmark_has_its_own_number_and_the_finished_ones_are_not_asked_again() {
    let done = run(&[&["long", "short"], &["other"]], Sides::Both, |name, _| match name {
        "long" => pair(100.0, 900),
        _ => pair(100.0, 20),
    });
    assert_eq!((done.times("long"), done.times("short"), done.times("other")), (16, 30, 30));
    // Executables take turns, so that each benchmark's pairs are spread over the whole time.
    let order: Vec<(usize, usize)> = done.asked.iter().map(|(exe, _, round, _)| (*round, *exe)).collect();
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(done.asked.len(), 60);
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
    assert_eq!(names(30), ["b", "c"]);
    assert_eq!(done.times("bad"), 1);
    let [a, bad, b, c] = &done.measured[0][..] else { panic!("four benchmarks") };
    assert_eq!(bad.ended_by, Some(Verdictless::Failed(crash(Side::Head))));
    assert!(bad.head.is_empty() && bad.ratios.is_empty());
    for whole in [a, b, c, &done.measured[1][0]] {
        assert_eq!((whole.ratios.len(), &whole.ended_by), (30, &None));
    }
}

#[test]
fn a_crash_after_some_pairs_ends_it_too() {
    for side in [Side::Base, Side::Head] {
        let done = run(&[&["late", "b"]], Sides::Both, |name, round| match (name, round) {
            ("late", 5) => SliceResult::Failed(crash(side)),
            _ => pair(100.0, 20),
        });
        let [late, b] = &done.measured[0][..] else { panic!("two benchmarks") };
        assert_eq!(late.ended_by, Some(Verdictless::Failed(crash(side))));
        assert_eq!((late.ratios.len(), done.times("late")), (5, 6));
        assert_eq!(b.ratios.len(), 30);
    }
}

#[test]
fn a_time_out_keeps_its_kind() {
    let failure = Failure { kind: FailureKind::TimedOut, ..crash(Side::Head) };
    let done = run(&[&["a"]], Sides::Both, |_, _| SliceResult::Failed(failure.clone()));
    assert_eq!(done.measured[0][0].ended_by, Some(Verdictless::Failed(failure)));
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
    let all = &done.measured[0];
    assert!(all[..10].iter().all(|m| m.ended_by.is_some()));
    assert!(all[10..].iter().all(|m| m.ratios.len() == 30 && m.ended_by.is_none()));
}

#[test]
fn a_name_that_is_never_answered_ends_after_finite_rounds() {
    let done = run(&[&["never", "b"]], Sides::Both, |name, _| match name {
        "never" => SliceResult::NotReached,
        _ => pair(100.0, 20),
    });
    let [never, b] = &done.measured[0][..] else { panic!("two benchmarks") };
    assert_eq!(done.times("never"), 60, "twice the pairs");
    assert!(never.ratios.is_empty() && never.ended_by.is_none());
    assert_eq!((b.ratios.len(), done.times("b")), (30, 30));
}

#[test]
fn a_name_that_is_answered_now_and_then_keeps_what_it_got() {
    let done =
        run(&[&["a"]], Sides::Both, |_, round| if round % 3 == 0 { pair(100.0, 20) } else { SliceResult::NotReached });
    assert_eq!((done.measured[0][0].ratios.len(), done.times("a")), (20, 60));
}

#[test]
fn a_bench_that_answers_with_too_few_slices_ends_too() {
    struct Mute;
    impl Bench for Mute {
        fn measure(&mut self, _: &Request<'_>) -> Result<Vec<Slice>, HarnessError> {
            Ok(Vec::new())
        }
    }
    let plan = Schedule { names: vec![vec!["a".into()]], sides: Sides::Both };
    let all = schedule(&plan, &mut Mute, &mut || Duration::ZERO, &mut Told::default()).unwrap();
    assert!(all[0][0].ratios.is_empty());
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
        let [a, b] = &done.measured[0][..] else { panic!("two benchmarks") };
        assert_eq!(a.ended_by, Some(Verdictless::OtherUnit("B/s".into())));
        assert!(a.head.is_empty() && a.base.is_empty() && a.ratios.is_empty(), "never called nanoseconds");
        assert_eq!((done.times("a"), b.ratios.len()), (1, 30));
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
            let a = &done.measured[0][0];
            let Some(Verdictless::Failed(failure)) = &a.ended_by else { panic!("{side} {times:?}: {a:?}") };
            assert_eq!((failure.side, failure.kind), (side, FailureKind::Crashed));
            assert!(failure.detail.contains("no time"), "{}", failure.detail);
            assert!(a.head.is_empty() && a.base.is_empty() && a.ratios.is_empty());
            assert_eq!(done.times("a"), 1);
        }
    }
}

#[test]
fn head_alone_gives_no_ratios() {
    let done = run(&[&["a"]], Sides::HeadOnly, |_, _| SliceResult::Measured { base: None, head: sample(&[7.0], 20) });
    let a = &done.measured[0][0];
    assert_eq!((&a.head[..], a.base.len(), a.ratios.len()), (&[7.0; 30][..], 0, 0));
    assert!(done.asked.iter().all(|(.., sides)| *sides == Sides::HeadOnly));
    let done = run(&[&["a"]], Sides::Both, |_, _| pair(100.0, 20));
    assert!(done.asked.iter().all(|(.., sides)| *sides == Sides::Both));
}

#[test]
fn code_that_fixes_its_time_is_remembered() {
    let done = run(&[&["a", "b"]], Sides::Both, |name, _| SliceResult::Measured {
        base: Some(sample(&[1.0], 20)),
        head: Sample { fixes_time: name == "a", ..sample(&[1.0], 20) },
    });
    assert_eq!((done.measured[0][0].fixes_time, done.measured[0][1].fixes_time), (true, false));
}

#[test]
fn what_is_told_only_rises_and_ends_at_the_end() {
    let done = run(&[&["a", "bad", "b"], &["long"]], Sides::Both, |name, round| match (name, round) {
        ("bad", 3) => SliceResult::Failed(crash(Side::Head)),
        ("b", 3) => SliceResult::NotReached,
        ("long", _) => pair(100.0, 900),
        _ => pair(100.0, 20),
    });
    let told = &done.told.measuring;
    assert_eq!(told.len(), done.asked.len(), "after every request");
    assert!(told.windows(2).all(|two| two[0].0 < two[1].0), "{told:?}");
    assert!(told.iter().all(|(made, planned, _)| made <= planned));
    let (made, planned, remaining) = *told.last().unwrap();
    assert_eq!((made, planned, remaining), (30 + 4 + 31 + 16, 81, Duration::ZERO));
    // After the first request, a second for three of 120 slices: 117 seconds thirds are left, 30 of them `long`'s.
    assert_eq!(told[0], (3, 120, Duration::from_secs(1) / 3 * 117));
}

#[test]
fn nothing_to_measure_is_measured_at_once() {
    for names in [&[][..], &[&[][..], &[]]] {
        let done = run(names, Sides::Both, |_, _| panic!("nothing may be asked"));
        assert_eq!(done.measured, vec![Vec::new(); names.len()]);
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
    let plan = Schedule { names: vec![vec!["a".into()]], sides: Sides::Both };
    let mut bench = Broken(0);
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
    assert!(done.measured.iter().flatten().all(|m| m.ratios.len() == 30));
    let mut asked = BTreeMap::<usize, usize>::new();
    for (_, names, round, _) in &done.asked {
        *asked.entry(*round).or_default() += names.len();
    }
    assert_eq!(asked, (0..30).map(|round| (round, 10_000)).collect());
}
