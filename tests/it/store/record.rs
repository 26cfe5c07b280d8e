//! The form of a record: the frozen fixture, what is refused, and what must hold for any input.

use cargo_perfgate::model::{BenchmarkId, Conditions, CountedBenchmark, CountedRun, Metric, Run, Unit};
use cargo_perfgate::store::{RecordError, RecordId, decode, encode};
use proptest::prelude::*;

use super::run;

const V1: &str = include_str!("../../../fixtures/records/v1.json");
const V1_COUNTED: &str = include_str!("../../../fixtures/records/v1-counted.json");

/// The fixture never changes: every later version must read it to these values.
#[test]
fn format_1_reads_as_it_was_written() {
    let run = decode(V1.as_bytes()).unwrap();
    assert_eq!(run.format_version, 1);
    assert_eq!(run.revision.commit, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    assert!(!run.revision.dirty);
    assert_eq!(run.started, "2026-08-05T09:41:07.250813Z");
    let environment = &run.environment;
    assert_eq!(environment.cpu, "AMD EPYC 7763 64-Core Processor");
    assert_eq!((environment.cores, environment.os.as_str(), environment.profile.as_str()), (2, "linux", "bench"));
    assert_eq!(environment.target, "x86_64-unknown-linux-gnu");
    assert_eq!(environment.rustc, "rustc 1.95.0 (59807616e 2026-04-14)");
    assert_eq!(environment.machine, "9c1185a5c5e9fc54612808977ee8f548");
    assert_eq!(environment.key, "7f3a90c2e41b");

    let [large, odd, hostile] = &run.measurements[..] else { panic!("three benchmarks") };
    assert_eq!(large.benchmark, BenchmarkId::new("my-parser", "throughput", "parse/large"));
    assert_eq!(
        (large.harness.as_str(), large.metric, large.unit),
        ("criterion 0.5.1", Metric::WallTime, Unit::Nanoseconds)
    );
    assert_eq!((large.q25, large.median, large.spread), (1_843_267.25, 1_850_112.5, 0.0113));
    assert_eq!(large.estimates, [1_841_002.0, 1_843_267.25, 1_850_112.5, 1_864_087.75, 1_871_944.0]);
    assert_eq!(large.executable, "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9");
    assert_eq!(odd.benchmark, BenchmarkId::new("my-parser", "throughput", "../größe \"µs\"/日本\\::a/b"));
    assert_eq!((odd.q25, odd.median), (0.305_175_781_25, 0.305_175_781_250_000_1));
    assert_eq!(hostile.benchmark, BenchmarkId::new("tools", "-rf", "\u{1b}[31mred\0 <b>&|\n"));
    assert_eq!((hostile.median, hostile.spread), (2.5e12, 1e-300));

    // The first records do not say whether they hold all.
    let first = V1.lines().filter(|line| !line.contains("\"whole\"")).collect::<Vec<_>>().join("\n");
    assert!(!decode(first.as_bytes()).unwrap().whole);

    assert_eq!(decode(&encode(&run).unwrap()), Ok(run));
}

/// The same for records with counts; those without have none.
#[test]
fn counts_read_as_they_were_written() {
    assert_eq!(decode(V1.as_bytes()).unwrap().counted, None);
    let run = decode(V1_COUNTED.as_bytes()).unwrap();
    assert_eq!(Run { counted: None, ..run.clone() }, decode(V1.as_bytes()).unwrap());
    let counted = run.counted.as_ref().unwrap();
    let expected = Conditions {
        rustc: "rustc 1.95.0 (59807616e 2026-04-14)".into(),
        cc: "cc (Debian 12.2.0-14+deb12u1) 12.2.0".into(),
        target: "x86_64-unknown-linux-gnu".into(),
        profile: "bench".into(),
        features: "--no-default-features simd".into(),
        settings: "ae5737fb839bef05".into(),
        valgrind: "3.19.0-8d3c8034b8-20220411".into(),
        cpu: "AMD64, LittleEndian, amd64-cx16-lzcnt-rdtscp-sse3-ssse3-avx-avx2-bmi-f16c-rdrand-rdseed".into(),
        libc: "Debian GLIBC 2.36-9+deb12u14".into(),
        cores: 2,
    };
    assert_eq!(counted.conditions, expected);
    let known = &counted.benchmarks[&BenchmarkId::new("my-parser", "throughput", "parse/large")];
    assert_eq!((known.harness.as_str(), known.source.as_str()), ("criterion 0.5.1", "b29fc259dbf858cc"));
    let counts = [
        (Metric::Instructions, [u64::MAX, (1 << 53) + 1]),
        (Metric::ColdInstructions, [40829; 2]),
        (Metric::Allocations, [3; 2]),
        (Metric::AllocatedBytes, [4096; 2]),
        (Metric::PeakBytes, [2048; 2]),
        (Metric::LeakedBytes, [0, 1]),
    ];
    assert_eq!(known.counts, counts.into());
    assert_eq!(counted.benchmarks.len(), 2);
    assert_eq!(decode(&encode(&run).unwrap()), Ok(run));

    let refused = |from: &str, to: &str, expected: &str| {
        assert!(V1_COUNTED.contains(from));
        let said = decode(V1_COUNTED.replace(from, to).as_bytes()).unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    };
    refused(r#""leaked-bytes": ["#, r#""wall-time": ["#, "`my-parser::throughput/parse/large` has counts of wall-time");
    refused(r#""leaked-bytes": ["#, r#""heat": ["#, "unknown variant `heat`");
    refused("[40829, 40829]", "[40829, -1]", "invalid value: integer `-1`");
    refused("[40829, 40829]", "[40829, 0.5]", "invalid type: floating point `0.5`");
    refused("[40829, 40829]", "[40829]", "invalid length 1");
    refused(r#""cores": 2"#, r#""kernel": 2"#, "missing field `cores`");
    refused(r#""my-parser::throughput/parse/large": {"#, r#""no id": {"#, "`no id` is no benchmark id");
}

#[test]
fn what_cannot_be_used_is_refused_with_a_reason() {
    let refused = |from: &str, to: &str, expected: &str| {
        assert!(V1.contains(from));
        let said = decode(V1.replace(from, to).as_bytes()).unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    };
    let newer = "written by a newer version (format 7, this version reads up to 1); update cargo-perfgate";
    refused(r#""format_version": 1"#, r#""format_version": 7"#, newer);
    refused(r#""format_version": 1"#, r#""format_version": 99999999999"#, "format 99999999999");
    refused(r#""format_version": 1"#, r#""format_version": 0"#, "formats are counted from 1");
    refused(r#""format_version": 1,"#, "", "missing field `format_version`");
    refused("[0.3051757812500001]", "[]", "has no estimates");
    refused("[0.3051757812500001]", "[1e999]", "number out of range");
    refused("[0.3051757812500001]", "[null]", "invalid type: null");
    refused("[0.3051757812500001]", "[-1.0]", "has a value below 0");
    refused(r#""executable":"#, r#""layout_spread": -0.1, "executable":"#, "has a value below 0");
    refused(r#""executable":"#, r#""cost": -1, "executable":"#, "has a value below 0");
    refused(r#""ns""#, r#""\u001b[31m""#, r"unknown variant `\u{1b}[31m`");
    refused("tools::-rf/", r"\u001b[2J", r"`\u{1b}[2J");
    assert!(matches!(decode(b""), Err(RecordError::Malformed(_))));
    assert!(matches!(decode(b"\xff\xfe"), Err(RecordError::Malformed(_))));
    assert!(matches!(decode("[".repeat(100_000).as_bytes()), Err(RecordError::Malformed(_))));

    let mut later = run(1.0);
    later.format_version = 2;
    assert_eq!(encode(&later).unwrap_err().to_string(), "no usable record: format 2 cannot be written, only 1");
}

fn any_run() -> impl Strategy<Value = Run> {
    let value = prop_oneof![0.0..1e15, any::<f64>().prop_map(f64::abs).prop_filter("finite", |v| v.is_finite())];
    let counts = proptest::collection::btree_map(0..6_usize, any::<[u64; 2]>(), 0..6);
    (any::<String>(), proptest::collection::vec(value, 1..20), counts).prop_map(|(name, estimates, counts)| {
        let mut run = run(estimates[0]);
        run.measurements[0].benchmark.name = name;
        run.measurements[0].estimates = estimates;
        let metrics: Vec<Metric> = Metric::counted().collect();
        let counts = counts.into_iter().map(|(metric, counts)| (metrics[metric], counts)).collect();
        let benchmark = run.measurements[0].benchmark.clone();
        let known = CountedBenchmark { counts, ..CountedBenchmark::default() };
        let benchmarks = [(benchmark, known)].into();
        run.counted = Some(CountedRun { conditions: Conditions::default(), benchmarks });
        run
    })
}

proptest! {
    #[test]
    fn any_run_comes_back_bit_by_bit(run in any_run()) {
        prop_assert_eq!(decode(&encode(&run).unwrap()).unwrap(), run);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn a_damaged_record_is_read_or_refused(at in 0..V1.trim_end().len(), byte in any::<u8>()) {
        let mut bytes = V1.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = decode(&bytes);
        bytes.truncate(at);
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn ids_come_back(
        commit in "[0-9a-f]{40}", environment in "[0-9a-f]{1,64}", digest in "[0-9a-f]{40}",
        second in 0i64..=253_402_207_200, nanosecond in 0i32..1_000_000_000,
    ) {
        let started = jiff::Timestamp::new(second.min(253_402_207_199), nanosecond).unwrap();
        let time = started.strftime("%Y%m%dT%H%M%S.%9fZ");
        let text = format!("{commit}/{environment}/{time}-{digest}");
        let id: RecordId = text.parse().unwrap();
        prop_assert_eq!(id.to_string(), text);
        prop_assert_eq!((id.commit(), id.environment(), id.started()), (&commit[..], &environment[..], started));
    }

    #[test]
    fn any_text_is_an_id_or_refused(text in "[0-9a-f/TZ.\\-]{0,120}|.*") {
        if let Ok(id) = text.parse::<RecordId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}
