//! Floor 2: comparisons turned into verdicts, verdicts into an outcome. Pure.

mod accept;
mod budget;
mod confirmation;
mod counts;
mod judgement;
mod outcome;
mod policy;
mod stored;
mod suite;
mod trial;

pub use accept::{Acceptance, Held, Rename, held_against, size_to_accept};
pub use budget::over_budget;
pub use counts::{CountLimits, CountOverride, CountOverrides, judge_counts};
pub use judgement::{Again, Judgement};
pub use outcome::{conclude, summarise};
pub use policy::{LimitOverride, Limits, Matcher, Policy, Rule};
pub use stored::judge_stored;
pub use suite::{SuiteRow, judge_suite, suite_needs_more, suite_suspected};
pub use trial::{MOST_PAIRS, Pair, Stage, Trial};

pub use crate::model::Reaction;
