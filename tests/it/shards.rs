//! Shares of a suite, and their results put together: the same recorded samples give the same verdicts, however they are
//! split.

use std::collections::BTreeMap;
use std::time::Duration;

use cargo_perfgate::flow::merge::merge;
use cargo_perfgate::flow::{Planned, Schedule, Scheduled, Silent, schedule};
use cargo_perfgate::gate::{Limits, Policy, Reaction, conclude, summarise};
use cargo_perfgate::harness::{Bench, Failure, FailureKind, HarnessError, Request, Sample, Sides, Slice, SliceResult};
use cargo_perfgate::model::{
    BenchmarkId, Environment, Evidence, FirstSample, Measurement, Outcome, Partition, Report, Row, Shard, Side,
    Skipped, Verdict,
};
use cargo_perfgate::report::{Style, json, markdown, terminal};
use cargo_perfgate::stats::Rng;
use cargo_perfgate::store::Store;

use crate::commands::run_of;
use crate::fixture::Fixture;
use crate::report::samples;

/// Expectations from `printf %s ID | sha256sum`: its first 16 digits as a number, modulo N, plus 1.
#[test]
fn every_machine_comes_to_the_same_shares() {
    for (id, expected) in [
        ("textkit::text/count/words/large", [1, 2, 3, 4, 3, 856]),
        ("textkit::text/count/words/small", [1, 1, 1, 1, 2, 821]),
        ("p::t/a", [1, 2, 1, 2, 4, 286]),
        ("p::t/b", [1, 2, 1, 2, 7, 838]),
        ("p::t/c", [1, 2, 3, 2, 4, 522]),
        ("p::t/ü", [1, 1, 3, 1, 6, 465]),
        ("p::t/", [1, 2, 1, 4, 6, 56]),
    ] {
        let id: BenchmarkId = id.parse().unwrap();
        let found = [1, 2, 3, 4, 7, 1000].map(|of| {
            let takes: Vec<u32> = (1..=of).filter(|index| Partition { index: *index, of }.takes(&id)).collect();
            assert_eq!(takes.len(), 1, "{id} of {of}");
            takes[0]
        });
        assert_eq!(found, expected, "{id}");
    }
}

#[test]
fn a_share_is_spelt_in_one_way() {
    assert_eq!("hash:2/7".parse(), Ok(Partition { index: 2, of: 7 }));
    let form = "expected `hash:K/N`, such as hash:1/4 for the first of four shards";
    for text in ["1/4", "hash:", "hash:1", "hash:a/4", "hash:1/4/2", "hash:-1/4", "slice:1/4", "hash:1/99999999999"] {
        assert_eq!(text.parse::<Partition>(), Err(form.to_owned()), "{text}");
    }
    for (text, index) in [("hash:0/4", 0), ("hash:5/4", 5)] {
        assert_eq!(text.parse::<Partition>(), Err(format!("there is no shard {index} of 4: they are counted from 1")));
    }
}

/// Recorded samples of benchmarks, by name: what each process pair shows, in order.
struct Recorded {
    ids: Vec<BenchmarkId>,
    pairs: BTreeMap<String, Vec<f64>>,
}

impl Recorded {
    /// Benchmarks of three executables. `change` says by how much one is slower; its noise depends on its number.
    fn new(count: usize, change: impl Fn(usize) -> f64) -> Self {
        let mut rng = Rng::new(11);
        let mut pairs = BTreeMap::new();
        let ids = (0..count).map(|i| {
            let noise = [0.004, 0.012, 0.03][i % 3];
            let ratios = (0..2_000).map(|_| (change(i).ln_1p() + noise * rng.normal()).exp());
            pairs.insert(format!("b{i}"), ratios.collect());
            BenchmarkId::new("p", format!("t{}", i % 3), format!("b{i}"))
        });
        Self { ids: ids.collect(), pairs }
    }

