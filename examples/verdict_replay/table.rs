//! The table: one line a source and rule.

use super::rules::Rule;
use super::simulate::{Results, Tally};
use super::source::Source;

pub const HEAD: &str = "| pairs from | spread | rule | false red suites per 1,000 at 0 | at +2 % | red at +3 % | at +5 % | at +10 % | improved at −10 % | inconclusive at 0 | at +3 % | at +5 % | pairs at 0 | at +5 % | mean estimate at +5 % | interval covers at 0 | at +5 % | red at its smallest visible change |\n\
    | --- | --: | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |";

pub fn line(source: &Source, rule: &dyn Rule, results: &Results) -> String {
    let [three, five, ten] = &results.power;
    let red = |tally: &Tally| percent(tally.red, tally.comparisons);
    let open = |tally: &Tally| percent(tally.inconclusive, tally.comparisons);
    let covered = |tally: &Tally| percent(tally.covered, tally.with_interval);
    let pairs = |tally: &Tally| format!("{:.1}", tally.pairs as f64 / tally.comparisons.max(1) as f64);
    let cells = [
        source.name.clone(),
        source.spread.map_or(String::new(), |spread| format!("{:.1} %", spread * 100.0)),
        rule.name().to_owned(),
        per_thousand(&results.none),
        per_thousand(&results.tolerated),
        red(three),
        red(five),
        red(ten),
        percent(results.faster.improved, results.faster.comparisons),
        open(&results.none),
        open(three),
        open(five),
        pairs(&results.none),
        pairs(five),
        format!("{:+.2} %", five.estimated / five.comparisons.max(1) as f64 * 100.0),
        covered(&results.none),
        covered(five),
        red(&results.at_visible),
    ];
    format!("| {} |", cells.join(" | "))
}

/// With the count behind it: none in a thousand says less than none in a million.
fn per_thousand(tally: &Tally) -> String {
    let rate = tally.suites_with_red as f64 / tally.suites.max(1) as f64 * 1000.0;
    format!("{rate:.2} ({} of {})", tally.suites_with_red, tally.suites)
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { String::new() } else { format!("{:.1} %", part as f64 / whole as f64 * 100.0) }
}
