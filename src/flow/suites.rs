//! Which benchmarks there are on both sides, which of them need measuring, and what can be said of the others at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::filter::matches_none;
use super::project::BuiltSide;
use super::renamed::Renamed;
use super::tried::Tried;
use super::{FlowError, Progress, file_error};
use crate::harness::criterion::{Suite, Version, Way};
use crate::harness::{Found, Harness, NotFound, Program, find};
use crate::model::{BenchmarkId, Evidence, Skipped, Verdict};
use crate::report::counted;
use crate::workspace::BenchExecutable;

pub use super::open::{Across, Open, Origin};

/// Why an executable has one layout before it is made ready for others.
const NOT_LAID_OUT: &str = "its link was not recorded";

/// The benchmarks of a project.
#[derive(Debug, Default)]
pub struct Suites {
    /// Executables with benchmarks to measure.
    pub open: Vec<Open>,
    /// Executables of harnesses that are not timed, with benchmarks to count.
    pub untimed: Vec<Open>,
    /// Benchmarks that need no measuring, or cannot be measured.
    pub settled: Vec<Settled>,
    /// Benchmarks of head that were not asked for.
    pub unwanted: Vec<BenchmarkId>,
    /// Targets that were left out.
    pub skipped: Vec<Skipped>,
    /// Open ones that are known to be unchanged, and drawn to be timed all the same.
    pub drawn: BTreeSet<BenchmarkId>,
    /// Where these are the benchmarks of a shard: how many the whole suite has to measure.
    pub comparisons: Option<usize>,
    /// Whether base could not be built as a whole: then none of these was compared.
    pub unbuilt: bool,
}

impl Suites {
    /// How many benchmarks are known to take the same time on both sides.
    pub fn unchanged(&self) -> usize {
        let same = |settled: &&Settled| settled.timed && settled.evidence.is_some_and(Evidence::is_sameness);
        self.settled.iter().filter(same).count()
    }

    /// How many benchmarks are settled, and how many are left to measure or to count.
    fn numbers(&self) -> (usize, usize) {
        (self.settled.len(), self.all().map(|open| open.names.len()).sum())
    }

    /// Tells of what was found in `what`, after there were these numbers.
    fn tell(&self, what: &str, (settled, left): (usize, usize), progress: &mut dyn Progress) {
        let found = self.numbers();
        progress.status("Found", &format!("{what}: {}", counted(found.0 + found.1 - settled - left, "benchmark")));
        let mut reasons: BTreeMap<(Verdict, &str), usize> = BTreeMap::new();
        for settled in &self.settled[settled..] {
            *reasons.entry((settled.verdict, &settled.reason)).or_default() += 1;
        }
        for ((verdict, reason), count) in reasons {
            progress.detail("Not timing", &format!("{} ({verdict}): {reason}", counted(count, "benchmark")));
        }
    }

    /// All executables with benchmarks to measure or to count.
    pub fn all(&self) -> impl Iterator<Item = &Open> {
        self.open.iter().chain(&self.untimed)
    }

    /// The executables of which as much can be done as of this one.
    pub(super) fn list(&mut self, able: Harness) -> &mut Vec<Open> {
        if able.is_timed() { &mut self.open } else { &mut self.untimed }
    }

    /// The ids of all benchmarks to measure.
    pub fn open_ids(&self) -> impl Iterator<Item = BenchmarkId> {
        self.open.iter().flat_map(Open::ids)
    }
}

/// A benchmark that is not measured.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Which.
    pub id: BenchmarkId,
    /// Harness and version.
    pub harness: String,
    /// Whether that harness is timed.
    pub timed: bool,
    /// What is said of it.
    pub verdict: Verdict,
    /// What that rests on.
    pub evidence: Option<Evidence>,
    /// Why, in a sentence.
    pub reason: String,
}

/// How to look at executables.
pub struct Looking<'a> {
    /// A folder for what they may write.
    pub home: &'a Path,
    /// How long they may be silent.
    pub time_out: Duration,
    /// Whether equal executables need no measuring: not where they may read or start something that differs.
    pub equal_is_unchanged: bool,
    /// Which ids are wanted.
    pub filter: Option<&'a regex::Regex>,
    /// Which benchmarks base calls otherwise.
    pub renamed: Renamed,
}

