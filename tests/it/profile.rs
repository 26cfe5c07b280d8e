//! Files of counting tools, read; and profiles, held side by side.

use cargo_perfgate::profile::{
    Cost, Function, NotCallgrind, Place, Profile, Symbol, changes, crate_and_module, read_callgrind, read_closely,
    read_symbols, short_file,
};

/// Two objects, compressed names and places, a call into the C library, and a recursion.
const FILE: &str = "\
# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 1
cmd: bench --bench
part: 3

desc: Trigger: --dump-before=clock_gettime@@GLIBC_2.17

positions: line
events: Ir
summary: 1000


ob=(1) /tmp/target/release/deps/text-8533fcf3bf07f03f
fl=(1) src/lib.rs
fn=(1) _ZN4text5count17h96c1a9b156836a5cE
12 40
+3 10
fi=(2) /rustc/library/core/src/str.rs
-5 50
fe=(1)
cob=(2) /usr/lib/libc.so.6
cfi=(3) memcpy.S
cfn=(2) memcpy@@GLIBC_2.14
calls=4 0 0
* 200
cfn=(1)
calls=2 12
20 600

ob=(2)
fl=(3)
fn=(2)
0 200

ob=(1)
fl=(1)
fn=(3) _RNvMCs1234_4textNtB2_6Parser4next
30 700

totals: 1000
";

fn of(profile: &Profile, name: &str) -> Cost {
    let named: Vec<&Cost> = profile.functions.iter().filter(|(f, _)| f.name == name).map(|(_, cost)| cost).collect();
    assert_eq!(named.len(), 1, "{name}: {profile:?}");
    *named[0]
}

fn costs(own: u64, inclusive: u64, calls: u64) -> Cost {
    Cost { own, inclusive, calls }
}

#[test]
fn a_file_of_callgrind_is_read() {
    let profile = read_callgrind(FILE).unwrap();
    assert_eq!(profile.total, 1000);
    // Its own lines, of two source files; what it called, without what it called of itself.
    assert_eq!(of(&profile, "text::count"), costs(100, 300, 2));
    assert_eq!(of(&profile, "memcpy"), costs(200, 200, 4));
    assert_eq!(of(&profile, "<text::Parser>::next"), costs(700, 700, 0));
    let objects: Vec<&str> = profile.functions.keys().map(|function| function.object.as_str()).collect();
    assert_eq!(objects, ["libc.so.6", "text", "text"]);
}

#[test]
fn lines_and_callers_are_read_where_they_are_asked_for() {
    let profile = read_closely(FILE).unwrap();
    let costs = read_callgrind(FILE).unwrap();
    assert_eq!((profile.total, &profile.functions), (costs.total, &costs.functions));
    assert!(costs.calls.is_empty() && costs.lines.is_empty());
    let named = |name: &str| profile.functions.keys().find(|function| function.name == name).unwrap();
    let count = named("text::count");
    // What it calls of itself is no call by another.
    let calls: Vec<_> =
        profile.calls.iter().flat_map(|(to, by)| by.iter().map(move |(by, cost)| (to, by, *cost))).collect();
    assert_eq!(calls, [(named("memcpy"), count, 200)]);
    let at = |file: &str, line| Place { file: file.to_owned(), line };
    let lines = &profile.lines[count];
    assert_eq!(lines.begins_in, "src/lib.rs");
    // A place is told in full, as more or less than the one before, or as the same; a call moves it, too.
    let own = [(at("/rustc/library/core/src/str.rs", 10), 50), (at("src/lib.rs", 12), 40), (at("src/lib.rs", 15), 10)];
    assert_eq!(lines.own.clone().into_iter().collect::<Vec<_>>(), own);
    // The costliest is another's, inlined here.
    assert_eq!(lines.hottest(), Some(&at("src/lib.rs", 12)));
    assert!(!profile.lines.contains_key(named("memcpy")), "line 0 is none");
    let unknown = read_closely(&FILE.replace("src/lib.rs", "???")).unwrap();
    assert_eq!(unknown.lines[count].hottest(), Some(&at("/rustc/library/core/src/str.rs", 10)));
    let mut twice = profile.clone();
    twice.add(&profile);
    assert_eq!((twice.calls[named("memcpy")][count], twice.lines[count].own[&at("src/lib.rs", 12)]), (400, 80));
    twice.without(|name| name == "text::count");
    assert!(twice.calls.is_empty() && !twice.lines.contains_key(count));
    assert_eq!(read_closely("fn=f\n+x 1\ntotals: 1\n").unwrap_err().reason, "`+x` is no place");
}

