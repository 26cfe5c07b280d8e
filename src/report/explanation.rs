//! What `explain` found, as text: for each benchmark the functions that account for its change, and those that ask for memory.

use comfy_table::{Table, presets::NOTHING};

use super::escape::shorten;
use super::functions::{laid_out, place};
use super::units::{self, counted};
use super::visible;
use crate::model::{Explanation, FunctionCost, Functions, SideCounts, SideMemory, SiteCost};

/// Functions that are shown of a benchmark, at most.
const MOST: usize = 12;
/// Columns that a name takes at most.
const LONGEST: usize = 100;
/// Columns of numbers stand before the name, so many, and take about this room.
const NUMBERS: usize = 5;
const BESIDE: usize = 60;
/// The same of the table of who asks for memory.
const NUMBERS_OF_SITES: usize = 4;
const BESIDE_SITES: usize = 50;

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

fn asks_differently(site: &SiteCost) -> bool {
    site.base_allocations != site.head_allocations || site.base_bytes != site.head_bytes
}

fn is_changed(functions: &Functions) -> bool {
    let (base, head) = (functions.base, functions.head);
    let instructions = |side: SideCounts| (side.instructions, side.allocator_instructions);
    let has_counts = instructions(base) != instructions(head) || base.memory != head.memory;
    has_counts || functions.functions.iter().any(differs)
}

fn benchmark(functions: &Functions, width: usize, all: bool) -> String {
    let (base, head) = (functions.base, functions.head);
    let allocator = match (base.allocator_instructions, head.allocator_instructions) {
        (0, 0) => String::new(),
        (base, head) => format!(", in the allocator {}", pair(base, head)),
    };
    let mut text = format!(
        "{}\ninstructions {}{allocator}, cold {}\n",
        visible(&functions.benchmark.to_string()),
        pair(base.instructions, head.instructions),
        pair(base.cold_instructions, head.cold_instructions),
    );
    if let (Some(base), Some(head)) = (base.memory, head.memory) {
        text.push_str(&memory(base, head));
    }
    let rows = |shown: &[&FunctionCost]| table(shown, width);
    text.push_str(&beginning(functions.functions.iter().filter(|cost| all || differs(cost)).collect(), all, rows));
    let rows = |shown: &[&SiteCost]| sites(shown, width);
    text.push_str(&beginning(functions.sites.iter().filter(|site| all || asks_differently(site)).collect(), all, rows));
    text
}

fn pair(base: u64, head: u64) -> String {
    let numbers = format!("{} → {}", units::count(base), units::count(head));
    match (base, head) {
        _ if base == head => numbers + " (unchanged)",
        // Of nothing there is no share.
        (0, _) => numbers,
        _ => format!("{numbers} ({})", units::growth(base, head)),
    }
}

/// What an iteration allocates; nothing where no side does.
fn memory(base: SideMemory, head: SideMemory) -> String {
    if base.allocations == 0 && head.allocations == 0 {
        return String::new();
    }
    format!(
        "allocations {}, allocated-bytes {}, peak-bytes {}\n",
        pair(base.allocations, head.allocations),
        pair(base.allocated_bytes, head.allocated_bytes),
        pair(base.peak_bytes, head.peak_bytes),
    )
}

/// A table of the first, or of all.
fn beginning<T>(rows: Vec<&T>, all: bool, table: impl Fn(&[&T]) -> String) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let (shown, rest) = rows.split_at(if all { rows.len() } else { MOST.min(rows.len()) });
    let mut text = table(shown);
    if !rest.is_empty() {
        text.push_str(&format!("and {} (-v shows all)\n", counted(rest.len(), "more function")));
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
        table.add_row([
            more(cost.base_own, cost.head_own),
            number(cost.base_own),
            number(cost.head_own),
            more(cost.base_inclusive, cost.head_inclusive),
            both(cost.base_calls, cost.head_calls),
            shorten(&visible(&cost.function), room),
            place,
        ]);
    }
    laid_out(table, NUMBERS)
}

fn sites(shown: &[&SiteCost], width: usize) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["change", "base", "head", "bytes", "asks for memory"]);
    let room = width.saturating_sub(BESIDE_SITES).clamp(20, LONGEST);
    for site in shown {
        table.add_row([
            more(site.base_allocations, site.head_allocations),
            number(site.base_allocations),
            number(site.head_allocations),
            both(site.base_bytes, site.head_bytes),
            shorten(&visible(&site.function), room),
        ]);
    }
    laid_out(table, NUMBERS_OF_SITES)
}

fn number(number: Option<u64>) -> String {
    number.map_or("–".to_owned(), units::count)
}

/// One number where both sides have the same.
fn both(base: Option<u64>, head: Option<u64>) -> String {
    if base == head { number(head) } else { format!("{} → {}", number(base), number(head)) }
}

/// By how much head's is more; what a side does not do takes nothing.
fn more(base: Option<u64>, head: Option<u64>) -> String {
    let signed = |count: Option<u64>| i64::try_from(count.unwrap_or(0)).unwrap_or(i64::MAX);
    units::more(signed(head) - signed(base))
}