impl Looking<'_> {
    fn wants(&self, package: &str, target: &str, name: &str) -> bool {
        self.filter.is_none_or(|filter| {
            filter.is_match(name) || filter.is_match(&BenchmarkId::new(package, target, name).to_string())
        })
    }

    /// Whether a benchmark that head lacks is lost, and not renamed.
    fn misses(&self, package: &str, target: &str, name: &str) -> bool {
        self.wants(package, target, name) && !self.renamed.is_old(&BenchmarkId::new(package, target, name))
    }

    pub(super) fn ask(&self, program: &Program) -> Result<Result<Found, NotFound>, FlowError> {
        Ok(find(program, self.home, self.time_out)?)
    }
}

/// What head's executables are held against.
#[derive(Clone, Copy)]
pub enum Against<'a> {
    /// Nothing: head is measured alone.
    Nothing,
    /// Base, built, and head's benches on its code.
    Base(&'a BuiltSide, &'a Tried),
    /// Base, which could not be built as a whole, with the reason.
    Unbuilt(&'a str),
}

/// Looks at the executables of both sides.
pub fn look(
    head: &BuiltSide,
    against: Against<'_>,
    looking: &Looking<'_>,
    progress: &mut dyn Progress,
) -> Result<Suites, FlowError> {
    progress.phase("benchmarks listed");
    let mut suites = Suites { unbuilt: matches!(against, Against::Unbuilt(_)), ..Suites::default() };
    suites.skipped.extend(head.targets.skipped.iter().cloned());
    suites.skipped.extend(head.built.failed.iter().cloned());
    let key = |executable: &BenchExecutable| (executable.package.clone(), executable.target.clone());
    let mut bases: BTreeMap<_, _> = match against {
        Against::Base(base, _) => base.built.executables.iter().map(|exe| (key(exe), (exe, base))).collect(),
        _ => BTreeMap::new(),
    };
    for executable in &head.built.executables {
        let what = format!("{}::{}", executable.package, executable.target);
        let other = bases.remove(&key(executable));
        let before = suites.numbers();
        let twice = BTreeSet::new();
        let mut target = Target { executable, head, what: &what, looking, suites: &mut suites, twice };
        let Some(mut found) = target.enumerate_head(other)? else { continue };
        if let Against::Base(base, tried) = against
            && tried.stand(executable).is_none()
        {
            target.open_renamed(&mut found, base)?;
        }
        match (against, other) {
            (Against::Nothing, _) => target.measure_head(found)?,
            (Against::Unbuilt(reason), _) => target.settle_all(&found, Verdict::Added, reason),
            (Against::Base(_, tried), own) if let Some(stand) = tried.stand(executable) => {
                target.compare_tried(&found, own, (stand, tried.turned(executable)), tried.equal_is_unchanged)?;
            }
            (Against::Base(base, _), None) => {
                let failed = base.built.failed.iter().find(|failed| failed.what == what);
                let reason =
                    failed.map_or("base has no such bench target".to_owned(), |f| format!("base {}", f.reason));
                target.settle_all(&found, Verdict::Added, &reason);
            }
            (Against::Base(..), Some(other)) => target.compare(found, other)?,
        }
        suites.tell(&what, before, progress);
    }
    for ((package, target), (executable, base)) in bases {
        // Head's failure to compile what base compiled was an error before; here the target is gone.
        if let Ok(found) = looking.ask(&program(executable, base))? {
            let harness = found.harness.to_string();
            for name in found.names.into_iter().filter(|name| looking.misses(&package, &target, name)) {
                suites.settled.push(Settled {
                    id: BenchmarkId::new(&package, &target, name),
                    harness: harness.clone(),
                    timed: found.harness.is_timed(),
                    verdict: Verdict::Removed,
                    evidence: None,
                    reason: "head has no such bench target".into(),
                });
            }
        }
    }
    if let Some(filter) = looking.filter
        && suites.numbers() == (0, 0)
    {
        progress.warn(&matches_none(filter, &suites.unwanted));
    }
    Ok(suites)
}

