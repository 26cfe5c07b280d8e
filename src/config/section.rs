//! Walking TOML tables by hand: serde would stop at the first error and lose its place. Which keys there are stands in
//! `keys`, what values mean in `value`.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{Keys, not_supported};
use super::problem::{Problem, Problems, shown};
use super::value::{Fault, with_article};

/// A table of the file, with the keys that it may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section<'a> {
    table: &'a DeTable<'a>,
    keys: &'static Keys,
}

impl<'a> Section<'a> {
    /// Reports the keys of `table` that it may not have.
    pub fn new(table: &'a DeTable<'a>, keys: &'static Keys, problems: &mut Problems) -> Self {
        for key in table.keys().filter(|key| !keys.known.contains(&key.get_ref().as_ref())) {
            problems.add(refused(key, keys));
        }
        Self { table, keys }
    }

    /// Whether the table has no keys at all, not even refused ones.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    /// The place of `key` itself, for values that were found.
    pub fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.get_key_value(key).map(|(key, _)| key.span())
    }

    /// The value of `key` as `read` understands it; its fault is reported.
    pub fn read<T>(
        &self,
        key: &str,
        problems: &mut Problems,
        read: impl FnOnce(&DeValue<'a>) -> Result<T, Fault>,
    ) -> Option<Spanned<T>> {
        let value = self.get(key)?;
        match read(value.get_ref()) {
            Ok(read) => Some(Spanned::new(value.span(), read)),
            Err(fault) => {
                let title = format!("`{}{key}` {}", self.keys.prefix, fault.what);
                let problem = Problem::at(value.span(), title);
                problems.add(match fault.label {
                    Some(label) => problem.label(label),
                    None => problem,
                });
                None
            }
        }
    }

    /// The tables of the array at `key`, each with the place of its header: `most` at most, `too_many` says of the next one
    /// what is wrong with it.
    pub fn tables(
        &self,
        key: &str,
        most: usize,
        too_many: &str,
        problems: &mut Problems,
    ) -> Vec<(&'a DeTable<'a>, Range<usize>)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let instead = format!("write `[[{key}]]`");
        let DeValue::Array(elements) = value.get_ref() else {
            let title = format!("`{key}` must be an array of tables, not {}", with_article(value.get_ref()));
            problems.add(Problem::at(value.span(), title).label(instead));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for element in elements.iter() {
            let DeValue::Table(table) = element.get_ref() else {
                let title = format!("`{key}` must hold tables, not {}", with_article(element.get_ref()));
                problems.add(Problem::at(element.span(), title).label(instead.as_str()));
                continue;
            };
            if tables.len() == most {
                problems.add(Problem::at(element.span(), too_many));
                break;
            }
            tables.push((table, element.span()));
        }
        tables
    }

    /// The table at `key`; `instead` says what to write where it is none.
    pub fn section(
        &self,
        key: &str,
        keys: &'static Keys,
        instead: &str,
        problems: &mut Problems,
    ) -> Option<Section<'a>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Section::new(table, keys, problems)),
            other => {
                let title = format!("`{}{key}` must be a table, not {}", self.keys.prefix, with_article(other));
                problems.add(Problem::at(value.span(), title).label(instead));
                None
            }
        }
    }
}

/// Why `key` may not stand in a table of `keys`.
fn refused(key: &Spanned<std::borrow::Cow<'_, str>>, keys: &'static Keys) -> Problem {
    let name = key.get_ref();
    if let Some((_, what)) = keys.later.iter().find(|(later, _)| later == name) {
        return Problem::at(key.span(), not_supported(what));
    }
    let unknown = || {
        let title = format!("unknown key `{}`", shown(name));
        Problem::at(key.span(), if keys.table.is_empty() { title } else { format!("{title} in `{}`", keys.table) })
    };
    if let Some(meant) = keys.nearest(name) {
        return unknown().label(format!("did you mean `{meant}`?"));
    }
    if keys.invented {
        let what = format!("{}{}", keys.prefix, shown(name));
        return Problem::at(key.span(), not_supported(&what)).help(format!("known here: {}", listed(keys.known)));
    }
    match keys.place_of(name) {
        Some(place) => unknown().label(place),
        None => unknown().help(format!("known here: {}", listed(keys.known))),
    }
}

fn listed(keys: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    keys.join(", ")
}
