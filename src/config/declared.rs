//! `[[accept]]` and `[[rename]]`: what a change declares of itself. Reading them, and what can be said of them once the
//! benchmarks of both sides are known. Which of them count is `flow`'s business.

use std::collections::BTreeMap;
use std::ops::Range as Span;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{ACCEPT, Keys, METRICS, RENAME, nearest, not_supported};
use super::problem::{Problem, Problems, shown};
use super::rules::{MOST_RULES, named, text};
use super::section::Section;
use super::value::{Fault, Range, ratio, wrong_type};
use crate::gate::{Acceptance, Rename};
use crate::model::{BenchmarkId, Metric};

/// Characters of a reason: reports show it in a line of a table.
const LONGEST_REASON: usize = 200;
/// Benchmarks that are named where one text stands for several.
const NAMED: usize = 3;

/// All of them, with their places in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Declared {
    acceptances: Vec<(Acceptance, Span<usize>)>,
    renames: Vec<SpannedRename>,
}

#[derive(Clone, Debug)]
struct SpannedRename {
    rename: Rename,
    from: Span<usize>,
    to: Span<usize>,
}

impl Declared {
    /// Reads both arrays in the order of the file; entries with problems are left out.
    pub fn read(root: Section<'_>, problems: &mut Problems) -> Self {
        let too_many = |what: &str| format!("more than {MOST_RULES} {what}; those that base has, too, can be removed");
        let mut declared = Self::default();
        for (table, header) in root.tables("accept", MOST_RULES, &too_many("acceptances"), problems) {
            let Some((acceptance, place)) = acceptance(table, header, problems) else { continue };
            let same =
                |other: &Acceptance| (&other.benchmark, other.metric) == (&acceptance.benchmark, acceptance.metric);
            match declared.acceptances.iter().find(|(other, _)| same(other)) {
                None => declared.acceptances.push((acceptance, place)),
                Some((_, first)) => {
                    let title =
                        format!("{} of `{}` is accepted twice", acceptance.metric, shown(&acceptance.benchmark));
                    problems.add(Problem::at(place, title).also(first.clone(), "here, too"));
                }
            }
        }
        for (table, header) in root.tables("rename", MOST_RULES, &too_many("renames"), problems) {
            let section = Section::new(table, &RENAME, problems);
            let mut name = |key| required(section, key, &RENAME, &header, problems, benchmark);
            let (from, to) = (name("from"), name("to"));
            let Some((from, to)) = from.zip(to) else { continue };
            let (from_place, to_place) = (from.span(), to.span());
            let rename = Rename { from: from.into_inner(), to: to.into_inner() };
            declared.renames.push(SpannedRename { rename, from: from_place, to: to_place });
        }
        declared
    }

    /// The acceptances without their places.
    pub fn acceptances(&self) -> Vec<Acceptance> {
        self.acceptances.iter().map(|(acceptance, _)| acceptance.clone()).collect()
    }

    /// The renames without their places.
    pub fn renames(&self) -> Vec<Rename> {
        self.renames.iter().map(|renamed| renamed.rename.clone()).collect()
    }

    /// Those of `counting` that accept a regression of several of `ids`, or, where these are `all` that there are, of none.
    pub fn unknown(&self, counting: &[Acceptance], ids: &[BenchmarkId], all: bool, problems: &mut Problems) {
        let counting = self.acceptances.iter().filter(|(acceptance, _)| counting.contains(acceptance));
        for (acceptance, place) in counting {
            find(&acceptance.benchmark, place, ids, "", all, problems);
        }
    }

    /// The benchmarks that `counting` renames: head's with what base calls them. What one side lacks is a problem where
    /// the ids are `all` that there are, else it is passed over.
    pub fn renamed(
        &self,
        counting: &[Rename],
        (base, head): (&[BenchmarkId], &[BenchmarkId]),
        all: bool,
        problems: &mut Problems,
    ) -> BTreeMap<BenchmarkId, BenchmarkId> {
        let mut pairs = Vec::new();
        for renamed in self.renames.iter().filter(|renamed| counting.contains(&renamed.rename)) {
            let Rename { from, to } = &renamed.rename;
            let old = find(from, &renamed.from, base, " of base", all, problems);
            let new = find(to, &renamed.to, head, " of head", all, problems);
            pairs.extend(old.zip(new).map(|(old, new)| (renamed, old, new)));
        }
        let mut found: BTreeMap<BenchmarkId, BenchmarkId> = BTreeMap::new();
        for (renamed, old, new) in &pairs {
            let Rename { from, to } = &renamed.rename;
            // A name that is free again, because its own benchmark was renamed, may be another's: two may swap theirs.
            let problem = if head.contains(old) && !pairs.iter().any(|(_, _, other)| other == old) {
                Some(Problem::at(renamed.from.clone(), format!("head still has `{}`", shown(from))))
            } else if base.contains(new) && !pairs.iter().any(|(_, other, _)| other == new) {
                Some(Problem::at(renamed.to.clone(), format!("base has `{}`, too", shown(to))))
            } else if found.contains_key(*new) || found.values().any(|other| other == *old) {
                Some(Problem::at(renamed.from.clone(), format!("`{}` is renamed twice", shown(from))))
            } else if old == new {
                Some(Problem::at(renamed.from.clone(), format!("`{}` is renamed to itself", shown(from))))
            } else {
                None
            };
            match problem {
                Some(problem) => problems.add(problem.help("what both sides have is compared as it is")),
                None => drop(found.insert((*new).clone(), (*old).clone())),
            }
        }
        found
    }
}