    /// Plays the benchmarks of a share, as one of so many comparisons.
    fn play(&self, partition: Partition, comparisons: usize) -> (Vec<BenchmarkId>, Scheduled) {
        let mut own: Vec<BenchmarkId> = self.ids.iter().filter(|id| partition.takes(id)).cloned().collect();
        own.sort();
        let of_target = |target: &str| -> Vec<Planned> {
            let ids = own.iter().filter(|id| id.target == target).cloned();
            ids.map(|id| Planned { id, limits: Limits::new(0.05), accepted: None, proved: false }).collect()
        };
        let plan = Schedule {
            benchmarks: ["t0", "t1", "t2"].map(of_target).into_iter().filter(|list| !list.is_empty()).collect(),
            sides: Sides::Both,
            rows: comparisons,
            budget: None,
            pairs: None,
            suite: None,
            unchanged: 0,
            seed: 3,
        };
        let mut player = Player { recorded: self, at: BTreeMap::new() };
        let scheduled = schedule(&plan, &mut player, &mut || Duration::ZERO, &mut Silent).unwrap();
        (own, scheduled)
    }

    /// The result of a share, as a check saves it.
    fn shard(&self, index: u32, of: u32) -> (String, Report) {
        let (ids, scheduled) = self.play(Partition { index, of }, self.ids.len());
        let (mut rows, mut first) = (Vec::new(), Vec::new());
        for (id, measured) in ids.into_iter().zip(scheduled.measured.iter().flatten()) {
            let mut row = Row { benchmark: id.clone(), ..samples::row("", Verdict::Crashed, "crashed") };
            if measured.ended_by.is_none() {
                let trial = measured.trial.as_ref().unwrap();
                let judgement = trial.judgement();
                (row.verdict, row.evidence) = (judgement.verdict, Some(Evidence::PairedMeasurement));
                (row.change, row.interval, row.reason) = (judgement.change, judgement.interval, judgement.reason);
                row.pairs = trial.pairs();
                first.push(FirstSample { benchmark: id, pairs: trial.first_sample().to_vec() });
            }
            rows.push(row);
        }
        let policy = Policy::default();
        let mut report = samples::report(conclude(&rows, &policy), rows);
        report.shard = Some(Shard {
            index,
            of,
            suite: "5417e".to_owned(),
            benchmarks: self.ids.len(),
            comparisons: self.ids.len(),
            unaffected: false,
            policy: policy.of_shard(),
            samples: first,
        });
        // As it comes back from a file.
        (format!("{index}.json"), json::parse(json::render(&report).as_bytes()).unwrap())
    }

    fn shards(&self, of: u32) -> Vec<(String, Report)> {
        (1..=of).map(|index| self.shard(index, of)).collect()
    }
}

struct Player<'r> {
    recorded: &'r Recorded,
    /// How many pairs of each were played.
    at: BTreeMap<String, usize>,
}

impl Bench for Player<'_> {
    fn measure(&mut self, request: &Request<'_>) -> Result<Vec<Slice>, HarnessError> {
        let mut slice = |name: &String| {
            let at = self.at.entry(name.clone()).or_default();
            *at += 1;
            let sample = |time: f64| Sample {
                times: vec![time],
                cost: Duration::from_millis(1),
                fixes_time: false,
                threads: false,
                other_unit: None,
            };
            let result = if request.sides == Sides::BaseTwice {
                SliceResult::Measured { base: Some(sample(100.0)), head: sample(100.0) }
            } else if name == "b13" && *at == 4 {
                let detail = "signal 6".to_owned();
                SliceResult::Failed(Failure { side: Side::Head, kind: FailureKind::Crashed, detail })
            } else {
                let ratio = self.recorded.pairs[name][*at - 1];
                SliceResult::Measured { base: Some(sample(100.0)), head: sample(100.0 * ratio) }
            };
            Slice { name: name.clone(), result }
        };
        Ok(request.names.iter().map(&mut slice).collect())
    }
}

/// Of 40 benchmarks some are slower, some faster, some near the limit, and one crashes.
fn mixed() -> Recorded {
    Recorded::new(40, |i| match i % 10 {
        1 => 0.09,
        4 => 0.03,
        6 => -0.10,
        _ => 0.0,
    })
}

