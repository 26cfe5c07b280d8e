//! What is said of one row, with the numbers behind it.

use crate::model::{Interval, Verdict};

/// What the numbers say.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The estimated change, a plain ratio; `None` with too few numbers.
    pub change: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<Interval>,
    /// The smallest slowdown that these data would have proved; `None` where none could have been.
    pub smallest_visible_change: Option<f64>,
    /// One sentence.
    pub reason: String,
}

impl Judgement {
    pub(super) fn too_few(measurements: usize) -> Self {
        Self {
            verdict: Verdict::Inconclusive,
            change: None,
            interval: None,
            smallest_visible_change: None,
            reason: format!("{measurements} measurements are too few to judge by"),
        }
    }
}

/// Why an undecided row is undecided. A change that no number of such data could show has no number.
pub(super) fn unseen(visible: Option<f64>) -> String {
    match visible {
        Some(visible) => format!("a slowdown below {} would not have been seen", percent(visible)),
        None => "no slowdown would have been seen, however large".to_owned(),
    }
}

pub(super) fn percent(ratio: f64) -> String {
    let text = format!("{:.1}", ratio * 100.0);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}
