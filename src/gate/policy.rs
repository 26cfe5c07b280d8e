//! Which limits hold for which benchmark, and what follows from a verdict. Reading them from a file is `config`'s work.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use globset::GlobMatcher;

use super::accept::{Acceptance, Rename};
use super::counts::{CountLimits, CountOverrides};
use crate::model::{BenchmarkId, Metric, PolicyNote, Reaction, ShardPolicy, Verdict};

/// `max-regression` where nothing says otherwise.
const DEFAULT_LIMIT: f64 = 0.05;

/// Least `max-regression` where the layout of the code cannot be varied; half of it is tolerated.
const ONE_LAYOUT: f64 = 0.3;

/// Everything that decides how rows are judged.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The config file for reports, relative to the workspace; `None` if the defaults are in force.
    pub file: Option<String>,
    /// The environment whose section of the file is in force.
    pub environment: Option<String>,
    /// The names of the variables that are in force.
    pub variables: Vec<String>,
    /// `gate.base`: the branch to take the merge base with; `None`: the remote's default branch.
    pub base: Option<String>,
    /// Limits of wall-time where no rule says otherwise.
    pub wall_time: Limits,
    /// Whether the limit of wall-time follows from each benchmark's own noise, where no rule says otherwise.
    pub auto: bool,
    /// The limits that follow from benchmarks' own noise, as far as it is known: plain ratios.
    pub noise_limits: BTreeMap<BenchmarkId, f64>,
    /// What is set of counted metrics where no rule says otherwise; what is not here is not asked for.
    pub counts: CountOverrides,
    /// Limits of the geometric mean over all benchmarks.
    pub suite: Limits,
    /// Rules per benchmark; later ones win, key by key.
    pub rules: Vec<Rule>,
    /// The regressions that are accepted: what the file says, and where base is known, what base's does not say.
    pub acceptances: Vec<Acceptance>,
    /// The benchmarks that were renamed: likewise.
    pub renames: Vec<Rename>,
    /// Whether benchmarks that execute the same code on both sides need no timing.
    pub screen: bool,
    /// What a row that could not be judged does.
    pub on_inconclusive: Reaction,
    /// Share of judged rows that may be inconclusive before `on_inconclusive` applies; a plain ratio. 0: any row.
    pub max_inconclusive: f64,
    /// What follows where there is nothing to compare with.
    pub on_missing_baseline: Reaction,
    /// What a benchmark does that base has and head lacks.
    pub on_removed: Reaction,
    /// What a crashed or hung benchmark does.
    pub on_failed: Reaction,
    /// How long one measurement of one benchmark may take beyond what the harness announced.
    pub time_out: Duration,
    /// How long measuring may go on; `None`: until every verdict stands.
    pub budget: Option<Duration>,
}

/// Limits of one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// At or beyond this slowdown the gate is meant to fail; a plain ratio.
    pub max_regression: f64,
    /// At or below this slowdown it never fails; a plain ratio below `max_regression`.
    pub tolerate: f64,
    /// Absolute budget: head's value may not exceed it. In the metric's unit.
    pub max: Option<f64>,
}

impl Limits {
    /// A limit without a budget, and with two fifths of it tolerated. (Times two over five: 5 % gives 2 % exactly.)
    pub fn new(max_regression: f64) -> Self {
        Self { max_regression, tolerate: max_regression * 2.0 / 5.0, max: None }
    }

    /// The change at which the estimate decides between what is tolerated and what is not: halfway between both limits,
    /// as a natural logarithm.
    pub fn middle(self) -> f64 {
        0.5 * (self.tolerate.ln_1p() + self.max_regression.ln_1p())
    }

    /// These limits where all processes share one layout of the code, and it may be the layout that is slower: 14.6 % were
    /// seen for a parser whose functions only changed places, and 40 % for a decoder.
    pub fn in_one_layout(self) -> Self {
        Self {
            max_regression: self.max_regression.max(ONE_LAYOUT),
            tolerate: self.tolerate.max(ONE_LAYOUT / 2.0),
            max: self.max,
        }
    }

    /// These limits with the keys of `set` in their place. Where a rule sets `max-regression` alone, two fifths of that
    /// are tolerated.
    pub fn with(self, set: LimitOverride) -> Self {
        let over = set.max_regression.map_or(self, Self::new);
        Self {
            max_regression: over.max_regression,
            tolerate: set.tolerate.unwrap_or(over.tolerate),
            max: set.max.or(self.max),
        }
    }
}

/// The keys that one rule sets.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LimitOverride {
    /// See [`Limits::max_regression`]. Where `tolerate` is not set beside it, that follows: see [`Limits::with`].
    pub max_regression: Option<f64>,
    /// See [`Limits::tolerate`].
    pub tolerate: Option<f64>,
    /// See [`Limits::max`].
    pub max: Option<f64>,
    /// Whether `max-regression` is to follow from the benchmark's own noise.
    pub auto: bool,
}

