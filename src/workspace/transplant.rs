//! What a manifest has to say for benches of another revision: their targets and the dependencies that benches alone have.
//! All else stays as it was: it decides what is measured.

use std::collections::BTreeSet;

use toml::{Table, Value};

/// The manifest `base` of a package with what `head` says of the bench targets `names`, and with head's dev-dependencies.
/// `None` where that changes nothing, or a manifest cannot be read.
pub fn manifest_with(base: &str, head: &str, names: &BTreeSet<&str>) -> Option<String> {
    let (old, head): (Table, Table) = (base.parse().ok()?, head.parse().ok()?);
    let mut new = old.clone();
    let named = |bench: &Value| bench.get("name").and_then(Value::as_str).is_some_and(|name| names.contains(name));
    let benches = |manifest: &Table| manifest.get("bench").and_then(Value::as_array).cloned().unwrap_or_default();
    let kept = benches(&old).into_iter().filter(|bench| !named(bench));
    let all: Vec<Value> = kept.chain(benches(&head).into_iter().filter(|bench| named(bench))).collect();
    if *all != *benches(&old) {
        new.insert("bench".to_owned(), all.into());
    }
    dev_dependencies(&mut new, &head);
    let platforms = |manifest: &Table| manifest.get("target").and_then(Value::as_table).cloned().unwrap_or_default();
    let mut wanted = platforms(&new);
    for name in platforms(&head).keys() {
        wanted.entry(name.clone()).or_insert_with(|| Table::new().into());
    }
    for (name, platform) in &mut wanted {
        let heads = platforms(&head).get(name).and_then(Value::as_table).cloned().unwrap_or_default();
        if let Some(platform) = platform.as_table_mut() {
            dev_dependencies(platform, &heads);
        }
    }
    wanted.retain(|name, platform| {
        platforms(&old).contains_key(name) || platform.as_table().is_some_and(|t| !t.is_empty())
    });
    if wanted != platforms(&old) {
        new.insert("target".to_owned(), wanted.into());
    }
    changed(&old, &new)
}

fn dev_dependencies(table: &mut Table, head: &Table) {
    const OLD: &str = "dev_dependencies";
    const NAME: &str = "dev-dependencies";
    let of = |table: &Table| table.get(NAME).or_else(|| table.get(OLD)).cloned();
    if of(table) != of(head) {
        table.remove(NAME);
        table.remove(OLD);
        table.extend(of(head).map(|dependencies| (NAME.to_owned(), dependencies)));
    }
}

/// The manifest `base` of a workspace with those dependencies that members can take over from `head` alone.
pub fn root_with(base: &str, head: &str) -> Option<String> {
    let (old, head): (Table, Table) = (base.parse().ok()?, head.parse().ok()?);
    let heads = head.get("workspace")?.get("dependencies")?.as_table()?;
    let mut new = old.clone();
    let workspace = new.get_mut("workspace")?.as_table_mut()?;
    let own = workspace.entry("dependencies").or_insert_with(|| Table::new().into()).as_table_mut()?;
    for (name, dependency) in heads {
        own.entry(name.clone()).or_insert_with(|| dependency.clone());
    }
    changed(&old, &new)
}

/// The lock file `base` with the packages of `head` whose names it does not know: cargo prefers these versions where it
/// needs the packages, and leaves base's own as they are.
pub fn lock_with(base: &str, head: &str) -> Option<String> {
    let (old, head): (Table, Table) = (base.parse().ok()?, head.parse().ok()?);
    let name = |package: &Value| package.get("name").and_then(Value::as_str).map(str::to_owned);
    let mut new = old.clone();
    let packages = new.get_mut("package")?.as_array_mut()?;
    let known: BTreeSet<String> = packages.iter().filter_map(name).collect();
    let others = head.get("package")?.as_array()?.iter();
    packages.extend(others.filter(|package| name(package).is_some_and(|name| !known.contains(&name))).cloned());
    changed(&old, &new)
}

fn changed(old: &Table, new: &Table) -> Option<String> {
    (old != new).then(|| toml::to_string(new).ok()).flatten()
}
