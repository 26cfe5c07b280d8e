//! What the program will understand one day, and refuses by name until then.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

const OPTIONS: [&str; 4] = ["--partition", "--affected", "--ci", "--hook"];
const COMMANDS: [&str; 3] = ["history", "bisect", "accept"];
const BASELINE_COMMANDS: [&str; 3] = ["prune", "push", "pull"];

/// The sentence for an argument of the full contract that this version cannot honour yet; `None` for any other error.
pub fn sentence(e: &clap::Error, given: &[OsString]) -> Option<String> {
    let context = match (e.kind(), e.get(ContextKind::InvalidArg), e.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(text)), _) => text.clone(),
        (ErrorKind::InvalidSubcommand, _, Some(ContextValue::String(text))) => format!("baseline {text}"),
        _ => return None,
    };
    let option = context.split('=').next().unwrap_or(&context);
    let baseline = context.strip_prefix("baseline ").is_some_and(|word| BASELINE_COMMANDS.contains(&word));
    let first = given.get(1).and_then(|word| word.to_str()).unwrap_or_default();
    let what = if OPTIONS.contains(&option) {
        option
    } else if baseline {
        &context
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