#[test]
fn the_same_samples_give_the_same_verdicts_however_they_are_split() {
    let recorded = mixed();
    let one = merge(recorded.shards(1)).unwrap();
    assert_eq!((one.outcome, one.exit_code, one.shard.is_none()), (Outcome::Failed, 100, true));
    assert_eq!(one.rows.len(), 41, "one of the suite");
    assert!(one.summary[&Verdict::Regressed] >= 4 && one.summary[&Verdict::Improved] >= 4, "{:?}", one.summary);
    assert_eq!(one.summary[&Verdict::Crashed], 1);
    assert_eq!(one.summary, summarise(&one.rows));
    for of in [2, 3, 7] {
        let mut shards = recorded.shards(of);
        shards.reverse();
        assert_eq!(merge(shards).unwrap(), one, "{of} shards, in any order");
    }
    // Without splitting, and with chances that are shared by as many.
    let (ids, whole) = recorded.play(Partition { index: 1, of: 1 }, 40);
    for (id, measured) in ids.iter().zip(whole.measured.iter().flatten()).filter(|(id, _)| id.name != "b13") {
        let row = one.rows.iter().find(|row| row.benchmark == *id).unwrap();
        let trial = measured.trial.as_ref().unwrap();
        assert_eq!((trial.verdict(), trial.change(), trial.pairs()), (row.verdict, row.change, row.pairs), "{id}");
    }
    // One comparison of few would be decided sooner.
    let pairs = |comparisons| -> usize {
        let (_, played) = recorded.play(Partition { index: 1, of: 1 }, comparisons);
        played.measured.iter().flatten().map(|measured| measured.head.len()).sum()
    };
    assert!(pairs(1) < pairs(40), "{} {}", pairs(1), pairs(40));
}

/// No shard can measure all again, and without that nothing is red.
#[test]
fn a_suite_that_is_slower_as_a_whole_is_undecided_until_it_is_measured_as_a_whole() {
    for of in [1, 3] {
        let slower = merge(Recorded::new(30, |_| 0.025).shards(of)).unwrap();
        let suite = slower.rows.iter().find(|row| row.benchmark == BenchmarkId::suite()).unwrap();
        assert_eq!(suite.verdict, Verdict::Inconclusive);
        assert_eq!(
            suite.reason,
            "of all shards together: looks slower; a check without --partition measures all of it again before it says so"
        );
        assert!(suite.change.is_some_and(|change| (0.02..0.03).contains(&change)), "{:?}", suite.change);
        let same = merge(Recorded::new(30, |_| 0.0).shards(of)).unwrap();
        let suite = same.rows.iter().find(|row| row.benchmark == BenchmarkId::suite()).unwrap();
        assert_eq!(
            (suite.verdict, suite.reason.as_str()),
            (Verdict::Unchanged, "of all shards together: any change of the mean is smaller than 2 %")
        );
    }
    // Four are too few for a mean.
    let few = merge(Recorded::new(4, |_| 0.0).shards(3)).unwrap();
    assert_eq!(few.rows.len(), 4);
}

fn refusal(shards: Vec<(String, Report)>) -> String {
    let e = merge(shards).unwrap_err();
    format!("{e}\nexit {}", e.exit_code().code())
}

/// Three shards of four benchmarks, of which `change` alters the second.
fn altered(change: impl Fn(&mut Report, &mut Shard)) -> String {
    let mut shards = Recorded::new(4, |_| 0.0).shards(3);
    let second = &mut shards[1].1;
    let mut shard = second.shard.take().unwrap();
    change(second, &mut shard);
    second.shard = Some(shard);
    refusal(shards)
}

const FOREIGN: &str = "\nhelp: name each shard of one run once, and no other result\nexit 2";

#[test]
fn a_missing_shard_is_named() {
    let recorded = Recorded::new(4, |_| 0.0);
    let left = |of: u32, there: &[u32]| refusal(there.iter().map(|index| recorded.shard(*index, of)).collect());
    let help = "benchmarks\nhelp: name the results of all shards; where one has none, see how its job ended\nexit 101";
    for (of, there, which) in [
        (3, &[1, 2][..], "shard 3 of 3 is missing, and nothing can be said of its"),
        (3, &[2], "shards 1 and 3 of 3 are missing, and nothing can be said of their"),
        (9, &[9], "shards 1, 2, 3, 4, 5 and 3 more of 9 are missing, and nothing can be said of their"),
        (
            4_000_000_000,
            &[2],
            "shards 1, 3, 4, 5, 6 and 3999999994 more of 4000000000 are missing, and nothing can be said of their",
        ),
    ] {
        assert_eq!(left(of, there), format!("could not put shards together: {which} {help}"));
    }
}

