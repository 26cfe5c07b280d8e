//! From limits and rows to the outcome: which limits hold where, and what the worst row makes of the run.

mod accept;
mod counts;
pub mod outcome;
mod stored;
mod suite;
mod trial;

use std::collections::BTreeMap;

use cargo_perfgate::gate::{LimitOverride, Limits, Matcher, Policy, Rule};
use cargo_perfgate::model::BenchmarkId;
use globset::GlobBuilder;

fn limits(max_regression: f64, tolerate: f64, max: Option<f64>) -> Limits {
    Limits { max_regression, tolerate, max }
}

fn set(max_regression: Option<f64>, tolerate: Option<f64>, max: Option<f64>) -> LimitOverride {
    LimitOverride { max_regression, tolerate, max, auto: false }
}

fn glob(pattern: &str) -> Matcher {
    Matcher::Glob(GlobBuilder::new(pattern).literal_separator(true).build().unwrap().compile_matcher())
}

fn literal(text: &str) -> Matcher {
    Matcher::Id(text.to_owned())
}

fn id(text: &str) -> BenchmarkId {
    text.parse().unwrap()
}

#[test]
fn two_fifths_of_a_limit_are_tolerated() {
    // 0.4 · 0.05 is 0.020000000000000004: users would read that in the JSON.
    assert_eq!(Limits::new(0.05), limits(0.05, 0.02, None));
    assert_eq!(Limits::new(0.1), limits(0.1, 0.04, None));
    assert_eq!(Policy::default().wall_time, limits(0.05, 0.02, None));
}

#[test]
fn a_rule_changes_the_keys_that_it_sets() {
    let start = limits(0.05, 0.03, Some(7.0));
    let table = [
        (set(None, None, None), start),
        // A limit alone brings its own two fifths, even where another tolerance was set before.
        (set(Some(0.1), None, None), limits(0.1, 0.04, Some(7.0))),
        (set(Some(0.1), Some(0.09), None), limits(0.1, 0.09, Some(7.0))),
        (set(None, Some(0.01), None), limits(0.05, 0.01, Some(7.0))),
        (set(None, Some(0.0), None), limits(0.05, 0.0, Some(7.0))),
        (set(None, None, Some(2.0)), limits(0.05, 0.03, Some(2.0))),
        (set(Some(0.2), None, Some(9.0)), limits(0.2, 0.08, Some(9.0))),
    ];
    for (over, expected) in table {
        assert_eq!(start.with(over), expected, "{over:?}");
    }
}

#[test]
fn later_rules_win_key_by_key() {
    let rule = |matcher, wall_time| Rule { matcher, wall_time, counts: BTreeMap::new() };
    let narrow = || rule(literal("parse/large"), set(Some(0.2), None, None));
    let wide = || rule(glob("parse/*"), set(Some(0.1), Some(0.05), None));
    let budget = || rule(glob("**"), set(None, None, Some(5.0)));
    let table = [
        (vec![], limits(0.05, 0.02, None)),
        (vec![narrow()], limits(0.2, 0.08, None)),
        (vec![wide()], limits(0.1, 0.05, None)),
        // The order in the file decides, not how exactly a rule names the benchmark.
        (vec![wide(), narrow()], limits(0.2, 0.08, None)),
        (vec![narrow(), wide()], limits(0.1, 0.05, None)),
        // Keys that a later rule does not set stay.
        (vec![narrow(), budget()], limits(0.2, 0.08, Some(5.0))),
        (vec![budget(), wide()], limits(0.1, 0.05, Some(5.0))),
        (vec![rule(literal("other"), set(Some(0.9), None, Some(1.0)))], limits(0.05, 0.02, None)),
    ];
    for (rules, expected) in table {
        let text = format!("{rules:?}");
        let policy = Policy { rules, ..Policy::default() };
        assert_eq!(policy.limits(&id("my-parser::throughput/parse/large")), expected, "{text}");
    }
}

#[test]
fn a_rule_selects_by_the_full_id_or_the_short_form() {
    let large = id("my-parser::throughput/parse/large");
    let table = [
        (literal("parse/large"), true),
        (literal("my-parser::throughput/parse/large"), true),
        (literal("large"), false),
        (literal("throughput/parse/large"), false),
        (literal("parse/*"), false),
        (literal("PARSE/large"), false),
        (literal(""), false),
        (glob("parse/*"), true),
        (glob("parse/l?rge"), true),
        (glob("*"), false),
        (glob("**"), true),
        (glob("**/large"), true),
        (glob("my-parser::*/**"), true),
        (glob("my-parser::throughput/*/large"), true),
        (glob("my-parser::*"), false),
        (glob("parse"), false),
    ];
    for (matcher, expected) in table {
        assert_eq!(matcher.matches(&large), expected, "{matcher:?}");
    }
    // A benchmark may be called like a pattern; as an `id` that is just a name.
    assert!(literal("[a]*").matches(&id("p::t/[a]*")));
    assert!(!literal("[a]*").matches(&id("p::t/ab")));
}

#[test]
fn limits_that_follow_from_noise() {
    let auto = || Rule {
        matcher: glob("parse/*"),
        wall_time: LimitOverride { auto: true, ..LimitOverride::default() },
        counts: BTreeMap::new(),
    };
    let fixed = || Rule { matcher: glob("**"), wall_time: set(Some(0.1), None, Some(7.0)), counts: BTreeMap::new() };
    let large = id("my-parser::throughput/parse/large");
    let of = |rules: Vec<Rule>, auto: bool, known: Option<f64>| {
        let noise_limits = known.map(|limit| (large.clone(), limit)).into_iter().collect();
        Policy { rules, auto, noise_limits, ..Policy::default() }.limits(&large)
    };
    assert_eq!(of(vec![], true, Some(0.03)), limits(0.03, 0.03 * 2.0 / 5.0, None));
    // What is not known yet has the default.
    assert_eq!(of(vec![], true, None), Limits::new(0.05));
    assert_eq!(of(vec![], false, Some(0.03)), Limits::new(0.05));
    // The later rule wins; a budget stays.
    assert_eq!(of(vec![auto(), fixed()], false, Some(0.03)), limits(0.1, 0.04, Some(7.0)));
    assert_eq!(of(vec![fixed(), auto()], false, Some(0.03)), limits(0.03, 0.03 * 2.0 / 5.0, Some(7.0)));
    assert_eq!(of(vec![fixed()], true, Some(0.03)), limits(0.1, 0.04, Some(7.0)));
}

/// What one layout can do must not be red.
#[test]
fn one_layout_widens_limits_and_never_narrows_them() {
    assert_eq!(Limits::new(0.05).in_one_layout(), limits(0.3, 0.15, None));
    assert_eq!(limits(0.5, 0.4, Some(7.0)).in_one_layout(), limits(0.5, 0.4, Some(7.0)));
}

#[test]
fn reports_name_the_default_limits() {
    let mut policy = Policy { file: Some(".config/perfgate.toml".into()), ..Policy::default() };
    policy.wall_time = limits(0.08, 0.03, None);
    let note = policy.note();
    assert_eq!(note.file.as_deref(), Some(".config/perfgate.toml"));
    assert_eq!((note.max_regression, note.tolerate), (0.08, 0.03));
}
