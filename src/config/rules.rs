//! `[[benchmark]]`: reading the rules, and what can be said of them once the benchmarks are known.

use std::ops::Range;

use globset::{GlobBuilder, GlobMatcher};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{BENCHMARK, METRICS, WALL_TIME, nearest};
use super::limits::{self, Level, Standing};
use super::problem::{Problem, Problems, shown};
use super::section::Section;
use super::value::{Fault, wrong_type};
use crate::gate::{CountOverrides, Matcher, Rule};
use crate::model::BenchmarkId;

/// So many rules at most: each glob is compiled, and every benchmark is held against every rule.
pub(super) const MOST_RULES: usize = 1_000;
/// Longer globs are refused: they are compiled by recursion.
const LONGEST_GLOB: usize = 500;
/// So many benchmarks are named where a rule matches none.
const NAMED: usize = 5;

/// What to write instead of something else at `metrics.wall-time`.
pub(super) const LIMITS_EXAMPLE: &str = "write `{ max-regression = \"5%\" }`";

/// A rule with its places in the file.
#[derive(Clone, Debug)]
pub(super) struct SpannedRule {
    matcher: Matcher,
    /// As written in the file, there.
    pattern: Spanned<String>,
    level: Level,
    counts: CountOverrides,
}

impl SpannedRule {
    /// The rule without its places.
    pub fn to_rule(&self) -> Rule {
        Rule { matcher: self.matcher.clone(), wall_time: self.level.overrides(), counts: self.counts.clone() }
    }
}

/// Reads the rules in the order of the file; those with problems are left out.
pub(super) fn read(root: Section<'_>, problems: &mut Problems) -> Vec<SpannedRule> {
    let too_many = format!("more than {MOST_RULES} rules; one glob can stand for many benchmarks");
    let tables = root.tables("benchmark", MOST_RULES, &too_many, problems);
    tables.into_iter().filter_map(|(table, header)| read_one(table, header, problems)).collect()
}

fn read_one(table: &DeTable<'_>, header: Range<usize>, problems: &mut Problems) -> Option<SpannedRule> {
    let section = Section::new(table, &BENCHMARK, problems);
    let level = read_limits(section, header.clone(), problems);
    let pattern = match (section.key_span("match"), section.key_span("id")) {
        (Some(first), Some(second)) => {
            let problem = Problem::at(second, "`[[benchmark]]` takes `match` or `id`, not both");
            problems.add(problem.also(first, "one of the two selects the benchmarks"));
            return None;
        }
        (None, None) => {
            let problem = Problem::at(header, "`[[benchmark]]` needs `match` or `id`");
            problems.add(problem.label("add a line such as `match = \"parser/**\"`"));
            return None;
        }
        (Some(_), None) => section.read("match", problems, |value| {
            let pattern = text(value, "a glob such as \"parser/**\"")?;
            let glob = glob(&pattern).map_err(|what| Fault::new("is not a valid glob").label(what))?;
            Ok((pattern, Matcher::Glob(glob)))
        }),
        (None, Some(_)) => section.read("id", problems, |value| {
            let id = text(value, "a benchmark's name such as \"parser/large\"")?;
            Ok((id.clone(), Matcher::Id(id)))
        }),
    }?;
    let span = pattern.span();
    let (pattern, matcher) = pattern.into_inner();
    let (level, counts) = level?;
    Some(SpannedRule { matcher, pattern: Spanned::new(span, pattern), level, counts })
}

/// The limits of a rule; a rule without limits is a problem, because it looks as if it did something.
fn read_limits(section: Section<'_>, header: Range<usize>, problems: &mut Problems) -> Option<(Level, CountOverrides)> {
    const EXAMPLE: &str = "add a line such as `metrics.wall-time = { max-regression = \"5%\" }`";
    let sets_nothing = |place| Problem::at(place, "this rule sets no limit").label(EXAMPLE);
    if section.get("metrics").is_none() {
        problems.add(sets_nothing(header));
        return None;
    }
    let metrics = section.section("metrics", &METRICS, EXAMPLE, problems)?;
    let counts = limits::read_counts(metrics, problems);
    if metrics.get("wall-time").is_none() {
        if metrics.is_empty() {
            problems.add(sets_nothing(header));
        }
        return (!counts.is_empty()).then(|| (Level::default(), counts));
    }
    let limits = metrics.section("wall-time", &WALL_TIME, LIMITS_EXAMPLE, problems)?;
    if limits.is_empty() {
        problems.add(sets_nothing(header));
    }
    Some((Level::read(limits, true, problems), counts))
}

/// A text that is not empty.
pub(super) fn text(value: &DeValue<'_>, expected: &str) -> Result<String, Fault> {
    match value {
        DeValue::String(text) if text.is_empty() => Err(Fault::new(format!("must be {expected}"))),
        DeValue::String(text) => Ok(text.to_string()),
        other => Err(wrong_type(expected, other)),
    }
}

