//! What shows only once the benchmarks are known, and what the contract knows but this version does not.

use snapbox::{assert_data_eq, str};

use super::{id, ids, policy, read, refused};

/// What is said of `benchmarks` under a configuration that is fine in itself.
fn unmatched(text: &str, benchmarks: &[&str]) -> Option<String> {
    read(text).expect("a valid text").unmatched(&ids(benchmarks)).map(|error| error.to_string())
}

fn rule(selector: &str) -> String {
    format!("[[benchmark]]\n{selector}\nmetrics.wall-time.max = '1 s'\n")
}

#[test]
fn rules_that_match_are_fine() {
    let text = rule("match = 'parse/*'") + &rule("id = 'p::b/print'");
    assert_eq!(unmatched(&text, &["p::b/parse/large", "p::b/print"]), None);
    assert_eq!(unmatched(&text, &[]), None, "where there are no benchmarks it is not the rules' fault");
    assert_eq!(unmatched("", &["p::b/print"]), None);
}

#[test]
fn rules_that_match_nothing() {
    let benchmarks =
        ["p::b/parse/large", "p::b/parse/small", "p::b/print/tiny", "p::c/a", "p::c/b", "p::c/c", "p::c/d"];
    let text = rule("id = 'parse/lage'")
        + &rule("match = 'print'")
        + &rule("match = 'p::b/*'")
        + &rule("id = 'parse/*'")
        + &rule("match = 'x/*'");
    assert_data_eq!(
        unmatched(&text, &benchmarks).expect("an error"),
        str![[r#"
error: no benchmark matches `parse/lage`
 --> .config/perfgate.toml:2:6
  |
2 | id = 'parse/lage'
  |      ^^^^^^^^^^^^ did you mean `parse/large`?

error: no benchmark matches `print`
 --> .config/perfgate.toml:5:9
  |
5 | match = 'print'
  |         ^^^^^^^ did you mean `print/**`?

error: no benchmark matches `p::b/*`
 --> .config/perfgate.toml:8:9
  |
8 | match = 'p::b/*'
  |         ^^^^^^^^ `*` stops at `/`; did you mean `p::b/**`?

error: no benchmark matches `parse/*`
  --> .config/perfgate.toml:11:6
   |
11 | id = 'parse/*'
   |      ^^^^^^^^^ `id` is literal; did you mean `match`?

error: no benchmark matches `x/*`
  --> .config/perfgate.toml:14:9
   |
14 | match = 'x/*'
   |         ^^^^^
   |
   = help: the benchmarks are `parse/large`, `parse/small`, `print/tiny`, `a`, `b` and 2 more
"#]]
    );
}

#[test]
fn contradictions_that_show_with_the_benchmarks() {
    let text = "\
[[benchmark]]
match = 'parse/**'
metrics.wall-time.max-regression = '3%'

[[benchmark]]
match = '**/large'
metrics.wall-time.tolerate = '4%'
";
    let config = read(text).expect("whether the two meet is not known yet");
    assert!(config.contradictions(&ids(&["p::b/parse/small", "p::b/print/large"])).is_none());
    let error = config.contradictions(&ids(&["p::b/parse/large", "p::b/parse/xml/large"])).expect("an error");
    assert_data_eq!(
        error.to_string(),
        str![[r#"
error: `tolerate` must be below `max-regression`
 --> .config/perfgate.toml:7:30
  |
3 | metrics.wall-time.max-regression = '3%'
  |                                    ---- the limit here
...
7 | metrics.wall-time.tolerate = '4%'
  |                              ^^^^ not below 3%
  |
  = help: both hold for `p::b/parse/large`
"#]]
    );
}

/// `parse` and `contradictions` follow the levels on their own, to say where a limit was set: they must end where
/// the policy ends.
#[test]
fn contradictions_are_found_where_the_policy_has_them() {
    let base = "[gate]\nmax-regression = '10%'\n";
    let benchmark = id("p::b/x");
    for (first, second) in [("3%", "2%"), ("3%", "4%"), ("8%", "4%"), ("3%", "3%")] {
        let text = format!(
            "{base}[[benchmark]]\nmatch = '*'\nmetrics.wall-time.max-regression = '{first}'\n\
             [[benchmark]]\nid = 'x'\nmetrics.wall-time.tolerate = '{second}'\n"
        );
        let limits = policy(&text).limits(&benchmark);
        let found = read(&text).expect("plain").contradictions(std::slice::from_ref(&benchmark)).is_some();
        assert_eq!(found, limits.tolerate >= limits.max_regression, "{first} {second}");
    }
}

#[test]
fn what_this_version_cannot_honour_yet() {
    assert_data_eq!(
        refused(
            r#"[metrics.cpu-time]
max-regression = "1%"
[metrics.my-own]
max = "3 widgets"
[metrics.wall-time]
min = "1 ms"

[[benchmark]]
match = "**"
metrics.peak-rss = { max = "1 MiB" }
"#
        ),
        str![[r#"
error: `metrics.cpu-time` is not supported by this version of cargo-perfgate
 --> .config/perfgate.toml:1:10
  |
1 | [metrics.cpu-time]
  |          ^^^^^^^^

error: `metrics.my-own` is not supported by this version of cargo-perfgate
 --> .config/perfgate.toml:3:10
  |
3 | [metrics.my-own]
  |          ^^^^^^
  |
  = help: known here: `wall-time`, `instructions`, `cold-instructions`, `allocations`, `allocated-bytes`, `peak-bytes`, `leaked-bytes`

error: `metrics.wall-time.min` is not supported by this version of cargo-perfgate
 --> .config/perfgate.toml:6:1
  |
6 | min = "1 ms"
  | ^^^

error: `metrics.peak-rss` is not supported by this version of cargo-perfgate
  --> .config/perfgate.toml:10:9
   |
10 | metrics.peak-rss = { max = "1 MiB" }
   |         ^^^^^^^^
"#]]
    );
}

#[test]
fn every_metric_of_the_contract_is_named() {
    for metric in [
        "cpu-time",
        "estimated-cycles",
        "peak-rss",
        "binary-size",
        "throughput",
        "latency-p50",
        "latency-p95",
        "latency-p99",
        "error-rate",
        "mine",
    ] {
        let expected = format!("error: `metrics.{metric}` is not supported by this version of cargo-perfgate\n");
        let message = refused(&format!("metrics.{metric} = {{ max-regression = '1%' }}"));
        assert!(message.starts_with(&expected), "{message}");
    }
}
