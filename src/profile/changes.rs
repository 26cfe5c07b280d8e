//! Two profiles side by side: which functions account for what changed.

use std::collections::BTreeSet;

use super::function::{Cost, Function, Profile};

/// A function on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionChange {
    /// Which.
    pub function: Function,
    /// On base; `None` where it was not executed.
    pub base: Option<Cost>,
    /// On head; `None` where it was not executed.
    pub head: Option<Cost>,
}

impl FunctionChange {
    /// By how many of its own instructions head's costs more.
    pub fn own(&self) -> i64 {
        difference(self.base.map(|cost| cost.own), self.head.map(|cost| cost.own))
    }

    /// The same with all that it called.
    pub fn inclusive(&self) -> i64 {
        difference(self.base.map(|cost| cost.inclusive), self.head.map(|cost| cost.inclusive))
    }
}

fn difference(base: Option<u64>, head: Option<u64>) -> i64 {
    let signed = |cost: Option<u64>| i64::try_from(cost.unwrap_or(0)).unwrap_or(i64::MAX);
    signed(head).saturating_sub(signed(base))
}

/// All functions that executed an instruction on a side; the one that accounts for most of the change first.
pub fn changes(base: &Profile, head: &Profile) -> Vec<FunctionChange> {
    let executed = |profile: &Profile, function: &Function| {
        profile.functions.get(function).copied().filter(|cost| cost.own > 0 || cost.calls > 0)
    };
    let names: BTreeSet<&Function> = base.functions.keys().chain(head.functions.keys()).collect();
    let mut changes: Vec<FunctionChange> = names
        .into_iter()
        .map(|function| FunctionChange {
            function: function.clone(),
            base: executed(base, function),
            head: executed(head, function),
        })
        .filter(|change| change.base.is_some_and(|cost| cost.own > 0) || change.head.is_some_and(|cost| cost.own > 0))
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse((change.own().unsigned_abs(), change.inclusive().unsigned_abs())));
    changes
}
