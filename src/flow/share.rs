//! The share of a suite that one machine of several takes: every machine looks at all benchmarks, and measures those of its
//! share. Putting the results together is `merge`'s work.

use super::affected::leaves_out;
use super::check::{Method, ids_of};
use super::measure::Results;
use super::project::Setting;
use super::suites::Suites;
use super::{Progress, assemble, policy};
use crate::model::{BenchmarkId, Shard, Verdict};
use crate::report::counted;
use crate::vcs::Base;
use crate::workspace::short_hash;

/// Some of a suite's benchmarks, and what is known of all.
pub(super) struct Share {
    /// What the result says of it; no samples yet.
    shard: Shard,
    /// Whether base and head are compared in other shares alone.
    pub compared_elsewhere: bool,
}

impl Share {
    /// With what was measured.
    pub fn measured(self, suites: &Suites, results: &Results) -> Shard {
        Shard { samples: results.first_samples(suites), ..self.shard }
    }

    /// Whether the suite has benchmarks.
    pub fn of_something(&self) -> bool {
        self.shard.benchmarks > 0
    }
}

impl Setting {
    /// Leaves of `suites`, which are all, those benchmarks that are in the share that was asked for; `None`: all were. `tree`
    /// is head's, and `method` how both sides are compared.
    pub(super) fn take_share(
        &self,
        suites: &mut Suites,
        base: Option<&Base>,
        tree: &str,
        method: Method,
        progress: &mut dyn Progress,
    ) -> Option<Share> {
        let partition = self.request.partition?;
        let mut ids = ids_of(suites);
        ids.sort();
        let comparisons = suites.open_ids().count();
        let suite = self.suite_hash(&ids, base, tree, method);
        let all_compare = compare(suites);
        for open in suites.open.iter_mut().chain(&mut suites.untimed) {
            let names = std::mem::take(&mut open.names);
            open.names = names.into_iter().filter(|name| partition.takes(&open.id(name))).collect();
        }
        suites.open.retain(|open| !open.names.is_empty());
        suites.untimed.retain(|open| !open.names.is_empty());
        suites.settled.retain(|settled| partition.takes(&settled.id));
        suites.comparisons = Some(comparisons);
        let own = ids_of(suites).len();
        progress.status("Taking", &format!("{partition}: {own} of {}", counted(ids.len(), "benchmark")));
        let shard = Shard {
            index: partition.index,
            of: partition.of,
            suite,
            benchmarks: ids.len(),
            comparisons,
            unaffected: leaves_out(suites),
            policy: self.config.policy.of_shard(),
            samples: Vec::new(),
        };
        Some(Share { shard, compared_elsewhere: all_compare && !compare(suites) })
    }

    /// What all shards of one run have in common.
    fn suite_hash(&self, ids: &[BenchmarkId], base: Option<&Base>, tree: &str, method: Method) -> String {
        let cargo = &self.request.cargo;
        let built = (
            &cargo.features,
            cargo.all_features,
            cargo.no_default_features,
            &cargo.profile,
            &cargo.target,
            self.request.pin,
        );
        let mut parts = vec![
            assemble::TOOL.to_owned(),
            base.map(|base| base.commit.clone()).unwrap_or_default(),
            self.head.commit.clone(),
            tree.to_owned(),
            format!("{method:?} {built:?}"),
        ];
        parts.extend(policy::described(&self.config.policy).into_iter().map(|(key, value)| format!("{key} = {value}")));
        parts.extend(ids.iter().map(BenchmarkId::to_string));
        short_hash(&parts.iter().map(String::as_bytes).collect::<Vec<_>>())
    }
}

/// Whether base and head are compared in any of these.
fn compare(suites: &Suites) -> bool {
    let mut settled = suites.settled.iter().filter(|settled| settled.verdict.is_judged());
    suites.all().next().is_some()
        || settled.any(|settled| settled.evidence.is_some() || settled.verdict == Verdict::Inconclusive)
}
