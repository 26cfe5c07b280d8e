//! What lies around a repository and matters to cargo: configuration in the folders above it, and paths that lead out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use toml::{Table, Value};

/// The configuration of the folders above `root` as cargo merges it, for a check-out in `folder`, where cargo would not
/// find it. What is relative in it is made absolute. `None` where there is none.
///
/// <https://doc.rust-lang.org/cargo/reference/config.html#hierarchical-structure>
pub(super) fn configuration_above(root: &Path, folder: &Path, cargo_home: Option<&Path>) -> Option<Table> {
    let mut merged: Option<Table> = None;
    for above in lost(root, folder).filter(|above| Some(&*above.join(".cargo")) != cargo_home) {
        // What cannot be read, cargo complained of when it was asked for the packages of the work tree.
        let Some(mut own) = configuration_in(&above.join(".cargo")) else { continue };
        make_absolute(&mut own, above);
        match &mut merged {
            None => merged = Some(own),
            Some(nearer) => merge(nearer, own),
        }
    }
    merged
}

/// What cargo has to be told of the folders that its configuration in the tree names as sources: where it is shown them, as
/// `KEY=VALUE`. The tree lies in `files` and is shown at `shown`; cargo runs in its folder `inside`. It finds the
/// configuration by the real path of that, which differs from side to side: with that in panics, equal sources would not give
/// equal executables.
pub fn sources_as_shown(files: &Path, shown: &Path, inside: &Path) -> Vec<String> {
    let mut told = BTreeMap::new();
    for above in inside.ancestors() {
        let own = configuration_in(&files.join(above).join(".cargo"));
        let sources = own.as_ref().and_then(|own| own.get("source")?.as_table()).into_iter().flatten();
        for (name, source) in sources {
            for kind in ["directory", "local-registry"] {
                if let Some(text) =
                    source.get(kind).and_then(Value::as_str).filter(|text| Path::new(text).is_relative())
                {
                    let key = format!("source.{}.{kind}", Value::from(name.as_str()));
                    // The nearest holds.
                    told.entry(key).or_insert_with(|| Value::from(joined(&shown.join(above), text)));
                }
            }
        }
    }
    told.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
}

/// The configuration that stands in a `.cargo` folder, or in cargo's home.
pub(super) fn configuration_in(folder: &Path) -> Option<Table> {
    ["config", "config.toml"].iter().find_map(|name| read(&folder.join(name)))
}

/// The toolchain file that holds in `root` by lying above it, the nearest.
pub(super) fn toolchain_above(root: &Path, folder: &Path) -> Option<PathBuf> {
    let in_folder =
        |above: &Path| super::TOOLCHAIN_FILES.map(|name| above.join(name)).into_iter().find(|p| p.is_file());
    lost(root, folder).find_map(in_folder)
}

/// A file of TOML; `None` where it is none, or cannot be read.
pub(super) fn read(path: &Path) -> Option<Table> {
    fs::read_to_string(path).ok()?.parse().ok()
}

/// The folders above `root` that do not lie above `folder`, the nearest first.
fn lost<'r>(root: &'r Path, folder: &Path) -> impl Iterator<Item = &'r Path> + use<'r> {
    let folder = folder.canonicalize().unwrap_or(folder.to_owned());
    root.ancestors().skip(1).filter(move |above| !folder.starts_with(above))
}

/// Lays what is farther under what is nearer: tables key by key, lists one after the other.
fn merge(nearer: &mut Table, farther: Table) {
    for (key, value) in farther {
        match (nearer.get_mut(&key), value) {
            (None, value) => {
                nearer.insert(key, value);
            }
            (Some(Value::Table(nearer)), Value::Table(farther)) => merge(nearer, farther),
            // The later item wins, except in lists that are a program and its arguments.
            (Some(Value::Array(nearer)), Value::Array(farther)) if !COMMANDS.contains(&key.as_str()) => {
                nearer.splice(0..0, farther);
            }
            (Some(_), _) => {}
        }
    }
}

const COMMANDS: [&str; 3] = ["runner", "credential-provider", "browser"];