/// One bench target of head while it is looked at.
pub(super) struct Target<'a> {
    pub(super) executable: &'a BenchExecutable,
    pub(super) head: &'a BuiltSide,
    pub(super) what: &'a str,
    pub(super) looking: &'a Looking<'a>,
    pub(super) suites: &'a mut Suites,
    /// The ids that stand twice in it.
    pub(super) twice: BTreeSet<String>,
}

/// An executable and the side that it belongs to.
pub(super) type Sided<'a> = (&'a BenchExecutable, &'a BuiltSide);

impl Target<'_> {
    /// Head's benchmarks that are wanted, without those whose id stands twice; `None` where there are none to go on with.
    fn enumerate_head(&mut self, base: Option<Sided<'_>>) -> Result<Option<Found>, FlowError> {
        let reason = match self.looking.ask(&program(self.executable, self.head))? {
            Ok(found) if found.names.is_empty() => "names no benchmark".to_owned(),
            Ok(mut found) => {
                let names = std::mem::take(&mut found.names);
                found.names = self.wanted_once(names, found.harness);
                return Ok(Some(found));
            }
            Err(NotFound::OtherHarness) => {
                "holds no benchmark of criterion, libtest or divan; other harnesses are not supported by this version"
                    .to_owned()
            }
            Err(NotFound::Broken(detail)) => {
                // Base tells what was lost.
                if let Some((base, side)) = base
                    && let Ok(mut found) = self.looking.ask(&program(base, side))?
                {
                    let names = std::mem::take(&mut found.names);
                    found.names = self.wanted_once(names, found.harness);
                    self.settle_all(&found, Verdict::Crashed, &format!("head, before its first benchmark: {detail}"));
                    return Ok(None);
                }
                format!("could not be asked for its benchmarks: {detail}")
            }
        };
        self.suites.skipped.push(Skipped { what: self.what.to_owned(), reason });
        Ok(None)
    }

    fn wanted_once(&mut self, names: Vec<String>, harness: Harness) -> Vec<String> {
        let (package, target) = (&self.executable.package, &self.executable.target);
        let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
        let (names, others): (Vec<String>, Vec<String>) =
            names.into_iter().partition(|name| self.looking.wants(package, target, name));
        self.suites.unwanted.extend(others.into_iter().map(|name| BenchmarkId::new(package, target, name)));
        for name in &names {
            if !seen.insert(name.clone()) {
                twice.insert(name.clone());
            }
        }
        for name in &twice {
            self.settle(name, harness, Verdict::Inconclusive, None, "two benchmarks have this id; rename one of them");
        }
        let names = names.into_iter().filter(|name| !twice.contains(name)).collect();
        self.twice = twice;
        names
    }

    fn measure_head(&mut self, found: Found) -> Result<(), FlowError> {
        let all = (self.looking.filter.is_none()).then(|| found.names.clone());
        self.open(&found, None, found.harness, (found.names.clone(), all), None)
    }

    fn compare(&mut self, head: Found, (other, side): Sided<'_>) -> Result<(), FlowError> {
        if self.looking.equal_is_unchanged && identity(self.executable)? == identity(other)? {
            self.settle_same(&head, "base and head have the same code and data");
            return Ok(());
        }
        let base = match self.looking.ask(&program(other, side))? {
            Ok(base) if base.harness.common(head.harness).is_some() => base,
            Ok(_) | Err(NotFound::OtherHarness) => {
                self.settle_all(&head, Verdict::Added, &format!("base has it without {}", head.harness.name()));
                return Ok(());
            }
            Err(NotFound::Broken(detail)) => {
                self.settle_all(&head, Verdict::Inconclusive, &format!("base could not be asked for it: {detail}"));
                return Ok(());
            }
        };
        self.settle_removed(&base, &head);
        self.open_common(&head, &base, (other, side), None, |_| {
            (Verdict::Added, "base has no such benchmark".to_owned())
        })
    }

    /// What `base` has and `head` has not.
    pub(super) fn settle_removed(&mut self, base: &Found, head: &Found) {
        let (package, target) = (&self.executable.package, &self.executable.target);
        let there: BTreeSet<&String> = head.names.iter().chain(&self.twice).collect();
        let gone = base.names.iter().filter(|name| !there.contains(name) && self.looking.misses(package, target, name));
        for name in gone.cloned().collect::<BTreeSet<String>>() {
            self.settle(&name, base.harness, Verdict::Removed, None, "head has no such benchmark");
        }
    }

    /// Opens the benchmarks that both executables have; `other` says of one that base's lacks what it is, and why.
    pub(super) fn open_common(
        &mut self,
        head: &Found,
        base: &Found,
        side: Sided<'_>,
        tried: Option<Across>,
        other: impl Fn(&str) -> (Verdict, String),
    ) -> Result<(), FlowError> {
        let base_names: BTreeSet<&String> = base.names.iter().collect();
        let (common, others): (Vec<String>, Vec<String>) =
            head.names.iter().cloned().partition(|name| base_names.contains(name));
        for name in &others {
            let (verdict, reason) = other(name);
            self.settle(name, head.harness, verdict, None, &reason);
        }
        let able = base.harness.common(head.harness).unwrap_or(head.harness);
        let all = (base.names == head.names && self.looking.filter.is_none()).then(|| common.clone());
        self.open(head, Some(side), able, (common, all), tried)
    }

    /// Opens benchmarks of which both sides' harness is `able` to do the same.
    pub(super) fn open(
        &mut self,
        found: &Found,
        base: Option<Sided<'_>>,
        able: Harness,
        (names, all): (Vec<String>, Option<Vec<String>>),
        tried: Option<Across>,
    ) -> Result<(), FlowError> {
        if names.is_empty() {
            return Ok(());
        }
        let renamed = self.renamed_among(&names);
        let (version, way) = match able {
            Harness::Criterion(version, way) => (version.unwrap_or(Version::OLDEST), way),
            // Nothing of it is timed.
            _ => (Version::OLDEST, Way::Files),
        };
        let open = Open {
            package: self.executable.package.clone(),
            target: self.executable.target.clone(),
            suite: Suite {
                base: base.map(|(executable, side)| program(executable, side)),
                head: program(self.executable, self.head),
                version,
                way,
                all,
                renamed: BTreeMap::new(),
            },
            names,
            harness: found.harness.to_string(),
            able,
            base_origin: base.map(|(executable, _)| Origin::of(executable)).transpose()?,
            head_origin: Origin::of(self.executable)?,
            tried,
            renamed,
        };
        self.suites.list(able).push(open);
        Ok(())
    }

    pub(super) fn settle_same(&mut self, found: &Found, reason: &str) {
        for name in &found.names {
            self.settle(name, found.harness, Verdict::Unchanged, Some(Evidence::SameExecutable), reason);
        }
    }

    fn settle_all(&mut self, found: &Found, verdict: Verdict, reason: &str) {
        for name in &found.names {
            self.settle(name, found.harness, verdict, None, reason);
        }
    }

    pub(super) fn settle(
        &mut self,
        name: &str,
        harness: Harness,
        verdict: Verdict,
        evidence: Option<Evidence>,
        reason: &str,
    ) {
        self.suites.settled.push(Settled {
            id: BenchmarkId::new(&self.executable.package, &self.executable.target, name),
            harness: harness.to_string(),
            timed: harness.is_timed(),
            verdict,
            evidence,
            reason: reason.to_owned(),
        });
    }
}

pub(super) fn identity(executable: &BenchExecutable) -> Result<&str, FlowError> {
    executable.identity().map_err(|e| file_error("read", &executable.path, e))
}

pub(super) fn program(executable: &BenchExecutable, side: &BuiltSide) -> Program {
    Program {
        link: Some(side.link.clone()),
        path: executable.path.clone(),
        layouter: Err(NOT_LAID_OUT.to_owned()),
        directory: executable.directory.clone(),
        environment: executable.environment.clone(),
    }
}
