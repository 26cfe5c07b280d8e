//! Which policy holds: base's, so that no change loosens the gate that it has to pass.

use std::collections::BTreeMap;
use std::path::Path;

use super::FlowError;
use super::project::Setting;
use crate::config;
use crate::gate::{CountOverride, Matcher, Policy, Reaction, Rule};
use crate::model::Metric;
use crate::vcs::Base;

/// Whose policy is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyOf {
    /// Base's.
    #[default]
    Base,
    /// Head's: to try out limits.
    Head,
}

/// So many differences are named.
const NAMED: usize = 5;

/// Puts base's policy into force where it differs from head's, and says so. Base's is that of its own configuration file,
/// or the defaults where it has none.
pub fn adopt(setting: &mut Setting, base: &Base) -> Result<Vec<String>, FlowError> {
    // A file that the user names is the user's word, not the change's.
    if setting.request.config.is_some() {
        return Ok(Vec::new());
    }
    let path = setting.inside().join(config::DEFAULT_PATH);
    let overrides = &setting.request.overrides;
    let read = match setting.repository.file_of(&base.commit, &path)? {
        None => config::without_file(overrides),
        Some(bytes) => config::parse(&String::from_utf8_lossy(&bytes), &shown(&path), overrides),
    };
    let Ok(of_base) = read else {
        let sentence = "base's configuration cannot be read, so head's holds";
        return Ok(vec![sentence.to_owned()]);
    };
    let differences = differences(&of_base.policy, &setting.config.policy);
    if differences.is_empty() {
        return Ok(Vec::new());
    }
    setting.config.policy = of_base.policy;
    Ok(vec![format!(
        "the configuration differs, and base's holds until head is merged: {}; `--policy head` tries head's",
        differences.join(", ")
    )])
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What differs, at most [`NAMED`] of it: `max-regression is 5 % (head: 50 %)`.
fn differences(base: &Policy, head: &Policy) -> Vec<String> {
    let (base, head) = (described(base), described(head));
    let keys: std::collections::BTreeSet<&String> = base.keys().chain(head.keys()).collect();
    let value = |of: &BTreeMap<String, String>, key: &String| of.get(key).map_or("not set", String::as_str).to_owned();
    let mut all: Vec<String> = keys
        .into_iter()
        .filter(|key| base.get(*key) != head.get(*key))
        .map(|key| format!("{key} is {} (head: {})", value(&base, key), value(&head, key)))
        .collect();
    let more = all.len().saturating_sub(NAMED);
    if more > 0 {
        all.truncate(NAMED);
        all.push(format!("and {more} more"));
    }
    all
}

/// All that decides how rows are judged, by key. Which commit is base was decided before.
pub(super) fn described(policy: &Policy) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    let mut add = |key: &str, value: String| keys.insert(key.to_owned(), value);
    let limit = |ratio: f64| if policy.auto { "auto".to_owned() } else { percent(ratio) };
    add("max-regression", limit(policy.wall_time.max_regression));
    add("tolerate", limit(policy.wall_time.tolerate));
    add("max", policy.wall_time.max.map_or("none".to_owned(), nanoseconds));
    add("suite-max-regression", percent(policy.suite.max_regression));
    add("screen", policy.screen.to_string());
    add("max-inconclusive", percent(policy.max_inconclusive));
    for (key, reaction) in [
        ("on-inconclusive", policy.on_inconclusive),
        ("on-missing-baseline", policy.on_missing_baseline),
        ("on-removed", policy.on_removed),
        ("on-failed", policy.on_failed),
    ] {
        add(key, self::reaction(reaction).to_owned());
    }
    add("time-out", format!("{:?}", policy.time_out));
    add("budget", policy.budget.map_or("none".to_owned(), |budget| format!("{budget:?}")));
    for metric in Metric::COUNTED {
        let set = policy.counts.get(&metric).copied();
        add(metric.as_str(), set.map_or("not asked for".to_owned(), counts));
    }
    for (i, rule) in policy.rules.iter().enumerate() {
        let of = match &rule.matcher {
            Matcher::Id(id) => id.clone(),
            Matcher::Glob(glob) => glob.glob().glob().to_owned(),
        };
        // Later ones win, so that their order counts.
        add(&format!("rule {} for `{of}`", i + 1), limits(rule));
    }
    keys
}

fn limits(rule: &Rule) -> String {
    let set = rule.wall_time;
    let limit = set.max_regression.map(|ratio| format!("max-regression {}", percent(ratio)));
    let auto = set.auto.then(|| "max-regression auto".to_owned());
    let tolerate = set.tolerate.map(|ratio| format!("tolerate {}", percent(ratio)));
    let max = set.max.map(|value| format!("max {}", nanoseconds(value)));
    let counted = rule.counts.iter().map(|(metric, set)| format!("{metric} {}", counts(*set)));
    [limit, auto, tolerate, max].into_iter().flatten().chain(counted).collect::<Vec<_>>().join(" and ")
}

fn counts(set: CountOverride) -> String {
    let max = set.max.map(|max| format!(" and max {max}")).unwrap_or_default();
    format!("max-regression {}{max}", set.max_regression.map_or("default".to_owned(), percent))
}

fn reaction(reaction: Reaction) -> &'static str {
    match reaction {
        Reaction::Pass => "pass",
        Reaction::Warn => "warn",
        Reaction::Fail => "fail",
    }
}

fn percent(ratio: f64) -> String {
    format!("{} %", (ratio * 1e6).round() / 1e4)
}

fn nanoseconds(value: f64) -> String {
    format!("{value} ns")
}