/// Limits for some benchmarks.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which benchmarks.
    pub matcher: Matcher,
    /// Limits of wall-time.
    pub wall_time: LimitOverride,
    /// Limits of the counted metrics that the rule names.
    pub counts: CountOverrides,
}

/// Selects benchmarks by id.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// The full id or the short form, literally.
    Id(String),
    /// A glob over the full id or the short form; `*` stops at `/`, `**` does not.
    Glob(GlobMatcher),
}

impl Matcher {
    /// Whether `id` is selected, by its full or its short form.
    pub fn matches(&self, id: &BenchmarkId) -> bool {
        match self {
            Self::Id(text) => id.is_called(text),
            Self::Glob(glob) => glob.is_match(&id.name) || glob.is_match(id.to_string()),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            file: None,
            environment: None,
            variables: Vec::new(),
            base: None,
            wall_time: Limits::new(DEFAULT_LIMIT),
            auto: false,
            noise_limits: BTreeMap::new(),
            counts: CountOverrides::new(),
            suite: Limits::new(0.02),
            rules: Vec::new(),
            acceptances: Vec::new(),
            renames: Vec::new(),
            screen: true,
            on_inconclusive: Reaction::Warn,
            max_inconclusive: 0.0,
            on_missing_baseline: Reaction::Warn,
            on_removed: Reaction::Fail,
            on_failed: Reaction::Fail,
            time_out: Duration::from_secs(120),
            budget: None,
        }
    }
}

impl Policy {
    /// The limits of wall-time for `id`: the defaults, then every rule that matches, in order. Where they follow from its
    /// noise and that is not known yet, the default holds.
    pub fn limits(&self, id: &BenchmarkId) -> Limits {
        let limits = self.matching(id).fold(self.wall_time, Limits::with);
        if !self.is_auto(id) {
            return limits;
        }
        let limit = self.noise_limits.get(id).copied().unwrap_or(DEFAULT_LIMIT);
        Limits { max: limits.max, ..Limits::new(limit) }
    }

    /// The limits of a counted metric for `id`, where it is asked for.
    pub fn count_limits(&self, id: &BenchmarkId, metric: Metric) -> Option<CountLimits> {
        let rules = self.rules.iter().filter(|rule| rule.matcher.matches(id)).map(|rule| &rule.counts);
        CountLimits::of(std::iter::once(&self.counts).chain(rules).filter_map(|counts| counts.get(&metric).copied()))
    }

    /// The counted metrics that any benchmark has limits of.
    pub fn counted(&self) -> BTreeSet<Metric> {
        let rules = self.rules.iter().map(|rule| &rule.counts);
        std::iter::once(&self.counts).chain(rules).flat_map(BTreeMap::keys).copied().collect()
    }

    /// Whether the limit of `id` follows from its noise.
    pub fn is_auto(&self, id: &BenchmarkId) -> bool {
        self.matching(id).fold(self.auto, |auto, set| set.auto || (auto && set.max_regression.is_none()))
    }

    fn matching(&self, id: &BenchmarkId) -> impl Iterator<Item = LimitOverride> {
        self.rules.iter().filter(|rule| rule.matcher.matches(id)).map(|rule| rule.wall_time)
    }

    /// Whether a row of this verdict keeps the gate from passing, by itself.
    pub fn fails(&self, verdict: Verdict) -> bool {
        match verdict {
            _ if verdict.is_too_slow() => true,
            Verdict::Removed => self.on_removed == Reaction::Fail,
            Verdict::Crashed | Verdict::TimedOut => self.on_failed == Reaction::Fail,
            _ => false,
        }
    }

    /// What shards carry of it.
    pub fn of_shard(&self) -> ShardPolicy {
        ShardPolicy {
            on_inconclusive: self.on_inconclusive,
            max_inconclusive: self.max_inconclusive,
            on_missing_baseline: self.on_missing_baseline,
            on_removed: self.on_removed,
            on_failed: self.on_failed,
            suite_max_regression: self.suite.max_regression,
        }
    }

    /// What reports say of the policy.
    pub fn note(&self) -> PolicyNote {
        PolicyNote {
            file: self.file.clone(),
            environment: self.environment.clone(),
            variables: self.variables.clone(),
            max_regression: self.wall_time.max_regression,
            tolerate: self.wall_time.tolerate,
        }
    }
}

impl From<ShardPolicy> for Policy {
    /// For what is left to decide where shards are put together: their rows were judged before.
    fn from(policy: ShardPolicy) -> Self {
        Self {
            on_inconclusive: policy.on_inconclusive,
            max_inconclusive: policy.max_inconclusive,
            on_missing_baseline: policy.on_missing_baseline,
            on_removed: policy.on_removed,
            on_failed: policy.on_failed,
            suite: Limits::new(policy.suite_max_regression),
            ..Self::default()
        }
    }
}
