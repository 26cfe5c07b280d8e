//! Order statistics.

/// A sorted copy of `values`. Values that are not finite are dropped: they can be no measurement.
pub fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The `p` quantile (0 to 1) of ascending `sorted` by linear interpolation between closest ranks (type 7 of Hyndman
/// and Fan 1996). `None` for no values.
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = p.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (position - below as f64) * (sorted[above] - sorted[below]))
}

/// The median distance from the median, scaled to the standard deviation of a normal distribution (Hampel 1974: 1.4826).
/// `None` for no finite values.
pub fn robust_spread(values: &[f64]) -> Option<f64> {
    let middle = quantile(&sorted(values.iter().copied()), 0.5)?;
    let distances = sorted(values.iter().map(|value| (value - middle).abs()));
    Some(1.4826 * quantile(&distances, 0.5)?)
}
