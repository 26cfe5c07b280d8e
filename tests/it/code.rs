//! Functions of two programs held against each other, in objects that the real compiler made.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use cargo_perfgate::code::{Code, Comparison};

/// What the compiler makes of a library with this text.
fn object(text: &str, folder: &std::path::Path) -> Vec<u8> {
    let (source, object) = (folder.join("lib.rs"), folder.join("lib.o"));
    fs::write(&source, text).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let made = Command::new(rustc)
        .args(["--edition=2021", "--crate-type=lib", "--crate-name=text", "-Copt-level=2", "-Ccodegen-units=1"])
        .args(["--emit=obj", "-Cmetadata=same", "-o"])
        .args([&object, &source])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}\n{text}", String::from_utf8_lossy(&made.stderr));
    fs::read(object).unwrap()
}

/// What differs between two texts for who executes `timed` in its timed section, and `around` besides.
fn difference(base: &str, head: &str, timed: &str, around: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let objects = [object(base, folder.path()), object(head, folder.path())];
    let [base, head] = objects.each_ref().map(|object| Code::read([object.as_slice()]).unwrap());
    let set = |names: &str| -> BTreeSet<String> { names.split_whitespace().map(str::to_owned).collect() };
    Comparison::new(&base, &head).difference(&set(timed), &set(around))
}

const ELSEWHERE: &str = "#[no_mangle] #[inline(never)] pub fn elsewhere(x: u64) -> u64 { x.rotate_left(3) ^ 17 }\n";

#[test]
fn what_is_added_beside_a_function_is_no_difference() {
    for function in [
        "#[no_mangle] pub fn f(x: &[u8], i: usize) -> u8 { x[i] }",
        "#[no_mangle] pub fn f(x: f64) -> f64 { (x * 1.625 + 0.3).sqrt() - 1e-3 }",
        "#[no_mangle] pub fn f(x: usize) -> &'static str { [\"no\", \"yes\", \"perhaps\"][x] }",
        "static T: [u32; 64] = [7; 64];\n#[no_mangle] pub fn f(x: usize) -> u32 { T[x & 63] }",
        "use std::sync::atomic::*;\nstatic N: AtomicUsize = AtomicUsize::new(5);\n#[no_mangle] pub fn f() -> usize { N.fetch_add(1, Ordering::SeqCst) }",
        "#[no_mangle] pub fn f(x: &str) -> String { format!(\"<{x:?}>\") }",
        "#[no_mangle] pub fn f(x: u32) -> u32 { match x { 0 => 5, 1 => 91, 2 => 3, 3 => 8, 4 => 1, 5 => 77, _ => panic!(\"{x}\") } }",
        "#[no_mangle] pub fn f(x: Box<dyn Fn(u8) -> u8>) -> Box<dyn std::fmt::Debug> { Box::new(x(3)) }",
    ] {
        let head = format!("{ELSEWHERE}\n\n{function}\n#[no_mangle] pub fn g(x: f64) -> f64 {{ x * 2.875 + 0.1 }}\n");
        assert_eq!(difference(function, &head, "f", ""), None, "{function}");
        assert_eq!(difference(&head, function, "f", ""), None, "{function}");
    }
}

#[test]
fn what_a_function_consists_of_is_compared() {
    for (function, base, head) in [
        ("#[no_mangle] pub fn f(x: u64) -> u64 { x * @ }", "3", "5"),
        ("#[no_mangle] pub fn f(x: f64) -> f64 { x * @ }", "1.625", "1.5"),
        ("static T: [u32; 64] = [@; 64];\n#[no_mangle] pub fn f(x: usize) -> u32 { T[x & 63] }", "7", "8"),
        ("#[no_mangle] pub fn f(x: usize) -> &'static str { [\"no\", \"@\"][x] }", "yes", "yet"),
        (
            "static I: &[&[u32]] = &[&[1, 2], &[3, @]];\n#[no_mangle] pub fn f(x: usize) -> &'static [u32] { I[x] }",
            "4",
            "5",
        ),
        (
            "use std::sync::atomic::*;\nstatic N: AtomicUsize = AtomicUsize::new(@);\n#[no_mangle] pub fn f() -> usize { N.fetch_add(1, Ordering::SeqCst) }",
            "5",
            "6",
        ),
        (
            "use std::sync::atomic::*;\nstatic N: AtomicUsize = AtomicUsize::new(5);\n#[no_mangle] pub fn f(x: usize) { N.store(x, Ordering::@) }\n#[no_mangle] pub fn g() -> usize { N.load(Ordering::Relaxed) }",
            "Relaxed",
            "SeqCst",
        ),
        ("#[no_mangle] pub fn f(x: &str) -> String { format!(\"@{x}\") }", "<", ">"),
        (
            "static mut A: [u64; 9] = [1; 9];\nstatic mut B: [u64; 9] = [1; 9];\n#[no_mangle] pub fn f(x: usize) -> &'static u64 { unsafe { &*(&raw const @[x]) } }\n#[no_mangle] pub fn g(x: usize) { unsafe { A[x] = 2; B[x] = 3 } }",
            "A",
            "B",
        ),
        (
            "static C: [&str; 2] = [\"10000000\", \"20000000@\"];\n#[no_mangle] pub fn f(x: usize) -> &'static str { C[x] }",
            "1234567",
            "1234568",
        ),
        (
            "static I: &[&[u64]] = &[&[1, 10], &[1, @]];\n#[no_mangle] pub fn f(x: usize) -> &'static [u64] { I[x] }",
            "10",
            "10_000",
        ),
        (
            "static F: (&str, u64) = (\"fixtures/big.rs\", @);\n#[no_mangle] pub fn f() -> &'static (&'static str, u64) { &F }",
            "10",
            "10_000",
        ),
        ("#[no_mangle] pub fn f() -> Vec<u64> { Vec::with_capacity(@) }", "100", "200"),
    ] {
        let [base, head] = [base, head].map(|part| function.replace('@', part));
        for (timed, around) in [("f", ""), ("", "f")] {
            let difference = difference(&base, &head, timed, around);
            assert_eq!(
                difference.as_deref(),
                Some("f is compiled to other machine code, or refers to other data"),
                "{base}"
            );
        }
    }
}

