//! One run as a table: what was measured of one revision.

use comfy_table::{CellAlignment, Table, presets::NOTHING};

use super::units;
use super::visible;
use crate::model::Run;

/// The run's revision and environment, and a line per benchmark.
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
    if run.measurements.is_empty() {
        return text;
    }
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
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in table.to_string().lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
