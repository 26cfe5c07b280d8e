//! Benchmarks that base calls otherwise: each is compared with base's own, which runs under its old name, unless the
//! benchmark itself differs: then with head's on base's code, as any other.

use std::collections::BTreeMap;

use super::FlowError;
use super::project::{BuiltSide, Setting};
use super::suites::{Looking, Open, Target, program};
use crate::harness::{Found, NotFound};
use crate::model::{BenchmarkId, Verdict};

/// Which benchmarks base calls otherwise: base's ids by head's.
#[derive(Clone, Debug, Default)]
pub struct Renamed(BTreeMap<BenchmarkId, BenchmarkId>);

impl Renamed {
    /// Whether base has this one and head calls it otherwise.
    pub fn is_old(&self, id: &BenchmarkId) -> bool {
        self.0.values().any(|old| old == id)
    }

    /// What base calls it.
    pub fn in_base<'i>(&'i self, id: &'i BenchmarkId) -> &'i BenchmarkId {
        self.old(id).unwrap_or(id)
    }

    /// What head calls one of base's.
    pub fn in_head<'i>(&'i self, id: &'i BenchmarkId) -> &'i BenchmarkId {
        self.0.iter().find(|(_, old)| *old == id).map_or(id, |(new, _)| new)
    }

    /// What base calls it, where that is something else.
    pub fn old(&self, id: &BenchmarkId) -> Option<&BenchmarkId> {
        self.0.get(id)
    }
}

impl From<BTreeMap<BenchmarkId, BenchmarkId>> for Renamed {
    fn from(old: BTreeMap<BenchmarkId, BenchmarkId>) -> Self {
        Self(old)
    }
}

/// Finds the benchmarks that head's configuration renames.
pub fn find(
    setting: &Setting,
    base: &BuiltSide,
    head: &BuiltSide,
    looking: &Looking<'_>,
) -> Result<Renamed, FlowError> {
    if setting.config.policy.renames.is_empty() {
        return Ok(Renamed::default());
    }
    let ids = |side: &BuiltSide| -> Result<(Vec<BenchmarkId>, bool), FlowError> {
        let mut ids = Vec::new();
        let mut all = setting.is_whole() && side.built.failed.is_empty();
        for executable in &side.built.executables {
            match looking.ask(&program(executable, side))? {
                Ok(found) => ids.extend(
                    found.names.iter().map(|name| BenchmarkId::new(&executable.package, &executable.target, name)),
                ),
                Err(NotFound::OtherHarness) => {}
                Err(NotFound::Broken(_)) => all = false,
            }
        }
        Ok((ids, all))
    };
    let ((base, all_of_base), (head, all_of_head)) = (ids(base)?, ids(head)?);
    setting.renamed_among((&base, &head), all_of_base && all_of_head)
}

impl Open {
    /// The id that base has for one of its benchmarks, where it is another.
    pub fn base_id(&self, name: &str) -> Option<&BenchmarkId> {
        self.renamed.get(name)
    }

    /// The id under which base's policy knows one of its benchmarks: no new name loosens a limit.
    pub fn judged_as(&self, name: &str) -> BenchmarkId {
        self.base_id(name).cloned().unwrap_or_else(|| self.id(name))
    }
}

impl Target<'_> {
    /// Which of its benchmarks base calls otherwise: base's ids by their names.
    pub(super) fn renamed_among(&self, names: &[String]) -> BTreeMap<String, BenchmarkId> {
        let (package, target) = (&self.executable.package, &self.executable.target);
        let old = |name: &String| self.looking.renamed.old(&BenchmarkId::new(package, target, name)).cloned();
        names.iter().filter_map(|name| Some((name.clone(), old(name)?))).collect()
    }

    /// Takes the renamed benchmarks out of `found`, and opens them: by themselves, since no other benchmark of these
    /// executables has two names.
    pub(super) fn open_renamed(&mut self, found: &mut Found, base: &BuiltSide) -> Result<(), FlowError> {
        let renamed = self.renamed_among(&found.names);
        found.names.retain(|name| !renamed.contains_key(name));
        let mut by_target: BTreeMap<(String, String), BTreeMap<String, BenchmarkId>> = BTreeMap::new();
        for (name, old) in renamed {
            by_target.entry((old.package.clone(), old.target.clone())).or_default().insert(name, old);
        }
        for ((package, target), renamed) in by_target {
            let mut executables = base.built.executables.iter();
            let Some(other) = executables.find(|exe| exe.package == package && exe.target == target) else { continue };
            let of_base = self.looking.ask(&program(other, base))?;
            let Some(able) = of_base.ok().and_then(|of_base| of_base.harness.common(found.harness)) else {
                for name in renamed.keys() {
                    let reason = "base could not be asked for it";
                    self.settle(name, found.harness, Verdict::Inconclusive, None, reason);
                }
                continue;
            };
            let names: Vec<String> = renamed.keys().cloned().collect();
            self.open(found, Some((other, base)), able, (names, None), None)?;
            if let Some(open) = self.suites.list(able).last_mut() {
                open.suite.renamed = renamed.into_iter().map(|(name, old)| (name, old.name)).collect();
            }
        }
        Ok(())
    }
}
