//! Comparisons of a program with itself: what the method makes of equal code on the machine at hand.

use serde::{Deserialize, Serialize};

/// How many comparisons of base with itself were brought to a verdict, and how many of those were wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controls {
    /// Comparisons with a verdict.
    pub comparisons: u64,
    /// Of these, called regressed.
    pub regressed: u64,
    /// Of these, called improved.
    pub improved: u64,
}

impl Controls {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            comparisons: self.comparisons.saturating_add(other.comparisons),
            regressed: self.regressed.saturating_add(other.regressed),
            improved: self.improved.saturating_add(other.improved),
        }
    }

    /// Whether equal code was called slower: nothing red can be believed then.
    pub fn failed(self) -> bool {
        self.regressed > 0
    }
}
