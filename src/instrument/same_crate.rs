//! A crate of the workspace is the same crate on both sides, whatever its version is.
//!
//! Cargo tells rustc by `-C metadata` which crates are different ones of the same name, and what it tells follows from the
//! package's version, from the versions of all that it depends on, and more. From there it goes into the names of all
//! functions, and by these rustc sorts them: another version alone has it inline others. Of one crate, with nothing changed
//! but `version`, benchmarks were slower by 8 %, or faster, in every layout. So both sides are told the same: what sets the
//! crates of one build apart, and nothing besides.

use std::ffi::OsString;

use sha2::{Digest, Sha256};

use crate::model::hexadecimal;

/// Options whose values set apart crates of one name within a build.
const APART: [&str; 4] = ["--crate-name", "--crate-type", "--cfg", "--target"];
/// What is told by `-C` that does not: it follows from versions and folders.
const BESIDE: [&str; 5] = ["metadata=", "extra-filename=", "incremental=", "linker=", "link-arg"];

/// Replaces what rustc is told of a crate's identity, where these are arguments that have it.
pub fn same_on_both_sides(arguments: &mut [OsString]) {
    let Some(at) = arguments.windows(2).position(|pair| pair[0] == "-C" && starts(&pair[1], "metadata=")) else {
        return;
    };
    let identity = identity(arguments);
    arguments[at + 1] = format!("metadata={identity}").into();
}

fn identity(arguments: &[OsString]) -> String {
    let mut hash = Sha256::new();
    let mut add = |what: &str, value: &OsString| {
        let value = value.as_encoded_bytes();
        hash.update(what);
        hash.update((value.len() as u64).to_le_bytes());
        hash.update(value);
    };
    for pair in arguments.windows(2) {
        let (option, value) = (pair[0].to_str().unwrap_or_default(), &pair[1]);
        let is_apart = match option {
            "-C" => !BESIDE.iter().any(|beside| starts(value, beside)),
            _ => APART.contains(&option),
        };
        if is_apart {
            add(option, value);
        }
    }
    for argument in arguments.iter().filter(|argument| *argument == "--test" || is_source(argument)) {
        add("", argument);
    }
    hexadecimal(&hash.finalize()[..8])
}

fn starts(argument: &OsString, with: &str) -> bool {
    argument.as_encoded_bytes().starts_with(with.as_bytes())
}

fn is_source(argument: &OsString) -> bool {
    argument.as_encoded_bytes().ends_with(b".rs")
}
