//! Errors of single values and of values that contradict each other, exactly as users read them.

use snapbox::{assert_data_eq, str};

use super::{read, refused};

#[test]
fn percentages_without_percent_sign() {
    assert_data_eq!(
        refused(
            r#"[gate]
max-regression = 5
tolerate = "2"
max-inconclusive = 0.1
[metrics.wall-time]
max-regression = "0.5"
tolerate = "2,5%"
"#
        ),
        str![[r#"
error: `gate.max-regression` needs a percent sign
 --> .config/perfgate.toml:2:18
  |
2 | max-regression = 5
  |                  ^ did you mean "5%"?

error: `gate.tolerate` needs a percent sign
 --> .config/perfgate.toml:3:12
  |
3 | tolerate = "2"
  |            ^^^ did you mean "2%"?

error: `gate.max-inconclusive` needs a percent sign
 --> .config/perfgate.toml:4:20
  |
4 | max-inconclusive = 0.1
  |                    ^^^ did you mean "10%" or "0.1%"?

error: `metrics.wall-time.max-regression` needs a percent sign
 --> .config/perfgate.toml:6:18
  |
6 | max-regression = "0.5"
  |                  ^^^^^ did you mean "50%" or "0.5%"?

error: `metrics.wall-time.tolerate` must be a percentage such as "5%"
 --> .config/perfgate.toml:7:12
  |
7 | tolerate = "2,5%"
  |            ^^^^^^ did you mean "2.5%"?
"#]]
    );
}

#[test]
fn percentages_out_of_range() {
    let limit = "error: `gate.max-regression` must be above 0% and at most 1000%\n";
    for text in ["-5%", "0%", "-0%", "1000.1%", "99999999999999999999%", &format!("{}%", "9".repeat(400))] {
        let message = refused(&format!("gate.max-regression = '{text}'"));
        assert!(message.starts_with(limit), "{message}");
    }
    for text in
        ["NaN%", "inf%", "-inf%", "1e1%", "0x5%", "%", "5%%", "five%", "٥%", "1_0%", "+-5%", "5.5.5%", "5 percent"]
    {
        let message = refused(&format!("gate.max-regression = '{text}'"));
        assert!(message.starts_with("error: `gate.max-regression` must be a percentage such as \"5%\"\n"), "{message}");
    }
    for text in ["nan", "inf", "-5", "1e1", "0x5"] {
        let message = refused(&format!("gate.max-regression = {text}"));
        assert!(message.starts_with("error: `gate.max-regression` must be a percentage such as \"5%\""), "{message}");
    }
    assert_data_eq!(
        refused("[gate]\nmax-regression = \"-5%\"\nmax-inconclusive = \"101%\"\ntolerate = \"NaN%\"\n"),
        str![[r#"
error: `gate.max-regression` must be above 0% and at most 1000%
 --> .config/perfgate.toml:2:18
  |
2 | max-regression = "-5%"
  |                  ^^^^^

error: `gate.max-inconclusive` must be between 0% and 100%
 --> .config/perfgate.toml:3:20
  |
3 | max-inconclusive = "101%"
  |                    ^^^^^^

error: `gate.tolerate` must be a percentage such as "5%"
 --> .config/perfgate.toml:4:12
  |
4 | tolerate = "NaN%"
  |            ^^^^^^ expected a number and a percent sign
"#]]
    );
}

#[test]
fn durations() {
    assert_data_eq!(
        refused(
            r#"
metrics.wall-time.max = "2 MB"
[[benchmark]]
id = "a"
metrics.wall-time.max = "2 sec"
[[benchmark]]
id = "b"
metrics.wall-time.max = 2
[[benchmark]]
id = "c"
metrics.wall-time.max = "2"
[[benchmark]]
id = "d"
metrics.wall-time.max = "soon"
[[benchmark]]
id = "e"
metrics.wall-time.max = "-2 ms"
[[benchmark]]
id = "f"
metrics.wall-time.max = "2 parsecs"
[gate]
time-out = "0.1 ms"
"#
        ),
        str![[r#"
error: `metrics.wall-time.max` has the unknown unit `MB`
 --> .config/perfgate.toml:2:25
  |
2 | metrics.wall-time.max = "2 MB"
  |                         ^^^^^^ accepted units are ns, us, µs, ms, s and min

error: `metrics.wall-time.max` has the unknown unit `sec`
 --> .config/perfgate.toml:5:25
  |
5 | metrics.wall-time.max = "2 sec"
  |                         ^^^^^^^ did you mean "2 s"?

error: `metrics.wall-time.max` needs a unit
 --> .config/perfgate.toml:8:25
  |
8 | metrics.wall-time.max = 2
  |                         ^ accepted units are ns, us, µs, ms, s and min

error: `metrics.wall-time.max` needs a unit
  --> .config/perfgate.toml:11:25
   |
11 | metrics.wall-time.max = "2"
   |                         ^^^ accepted units are ns, us, µs, ms, s and min

error: `metrics.wall-time.max` must be a duration such as "2 ms"
  --> .config/perfgate.toml:14:25
   |
14 | metrics.wall-time.max = "soon"
   |                         ^^^^^^ expected a number and a unit

error: `metrics.wall-time.max` must be above zero
  --> .config/perfgate.toml:17:25
   |
17 | metrics.wall-time.max = "-2 ms"
   |                         ^^^^^^^

error: `metrics.wall-time.max` has the unknown unit `parsecs`
  --> .config/perfgate.toml:20:25
   |
20 | metrics.wall-time.max = "2 parsecs"
   |                         ^^^^^^^^^^^ accepted units are ns, us, µs, ms, s and min

error: `gate.time-out` must be between 1 ms and 1440 min
  --> .config/perfgate.toml:22:12
   |
22 | time-out = "0.1 ms"
   |            ^^^^^^^^
"#]]
    );
    for (text, what) in [("0 s", "must be above zero"), (&format!("{} s", "9".repeat(400)), "is too large")] {
        let message = refused(&format!("metrics.wall-time.max = '{text}'"));
        assert!(message.starts_with(&format!("error: `metrics.wall-time.max` {what}\n")), "{message}");
    }
    assert!(read("gate.time-out = '1441 min'").is_err());
}

#[test]
fn reactions_and_base() {
    assert_data_eq!(
        refused(
            r#"[gate]
on-removed = "wran"
on-failed = "explode"
on-inconclusive = true
base = "--upload-pack=evil"
on-missing-baseline = "Fail"
"#
        ),
        str![[r#"
error: `gate.on-removed` must be "pass", "warn" or "fail"
 --> .config/perfgate.toml:2:14
  |
2 | on-removed = "wran"
  |              ^^^^^^ did you mean "warn"?

error: `gate.on-failed` must be "pass", "warn" or "fail"
 --> .config/perfgate.toml:3:13
  |
3 | on-failed = "explode"
  |             ^^^^^^^^^

error: `gate.on-inconclusive` must be "pass", "warn" or "fail", not a boolean
 --> .config/perfgate.toml:4:19
  |
4 | on-inconclusive = true
  |                   ^^^^

error: `gate.base` must be a branch or revision such as "origin/main"
 --> .config/perfgate.toml:5:8
  |
5 | base = "--upload-pack=evil"
  |        ^^^^^^^^^^^^^^^^^^^^

error: `gate.on-missing-baseline` must be "pass", "warn" or "fail"
 --> .config/perfgate.toml:6:23
  |
6 | on-missing-baseline = "Fail"
  |                       ^^^^^^ did you mean "fail"?
"#]]
    );
    for base in ["''", "'a b'", "\"a\\nb\"", "'-x'"] {
        assert!(read(&format!("gate.base = {base}")).is_err(), "{base}");
    }
}

#[test]
fn tolerate_must_be_below_max_regression() {
    assert_data_eq!(
        refused("[gate]\nmax-regression = '5%'\ntolerate = '5%'\n"),
        str![[r#"
error: `tolerate` must be below `max-regression`
 --> .config/perfgate.toml:3:12
  |
2 | max-regression = '5%'
  |                  ---- the limit here
3 | tolerate = '5%'
  |            ^^^^ not below 5%
"#]]
    );
    assert_data_eq!(
        refused("[gate]\ntolerate = '6%'\n"),
        str![[r#"
error: `tolerate` must be below `max-regression`
 --> .config/perfgate.toml:2:12
  |
2 | tolerate = '6%'
  |            ^^^^ not below 5%, the default of `max-regression`
  |
  = help: set `max-regression` too
"#]]
    );
    // Through levels and rules: a rule meets the defaults, an earlier rule for the same pattern comes before them.
    assert_data_eq!(
        refused(
            r#"[gate]
max-regression = "4%"

[metrics.wall-time]
tolerate = "4.5%"

[[benchmark]]
id = "a"
metrics.wall-time.tolerate = "10%"

[[benchmark]]
id = "b"
metrics.wall-time.max-regression = "3%"

[[benchmark]]
id = "b"
metrics.wall-time.tolerate = "3.5%"
"#
        ),
        str![[r#"
error: `tolerate` must be below `max-regression`
 --> .config/perfgate.toml:5:12
  |
2 | max-regression = "4%"
  |                  ---- the limit here
...
5 | tolerate = "4.5%"
  |            ^^^^^^ not below 4%

error: `tolerate` must be below `max-regression`
 --> .config/perfgate.toml:9:30
  |
2 | max-regression = "4%"
  |                  ---- the limit here
...
9 | metrics.wall-time.tolerate = "10%"
  |                              ^^^^^ not below 4%

error: `tolerate` must be below `max-regression`
  --> .config/perfgate.toml:17:30
   |
13 | metrics.wall-time.max-regression = "3%"
   |                                    ---- the limit here
...
17 | metrics.wall-time.tolerate = "3.5%"
   |                              ^^^^^^ not below 3%
"#]]
    );
    // A rule that raises the limit for the same pattern makes room.
    let raised = "[[benchmark]]\nid = 'a'\nmetrics.wall-time.max-regression = '50%'\n\
                  [[benchmark]]\nid = 'a'\nmetrics.wall-time.tolerate = '10%'\n";
    assert!(read(raised).is_ok());
    // So does one for another pattern that may hold for the same benchmarks.
    let between = "[[benchmark]]\nid = 'a'\nmetrics.wall-time.max-regression = '3%'\n\
                   [[benchmark]]\nmatch = '**'\nmetrics.wall-time.max-regression = '50%'\n\
                   [[benchmark]]\nid = 'a'\nmetrics.wall-time.tolerate = '10%'\n";
    assert!(read(between).is_ok());
}
