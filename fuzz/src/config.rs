//! The configuration: a file, and after each zero byte a variable `NAME=value` or the name of an environment. Where the
//! first byte is zero: two manifests, and what lies between them is one.

use std::collections::BTreeSet;
use std::time::Duration;

use cargo_perfgate::config::{Chosen, Overrides, duration, parse};
use cargo_perfgate::model::BenchmarkId;
use cargo_perfgate::workspace::{lock_with, manifest_with, root_with};

use super::acts;

/// More than any message says of twenty problems.
const LONGEST_MESSAGE: usize = 4 * 1024 * 1024;

/// Reads the file with what is laid over it; judges what was read, or renders what is wrong.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.split('\0');
    if text.starts_with('\0') {
        parts.next();
        return manifests(parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    }
    let file = parts.next().unwrap_or_default();
    let mut overrides = Overrides::default();
    for part in parts {
        match part.split_once('=') {
            Some((name, value)) => overrides.variables.push((name.to_owned(), value.to_owned())),
            None => overrides.environment = Chosen::Asked(part.to_owned()),
        }
        if let Ok(duration) = duration(part) {
            assert!((Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(&duration));
        }
    }
    let ids: Vec<BenchmarkId> = ["p::b/a", "my-parser::throughput/parse/large", "x::y/\u{1b}[31m[a]{*}\\"]
        .into_iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    match parse(file, "perfgate.toml", &overrides) {
        Err(error) => readable(&error.render(false), &error.render(true)),
        Ok(config) => {
            let problems: Vec<_> =
                [config.unmatched(&ids), config.contradictions(&ids)].into_iter().flatten().collect();
            let policy = &config.policy;
            for limits in ids.iter().map(|id| policy.limits(id)).chain([policy.wall_time, policy.suite]) {
                assert!(0.0 < limits.max_regression && limits.max_regression <= 10.0);
                assert!(limits.max.is_none_or(|max| max > 0.0 && max.is_finite()));
                assert!(limits.tolerate > 0.0);
                // Rules may contradict each other for benchmarks, which is said then.
                assert!(limits.tolerate < limits.max_regression || config.contradictions(&ids).is_some());
            }
            assert!(policy.wall_time.tolerate < policy.wall_time.max_regression);
            assert!((0.0..=1.0).contains(&policy.max_inconclusive));
            let waits = [Some(policy.time_out), policy.budget];
            assert!(waits.into_iter().flatten().all(|wait| wait >= Duration::from_millis(1)));
            problems.iter().for_each(|error| readable(&error.render(false), &error.render(true)));
        }
    }
}

/// What head's manifest adds to base's it adds once.
fn manifests(base: &str, head: &str) {
    let names = BTreeSet::from(["a", "b"]);
    let manifest = |base: &str| manifest_with(base, head, &names);
    for with in
        [&manifest as &dyn Fn(&str) -> Option<String>, &|base| root_with(base, head), &|base| lock_with(base, head)]
    {
        let Some(new) = with(base) else { continue };
        // No other value differs from itself.
        if !base.contains("nan") && !head.contains("nan") {
            assert_eq!(with(&new), None, "{new}");
        }
    }
}

fn readable(plain: &str, coloured: &str) {
    assert!(plain.starts_with("error: "), "{plain}");
    assert!(!plain.contains(acts), "{plain:?}");
    assert!(coloured.contains('\u{1b}'));
    assert!(plain.len() < LONGEST_MESSAGE);
}
