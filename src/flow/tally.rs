//! How far counting is, told while it goes on: counts do not suffer from company.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::Progress;
use crate::harness::Patience;

/// How often it is told.
const OFTEN: Duration = Duration::from_millis(100);

/// How many counts are there, of all that are asked for.
pub(super) struct Tally {
    answered: AtomicUsize,
    benchmarks: usize,
    /// All counts: more than benchmarks where each is counted on both sides, or twice.
    counts: usize,
    begun: Instant,
}

impl Tally {
    pub fn new(benchmarks: usize, counts: usize) -> Self {
        Self { answered: AtomicUsize::new(0), benchmarks, counts, begun: Instant::now() }
    }

    /// This patience, so that each count is heard of here.
    pub fn hearing<'a>(&'a self, patience: Patience<'a>) -> Patience<'a> {
        Patience { answered: Some(&self.answered), ..patience }
    }

    /// Does a part of the counting, and tells meanwhile how far all of it is.
    pub fn tell<T: Send>(&self, progress: &mut dyn Progress, part: impl FnOnce() -> T + Send) -> T {
        let (done, is_done) = channel::<()>();
        let result = std::thread::scope(|scope| {
            let part = scope.spawn(move || {
                // Dropped at the end, whatever that is.
                let _done = done;
                part()
            });
            while is_done.recv_timeout(OFTEN) == Err(RecvTimeoutError::Timeout) {
                let (counted, left) = self.so_far();
                progress.counting(counted, self.benchmarks, left);
            }
            part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        progress.measured();
        result
    }

    /// The share of the counts that is there, in benchmarks, and what the rest is likely to take.
    fn so_far(&self) -> (usize, Option<Duration>) {
        let answered = self.answered.load(Ordering::Relaxed).min(self.counts);
        let left = self.counts - answered;
        let each = (answered > 0).then(|| self.begun.elapsed().as_secs_f64() / answered as f64);
        let counted = self.benchmarks * answered / self.counts.max(1);
        (counted, each.and_then(|each| Duration::try_from_secs_f64(each * left as f64).ok()))
    }
}
