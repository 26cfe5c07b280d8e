//! From the text of a file to a [`Config`]. Pure: reading the file is `mod.rs`'s business.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error as TomlError};

use super::Config;
use super::declared::Declared;
use super::keys::{GATE, METRICS, ROOT, WALL_TIME};
use super::layers::{self, Overrides};
use super::limits::{self, Level, Standing};
use super::problem::{ConfigError, Problem, Problems, shown};
use super::rules::{self, LIMITS_EXAMPLE};
use super::section::Section;
use super::value::{self, Range};
use crate::gate::{Limits, Policy};

/// Larger texts are searched for their first syntax error only: there may be one per byte.
const SEARCHED_FOR_ALL_ERRORS: usize = 256 * 1024;

/// Bytes; four times what the deepest text needs in a build without optimisation.
const DEEP_STACK: usize = 32 * 1024 * 1024;

/// What `toml` says of a key that is there twice; the file can be understood all the same.
const DUPLICATE: &str = "duplicate key";

/// Reads the text of a configuration, and lays `overrides` over it. `display_path` names it in messages and reports. An
/// empty text gives the defaults.
///
/// # Errors
/// Whatever is wrong with the text, all of it at once: syntax, unknown keys, wrong values, contradictions.
pub fn parse(text: &str, display_path: &str, overrides: &Overrides) -> Result<Config, ConfigError> {
    // Tables within tables are dropped by recursion. `toml` allows 80 levels of nesting times 80 parts of a key, which
    // is more than the stack of some systems' main thread holds.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(DEEP_STACK);
        let parsed =
            thread.spawn_scoped(scope, || parse_here(text, display_path, overrides)).map(|thread| thread.join());
        match parsed {
            Ok(Ok(parsed)) => parsed,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => {
                let title = format!("could not start a thread to read the configuration: {error}");
                Err(ConfigError::of_file(display_path, Problem::of_file(title)))
            }
        }
    })
}

fn parse_here(text: &str, display_path: &str, overrides: &Overrides) -> Result<Config, ConfigError> {
    let text: Arc<str> = Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut problems = Problems::default();
    let Some(document) = document(&text, &mut problems) else {
        return Err(failed(problems, display_path, &text));
    };
    let root = Section::new(document.get_ref(), &ROOT, &mut problems);

    let defaults = Policy::default();
    let built_in = Standing::built_in(defaults.wall_time);
    let mut policy = Policy { file: Some(display_path.to_owned()), ..defaults };
    let gate = root.section("gate", &GATE, "write `[gate]`", &mut problems);
    let gate_level = gate.map_or_else(Level::default, |gate| read_gate(gate, &mut policy, &mut problems));
    let (environment_level, environment) =
        layers::environment(root, &overrides.environment, &mut policy, &mut problems);
    policy.environment = environment;
    let variables_level = layers::variables(overrides, &mut policy)?;
    policy.variables = overrides.variables.iter().map(|(name, _)| name.clone()).collect();
    let metrics = root.section("metrics", &METRICS, "write `[metrics.wall-time]`", &mut problems);
    let wall_time_level = metrics
        .and_then(|metrics| metrics.section("wall-time", &WALL_TIME, LIMITS_EXAMPLE, &mut problems))
        .map_or_else(Level::default, |limits| Level::read(limits, true, &mut problems));
    policy.counts = metrics.map(|metrics| limits::read_counts(metrics, &mut problems)).unwrap_or_default();
    let levels = [&gate_level, &environment_level, &variables_level, &wall_time_level];
    policy.wall_time = levels.iter().fold(policy.wall_time, |limits, level| level.over(limits));
    policy.auto = levels.iter().fold(false, |auto, level| level.auto(auto));
    let rules = rules::read(root, &mut problems);
    policy.rules = rules.iter().map(rules::SpannedRule::to_rule).collect();

    let declared = Declared::read(root, &mut problems);
    policy.acceptances = declared.acceptances();
    policy.renames = declared.renames();

    let mut standing = built_in;
    // Only where all else is well: a mistyped `max-regression` would make contradictions out of nothing.
    let well = problems.is_empty();
    for level in levels {
        standing.contradiction(level).filter(|_| well).into_iter().for_each(|problem| problems.add(problem));
        standing = standing.after(level);
    }
    if well {
        rules::contradictions(&rules, &standing, &mut problems);
    }
    match problems.into_error(display_path, &text) {
        Some(error) => Err(error),
        None => Ok(Config { policy, path: display_path.to_owned(), text, rules, standing, declared }),
    }
}

