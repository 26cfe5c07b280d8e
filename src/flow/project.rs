//! A project made ready: its repository, its policy, and both sides checked out and built.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::measure::Effort;
use super::renamed::Renamed;
use super::suites::{Looking, Open};
use super::{FlowError, Progress, absent, affected, file_error, policy};
use crate::config::{self, Config, Overrides};
use crate::gate::{CountLimits, Limits};
use crate::instrument::SideLink;
use crate::model::{BenchmarkId, Environment, Metric, Partition, Skipped, short};
use crate::vcs::{CheckedOut, Head, Repository, Tree};
use crate::workspace::{
    self, Built, CHECKSUMS, CargoOptions, Slot, Slots, Targets, WorkspaceError, forget_changed_vendored,
    sources_as_shown,
};

/// What every use case on a project needs to know.
#[derive(Clone, Debug, Default)]
pub struct ProjectRequest {
    /// Where the user stands.
    pub directory: PathBuf,
    /// `--manifest-path`.
    pub manifest_path: Option<PathBuf>,
    /// cargo's options.
    pub cargo: CargoOptions,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// What is laid over the configuration.
    pub overrides: Overrides,
    /// The folder for check-outs and builds.
    pub builds: PathBuf,
    /// What base takes over from head.
    pub pin: Pin,
    /// The positional filter: a regular expression over ids, as `cargo bench` takes it.
    pub filter: Option<regex::Regex>,
    /// How much measuring may cost.
    pub effort: Effort,
    /// The share of the benchmarks to measure; `None`: all.
    pub partition: Option<Partition>,
}

/// What base takes over from head, so that nothing but the source differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pin {
    /// The toolchain.
    pub toolchain: bool,
    /// The lock file.
    pub lock: bool,
}

/// A project that was found and whose policy was read; nothing is built yet.
pub struct Setting {
    /// The request that it came from.
    pub request: ProjectRequest,
    /// Its repository.
    pub repository: Repository,
    /// What is judged: what is checked out, or another commit.
    pub head: Head,
    /// A hash of the uncommitted changes, the configuration apart.
    pub changes: Option<String>,
    /// The policy in force and where it came from.
    pub config: Config,
    /// Head's own configuration.
    own: Config,
    /// The root of the cargo workspace.
    pub workspace_root: PathBuf,
    /// The manifest, relative to the repository's root.
    pub(super) manifest: PathBuf,
    pub(super) slots: Slots,
    results: PathBuf,
    /// Folders beside the repository that its packages depend on by path.
    siblings: Vec<String>,
    /// What they depend on that lies farther away.
    pub(super) farther: Vec<PathBuf>,
    /// The packages whose benches are left out, because nothing that they depend on changed.
    pub(super) unaffected: BTreeSet<String>,
}

/// One side, built.
pub struct BuiltSide {
    /// What there was to build.
    pub targets: Targets,
    /// What was built.
    pub built: Built,
    /// The tree that was built.
    pub tree: Tree,
    /// The link that shows it.
    pub link: SideLink,
    /// The root of its workspace.
    pub(super) root: PathBuf,
    /// The root of its tree, as the link shows it.
    pub(super) shown: PathBuf,
    pub(super) checked_out: CheckedOut,
}

/// What differs between base's tree and head's.
#[derive(Clone, Debug, Default)]
pub struct Differences {
    /// The paths of which git holds something else.
    pub(super) changed: Vec<PathBuf>,
    /// Base's toolchain, where its file asks for another than head's.
    pub(super) toolchain: Option<String>,
    /// What differs besides the source, or was made not to: a sentence each.
    pub(super) notes: Vec<String>,
}

/// A tree that was written where it can be built.
pub(super) struct WrittenTree {
    slot: Slot,
    tree: Tree,
    link: SideLink,
    root: PathBuf,
    /// The root of the tree, as the link shows it.
    pub(super) shown: PathBuf,
    pub(super) checked_out: CheckedOut,
}

