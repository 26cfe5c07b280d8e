//! Finding and reading the file itself.

use std::fs;
use std::path::Path;

use cargo_perfgate::config::{Config, ConfigError, Overrides};
use snapbox::{assert_data_eq, str};
use tempfile::TempDir;

fn load(root: &Path, explicit: Option<&Path>) -> Result<Config, ConfigError> {
    cargo_perfgate::config::load(root, explicit, &Overrides::default())
}

/// A workspace with `bytes` at `path`.
fn workspace(path: &str, bytes: &[u8]) -> TempDir {
    let root = tempfile::tempdir().expect("a directory");
    let file = root.path().join(path);
    fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
    fs::write(file, bytes).expect("a file");
    root
}

fn refused(root: &Path, explicit: Option<&Path>) -> String {
    load(root, explicit).expect_err("this file is wrong").to_string()
}

#[test]
fn no_file_gives_the_defaults() {
    let root = tempfile::tempdir().expect("a directory");
    let config = load(root.path(), None).expect("defaults");
    assert_eq!(config.policy.file, None);
    assert_eq!(config.policy.wall_time.max_regression, 0.05);
    assert!(config.unmatched(&[]).is_none());
}

#[test]
fn the_default_file_is_found() {
    let root = workspace(".config/perfgate.toml", b"gate.max-regression = '9%'");
    let config = load(root.path(), None).expect("valid");
    assert_eq!(config.policy.file.as_deref(), Some(".config/perfgate.toml"));
    assert_eq!(config.policy.wall_time.max_regression, 0.09);
}

#[test]
fn an_explicit_file_wins_and_is_named_relative_to_the_workspace() {
    let root = workspace("ci/strict.toml", b"gate.max-regression = '1%'");
    let config = load(root.path(), Some(&root.path().join("ci/strict.toml"))).expect("valid");
    assert_eq!(config.policy.file.as_deref(), Some("ci/strict.toml"));
    assert_eq!(config.policy.wall_time.max_regression, 0.01);

    let elsewhere = tempfile::tempdir().expect("a directory");
    let config = load(elsewhere.path(), Some(&root.path().join("ci/strict.toml"))).expect("valid");
    assert!(config.policy.file.expect("a file").ends_with("ci/strict.toml"));
}

#[test]
fn an_explicit_file_that_is_missing() {
    let root = tempfile::tempdir().expect("a directory");
    assert_data_eq!(
        refused(root.path(), Some(&root.path().join("ci/perfgate.toml"))),
        str![[r#"
error: could not read the configuration file `ci/perfgate.toml`: there is no such file
help: correct the path after `--config`, or leave it out to use `.config/perfgate.toml` or the defaults
"#]]
    );
}

#[cfg(unix)]
#[test]
fn a_directory_in_the_place_of_the_file() {
    let root = workspace(".config/perfgate.toml/x", b"");
    assert_data_eq!(
        refused(root.path(), None),
        str![[r#"
error: could not read the configuration file `.config/perfgate.toml`: it is a directory
help: put the file there, or name another with `--config`
"#]]
    );
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_no_absence() {
    let root = workspace(".config/other.toml", b"");
    std::os::unix::fs::symlink("missing.toml", root.path().join(".config/perfgate.toml")).expect("a link");
    assert!(refused(root.path(), None).contains("there is no such file"));
}

#[test]
fn a_file_in_the_place_of_the_folder_gives_the_defaults() {
    let root = workspace(".config", b"");
    assert_eq!(load(root.path(), None).expect("defaults").policy.file, None);
}

#[test]
fn a_byte_order_mark_is_accepted_and_counts_for_no_column() {
    let root = workspace(".config/perfgate.toml", b"\xef\xbb\xbfgate.max-regression = '9%'\r\n");
    assert_eq!(load(root.path(), None).expect("valid").policy.wall_time.max_regression, 0.09);

    let root = workspace(".config/perfgate.toml", b"\xef\xbb\xbfgat = 1\r\n");
    assert_data_eq!(
        refused(root.path(), None),
        str![[r#"
error: unknown key `gat`
 --> .config/perfgate.toml:1:1
  |
1 | gat = 1
  | ^^^ did you mean `gate`?
"#]]
    );
}

#[test]
fn other_encodings() {
    let root = workspace(".config/perfgate.toml", b"[gate]\n# Pr\xfcfung\n");
    assert_data_eq!(
        refused(root.path(), None),
        str![[r#"
error: `.config/perfgate.toml` is not UTF-8: byte 11, in line 2, is 0xfc
help: save it as UTF-8
"#]]
    );
    let root = workspace(".config/perfgate.toml", b"\xff\xfe[\0g\0");
    assert_data_eq!(
        refused(root.path(), None),
        str![[r#"
error: `.config/perfgate.toml` is not UTF-8: byte 0, in line 1, is 0xff
help: it looks like UTF-16; save it as UTF-8
"#]]
    );
}

#[test]
fn a_huge_file() {
    let mut bytes = vec![b'#'; 10 * 1024 * 1024];
    let root = workspace("big.toml", &bytes);
    assert!(load(root.path(), Some(&root.path().join("big.toml"))).is_ok(), "just the limit");
    bytes.push(b'#');
    let root = workspace("big.toml", &bytes);
    assert_data_eq!(
        refused(root.path(), Some(&root.path().join("big.toml"))),
        str![[r#"
error: `big.toml` is larger than 10 MB
help: is it a configuration file?
"#]]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_end() {
    let root = tempfile::tempdir().expect("a directory");
    assert!(refused(root.path(), Some(Path::new("/dev/zero"))).contains("larger than 10 MB"));
}
