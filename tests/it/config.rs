//! The configuration file: every key, what wins over what, and every error exactly as users read it.

mod declared;
mod errors;
mod files;
mod hostile;
mod later;
mod layers;
mod values;

use std::time::Duration;

use cargo_perfgate::config::{Config, ConfigError, Overrides, parse};
use cargo_perfgate::gate::{Limits, Matcher, Policy, Reaction};
use cargo_perfgate::model::{BenchmarkId, Metric};

const PATH: &str = ".config/perfgate.toml";

fn read(text: &str) -> Result<Config, ConfigError> {
    parse(text, PATH, &Overrides::default())
}

fn policy(text: &str) -> Policy {
    read(text).unwrap_or_else(|error| panic!("{error}")).policy
}

/// What the user reads.
fn refused(text: &str) -> String {
    read(text).expect_err("this text is wrong").to_string()
}

fn id(text: &str) -> BenchmarkId {
    text.parse().expect("an id")
}

fn ids(texts: &[&str]) -> Vec<BenchmarkId> {
    texts.iter().map(|text| id(text)).collect()
}

#[test]
fn an_empty_file_gives_the_defaults() {
    for text in ["", "\n", "# nothing\n", "\u{feff}", "[gate]\n", "[gate]\n[metrics]\n[metrics.wall-time]\n"] {
        let policy = policy(text);
        assert_eq!(policy.file.as_deref(), Some(PATH));
        assert_eq!(policy.base, None);
        assert_eq!(policy.wall_time, Limits::new(0.05));
        assert_eq!(policy.on_inconclusive, Reaction::Warn);
        assert_eq!(policy.max_inconclusive, 0.0);
        assert_eq!(policy.on_missing_baseline, Reaction::Warn);
        assert_eq!(policy.on_removed, Reaction::Fail);
        assert_eq!(policy.on_failed, Reaction::Fail);
        assert_eq!(policy.time_out, Duration::from_secs(120));
        assert_eq!(policy.budget, None);
        assert_eq!(policy.suite, Limits::new(0.02));
        assert!(!policy.auto);
        assert!(policy.rules.is_empty());
    }
}

#[test]
fn every_key_is_honoured() {
    let policy = policy(
        r#"
        [gate]
        base = "origin/trunk"
        max-regression = "8%"
        tolerate = "3%"
        on-inconclusive = "fail"
        max-inconclusive = "10%"
        on-missing-baseline = "pass"
        on-removed = "warn"
        on-failed = "warn"
        time-out = "2min"
        budget = "90s"
        suite-max-regression = "1%"

        [metrics.wall-time]
        max-regression = "7%"
        tolerate = "1.5 %"
        max = "3 s"

        [[benchmark]]
        match = "parser/**"
        metrics.wall-time = { max-regression = "10%", tolerate = "6%", max = "2 ms" }

        [[benchmark]]
        id = "my-parser::throughput/parse/large"
        [benchmark.metrics.wall-time]
        tolerate = "2%"
        "#,
    );
    assert_eq!(policy.base.as_deref(), Some("origin/trunk"));
    assert_eq!(policy.wall_time, Limits { max_regression: 0.07, tolerate: 0.015, max: Some(3e9) });
    assert_eq!(policy.on_inconclusive, Reaction::Fail);
    assert_eq!(policy.max_inconclusive, 0.1);
    assert_eq!(policy.on_missing_baseline, Reaction::Pass);
    assert_eq!(policy.on_removed, Reaction::Warn);
    assert_eq!(policy.on_failed, Reaction::Warn);
    assert_eq!(policy.time_out, Duration::from_secs(120));
    assert_eq!(policy.budget, Some(Duration::from_secs(90)));
    assert_eq!(policy.suite, Limits::new(0.01));
    let [first, second] = &policy.rules[..] else { panic!("two rules") };
    assert!(matches!(first.matcher, Matcher::Glob(_)));
    assert_eq!(first.wall_time.max_regression, Some(0.1));
    assert_eq!(first.wall_time.tolerate, Some(0.06));
    assert_eq!(first.wall_time.max, Some(2e6));
    assert!(matches!(&second.matcher, Matcher::Id(id) if id == "my-parser::throughput/parse/large"));
    assert_eq!(second.wall_time.max_regression, None);
    assert_eq!(second.wall_time.tolerate, Some(0.02));
    assert_eq!(second.wall_time.max, None);
}

