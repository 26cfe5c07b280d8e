//! What the timed section of real criterion executables allocates, traced by the real valgrind, and the trace itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use cargo_perfgate::harness::Program;
use cargo_perfgate::harness::criterion::{Allocating, Patience, allocations, enumerate};
use cargo_perfgate::instrument::{Copies, has_valgrind};
use cargo_perfgate::profile::{
    Allocated, AllocationTrace, Site, SiteChange, Sites, of_one_call, read_sites, site_changes,
};

use crate::criterion::executables;

fn trace(lines: &str) -> AllocationTrace {
    let mut trace = AllocationTrace::default();
    lines.lines().for_each(|line| trace.line(line.trim_start()));
    trace
}

fn allocated(allocations: u64, bytes: u64, peak: u64) -> Allocated {
    Allocated { allocations, bytes, peak }
}

/// What the benchmarks of a program allocate, or `one` of them.
fn traced(program: &Program, one: Option<&str>) -> Allocating {
    let copies = Copies::new().unwrap();
    let home = copies.folder().join("home");
    let limit = Duration::from_secs(60);
    let found = enumerate(program, &home, limit).unwrap().unwrap();
    let patience = Patience { silence: limit, given_up: usize::MAX, in_all: Duration::MAX, answered: None };
    let names = one.map_or(found.names, |one| vec![one.to_owned()]);
    allocations(program, found.version.unwrap(), &names, &copies.folder().join("traces"), &home, patience).unwrap()
}

fn known(allocating: &Allocating, name: &str) -> (Allocated, u64) {
    let of_it = allocating[name].clone().unwrap();
    (of_it.allocated, of_it.leaked.unwrap())
}

/// The numbers follow from what `fixtures/counted/benches/memory.rs` asks for.
#[test]
fn what_a_timed_section_allocates_is_known_to_the_byte() {
    assert!(has_valgrind(Path::new("/")), "these tests need valgrind: `apt-get install valgrind`");
    let program = &executables("counted")["counted::memory"];
    let all = traced(program, None);
    let expected = BTreeMap::from([
        ("none", (allocated(0, 0, 0), 0)),
        ("one block", (allocated(1, 1000, 1000), 0)),
        ("one after the other", (allocated(3, 3000, 1000), 0)),
        ("at once", (allocated(2, 1500, 1500), 0)),
        ("grows", (allocated(2, 300, 300), 0)),
        ("shrinks", (allocated(1, 100, 100), 0)),
        ("aligned and zeroed", (allocated(2, 720, 640), 0)),
        ("batched", (allocated(1, 200, 200), 0)),
        ("dropped later", (allocated(1, 1000, 1000), 0)),
        ("leaks", (allocated(1, 1, 1), 1)),
        ("kept by the benchmark", (allocated(1, 8, 8), 0)),
        ("leaks once", (allocated(0, 0, 0), 0)),
    ]);
    assert_eq!(all.len(), expected.len());
    for (name, expected) in &expected {
        assert_eq!(known(&all, name), *expected, "{name}");
    }
    // Who did it, of a process that called it alone: once to warm up, then ten times.
    let alone = traced(program, Some("leaks"));
    assert_eq!(known(&alone, "leaks"), expected["leaks"]);
    let sites = &alone["leaks"].as_ref().unwrap().sites;
    assert_eq!(sites["counted::leak"], Site { blocks: 11, bytes: 11, alive: 11 });
}

/// Before 0.4 criterion warms up for a second, which would be many calls.
#[test]
fn what_is_allocated_under_the_oldest_criterion_is_known_too() {
    let all = traced(&executables("versions")["v03::memory"], None);
    let expected = BTreeMap::from([
        ("none", (allocated(0, 0, 0), 0)),
        ("at once", (allocated(2, 1500, 1500), 0)),
        ("batched", (allocated(1, 200, 200), 0)),
        ("leaks", (allocated(1, 1, 1), 1)),
    ]);
    assert_eq!(all.len(), expected.len());
    for (name, expected) in &expected {
        assert_eq!(known(&all, name), *expected, "{name}");
    }
    // Behind three that are skipped, where the program does not stand still.
    let alone = traced(&executables("versions")["v03::memory"], Some("leaks"));
    assert_eq!(known(&alone, "leaks"), expected["leaks"]);
}

