//! What `profile` prints, and the pictures that it and `explain` draw.

use std::collections::BTreeMap;

use cargo_perfgate::model::{BenchmarkId, Hot, HotFunction, Hotspots, LineCost, Subject};
use cargo_perfgate::profile::{Stacks, crate_and_module};
use cargo_perfgate::report::{flamegraph, hotspots, json};

fn function(name: &str, own: u64, place: Option<(&str, u32)>) -> HotFunction {
    let of = crate_and_module(name);
    HotFunction {
        function: name.to_owned(),
        crate_name: of.map(|(name, _)| name.to_owned()),
        module: of.map(|(_, module)| module.to_owned()),
        object: "text".to_owned(),
        own,
        inclusive: own,
        calls: 1,
        share: own as f64 / 1000.0,
        place: place.map(|(file, line)| LineCost { file: file.to_owned(), line, own }),
        lines: Vec::new(),
    }
}

fn found(subject: Subject, functions: Vec<HotFunction>) -> Hotspots {
    let cold_instructions = matches!(subject, Subject::Benchmark(_)).then_some(1200);
    let hot = Hot { subject, instructions: 1000, allocator_instructions: 250, cold_instructions, functions };
    Hotspots { head: None, profiles: vec![hot], skipped: Vec::new(), warnings: Vec::new() }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn hot_functions_crates_and_modules_are_told() {
    let functions = vec![
        function("text::parse::next", 700, Some(("src/parse.rs", 12))),
        function("text::lex::step", 200, None),
        function("memcpy", 100, None),
    ];
    let found = found(Subject::Benchmark(BenchmarkId::new("text", "speed", "parse")), functions);
    assert_eq!(
        lines(&hotspots::render(&found, 120, 2)),
        [
            "text::speed/parse",
            "instructions 1,000, in the allocator 250, cold 1,200",
            "self share with callees calls function hottest line",
            "700 70.0 % 700 1 text::parse::next src/parse.rs:12",
            "200 20.0 % 200 1 text::lex::step",
            "and 1 more function with 10.0 % (-v shows all)",
            "by crate: text 100.0 %",
            "by module: text::parse 70.0 %, text::lex 20.0 %, text 10.0 %",
        ]
    );
    let document: serde_json::Value = serde_json::from_str(&json::document(&found).unwrap()).unwrap();
    let hot = &document["profiles"][0];
    assert_eq!((hot["benchmark"].as_str(), hot.get("command")), (Some("text::speed/parse"), None));
    let first = &hot["functions"][0];
    assert_eq!((first["crate"].as_str(), first["share"].as_f64()), (Some("text"), Some(0.7)));
    assert_eq!(first["place"]["line"].as_u64(), Some(12));
}

#[test]
fn a_program_is_named_by_its_command() {
    let command = ["sort", "-n", "a b\u{1b}[2J"].map(str::to_owned).into();
    let text = hotspots::render(&found(Subject::Command(command), vec![function("main", 1000, None)]), 80, 20);
    assert!(text.starts_with("sort -n 'a b\\u{1b}[2J'\ninstructions 1,000, in the allocator 250\n"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

fn tree<const N: usize>(stacks: &[(&[&str], [u64; N])]) -> Stacks<N> {
    stacks.iter().map(|(stack, own)| (stack.iter().map(|name| (*name).to_owned()).collect(), *own)).collect()
}

/// What a picture says of its frames: the instructions of each, by its name.
fn frames(picture: &str) -> BTreeMap<String, String> {
    let titles = picture.split("<title>").skip(1).filter_map(|rest| rest.split("</title>").next());
    titles.filter_map(|title| title.rsplit_once(" (")).map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect()
}

#[test]
fn names_are_text_in_a_picture_and_totals_are_kept() {
    let evil = "<script>alert(1)</script> \u{1b}[2J ]]> \"&amp; [u8; 16] 7";
    let stacks =
        tree(&[(&["a::b/c 5", "f"], [600]), (&["a::b/c 5", "f", evil], [300]), (&["a::b/c 5(x)", "g"], [100])]);
    let picture = flamegraph::render(&stacks, "a <title> & more").unwrap().unwrap();
    let frames = frames(&picture);
    assert_eq!(frames["all"], "1,000 instructions, 100%)");
    assert_eq!(frames["a::b/c 5"], "900 instructions, 90.00%)");
    assert_eq!(frames["f"], "900 instructions, 90.00%)");
    let shown = "&lt;script&gt;alert(1)&lt;/script&gt; \\u{1b}[2J ]]&gt; &quot;&amp;amp; [u8; 16] 7";
    assert_eq!(frames.get(shown).map(String::as_str), Some("300 instructions, 30.00%)"), "{frames:#?}");
    assert!(!picture.contains("<script>alert"), "{picture}");
    assert!(!picture.contains(|c: char| ('\u{e000}'..'\u{f000}').contains(&c) || c == '\u{1b}'));
    assert_eq!(
        flamegraph::render(&stacks, "a <title> & more").unwrap().as_deref(),
        Some(picture.as_str()),
        "each time the same"
    );
    assert_eq!(flamegraph::render(&tree(&[(&["a"], [0])]), "").unwrap(), None);
}

#[test]
fn what_grew_is_red_and_what_shrank_is_blue() {
    let sides = [
        (&["bench", "grown"][..], [100, 400]),
        (&["bench", "gone"], [50, 0]),
        (&["bench", "less"], [300, 100]),
        (&["bench", "same"], [200, 200]),
    ];
    let picture = flamegraph::render_difference(&tree(&sides), "both").unwrap().unwrap();
    let frames = frames(&picture);
    assert_eq!(frames["all"], "700 instructions, 100%)");
    assert_eq!(frames["grown"], "400 instructions, 57.14%; +42.86%)");
    assert_eq!(frames["less"], "100 instructions, 14.29%; -28.57%)");
    let color = |name: &str| -> Vec<u8> {
        let rest = picture.split(&format!("<title>{name} (")).nth(1).unwrap();
        let color = rest.split("fill=\"rgb(").nth(1).unwrap().split(')').next().unwrap();
        color.split(',').map(|part| part.parse::<u8>().unwrap()).collect()
    };
    let (grown, less, same) = (color("grown"), color("less"), color("same"));
    assert!(grown[0] > grown[2] && less[2] > less[0] && same[0] == same[2], "{grown:?} {less:?} {same:?}");
}
