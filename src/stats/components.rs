//! Telling apart what varies between groups and what varies within them.

/// The standard deviation between groups of two values each, beyond what the values of one group differ by: one-way random
/// effects (Searle, Casella and McCulloch 1992, 3.2), `√((mean square between − mean square within) / 2)`, 0 where that is
/// below. `None` for fewer than three groups.
pub fn spread_between(groups: &[[f64; 2]]) -> Option<f64> {
    let count = groups.len();
    if count < 3 {
        return None;
    }
    let means = || groups.iter().map(|[a, b]| 0.5 * (a + b));
    let centre = means().sum::<f64>() / count as f64;
    let between = 2.0 * means().map(|mean| (mean - centre).powi(2)).sum::<f64>() / (count - 1) as f64;
    let within = groups.iter().map(|[a, b]| 0.5 * (a - b).powi(2)).sum::<f64>() / count as f64;
    Some((0.5 * (between - within)).max(0.0).sqrt())
}
