//! Head's benches on base's code: where a bench target's own files differ, or base lacks it, a comparison of both sides'
//! executables would be one of two benchmarks. Head's benches are built a second time then, on base's code. Those that do not
//! compile there, as they ask for what base lacks, leave base's: built a second time on head's code, they tell how that has
//! changed for all that base has measured.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::bench_sources::{Place, own_changes};
use super::project::{BuiltSide, Differences, Setting, WrittenTree, beyond_code};
use super::{FlowError, Progress};
use crate::harness::criterion::holds_criterion;
use crate::harness::is_known;
use crate::vcs::Overlay;
use crate::workspace::{self, BenchExecutable, CargoOptions, Slot};

/// What came of head's benches on base's code.
#[derive(Default)]
pub struct Tried {
    targets: BTreeMap<(String, String), Attempt>,
    side: Option<BuiltSide>,
    /// Base's benches on head's code, of targets whose own could not be built on base's.
    turned: Option<BuiltSide>,
    /// Whether executables that equal head's need no measuring.
    pub equal_is_unchanged: bool,
}

/// What came of one bench target.
enum Attempt {
    /// An executable: which one of the side's.
    Built(usize),
    /// The very tree of head.
    Head,
    /// It does not compile, or cannot be built; in words that follow "head's benchmark".
    Failed(String),
}

/// The base's side of a target whose benchmark differs from base's own.
#[derive(Clone, Copy)]
pub enum Stand<'a> {
    /// Head's benchmark on base's code.
    Executable(&'a BenchExecutable, &'a BuiltSide),
    /// Base's code is head's.
    Head,
    /// There is none; in words that follow "head's benchmark".
    Nothing(&'a str),
}

impl Tried {
    /// What stands for base in comparisons with head's `executable`; `None`: base's own.
    pub fn stand(&self, executable: &BenchExecutable) -> Option<Stand<'_>> {
        Some(match (self.targets.get(&key(executable))?, &self.side) {
            (Attempt::Head, _) => Stand::Head,
            (Attempt::Failed(reason), _) => Stand::Nothing(reason),
            (Attempt::Built(index), Some(side)) => Stand::Executable(&side.built.executables[*index], side),
            (Attempt::Built(_), None) => return None,
        })
    }

    /// Base's benchmark on head's code, where head's `executable` cannot be built on base's.
    pub fn turned(&self, executable: &BenchExecutable) -> Option<(&BenchExecutable, &BuiltSide)> {
        let side = self.turned.as_ref()?;
        side.built.executables.iter().find(|built| key(built) == key(executable)).map(|built| (built, side))
    }
}

fn key(executable: &BenchExecutable) -> (String, String) {
    (executable.package.clone(), executable.target.clone())
}

/// What to build on base's code.
#[derive(Default)]
struct Plan {
    targets: BTreeSet<(String, String)>,
    /// The files of each of them that differ.
    own: BTreeMap<(String, String), BTreeSet<PathBuf>>,
    overlay: Overlay,
}

impl Setting {
    /// Builds head's benches on base's code where their own files differ or base lacks them, and base's on head's where that
    /// does not work. That neither does is an answer, and never an error. `identity_counts`: whether equal executables need no
    /// measuring.
    pub fn try_on_base(
        &self,
        head: &BuiltSide,
        base: &BuiltSide,
        differences: &Differences,
        identity_counts: bool,
        progress: &mut dyn Progress,
    ) -> Result<Tried, FlowError> {
        let plan = Plan::of(head, base, &differences.changed, identity_counts, |executable| {
            if self.counts_instructions() { is_known(executable) } else { holds_criterion(executable) }
        });
        if plan.targets.is_empty() {
            return Ok(Tried::default());
        }
        let tried = self.on_base(head, base, &plan, differences, identity_counts, progress)?;
        let stuck = |key: &&(String, String)| {
            matches!(tried.targets.get(*key), Some(Attempt::Failed(_)))
                && base.built.executables.iter().any(|built| self::key(built) == **key)
        };
        let back = plan.turned(plan.targets.iter().filter(stuck), head, base, &differences.changed);
        Ok(Tried { turned: self.on_head(head, base, &back, progress)?, ..tried })
    }

