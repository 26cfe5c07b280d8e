//! What `explain` found, as text: for each benchmark the functions that account for its change.

use comfy_table::{Table, presets::NOTHING};

use super::escape::shorten;
use super::functions::{laid_out, place};
use super::units::{self, counted};
use super::visible;
use crate::model::{Explanation, FunctionCost, Functions};

/// Functions that are shown of a benchmark, at most.
const MOST: usize = 12;
/// Columns that a name takes at most.
const LONGEST: usize = 100;
/// Columns of numbers stand before the name, so many, and take about this room.
const NUMBERS: usize = 5;
const BESIDE: usize = 60;

/// A table for each benchmark that executes something else, the largest change first; with `all`, for every benchmark, and
/// of all its functions.
pub fn render(explanation: &Explanation, width: usize, all: bool) -> String {
    let mut ordered: Vec<&Functions> = explanation.benchmarks.iter().collect();
    let ratio = |functions: &Functions| {
        (functions.head.instructions as f64 / functions.base.instructions.max(1) as f64).ln().abs()
    };
    ordered.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)));
    let (told, same): (Vec<_>, Vec<_>) = ordered.into_iter().partition(|functions| all || is_changed(functions));
    let mut paragraphs: Vec<String> = told.into_iter().map(|functions| benchmark(functions, width, all)).collect();
    if !same.is_empty() {
        let count = counted(same.len(), "benchmark");
        let verb = if same.len() == 1 { "executes" } else { "execute" };
        paragraphs.push(format!("{count} {verb} as many instructions in every function as before\n"));
    }
    paragraphs.join("\n")
}

fn differs(cost: &FunctionCost) -> bool {
    cost.base_own != cost.head_own || cost.base_calls != cost.head_calls
}

fn is_changed(functions: &Functions) -> bool {
    functions.base.instructions != functions.head.instructions || functions.functions.iter().any(differs)
}

fn benchmark(functions: &Functions, width: usize, all: bool) -> String {
    let (base, head) = (functions.base, functions.head);
    let pair = |base: u64, head: u64| {
        let change = if base == head { "unchanged".to_owned() } else { units::growth(base, head) };
        format!("{} → {} ({change})", units::count(base), units::count(head))
    };
    let mut text = format!(
        "{}\ninstructions {}, cold {}\n",
        visible(&functions.benchmark.to_string()),
        pair(base.instructions, head.instructions),
        pair(base.cold_instructions, head.cold_instructions),
    );
    let shown: Vec<&FunctionCost> = functions.functions.iter().filter(|cost| all || differs(cost)).collect();
    let most = if all { shown.len() } else { MOST };
    if !shown.is_empty() {
        text.push_str(&table(&shown[..most.min(shown.len())], width));
    }
    if shown.len() > most {
        text.push_str(&format!("and {} (-v shows all)\n", counted(shown.len() - most, "more function")));
    }
    text
}

fn table(shown: &[&FunctionCost], width: usize) -> String {
    let places: Vec<String> = shown.iter().map(|cost| place(cost.place.as_ref())).collect();
    let longest_place = places.iter().map(|place| place.chars().count()).max().unwrap_or(0);
    let mut header = vec!["change", "base", "head", "with callees", "calls", "function"];
    header.extend((longest_place > 0).then_some("hottest line"));
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    let room = width.saturating_sub(BESIDE + longest_place).clamp(20, LONGEST);
    for (cost, place) in shown.iter().zip(places) {
        let own = |own: Option<u64>| own.map_or("–".to_owned(), units::count);
        let calls = match (cost.base_calls, cost.head_calls) {
            (base, head) if base == head => own(head),
            (base, head) => format!("{} → {}", own(base), own(head)),
        };
        table.add_row([
            more(cost.base_own, cost.head_own),
            own(cost.base_own),
            own(cost.head_own),
            more(cost.base_inclusive, cost.head_inclusive),
            calls,
            shorten(&visible(&cost.function), room),
            place,
        ]);
    }
    laid_out(table, NUMBERS)
}

/// By how many instructions head's is more; what is not executed takes none.
fn more(base: Option<u64>, head: Option<u64>) -> String {
    let signed = |count: Option<u64>| i64::try_from(count.unwrap_or(0)).unwrap_or(i64::MAX);
    units::more(signed(head) - signed(base))
}
