//! Recorded links, repeated.

use std::fs;
use std::path::{Path, PathBuf};

use super::process::{Output, Spawn};
use super::record::{ARGUMENTS, HERE, Link, OBJECTS, surroundings};

/// Arguments that take the names of functions out of a program; mold 1 does so where debug information alone is meant.
const STRIPPING: [&str; 5] = ["-s", "-Wl,-s", "-Wl,--strip-all", "-Wl,-S", "-Wl,--strip-debug"];

/// The recorded link of one executable: a folder in `<folder>/<target directory>/<records>/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relink {
    record: PathBuf,
}

/// A way in which a link is repeated.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Changes<'a> {
    /// Added at the end.
    pub arguments: &'a [String],
    /// The objects in another order; empty: as they were.
    pub objects: &'a [String],
    /// The names of functions are kept, whatever was asked for.
    pub names: bool,
}

impl Relink {
    /// The record in this folder, if there is one.
    pub fn open(record: PathBuf) -> Option<Self> {
        record.join(ARGUMENTS).is_file().then_some(Self { record })
    }

    /// Links the program again, into `output`. Fails where the link does, in one line.
    pub fn repeat(&self, output: &Path) -> Result<(), String> {
        self.repeat_with(output, Changes::default()).map(drop)
    }

    /// The objects and archives that the linker was given.
    pub fn inputs(&self) -> Result<Vec<PathBuf>, String> {
        let link = self.link()?;
        let here = surroundings(&self.record).to_string_lossy();
        let directory = PathBuf::from(link.directory.replace(HERE, &here));
        let paths = link.arguments.iter().filter(|argument| !argument.starts_with('-') && **argument != link.output);
        let paths = paths.map(|argument| directory.join(argument.replace(HERE, &here)));
        let is_input = |path: &PathBuf| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension.is_some_and(|extension| ["o", "rlib", "a"].contains(&extension))
        };
        Ok(paths.filter(is_input).collect())
    }

    /// All that the linker was told besides, and which linker that was. Independent of where the link was recorded.
    pub fn options(&self) -> Result<Vec<String>, String> {
        let link = self.link()?;
        let arguments = link.arguments.into_iter().filter(|argument| argument.starts_with('-'));
        Ok(std::iter::once(link.linker).chain(arguments).collect())
    }

    /// The objects of the program's own crate, as [`Changes::objects`] names them.
    pub(super) fn objects(&self) -> Result<Vec<String>, String> {
        Ok(self.link()?.arguments.iter().filter_map(|argument| self.object(argument)).collect())
    }

    /// The name of an argument that is such an object.
    fn object(&self, argument: &str) -> Option<String> {
        let path = Path::new(argument);
        let here = path.parent()?.ends_with(Path::new(self.record.file_name()?).join(OBJECTS));
        (here && path.extension()? == "o").then(|| Some(path.file_name()?.to_str()?.to_owned()))?
    }

    /// Links the program again with changes; gives what the linker wrote to its standard output.
    pub(super) fn repeat_with(&self, output: &Path, changes: Changes<'_>) -> Result<String, String> {
        let link = self.link()?;
        let here = surroundings(&self.record).to_string_lossy();
        let output = output.to_string_lossy();
        let mut objects = changes.objects.iter();
        let arguments =
            link.arguments.iter().filter(|argument| !changes.names || !STRIPPING.contains(&argument.as_str()));
        let arguments = arguments.map(|argument| {
            let argument = if *argument == link.output { output.to_string() } else { argument.replace(HERE, &here) };
            match self.object(&argument).and_then(|_| objects.next()) {
                Some(other) => Path::new(&argument).with_file_name(other).to_string_lossy().into_owned(),
                None => argument,
            }
        });
        let directory = PathBuf::from(link.directory.replace(HERE, &here));
        let mut spawn = Spawn::new(&link.linker, &directory).args(arguments).args(changes.arguments.iter().cloned());
        spawn.stdout = Output::Keep;
        let ended = spawn.run().map_err(|e| e.to_string())?;
        if ended.status.success() {
            return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
        }
        let line = ended
            .stderr
            .lines()
            .find(|line| ["error", "unrecognized", "unknown"].iter().any(|word| line.contains(word)));
        Err(line.or(ended.stderr.lines().next()).unwrap_or("the linker failed").to_owned())
    }

    fn link(&self) -> Result<Link, String> {
        let record = fs::read(self.record.join(ARGUMENTS)).map_err(|e| e.to_string())?;
        serde_json::from_slice(&record).map_err(|e| e.to_string())
    }
}