/// `*` stops at `/`, `**` does not; `\` takes the next character literally, on every system.
fn glob(pattern: &str) -> Result<GlobMatcher, String> {
    if pattern.len() > LONGEST_GLOB {
        return Err(format!("longer than {LONGEST_GLOB} bytes"));
    }
    if has_joined_stars(pattern) {
        return Err("`**` must stand alone between two `/`".to_owned());
    }
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| error.kind().to_string())
}

/// Whether `pattern` has a `**` beside something else than `/`: globset takes that for a `*`, without a word.
fn has_joined_stars(pattern: &str) -> bool {
    let mut before = '/';
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == '*' && characters.next_if_eq(&'*').is_some() {
            let after = characters.peek().copied().unwrap_or('/');
            if !matches!(before, '/' | '{' | ',') || !matches!(after, '/' | '}' | ',') {
                return true;
            }
        }
        before = character;
    }
    false
}

/// Rules that contradict the defaults or an earlier rule, as far as that can be seen without the benchmarks: whether an
/// earlier rule for another pattern meets a rule is known to [`contradictions_among`] only.
pub(super) fn contradictions(rules: &[SpannedRule], defaults: &Standing, problems: &mut Problems) {
    for (index, rule) in rules.iter().enumerate() {
        let standing = match rules[..index].iter().rfind(|earlier| earlier.level.sets_limit()) {
            None => defaults.clone(),
            Some(earlier) if earlier.pattern.get_ref() == rule.pattern.get_ref() => {
                defaults.clone().after(&earlier.level)
            }
            Some(_) if rule.level.sets_limit() => defaults.clone(),
            Some(_) => continue,
        };
        if let Some(problem) = standing.contradiction(&rule.level) {
            problems.add(problem);
        }
    }
}

/// Rules that contradict what they meet for one of `ids`, each once.
pub(super) fn contradictions_among(
    ids: &[BenchmarkId],
    rules: &[SpannedRule],
    defaults: &Standing,
    problems: &mut Problems,
) {
    let mut seen: Vec<(usize, Standing)> = Vec::new();
    for id in ids {
        let mut standing = defaults.clone();
        for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.matcher.matches(id)) {
            if let Some(problem) = standing.contradiction(&rule.level)
                && !seen.contains(&(index, standing.clone()))
            {
                problems.add(problem.help(format!("both hold for `{}`", shown(&id.to_string()))));
                seen.push((index, standing.clone()));
            }
            standing = standing.after(&rule.level);
        }
    }
}

/// Rules that match none of `ids`.
pub(super) fn unmatched(ids: &[BenchmarkId], rules: &[SpannedRule], problems: &mut Problems) {
    for rule in rules.iter().filter(|rule| !ids.iter().any(|id| rule.matcher.matches(id))) {
        let pattern = rule.pattern.get_ref();
        let problem = Problem::at(rule.pattern.span(), format!("no benchmark matches `{}`", shown(pattern)));
        problems.add(match meant(rule, ids) {
            Some(label) => problem.label(label),
            None => problem.help(format!("the benchmarks are {}", named(ids))),
        });
    }
}

/// What a rule that matches nothing was probably meant to be.
fn meant(rule: &SpannedRule, ids: &[BenchmarkId]) -> Option<String> {
    let pattern = rule.pattern.get_ref();
    let would_match = |pattern: &str| {
        let matcher = glob(pattern).map(Matcher::Glob);
        matcher.is_ok_and(|matcher| ids.iter().any(|id| matcher.matches(id)))
    };
    match rule.matcher {
        Matcher::Glob(_) => {
            let deep: Vec<&str> = pattern.split('/').map(|part| if part == "*" { "**" } else { part }).collect();
            for deep in [deep.join("/"), format!("{}/**", pattern.trim_end_matches('/'))] {
                if would_match(&deep) {
                    let why = if pattern.contains('*') { "`*` stops at `/`; " } else { "" };
                    return Some(format!("{why}did you mean `{}`?", shown(&deep)));
                }
            }
        }
        Matcher::Id(_) if would_match(pattern) => return Some("`id` is literal; did you mean `match`?".to_owned()),
        Matcher::Id(_) => {}
    }
    let full: Vec<String> = ids.iter().map(BenchmarkId::to_string).collect();
    let names = ids.iter().map(|id| id.name.as_str()).chain(full.iter().map(String::as_str));
    nearest(pattern, names).map(|name| format!("did you mean `{}`?", shown(name)))
}

/// The first of `ids`, and how many more there are.
pub(super) fn named(ids: &[BenchmarkId]) -> String {
    let names: Vec<String> = ids.iter().take(NAMED).map(|id| format!("`{}`", shown(&id.name))).collect();
    match ids.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
