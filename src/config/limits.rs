//! Limits as the file spells them, level by level (`[gate]`, `[metrics.wall-time]`, rules), and levels
//! that contradict each other. Which level a benchmark meets in the end is `gate::Policy`'s business.

use std::ops::Range as Span;

use toml::Spanned;
use toml::de::DeValue;

use super::keys::{AUTO, COUNTED};
use super::problem::{Problem, Problems};
use super::section::Section;
use super::value::{Range, bytes, count, nanoseconds, percent, ratio};
use crate::gate::{CountOverride, CountOverrides, LimitOverride, Limits};
use crate::model::Unit;

/// The limits that one level sets, each with its place in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    max_regression: Option<Spanned<f64>>,
    tolerate: Option<Spanned<f64>>,
    max: Option<Spanned<f64>>,
    auto: bool,
    /// The variable that sets it, where it does not stand in the file.
    variable: Option<String>,
}

impl Level {
    /// Reads `max-regression` and `tolerate`, and `max` where `budget` says that this table has it.
    pub fn read(section: Section<'_>, budget: bool, problems: &mut Problems) -> Self {
        let limit = |value: &DeValue<'_>| ratio(value, Range::Limit);
        let auto = section
            .get("max-regression")
            .is_some_and(|value| matches!(value.get_ref(), DeValue::String(text) if text == AUTO));
        let max_regression = if auto { None } else { section.read("max-regression", problems, limit) };
        if let Some(place) = section.key_span("tolerate").filter(|_| auto) {
            problems.add(
                Problem::at(place, "`tolerate` cannot stand beside `max-regression = \"auto\"`")
                    .label("two fifths of the limit are tolerated, whatever it comes to"),
            );
        }
        let tolerate = section.read("tolerate", problems, limit);
        let max = if budget { section.read("max", problems, |value| nanoseconds(value, "2 ms")) } else { None };
        Self { max_regression, tolerate, max, auto, variable: None }
    }

    /// This level as set by a variable, whose value has no place in the file.
    pub fn set_by(mut self, name: &str) -> Self {
        self.variable = Some(name.to_owned());
        self
    }

    /// Both levels as one; each sets keys of its own.
    pub fn merged(self, other: Self) -> Self {
        Self {
            max_regression: self.max_regression.or(other.max_regression),
            tolerate: self.tolerate.or(other.tolerate),
            max: self.max.or(other.max),
            auto: self.auto || other.auto,
            variable: self.variable.or(other.variable),
        }
    }

    /// Whether this level sets `max-regression`.
    pub fn sets_limit(&self) -> bool {
        self.max_regression.is_some()
    }

    /// Whether the limit is to follow from the noise; `before` is what held without this level.
    pub fn auto(&self, before: bool) -> bool {
        self.auto || (before && self.max_regression.is_none())
    }

    /// The level without its places.
    pub fn overrides(&self) -> LimitOverride {
        let value = |limit: &Option<Spanned<f64>>| limit.as_ref().map(|limit| *limit.get_ref());
        LimitOverride {
            max_regression: value(&self.max_regression),
            tolerate: value(&self.tolerate),
            max: value(&self.max),
            auto: self.auto,
        }
    }

    /// `limits` with what this level sets; a new `max-regression` brings its own tolerated share.
    pub fn over(&self, limits: Limits) -> Limits {
        limits.with(self.overrides())
    }
}

/// Reads the limits of the counted metrics that the table names.
pub(super) fn read_counts(metrics: Section<'_>, problems: &mut Problems) -> CountOverrides {
    const EXAMPLE: &str = "write `{ max-regression = \"1%\" }`";
    let mut read = CountOverrides::new();
    for (metric, keys) in &COUNTED {
        let Some(section) = metrics.section(metric.as_str(), keys, EXAMPLE, problems) else { continue };
        let max_regression = section.read("max-regression", problems, |value| ratio(value, Range::Limit));
        let max = section.read(
            "max",
            problems,
            match metric.unit() {
                Unit::Bytes => bytes,
                _ => count,
            },
        );
        let set = CountOverride {
            max_regression: max_regression.map(Spanned::into_inner),
            max: max.map(Spanned::into_inner),
        };
        read.insert(*metric, set);
    }
    read
}

/// The `max-regression` that a level meets, and where it was set.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standing {
    value: f64,
    set: Set,
}

/// Where a limit was set.
#[derive(Clone, Debug, PartialEq)]
enum Set {
    /// Nowhere: it is the built-in default.
    Nowhere,
    /// There in the file.
    At(Span<usize>),
    /// By this variable.
    By(String),
}

impl Standing {
    /// The built-in default.
    pub fn built_in(limits: Limits) -> Self {
        Self { value: limits.max_regression, set: Set::Nowhere }
    }

    /// What stands after `level`.
    pub fn after(self, level: &Level) -> Self {
        let Some(limit) = &level.max_regression else { return self };
        let set = level.variable.clone().map_or_else(|| Set::At(limit.span()), Set::By);
        Self { value: *limit.get_ref(), set }
    }

    /// The problem with `level` where it is laid over this: a `tolerate` that is not below its `max-regression`.
    /// A level without `tolerate` has none, because `max-regression` brings a share of itself.
    pub fn contradiction(&self, level: &Level) -> Option<Problem> {
        let tolerate = level.tolerate.as_ref()?;
        let limit = self.clone().after(level);
        if *tolerate.get_ref() < limit.value {
            return None;
        }
        const TITLE: &str = "`tolerate` must be below `max-regression`";
        if level.variable.is_some() {
            let values = format!("{} is not below {}", percent(*tolerate.get_ref()), percent(limit.value));
            let help = "both can be set by variables: PERFGATE_MAX_REGRESSION and PERFGATE_TOLERATE";
            return Some(Problem::of_file(format!("{TITLE}: PERFGATE_TOLERATE of {values}")).help(help));
        }
        let problem = Problem::at(tolerate.span(), TITLE);
        Some(match limit.set {
            Set::At(place) => {
                problem.label(format!("not below {}", percent(limit.value))).also(place, "the limit here")
            }
            Set::By(name) => problem.label(format!("not below {}, which {name} sets", percent(limit.value))),
            Set::Nowhere => problem
                .label(format!("not below {}, the default of `max-regression`", percent(limit.value)))
                .help("set `max-regression` too"),
        })
    }
}
