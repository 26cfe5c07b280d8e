//! The table: how often each rule is wrong, and what it costs.

use std::collections::BTreeSet;
use std::fmt::Write;

use cargo_perfgate::instrument::{cores, cpu_model};
use cargo_perfgate::model::Verdict;
use cargo_perfgate::stats::{quantile, sorted};

use super::Failed;
use super::record::{Files, Sentence};

/// A change of at most this is tolerated: to call it a regression is false.
const TOLERATE: f64 = 0.02;

/// One comparison under one rule.
struct Judged {
    true_change: f64,
    red: bool,
    green: bool,
    unchanged: bool,
    undecided: bool,
    seconds: f64,
}

/// The table over all that `files` hold, and a line on where it was made.
pub fn render(files: &Files) -> Result<String, Failed> {
    let (ours, criterion) = (files.ours()?, files.criterion()?);
    let loads: BTreeSet<usize> = ours.iter().map(|c| c.load).chain(criterion.iter().map(|c| c.load)).collect();
    let mut text = format!("{}, {}, {} cores.\n\n", jiff::Zoned::now().date(), cpu_model(), cores().len());
    text.push_str(
        "| load | rule | comparisons | false alarms (true ≤ 2 %) | red at +3 % | at +5 % | at +10 % | improved at −10 % \
         | inconclusive | s to unchanged | s at +5 % |\n",
    );
    text.push_str("| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n");
    for load in loads {
        let by_gate = ours.iter().filter(|c| c.load == load).map(|c| Judged {
            true_change: c.true_change,
            red: c.verdict == Verdict::Regressed,
            green: c.verdict == Verdict::Improved,
            unchanged: c.verdict == Verdict::Unchanged,
            undecided: c.verdict == Verdict::Inconclusive,
            seconds: c.seconds,
        });
        line(&mut text, load, "cargo perfgate", &by_gate.collect::<Vec<_>>());
        let of_load = || criterion.iter().filter(|c| c.load == load);
        let by_criterion = of_load().map(|c| Judged {
            true_change: c.true_change,
            red: c.verdict == Sentence::Regressed,
            green: c.verdict == Sentence::Improved,
            unchanged: c.verdict == Sentence::NoChange,
            undecided: false,
            seconds: c.seconds,
        });
        line(&mut text, load, "criterion, base first", &by_criterion.collect::<Vec<_>>());
        let by_mean = of_load().map(|c| Judged {
            true_change: c.true_change,
            red: c.change > 0.05,
            green: c.change < -0.05,
            unchanged: c.change.abs() <= 0.05,
            undecided: false,
            seconds: c.seconds,
        });
        line(&mut text, load, "its mean worse by 5 %", &by_mean.collect::<Vec<_>>());
    }
    Ok(text)
}

fn line(text: &mut String, load: usize, rule: &str, all: &[Judged]) {
    if all.is_empty() {
        return;
    }
    let at = |change: f64| move |judged: &&Judged| (judged.true_change - change).abs() < 1e-9;
    let share = |of: &dyn Fn(&&Judged) -> bool, hit: &dyn Fn(&&Judged) -> bool| {
        let all: Vec<&Judged> = all.iter().filter(of).collect();
        let hits = all.iter().filter(|judged| hit(judged)).count();
        if all.is_empty() { String::new() } else { format!("{hits} of {}", all.len()) }
    };
    let red = |judged: &&Judged| judged.red;
    let median = |of: &dyn Fn(&&Judged) -> bool| {
        let seconds = sorted(all.iter().filter(of).map(|judged| judged.seconds));
        quantile(&seconds, 0.5).map_or(String::new(), |seconds| format!("{seconds:.1}"))
    };
    let condition = if load == 0 { "idle".to_owned() } else { load.to_string() };
    let cells = [
        condition,
        rule.to_owned(),
        all.len().to_string(),
        share(&|judged| judged.true_change <= TOLERATE + 1e-9, &red),
        share(&at(0.03), &red),
        share(&at(0.05), &red),
        share(&at(0.1), &red),
        share(&at(-0.1), &|judged| judged.green),
        share(&|_| true, &|judged| judged.undecided),
        median(&|judged| judged.unchanged),
        median(&at(0.05)),
    ];
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}