#[test]
fn callees_count_where_they_are_executed_or_may_be() {
    let text = |factor: &str| {
        format!(
            "#[no_mangle] #[inline(never)] pub fn g(x: u64) -> u64 {{ x.rotate_left(7) * {factor} }}\n#[no_mangle] #[inline(never)] pub fn f(x: u64) -> u64 {{ if x > 1000 {{ g(x) }} else {{ x + 1 }} }}\n#[no_mangle] pub fn e(x: u64) -> u64 {{ f(x) + f(x / 2) }}\n"
        )
    };
    let (base, head) = (text("3"), text("5"));
    let other = Some("g is compiled to other machine code, or refers to other data");
    assert_eq!(difference(&base, &head, "", "e f g").as_deref(), other);
    // In the timed section another iteration may call it.
    assert_eq!(difference(&base, &head, "f", "e").as_deref(), other);
    assert_eq!(difference(&base, &head, "", "e f"), None);
    assert_eq!(difference(&base, &head, "e", "").as_deref(), other);
}

#[test]
fn methods_behind_pointers_are_known_by_name() {
    let text = |factor: &str| {
        format!(
            "trait T {{ fn m(&self) -> u64; }}\nstruct S(u64);\n#[no_mangle] #[inline(never)] pub fn inner(x: u64) -> u64 {{ x.rotate_left(7) * {factor} }}\nimpl T for S {{ #[inline(never)] fn m(&self) -> u64 {{ inner(self.0) }} }}\n#[no_mangle] #[inline(never)] pub fn call(t: &dyn std::any::Any) -> bool {{ t.is::<u8>() }}\n#[no_mangle] pub fn f(x: u64) -> u64 {{ let s: Box<dyn T> = std::hint::black_box(Box::new(S(x))); s.m() }}\n"
        )
    };
    assert_eq!(difference(&text("3"), &text("5"), "", "f"), None);
    assert!(difference(&text("3"), &text("5"), "", "f inner").is_some());
    // What lies behind a table of methods can be reached.
    assert!(difference(&text("3"), &text("5"), "f", "").is_some());
}

#[test]
fn what_is_not_there_is_named() {
    let f = "#[no_mangle] pub fn f(x: u64) -> u64 { x + 1 }";
    assert_eq!(difference(f, ELSEWHERE, "f", "").as_deref(), Some("head has no f"));
    let mangled = "where core::ptr::drop_in_place comes from is not known";
    let symbol = "_ZN4core3ptr13drop_in_place17h0123456789abcdefE";
    assert_eq!(difference(f, f, "f", symbol).as_deref(), Some(mangled));
    assert_eq!(difference(f, f, "f", "0x1234").as_deref(), Some("the function at 0x1234 has no name"));
    assert_eq!(difference(f, f, "f", "_start frame_dummy"), None);
}

#[test]
fn what_is_no_object_is_refused() {
    for bytes in
        [&b"BC\xc0\xde\x35\x14\x00\x00"[..], b"", b"!<arch>\n", b"!<arch>\nbroken", &[0x7f, b'E', b'L', b'F', 2, 1, 1]]
    {
        let read = Code::read([bytes]);
        assert!(read.is_err() || bytes == b"!<arch>\n", "{bytes:?}");
    }
}
