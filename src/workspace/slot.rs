//! The folders in which both sides are checked out and built.
//!
//! ```text
//! <builds>/<project>/lock        held while a process works here
//!                    side        link to the side that cargo is working on
//!                    base/tree   check-out            base/target   its target directory
//!                    head/tree                        head/target
//!                    both/tree                        both/target: base's code with head's benches
//!                    back/tree                        back/target: head's code with base's benches
//! ```
//! Each side keeps a target directory of its own, because cargo would link one side's library into the other. Cargo is
//! shown both under the same path, through the link: then paths that end up in an executable are equal too, and equal
//! sources give equal executables.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::seeding::{copy_slot, lacks_most};
use super::{TOOLCHAIN_FILES, WorkspaceError, around};
use crate::instrument::SideLink;
use crate::model::Side;

/// One of the folders of a project. All names are equally long: a path's length moves what a process lays out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Base as it is.
    Base,
    /// Head as it is.
    Head,
    /// Base's code with benches of head.
    Both,
    /// Head's code with benches of base.
    Back,
}

impl Slot {
    /// What the folder is called, and the tree in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => Side::Base.name(),
            Self::Head => Side::Head.name(),
            Self::Both => "both",
            Self::Back => "back",
        }
    }
}

/// The file that whoever works in a project's folder holds.
pub(super) const LOCK: &str = "lock";
/// The target directory of a slot.
const TARGET: &str = "target";
/// The file that says what a project's folder is.
pub(super) const README: &str = "README";

/// The folder below `builds` of the project that lies at `root`.
pub(super) fn folder_of(builds: &Path, root: &Path) -> PathBuf {
    let name = root.file_name().map_or("root".into(), |name| name.to_string_lossy());
    let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let hash = super::identity::short_hash(&[root.as_os_str().as_encoded_bytes()]);
    builds.join(format!("{safe}-{hash}"))
}

/// The folders of one project, locked for this process.
#[derive(Debug)]
pub struct Slots {
    folder: PathBuf,
    _lock: File,
}

impl Slots {
    /// Opens the folders below `builds` for the project that lies at `root`; `waiting` is called if another process
    /// works there, before waiting for it.
    pub fn open(builds: &Path, root: &Path, waiting: impl FnOnce(&Path)) -> Result<Self, WorkspaceError> {
        let folder = folder_of(builds, root);
        let fail = |what| {
            let path = folder.clone();
            move |source| WorkspaceError::Folder { what, path, source }
        };
        let mut waiting = Some(waiting);
        loop {
            fs::create_dir_all(&folder).map_err(fail("create"))?;
            // Cargo resolves `..` in paths, and what is compared with its paths has to be as they are.
            let folder = plain(&folder).map_err(fail("find"))?;
            let lock = File::create(folder.join(LOCK)).map_err(fail("lock"))?;
            if lock.try_lock().is_err() {
                waiting.take().into_iter().for_each(|waiting| waiting(&folder));
                lock.lock().map_err(fail("lock"))?;
            }
            // Who was waited for may have removed the folder, and this lock with it.
            if !is_at(&lock, &folder.join(LOCK)) {
                continue;
            }
            // What a user reads when he meets this folder by chance.
            let words = format!("Builds of {} by cargo perfgate. Safe to delete.\n", root.display());
            fs::write(folder.join(README), words).map_err(fail("write into"))?;
            return Ok(Self { folder, _lock: lock });
        }
    }

    /// The folder that all slots lie in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of one slot.
    pub fn slot(&self, slot: Slot) -> PathBuf {
        self.folder.join(slot.name())
    }

    /// The link that shows `slot`: the path under which cargo and running benchmarks see it.
    pub fn link(&self, slot: Slot) -> SideLink {
        SideLink { path: self.folder.join("side"), target: slot.name() }
    }

    /// Starts `slot` as a copy of the slot `from`, where the lock file `lock` was used: the dependencies are built then, and
    /// only what differs will be built again. File times are kept, by which cargo tells what is fresh. Where something was
    /// built in `slot` before, that is kept, unless it lacks most of the dependencies.
    pub fn seed(&self, slot: Slot, from: Slot, lock: &Path) -> Result<(), WorkspaceError> {
        let (new, from) = (self.slot(slot), self.slot(from));
        if new.exists() {
            // Without this it is built all the same.
            if lacks_most(&new.join(TARGET), &from.join(TARGET), lock).unwrap_or(false) {
                let _ = copy_slot(&from, &new);
            }
            return Ok(());
        }
        let failed = |source| WorkspaceError::Folder { what: "copy a finished build to", path: new.clone(), source };
        copy_slot(&from, &new).map_err(failed)
    }

    /// Brings what lies around the repository at `root` and what cargo and rustup look for there: their files in the folders
    /// above it, and the folders beside it that its packages depend on by path.
    pub fn mirror_surroundings(&self, slot: Slot, root: &Path, siblings: &[String]) -> Result<(), WorkspaceError> {
        let folder = self.slot(slot);
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |source| WorkspaceError::Folder { what: "mirror the surroundings of the repository in", path, source }
        };
        let configuration = around::configuration_above(root, &folder, cargo_home().as_deref());
        let configuration = configuration.map(|table| toml::to_string(&table).unwrap_or_default().into_bytes());
        let toolchain = around::toolchain_above(root, &folder);
        let named =
            |name: &str| toolchain.as_ref().filter(|path| path.ends_with(name)).and_then(|path| fs::read(path).ok());
        let [first, second] = TOOLCHAIN_FILES;
        for (name, content) in [(".cargo/config.toml", configuration), (first, named(first)), (second, named(second))] {
            let path = folder.join(name);
            let set = || match &content {
                Some(content) => fs::create_dir_all(folder.join(".cargo")).and_then(|()| fs::write(&path, content)),
                None if path.exists() => fs::remove_file(&path),
                None => Ok(()),
            };
            set().map_err(fail(&path))?;
        }
        let Some(parent) = root.parent() else { return Ok(()) };
        for sibling in siblings {
            let (target, link) = (parent.join(sibling), folder.join(sibling));
            if fs::read_link(&link).is_ok_and(|there| there == target) {
                continue;
            }
            #[cfg(unix)]
            std::os::unix::fs::symlink(&target, &link).map_err(fail(&link))?;
            #[cfg(windows)]
            std::os::windows::fs::symlink_dir(&target, &link).map_err(fail(&link))?;
        }
        Ok(())
    }
}

/// The path without `..`.
#[cfg(unix)]
fn plain(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

/// A canonical path has a form there that few programs know.
#[cfg(not(unix))]
fn plain(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

/// Whether `path` is still the file that was opened.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same =
        |facts: fs::Metadata| file.metadata().is_ok_and(|own| own.ino() == facts.ino() && own.dev() == facts.dev());
    fs::metadata(path).is_ok_and(same)
}

/// A file that is open cannot be removed there.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

pub(super) fn cargo_home() -> Option<PathBuf> {
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}
