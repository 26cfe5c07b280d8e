//! What says how code is generated and stands neither in a project nor in its options: variables, and cargo's configuration
//! in the folders above the project and in cargo's home.

use std::path::Path;

use toml::{Table, Value};

use super::around::{configuration_above, configuration_in};
use super::identity::short_hash;
use super::slot::cargo_home;
use crate::instrument::{Output, Spawn};

/// A short hash of all of it, for a project whose repository lies at `root`; empty where nothing is said.
pub fn settings_around(root: &Path) -> String {
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned())).filter(|(name, _)| says_how(name))
    });
    let mut said: Vec<String> = variables.map(|(name, value)| format!("{name}={value}")).collect();
    said.sort();
    let home = cargo_home();
    // The root of all folders alone lies above this one.
    let above = configuration_above(root, Path::new("/"), home.as_deref());
    said.extend(above.into_iter().chain(home.as_deref().and_then(configuration_in)).filter_map(generating));
    if said.is_empty() { String::new() } else { short_hash(&said.iter().map(String::as_bytes).collect::<Vec<_>>()) }
}

/// What the C compiler calls itself, with its version; empty where there is none.
pub fn c_compiler(directory: &Path) -> String {
    let program = std::env::var_os("CC").filter(|program| !program.is_empty()).unwrap_or_else(|| "cc".into());
    let mut spawn = Spawn::new(program, directory).args(["--version"]);
    spawn.stdout = Output::Keep;
    let said = spawn.run().ok().filter(|ended| ended.status.success()).map(|ended| ended.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).lines().next().unwrap_or_default().trim().to_owned()
}

/// Whether a variable of this name has a say in the code that compilers generate.
fn says_how(name: &str) -> bool {
    let of_target = || name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS");
    let of_c = || ["CFLAGS", "CXXFLAGS"].iter().any(|flags| name.starts_with(flags) || name.ends_with(flags));
    ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"].contains(&name)
        || name.starts_with("CARGO_PROFILE_")
        || of_target()
        || of_c()
}

/// What a configuration says of it, as text; `None` where that is nothing.
fn generating(mut configuration: Table) -> Option<String> {
    let keep_flags = |value: &mut Value| {
        value.as_table_mut().is_some_and(|table| {
            table.retain(|key, _| key == "rustflags");
            !table.is_empty()
        })
    };
    configuration.retain(|key, value| match key {
        "profile" | "env" => true,
        "build" => keep_flags(value),
        "target" => value.as_table_mut().is_some_and(|targets| {
            targets.retain(|_, target| keep_flags(target));
            !targets.is_empty()
        }),
        _ => false,
    });
    (!configuration.is_empty()).then(|| configuration.to_string())
}