impl Setting {
    /// Finds the project, reads its configuration and looks at its repository. Head is the work tree.
    pub fn open(request: ProjectRequest, progress: &mut dyn Progress) -> Result<Self, FlowError> {
        let (manifest, root) = workspace::locate(&request.directory, request.manifest_path.as_deref())?;
        let config = config::load(&root, request.config.as_deref(), &request.overrides)?;
        let repository = Repository::discover(&root)?;
        let head = repository.head()?;
        let file = config::path_of(&root, request.config.as_deref());
        let changes = if head.dirty { repository.changes(&file)? } else { None };
        Self::of(request, (manifest, root), repository, (head, changes), config, progress)
    }

    /// The same with a commit as head: its own configuration holds, not that of the work tree, which may be of another
    /// branch. `fetch`: whether what a partial clone lacks may be fetched.
    pub fn open_at(
        request: ProjectRequest,
        commit: &str,
        fetch: bool,
        progress: &mut dyn Progress,
    ) -> Result<Self, FlowError> {
        let (manifest, root) = workspace::locate(&request.directory, request.manifest_path.as_deref())?;
        let mut repository = Repository::discover(&root)?;
        if !fetch {
            repository.forbid_fetching();
        }
        let config = policy::own_of(&repository, &root, &request, commit)?;
        let head = Head { commit: commit.to_owned(), dirty: false };
        Self::of(request, (manifest, root), repository, (head, None), config, progress)
    }

    fn of(
        request: ProjectRequest,
        (manifest, workspace_root): (PathBuf, PathBuf),
        repository: Repository,
        (head, changes): (Head, Option<String>),
        config: Config,
        progress: &mut dyn Progress,
    ) -> Result<Self, FlowError> {
        let manifest = manifest
            .strip_prefix(repository.root())
            .map_err(|_| {
                let (manifest, root) = (manifest.display(), repository.root().display());
                FlowError::Usage(format!(
                    "{manifest} lies outside of its workspace's git repository {root}, which alone is checked out\nhelp: name a manifest inside of it with --manifest-path"
                ))
            })?
            .to_owned();
        // What the user has here tells what lies beside it; the sides' own manifests are read after they are built.
        let targets = workspace::targets(&repository.root().join(&manifest), "the work tree", &request.cargo)
            .map_err(|e| absent::named(e, &repository))?;
        targets.check_selection("the work tree", &request.cargo)?;
        let slots = Slots::open(&request.builds, repository.root(), |folder| {
            progress.status("Blocking", &format!("waiting for another process that builds in {}", folder.display()));
        })?;
        let (siblings, farther) = targets.outside(repository.root());
        let results = targets.results();
        Ok(Self {
            request,
            repository,
            head,
            changes,
            own: config.clone(),
            config,
            workspace_root,
            manifest,
            slots,
            results,
            siblings,
            farther,
            unaffected: BTreeSet::new(),
        })
    }

    /// How long measuring may go on, if that is bounded.
    pub fn budget(&self) -> Option<Duration> {
        self.request.effort.budget.or(self.config.policy.budget)
    }

    /// How this project's executables are looked at; `home` is a folder for what they may write.
    pub fn looking<'a>(&'a self, home: &'a Path, equal_is_unchanged: bool) -> Looking<'a> {
        let filter = self.request.filter.as_ref();
        let renamed = Renamed::default();
        Looking { home, time_out: self.config.policy.time_out, equal_is_unchanged, filter, renamed }
    }

    /// The paths in which two trees differ, both written or to be.
    pub(super) fn changed_paths(&self, base: &Tree, head: &Tree) -> Result<Vec<PathBuf>, FlowError> {
        Ok(self.repository.changed_paths(base, head, &self.slots.slot(Slot::Head))?)
    }

    /// Whether the request is for all benchmarks of the workspace.
    pub fn is_whole(&self) -> bool {
        let selection = &self.request.cargo.selection;
        self.request.filter.is_none()
            && self.unaffected.is_empty()
            && selection.packages.is_empty()
            && selection.exclude.is_empty()
            && selection.benches.is_empty()
            && self.repository.root().join(&self.manifest).parent() == Some(&self.workspace_root)
    }

