//! What is laid over the file: environments and variables; and the file that `init` writes.

use cargo_perfgate::config::{Chosen, Config, ConfigError, Overrides, TEMPLATE, parse, without_file};
use cargo_perfgate::gate::{Policy, Reaction};
use snapbox::{assert_data_eq, str};

use super::{PATH, id};

const FILE: &str = r#"
[gate]
max-regression = "5%"
tolerate = "3%"
on-removed = "warn"

[metrics.wall-time]
max = "1 s"

[[benchmark]]
id = "slow"
metrics.wall-time = { max-regression = "20%" }

[environment.ci]
on-inconclusive = "fail"
max-regression = "8%"

[environment."pre-push"]
budget = "90s"
"#;

fn over(environment: Chosen, variables: &[(&str, &str)]) -> Overrides {
    let text = |text: &&str| (*text).to_owned();
    Overrides { environment, variables: variables.iter().map(|(name, value)| (text(name), text(value))).collect() }
}

fn asked(name: &str) -> Chosen {
    Chosen::Asked(name.to_owned())
}

fn policy(overrides: &Overrides) -> Policy {
    parse(FILE, PATH, overrides).unwrap_or_else(|error| panic!("{error}")).policy
}

fn refused(text: &str, overrides: &Overrides) -> String {
    parse(text, PATH, overrides).expect_err("this is wrong").to_string()
}

#[test]
fn an_environment_sets_what_it_names_and_nothing_else() {
    let none = policy(&Overrides::default());
    assert_eq!((none.wall_time.max_regression, none.wall_time.tolerate), (0.05, 0.03));
    assert_eq!((none.environment.as_deref(), none.on_inconclusive), (None, Reaction::Warn));

    let ci = policy(&over(asked("ci"), &[]));
    // A new limit brings its own tolerated share, as it does everywhere.
    assert_eq!((ci.wall_time.max_regression, ci.wall_time.tolerate), (0.08, 0.08 * 2.0 / 5.0));
    assert_eq!((ci.on_inconclusive, ci.on_removed), (Reaction::Fail, Reaction::Warn));
    assert_eq!((ci.wall_time.max, ci.budget), (Some(1e9), None));
    assert_eq!(ci.environment.as_deref(), Some("ci"));
    // What is said of a benchmark, or of wall-time alone, is nearer than what is said of everything.
    assert_eq!(ci.limits(&id("p::b/slow")).max_regression, 0.2);
    assert_eq!(ci.limits(&id("p::b/fast")).max_regression, 0.08);

    let push = policy(&over(asked("pre-push"), &[]));
    assert_eq!(push.budget.map(|budget| budget.as_secs()), Some(90));
    assert_eq!(push.wall_time, none.wall_time);
}

