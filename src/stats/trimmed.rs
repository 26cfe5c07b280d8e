//! The trimmed mean and its standard error.

use std::collections::BTreeMap;

use super::distribution::t_quantile;
use super::quantile::sorted;

/// Share of values cut from each end: resists the heavy tails of pairs and still learns from most of them.
const TRIM: f64 = 0.2;

/// A 20 % trimmed mean with its standard error after Yuen (1974): with g values cut from each end and h = n − 2g kept, the
/// winsorised standard deviation times `√((n − 1) / (h(h − 1)))`, with h − 1 degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrimmedMean {
    /// The trimmed mean.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Degrees of freedom of `(mean − truth) / standard_error`.
    pub degrees: f64,
}

/// The 20 % trimmed mean of `values`. `None` for fewer than four finite values, which leave no degree of freedom.
pub fn trimmed_mean(values: &[f64]) -> Option<TrimmedMean> {
    let values = sorted(values.iter().copied());
    let n = values.len();
    if n < 4 {
        return None;
    }
    let cut = (n as f64 * TRIM) as usize;
    let kept = &values[cut..n - cut];
    let mean = kept.iter().sum::<f64>() / kept.len() as f64;
    let winsorised: Vec<f64> = values.iter().map(|v| v.clamp(values[cut], values[n - 1 - cut])).collect();
    let centre = winsorised.iter().sum::<f64>() / n as f64;
    let variance = winsorised.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / (n - 1) as f64;
    let kept = kept.len() as f64;
    let standard_error = (variance * (n - 1) as f64 / (kept * (kept - 1.0))).sqrt();
    Some(TrimmedMean { mean, standard_error, degrees: kept - 1.0 })
}

/// The mean of the trimmed means of several samples whose values of the same rank in time share their noise, where the
/// samples are of the same group: sample by sample `(group, values)`.
///
/// The standard error adds, over groups and ranks, the squares of what the values of that group and rank contribute to the
/// mean together (a cluster-robust variance: Liang and Zeger 1986; the contributions are the trimmed mean's influence
/// function), degrees of freedom after Satterthwaite (1946). `None` where no sample has a trimmed mean.
pub fn mean_of_trimmed_means(samples: &[(usize, &[f64])]) -> Option<TrimmedMean> {
    let mut contributions: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    let mut sum = 0.0;
    let mut count = 0;
    for (group, values) in samples {
        let Some(estimate) = trimmed_mean(values) else { continue };
        let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let ordered = sorted(finite.iter().copied());
        let n = ordered.len();
        let cut = (n as f64 * TRIM) as usize;
        let winsorised: Vec<f64> = finite.iter().map(|v| v.clamp(ordered[cut], ordered[n - 1 - cut])).collect();
        let centre = winsorised.iter().sum::<f64>() / n as f64;
        let kept = (n - 2 * cut) as f64;
        let scale = (kept * (kept - 1.0)).sqrt();
        for (rank, value) in winsorised.iter().enumerate() {
            *contributions.entry((*group, rank)).or_default() += (value - centre) / scale;
        }
        sum += estimate.mean;
        count += 1;
    }
    if count == 0 {
        return None;
    }
    let count = f64::from(count);
    let squares = || contributions.values().map(|contribution| (contribution / count).powi(2));
    let variance: f64 = squares().sum();
    let fourth: f64 = squares().map(|square| square * square).sum();
    let degrees = if fourth > 0.0 { (variance * variance / fourth - 1.0).max(1.0) } else { contributions.len() as f64 };
    Some(TrimmedMean { mean: sum / count, standard_error: variance.sqrt(), degrees })
}

impl TrimmedMean {
    /// The difference of two independent trimmed means, degrees of freedom after Welch (1947), rounded down as tables ask
    /// for it: the interval is no narrower by that, and thousands of rows share a few quantiles.
    pub fn minus(self, other: Self) -> Self {
        let (a, b) = (self.standard_error.powi(2), other.standard_error.powi(2));
        let degrees = if a + b > 0.0 {
            ((a + b).powi(2) / (a * a / self.degrees + b * b / other.degrees)).floor().max(1.0)
        } else {
            self.degrees + other.degrees
        };
        Self { mean: self.mean - other.mean, standard_error: (a + b).sqrt(), degrees }
    }

    /// The standard deviation of one of the `count` values that it was made of, as its error implies it.
    pub fn spread(self, count: usize) -> f64 {
        self.standard_error * (count as f64).sqrt()
    }

    /// Half the width of the interval in which the truth lies with `1 − 2·tail`; `tail` is the chance on one side.
    pub fn margin(self, tail: f64) -> f64 {
        t_quantile(1.0 - tail, self.degrees) * self.standard_error
    }
}