/// Makes absolute what cargo takes relative to the folder that `.cargo` lies in.
fn make_absolute(configuration: &mut Table, folder: &Path) {
    for (key, value) in configuration.iter_mut() {
        walk(value, &mut vec![key.clone()], folder);
    }
}

fn walk(value: &mut Value, path: &mut Vec<String>, folder: &Path) {
    let inner: Vec<(String, &mut Value)> = match value {
        Value::Table(table) => {
            let is_path = path.len() == 2 && path[0] == "env" && table.get("relative") == Some(&Value::Boolean(true));
            if let Some(Value::String(text)) = table.get_mut("value").filter(|_| is_path) {
                *text = joined(folder, text);
            }
            table.iter_mut().map(|(key, value)| (key.clone(), value)).collect()
        }
        // An item stands for its list; of a command the first is the program.
        Value::Array(items) => {
            let is_command = path.last().is_some_and(|key| COMMANDS.contains(&key.as_str()));
            let items = items.iter_mut().take(if is_command { 1 } else { usize::MAX });
            items.map(|value| (String::new(), value)).collect()
        }
        Value::String(text) => {
            let keys: Vec<&str> = path.iter().map(String::as_str).filter(|key| !key.is_empty()).collect();
            if is_path(&keys, text) {
                *text = joined(folder, text);
            }
            return;
        }
        _ => return,
    };
    for (key, value) in inner {
        path.push(key);
        walk(value, path, folder);
        path.pop();
    }
}

/// Whether cargo takes `text` under `keys` for a path relative to the configuration. Programs without a slash are looked up.
fn is_path(keys: &[&str], text: &str) -> bool {
    match keys {
        ["paths"]
        | ["build", "target-dir" | "build-dir" | "dep-info-basedir"]
        | ["source", _, "directory" | "local-registry"]
        | ["http", "cainfo" | "proxy-cainfo"]
        | ["install", "root"]
        | ["patch", _, _, "path"] => true,
        ["build", "target"] => text.ends_with(".json"),
        ["build", "rustc" | "rustdoc" | "rustc-wrapper" | "rustc-workspace-wrapper"]
        | ["target", _, "linker" | "runner"]
        | ["host", .., "linker" | "runner"] => text.contains(['/', std::path::MAIN_SEPARATOR]),
        _ => false,
    }
}

fn joined(folder: &Path, text: &str) -> String {
    folder.join(text).to_string_lossy().into_owned()
}

/// Where the packages of `manifests` and those that they lead to reach out of `root` by relative or other paths: names
/// beside `root` first, then what lies farther away.
pub(super) fn outside(manifests: impl Iterator<Item = PathBuf>, root: &Path) -> (Vec<String>, Vec<PathBuf>) {
    let mut open: Vec<PathBuf> = manifests.collect();
    let (mut seen, mut beside, mut farther) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    while let Some(manifest) = open.pop() {
        if !seen.insert(manifest.clone()) {
            continue;
        }
        let Some(table) = read(&manifest) else { continue };
        let mut named = Vec::new();
        paths_in(&Value::Table(table), &mut named);
        let folder = manifest.parent().unwrap_or(root);
        let led_to = named.iter().map(|path| normal(&folder.join(path))).chain([folder.to_owned()]);
        for path in led_to.filter(|path| !path.starts_with(root)) {
            let name = root.parent().and_then(|parent| path.strip_prefix(parent).ok()?.components().next());
            match name {
                Some(name) => beside.insert(name.as_os_str().to_string_lossy().into_owned()),
                None => farther.insert(path.clone()),
            };
            open.push(path.join("Cargo.toml"));
        }
    }
    (beside.into_iter().collect(), farther.into_iter().collect())
}

/// All that stands under a key `path`: dependencies, patches, targets.
fn paths_in(value: &Value, found: &mut Vec<PathBuf>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                match value {
                    Value::String(path) if key == "path" => found.push(path.into()),
                    value => paths_in(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths_in(item, found)),
        _ => {}
    }
}

/// The path without `.` and `..`, as cargo reads it: by its text.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}
