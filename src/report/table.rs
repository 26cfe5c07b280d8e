//! The terminal's table: which columns there is room for, and how long ids may be. Colours and what stands under a row
//! are added in `terminal`.

use std::collections::HashMap;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::escape::shorten;
use super::view::Line;

/// Columns go before ids are cut to less than this.
const READABLE_ID: usize = 28;
/// Blanks between columns.
const GAP: usize = 2;

/// What a column of the table holds.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Column {
    Benchmark,
    Metric,
    Base,
    Head,
    Change,
    Interval,
    Limit,
    Evidence,
    Verdict,
}

impl Column {
    const ALL: [Self; 9] = [
        Self::Benchmark,
        Self::Metric,
        Self::Base,
        Self::Head,
        Self::Change,
        Self::Interval,
        Self::Limit,
        Self::Evidence,
        Self::Verdict,
    ];
    /// What goes where there is no room, first to last.
    const DISPENSABLE: [Self; 5] = [Self::Evidence, Self::Interval, Self::Limit, Self::Base, Self::Head];

    pub fn head(self) -> &'static str {
        match self {
            Self::Benchmark => "benchmark",
            Self::Metric => "metric",
            Self::Base => "base",
            Self::Head => "head",
            Self::Change => "change",
            Self::Interval => "95 % interval",
            Self::Limit => "limit",
            Self::Evidence => "evidence",
            Self::Verdict => "verdict",
        }
    }

    fn cell(self, line: &Line) -> String {
        match self {
            Self::Benchmark => line.id.clone(),
            Self::Metric => line.metric.to_string(),
            Self::Base => line.base.clone(),
            Self::Head => line.head.clone(),
            Self::Change => line.change.clone(),
            Self::Interval => line.interval.clone(),
            Self::Limit => line.limit.clone(),
            Self::Evidence => line.evidence.to_owned(),
            Self::Verdict => line.verdict.to_string(),
        }
    }

    fn alignment(self) -> CellAlignment {
        match self {
            Self::Base | Self::Head | Self::Change | Self::Interval | Self::Limit => CellAlignment::Right,
            _ => CellAlignment::Left,
        }
    }
}

/// Picks the columns that leave room for ids, and cuts the ids to that room.
pub(super) fn fit(lines: &mut [Line], metrics: bool, width: usize) -> Vec<Column> {
    let mut columns = Column::ALL.to_vec();
    columns.retain(|column| match column {
        Column::Metric => metrics,
        Column::Interval => lines.iter().any(|line| !line.interval.is_empty()),
        _ => true,
    });
    let widths: Vec<usize> = table(&columns, lines).column_max_content_widths().into_iter().map(usize::from).collect();
    let mut sized: Vec<(Column, usize)> = columns.into_iter().zip(widths).collect();
    let longest = sized[0].1;
    let room = |sized: &[(Column, usize)]| width.saturating_sub(sized[1..].iter().map(|(_, width)| width + GAP).sum());
    for column in Column::DISPENSABLE {
        if room(&sized) >= longest.min(READABLE_ID) {
            break;
        }
        sized.retain(|(kept, _)| *kept != column);
    }
    shorten_ids(lines, room(&sized));
    sized.into_iter().map(|(column, _)| column).collect()
}

/// Cuts ids to `room` columns. Those that can then be taken for one another are spelt out under their rows.
fn shorten_ids(lines: &mut [Line], room: usize) {
    let mut owners: HashMap<String, Option<String>> = HashMap::new();
    for line in lines.iter_mut() {
        let short = shorten(&line.id, room);
        let full = std::mem::replace(&mut line.id, short);
        let owner = owners.entry(line.id.clone()).or_insert_with(|| Some(full.clone()));
        if owner.as_ref() != Some(&full) {
            *owner = None;
        }
        line.spelt_out = Some(full);
    }
    for line in lines {
        line.spelt_out = line.spelt_out.take().filter(|_| owners[&line.id].is_none());
    }
}

/// The table of `lines`, a line of text each and one for the head: no cell holds a newline, none is wrapped.
pub(super) fn table(columns: &[Column], lines: &[Line]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let cell = |column: Column, text: String| Cell::new_owned(text).set_alignment(column.alignment());
    table.set_header(columns.iter().map(|column| cell(*column, column.head().to_owned())));
    table.add_rows(lines.iter().map(|line| columns.iter().map(|column| cell(*column, column.cell(line)))));
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP as u16));
    }
    table
}
