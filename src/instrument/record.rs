//! Links recorded while cargo builds, so that they can be repeated with the code in another order.
//!
//! The order in which the linker lays out functions makes code faster or slower that nobody touched, by more than most
//! limits, and neither samples nor copies remove that. So each process gets a layout of its own: what was a bias becomes
//! noise. Cargo is given this program as the wrapper of rustc for the workspace's own crates; as such it names itself as
//! the linker of programs, and as the linker it calls the real one and keeps what the link needs. Cargo's fingerprints
//! of dependencies, the user's flags and his linker stay as they are.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use super::process::become_program;
use super::same_crate::same_on_both_sides;

/// Set for builds whose links are to be recorded: the folder for the records.
pub const RECORDS: &str = "PERFGATE_LINK_RECORDS";
/// Folder among the records in which this program has the names of linkers.
const ALIASES: &str = "linkers";
/// The user's own wrapper of workspace crates.
pub const CHAINED: &str = "PERFGATE_CHAINED_WRAPPER";
/// Arguments of a recorded link.
pub(super) const ARGUMENTS: &str = "link.json";
pub(super) const OBJECTS: &str = "objects";
const TEMPORARY: &str = "temporary";

/// One link as it was done.
#[derive(Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) linker: String,
    pub(super) directory: String,
    pub(super) arguments: Vec<String>,
    /// What the arguments call the output.
    pub(super) output: String,
}

/// Stands in records for the folder that the target directory lies in: a record is copied with its folder, and must not
/// lead back to what it was copied from.
pub(super) const HERE: &str = "{here}";

/// The name under which the link of an executable is recorded.
pub fn record_name(executable: &Path) -> &OsStr {
    executable.file_name().unwrap_or_default()
}

/// Acts as rustc's wrapper or as the linker where this process was started as one of them; `None` where it was not.
pub fn act_as_wrapper() -> Option<ExitCode> {
    let records = PathBuf::from(std::env::var_os(RECORDS)?);
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let code = match aliased(&records) {
        Some(linker) => link(&linker, &arguments, &records),
        None => compile(arguments, &records),
    };
    Some(code)
}

/// rustc's wrapper: the first argument is rustc. Becomes rustc, or the user's own wrapper of it.
fn compile(mut arguments: Vec<OsString>, records: &Path) -> ExitCode {
    if arguments.is_empty() {
        return ExitCode::from(2);
    }
    same_on_both_sides(&mut arguments);
    if let Some(linker) = linker_of(&arguments)
        && let Ok(alias) = alias(&linker, records)
    {
        let mut option = OsString::from("linker=");
        option.push(alias);
        arguments.extend(["-C".into(), option]);
    }
    if let Some(chained) = std::env::var_os(CHAINED) {
        arguments.insert(0, chained);
    }
    let program = arguments.remove(0);
    failed(&program, &become_program(&program, &arguments, &[]))
}

