//! Which policy holds: base's, so that no change loosens the gate that it has to pass.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::FlowError;
use super::project::{ProjectRequest, Setting};
use crate::config::{self, Config, ConfigError, Overrides};
use crate::gate::{Acceptance, CountOverride, Matcher, Policy, Reaction, Rename, Rule};
use crate::model::{Metric, Row, Verdict};
use crate::vcs::{Base, Repository, VcsError};

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

/// What came of base's and head's configurations.
#[derive(Debug, Default)]
pub struct Adopted {
    /// How they differ, a sentence each.
    pub differences: Vec<String>,
    /// The benchmarks of acceptances and renames that have ended: base has them, too.
    pub ended: Vec<String>,
}

/// Puts base's policy into force where it differs from head's, and says so. Base's is that of its own configuration file,
/// or the defaults where it has none. Of head's acceptances and renames those count that base has not.
pub fn adopt(setting: &mut Setting, base: &Base, whose: PolicyOf) -> Result<Adopted, FlowError> {
    let read = file_of_base(setting, &base.commit)
        .and_then(|file| at_commit(&setting.repository, &file, &setting.request.overrides, &base.commit));
    // A file that the user names is the user's word, not the change's.
    let base_holds = whose == PolicyOf::Base && setting.request.config.is_none();
    let read = match read {
        // Never the defaults: a link would be all that it takes to loosen the gate.
        Err(FlowError::Vcs(e @ VcsError::NoFile { .. })) if base_holds => {
            return Err(FlowError::Usage(format!("{e}; until base has it, `--policy head` judges by head's")));
        }
        Err(FlowError::Vcs(VcsError::NoFile { .. })) => return Ok(Adopted::default()),
        read => read?,
    };
    let Ok(of_base) = read else {
        let sentence = "base's configuration cannot be read, so head's holds".to_owned();
        let differences = if base_holds { vec![sentence] } else { Vec::new() };
        return Ok(Adopted { differences, ended: Vec::new() });
    };
    let head = &setting.config.policy;
    let mut adopted = Adopted::default();
    let differences = if base_holds { differences(&of_base.policy, head) } else { Vec::new() };
    let Counting { acceptances, renames, ended } = Counting::of(head, &of_base.policy);
    if !differences.is_empty() {
        setting.config.policy = of_base.policy;
        adopted.differences.push(format!(
            "the configuration differs, and base's holds until head is merged: {}; `--policy head` tries head's",
            differences.join(", ")
        ));
    }
    adopted.differences.extend(declared("accepts, until it is merged", acceptances.iter().map(accepted)));
    adopted.differences.extend(declared("renames", renames.iter().map(|r| format!("`{}` to `{}`", r.from, r.to))));
    adopted.ended = ended;
    (setting.config.policy.acceptances, setting.config.policy.renames) = (acceptances, renames);
    Ok(adopted)
}

/// The configuration file to ask base for: head's, or, where base has none there, the one beside the manifest that was asked
/// for. A change can move the root of its workspace, and with it the place where its configuration is looked for.
fn file_of_base(setting: &Setting, base: &str) -> Result<PathBuf, FlowError> {
    let file = setting.config_file();
    let manifest = setting.repository.root().join(&setting.manifest);
    let beside = config::path_of(manifest.parent().unwrap_or(&manifest), None);
    let is_elsewhere =
        setting.request.config.is_none() && inside(&setting.repository, &beside) != inside(&setting.repository, &file);
    if is_elsewhere && read(&setting.repository, &file, &setting.request.overrides, base)?.is_none() {
        return Ok(beside);
    }
    Ok(file)
}

/// The configuration `file` as `commit` has it, or the defaults where it has none; the inner error where it cannot be
/// read. A link in its place leads to what `commit` has there, wherever the work tree's leads.
pub(super) fn at_commit(
    repository: &Repository,
    file: &Path,
    overrides: &Overrides,
    commit: &str,
) -> Result<Result<Config, ConfigError>, FlowError> {
    Ok(read(repository, file, overrides, commit)?.unwrap_or_else(|| config::without_file(overrides)))
}

/// The configuration that `commit` brings along. A file that the user names and the commit lacks is read where it lies.
pub(super) fn own_of(
    repository: &Repository,
    workspace_root: &Path,
    request: &ProjectRequest,
    commit: &str,
) -> Result<Config, FlowError> {
    let (explicit, overrides) = (request.config.as_deref(), &request.overrides);
    let found = read(repository, &config::path_of(workspace_root, explicit), overrides, commit)?;
    Ok(found.unwrap_or_else(|| match explicit {
        Some(_) => config::load(workspace_root, explicit, overrides),
        None => config::without_file(overrides),
    })?)
}

