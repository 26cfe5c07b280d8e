//! Licences, bans and sources of what this package depends on, against `deny.toml`, the same list that `cargo deny`
//! reads where it is installed. It takes minutes to compile, and this takes a second.

use std::collections::BTreeSet;

use cargo_metadata::{Metadata, MetadataCommand};

struct Policy {
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
    registries: BTreeSet<String>,
}

impl Policy {
    fn read(text: &str) -> Self {
        let policy: toml::Table = text.parse().unwrap();
        let strings = |section: &str, key: &str| -> BTreeSet<String> {
            let list = policy[section][key].as_array().unwrap_or_else(|| panic!("{section}.{key} is a list"));
            list.iter().map(|entry| entry.as_str().expect("a string").to_owned()).collect()
        };
        Self {
            licences: strings("licenses", "allow"),
            banned: strings("bans", "deny"),
            registries: strings("sources", "allow-registry"),
        }
    }

    fn violations(&self, metadata: &Metadata) -> Vec<String> {
        let mut found = Vec::new();
        for package in &metadata.packages {
            let name = format!("{} {}", package.name, package.version);
            let Some(source) = &package.source else { continue };
            if !self.registries.iter().any(|registry| source.repr == format!("registry+{registry}")) {
                found.push(format!("{name}: comes from {source}"));
            }
            if self.banned.contains(package.name.as_str()) {
                found.push(format!("{name}: is banned"));
            }
            match &package.license {
                Some(licence) if allows(licence, &self.licences) => {}
                Some(licence) => found.push(format!("{name}: licence `{licence}` is not in the list")),
                None => found.push(format!("{name}: names no licence")),
            }
        }
        found
    }
}

#[test]
fn dependencies_keep_the_policy() {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .features(cargo_metadata::CargoOpt::AllFeatures)
        .other_options(["--locked".to_owned()])
        .exec()
        .unwrap();
    assert!(metadata.packages.len() > 1, "the dependencies were not found");
    let violations = Policy::read(include_str!("../../deny.toml")).violations(&metadata);
    assert!(violations.is_empty(), "against deny.toml:\n{}", violations.join("\n"));
}

/// Whether a licence expression can be met with allowed licences. `AND` binds closer than `OR`; `/` is the old `OR`.
fn allows(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest, allowed) && rest.is_empty()
}

fn either(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = both(rest, allowed);
    while let ["OR", tail @ ..] = *rest {
        *rest = tail;
        met |= both(rest, allowed);
    }
    met
}

fn both(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = one(rest, allowed);
    while let ["AND", tail @ ..] = *rest {
        *rest = tail;
        met &= one(rest, allowed);
    }
    met
}

fn one(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    match *rest {
        ["(", tail @ ..] => {
            *rest = tail;
            let met = either(rest, allowed);
            if let [")", tail @ ..] = *rest {
                *rest = tail;
            }
            met
        }
        [licence, "WITH", exception, tail @ ..] => {
            *rest = tail;
            allowed.contains(&format!("{licence} WITH {exception}"))
        }
        [licence, tail @ ..] => {
            *rest = tail;
            allowed.contains(*licence)
        }
        [] => false,
    }
}

#[test]
fn licence_expressions() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "Unicode-3.0".to_owned()]);
    for met in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND Unicode-3.0", "MIT OR A WITH B"] {
        assert!(allows(met, &allowed), "{met}");
    }
    for unmet in ["", "GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR MIT) AND ISC", "MIT WITH B", "MIT)", "GPL-3.0 OR"] {
        assert!(!allows(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn a_violation_is_named() {
    let metadata =
        MetadataCommand::new().manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).exec().unwrap();
    let policy =
        "[licenses]\nallow = []\n[bans]\ndeny = [\"clap\"]\n[sources]\nallow-registry = [\"https://example.org\"]";
    let found = Policy::read(policy).violations(&metadata);
    for part in [": is banned", ": comes from registry+", ": licence `"] {
        assert!(found.iter().any(|line| line.starts_with("clap ") && line.contains(part)), "{part} in {found:?}");
    }
}
