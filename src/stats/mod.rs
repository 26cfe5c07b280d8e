//! Floor 1: numbers in, numbers out. No benchmark, limit or verdict is known here.

mod bets;
mod components;
mod distribution;
mod quantile;
mod rng;
mod trimmed;

pub use bets::Bets;
pub use components::spread_between;
pub use distribution::t_quantile;
pub use quantile::{quantile, robust_spread, sorted};
pub use rng::Rng;
pub use trimmed::{TrimmedMean, mean_of_trimmed_means, trimmed_mean};
