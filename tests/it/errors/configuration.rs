//! Configurations that are broken, hostile or hold impossible limits, as the whole program tells them. What each value may
//! be is `config`'s subject, whose tests hold the rest of the messages.

use snapbox::str;

use super::{Place, reads, with_memory};

const COMPARE: [&str; 3] = ["compare", "run.json", "run.json"];

fn refused(text: &str) -> String {
    let place = Place::repository();
    place.write(".config/perfgate.toml", text);
    place.told(&COMPARE)
}

#[test]
fn broken() {
    reads(
        refused("[gate]\nmax-regression = 5%\n"),
        str![[r#"
error: not valid TOML: strings must be quoted
 --> .config/perfgate.toml:2:18
  |
2 | max-regression = 5%
  |                  ^^ did you mean "5%"?
exit 2
"#]],
    );
    reads(
        refused("[gate]\nmax-regresion = \"5%\"\n"),
        str![[r#"
error: unknown key `max-regresion` in `[gate]`
 --> .config/perfgate.toml:2:1
  |
2 | max-regresion = "5%"
  | ^^^^^^^^^^^^^ did you mean `max-regression`?
exit 2
"#]],
    );
}

#[test]
fn hostile() {
    reads(
        refused("[gate]\nbase = \"\\u001b[31m\"\n\"../../\\u202e|`\" = \"\u{9b}2J\u{202e}\"\n"),
        str![[r#"
error: `gate.base` must be a branch or revision such as "origin/main"
 --> .config/perfgate.toml:2:8
  |
2 | base = "\u001b[31m"
  |        ^^^^^^^^^^^^

error: unknown key `../../\u{202e}|`` in `[gate]`
--> .config/perfgate.toml:3:1
 = help: known here: `base`, `max-regression`, `tolerate`, `on-inconclusive`, `max-inconclusive`, `on-missing-baseline`, `on-removed`, `on-failed`, `time-out`, `budget`, `suite-max-regression`, `screen`
exit 2
"#]],
    );
    reads(
        refused("# \u{1b}]0;title\u{7}\u{202e}\n"),
        str![[r#"
error: not valid TOML: invalid comment character
 --> .config/perfgate.toml:1:3
  |
1 | # ␛]0;title␇�
  |   ^ expected printable characters
exit 2
"#]],
    );
    let place = Place::repository();
    place.write("\u{1b}[31mred\n.toml", "[gate]\nbas = 1\n");
    reads(
        place.told(&["compare", "run.json", "run.json", "--config", "\u{1b}[31mred\n.toml"]),
        str![[r#"
error: unknown key `bas` in `[gate]`
 --> \u{1b}[31mred\n.toml:2:1
  |
2 | bas = 1
  | ^^^ did you mean `base`?
exit 2
"#]],
    );
}

#[test]
fn larger_than_any() {
    let place = Place::repository();
    place.write_gigabyte("big.toml");
    reads(
        with_memory(&place, 256, &["compare", "run.json", "run.json", "--config", "big.toml"]),
        str![[r#"
error: `big.toml` is larger than 10 MB
help: is it a configuration file?
exit 2
"#]],
    );
}

#[test]
fn impossible_limits() {
    reads(
        refused(
            r#"[gate]
max-regression = "0%"
tolerate = "-2%"
suite-max-regression = nan
max-inconclusive = "inf%"
time-out = "0 s"
budget = "-1 s"
[metrics.wall-time]
max-regression = "NaN%"
tolerate = inf
max = "inf ms"
"#,
        ),
        str![[r#"
error: `gate.max-regression` must be above 0% and at most 1000%
 --> .config/perfgate.toml:2:18
  |
2 | max-regression = "0%"
  |                  ^^^^

error: `gate.tolerate` must be above 0% and at most 1000%
 --> .config/perfgate.toml:3:12
  |
3 | tolerate = "-2%"
  |            ^^^^^

error: `gate.suite-max-regression` must be a percentage such as "5%"
 --> .config/perfgate.toml:4:24
  |
4 | suite-max-regression = nan
  |                        ^^^ expected a number and a percent sign

error: `gate.max-inconclusive` must be a percentage such as "5%"
 --> .config/perfgate.toml:5:20
  |
5 | max-inconclusive = "inf%"
  |                    ^^^^^^ expected a number and a percent sign

error: `gate.time-out` must be above zero
 --> .config/perfgate.toml:6:12
  |
6 | time-out = "0 s"
  |            ^^^^^

error: `gate.budget` must be above zero
 --> .config/perfgate.toml:7:10
  |
7 | budget = "-1 s"
  |          ^^^^^^

error: `metrics.wall-time.max-regression` must be a percentage such as "5%"
 --> .config/perfgate.toml:9:18
  |
9 | max-regression = "NaN%"
  |                  ^^^^^^ expected a number and a percent sign

error: `metrics.wall-time.tolerate` must be a percentage such as "5%"
  --> .config/perfgate.toml:10:12
   |
10 | tolerate = inf
   |            ^^^ expected a number and a percent sign

error: `metrics.wall-time.max` must be a duration such as "2 ms"
  --> .config/perfgate.toml:11:7
   |
11 | max = "inf ms"
   |       ^^^^^^^^ expected a number and a unit
exit 2
"#]],
    );
}

#[test]
fn impossible_limits_by_variables_and_options() {
    let place = Place::repository();
    let with = |value: &str| {
        let mut command = place.command(env!("CARGO_BIN_EXE_cargo-perfgate"));
        place.told_by(command.args(COMPARE).env("PERFGATE_MAX_REGRESSION", value))
    };
    reads(
        with("NaN%"),
        str![[r#"
error: `gate.max-regression` must be a percentage such as "5%"
 --> the variable PERFGATE_MAX_REGRESSION:1:18
  |
1 | max-regression = "NaN%"
  |                  ^^^^^^ expected a number and a percent sign
exit 2
"#]],
    );
    reads(
        with("\u{1b}[31m-1%\u{202e}"),
        str![[r#"
error: `gate.max-regression` must be a percentage such as "5%"
 --> the variable PERFGATE_MAX_REGRESSION:1:18
  |
1 | max-regression = "\u001B[31m-1%�"
  |                  ^^^^^^^^^^^^^^^^ expected a number and a percent sign
exit 2
"#]],
    );
    for (budget, cause) in [
        ("0s", "it must be above zero"),
        ("-1s", "it must be above zero"),
        ("NaN", "it must be a duration such as \"90s\": expected a number and a unit"),
        ("inf s", "it must be a duration such as \"90s\": expected a number and a unit"),
        ("1e9s", "it has the unknown unit `e9s`: accepted units are ns, us, µs, ms, s and min"),
        ("90", "it needs a unit: accepted units are ns, us, µs, ms, s and min"),
        ("1441min", "it must be between 1 ms and 1440 min"),
    ] {
        let expected = format!(
            "error: invalid value '{budget}' for '--budget <TIME>': {cause}\n\nFor more information, try '--help'.\nexit 2"
        );
        assert_eq!(place.told(&["check", &format!("--budget={budget}")]), expected);
    }
}
