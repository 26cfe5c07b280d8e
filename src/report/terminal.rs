//! A report for people at a terminal or reading a log: one table that fits, and under a row what its numbers do not say.
//! Whether there is colour and how wide the terminal is, the caller knows.

use anstyle::{AnsiColor, Style as Ansi};

use super::escape::{shorten, width};
use super::table::{self, Column};
use super::title::{Part, Title, all_by, plain};
use super::units;
use super::view::{Line, View};
use crate::model::{Evidence, Outcome, Report, Verdict};

/// How to write for this reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI escapes may be used.
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether to show `unchanged` rows, every row's reason and all that was skipped.
    pub verbose: bool,
}

/// Narrower terminals are written to as if they were so wide.
const NARROWEST: usize = 40;
/// How much of what was skipped is shown without `verbose`.
const SKIPPED_SHOWN: usize = 10;
/// Columns of the labels under the table.
const LABEL: usize = 9;

const RED: Ansi = AnsiColor::Red.on_default();
const GREEN: Ansi = AnsiColor::Green.on_default();
const YELLOW: Ansi = AnsiColor::Yellow.on_default();
const DIM: Ansi = Ansi::new().dimmed();

/// The text of `report`, each line ended by a newline. Its only control characters are these and, where
/// [`Style::color`] allows, the ANSI escapes of colours.
pub fn render(report: &Report, style: Style) -> String {
    let style = Style { width: style.width.max(NARROWEST), ..style };
    let view = View::new(report);
    let mut out = Writer { text: String::new(), style };
    out.title(&view.title, view.outcome);
    for line in wrap(&view.summary, style.width) {
        out.line(&line);
    }
    out.rows(&view);
    out.facts(&view);
    out.text
}

struct Writer {
    text: String,
    style: Style,
}