#[test]
fn a_trace_tells_what_lies_between_two_readings_of_the_clock() {
    let clock = "SYSCALL[7,1](228) sys_clock_gettime( 1, 0x1fff000450 )[sync] --> Success(0x0)\n";
    let lines = [
        "==7== DHAT, a dynamic heap analysis tool\n--7-- malloc(10) = 0x10\nSYSCALL[7,1](1) sys_write ( 1, 0x4a5f2a0, 4 ) --> [async] ...\n",
        clock,
        "--7-- calloc(3,7) = 0x20\n--7-- realloc(0x10,30) = 0x50\n--7-- realloc(0x0,12)malloc(12) = 0x30\n--7-- free(0x30)\n",
        clock,
        "--7-- malloc(18446744073709551608) = 0x0\n--7-- realloc(0x20,0)free(0x20)\n--7--  = 0\n--7-- malloc_usable_size(0x50) = 30\n",
        "--7-- memalign(al 64, size 100) = 0x60\n--7-- _ZnwmSt11align_val_t(size 64, al 64) = 0x70\n--7-- _ZdlPvm(0x70)\n--7-- free(0x0)\n",
        clock,
        "--7-- realloc(0x50,15) = 0x50\n",
        "SYSCALL[7,1](231) exit_group( 0 ) --> [pre-success] Success(0x0)\n--7-- free(0x60)\n",
    ];
    let trace = trace(&lines.concat());
    assert_eq!(trace.readings(), 3);
    assert_eq!(trace.parts(1..=1), Ok(allocated(1, 10, 10)));
    // 21 bytes, 20 that a block grew by, and 12.
    assert_eq!(trace.parts(2..=2), Ok(allocated(3, 53, 53)));
    // 21 are given back before 164 are asked for.
    assert_eq!(trace.parts(3..=3), Ok(allocated(2, 164, 143)));
    // Two parts have one peak: 41 stay from the first.
    assert_eq!(trace.parts(2..=3), Ok(allocated(5, 217, 184)));
    assert_eq!(trace.parts(9..=9), Ok(allocated(0, 0, 0)));
    // The block of 10 that grew to 30 is 15 in the end: what came last went first. What is freed at the end is no matter.
    assert_eq!(trace.alive(), BTreeMap::from([(1, 10), (2, 5), (3, 100)]));
}

#[test]
fn lines_that_two_threads_wrote_are_no_trace() {
    for line in [
        "--7-- malloc(8)--7-- malloc(16) = 0x10",
        "--7-- malloc(8)",
        "--7-- malloc(x) = 0x10",
        "--7-- malloc(8) = 0xzz",
        "--7-- realloc(8,9) = 0x10",
    ] {
        let error = trace(line).parts(1..=1).unwrap_err();
        assert_eq!(error, format!("valgrind's trace cannot be read, as at `{line}`"));
    }
    for line in
        ["", "--", "--7--", "--7-- ", "anything", "SYSCALL[", "--7-- mallinfo()", "--7-- REDIR: 0x1 (a:b) redirected"]
    {
        assert_eq!(trace(line).parts(1..=1), Ok(Allocated::default()), "{line}");
    }
}

#[test]
fn the_function_that_asked_is_the_innermost_of_neither_rust_nor_the_allocator() {
    let file = |frames: &str, points: &str| format!(r#"{{"dhatFileVersion":2,"pps":[{points}],"ftbl":[{frames}]}}"#);
    let frames = r#""[root]","0x1: malloc (in /usr/libexec/valgrind/vgpreload_dhat-amd64-linux.so)","0x2: _ZN5alloc7raw_vec6finish17h0123456789abcdefE (in /x/b-0123456789abcdef)","0x3: _RNvCs1234_4mine4leak (in /x/b)","0x4: main (main.rs:7)","0x5: <alloc::vec::Vec<T> as core::clone::Clone>::clone (in /x/b)""#;
    let points = r#"{"tb":70,"tbk":7,"eb":10,"ebk":1,"fs":[1,2,3,4]},{"tb":5,"tbk":1,"eb":0,"ebk":0,"fs":[1,5,3]},{"tb":9,"tbk":3,"eb":9,"ebk":3,"fs":[1,2]},{"tb":1,"tbk":1,"eb":0,"ebk":0,"fs":[1,99]}"#;
    let sites = read_sites(&file(frames, points)).unwrap();
    assert_eq!(sites.len(), 2, "{sites:?}");
    assert_eq!(sites["mine::leak"], Site { blocks: 8, bytes: 75, alive: 10 });
    assert_eq!(sites["alloc::raw_vec::finish"], Site { blocks: 3, bytes: 9, alive: 9 });
    for broken in ["", "{}", "[]", r#"{"pps":[{"tb":-1}],"ftbl":[]}"#, r#"{"pps":3,"ftbl":[]}"#] {
        assert!(read_sites(broken).is_err(), "{broken}");
    }
}

#[test]
fn sites_of_both_sides_stand_by_what_changed_and_what_happens_once_is_left_out() {
    let sites = |sites: &[(&str, u64, u64)]| -> Sites {
        sites
            .iter()
            .map(|(name, blocks, bytes)| ((*name).to_owned(), Site { blocks: *blocks, bytes: *bytes, alive: 0 }))
            .collect()
    };
    let base = of_one_call(&sites(&[("same", 11, 88), ("fewer", 45, 340), ("once", 10, 9999), ("gone", 11, 11)]), 11);
    let head = of_one_call(&sites(&[("same", 11, 88), ("fewer", 11, 110), ("larger", 22, 220), ("once", 1, 1)]), 11);
    assert_eq!(base, sites(&[("same", 1, 8), ("fewer", 4, 30), ("gone", 1, 1)]));
    let changes = site_changes(&base, &head);
    let order: Vec<&str> = changes.iter().map(|change| change.function.as_str()).collect();
    assert_eq!(order, ["fewer", "larger", "gone", "same"]);
    let larger =
        SiteChange { function: "larger".into(), base: None, head: Some(Site { blocks: 2, bytes: 20, alive: 0 }) };
    assert_eq!(changes[1], larger);
    assert_eq!((changes[2].base, changes[2].head), (Some(Site { blocks: 1, bytes: 1, alive: 0 }), None));
}
