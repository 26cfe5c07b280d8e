//! Which benchmarks there are on both sides, which of them need measuring, and what can be said of the others at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::project::BuiltSide;
use super::renamed::Renamed;
use super::tried::{Stand, Tried};
use super::{FlowError, Progress, file_error};
use crate::harness::Program;
use crate::harness::criterion::{Enumeration, NotCriterion, Suite, Version, Way, enumerate, runs_once};
use crate::instrument::Relink;
use crate::model::{BenchmarkId, Evidence, Skipped, Verdict};
use crate::report::counted;
use crate::workspace::BenchExecutable;

/// How the reason of a row begins whose base is not base's own benchmark.
pub(super) const ON_BASE: &str = "head's benchmark on base's code";

/// Why an executable has one layout before it is made ready for others.
const NOT_LAID_OUT: &str = "its link was not recorded";

/// The benchmarks of a project.
#[derive(Debug, Default)]
pub struct Suites {
    /// Executables with benchmarks to measure.
    pub open: Vec<Open>,
    /// Benchmarks that need no measuring, or cannot be measured.
    pub settled: Vec<Settled>,
    /// Targets that were left out.
    pub skipped: Vec<Skipped>,
    /// Where these are the benchmarks of a shard: how many the whole suite has to measure.
    pub comparisons: Option<usize>,
    /// Whether base could not be built as a whole: then none of these was compared.
    pub unbuilt: bool,
}

/// An executable with benchmarks to measure.
#[derive(Debug)]
pub struct Open {
    /// Its package.
    pub package: String,
    /// Its target.
    pub target: String,
    /// The executables.
    pub suite: Suite,
    /// The benchmarks to measure.
    pub names: Vec<String>,
    /// Harness and version.
    pub harness: String,
    /// Where base's executable comes from, if there is one.
    pub base_origin: Option<Origin>,
    /// Where head's executable comes from.
    pub head_origin: Origin,
    /// Where base's executable is head's benchmark on base's code: the benchmarks that base has itself.
    pub tried: Option<BTreeSet<String>>,
    /// What base calls its benchmarks, where they were renamed.
    pub renamed: BTreeMap<String, BenchmarkId>,
}

impl Suites {
    /// Tells of what was found in `what`: all from these places on.
    fn tell(&self, what: &str, settled: usize, open: usize, progress: &mut dyn Progress) {
        let (settled, open) = (&self.settled[settled..], &self.open[open..]);
        let timed: usize = open.iter().map(|open| open.names.len()).sum();
        progress.status("Found", &format!("{what}: {}", counted(settled.len() + timed, "benchmark")));
        let mut reasons: BTreeMap<(Verdict, &str), usize> = BTreeMap::new();
        for settled in settled {
            *reasons.entry((settled.verdict, &settled.reason)).or_default() += 1;
        }
        for ((verdict, reason), count) in reasons {
            progress.detail("Not timing", &format!("{} ({verdict}): {reason}", counted(count, "benchmark")));
        }
    }

    /// The ids of all benchmarks to measure.
    pub fn open_ids(&self) -> impl Iterator<Item = BenchmarkId> {
        self.open.iter().flat_map(|open| open.names.iter().map(|name| open.id(name)))
    }
}

impl Open {
    /// The id of one of its benchmarks.
    pub fn id(&self, name: &str) -> BenchmarkId {
        BenchmarkId::new(&self.package, &self.target, name)
    }

    /// Whether base lacks one of its benchmarks.
    pub fn is_new(&self, name: &str) -> bool {
        self.tried.as_ref().is_some_and(|base_has| !base_has.contains(name))
    }
}

/// Where an executable comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Identity of the executable.
    pub identity: String,
    /// The record of its link, where there is one.
    pub relink: Option<Relink>,
}

impl Origin {
    fn of(executable: &BenchExecutable) -> Result<Self, FlowError> {
        Ok(Self { identity: identity(executable)?.to_owned(), relink: executable.relink.clone() })
    }
}

