//! The README's table of exit codes is the program's.

use cargo_perfgate::model::ExitCode;

#[test]
fn the_readme_has_the_table() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("\n## Exit codes\n").expect("a section \"Exit codes\"");
    let rows: Vec<(String, String)> = section
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix('|')?.strip_suffix('|')?.split_once('|'))
        .map(|(code, meaning)| (code.trim().to_owned(), meaning.trim().to_owned()))
        .skip(2)
        .collect();
    let codes: Vec<(String, String)> =
        ExitCode::ALL.iter().map(|code| (code.code().to_string(), code.meaning().to_owned())).collect();
    assert_eq!(rows, codes);
}
