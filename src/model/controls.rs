//! What the method makes of equal code on the machine at hand: comparisons of a program with itself, and of benchmarks that
//! are proved to execute the same code.

use serde::{Deserialize, Serialize};

/// How many comparisons of equal code were brought to a verdict, and how many of those were wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controls {
    /// Comparisons of base with itself with a verdict.
    pub comparisons: u64,
    /// Of these, called regressed.
    pub regressed: u64,
    /// Of these, called improved.
    pub improved: u64,
    /// Benchmarks that execute the same code on both sides, were timed all the same, and got a verdict.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub proved: u64,
    /// Of these, called slower or faster.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub contradicted: u64,
}

impl Controls {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            comparisons: self.comparisons.saturating_add(other.comparisons),
            regressed: self.regressed.saturating_add(other.regressed),
            improved: self.improved.saturating_add(other.improved),
            proved: self.proved.saturating_add(other.proved),
            contradicted: self.contradicted.saturating_add(other.contradicted),
        }
    }

    /// Whether equal code was called slower: nothing red can be believed then.
    pub fn failed(self) -> bool {
        self.regressed > 0
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
