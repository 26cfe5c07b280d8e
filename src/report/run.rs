//! One run as tables: what was measured and counted of one revision.

use comfy_table::{CellAlignment, Table, presets::NOTHING};

use super::units;
use super::visible;
use crate::model::{CountedRun, Run};

/// The run's revision and environment, and a line per benchmark; then what was counted, a line per benchmark and metric.
pub fn render(run: &Run) -> String {
    let dirty = if run.revision.dirty { " + uncommitted changes" } else { "" };
    let environment = &run.environment;
    let mut text = format!(
        "{}{dirty}, measured {}\nenvironment {}: {}, {} cores, {}, {}\n",
        visible(&run.revision.commit),
        visible(&run.started),
        visible(&environment.key),
        visible(&environment.cpu),
        environment.cores,
        visible(&environment.target),
        visible(&environment.rustc),
    );
    if !run.measurements.is_empty() {
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(["benchmark", "median", "lower quartile", "spread", "processes"]);
        for measurement in &run.measurements {
            table.add_row([
                visible(&measurement.benchmark.to_string()),
                units::round(measurement.unit, measurement.median),
                units::round(measurement.unit, measurement.q25),
                format!("{:.1} %", measurement.spread * 100.0),
                measurement.estimates.len().to_string(),
            ]);
        }
        write(table, 1, &mut text);
    }
    if let Some(counted) = &run.counted {
        write_counted(counted, &mut text);
    }
    text
}

fn write_counted(counted: &CountedRun, text: &mut String) {
    let conditions = &counted.conditions;
    text.push_str(&format!(
        "counted by valgrind {} on {}, with {} and the C library {}\n",
        visible(&conditions.valgrind),
        visible(&conditions.cpu),
        visible(&conditions.rustc),
        visible(&conditions.libc),
    ));
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["benchmark", "metric", "count", "again"]);
    for (benchmark, known) in &counted.benchmarks {
        for (metric, counts) in &known.counts {
            let [count, again] = counts.map(|count| units::round(metric.unit(), count as f64));
            table.add_row([visible(&benchmark.to_string()), metric.to_string(), count, again]);
        }
    }
    write(table, 2, text);
}

/// Writes a table whose columns from `numbers` on are numbers.
fn write(mut table: Table, numbers: usize, text: &mut String) {
    for column in table.column_iter_mut().skip(numbers) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in table.to_string().lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
}