/// This program under the name of the real linker, by which rustc tells what arguments a linker takes.
fn alias(linker: &str, records: &Path) -> io::Result<PathBuf> {
    let folder = records.join(ALIASES).join(linker.replace(['/', '\\'], "+"));
    let alias = folder.join(Path::new(linker).file_name().unwrap_or_default());
    fs::create_dir_all(&folder)?;
    let own = std::env::current_exe()?;
    if fs::read_link(&alias).is_ok_and(|target| target == own) {
        return Ok(alias);
    }
    let _ = fs::remove_file(&alias);
    #[cfg(unix)]
    match std::os::unix::fs::symlink(own, &alias) {
        // Another rustc of the same build was quicker.
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    Ok(alias)
}

/// The real linker, where this process was started under its name.
fn aliased(records: &Path) -> Option<OsString> {
    let started_as = PathBuf::from(std::env::args_os().next()?);
    let folder = started_as.parent()?;
    (folder.parent()? == records.join(ALIASES))
        .then(|| folder.file_name().map(|name| name.to_string_lossy().replace('+', "/").into()))?
}

/// The linker of a call of rustc that makes a program for this system; `None` where another linker's manner would be
/// needed, or nothing is linked.
fn linker_of(arguments: &[OsString]) -> Option<String> {
    let texts: Vec<&str> = arguments.iter().map(|argument| argument.to_str()).collect::<Option<_>>()?;
    let links = texts.iter().any(|text| text.starts_with("--emit=") && text.contains("link"));
    // A bench without the standard harness is compiled with neither `--test` nor a crate type: a program by default.
    let mut kinds = texts.windows(2).filter(|pair| pair[0] == "--crate-type").map(|pair| pair[1]);
    let foreign = |triple: &str| !triple.contains("-linux-");
    let crossed = texts.windows(2).any(|pair| pair[0] == "--target" && foreign(pair[1]))
        || texts.iter().any(|text| text.strip_prefix("--target=").is_some_and(foreign));
    let program = links && !crossed && (texts.contains(&"--test") || kinds.all(|kind| kind == "bin"));
    let options = || {
        let apart = texts.windows(2).filter(|pair| pair[0] == "-C").map(|pair| pair[1]);
        apart.chain(texts.iter().filter_map(|text| text.strip_prefix("-C").filter(|rest| !rest.is_empty())))
    };
    if !cfg!(target_os = "linux") || !program || options().any(|option| option.starts_with("linker-flavor=")) {
        return None;
    }
    let named = options().filter_map(|option| option.strip_prefix("linker=")).next_back().unwrap_or("cc");
    let stem = Path::new(named).file_stem()?.to_str()?;
    // These rustc takes for linkers themselves, by their names; all others for drivers of a C compiler's manner.
    let itself = ["ld", "link", "em++", "emcc"].contains(&stem) || stem.ends_with("-ld") || stem.ends_with("-linker");
    (!itself && !stem.contains("lld")).then(|| named.to_owned())
}

/// The linker: keeps what the link needs, because rustc removes it afterwards, and becomes the real linker. A record that
/// cannot be kept is no failure of the build.
fn link(linker: &OsStr, arguments: &[OsString], records: &Path) -> ExitCode {
    let _ = std::env::current_dir().and_then(|directory| record(linker, arguments, &directory, records));
    failed(linker, &become_program(linker, arguments, &[]))
}

fn failed(program: &OsStr, e: &io::Error) -> ExitCode {
    // What the user must learn here reaches him as cargo's report of rustc's errors.
    let _ = std::io::Write::write_all(&mut io::stderr(), format!("error: could not run {program:?}: {e}\n").as_bytes());
    ExitCode::from(101)
}

fn record(linker: &OsStr, arguments: &[OsString], directory: &Path, records: &Path) -> io::Result<()> {
    let texts: Option<Vec<String>> = arguments.iter().map(|argument| argument.to_str().map(str::to_owned)).collect();
    let (Some(mut texts), Some(linker)) = (texts, linker.to_str()) else { return Ok(()) };
    let output = texts.windows(2).find(|pair| pair[0] == "-o").map(|pair| pair[1].clone());
    let Some(output) = output else { return Ok(()) };
    let folder = records.join(record_name(Path::new(&output)));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    // A response file would have to be read as the linker reads it.
    if texts.iter().any(|text| text.starts_with('@')) {
        return Ok(());
    }
    fs::create_dir_all(folder.join(OBJECTS))?;
    // rustc's own temporary folder: the list of symbols and what else it made for this link.
    let symbols = texts.iter().find(|text| text.ends_with("symbols.o"));
    if let Some(temporary) = symbols.and_then(|path| Path::new(path).parent()).filter(|path| path.is_absolute()) {
        let kept = folder.join(TEMPORARY);
        fs::create_dir_all(&kept)?;
        for entry in fs::read_dir(temporary)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), kept.join(entry.file_name()))?;
            }
        }
        if let (Some(from), Some(to)) = (temporary.to_str().map(str::to_owned), kept.to_str()) {
            texts = texts.into_iter().map(|text| text.replace(&from, to)).collect();
        }
    }
    for (i, text) in texts.iter_mut().enumerate() {
        let path = Path::new(text.as_str());
        let Some(extension) = path.extension().and_then(|extension| extension.to_str()) else { continue };
        if (extension == "o" || is_temporary(path)) && !path.starts_with(&folder) && path.is_file() {
            let kept = folder.join(OBJECTS).join(format!("{i}.{extension}"));
            // A second name for the same file costs nothing and outlives the first.
            fs::hard_link(path, &kept).or_else(|_| fs::copy(path, &kept).map(drop))?;
            *text = kept.to_string_lossy().into_owned();
        }
    }
    // rustc names some files by the path that it was shown, others by where they really are.
    let shown = surroundings(&folder).to_owned();
    let real = shown.canonicalize()?;
    let relative = |text: &str| {
        [&shown, &real].iter().fold(text.to_owned(), |text, path| text.replace(&*path.to_string_lossy(), HERE))
    };
    let link = Link {
        linker: linker.to_owned(),
        directory: relative(&directory.to_string_lossy()),
        arguments: texts.iter().map(|text| relative(text)).collect(),
        output: relative(&output),
    };
    fs::write(folder.join(ARGUMENTS), serde_json::to_vec(&link)?)?;
    Ok(())
}

/// Whether a file lies in a folder that rustc makes for the time of a link: libraries without the objects that
/// optimisation across crates has taken in lie there.
fn is_temporary(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    folder.and_then(|name| name.strip_prefix("rustc")).is_some_and(|random| random.len() == 6)
}

/// The folder that the target directory of a record lies in.
pub(super) fn surroundings(record: &Path) -> &Path {
    record.ancestors().nth(3).unwrap_or(record)
}
