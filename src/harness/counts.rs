//! What is counted of benchmarks while one of valgrind's tools watches them, whatever their harness. How each harness is
//! led through that is in its own folder or file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::profile::{Profile, Symbol};

/// How much time watching is worth, and who hears how far it is.
#[derive(Clone, Copy, Debug)]
pub struct Patience<'a> {
    /// A process that is silent for longer is given up, and with it the benchmark that it is at.
    pub silence: Duration,
    /// Where so many were given up, or could not be counted, the rest is not tried.
    pub given_up: usize,
    /// What one process may take for all that it is asked for.
    pub in_all: Duration,
    /// Grows with each benchmark that is answered for, while the others are still watched.
    pub answered: Option<&'a AtomicUsize>,
}

impl Patience<'_> {
    /// Tells of so many answers.
    pub fn add_answered(&self, benchmarks: usize) {
        if let Some(answered) = self.answered {
            answered.fetch_add(benchmarks, Ordering::Relaxed);
        }
    }
}

/// Benchmarks by name, each with what was seen of it or the reason why nothing was.
pub type Watched<T> = BTreeMap<String, Result<T, String>>;

/// Benchmarks by name, each with its counts or the reason why there are none.
pub type Counting = Watched<Counts>;

/// What the timed section of a benchmark executes.
#[derive(Clone, Debug)]
pub struct Counts {
    /// The functions that had a part in it; none where that was not looked for.
    pub executed: Executed,
    /// The first iteration of the process.
    pub cold: Profile,
    /// An iteration after others.
    pub warm: Profile,
}

/// The functions that a process executed.
#[derive(Clone, Debug, Default)]
pub struct Executed {
    /// In the timed section of the benchmark.
    pub timed: BTreeSet<Symbol>,
    /// In the calls of the benchmark beside it, from the first reading of the clock to the last.
    pub beside: BTreeSet<Symbol>,
    /// From the process's start on, between the calls of benchmarks, but for the harness's own: what benchmarks are given
    /// comes from there. What other benchmarks do in their calls is their own.
    pub before: Arc<BTreeSet<Symbol>>,
}

/// Whether a function is a part of reading the clock, on both ends of the timed section: a constant that is the harness's.
pub(super) fn is_clock(function: &str) -> bool {
    const OWN: [&str; 4] = ["std::time::Instant", "clock_gettime", "__vdso_clock_gettime", "__clock_gettime"];
    let path = function.trim_start_matches('<');
    OWN.iter().any(|own| path.starts_with(own)) || (path.starts_with("std::sys::") && path.contains("::time::"))
}

/// The counts of the first iteration of a process and of others after it, without what reading the clock executes.
///
/// # Errors
/// Where there is nothing left of one of them: that is no count.
pub(super) fn of_iterations(
    mut cold: Profile,
    mut settled: Vec<Profile>,
    executed: Executed,
    is_clock: impl Fn(&str) -> bool,
) -> Result<Counts, String> {
    for profile in settled.iter_mut().chain([&mut cold]) {
        profile.without(&is_clock);
    }
    if cold.total == 0 || settled.is_empty() || settled.iter().any(|profile| profile.total == 0) {
        return Err("no instruction was counted".to_owned());
    }
    settled.sort_by_key(|profile| (profile.own_code(), profile.total));
    let middle = (settled.len() - 1) / 2;
    Ok(Counts { executed, cold, warm: settled.swap_remove(middle) })
}