#[test]
fn instructions_are_asked_for_where_they_are_named() {
    let limits = |text: &str| {
        let limits = policy(text).count_limits(&"p::b/parse/large".parse().unwrap(), Metric::Instructions);
        limits.map(|limits| (limits.max_regression, limits.max))
    };
    assert_eq!(limits("[metrics.wall-time]\nmax = '1 s'"), None);
    assert_eq!(limits("[metrics.instructions]"), Some((0.01, None)));
    assert_eq!(limits("[metrics.instructions]\nmax-regression = '0.5%'\nmax = 1_000"), Some((0.005, Some(1000))));
    let rule = "[[benchmark]]\nmatch = 'parse/*'\nmetrics.instructions = { max = '2,000' }\n";
    assert_eq!(limits(rule), Some((0.01, Some(2000))));
    assert_eq!(
        limits(&format!("[metrics.instructions]\nmax-regression = '3%'\nmax = 5\n{rule}")),
        Some((0.03, Some(2000)))
    );
    assert_eq!(limits(&rule.replace("parse", "print")), None);
    // And wall-time stays as it was.
    assert_eq!(policy(rule).limits(&"p::b/parse/large".parse().unwrap()), Limits::new(0.05));
    for text in ["max = '2 ms'", "max = -1", "max = 0x10", "max = ''", "max-regression = 'auto'", "tolerate = '1%'"] {
        assert!(read(&format!("[metrics.instructions]\n{text}")).is_err(), "{text}");
    }
}

#[test]
fn what_is_allocated_has_limits_in_bytes() {
    let limits = |text: &str, metric| {
        let limits = policy(text).count_limits(&"p::b/parse/large".parse().unwrap(), metric);
        limits.map(|limits| (limits.max_regression, limits.max))
    };
    let text = "[metrics.leaked-bytes]\nmax = '0 B'\n[metrics.allocations]\nmax = 3\n";
    assert_eq!(limits(text, Metric::LeakedBytes), Some((0.01, Some(0))));
    assert_eq!(limits(text, Metric::Allocations), Some((0.01, Some(3))));
    assert_eq!(limits(text, Metric::PeakBytes), None);
    for (size, bytes) in [
        ("'1 MiB'", 1 << 20),
        ("'1.5KiB'", 1536),
        ("'2 kB'", 2000),
        ("'1_000 B'", 1000),
        ("7", 7),
        ("'7'", 7),
        ("'1 GB'", 1_000_000_000),
    ] {
        assert_eq!(limits(&format!("[metrics.peak-bytes]\nmax = {size}"), Metric::PeakBytes).unwrap().1, Some(bytes));
    }
    for size in ["'1.5 B'", "-1", "'-1 B'", "'1 ms'", "'MiB'", "''", "'1e3 B'", "true", "'99999999999 GiB'", "1.5"] {
        assert!(read(&format!("[metrics.peak-bytes]\nmax = {size}")).is_err(), "{size}");
    }
}

#[test]
fn wall_time_wins_over_gate_key_by_key() {
    let limits = |text: &str| policy(text).wall_time;
    let gate = "[gate]\nmax-regression = '10%'\ntolerate = '8%'\n";
    assert_eq!(limits(gate), Limits { max_regression: 0.1, tolerate: 0.08, max: None });
    assert_eq!(limits("[gate]\nmax-regression = '10%'"), Limits::new(0.1));
    assert_eq!(
        limits(&format!("{gate}[metrics.wall-time]\ntolerate = '2%'")),
        Limits { max_regression: 0.1, tolerate: 0.02, max: None }
    );
    // A level's own limit brings its own tolerated share, not that of the level below.
    assert_eq!(limits(&format!("{gate}[metrics.wall-time]\nmax-regression = '5%'")), Limits::new(0.05));
}