    /// Builds base's benches on head's code. `None` where that does not work.
    fn on_head(
        &self,
        head: &BuiltSide,
        base: &BuiltSide,
        Plan { targets, overlay, .. }: &Plan,
        progress: &mut dyn Progress,
    ) -> Result<Option<BuiltSide>, FlowError> {
        let lock = head.root.join("Cargo.lock");
        if targets.is_empty() || self.slots.seed(Slot::Back, Slot::Head, &lock).is_err() {
            return Ok(None);
        }
        let tree = self.repository.overlay(&head.tree, &base.tree, overlay, &self.slots.slot(Slot::Back))?;
        progress.phase("base's benchmarks built on head's code");
        progress.status("Building", &format!("base's benchmarks on head's code: {}", named(targets)));
        let place = self.write(Slot::Back, &tree, Some(lock))?;
        match self.build_across(place, self.request.cargo.toolchain.clone(), targets) {
            Ok(side) => Ok(Some(side)),
            Err(FlowError::Workspace(_)) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Builds these `targets` of one side on the other's code.
    fn build_across(
        &self,
        place: WrittenTree,
        toolchain: Option<String>,
        targets: &BTreeSet<(String, String)>,
    ) -> Result<BuiltSide, FlowError> {
        let options = CargoOptions { silent: true, toolchain, ..self.request.cargo.clone() };
        let wanted = |package: &str, target: &str| targets.contains(&(package.to_owned(), target.to_owned()));
        self.build_at(place, &options, |targets| targets.only(wanted, "not asked for"))
    }

    /// Builds head's benches on base's code.
    fn on_base(
        &self,
        head: &BuiltSide,
        base: &BuiltSide,
        Plan { targets, overlay, .. }: &Plan,
        differences: &Differences,
        identity_counts: bool,
        progress: &mut dyn Progress,
    ) -> Result<Tried, FlowError> {
        let folder = self.slots.slot(Slot::Both);
        let all = |trial: &dyn Fn() -> Attempt| {
            let each = targets.iter().map(|key| (key.clone(), trial()));
            Tried { targets: each.collect(), ..Tried::default() }
        };
        let fail = |e: &dyn std::fmt::Display| {
            let reason = format!("cannot be built on base's code: {}", first_line(&e.to_string()));
            Ok(all(&|| Attempt::Failed(reason.clone())))
        };
        let lock = base.root.join("Cargo.lock");
        if let Err(e) = self.slots.seed(Slot::Both, Slot::Base, &lock) {
            return fail(&e);
        }
        let tree = self.repository.overlay(&base.tree, &head.tree, overlay, &folder)?;
        if tree.id == base.tree.id {
            return Ok(Tried::default());
        }
        if tree.id == head.tree.id && identity_counts {
            return Ok(all(&|| Attempt::Head));
        }
        progress.phase("head's benchmarks built on base's code");
        progress.status("Building", &format!("head's benchmarks on base's code: {}", named(targets)));
        let place = self.write(Slot::Both, &tree, Some(lock))?;
        let side = match self.build_across(place, differences.toolchain.clone(), targets) {
            Ok(side) => side,
            Err(FlowError::Workspace(e)) => return fail(&e),
            Err(e) => return Err(e),
        };
        let trial = |key: &(String, String)| {
            if let Some(index) = side.built.executables.iter().position(|built| self::key(built) == *key) {
                return Attempt::Built(index);
            }
            let what = format!("{}::{}", key.0, key.1);
            let failed = side.built.failed.iter().find(|failed| failed.what == what);
            let detail =
                failed.map_or("cannot be built: cargo finds no such bench target", |failed| failed.reason.as_str());
            Attempt::Failed(format!("on base's code {detail}"))
        };
        let trials = targets.iter().map(|key| (key.clone(), trial(key))).collect();
        let equal = identity_counts && beyond_code(&self.changed_paths(&tree, &head.tree)?).is_none();
        Ok(Tried { targets: trials, side: Some(side), turned: None, equal_is_unchanged: equal })
    }
}

fn named(targets: &BTreeSet<(String, String)>) -> String {
    targets.iter().map(|(package, target)| format!("{package}::{target}")).collect::<Vec<_>>().join(", ")
}

impl Plan {
    /// What there is to build, and of which files; `takes_part` says which executables are compared at all.
    fn of(
        head: &BuiltSide,
        base: &BuiltSide,
        changed: &[PathBuf],
        identity_counts: bool,
        takes_part: impl Fn(&Path) -> bool,
    ) -> Self {
        let mut plan = Self::default();
        if changed.is_empty() {
            return plan;
        }
        let equal_needs_nothing = identity_counts && beyond_code(changed).is_none();
        let mut libraries: Option<BTreeSet<PathBuf>> = None;
        for executable in &head.built.executables {
            let other = base.built.executables.iter().find(|other| key(other) == key(executable));
            let equal =
                |other: &BenchExecutable| matches!((executable.identity(), other.identity()), (Ok(a), Ok(b)) if a == b);
            if equal_needs_nothing && other.is_some_and(equal) || !takes_part(&executable.path) {
                continue;
            }
            if base.targets.manifest_of(&executable.package).is_none() {
                continue;
            }
            let Some(place) = head.place(executable) else { continue };
            let mut named = head.sources_of(executable);
            if let (Some(named), Some(other)) = (&mut named, other) {
                named.extend(base.sources_of(other).into_iter().flatten());
            }
            let libraries = libraries.get_or_insert_with(|| {
                let folders = [head, base].map(|side| side.library_sources(executable));
                folders.into_iter().flatten().collect()
            });
            let own = own_changes(changed, named.as_ref(), libraries, &place);
            let new = other.is_none() && head.manifests(&executable.package).iter().any(|path| changed.contains(path));
            if !own.is_empty() || new {
                plan.targets.insert(key(executable));
                plan.overlay.taken.extend(own.iter().cloned());
                plan.own.insert(key(executable), own.into_iter().collect());
            }
        }
        plan.transplant(head, base, changed);
        plan
    }

    /// What there is to build of these on head's code: with the files that base has of them.
    fn turned<'k>(
        &self,
        targets: impl Iterator<Item = &'k (String, String)>,
        head: &BuiltSide,
        base: &BuiltSide,
        changed: &[PathBuf],
    ) -> Self {
        let mut plan = Self { targets: targets.cloned().collect(), ..Self::default() };
        plan.overlay.taken.extend(plan.targets.iter().filter_map(|key| self.own.get(key)).flatten().cloned());
        plan.transplant(base, head, changed);
        plan
    }

    /// Takes over what head's manifests say of the benches. The lock file follows where a manifest does.
    fn transplant(&mut self, head: &BuiltSide, base: &BuiltSide, changed: &[PathBuf]) {
        let both = |path: &Path| {
            let read = |side: &BuiltSide| fs::read_to_string(side.checked_out.files.join(path)).ok();
            changed.iter().any(|changed| changed == path).then(|| Some((read(base)?, read(head)?))).flatten()
        };
        let mut written = BTreeMap::new();
        let root = head.relative(&head.targets.workspace_root().join("Cargo.toml"));
        let packages: BTreeSet<&str> = self.targets.iter().map(|(package, _)| package.as_str()).collect();
        for package in packages {
            let names = self.targets.iter().filter(|key| key.0 == package).map(|key| key.1.as_str()).collect();
            let Some(path) = head.targets.manifest_of(package).and_then(|path| head.relative(&path)) else { continue };
            let new = both(&path).and_then(|(base, head)| workspace::manifest_with(&base, &head, &names));
            written.extend(new.map(|new| (path, new)));
        }
        if written.is_empty() {
            return;
        }
        if let Some(path) = root {
            let old = match written.get(&path) {
                Some(new) => both(&path).map(|(_, head)| (new.clone(), head)),
                None => both(&path),
            };
            let new = old.and_then(|(base, head)| workspace::root_with(&base, &head));
            written.extend(new.map(|new| (path.clone(), new)));
            let lock = path.with_file_name("Cargo.lock");
            let new = both(&lock).and_then(|(base, head)| workspace::lock_with(&base, &head));
            written.extend(new.map(|new| (lock, new)));
        }
        self.overlay.written = written;
    }
}

impl BuiltSide {
    /// A hash of each bench target's own source and inputs, by package and target; none of those that lie elsewhere.
    pub(super) fn own_sources(&self) -> BTreeMap<(String, String), String> {
        let all = self.checked_out.tracked();
        let mut libraries: Option<BTreeSet<PathBuf>> = None;
        let mut hash = |executable: &BenchExecutable| {
            let place = self.place(executable)?;
            let libraries = libraries.get_or_insert_with(|| self.library_sources(executable));
            let own = own_changes(&all, self.sources_of(executable).as_ref(), libraries, &place);
            let content = |path: &PathBuf| fs::read(self.checked_out.files.join(path)).unwrap_or_default();
            let parts = own.iter().flat_map(|path| [path.as_os_str().as_encoded_bytes().to_vec(), content(path)]);
            let parts: Vec<Vec<u8>> = parts.collect();
            Some(workspace::short_hash(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>()))
        };
        self.built.executables.iter().filter_map(|executable| Some((key(executable), hash(executable)?))).collect()
    }

