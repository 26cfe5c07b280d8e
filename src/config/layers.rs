//! What is laid over the file: an environment's section of it, and `PERFGATE_*` variables. Both set keys of `[gate]`.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{ENVIRONMENT, GATE, nearest};
use super::limits::Level;
use super::parse::read_gate;
use super::problem::{ConfigError, Problem, Problems, shown};
use super::section::Section;
use super::value::with_article;
use crate::gate::Policy;

/// What stands around the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Which section is in force.
    pub environment: Chosen,
    /// Names and values of `PERFGATE_*` variables, without those that stand for options.
    pub variables: Vec<(String, String)>,
}

/// How an environment was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Chosen {
    /// Not at all.
    #[default]
    Nothing,
    /// By the user: it has to be there.
    Asked(String),
    /// By what the program sees around itself: it is in force if it is there.
    IfThere(String),
}

/// The beginning of a variable that sets a key.
pub const PREFIX: &str = "PERFGATE_";

/// Longest part of a variable's value that messages show.
const LONGEST_SHOWN: usize = 80;

/// Reads all environments' sections, so that a mistake in one shows before it is used, and applies the chosen one. Gives
/// its limits and its name.
pub(super) fn environment(
    root: Section<'_>,
    chosen: &Chosen,
    policy: &mut Policy,
    problems: &mut Problems,
) -> (Level, Option<String>) {
    const EXAMPLE: &str = "write `[environment.ci]`";
    let none = DeTable::default();
    let sections = match root.get("environment").map(Spanned::get_ref) {
        None => &none,
        Some(DeValue::Table(table)) => table,
        Some(other) => {
            let title = format!("`environment` must be a table of tables, not {}", with_article(other));
            problems.add(Problem::at(root.key_span("environment").unwrap_or_default(), title).label(EXAMPLE));
            &none
        }
    };
    let mut found = (Level::default(), None);
    let (wanted, asked) = match chosen {
        Chosen::Nothing => (None, false),
        Chosen::Asked(name) => (Some(name), true),
        Chosen::IfThere(name) => (Some(name), false),
    };
    for (name, value) in sections {
        let DeValue::Table(table) = value.get_ref() else {
            let title = format!(
                "`environment.{}` must be a table, not {}",
                shown(name.get_ref()),
                with_article(value.get_ref())
            );
            problems.add(Problem::at(value.span(), title).label(EXAMPLE));
            continue;
        };
        let section = Section::new(table, &ENVIRONMENT, problems);
        if wanted.is_some_and(|wanted| wanted == name.get_ref()) {
            found = (read_gate(section, policy, problems), Some(name.get_ref().to_string()));
        } else {
            read_gate(section, &mut Policy::default(), problems);
        }
    }
    if let Some(wanted) = wanted.filter(|_| asked && found.1.is_none()) {
        let problem = Problem::of_file(format!("the configuration has no environment `{}`", shown(wanted)));
        let names: Vec<&str> = sections.keys().map(|name| name.get_ref().as_ref()).collect();
        problems.add(match nearest(wanted, names.iter().copied()) {
            Some(meant) => problem.help(format!("did you mean `{}`?", shown(meant))),
            None if names.is_empty() => problem.help(format!("add a table `[environment.{}]`", shown(wanted))),
            None => {
                let names: Vec<String> = names.iter().take(5).map(|name| format!("`{}`", shown(name))).collect();
                problem.help(format!("it has {}", names.join(", ")))
            }
        });
    }
    found
}

/// Applies the variables, and gives the limits that they set.
///
/// # Errors
/// A variable that stands for no key, and a value that the key does not take.
pub(super) fn variables(overrides: &Overrides, policy: &mut Policy) -> Result<Level, ConfigError> {
    let mut level = Level::default();
    for (name, value) in &overrides.variables {
        let key = name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase().replace('_', "-");
        if !GATE.known.contains(&key.as_str()) {
            return Err(unknown(name, &key));
        }
        let cut: String = value.chars().take(LONGEST_SHOWN).collect();
        if cut.len() < value.len() {
            let title = format!("the value of `{name}` is too long: {}…", shown(&cut));
            return Err(ConfigError::of_file(name, Problem::of_file(title)));
        }
        // As a file of one line: messages show it as they show files.
        let text = format!("{key} = {}", toml::Value::String(value.clone()));
        let mut problems = Problems::default();
        let own = match DeTable::parse(&text) {
            Ok(table) => read_gate(Section::new(table.get_ref(), &GATE, &mut problems), policy, &mut problems),
            Err(e) => {
                problems.add(Problem::of_file(format!("`{name}` is no text that a key can have: {}", e.message())));
                Level::default()
            }
        };
        if let Some(error) = problems.into_error(&format!("the variable {name}"), &text.into()) {
            return Err(error);
        }
        level = own.set_by(name).merged(level);
    }
    Ok(level)
}

fn unknown(name: &str, key: &str) -> ConfigError {
    let problem = Problem::of_file(format!("the variable `{}` sets no key of `[gate]`", shown(name)));
    let variable = |key: &str| format!("{PREFIX}{}", key.to_uppercase().replace('-', "_"));
    let problem = match nearest(key, GATE.known.iter().copied()) {
        Some(meant) => problem.help(format!("did you mean `{}`?", variable(meant))),
        None => {
            let known: Vec<String> = GATE.known.iter().map(|key| variable(key)).collect();
            problem.help(format!("there are {}", known.join(", ")))
        }
    };
    ConfigError::of_file(name, problem)
}
