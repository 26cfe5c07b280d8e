//! What `doctor` found, as text: a table of each benchmark's noise, and sentences on what to do about it.

use comfy_table::{CellAlignment, Table, presets::NOTHING};

use super::title::plain;
use super::units::counted;
use super::view;
use super::visible;
use crate::model::{BaseSide, Controls, Diagnosis, short};

/// A process spread from which more quiet is worth looking for.
const NOISY: f64 = 0.05;

/// What the columns of the table mean.
const COLUMNS: &str = "\nspread: of one side's processes; layout: the part that the order of functions has in it;\nsmallest visible: the smallest slowdown that a check would find here\n";

/// The machine, a line per benchmark, and what to do.
pub fn render(diagnosis: &Diagnosis) -> String {
    let environment = &diagnosis.environment;
    let mut text = format!(
        "machine   {}, {} cores, {}, {}\n",
        visible(&environment.cpu),
        environment.cores,
        visible(&environment.target),
        visible(&environment.rustc),
    );
    if let Some(load) = diagnosis.machine.load {
        text.push_str(&format!("load      {load:.1} over the last minute\n"));
    }
    text.push_str(&format!("base      {}\n", base(diagnosis)));
    text.push_str(&format!("policy    {}\n", plain(&view::policy(&diagnosis.policy))));
    text.push_str(&format!("builds    {}\n", visible(&diagnosis.builds)));
    text.push_str(&format!("controls  {}\n", controls(diagnosis.controls)));
    if !diagnosis.benchmarks.is_empty() {
        text.push('\n');
        text.push_str(&table(diagnosis));
    }
    let advice = advice(diagnosis);
    if !advice.is_empty() {
        text.push('\n');
    }
    for sentence in advice {
        text.push_str(&format!("- {sentence}\n"));
    }
    text
}

/// What a check would compare with.
fn base(diagnosis: &Diagnosis) -> String {
    let problem = diagnosis.base_problem.as_deref().unwrap_or_default().replace('\n', "; ");
    match &diagnosis.base {
        Some(BaseSide { commit: Some(commit), reason }) => {
            format!("{} ({})", visible(short(commit)), visible(reason))
        }
        _ => format!("none: {}", visible(&problem)),
    }
}

/// What comparing base with itself showed.
fn controls(controls: Controls) -> String {
    let mut text = match controls.comparisons {
        0 => "base was not yet compared with itself here: now and then `cargo perfgate` does that".to_owned(),
        all => format!("on this machine: {} false of {}", controls.regressed, counted(all as usize, "comparison")),
    };
    if controls.proved > 0 {
        let all = counted(controls.proved as usize, "benchmark");
        text.push_str(&format!("; timing contradicts {} of {all} that execute the same code", controls.contradicted));
    }
    text
}

fn table(diagnosis: &Diagnosis) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["benchmark", "spread", "layout", "smallest visible", "limit"]);
    let percent = |ratio: Option<f64>| ratio.map_or("–".to_owned(), |ratio| format!("{:.1} %", ratio * 100.0));
    for noise in &diagnosis.benchmarks {
        table.add_row([
            visible(&noise.benchmark.to_string()),
            percent(noise.spread),
            percent(noise.layout_spread),
            percent(noise.smallest_visible_change),
            percent(Some(noise.limit)),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text: String = table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect();
    text.push_str(COLUMNS);
    text
}

fn advice(diagnosis: &Diagnosis) -> Vec<String> {
    let mut advice = Vec::new();
    let all = &diagnosis.benchmarks;
    let blind = all.iter().filter(|noise| noise.smallest_visible_change.is_some_and(|seen| seen > noise.limit)).count();
    if blind > 0 {
        advice.push(format!(
            "{} below what can be seen here: raise them, or set `max-regression = \"auto\"`",
            if blind == 1 { "1 limit is".to_owned() } else { format!("{blind} limits are") }
        ));
    }
    let noisy = all.iter().filter(|noise| noise.spread.is_some_and(|spread| spread > NOISY)).count();
    if noisy > 0 {
        advice.push(format!(
            "{} by more than {:.0} % from process to process: fewer programs beside it, or longer iterations, make verdicts sooner",
            if noisy == 1 { "1 benchmark varies".to_owned() } else { format!("{noisy} benchmarks vary") },
            NOISY * 100.0
        ));
    }
    if all.iter().any(|noise| noise.layout_spread.is_none()) {
        advice.push("some benchmarks have one layout of their code: link with lld to measure them in many".to_owned());
    }
    if diagnosis.shallow {
        advice.push(
            "this clone is shallow: a check fetches the one commit that it needs, unless --no-fetch forbids it"
                .to_owned(),
        );
    }
    if let Some(problem) = &diagnosis.store_problem {
        advice.push(format!("baselines cannot be stored in {}", visible(problem)));
    }
    if !diagnosis.machine.copies_in_memory {
        advice.push(
            "copies of executables lie on disk: /dev/shm is missing, too small, or may not start programs".to_owned(),
        );
    }
    for (program, _) in diagnosis.machine.programs.iter().filter(|(_, installed)| !installed) {
        advice.push(format!("{program} is not installed"));
    }
    advice
}