/// A benchmark that is not measured.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Which.
    pub id: BenchmarkId,
    /// Harness and version.
    pub harness: String,
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

    pub(super) fn ask(&self, program: &Program) -> Result<Result<Enumeration, NotCriterion>, FlowError> {
        Ok(enumerate(program, self.home, self.time_out)?)
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
        let (settled, open) = (suites.settled.len(), suites.open.len());
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
                target.compare_tried(&found, own, stand, tried.equal_is_unchanged)?;
            }
            (Against::Base(base, _), None) => {
                let failed = base.built.failed.iter().find(|failed| failed.what == what);
                let reason =
                    failed.map_or("base has no such bench target".to_owned(), |f| format!("base {}", f.reason));
                target.settle_all(&found, Verdict::Added, &reason);
            }
            (Against::Base(..), Some(other)) => target.compare(found, other)?,
        }
        suites.tell(&what, settled, open, progress);
    }
    for ((package, target), (executable, base)) in bases {
        // Head's failure to compile what base compiled was an error before; here the target is gone.
        if let Ok(found) = looking.ask(&program(executable, base))? {
            let harness = harness(found.version);
            for name in found.names.into_iter().filter(|name| looking.misses(&package, &target, name)) {
                suites.settled.push(Settled {
                    id: BenchmarkId::new(&package, &target, name),
                    harness: harness.clone(),
                    verdict: Verdict::Removed,
                    evidence: None,
                    reason: "head has no such bench target".into(),
                });
            }
        }
    }
    Ok(suites)
}

/// One bench target of head while it is looked at.
pub(super) struct Target<'a> {
    pub(super) executable: &'a BenchExecutable,
    head: &'a BuiltSide,
    what: &'a str,
    pub(super) looking: &'a Looking<'a>,
    pub(super) suites: &'a mut Suites,
    /// The ids that stand twice in it.
    twice: BTreeSet<String>,
}

/// An executable and the side that it belongs to.
type Sided<'a> = (&'a BenchExecutable, &'a BuiltSide);

