//! What `profile` found, as text: for each benchmark the hottest functions, and what its crates and modules have of it.

use std::collections::BTreeMap;

use comfy_table::{Table, presets::NOTHING};

use super::escape::{shell_word, shorten};
use super::functions::{laid_out, place};
use super::units::{self, counted};
use super::visible;
use crate::model::{Hot, HotFunction, Hotspots, Subject};

/// Functions that are shown of a benchmark, where nobody says how many.
pub const MOST: usize = 20;
/// Crates and modules that are named.
const MOST_GROUPS: usize = 6;
/// Columns of numbers stand before the name, so many, and take about this room.
const NUMBERS: usize = 4;
const BESIDE: usize = 44;
/// Columns that a name takes at most, and that it has at least.
const LONGEST: usize = 100;
const SHORTEST: usize = 30;
/// Columns that a crate or module takes at most.
const LONGEST_GROUP: usize = 40;

/// A table for each benchmark, of `most` functions each.
pub fn render(hotspots: &Hotspots, width: usize, most: usize) -> String {
    hotspots.profiles.iter().map(|hot| one(hot, width, most)).collect::<Vec<_>>().join("\n")
}

fn one(hot: &Hot, width: usize, most: usize) -> String {
    let what = match &hot.subject {
        Subject::Benchmark(id) => id.to_string(),
        Subject::Command(words) => words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" "),
    };
    let cold = hot.cold_instructions.map(|cold| format!(", cold {}", units::count(cold))).unwrap_or_default();
    let allocator = match hot.allocator_instructions {
        0 => String::new(),
        inside => format!(", in the allocator {}", units::count(inside)),
    };
    let mut text = format!("{}\ninstructions {}{allocator}{cold}\n", visible(&what), units::count(hot.instructions));
    let (shown, rest) = hot.functions.split_at(most.min(hot.functions.len()));
    if !shown.is_empty() {
        text.push_str(&table(shown, width));
    }
    if !rest.is_empty() {
        let share = percent(rest.iter().map(|function| function.share).sum());
        text.push_str(&format!("and {} with {share} (-v shows all)\n", counted(rest.len(), "more function")));
    }
    let crate_of = |function: &HotFunction| function.crate_name.clone().unwrap_or_else(|| elsewhere(function));
    let module_of = |function: &HotFunction| function.module.clone().unwrap_or_else(|| elsewhere(function));
    let (crates, modules) = (groups(&hot.functions, crate_of), groups(&hot.functions, module_of));
    text.push_str(&format!("by crate: {crates}\n"));
    if modules != crates {
        text.push_str(&format!("by module: {modules}\n"));
    }
    text
}

/// What a function without a path belongs to: the file that it is in.
fn elsewhere(function: &HotFunction) -> String {
    let unknown = ["", "???"].contains(&function.object.as_str());
    if unknown { "unknown".to_owned() } else { function.object.clone() }
}

fn table(shown: &[HotFunction], width: usize) -> String {
    let places: Vec<String> = shown.iter().map(|function| place(function.place.as_ref())).collect();
    let longest_place = places.iter().map(|place| place.chars().count()).max().unwrap_or(0);
    let mut header = vec!["self", "share", "with callees", "calls", "function"];
    header.extend((longest_place > 0).then_some("hottest line"));
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    let room = width.saturating_sub(BESIDE + longest_place).clamp(SHORTEST, LONGEST);
    for (function, place) in shown.iter().zip(places) {
        table.add_row([
            units::count(function.own),
            percent(function.share),
            units::count(function.inclusive),
            units::count(function.calls),
            shorten(&visible(&function.function), room),
            place,
        ]);
    }
    laid_out(table, NUMBERS)
}

/// The groups with the largest shares.
fn groups(functions: &[HotFunction], group: impl Fn(&HotFunction) -> String) -> String {
    let mut shares: BTreeMap<String, f64> = BTreeMap::new();
    for function in functions {
        *shares.entry(group(function)).or_default() += function.share;
    }
    let mut shares: Vec<(String, f64)> = shares.into_iter().collect();
    shares.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let others: f64 = shares.iter().skip(MOST_GROUPS).map(|(_, share)| share).sum();
    let mut parts: Vec<String> = shares
        .iter()
        .take(MOST_GROUPS)
        .map(|(name, share)| format!("{} {}", shorten(&visible(name), LONGEST_GROUP), percent(*share)))
        .collect();
    if shares.len() > MOST_GROUPS {
        parts.push(format!("{} more {}", shares.len() - MOST_GROUPS, percent(others)));
    }
    parts.join(", ")
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
