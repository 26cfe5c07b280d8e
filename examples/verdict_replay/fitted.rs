//! A distribution fitted to what one benchmark's recordings show: spread, tails, and how much a pair tells of the next.

use cargo_perfgate::stats::{Rng, quantile, sorted};

/// Student's t by degrees of freedom, and how far its 2.5 % and 97.5 % points lie apart in interquartile ranges. From
/// tables of t's quantiles; a normal distribution has 2.906.
const TAILS: [(u32, f64); 7] = [(2, 5.27), (3, 4.16), (4, 3.75), (5, 3.54), (6, 3.41), (8, 3.27), (10, 3.18)];
/// The interquartile range of those, in their scale.
const QUARTILES: [f64; 7] = [1.633, 1.530, 1.481, 1.453, 1.435, 1.413, 1.400];
/// Lighter tails than this are a normal distribution's.
const NORMAL_TAIL: f64 = 3.04;
const NORMAL_QUARTILES: f64 = 1.349;

/// Student's t with a scale, each value correlated with its predecessor.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    pub scale: f64,
    /// Degrees of freedom; none for a normal distribution.
    pub freedom: Option<u32>,
    /// Of a value with the next one, −1 to 1.
    pub correlation: f64,
}

impl Fit {
    /// To all recordings of one benchmark, each around zero. None where half of the values are the same.
    pub fn of(recorded: &[Vec<f64>]) -> Option<Self> {
        let all = sorted(recorded.iter().flatten().copied());
        let between = |p| Some(quantile(&all, 1.0 - p)? - quantile(&all, p)?);
        let (quartiles, most) = (between(0.25)?, between(0.025)?);
        if quartiles <= 0.0 {
            return None;
        }
        let tail = most / quartiles;
        let nearest = (0..TAILS.len()).min_by(|&a, &b| (TAILS[a].1 - tail).abs().total_cmp(&(TAILS[b].1 - tail).abs()));
        let nearest = nearest.filter(|_| tail > NORMAL_TAIL);
        Some(Self {
            scale: quartiles / nearest.map_or(NORMAL_QUARTILES, |at| QUARTILES[at]),
            freedom: nearest.map(|at| TAILS[at].0),
            correlation: correlation(recorded),
        })
    }

    /// Values one after another.
    pub fn stream<'a>(self, rng: &'a mut Rng) -> Box<dyn FnMut() -> f64 + 'a> {
        let mut last = rng.normal();
        Box::new(move || {
            last = self.correlation * last + (1.0 - self.correlation * self.correlation).sqrt() * rng.normal();
            let divisor = self.freedom.map_or(1.0, |freedom| {
                let squares: f64 = (0..freedom).map(|_| rng.normal().powi(2)).sum();
                (squares / f64::from(freedom)).sqrt()
            });
            self.scale * last / divisor
        })
    }
}

/// Of neighbours, over all recordings, by ranks' signs: outliers would rule a plain one.
pub fn correlation(recorded: &[Vec<f64>]) -> f64 {
    let products = recorded.iter().flat_map(|all| all.windows(2)).map(|w| w[0].signum() * w[1].signum());
    let (count, sum) = products.fold((0.0, 0.0), |(count, sum), product| (count + 1.0, sum + product));
    // For a normal process the mean product of signs is 2/π·asin ρ.
    if count == 0.0 { 0.0 } else { (std::f64::consts::FRAC_PI_2 * sum / count).sin() }
}