#[test]
fn a_doubled_shard_is_named() {
    let mut shards = Recorded::new(4, |_| 0.0).shards(3);
    let (_, again) = shards[1].clone();
    shards.push(("again\u{1b}[31m.json".to_owned(), again.clone()));
    let twice = "could not put shards together: shard 2 of 3 is there twice, as 2.json and again\\u{1b}[31m.json";
    assert_eq!(refusal(shards.clone()), format!("{twice}{FOREIGN}"));
    // In the place of another, too.
    shards.remove(2);
    assert_eq!(refusal(shards), format!("{twice}{FOREIGN}"));
}

#[test]
fn a_foreign_shard_is_named() {
    let told = |difference: &str| format!("could not put shards together: {difference}{FOREIGN}");
    let other = "0123456789abcdef0123456789abcdef01234567";
    assert_eq!(
        altered(|report, _| report.base.as_mut().unwrap().commit = Some(other.to_owned())),
        told("2.json is a comparison with 0123456789, and 1.json is a comparison with 1a2b3c4d5e")
    );
    assert_eq!(
        altered(|report, _| report.base = None),
        told("2.json is a comparison with nothing, and 1.json is a comparison with 1a2b3c4d5e")
    );
    assert_eq!(
        altered(|report, _| report.head.dirty = false),
        told("2.json is of head 9f8e7d6c5b, and 1.json is of head 9f8e7d6c5b with uncommitted changes")
    );
    let policy = told("2.json was judged by another policy than 1.json");
    assert_eq!(altered(|report, _| report.policy.tolerate = 0.03), policy);
    assert_eq!(altered(|_, shard| shard.policy.on_failed = Reaction::Pass), policy);
    assert_eq!(
        altered(|_, shard| shard.comparisons = 3),
        told(
            "2.json is of a suite of 4 benchmarks, 3 of which differ, and 1.json is of a suite of 4 benchmarks, 4 of which differ"
        )
    );
    assert_eq!(
        altered(|_, shard| shard.suite = "0ther".to_owned()),
        told(
            "2.json is of suite 0ther, and 1.json is of suite 5417e: the benchmarks, or how they are built or compared, differ"
        )
    );
    assert_eq!(
        altered(|report, _| report.tool = "cargo-perfgate 9.0.0".to_owned()),
        told("2.json is cargo-perfgate 9.0.0, and 1.json is cargo-perfgate 0.1.0")
    );
    let recorded = Recorded::new(4, |_| 0.0);
    assert_eq!(
        refusal(vec![recorded.shard(1, 3), recorded.shard(2, 2)]),
        told("2.json is shard 2 of 2, and 1.json is shard 1 of 3")
    );
    let whole = ("whole.json".to_owned(), samples::passed());
    assert_eq!(refusal(vec![recorded.shard(1, 1), whole]), told("whole.json is no shard"));
}

#[test]
fn what_all_shards_say_is_said_once() {
    let recorded = Recorded::new(8, |_| 0.0);
    let mut shards = recorded.shards(3);
    let skipped = |what: &str| Skipped { what: what.to_owned(), reason: "does not compile".to_owned() };
    for (i, (_, shard)) in shards.iter_mut().enumerate() {
        shard.warnings = vec!["Cargo.lock differs".to_owned(), format!("only here: {i}")];
        shard.skipped = vec![skipped("p::broken"), skipped(&format!("p::t0/of {i}"))];
        shard.environment.as_mut().unwrap().key = format!("key {}", i.min(1));
        shard.controls.comparisons = 2;
    }
    let whole = merge(shards).unwrap();
    let machines = "the shards were measured on 2 kinds of machines; the one that is named here is the first's";
    assert_eq!(whole.warnings, ["Cargo.lock differs", "only here: 0", "only here: 1", "only here: 2", machines]);
    let skipped: Vec<&str> = whole.skipped.iter().map(|skipped| skipped.what.as_str()).collect();
    assert_eq!(skipped, ["p::broken", "p::t0/of 0", "p::t0/of 1", "p::t0/of 2"]);
    assert_eq!((whole.controls.comparisons, whole.environment.unwrap().key.as_str()), (6, "key 0"));
}

