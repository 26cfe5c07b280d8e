//! What `explain` prints.

use cargo_perfgate::model::{
    BaseSide, BenchmarkId, CountedChange, Culprit, Explanation, FunctionCost, Functions, HeadSide, SideCounts,
    SideMemory, SiteCost, Verdict,
};
use cargo_perfgate::report::{Style, explanation, json, markdown, terminal};

use super::samples;

fn cost(function: &str, base: Option<u64>, head: Option<u64>) -> FunctionCost {
    FunctionCost {
        function: function.to_owned(),
        object: "text".to_owned(),
        base_own: base,
        head_own: head,
        base_inclusive: base,
        head_inclusive: head,
        base_calls: base.map(|_| 1),
        head_calls: head.map(|_| 1),
        place: None,
        base_lines: Vec::new(),
        head_lines: Vec::new(),
    }
}

fn side(instructions: u64) -> SideCounts {
    SideCounts { instructions, cold_instructions: instructions + 100, allocator_instructions: 0, memory: None }
}

fn benchmark(name: &str, base: u64, head: u64, functions: Vec<FunctionCost>) -> Functions {
    let benchmark = BenchmarkId::new("textkit", "text", name);
    Functions { benchmark, base: side(base), head: side(head), functions, sites: Vec::new() }
}