#[test]
fn an_environment_that_nobody_asked_for_may_be_missing() {
    let there = |name: &str| policy(&over(Chosen::IfThere(name.into()), &[])).environment;
    assert_eq!((there("ci").as_deref(), there("cd")), (Some("ci"), None));
    assert_data_eq!(
        refused(FILE, &over(asked("pre-psh"), &[])),
        str![[r#"
error: the configuration has no environment `pre-psh`
help: did you mean `pre-push`?
"#]]
    );
    assert_data_eq!(
        refused(FILE, &over(asked("nightly"), &[])),
        str![[r#"
error: the configuration has no environment `nightly`
help: it has `ci`, `pre-push`
"#]]
    );
    assert_data_eq!(
        without_file(&over(asked("ci"), &[])).map(|_: Config| ()).expect_err("no file").to_string(),
        str![[r#"
error: the configuration has no environment `ci`
help: add a table `[environment.ci]`
"#]]
    );
}

#[test]
fn environments_are_read_before_they_are_used() {
    assert_data_eq!(
        refused(
            "[environment]\nci = 1\n[environment.dev]\nbugdet = '1 s'\non-removed = 'explode'\n",
            &Overrides::default()
        ),
        str![[r#"
error: `environment.ci` must be a table, not an integer
 --> .config/perfgate.toml:2:6
  |
2 | ci = 1
  |      ^ write `[environment.ci]`

error: unknown key `bugdet` in `[environment]`
 --> .config/perfgate.toml:4:1
  |
4 | bugdet = '1 s'
  | ^^^^^^ did you mean `budget`?

error: `environment.on-removed` must be "pass", "warn" or "fail"
 --> .config/perfgate.toml:5:14
  |
5 | on-removed = 'explode'
  |              ^^^^^^^^^
"#]]
    );
}

#[test]
fn a_variable_is_over_the_environment_and_that_is_over_the_file() {
    let set = [("PERFGATE_MAX_REGRESSION", "10 %"), ("PERFGATE_ON_REMOVED", "pass"), ("PERFGATE_TOLERATE", "9%")];
    let policy = policy(&over(asked("ci"), &set));
    assert_eq!((policy.wall_time.max_regression, policy.wall_time.tolerate), (0.1, 0.09));
    assert_eq!((policy.on_removed, policy.on_inconclusive), (Reaction::Pass, Reaction::Fail));
    assert_eq!(policy.variables, ["PERFGATE_MAX_REGRESSION", "PERFGATE_ON_REMOVED", "PERFGATE_TOLERATE"]);
    let alone = without_file(&over(Chosen::Nothing, &set[..1])).unwrap_or_else(|e: ConfigError| panic!("{e}")).policy;
    assert_eq!((alone.file, alone.wall_time.max_regression), (None, 0.1));
    let auto = parse(FILE, PATH, &over(Chosen::Nothing, &[("PERFGATE_MAX_REGRESSION", "auto")])).expect("auto");
    assert!(auto.policy.auto);
}

#[test]
fn what_a_variable_may_not_say() {
    let refused = |name, value| refused(FILE, &over(Chosen::Nothing, &[(name, value)]));
    assert_data_eq!(
        refused("PERFGATE_MAX_REGRESION", "5%"),
        str![[r#"
error: the variable `PERFGATE_MAX_REGRESION` sets no key of `[gate]`
help: did you mean `PERFGATE_MAX_REGRESSION`?
"#]]
    );
    assert_data_eq!(
        refused("PERFGATE_MAX_REGRESSION", "5"),
        str![[r#"
error: `gate.max-regression` needs a percent sign
 --> the variable PERFGATE_MAX_REGRESSION:1:18
  |
1 | max-regression = "5"
  |                  ^^^ did you mean "5%"?
"#]]
    );
    assert!(!refused("PERFGATE_MAX_REGRESSION", "a\"b\n\u{1b}[31mc").contains('\u{1b}'));
    assert_data_eq!(
        refused("PERFGATE_TOLERATE", "6%"),
        str![[r#"
error: `tolerate` must be below `max-regression`: PERFGATE_TOLERATE of 6% is not below 5%
help: both can be set by variables: PERFGATE_MAX_REGRESSION and PERFGATE_TOLERATE
"#]]
    );
    assert!(refused("PERFGATE_BASE", &"x".repeat(1_000_000)).len() < 300);
}

/// Every line that begins with `#` and no space is an example.
#[test]
fn the_template_sets_nothing_and_names_every_key() {
    let defaults = parse("", PATH, &Overrides::default()).expect("defaults").policy;
    let policy = parse(TEMPLATE, PATH, &Overrides::default()).unwrap_or_else(|error| panic!("{error}")).policy;
    assert_eq!(format!("{policy:?}"), format!("{defaults:?}"));

    let used: String = TEMPLATE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(example) if example.starts_with(|first: char| first.is_ascii_lowercase() || first == '[') => example,
            _ => line,
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let full = parse(&used, PATH, &over(asked("ci"), &[])).unwrap_or_else(|error| panic!("{error}")).policy;
    assert_eq!((full.rules.len(), full.environment.as_deref()), (2, Some("ci")));
    // The values that are shown are the defaults, where a key has one.
    let shown = parse(&used, PATH, &Overrides::default()).expect("valid").policy;
    assert_eq!((shown.wall_time.max_regression, shown.wall_time.tolerate), (0.05, 0.02));
    assert_eq!((shown.suite, shown.time_out, shown.max_inconclusive), (defaults.suite, defaults.time_out, 0.0));
    assert_eq!((shown.on_inconclusive, shown.on_missing_baseline), (Reaction::Warn, Reaction::Warn));
    assert_eq!((shown.on_removed, shown.on_failed), (Reaction::Fail, Reaction::Fail));
    for key in [
        "base",
        "max-regression",
        "tolerate",
        "suite-max-regression",
        "on-inconclusive",
        "max-inconclusive",
        "on-missing-baseline",
        "on-removed",
        "on-failed",
        "time-out",
        "budget",
        "max",
        "match",
        "id",
        "metrics.wall-time",
    ] {
        assert!(TEMPLATE.contains(&format!("#{key} = ")), "{key}");
    }
}
