//! What the program will understand one day, and refuses by name until then.

use std::ffi::OsString;

use clap::error::ErrorKind;

use super::args::Arguments;

const COMMANDS: &[&str] = &[
    "history",
    "bisect",
    #[cfg(not(feature = "forge"))]
    "comment",
];

/// The sentence for an argument of the full contract that this version cannot honour yet; `None` for any other error.
pub fn sentence(e: &clap::Error, given: &[OsString]) -> Option<String> {
    if e.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let first = given.get(1).and_then(|word| word.to_str()).filter(|word| is_command(word))?;
    Some(format!("`{first}` is not supported by this version of cargo-perfgate"))
}

/// The sentence for a command to come that clap takes for a filter.
pub fn command(arguments: &Arguments) -> Option<String> {
    let word = arguments.filter_alone().filter(|word| is_command(word))?;
    Some(format!(
        "`{word}` is not supported by this version of cargo-perfgate\nhelp: if a filter is meant: cargo perfgate check {word}"
    ))
}

fn is_command(word: &str) -> bool {
    COMMANDS.contains(&word)
}
