//! What a project's manifest and the environment say of a build profile. Cargo's own configuration files are not read.

use std::path::Path;

/// Profiles inherit from each other, and never so often.
const DEEPEST: usize = 10;

/// What `profile` of the workspace at `root` has for `key`, as it stands there; `None` where nobody says anything.
pub fn profile_setting(root: &Path, profile: &str, key: &str) -> Option<String> {
    let manifest: toml::Table = std::fs::read_to_string(root.join("Cargo.toml")).ok()?.parse().ok()?;
    let mut name = profile.to_owned();
    for _ in 0..DEEPEST {
        let variable = format!("CARGO_PROFILE_{}_{}", name.replace('-', "_"), key.replace('-', "_")).to_uppercase();
        if let Ok(value) = std::env::var(variable) {
            return Some(value);
        }
        let own = manifest.get("profile").and_then(|profiles| profiles.get(&name));
        if let Some(value) = own.and_then(|own| own.get(key)) {
            return Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        name = match (name.as_str(), own.and_then(|own| own.get("inherits")).and_then(toml::Value::as_str)) {
            (_, Some(parent)) => parent.to_owned(),
            ("bench", None) => "release".to_owned(),
            ("test", None) => "dev".to_owned(),
            _ => return None,
        };
    }
    None
}