/// As they do beside what was compared and is the same. Where base could not be built, its shard does not say so.
#[test]
fn new_benchmarks_pass_beside_what_nothing_affects() {
    let outcome = |on_missing_baseline: Reaction, unaffected: [bool; 2]| {
        let shards = (1..=2).map(|index| {
            let (name, mut report) = Recorded::new(4, |_| 0.0).shard(index, 2);
            for row in &mut report.rows {
                (row.verdict, row.evidence) = (Verdict::Added, None);
            }
            let shard = report.shard.as_mut().unwrap();
            (shard.unaffected, shard.policy.on_missing_baseline) =
                (unaffected[index as usize - 1], on_missing_baseline);
            shard.samples.clear();
            (name, report)
        });
        merge(shards.collect()).unwrap().outcome
    };
    assert_eq!(outcome(Reaction::Fail, [true; 2]), Outcome::Passed);
    assert_eq!(outcome(Reaction::Warn, [true, false]), Outcome::NothingCompared);
    assert_eq!(outcome(Reaction::Warn, [false; 2]), Outcome::NothingCompared);
    assert_eq!(outcome(Reaction::Pass, [false; 2]), Outcome::Passed);
}

/// Nothing compared is a matter of all shards: one may be empty, or have nothing but new benchmarks.
#[test]
fn shards_without_rows_are_put_together_too() {
    let empty = |of: u32, unaffected: bool| {
        let shard = |index| {
            let (name, mut report) = Recorded::new(0, |_| 0.0).shard(index, of);
            report.shard.as_mut().unwrap().unaffected = unaffected;
            (name, Report { outcome: Outcome::Passed, exit_code: 0, ..report })
        };
        merge((1..=of).map(shard).collect()).unwrap().outcome
    };
    assert_eq!(empty(2, false), Outcome::NothingCompared);
    assert_eq!(empty(2, true), Outcome::Passed, "what nothing affects is the same");
}

#[test]
fn a_shard_says_that_it_is_one() {
    let shard = samples::sharded();
    let text = terminal::render(&shard, Style { color: false, width: 200, verbose: false });
    let says = "\nsuite    shard 2 of 4, 1,234 benchmarks in all: cargo perfgate report puts all shards together\n";
    assert!(text.contains(says), "{text}");
    let text = markdown::render(&shard);
    assert!(text.contains("shard 2 of 4, 1,234 benchmarks in all: <code>cargo perfgate report</code> puts"), "{text}");
}

#[test]
fn a_shard_with_a_row_of_another_contradicts_itself() {
    let (_, mut report) = Recorded::new(8, |_| 0.0).shard(1, 2);
    let shard = report.shard.as_mut().unwrap();
    shard.index = 2;
    let says = |report: &Report| json::parse(json::render(report).as_bytes()).unwrap_err().to_string();
    let other = "it contradicts itself: a benchmark is of another shard";
    assert_eq!(says(&report), other);
    for (index, of) in [(0, 2), (3, 2), (1, 0)] {
        (report.rows, report.summary) = (Vec::new(), BTreeMap::new());
        let shard = report.shard.as_mut().unwrap();
        (shard.index, shard.of, shard.samples) = (index, of, Vec::new());
        assert_eq!(says(&report), other, "{index} of {of}");
    }
}

