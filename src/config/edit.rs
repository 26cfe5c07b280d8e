//! The file's text with acceptances and renames put in or taken out; every other byte of it stays. Reading them is
//! `declared`'s business, writing the file `flow`'s.

use std::ops::Range;

use toml_edit::{ArrayOfTables, Document, DocumentMut, Item, Table, value};

use super::problem::{ConfigError, Problem};
use super::value::percent;
use crate::gate::Acceptance;

/// `text` with `acceptance` in it: in the place of the one that stands there as number `replaced`, else at the end.
///
/// # Errors
/// Where the acceptances of `text`, which names the file in messages, are no tables of their own.
pub fn with_acceptance(
    text: &str,
    file: &str,
    acceptance: &Acceptance,
    replaced: Option<usize>,
) -> Result<String, ConfigError> {
    let ends = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let entry = entry(acceptance).replace('\n', ends);
    if let Some(index) = replaced {
        let place = places(text, file, "accept")?.swap_remove(index);
        return Ok(format!("{}{}{}", &text[..place.start], entry.trim_end(), &text[place.end..]));
    }
    // That there are none, or that these are tables: nothing can be put behind an array that is written in a line.
    places(text, file, "accept")?;
    let between = match text {
        "" => String::new(),
        _ if text.ends_with('\n') => ends.to_owned(),
        _ => ends.repeat(2),
    };
    Ok(format!("{text}{between}{entry}"))
}

/// `text` without the acceptances and renames of these numbers. Comments above them stay.
///
/// # Errors
/// As [`with_acceptance`].
pub fn without(text: &str, file: &str, acceptances: &[usize], renames: &[usize]) -> Result<String, ConfigError> {
    let mut gone: Vec<Range<usize>> = Vec::new();
    for (key, numbers) in [("accept", acceptances), ("rename", renames)] {
        if !numbers.is_empty() {
            let places = places(text, file, key)?;
            gone.extend(numbers.iter().map(|number| places[*number].clone()));
        }
    }
    gone.sort_by_key(|place| std::cmp::Reverse(place.start));
    let mut out = text.to_owned();
    for place in gone {
        let start = out[..place.start].rfind('\n').map_or(0, |end| end + 1);
        let end = out[place.end..].find('\n').map_or(out.len(), |length| place.end + length + 1);
        let is_blank = |line: &str| line.trim().is_empty();
        let before = out[..start].trim_end_matches('\n').len();
        let blank_before = out[..start].lines().next_back().is_none_or(is_blank);
        let blank_after = out[end..].lines().next().is_none_or(is_blank);
        // Of two blank lines that meet one is left.
        let start = if blank_before && blank_after { (before + 1).min(start) } else { start };
        out.replace_range(start..end, "");
    }
    Ok(out)
}

/// Where the tables of an array lie, each from its header to its last value.
fn places(text: &str, file: &str, key: &str) -> Result<Vec<Range<usize>>, ConfigError> {
    let fail = |title: String, help: String| ConfigError::of_file(file, Problem::of_file(title).help(help));
    let document = Document::parse(text).map_err(|e| {
        fail(format!("could not edit `{file}`: {}", e.message()), "see that `cargo perfgate list` reads it".to_owned())
    })?;
    let tables = match document.get(key) {
        None => return Ok(Vec::new()),
        Some(Item::ArrayOfTables(tables)) => tables,
        Some(_) => {
            let title = format!("could not edit `{file}`: its `{key}` is written in a line");
            return Err(fail(title, format!("write each as a table `[[{key}]]`, or edit it by hand")));
        }
    };
    let place = |table: &Table| {
        let header = table.span()?;
        let end = table.iter().filter_map(|(_, item)| item.span()).map(|span| span.end).max();
        Some(header.start..end.unwrap_or(header.end).max(header.end))
    };
    Ok(tables.iter().filter_map(place).collect())
}

/// The table of an acceptance.
fn entry(acceptance: &Acceptance) -> String {
    let mut table = Table::new();
    table["benchmark"] = value(&acceptance.benchmark);
    table["metric"] = value(acceptance.metric.as_str());
    table["max-regression"] = value(percent(acceptance.max_regression));
    table["reason"] = value(&acceptance.reason);
    let mut tables = ArrayOfTables::new();
    tables.push(table);
    let mut document = DocumentMut::new();
    document["accept"] = Item::ArrayOfTables(tables);
    document.to_string()
}
