//! What the README promises of the repository around it.

use std::path::Path;

/// The lines of the fenced blocks that open with `fence`.
fn blocks(fence: &str) -> Vec<&'static str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in include_str!("../../README.md").lines() {
        match (inside, line) {
            (false, line) => inside = line == fence,
            (true, "```") => inside = false,
            (true, line) => lines.push(line),
        }
    }
    lines
}

/// `.ci/run` runs the command of this block, whatever it is.
#[test]
fn one_command_runs_the_tests() {
    assert_eq!(blocks("```sh tests"), ["cargo nextest run"]);
}

#[test]
fn the_first_command_names_a_project_that_exists() {
    let commands = blocks("```sh try");
    let [command] = commands[..] else { panic!("one command, not {commands:?}") };
    let words: Vec<&str> = command.split_whitespace().collect();
    let manifest = words.iter().skip_while(|word| **word != "--manifest-path").nth(1).expect("--manifest-path");
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest).is_file(), "{manifest} does not exist");
}

#[test]
fn the_configuration_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("perfgate.toml");
    std::fs::write(&file, blocks("```toml").join("\n")).unwrap();
    if let Err(error) = cargo_perfgate::config::load(folder.path(), Some(&file), &Default::default()) {
        panic!("{}", error.render(false));
    }
}