    /// `path` as the link shows it, relative to the tree.
    fn relative(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(&self.shown).ok().map(Path::to_owned)
    }

    /// Where the target of `executable` lies.
    fn place(&self, executable: &BenchExecutable) -> Option<Place> {
        let source = self.relative(&self.targets.bench_source(&executable.package, &executable.target)?)?;
        let manifest = self.relative(&self.targets.manifest_of(&executable.package)?)?;
        let code = self.targets.code_folders().iter().filter_map(|folder| self.relative(folder)).collect();
        Some(Place::new(source, manifest.parent().unwrap_or(Path::new("")), code))
    }

    /// The manifests that have a say in a package's targets.
    fn manifests(&self, package: &str) -> Vec<PathBuf> {
        let own = self.targets.manifest_of(package);
        let root = self.targets.workspace_root().join("Cargo.toml");
        own.iter().chain([&root]).filter_map(|path| self.relative(path)).collect()
    }

    fn sources_of(&self, executable: &BenchExecutable) -> Option<BTreeSet<PathBuf>> {
        workspace::sources_of(&executable.path, self.targets.workspace_root(), &self.shown)
    }

    /// The files of all libraries that lie where `executable` does.
    fn library_sources(&self, executable: &BenchExecutable) -> BTreeSet<PathBuf> {
        let like =
            self.built.executables.iter().find(|own| key(own) == key(executable)).or(self.built.executables.first());
        let folder = like.and_then(|like| like.path.parent());
        folder
            .map(|folder| workspace::library_sources(folder, self.targets.workspace_root(), &self.shown))
            .unwrap_or_default()
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