impl Target<'_> {
    /// Head's benchmarks that are wanted, without those whose id stands twice; `None` where there are none to go on with.
    fn enumerate_head(&mut self, base: Option<Sided<'_>>) -> Result<Option<Enumeration>, FlowError> {
        let reason = match self.looking.ask(&program(self.executable, self.head))? {
            Ok(found) if found.names.is_empty() => "names no benchmark".to_owned(),
            Ok(mut found) => {
                let names = std::mem::take(&mut found.names);
                found.names = self.wanted_once(names, found.version);
                return Ok(Some(found));
            }
            Err(NotCriterion::OtherHarness) => {
                "holds no criterion benchmark; other harnesses are not supported by this version".to_owned()
            }
            Err(NotCriterion::Broken(detail)) => {
                // Base tells what was lost.
                if let Some((base, side)) = base
                    && let Ok(mut found) = self.looking.ask(&program(base, side))?
                {
                    let names = std::mem::take(&mut found.names);
                    found.names = self.wanted_once(names, found.version);
                    self.settle_all(&found, Verdict::Crashed, &format!("head, before its first benchmark: {detail}"));
                    return Ok(None);
                }
                format!("could not be asked for its benchmarks: {detail}")
            }
        };
        self.suites.skipped.push(Skipped { what: self.what.to_owned(), reason });
        Ok(None)
    }

    fn wanted_once(&mut self, names: Vec<String>, version: Option<Version>) -> Vec<String> {
        let (package, target) = (&self.executable.package, &self.executable.target);
        let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
        let names: Vec<String> = names.into_iter().filter(|name| self.looking.wants(package, target, name)).collect();
        for name in &names {
            if !seen.insert(name.clone()) {
                twice.insert(name.clone());
            }
        }
        for name in &twice {
            self.settle(name, version, Verdict::Inconclusive, None, "two benchmarks have this id; rename one of them");
        }
        let names = names.into_iter().filter(|name| !twice.contains(name)).collect();
        self.twice = twice;
        names
    }

    fn measure_head(&mut self, found: Enumeration) -> Result<(), FlowError> {
        let all = (self.looking.filter.is_none()).then(|| found.names.clone());
        self.open(&found, None, found.version, (found.names.clone(), all), None)
    }

    fn compare(&mut self, head: Enumeration, (other, side): Sided<'_>) -> Result<(), FlowError> {
        if self.looking.equal_is_unchanged && identity(self.executable)? == identity(other)? {
            self.settle_same(&head, "base and head have the same code and data");
            return Ok(());
        }
        let base = match self.looking.ask(&program(other, side))? {
            Ok(base) => base,
            Err(NotCriterion::OtherHarness) => {
                self.settle_all(&head, Verdict::Added, "base has it without criterion");
                return Ok(());
            }
            Err(NotCriterion::Broken(detail)) => {
                self.settle_all(&head, Verdict::Inconclusive, &format!("base could not be asked for it: {detail}"));
                return Ok(());
            }
        };
        self.settle_removed(&base, &head);
        self.open_common(&head, &base, (other, side), None, |_| {
            (Verdict::Added, "base has no such benchmark".to_owned())
        })
    }

    /// Compares with head's benchmark on base's code. `own` is base's own executable. Those with a new name base has, too.
    fn compare_tried(
        &mut self,
        head: &Enumeration,
        own: Option<Sided<'_>>,
        stand: Stand<'_>,
        equal_is_unchanged: bool,
    ) -> Result<(), FlowError> {
        let own = own.map(|(other, side)| self.looking.ask(&program(other, side))).transpose()?.and_then(Result::ok);
        let mut names: BTreeSet<String> = own.iter().flat_map(|own| own.names.iter().cloned()).collect();
        names.extend(self.renamed_among(&head.names).into_keys());
        if let Some(own) = &own {
            self.settle_removed(own, head);
        }
        let why = match stand {
            Stand::Nothing(why) => why.to_owned(),
            Stand::Executable(other, side) => {
                let equal = equal_is_unchanged && identity(self.executable)? == identity(other)?;
                return self.compare_on_base(head, (other, side), equal, names);
            }
            Stand::Head => return self.compare_on_base(head, (self.executable, self.head), true, names),
        };
        self.settle_untried(head, &names, &why);
        Ok(())
    }

    /// Compares with `other`, which is head's benchmark on base's code; `base_has` is what base itself has. Executables that
    /// are `equal` need no measuring where they run: base has never run this benchmark.
    fn compare_on_base(
        &mut self,
        head: &Enumeration,
        other: Sided<'_>,
        equal: bool,
        base_has: BTreeSet<String>,
    ) -> Result<(), FlowError> {
        let program = program(other.0, other.1);
        if equal && runs_once(&program, self.looking.home, self.looking.time_out)? {
            self.settle_same(head, &format!("{ON_BASE}: base and head have the same code and data"));
            return Ok(());
        }
        let why = match self.looking.ask(&program)? {
            Ok(base) => {
                let has = base_has.clone();
                return self.open_common(head, &base, other, Some(base_has), |name| {
                    untried(has.contains(name), "does not have it on base's code")
                });
            }
            Err(NotCriterion::OtherHarness) => "holds no criterion benchmark on base's code".to_owned(),
            Err(NotCriterion::Broken(detail)) => format!("does not run on base's code: {detail}"),
        };
        self.settle_untried(head, &base_has, &why);
        Ok(())
    }

    fn settle_untried(&mut self, head: &Enumeration, base_has: &BTreeSet<String>, why: &str) {
        for name in &head.names {
            let (verdict, reason) = untried(base_has.contains(name), why);
            self.settle(name, head.version, verdict, None, &reason);
        }
    }

    /// What `base` has and `head` has not.
    fn settle_removed(&mut self, base: &Enumeration, head: &Enumeration) {
        let (package, target) = (&self.executable.package, &self.executable.target);
        let there: BTreeSet<&String> = head.names.iter().chain(&self.twice).collect();
        let gone = base.names.iter().filter(|name| !there.contains(name) && self.looking.misses(package, target, name));
        for name in gone.cloned().collect::<BTreeSet<String>>() {
            self.settle(&name, base.version, Verdict::Removed, None, "head has no such benchmark");
        }
    }

    /// Opens the benchmarks that both executables have; `other` says of one that base's lacks what it is, and why.
    fn open_common(
        &mut self,
        head: &Enumeration,
        base: &Enumeration,
        side: Sided<'_>,
        tried: Option<BTreeSet<String>>,
        other: impl Fn(&str) -> (Verdict, String),
    ) -> Result<(), FlowError> {
        let base_names: BTreeSet<&String> = base.names.iter().collect();
        let (common, others): (Vec<String>, Vec<String>) =
            head.names.iter().cloned().partition(|name| base_names.contains(name));
        for name in &others {
            let (verdict, reason) = other(name);
            self.settle(name, head.version, verdict, None, &reason);
        }
        let version = base.version.min(head.version);
        let way = if base.way == head.way { head.way } else { Way::Files };
        let all = (base.names == head.names && self.looking.filter.is_none()).then(|| common.clone());
        let found = Enumeration { way, ..head.clone() };
        self.open(&found, Some(side), version, (common, all), tried)
    }

    pub(super) fn open(
        &mut self,
        found: &Enumeration,
        base: Option<Sided<'_>>,
        version: Option<Version>,
        (names, all): (Vec<String>, Option<Vec<String>>),
        tried: Option<BTreeSet<String>>,
    ) -> Result<(), FlowError> {
        if names.is_empty() {
            return Ok(());
        }
        let renamed = self.renamed_among(&names);
        self.suites.open.push(Open {
            package: self.executable.package.clone(),
            target: self.executable.target.clone(),
            suite: Suite {
                base: base.map(|(executable, side)| program(executable, side)),
                head: program(self.executable, self.head),
                // Whole seconds are understood by every version.
                version: version.unwrap_or(Version(0, 3, 0)),
                way: found.way,
                all,
                renamed: BTreeMap::new(),
            },
            names,
            harness: harness(found.version),
            base_origin: base.map(|(executable, _)| Origin::of(executable)).transpose()?,
            head_origin: Origin::of(self.executable)?,
            tried,
            renamed,
        });
        Ok(())
    }

    fn settle_same(&mut self, found: &Enumeration, reason: &str) {
        for name in &found.names {
            self.settle(name, found.version, Verdict::Unchanged, Some(Evidence::SameExecutable), reason);
        }
    }

    fn settle_all(&mut self, found: &Enumeration, verdict: Verdict, reason: &str) {
        for name in &found.names {
            self.settle(name, found.version, verdict, None, reason);
        }
    }

    pub(super) fn settle(
        &mut self,
        name: &str,
        version: Option<Version>,
        verdict: Verdict,
        evidence: Option<Evidence>,
        reason: &str,
    ) {
        self.suites.settled.push(Settled {
            id: BenchmarkId::new(&self.executable.package, &self.executable.target, name),
            harness: harness(version),
            verdict,
            evidence,
            reason: reason.to_owned(),
        });
    }
}

/// What head's benchmark is that cannot be tried on base's code, by whether base has it, and why.
pub(super) fn untried(base_has: bool, why: &str) -> (Verdict, String) {
    if base_has {
        (Verdict::BenchChanged, format!("the benchmark itself differs, and head's {why}"))
    } else {
        (Verdict::Added, format!("base has no such benchmark, and head's {why}"))
    }
}

fn identity(executable: &BenchExecutable) -> Result<&str, FlowError> {
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

fn harness(version: Option<Version>) -> String {
    version.map_or("criterion".to_owned(), |version| format!("criterion {version}"))
}