    /// Packages with benchmarks beside the workspace, where all of it was asked for.
    pub fn elsewhere(&self, head: &BuiltSide) -> Vec<Skipped> {
        if !self.is_whole() {
            return Vec::new();
        }
        let members: Vec<&Path> =
            head.targets.manifests().filter_map(|path| path.strip_prefix(&head.shown).ok()).collect();
        let others = head.checked_out.files_named("Cargo.toml").into_iter();
        let others = others.filter(|path| {
            !members.contains(&path.as_path()) && workspace::has_benches(&head.checked_out.files.join(path))
        });
        let skipped = |path: PathBuf| Skipped {
            what: path.parent().unwrap_or(Path::new("")).display().to_string(),
            reason: format!("is no member of this workspace; --manifest-path {} has its benchmarks", path.display()),
        };
        others.map(skipped).collect()
    }

    /// What a benchmark to measure is judged by: where base lacks it, head's configuration holds for it.
    pub(super) fn limits(&self, open: &Open, id: &BenchmarkId) -> Limits {
        let config = if open.is_new(&id.name) { &self.own } else { &self.config };
        config.policy.limits(&open.judged_as(&id.name))
    }

    /// The counted metrics that any benchmark may have limits of.
    pub(super) fn counted(&self) -> BTreeSet<Metric> {
        [&self.config, &self.own].into_iter().flat_map(|config| config.policy.counted()).collect()
    }

    /// What is counted of it, likewise.
    pub(super) fn count_limits(&self, open: &Open, name: &str, metric: Metric) -> Option<CountLimits> {
        let config = if open.is_new(name) { &self.own } else { &self.config };
        config.policy.count_limits(&open.judged_as(name), metric)
    }

    /// What only the benchmarks tell of the configuration: whether rules contradict each other for one of `ids`, and,
    /// where these are all that the project has, whether a rule matches none: that would be a limit that is off.
    pub fn check_config(&self, ids: &[BenchmarkId]) -> Result<(), FlowError> {
        let problem =
            self.own.contradictions(ids).or_else(|| if self.is_whole() { self.own.unmatched(ids) } else { None });
        problem.map_or(Ok(()), |e| Err(e.into()))
    }

    /// Whether a configuration that may hold for it names one of these metrics.
    pub(super) fn may_count(&self, id: &BenchmarkId, metrics: &[Metric]) -> bool {
        let named = |config: &Config| metrics.iter().any(|metric| config.policy.count_limits(id, *metric).is_some());
        [&self.config, &self.own].into_iter().any(named)
    }

    /// The configuration file, which may be missing.
    pub(super) fn config_file(&self) -> PathBuf {
        config::path_of(&self.workspace_root, self.request.config.as_deref())
    }

    /// What only the benchmarks tell of the acceptances that count.
    pub(super) fn check_acceptances(&self, ids: &[BenchmarkId]) -> Result<(), FlowError> {
        let counting = &self.config.policy.acceptances;
        if counting.is_empty() {
            return Ok(());
        }
        let ids = [ids, &[BenchmarkId::suite()]].concat();
        self.own.unknown_acceptances(counting, &ids, self.is_whole()).map_or(Ok(()), |e| Err(e.into()))
    }

    /// Which benchmarks the renames that count are about; `all`: whether these are all ids that both sides have.
    pub(super) fn renamed_among(
        &self,
        (base, head): (&[BenchmarkId], &[BenchmarkId]),
        all: bool,
    ) -> Result<Renamed, FlowError> {
        Ok(self.own.renamed(&self.config.policy.renames, (base, head), all)?.into())
    }

    /// The folder in cargo's target directory for what this program leaves for the user. It is made if it is missing,
    /// and ignored by git whether or not the target directory is: looking must not make a tree dirty.
    pub fn results(&self) -> Result<PathBuf, FlowError> {
        let ignore = self.results.join(".gitignore");
        if !ignore.exists() {
            fs::create_dir_all(&self.results).map_err(|e| file_error("create", &self.results, e))?;
            fs::write(&ignore, "*\n").map_err(|e| file_error("write", &ignore, e))?;
        }
        Ok(self.results.clone())
    }

    /// The environment of executables that this project's options build.
    pub fn environment(&self) -> Result<Environment, FlowError> {
        Ok(workspace::environment_of(&self.workspace_root, &self.request.cargo)?)
    }

