//! What git makes of the content that it holds when it writes a file: line ends, encodings, filters. Both sides of a
//! comparison are written by the same settings, whatever the user's own work tree holds.
//!
//! Git LFS is such a filter, and where it is not set up its files are filled here from what the clone has of them.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::VcsError;
use super::repository::{Repository, Variable, path_of, words};
use super::tree::Tree;

/// The settings by which files are written.
pub(super) struct Filters {
    /// `name<line break>value<nul>`, as git prints them.
    settings: Vec<u8>,
    /// The repository's own attributes, which are in no tree.
    attributes: Vec<u8>,
    /// Folders with contents of Git LFS.
    stores: Vec<PathBuf>,
}

const SETTINGS: &str = r"^(core\.(autocrlf|eol|symlinks|attributesfile)|filter\..*)$";

/// How a pointer of Git LFS begins.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// Where the script below finds the stores, one a line.
const STORES: &str = "PERFGATE_LFS_STORES";

/// Git LFS in a line of shell, as far as it needs no network: for a pointer the content that it names, where a store has
/// it. Git runs it with the shell that it comes with.
const SMUDGE: &str = r#"filter.lfs.smudge=f=$(mktemp) && cat >"$f" && s=$f && o=$(head -n 3 "$f" | LC_ALL=C sed -n 's/^oid sha256:\([0-9a-f]*\)$/\1/p') && set -f && IFS='
' && for d in $PERFGATE_LFS_STORES; do p=$d/$(printf '%s' "$o" | cut -c1-2)/$(printf '%s' "$o" | cut -c3-4)/$o; if test -n "$o" && test -f "$p"; then s=$p; fi; done && cat "$s"; rm -f "$f""#;

/// The way back, by which git tells that such a file is unchanged.
const CLEAN: &str = r#"filter.lfs.clean=f=$(mktemp) && cat >"$f" && if head -n 1 "$f" | LC_ALL=C grep -q '^version https://git-lfs'; then cat "$f"; else printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %s\n' "$({ sha256sum || shasum -a 256; } <"$f" 2>/dev/null | cut -c1-64)" "$(wc -c <"$f" | tr -d ' ')"; fi; rm -f "$f""#;

impl Repository {
    /// The settings in force for `tree`.
    pub(super) fn filters(&self, tree: &Tree) -> Filters {
        // It fails where there are none.
        let settings = self.run("read git's settings", &["config", "-z", "--get-regexp", SETTINGS]);
        let own = self.git.commondir().join("objects");
        let beside = tree.objects.iter().chain([&own]).filter_map(|objects| Some(objects.parent()?.join("lfs")));
        let moved = self.run("read git's settings", &["config", "--path", "lfs.storage"]).ok();
        let moved = moved.map(|path| self.git.commondir().join(path_of(path.trim_ascii_end())));
        let stores = beside.chain(moved).map(|store| store.join("objects")).filter(|store| store.is_dir());
        Filters {
            settings: settings.unwrap_or_default(),
            attributes: std::fs::read(self.git.commondir().join("info/attributes")).unwrap_or_default(),
            stores: stores.collect(),
        }
    }
}

impl Filters {
    /// All that decides what becomes of a file, for the attributes that a tree has.
    pub(super) fn state(&self, attributes: &[u8]) -> Vec<u8> {
        [&self.settings, &b"\n"[..], &self.attributes, b"\n", attributes].concat()
    }

    /// Whether there is any attribute, for those that a tree has: most projects have none.
    pub(super) fn name_attributes(&self, of_tree: &[u8]) -> bool {
        let elsewhere = self.settings.windows(b"core.attributesfile".len()).any(|name| name == b"core.attributesfile");
        !of_tree.is_empty() || !self.attributes.is_empty() || elsewhere
    }

    /// Whether the user has Git LFS, or what stands for it.
    fn has_lfs(&self) -> bool {
        let mut names =
            self.settings.split(|byte| *byte == 0).filter_map(|entry| entry.split(|byte| *byte == b'\n').next());
        names.any(|name| [&b"filter.lfs.smudge"[..], b"filter.lfs.process"].contains(&name))
    }

    /// Options of the git program.
    pub(super) fn options(&self) -> Vec<&OsStr> {
        if self.has_lfs() { Vec::new() } else { words(&["-c", SMUDGE, "-c", CLEAN]) }
    }

    /// Variables for the git program.
    pub(super) fn variables(&self) -> Option<Variable> {
        let stores: Vec<&OsStr> = self.stores.iter().map(|store| store.as_os_str()).collect();
        (!self.has_lfs()).then(|| (STORES.into(), Some(stores.join(OsStr::new("\n")))))
    }

    /// The files of Git LFS below `files` that hold their pointers, after what has come in the meantime was filled in. `run`
    /// runs git there.
    pub(super) fn pointers(
        &self,
        files: &Path,
        run: impl Fn(&[&OsStr]) -> Result<Vec<u8>, VcsError>,
    ) -> Result<Vec<PathBuf>, VcsError> {
        let listed = run(&words(&["ls-files", "-z", "--", ":(attr:filter=lfs)"]))?;
        let names = listed.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(path_of);
        let mut pointers = Vec::new();
        for path in names {
            let Some(object) = pointed_at(&files.join(&path)) else { continue };
            if self.stores.iter().any(|store| store.join(&object).is_file()) {
                // Git holds the file for unchanged as long as it is there.
                let _ = std::fs::remove_file(files.join(&path));
                run(&[&words(&["checkout-index", "--index", "--"])[..], &[path.as_os_str()]].concat())?;
                if pointed_at(&files.join(&path)).is_none() {
                    continue;
                }
            }
            pointers.push(path);
        }
        Ok(pointers)
    }
}

/// Where in a store the content lies that a file points at; `None` where the file is no pointer.
fn pointed_at(file: &Path) -> Option<PathBuf> {
    if !file.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut start = Vec::new();
    std::fs::File::open(file).ok()?.take(1024).read_to_end(&mut start).ok()?;
    let rest = String::from_utf8(start.strip_prefix(POINTER)?.to_vec()).ok()?;
    let id = rest.lines().find_map(|line| line.strip_prefix("oid sha256:"))?;
    let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| PathBuf::from(&id[..2]).join(&id[2..4]).join(id))
}
