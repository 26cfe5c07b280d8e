//! What the program will understand one day, and refuses by name until then.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

const COMMANDS: &[&str] = &[
    "history",
    "profile",
    "bisect",
    #[cfg(not(feature = "forge"))]
    "comment",
];

/// The sentence for an argument of the full contract that this version cannot honour yet; `None` for any other error.
pub fn sentence(e: &clap::Error, given: &[OsString]) -> Option<String> {
    let context = match (e.kind(), e.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(text))) => text.clone(),
        _ => return None,
    };
    let option = context.split('=').next().unwrap_or(&context);
    let first = given.get(1).and_then(|word| word.to_str()).unwrap_or_default();
    let what = if OPTIONS.contains(&option) {
        option
    } else if COMMANDS.contains(&first) {
        first
    } else {
        return None;
    };
    Some(format!("`{what}` is not supported by this version of cargo-perfgate"))
}

/// Whether a word that clap would take for a filter is the name of a command to come.
pub fn is_command(word: &str) -> bool {
    COMMANDS.contains(&word)
}