    /// Checks out and builds the work tree as it is.
    pub fn build_head(&self, progress: &mut dyn Progress) -> Result<BuiltSide, FlowError> {
        let tree = self.head_tree()?;
        let dirty = if self.head.dirty { " with uncommitted changes" } else { "" };
        progress.phase("head built");
        progress.status("Building", &format!("head {}{dirty}", short(&self.head.commit)));
        let place = self.write_head(&tree)?;
        let built = self.build_at(place, &self.request.cargo, |targets| self.left_of(targets))?;
        tell_errors(&built, progress);
        if built.built.executables.is_empty() && !built.built.failed.is_empty() {
            let reason = &built.built.failed[0].reason;
            let cause = reason.strip_prefix("does not compile: ").unwrap_or(reason).to_owned();
            let e = WorkspaceError::Build { side: "head".into(), cause };
            return Err(self.named_in(e, &built, "head").into());
        }
        Ok(built)
    }

    /// Checks out and builds `commit`, and tells in what it differs from head. Where it has no lock file it gets head's, so
    /// that both sides use the same dependencies.
    pub fn build_base(
        &self,
        commit: &str,
        head: &BuiltSide,
        progress: &mut dyn Progress,
    ) -> Result<(BuiltSide, Differences), FlowError> {
        progress.phase("base built");
        progress.status("Building", &format!("base {}", short(commit)));
        let lock = head.root.join("Cargo.lock");
        self.slots.seed(Slot::Base, Slot::Head, &lock)?;
        let tree = self.repository.tree_of(commit, &self.slots.slot(Slot::Base))?;
        let place = self.write(Slot::Base, &tree, Some(lock))?;
        let mut differences = self.differences(&place, head)?;
        let options = CargoOptions { toolchain: differences.toolchain.clone(), ..self.request.cargo.clone() };
        let built = self.build_at(place, &options, |targets| self.left_of(targets))?;
        differences.notes.extend(absent::of_both(&built, head));
        tell_errors(&built, progress);
        Ok((built, differences))
    }

    /// The tree of the work tree as it is.
    pub(super) fn head_tree(&self) -> Result<Tree, FlowError> {
        let folder = self.slots.slot(Slot::Head);
        Ok(if self.head.dirty {
            self.repository.tree_of_work_tree(&folder)?
        } else {
            self.repository.tree_of(&self.head.commit, &folder)?
        })
    }

    /// Writes head's tree where it can be built.
    pub(super) fn write_head(&self, tree: &Tree) -> Result<WrittenTree, FlowError> {
        let lock = self.workspace_root.join("Cargo.lock");
        self.write(Slot::Head, tree, lock.exists().then_some(lock))
    }

    /// `targets` without those of packages that no change affects.
    fn left_of(&self, targets: Targets) -> Targets {
        targets.only(|package, _| !self.unaffected.contains(package), affected::REASON)
    }

    /// Writes `tree` with its surroundings into `slot`, and has the link show it. Where the tree has no lock file of its own
    /// it gets `lock`; where the lock file is pinned, all but head do.
    pub(super) fn write(&self, slot: Slot, tree: &Tree, lock: Option<PathBuf>) -> Result<WrittenTree, FlowError> {
        let folder = self.slots.slot(slot);
        let link = self.slots.link(slot);
        link.point().map_err(|e| file_error("link", &link.path, e))?;
        let checked_out = self.repository.write_tree(tree, &folder)?;
        self.slots.mirror_surroundings(slot, self.repository.root(), &self.siblings)?;
        let root = checked_out.files.join(self.inside());
        let pinned = self.request.pin.lock && slot != Slot::Head;
        if (pinned || !checked_out.tracks(&self.inside().join("Cargo.lock")))
            && let Some(lock) = lock
        {
            copy_if_different(&lock, &root.join("Cargo.lock"))?;
        }
        let shown = link.path.join(checked_out.files.strip_prefix(&folder).unwrap_or(Path::new("")));
        Ok(WrittenTree { slot, tree: tree.clone(), link, root, shown, checked_out })
    }