fn explanation(benchmarks: Vec<Functions>) -> Explanation {
    Explanation {
        base: BaseSide { commit: None, reason: String::new() },
        head: HeadSide { commit: None, dirty: false, changes: None, name: None },
        benchmarks,
        skipped: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Lines without what aligns them.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn the_largest_change_comes_first_and_what_is_unchanged_is_counted() {
    let small = vec![cost("text::count", Some(1000), Some(1010)), cost("memcpy", Some(50), Some(50))];
    let large = vec![cost("text::old", Some(400), None), cost("text::new", None, Some(1400))];
    let benchmarks = vec![
        benchmark("same", 500, 500, vec![cost("text::count", Some(500), Some(500))]),
        benchmark("small", 1050, 1060, small),
        Functions {
            base: SideCounts { allocator_instructions: 40, ..side(400) },
            head: SideCounts { allocator_instructions: 60, ..side(1400) },
            ..benchmark("large", 400, 1400, large)
        },
    ];
    let explanation = explanation(benchmarks);
    assert_eq!(
        lines(&explanation::render(&explanation, 80, false)),
        [
            "textkit::text/large",
            "instructions 400 → 1,400 (+250.00 %), in the allocator 40 → 60 (+50.00 %), cold 500 → 1,500 (+200.00 %)",
            "change base head with callees calls function",
            "-400 400 – -400 1 → – text::old",
            "+1,400 – 1,400 +1,400 – → 1 text::new",
            "",
            "textkit::text/small",
            "instructions 1,050 → 1,060 (+0.95 %), cold 1,150 → 1,160 (+0.87 %)",
            "change base head with callees calls function",
            "+10 1,000 1,010 +10 1 text::count",
            "",
            "1 benchmark executes as many instructions in every function as before",
        ]
    );
    let all = explanation::render(&explanation, 80, true);
    assert!(lines(&all).contains(&"0 50 50 0 1 memcpy".to_owned()), "{all}");
    assert!(all.contains("textkit::text/same\n"), "{all}");
}

fn site(function: &str, base: Option<(u64, u64)>, head: Option<(u64, u64)>) -> SiteCost {
    SiteCost {
        function: function.to_owned(),
        base_allocations: base.map(|(allocations, _)| allocations),
        head_allocations: head.map(|(allocations, _)| allocations),
        base_bytes: base.map(|(_, bytes)| bytes),
        head_bytes: head.map(|(_, bytes)| bytes),
    }
}

#[test]
fn who_asks_for_memory_stands_beside_what_is_executed() {
    let memory =
        |allocations, allocated_bytes, peak_bytes| Some(SideMemory { allocations, allocated_bytes, peak_bytes });
    let mut grown = benchmark("grown", 500, 500, vec![cost("text::count", Some(500), Some(500))]);
    (grown.base.memory, grown.head.memory) = (memory(3, 2000, 1500), memory(6, 3000, 1500));
    grown.sites = vec![
        site("text::new", None, Some((4, 2000))),
        site("text::old", Some((1, 1000)), None),
        site("text::larger\u{1b}[2J", Some((1, 300)), Some((1, 1000))),
        site("text::same", Some((1, 8)), Some((1, 8))),
    ];
    let mut first = benchmark("first", 500, 500, Vec::new());
    (first.base.memory, first.head.memory) = (memory(0, 0, 0), memory(1, 8, 8));
    let mut none = benchmark("none", 500, 500, Vec::new());
    (none.base.memory, none.head.memory) = (memory(0, 0, 0), memory(0, 0, 0));
    let explanation = explanation(vec![grown, first, none]);
    let text = explanation::render(&explanation, 80, false);
    assert_eq!(
        lines(&text),
        [
            "textkit::text/grown",
            "instructions 500 → 500 (unchanged), cold 600 → 600 (unchanged)",
            "allocations 3 → 6 (+100.00 %), allocated-bytes 2,000 → 3,000 (+50.00 %), peak-bytes 1,500 → 1,500 (unchanged)",
            "change base head bytes asks for memory",
            "+4 – 4 – → 2,000 text::new",
            "-1 1 – 1,000 → – text::old",
            "0 1 1 300 → 1,000 text::larger\\u{1b}[2J",
            "",
            "textkit::text/first",
            "instructions 500 → 500 (unchanged), cold 600 → 600 (unchanged)",
            "allocations 0 → 1, allocated-bytes 0 → 8, peak-bytes 0 → 8",
            "",
            "1 benchmark executes as many instructions in every function as before",
        ]
    );
    let all = explanation::render(&explanation, 80, true);
    assert!(lines(&all).contains(&"0 1 1 8 text::same".to_owned()), "{all}");
    // What another program reads of it.
    let document: serde_json::Value = serde_json::from_str(&json::document(&explanation).unwrap()).unwrap();
    let grown = &document["benchmarks"][0];
    assert_eq!((&grown["base"]["allocations"], &grown["head"]["allocated_bytes"]), (&3.into(), &3000.into()));
    assert_eq!((&grown["base"]["instructions"], &grown["head"]["peak_bytes"]), (&500.into(), &1500.into()));
    assert_eq!(grown["sites"][0]["function"], "text::new");
    assert_eq!((&grown["sites"][0]["base_bytes"], &grown["sites"][0]["head_bytes"]), (&().into(), &2000.into()));
}

#[test]
fn names_are_shown_and_never_obeyed_and_long_lists_end() {
    let mut functions = vec![cost("evil\u{1b}[2J\n<&dyn core::fmt::Debug as x>", Some(10), Some(20))];
    functions.extend((0..1000).map(|i| cost(&"very::".repeat(i), Some(1), Some(2))));
    let text = explanation::render(&explanation(vec![benchmark("a\u{202e}b", 10, 20, functions)]), 80, false);
    assert!(text.contains(r"evil\u{1b}[2J\n<&dyn core::fmt::Debug as x>") || text.contains(r"evil\u{1b}"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert!(text.ends_with("and 989 more functions (-v shows all)\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() < 100), "{text}");
}

#[test]
fn a_red_row_names_the_functions_that_did_it() {
    let mut report = samples::failed();
    let row = report.rows.iter_mut().find(|row| row.verdict == Verdict::Regressed).unwrap();
    let culprit = |function: &str, change| Culprit { function: function.to_owned(), change };
    row.counted = Some(CountedChange {
        base: 1336,
        head: 1542,
        base_allocator: 0,
        head_allocator: 0,
        culprits: vec![culprit("bs58::decode::decode_into", 216), culprit("<&[u8] as evil::Trait>::f\u{1b}[2J", -10)],
    });
    let sentence = "1,336 → 1,542 instructions (+15.42 %): +216 in bs58::decode::decode_into, -10 in";
    let style = Style { color: false, width: 200, verbose: false };
    let text = terminal::render(&report, style);
    assert!(text.contains(&format!("    {sentence} <&[u8] as evil::Trait>::f\\u{{1b}}[2J\n")), "{text}");
    let text = markdown::render(&report);
    assert!(text.contains("instructions"), "{text}");
    assert!(text.contains("<code>bs58&#58;&#58;decode&#58;&#58;decode&#95;into</code>,"), "{text}");
    assert!(!text.contains("<&[") && !text.contains('\u{1b}'), "{text}");
    let row = report.rows.iter_mut().find(|row| row.counted.is_some()).unwrap();
    let counted = row.counted.as_mut().unwrap();
    (counted.base_allocator, counted.head_allocator) = (129, 1400);
    counted.culprits.truncate(1);
    let told = "+216 in bs58::decode::decode_into; in the allocator 129 → 1,400\n";
    assert!(terminal::render(&report, style).contains(told));
    // What another program reads of it is the same.
    let read = json::parse(json::render(&report).as_bytes()).unwrap();
    assert_eq!(read, report);
}