/// The tables of `text`; `None` where syntax errors make them worthless. Duplicate keys are no such errors.
fn document<'t>(text: &'t str, problems: &mut Problems) -> Option<Spanned<DeTable<'t>>> {
    let (document, mut errors) = if text.len() > SEARCHED_FOR_ALL_ERRORS {
        match DeTable::parse(text) {
            Ok(document) => return Some(document),
            Err(error) => (None, vec![error]),
        }
    } else {
        let (document, errors) = DeTable::parse_recoverable(text);
        (Some(document), errors)
    };
    let understood = errors.iter().all(|error| error.message() == DUPLICATE);
    let start = |error: &TomlError| error.span().map(|span| span.start);
    errors.sort_by_key(start);
    let mut last = None;
    for error in errors {
        let at = start(&error);
        // Where a line has several, those after the first come from the first.
        let same_line = match (last, at) {
            (Some(Some(from)), Some(at)) => text.get(from..at).is_some_and(|between| !between.contains('\n')),
            (Some(None), None) => true,
            _ => false,
        };
        if !same_line {
            problems.add(syntax(&error, text));
        }
        last = Some(at);
    }
    document.filter(|_| understood)
}

/// A syntax error as users read it.
fn syntax(error: &TomlError, text: &str) -> Problem {
    let Some(span) = error.span() else {
        return Problem::of_file("not valid TOML: a key of more than 80 parts");
    };
    let source = text.get(span.clone()).unwrap_or_default();
    match error.message().split_once(", expected ") {
        _ if error.message() == DUPLICATE => {
            Problem::at(span, format!("duplicate key `{}`", shown(source))).label("it was set further up")
        }
        Some(("string values must be quoted", _)) => {
            let problem = Problem::at(span, "not valid TOML: strings must be quoted");
            problem.label(format!("did you mean \"{}\"?", shown(source)))
        }
        Some((what, "nothing")) => Problem::at(span, format!("not valid TOML: {what}")),
        Some((what, expected)) => {
            Problem::at(span, format!("not valid TOML: {what}")).label(format!("expected {expected}"))
        }
        None => Problem::at(span, format!("not valid TOML: {}", error.message())),
    }
}

/// Reads `[gate]` into `policy`, all but the limits, which are returned.
pub(super) fn read_gate(gate: Section<'_>, policy: &mut Policy, problems: &mut Problems) -> Level {
    if let Some(base) = gate.read("base", problems, value::revision) {
        policy.base = Some(base.into_inner());
    }
    for (key, place) in [
        ("on-inconclusive", &mut policy.on_inconclusive),
        ("on-missing-baseline", &mut policy.on_missing_baseline),
        ("on-removed", &mut policy.on_removed),
        ("on-failed", &mut policy.on_failed),
    ] {
        if let Some(reaction) = gate.read(key, problems, value::reaction) {
            *place = reaction.into_inner();
        }
    }
    let limit = |value: &DeValue<'_>| value::ratio(value, Range::Limit);
    if let Some(limit) = gate.read("suite-max-regression", problems, limit) {
        policy.suite = Limits::new(limit.into_inner());
    }
    let share = |value: &DeValue<'_>| value::ratio(value, Range::Share);
    if let Some(share) = gate.read("max-inconclusive", problems, share) {
        policy.max_inconclusive = share.into_inner();
    }
    if let Some(screen) = gate.read("screen", problems, value::truth) {
        policy.screen = screen.into_inner();
    }
    if let Some(time_out) = gate.read("time-out", problems, |value| value::waiting(value, "120 s")) {
        policy.time_out = time_out.into_inner();
    }
    if let Some(budget) = gate.read("budget", problems, |value| value::waiting(value, "90 s")) {
        policy.budget = Some(budget.into_inner());
    }
    Level::read(gate, false, problems)
}

/// The error of a file that was given up.
fn failed(problems: Problems, display_path: &str, text: &Arc<str>) -> ConfigError {
    let unexplained = || ConfigError::of_file(display_path, Problem::of_file("not valid TOML"));
    problems.into_error(display_path, text).unwrap_or_else(unexplained)
}