    /// Builds what `choose` leaves of the targets of a tree that was written.
    pub(super) fn build_at(
        &self,
        place: WrittenTree,
        options: &CargoOptions,
        choose: impl FnOnce(Targets) -> Targets,
    ) -> Result<BuiltSide, FlowError> {
        let WrittenTree { slot, tree, link, root, shown, checked_out } = place;
        let settings = sources_as_shown(&checked_out.files, &shown, self.inside());
        let options = &CargoOptions { settings, ..options.clone() };
        let targets = workspace::targets(&shown.join(&self.manifest), slot.name(), options)
            .map_err(|e| e.with_help(absent::submodules(&tree, slot.name()).chain(self.out_of_reach())))?;
        let targets = choose(targets);
        let target = link.path.join("target");
        let vendored =
            checked_out.files_named(CHECKSUMS).iter().map(|path| checked_out.files.join(path)).collect::<Vec<_>>();
        forget_changed_vendored(&vendored, &target)
            .map_err(|e| file_error("look for changed dependencies in", &target, e))?;
        let built = workspace::build(&targets, &target, &link.path, &self.slots.slot(slot), options)?;
        if crate::instrument::interrupted().is_some() {
            return Err(FlowError::Interrupted);
        }
        Ok(BuiltSide { targets, built, tree, link, root, shown, checked_out })
    }

    /// The root of the workspace, relative to that of the repository.
    pub(super) fn inside(&self) -> &Path {
        self.workspace_root.strip_prefix(self.repository.root()).unwrap_or(Path::new(""))
    }

    fn differences(&self, base: &WrittenTree, head: &BuiltSide) -> Result<Differences, FlowError> {
        let inside = self.inside();
        // By what the commits hold: cargo may have rewritten what lies in the folders.
        let changed = self.changed_paths(&base.tree, &head.tree)?;
        let differ = |name: &str| changed.contains(&inside.join(name));
        let pin = self.request.pin;
        let mut notes = Vec::new();
        if pin.lock && base.checked_out.tracks(&inside.join("Cargo.lock")) {
            notes.push("base was built with head's Cargo.lock (--pin lock)".to_owned());
        } else if differ("Cargo.lock") {
            notes.push("Cargo.lock differs between base and head: a dependency may be the cause of a change".into());
        }
        let mut toolchain = None;
        if workspace::TOOLCHAIN_FILES.into_iter().any(differ) {
            let in_use = std::env::var("RUSTUP_TOOLCHAIN").ok();
            // Run from elsewhere, the toolchain in use is not the one that head's file asks for.
            let by_file = !workspace::toolchain_is_given()
                && in_use.is_some()
                && workspace::toolchain_of(&head.root, "head")? == in_use;
            if by_file && !pin.toolchain {
                toolchain = workspace::toolchain_of(&base.root, "base")?.filter(|own| in_use.as_ref() != Some(own));
            }
            let what = match &toolchain {
                Some(own) => format!(": base was built with {own}, head with {}", in_use.unwrap_or_default()),
                None if pin.toolchain => "; both sides were built with head's (--pin toolchain)".to_owned(),
                None => "; both sides were built with the toolchain in use here".to_owned(),
            };
            notes.push(format!("the toolchain file differs between base and head{what}"));
        }
        Ok(Differences { changed, toolchain, notes })
    }
}

/// Which of the paths that two trees differ in is neither compiled into their executables nor what no benchmark reads.
/// Where there is none, equal executables do the same.
pub(super) fn beyond_code(changed: &[PathBuf]) -> Option<&Path> {
    let harmless = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let hidden = path.iter().next().and_then(|first| first.to_str()).is_some_and(|first| first.starts_with('.'));
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        // A program of the same package may be what a benchmark starts.
        let started = name == "main.rs" || path.iter().any(|folder| folder == "bin");
        hidden
            || ["md", "toml", "lock"].contains(&ending)
            || name.starts_with("LICENSE")
            || name == CHECKSUMS
            || (ending == "rs" && !started)
    };
    changed.iter().find(|path| !harmless(path)).map(PathBuf::as_path)
}

fn tell_errors(built: &BuiltSide, progress: &mut dyn Progress) {
    for diagnostic in &built.built.diagnostics {
        progress.diagnostic(diagnostic);
    }
}

/// Copies unless the contents are equal: cargo takes a newer file for a changed one.
fn copy_if_different(from: &Path, to: &Path) -> Result<(), FlowError> {
    let Ok(wanted) = fs::read(from) else { return Ok(()) };
    if fs::read(to).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    fs::write(to, wanted).map_err(|e| file_error("write", to, e))
}
