//! The pairs of a row as a line of bars: how many of them showed which change.

/// Bars of a line: an odd number, so that one stands for no change.
pub(super) const CELLS: usize = 17;
/// What the line spans on each side of no change, in limits. What lies beyond is counted in the last bar.
const SPAN: f64 = 2.0;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The line of `changes`, plain ratios held against `limit`; empty where there are none or nothing can be made of them.
pub(super) fn sparkline(changes: &[f64], limit: f64) -> String {
    let mut counts = [0_usize; CELLS];
    for change in changes {
        let place = (change / limit / SPAN).clamp(-1.0, 1.0);
        if place.is_nan() {
            return String::new();
        }
        counts[((place + 1.0) / 2.0 * (CELLS - 1) as f64).round() as usize] += 1;
    }
    let most = counts.into_iter().max().unwrap_or(0);
    if most == 0 {
        return String::new();
    }
    let bar = |count: usize| match count {
        0 => ' ',
        _ => BARS[(count * BARS.len()).div_ceil(most) - 1],
    };
    counts.into_iter().map(bar).collect()
}
