//! Floor 2: comparisons turned into verdicts, verdicts into an outcome. Pure.

mod outcome;
mod policy;
mod verdict;

pub use outcome::{conclude, summarise};
pub use policy::{LimitOverride, Limits, Matcher, Policy, Reaction, Rule};
pub use verdict::{Judgement, Samples, judge, over_budget};