impl Writer {
    fn painted(&self, ansi: Ansi, text: &str) -> String {
        if self.style.color && !text.is_empty() { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn title(&mut self, title: &Title, outcome: Outcome) {
        // An id may take half a line, so that the sentence around it is read.
        let half = self.style.width / 2;
        let rest: Vec<Part> = title
            .rest
            .iter()
            .map(|part| match part {
                Part::Name(name) => Part::Name(shorten(name, half)),
                other => other.clone(),
            })
            .collect();
        let sentence = format!("{}{}", title.outcome, plain(&rest));
        let ansi = match outcome {
            Outcome::Passed => GREEN,
            Outcome::Failed | Outcome::CouldNotComplete => RED,
            Outcome::PassedWithUndecided | Outcome::Inconclusive | Outcome::NothingCompared => YELLOW,
        };
        for (i, line) in wrap(&sentence, self.style.width).into_iter().enumerate() {
            // The outcome's words are few: a line of the narrowest terminal holds them.
            match line.strip_prefix(title.outcome) {
                Some(rest) if i == 0 => self.line(&format!("{}{rest}", self.painted(ansi.bold(), title.outcome))),
                _ => self.line(&line),
            }
        }
    }

    fn rows(&mut self, view: &View) {
        let (shown, hidden) = view.unchanged.split_at(if self.style.verbose { view.unchanged.len() } else { 0 });
        let mut lines: Vec<Line> = view.rows.iter().chain(shown).map(|row| view.line(row)).collect();
        if !lines.is_empty() {
            self.line("");
            let columns = table::fit(&mut lines, view.metrics, self.style.width);
            let table = table::table(&columns, &lines);
            let notes: Vec<String> = lines.iter().map(|line| self.note(line, &columns)).collect();
            self.line(&self.painted(DIM, &table[0]));
            for (i, (text, line)) in table[1..].iter().zip(&lines).enumerate() {
                self.row(text, line);
                // What holds for a run of rows is said once, under the last of them.
                let next = lines.get(i + 1).zip(notes.get(i + 1));
                let repeated =
                    next.is_some_and(|(next, said)| next.verdict == line.verdict && !line.fails && notes[i] == *said);
                self.notes(line, if repeated { "" } else { &notes[i] });
            }
        }
        if !hidden.is_empty() && !lines.is_empty() {
            let text = format!("{} unchanged, not shown (-v shows all)", units::count(hidden.len()));
            self.line("");
            self.line(&self.painted(DIM, &text));
        }
    }

    fn row(&mut self, text: &str, line: &Line) {
        let ansi = match line.verdict {
            _ if line.fails => RED,
            Verdict::Improved => GREEN,
            Verdict::Accepted
            | Verdict::Inconclusive
            | Verdict::Crashed
            | Verdict::TimedOut
            | Verdict::Removed
            | Verdict::BenchChanged => YELLOW,
            _ => return self.line(text),
        };
        // The verdict stands last; colouring it here leaves no escapes in the table to be measured.
        match text.strip_suffix(line.verdict.as_str()) {
            Some(front) => self.line(&format!("{front}{}", self.painted(ansi, line.verdict.as_str()))),
            None => self.line(text),
        }
    }

    /// The reason of a row, with what the table had no room for.
    fn note(&self, line: &Line, columns: &[Column]) -> String {
        if !line.needs_reason() && !self.style.verbose {
            return String::new();
        }
        let dropped = |column: Column| !columns.contains(&column);
        let mut data = Vec::from_iter(line.pairs.clone());
        if data.is_empty() && dropped(Column::Evidence) && line.evidence != "-" {
            data.push(line.evidence.to_owned());
        }
        if dropped(Column::Interval) && !line.interval.is_empty() {
            data.push(format!("{} {}", Column::Interval.head(), line.interval));
        }
        let data = if data.is_empty() { String::new() } else { format!("({})", data.join(", ")) };
        format!("{} {data}", line.reason).trim().to_owned()
    }

    /// What stands under a row: its id where the table has too little of it, `note`, the command that reproduces it.
    fn notes(&mut self, line: &Line, note: &str) {
        if let Some(id) = &line.spelt_out {
            self.line(&self.painted(DIM, &format!("    {id}")));
        }
        for text in wrap(note, self.style.width - 4) {
            self.line(&self.painted(DIM, &format!("    {text}")));
        }
        let room = self.style.width - 4;
        for text in line.counted.iter().flat_map(|counted| wrap(counted, room)) {
            self.line(&self.painted(DIM, &format!("    {text}")));
        }
        if let Some(command) = &line.reproduce {
            // In one line, however long: it is there to be copied.
            self.line(&format!("    {} {command}", self.painted(DIM, "reproduce:")));
        }
    }

    fn facts(&mut self, view: &View) {
        self.line("");
        for (label, parts) in &view.facts {
            self.labelled(label, &plain(parts), DIM);
        }
        let shown = if self.style.verbose { usize::MAX } else { SKIPPED_SHOWN };
        for (what, reason) in view.skipped.iter().take(shown) {
            self.labelled("skipped", &format!("{what}: {reason}"), DIM);
        }
        if view.skipped.len() > shown {
            let more = units::count(view.skipped.len() - shown);
            self.labelled("", &format!("… and {more} more (-v shows all)"), DIM);
        }
        for warning in &view.warnings {
            self.labelled("warning", warning, YELLOW);
        }
        if let Some(hint) = hint(view) {
            self.labelled("next", &hint, Ansi::new());
        }
    }

    fn labelled(&mut self, label: &str, text: &str, ansi: Ansi) {
        for (i, text) in wrap(text, self.style.width - LABEL).into_iter().enumerate() {
            let label = format!("{:LABEL$}", if i == 0 { label } else { "" });
            self.line(&format!("{}{text}", self.painted(ansi, &label)));
        }
    }
}

/// What a reader in front of the work tree can do.
fn hint(view: &View) -> Option<String> {
    let any = |verdicts: &[Verdict]| view.rows.iter().any(|row| view.fails(row) && verdicts.contains(&row.verdict));
    let text = match view.outcome {
        Outcome::Passed => return None,
        // Nothing was measured for this report.
        Outcome::PassedWithUndecided | Outcome::Inconclusive | Outcome::Failed
            if all_by(view.rows.iter().copied(), &[Evidence::StoredBaseline]) =>
        {
            "`cargo perfgate --base REV` measures both sides in alternation, and confirms what it tells"
        }
        Outcome::PassedWithUndecided | Outcome::Inconclusive => {
            "measure the undecided rows alone, with more `--budget` where that ended first, or on a quieter machine: cargo perfgate FILTER"
        }
        Outcome::Failed if any(&[Verdict::Regressed, Verdict::TailRegressed]) => {
            "run the command under a row to measure it again; where it is meant to be slower: cargo perfgate accept BENCHMARK --reason TEXT"
        }
        Outcome::Failed if any(&[Verdict::OverBudget]) => {
            "run the command under a row to measure it again; where it is meant to be slower, raise its budget"
        }
        Outcome::Failed => {
            "where a benchmark was removed on purpose, set `on-removed` in the config; where it has a new name, say so in `[[rename]]`"
        }
        Outcome::NothingCompared
            if view.facts.iter().any(|(label, parts)| *label == "base" && plain(parts) == "none") =>
        {
            "name a base with `--base REV`, or fetch the branch that this one will be merged into"
        }
        Outcome::NothingCompared if any(&[Verdict::BenchChanged]) => {
            "benchmarks of new code in a file of their own leave the others comparable"
        }
        Outcome::NothingCompared if any(&[Verdict::Added]) => {
            "`on-missing-baseline = \"pass\"` lets new benchmarks pass where there are no others"
        }
        Outcome::NothingCompared => "`cargo perfgate list` shows the benchmarks, and what is skipped and why",
        Outcome::CouldNotComplete => "run the benchmark with `cargo bench` to see its own output",
    };
    Some(text.to_owned())
}

/// `text` in lines of `columns` at most, cut at spaces; longer words stay whole.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    // A number and its percent sign stay together. Foreign text has no such blanks: they are hidden characters.
    let text = text.replace(" %", "\u{a0}%");
    for word in text.split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines.into_iter().map(|line| line.replace('\u{a0}', " ")).collect()
}