/// Four machines, to one of which no benchmark falls, and then one that looks at what they found.
#[test]
fn shards_of_a_check_make_the_result_of_one_check() {
    let fixture = Fixture::built("example", "shards");
    let saved = |name: &str| json::parse(fixture.read(name).as_bytes()).unwrap();
    assert_eq!(fixture.perfgate(&["check", "--base", "HEAD", "--save-result", "whole.json"]).code, 0);
    // The results would make the tree dirty.
    fixture.write(".gitignore", "target\n*.json\n");
    fixture.commit("results are ignored");
    let mut counts = Vec::new();
    for index in 1..=4 {
        let (partition, file) = (format!("hash:{index}/4"), format!("{index}.json"));
        let ran = fixture.perfgate(&["check", "--base", "HEAD", "--partition", &partition, "--save-result", &file]);
        assert_eq!(ran.code, 0);
        let report: Report = saved(&file);
        let shard = report.shard.unwrap();
        assert_eq!((shard.index, shard.of, shard.benchmarks, shard.comparisons), (index, 4, 6, 0));
        assert!(ran.stderr.contains(&format!("shard {index} of 4: {} of 6 benchmarks", report.rows.len())));
        counts.push(report.rows.len());
    }
    assert_eq!(counts, [2, 1, 0, 3]);
    let all = ["report", "1.json", "2.json", "3.json", "4.json", "--save-result", "all.json", "--format", "markdown"];
    let ran = fixture.perfgate(&all);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("6 unchanged"), "{}", ran.stdout);
    let (whole, all) = (saved("whole.json"), saved("all.json"));
    assert_eq!((all.rows, all.outcome, all.shard), (whole.rows, whole.outcome, None));
    let ran = fixture.perfgate(&["report", "1.json", "3.json", "4.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (101, ""));
    assert!(ran.stderr.contains("shard 2 of 4 is missing"), "{}", ran.stderr);
    // Another base is another run.
    let ran = fixture.perfgate(&["check", "--base", "HEAD~1", "--partition", "hash:2/4", "--save-result", "2.json"]);
    assert_eq!(ran.code, 0);
    let ran = fixture.perfgate(&["report", "1.json", "2.json", "3.json", "4.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("2.json is a comparison with "), "{}", ran.stderr);

    // Nothing differs, so that nothing is built.
    let ran = fixture.perfgate(&["check", "--base", "HEAD", "--affected", "--save-result", "affected.json"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("0 of 1 package: nothing that the others depend on changed"), "{}", ran.stderr);
    let report: Report = saved("affected.json");
    assert_eq!((report.outcome, report.rows.len()), (Outcome::Passed, 0));
    let left: Vec<String> = report.skipped.iter().map(|s| format!("{}: {}", s.what, s.reason)).collect();
    let why = "nothing that it depends on changed";
    assert_eq!(left, [format!("textkit::checksum: {why}"), format!("textkit::text: {why}")]);
    shares_against_what_is_stored(&fixture, whole.environment.unwrap());
}

/// A benchmark with a new name may fall to another share than base's fell to, and what is accepted to any.
fn shares_against_what_is_stored(fixture: &Fixture, environment: Environment) {
    let mut stored = run_of(&fixture.git(&["rev-parse", "HEAD"]), "", 1e9);
    stored.environment = environment;
    let all = ["checksum/checksum/adler32/4096", "checksum/checksum/fnv1a/4096"].into_iter().chain([
        "text/count/words/small",
        "text/count/words/large",
        "text/count/lines/large",
        "text/tokenize/program",
    ]);
    let measurement = stored.measurements.remove(0);
    let of = |id: &str| Measurement { benchmark: format!("textkit::{id}").parse().unwrap(), ..measurement.clone() };
    stored.measurements = all.map(of).collect();
    Store::open(&fixture.root).unwrap().add(&stored).unwrap();
    fixture.replace("benches/checksum.rs", "\"adler32\"", "\"adler\"");
    let accepted =
        "benchmark = \"checksum/fnv1a/4096\"\nmetric = \"wall-time\"\nmax-regression = \"9%\"\nreason = \"why\"";
    let renamed = "from = \"checksum/adler32/4096\"\nto = \"checksum/adler/4096\"";
    fixture.write(".config/perfgate.toml", &format!("[[accept]]\n{accepted}\n[[rename]]\n{renamed}\n"));
    let rows_of = |partition: &str| {
        let check = ["check", "--base", "HEAD", "--method", "stored", "--save-result", "stored.json"];
        assert_eq!(fixture.perfgate(&[&check[..], &["--partition", partition]].concat()).code, 0);
        json::parse(fixture.read("stored.json").as_bytes()).unwrap().rows
    };
    assert_eq!(rows_of("hash:5/9"), [], "base's alone falls to it");
    let [row] = &rows_of("hash:2/9")[..] else { panic!("one benchmark falls to it") };
    assert_eq!((row.benchmark.name.as_str(), row.base), ("checksum/adler/4096", Some(1e9)));
    assert!(row.reason.starts_with("base's `checksum/adler32/4096`: "), "{}", row.reason);
}