#[test]
fn what_is_asked_of_the_allocator_is_told_apart() {
    // `realloc` asks `malloc` in its turn, which counts once; what it copies is the caller's own.
    let file = "events: Ir\nob=(1) /bin/text\nfn=(1) text::count\n1 10\ncob=(2) /lib/libc.so.6\ncfn=(2) realloc@@GLIBC_2.2.5\n\
        calls=2 0\n1 90\ncfn=(3) text::malloc\ncalls=1 0\n1 7\ncob=(2)\ncfn=(4) free\ncalls=1 0\n1 5\n\
        fn=(3)\n1 7\nob=(2)\nfn=(2)\n1 30\ncfn=(5) malloc\ncalls=1 0\n1 40\ncfn=(6) memcpy\ncalls=1 0\n1 20\n\
        fn=(5)\n1 25\ncfn=(7) sysmalloc.constprop.0\ncalls=1 0\n1 15\nfn=(7)\n1 15\nfn=(6)\n1 20\nfn=(4)\n1 5\n\
        totals: 112\n";
    let profile = read_callgrind(file).unwrap();
    assert_eq!((profile.total, profile.allocator, profile.own_code()), (112, 75, 37));
    let mut twice = profile.clone();
    twice.add(&profile);
    assert_eq!((twice.allocator, twice.own_code()), (150, 74));
    // Each entry is who calls whom; inside is what only the allocator leads to, whatever its name, in its own file.
    let inside = |calls: &[(&str, &str)]| {
        let of =
            |name: &str| name.split_once('!').map_or(Function::of("text", name), |(o, name)| Function::of(o, name));
        let mut file = "events: Ir\n".to_owned();
        for (caller, callee) in calls {
            let [caller, callee] = [of(caller), of(callee)];
            let (ob, f, cob, cf) = (caller.object, caller.name, callee.object, callee.name);
            file += &format!("ob={ob}\nfn={f}\n1 1\ncob={cob}\ncfn={cf}\ncalls=1 0\n1 1\n");
        }
        let profile = read_callgrind(&(file + "totals: 100\n")).unwrap();
        profile.inside_allocator.into_iter().map(|function| function.name).collect::<Vec<_>>().join(" ")
    };
    // jemalloc's own functions have anybody's names, and call each other back.
    let jemalloc = [("text::f", "_rjem_realloc"), ("_rjem_realloc", "do_rallocx"), ("do_rallocx", "_rjem_je_ralloc")];
    assert_eq!(inside(&jemalloc), "_rjem_je_ralloc _rjem_realloc do_rallocx");
    assert_eq!(inside(&[&jemalloc[..], &[("_rjem_je_ralloc", "do_rallocx")]].concat()), inside(&jemalloc));
    // What the program calls itself, too, is its own, and so is all that follows.
    assert_eq!(inside(&[&jemalloc[..], &[("text::f", "do_rallocx")]].concat()), "_rjem_realloc");
    let libc =
        [("f", "libc!malloc"), ("libc!malloc", "libc!0x98c50"), ("libc!0x98c50", "ld.so!tls"), ("g", "f"), ("f", "g")];
    assert_eq!(inside(&libc), "0x98c50 malloc");
    assert_eq!(inside(&[("f", "mi_score"), ("f", "text::malloc"), ("f", "mallocs"), ("mi_score", "g")]), "");
    assert_eq!(inside(&[("f", "libc!realloc"), ("libc!realloc", "libc!__memmove_avx_unaligned_erms")]), "realloc");
}

#[test]
fn a_path_tells_crate_and_module() {
    let of = |function: &'static str| crate_and_module(function).unwrap_or_default();
    assert_eq!(of("text::count"), ("text", "text"));
    assert_eq!(of("textkit::checksum::once"), ("textkit", "textkit::checksum"));
    assert_eq!(of("<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop"), ("alloc", "alloc::vec"));
    assert_eq!(of("<text::parser::Parser>::next"), ("text", "text::parser"));
    assert_eq!(of("text::parser::Parser::next"), ("text", "text::parser"));
    assert_eq!(of("<&mut [u8] as text::io::Read<core::fmt::Error>>::read"), ("text", "text::io"));
    assert_eq!(of("<F as core::str::pattern::Pattern>::into_searcher"), ("core", "core::str::pattern"));
    assert_eq!(of("<fn(a::B) -> c::D as core::ops::function::FnOnce<()>>::call_once"), ("core", "core::ops::function"));
    assert_eq!(of("<(A, b::C) as d::e::F>::g"), ("d", "d::e"));
    assert_eq!(of("core::slice::<impl [T]>::sort"), ("core", "core::slice"));
    assert_eq!(of("core::ptr::drop_in_place<alloc::string::String>"), ("core", "core::ptr"));
    assert_eq!(of("text::bench::run::{{closure}}::{{closure}}"), ("text", "text::bench"));
    assert_eq!(of("<dyn std::io::Write>::write"), ("std", "std::io"));
    for none in
        ["", "memcpy", "main", "0x0000000000001234", "<", "<<<", "::", "<T>::f", "(below main)", "a b::c", "<->::"]
    {
        assert_eq!(crate_and_module(none), None, "{none}");
    }
}

