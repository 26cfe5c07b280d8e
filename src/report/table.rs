//! The terminal's table: which columns there is room for, and how long ids may be. Colours and what stands under a row
//! are added in `terminal`.

use std::borrow::Cow;
use std::collections::HashMap;

use unicode_width::UnicodeWidthStr;

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
    Distribution,
    Limit,
    Evidence,
    Verdict,
}

impl Column {
    const ALL: [Self; 10] = [
        Self::Benchmark,
        Self::Metric,
        Self::Base,
        Self::Head,
        Self::Change,
        Self::Interval,
        Self::Distribution,
        Self::Limit,
        Self::Evidence,
        Self::Verdict,
    ];
    /// What goes where there is no room, first to last.
    const DISPENSABLE: [Self; 6] =
        [Self::Distribution, Self::Evidence, Self::Interval, Self::Limit, Self::Base, Self::Head];

    pub fn head(self) -> &'static str {
        match self {
            Self::Benchmark => "benchmark",
            Self::Metric => "metric",
            Self::Base => "base",
            Self::Head => "head",
            Self::Change => "change",
            Self::Interval => "95 % interval",
            Self::Distribution => "pairs, ± 2 limits",
            Self::Limit => "limit",
            Self::Evidence => "evidence",
            Self::Verdict => "verdict",
        }
    }

    fn cell(self, line: &Line) -> Cow<'_, str> {
        match self {
            Self::Benchmark => Cow::Borrowed(&line.id),
            Self::Metric => Cow::Owned(line.metric.to_string()),
            Self::Base => Cow::Borrowed(&line.base),
            Self::Head => Cow::Borrowed(&line.head),
            Self::Change => Cow::Borrowed(&line.change),
            Self::Interval => Cow::Borrowed(&line.interval),
            Self::Distribution => Cow::Borrowed(&line.distribution),
            Self::Limit => Cow::Borrowed(&line.limit),
            Self::Evidence => Cow::Borrowed(line.evidence),
            Self::Verdict => Cow::Borrowed(line.verdict.as_str()),
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Base | Self::Head | Self::Change | Self::Interval | Self::Limit)
    }

    /// How wide it has to be.
    fn width(self, lines: &[Line]) -> usize {
        lines.iter().map(|line| self.cell(line).width()).max().unwrap_or(0).max(self.head().width())
    }
}

/// Picks the columns that leave room for ids, and cuts the ids to that room.
pub(super) fn fit(lines: &mut [Line], metrics: bool, width: usize) -> Vec<Column> {
    let mut columns = Column::ALL.to_vec();
    columns.retain(|column| match column {
        Column::Metric => metrics,
        Column::Interval => lines.iter().any(|line| !line.interval.is_empty()),
        Column::Distribution => lines.iter().any(|line| !line.distribution.is_empty()),
        _ => true,
    });
    let mut sized: Vec<(Column, usize)> = columns.into_iter().map(|column| (column, column.width(lines))).collect();
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

/// The table of `lines`, a line of text each after one for the head: no cell holds a newline, none is wrapped.
pub(super) fn table(columns: &[Column], lines: &[Line]) -> Vec<String> {
    let widths: Vec<usize> = columns.iter().map(|column| column.width(lines)).collect();
    let row = |cells: &mut dyn Iterator<Item = Cow<'_, str>>| {
        let mut text = String::new();
        for ((column, wide), cell) in columns.iter().zip(&widths).zip(cells) {
            let blanks = " ".repeat(wide.saturating_sub(cell.width()));
            let (before, after) = if column.is_number() { (&*blanks, "") } else { ("", &*blanks) };
            text.extend([before, &cell, after, &" ".repeat(GAP)]);
        }
        text.truncate(text.trim_end().len());
        text
    };
    let head = row(&mut columns.iter().map(|column| Cow::Borrowed(column.head())));
    let body = lines.iter().map(|line| row(&mut columns.iter().map(|column| column.cell(line))));
    std::iter::once(head).chain(body).collect()
}