#[test]
fn later_rules_win_key_by_key() {
    let policy = policy(
        r#"
        metrics.wall-time.max = "1 s"
        [[benchmark]]
        match = "**"
        metrics.wall-time.max-regression = "20%"
        [[benchmark]]
        match = "parse/*"
        metrics.wall-time.tolerate = "10%"
        [[benchmark]]
        id = "parse/large"
        metrics.wall-time = { max-regression = "50%", max = "350 ns" }
        "#,
    );
    let limits = |name: &str| policy.limits(&id(name));
    assert_eq!(limits("p::b/print"), Limits { max: Some(1e9), ..Limits::new(0.2) });
    assert_eq!(limits("p::b/parse/small"), Limits { max_regression: 0.2, tolerate: 0.1, max: Some(1e9) });
    assert_eq!(limits("p::b/parse/large"), Limits { max: Some(350.0), ..Limits::new(0.5) });
    assert_eq!(limits("p::b/parse/large/deep").max_regression, 0.2);
}

#[test]
fn patterns_select_by_the_full_id_and_by_the_short_form() {
    let matches = |key: &str, pattern: &str, name: &str| {
        let text = format!("[[benchmark]]\n{key} = '{pattern}'\nmetrics.wall-time.max = '1 s'");
        policy(&text).rules[0].matcher.matches(&id(name))
    };
    let large = "my-parser::throughput/parse/large";
    assert!(matches("match", "parse/*", large));
    assert!(matches("match", "my-parser::throughput/**", large));
    assert!(matches("match", "**/large", large));
    assert!(matches("match", "parse/{small,large}", large));
    assert!(matches("match", "{print/**,**/parse/**}", large));
    assert!(matches("match", "parse/**/large", large));
    assert!(!matches("match", "my-parser::throughput/*", large), "`*` stops at `/`");
    assert!(!matches("match", "*", large), "`*` stops at `/`");
    assert!(!matches("match", "parse", large), "the whole name is matched");
    assert!(matches("id", "parse/large", large));
    assert!(matches("id", large, large));
    assert!(!matches("id", "parse/*", large), "an id is literal");
    assert!(matches("id", "[x] a*b?", "p::b/[x] a*b?"));
    assert!(matches("match", r"a\*b", "p::b/a*b"));
    assert!(!matches("match", r"a\*b", "p::b/axb"));
}

#[test]
fn percentages() {
    let value = |text: &str| policy(&format!("gate.max-regression = '{text}'")).wall_time.max_regression;
    for (text, expected) in [("5%", 0.05), ("2.5 %", 0.025), (" 5%\t", 0.05), ("1000%", 10.0), ("+1%", 0.01)] {
        assert_eq!(value(text), expected, "{text}");
    }
    let share = |text: &str| policy(&format!("gate.max-inconclusive = '{text}'")).max_inconclusive;
    assert_eq!((share("0%"), share("12.5%"), share("100%")), (0.0, 0.125, 1.0));
}

#[test]
fn durations() {
    let max = |text: &str| policy(&format!("metrics.wall-time.max = '{text}'")).wall_time.max;
    for (text, expected) in [
        ("2 ms", 2e6),
        ("350ns", 350.0),
        ("0.5 ns", 0.5),
        ("1.5 us", 1500.0),
        ("1.5 µs", 1500.0),
        ("1.5 \u{3bc}s", 1500.0),
        ("3 s", 3e9),
        ("2 min", 120e9),
        ("  2\tms ", 2e6),
    ] {
        assert_eq!(max(text), Some(expected), "{text}");
    }
    let time_out = |text: &str| policy(&format!("gate.time-out = '{text}'")).time_out;
    assert_eq!(time_out("120s"), Duration::from_secs(120));
    assert_eq!(time_out("1ms"), Duration::from_millis(1));
    assert_eq!(time_out("1440 min"), Duration::from_secs(86_400));
}