#[test]
fn a_file_is_shown_as_its_reader_knows_it() {
    let roots = ["/builds/1/tree", "/builds/1/head/files/"];
    let short = |file: &'static str| short_file(file, &roots);
    assert_eq!(short("/builds/1/tree/src/lib.rs"), "src/lib.rs");
    assert_eq!(short("/builds/1/head/files/a/src/lib.rs"), "a/src/lib.rs");
    assert_eq!(short("/builds/1/trees/src/lib.rs"), "/builds/1/trees/src/lib.rs");
    assert_eq!(
        short("/home/u/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/memchr-2.8.3/src/lib.rs"),
        "memchr-2.8.3/src/lib.rs"
    );
    assert_eq!(
        short("/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/str.rs"),
        "library/core/src/str.rs"
    );
    assert_eq!(short("src/lib.rs"), "src/lib.rs");
    assert_eq!(short_file("/a", &[""]), "/a");
}

#[test]
fn what_executed_instructions_of_its_own_is_known_by_its_symbol() {
    let waiting =
        "\nob=(1)\nfn=(4) main\ncfn=(5) _ZN4text4fill17h96c1a9b156836a5cE'2\ncalls=1 9\n7 900\n\nfn=(5)\n9 900\n";
    let symbols = read_symbols(&FILE.replace("\ntotals", &format!("{waiting}\ntotals"))).unwrap();
    let own =
        |name: &str| Symbol { object: "/tmp/target/release/deps/text-8533fcf3bf07f03f".into(), name: name.into() };
    let expected = [
        own("_RNvMCs1234_4textNtB2_6Parser4next"),
        own("_ZN4text4fill17h96c1a9b156836a5cE"),
        own("_ZN4text5count17h96c1a9b156836a5cE"),
        Symbol { object: "/usr/lib/libc.so.6".into(), name: "memcpy".into() },
    ];
    assert_eq!(symbols.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(read_symbols("fn=(9)\n").unwrap_err().reason, "the name of (9) is nowhere before");
}

#[test]
fn names_lose_what_differs_from_build_to_build() {
    let other = FILE.replace("8533fcf3bf07f03f", "0123456789abcdef").replace("h96c1a9b156836a5c", "h0123456789abcdef");
    let other = other.replace("Cs1234_", "Cs9_");
    assert_ne!(other, FILE);
    assert_eq!(read_callgrind(&other), read_callgrind(FILE));
    // A name of a crate that only looks like a hash stays.
    assert_eq!(Function::of("/tmp/my-bench", "main").object, "my-bench");
}

#[test]
fn what_callgrind_did_not_write_is_refused_with_its_line() {
    let refused = |text: &str| read_callgrind(text).unwrap_err();
    let error = |line: usize, reason: &str| NotCallgrind { line, reason: reason.to_owned() };
    let cut = FILE.split("totals:").next().unwrap();
    assert_eq!(refused(cut), error(cut.lines().count(), "it ends without its totals"));
    assert_eq!(refused(""), error(0, "it ends without its totals"));
    assert_eq!(refused("events: Cy\n"), error(1, "no instructions (`Ir`) were counted"));
    assert_eq!(refused("1 2\n"), error(1, "a cost stands before the first function"));
    assert_eq!(refused("fn=(7)\n"), error(1, "the name of (7) is nowhere before"));
    assert_eq!(refused("fn=f\n1 x\n"), error(2, "`x` is no number of instructions"));
    assert_eq!(refused("fn=f\ncalls=many 1\n"), error(2, "`many` is no number of calls"));
    assert_eq!(refused("fn=f\ncalls=1 1\n1 5\n"), error(3, "a call stands before the name of what is called"));
}

#[test]
fn instructions_are_found_among_other_events() {
    let text = "positions: instr line\nevents: Dr Ir Dw\nfn=f\n0x1 3 7 11 2\n0x2 4 1 5\n0x3 5 1\ntotals: 9 16 2\n";
    let profile = read_callgrind(text).unwrap();
    assert_eq!((profile.total, of(&profile, "f")), (16, costs(16, 16, 0)));
}

#[test]
fn parts_add_up_and_the_harness_is_taken_away() {
    let part = read_callgrind(FILE).unwrap();
    let mut both = part.clone();
    both.add(&part);
    assert_eq!((both.total, of(&both, "text::count")), (2000, costs(200, 600, 4)));
    assert_eq!(both.without(|name| name == "memcpy"), 400);
    assert_eq!(both.total, 1600);
    assert!(both.functions.keys().all(|function| function.name != "memcpy"));
}

#[test]
fn the_function_that_accounts_for_most_comes_first() {
    let base = read_callgrind(FILE).unwrap();
    let mut head = base.clone();
    for (function, cost) in &mut head.functions {
        match function.name.as_str() {
            "text::count" => cost.own += 5,
            "memcpy" => cost.own -= 50,
            _ => {}
        }
    }
    head.functions.insert(Function::of("", "new"), costs(20, 20, 1));
    let found = changes(&base, &head);
    let order: Vec<(&str, i64)> = found.iter().map(|change| (change.function.name.as_str(), change.own())).collect();
    assert_eq!(order, [("memcpy", -50), ("new", 20), ("text::count", 5), ("<text::Parser>::next", 0)]);
    assert_eq!((found[1].base, found[1].head), (None, Some(costs(20, 20, 1))));
    assert!(changes(&base, &base).iter().all(|change| change.own() == 0 && change.inclusive() == 0));
}