/// `None` where the commit has no such file, or cannot have it.
fn read(
    repository: &Repository,
    file: &Path,
    overrides: &Overrides,
    commit: &str,
) -> Result<Option<Result<Config, ConfigError>>, FlowError> {
    let Some(path) = inside(repository, file) else { return Ok(None) };
    let bytes = repository.file_of(commit, &path)?;
    Ok(bytes.map(|bytes| config::parse(&String::from_utf8_lossy(&bytes), &shown(&path), overrides)))
}

/// Where in the repository `file` is; `None` where it is outside. Only the folders down to the repository are resolved:
/// below its root links are the change's own.
fn inside(repository: &Repository, file: &Path) -> Option<PathBuf> {
    let file = std::path::absolute(file).ok()?;
    let found = file.ancestors().filter_map(|folder| {
        let resolved = folder.canonicalize().ok()?;
        let inside = resolved.strip_prefix(repository.root()).ok()?;
        Some(inside.join(file.strip_prefix(folder).ok()?).components().collect())
    });
    // From the shortest one, which comes last.
    found.last()
}

/// What head declares and base does not: it ends by itself once it is merged.
pub(super) struct Counting {
    pub acceptances: Vec<Acceptance>,
    pub renames: Vec<Rename>,
    /// The benchmarks of those that base has, too.
    pub ended: Vec<String>,
}

impl Counting {
    pub fn of(head: &Policy, base: &Policy) -> Self {
        let (old, acceptances): (Vec<Acceptance>, _) =
            head.acceptances.iter().cloned().partition(|acceptance| base.acceptances.contains(acceptance));
        let (old_names, renames): (Vec<Rename>, _) =
            head.renames.iter().cloned().partition(|rename| base.renames.contains(rename));
        let ended = old.into_iter().map(|acceptance| acceptance.benchmark);
        Self { acceptances, renames, ended: ended.chain(old_names.into_iter().map(|rename| rename.to)).collect() }
    }
}

fn accepted(acceptance: &Acceptance) -> String {
    let Acceptance { benchmark, metric, max_regression, .. } = acceptance;
    format!("`{benchmark}` ({metric}, up to {})", percent(*max_regression))
}

fn declared(what: &str, all: impl Iterator<Item = String>) -> Option<String> {
    let all: Vec<String> = all.collect();
    (!all.is_empty()).then(|| format!("head's configuration {what}: {}", some(all).join(", ")))
}

/// What the reader should know of acceptances and renames that did nothing, once all `rows` are judged.
pub fn without_effect(adopted: &Adopted, policy: &Policy, rows: &[Row]) -> Vec<String> {
    let mut sentences = Vec::new();
    if !adopted.ended.is_empty() {
        let names = adopted.ended.iter().map(|name| format!("`{name}`")).collect();
        let names = some(names).join(", ");
        sentences.push(format!(
            "acceptances or renames have ended, since base has them, too: {names}; `cargo perfgate accept --prune` removes them"
        ));
    }
    let unneeded = policy.acceptances.iter().filter_map(|acceptance| unneeded(acceptance, rows)).collect::<Vec<_>>();
    sentences.extend(some(unneeded));
    sentences
}

/// Why an acceptance was not needed; `None` where it was, or where nothing is known of its benchmark.
fn unneeded(acceptance: &Acceptance, rows: &[Row]) -> Option<String> {
    let Acceptance { benchmark, metric, .. } = acceptance;
    let own = |row: &&Row| row.benchmark.is_called(benchmark);
    let row = match rows.iter().find(|row| own(row) && row.metric == *metric) {
        Some(row) => row,
        None if *metric == Metric::Instructions && rows.iter().any(|row| own(&row)) => {
            return Some(format!(
                "the acceptance of `{benchmark}` ({metric}) does nothing: `[metrics.instructions]` would have them counted"
            ));
        }
        // There is a row of the tail only where that regressed.
        None => rows.iter().find(|row| own(row) && *metric == Metric::WallTimeTail)?,
    };
    let fine = matches!(row.verdict, Verdict::Improved | Verdict::Unchanged | Verdict::WithinLimit);
    fine.then(|| {
        format!("the acceptance of `{benchmark}` ({metric}) was not needed, and can be removed: {}", row.verdict)
    })
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What differs, at most [`NAMED`] of it: `max-regression is 5 % (head: 50 %)`.
fn differences(base: &Policy, head: &Policy) -> Vec<String> {
    let (base, head) = (described(base), described(head));
    let keys: std::collections::BTreeSet<&String> = base.keys().chain(head.keys()).collect();
    let value = |of: &BTreeMap<String, String>, key: &String| of.get(key).map_or("not set", String::as_str).to_owned();
    let all = keys
        .into_iter()
        .filter(|key| base.get(*key) != head.get(*key))
        .map(|key| format!("{key} is {} (head: {})", value(&base, key), value(&head, key)))
        .collect();
    some(all)
}

/// The first [`NAMED`], and how many more there are.
fn some(mut all: Vec<String>) -> Vec<String> {
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
    for metric in Metric::counted() {
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