/// The one of `ids` that is called `text`; several are a problem, none is one where these are `all`.
fn find<'i>(
    text: &str,
    place: &Span<usize>,
    ids: &'i [BenchmarkId],
    of: &str,
    all: bool,
    problems: &mut Problems,
) -> Option<&'i BenchmarkId> {
    let mut found: Vec<&BenchmarkId> = ids.iter().filter(|id| id.is_called(text)).collect();
    found.sort();
    found.dedup();
    match found[..] {
        [one] => return Some(one),
        [] if !all || ids.is_empty() => {}
        [] => {
            let problem = Problem::at(place.clone(), format!("no benchmark{of} is called `{}`", shown(text)));
            let full: Vec<String> = ids.iter().map(BenchmarkId::to_string).collect();
            let names = ids.iter().map(|id| id.name.as_str()).chain(full.iter().map(String::as_str));
            problems.add(match nearest(text, names) {
                Some(meant) => problem.label(format!("did you mean `{}`?", shown(meant))),
                None => problem.help(format!("the benchmarks{of} are {}", named(ids))),
            });
        }
        ref several => {
            let full: Vec<String> =
                several.iter().take(NAMED).map(|id| format!("`{}`", shown(&id.to_string()))).collect();
            let title = format!("several benchmarks{of} are called `{}`", shown(text));
            problems.add(Problem::at(place.clone(), title).help(format!("write one in full: {}", full.join(", "))));
        }
    }
    None
}

fn acceptance(table: &DeTable<'_>, header: Span<usize>, problems: &mut Problems) -> Option<(Acceptance, Span<usize>)> {
    let section = Section::new(table, &ACCEPT, problems);
    let name = required(section, "benchmark", &ACCEPT, &header, problems, benchmark);
    let metric = required(section, "metric", &ACCEPT, &header, problems, metric);
    let limit = |value: &DeValue<'_>| ratio(value, Range::Accepted);
    let size = required(section, "max-regression", &ACCEPT, &header, problems, limit);
    let reason = required(section, "reason", &ACCEPT, &header, problems, reason);
    let (name, metric, size, reason) = (name?, metric?, size?, reason?);
    let place = name.span();
    let acceptance = Acceptance {
        benchmark: name.into_inner(),
        metric: metric.into_inner(),
        max_regression: size.into_inner(),
        reason: reason.into_inner(),
    };
    Some((acceptance, place))
}

/// The value of a key that has to be there.
fn required<'a, T>(
    section: Section<'a>,
    key: &str,
    keys: &'static Keys,
    header: &Span<usize>,
    problems: &mut Problems,
    read: impl FnOnce(&DeValue<'a>) -> Result<T, Fault>,
) -> Option<Spanned<T>> {
    if section.get(key).is_none() {
        let example = match key {
            "benchmark" => "benchmark = \"parser/large\"",
            "metric" => "metric = \"wall-time\"",
            "max-regression" => "max-regression = \"12%\"",
            "reason" => "reason = \"checks UTF-8 now, issue 481\"",
            "from" => "from = \"old/name\"",
            _ => "to = \"new/name\"",
        };
        let problem = Problem::at(header.clone(), format!("`{}` needs `{key}`", keys.table));
        problems.add(problem.label(format!("add a line such as `{example}`")));
    }
    section.read(key, problems, read)
}

fn benchmark(value: &DeValue<'_>) -> Result<String, Fault> {
    text(value, "a benchmark's name such as \"parser/large\"")
}

fn metric(value: &DeValue<'_>) -> Result<Metric, Fault> {
    const EXPECTED: &str = "a metric such as \"wall-time\"";
    let DeValue::String(written) = value else { return Err(wrong_type(EXPECTED, value)) };
    if let Some(metric) = Metric::ALL.into_iter().find(|metric| metric.as_str() == written) {
        return Ok(metric);
    }
    if let Some((_, name)) = METRICS.later.iter().find(|(later, _)| later == written) {
        return Err(Fault::new(format!("must be a metric that this version knows: {}", not_supported(name))));
    }
    let known = Metric::ALL.map(Metric::as_str);
    let fault = Fault::new(format!("must be {EXPECTED}"));
    Err(match nearest(written, known.into_iter()) {
        Some(meant) => fault.label(format!("did you mean \"{meant}\"?")),
        None => fault.label(format!("there are {}", known.join(", "))),
    })
}

/// Why a regression is accepted, in one line.
fn reason(value: &DeValue<'_>) -> Result<String, Fault> {
    let reason = text(value, "a reason such as \"checks UTF-8 now, issue 481\"")?;
    match reason_problem(&reason) {
        None => Ok(reason),
        Some(what) => Err(Fault::new(what)),
    }
}

fn reason_problem(reason: &str) -> Option<String> {
    if reason.trim().is_empty() {
        Some("must say why".to_owned())
    } else if reason.chars().any(char::is_control) {
        Some("must be one line".to_owned())
    } else if reason.chars().count() > LONGEST_REASON {
        Some(format!("must have at most {LONGEST_REASON} characters; the commit can say more"))
    } else {
        None
    }
}

/// A reason as an option gives it; the error is what is wrong with it.
pub fn reason_of_option(text: &str) -> Result<String, String> {
    reason_problem(text).map_or(Ok(text.to_owned()), |what| Err(format!("it {what}")))
}
