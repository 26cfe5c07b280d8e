//! What compilers and linkers leave: executables, linkers' maps, dep-info. The first byte says which of them follows.

use std::collections::BTreeSet;
use std::path::PathBuf;

use object::{Object as _, ObjectSymbol as _};

use cargo_perfgate::code::{Code, Comparison};
use cargo_perfgate::instrument::{Moved, Places, Unit, units_of};
use cargo_perfgate::stats::Rng;
use cargo_perfgate::workspace::{identity_of, parse_dep_info};

/// Reads it, and lays the functions of what can be laid out in several orders.
pub fn run(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind {
        b'0' => executable(data),
        b'1' => dep_info(&String::from_utf8_lossy(data)),
        b'2' => places(&String::from_utf8_lossy(data)),
        _ => moved(data),
    }
}

fn executable(data: &[u8]) {
    same_code(data);
    let identity = identity_of(data);
    assert!(identity.len() == 64 && identity.bytes().all(|byte| byte.is_ascii_hexdigit()), "{identity}");
    if let Ok(units) = units_of(data) {
        let names: BTreeSet<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
        assert_eq!(names.len(), units.len());
        assert!(units.iter().all(|unit| !unit.sizes.is_empty()));
        drawn(&[&units, &units]);
    }
}

/// A program's code is the same as its own, in every function that it has.
fn same_code(data: &[u8]) {
    let (Ok(file), Ok(code)) = (object::File::parse(data), Code::read([data])) else { return };
    let names: BTreeSet<String> =
        file.symbols().filter_map(|symbol| Some(symbol.name().ok()?.to_owned())).take(50).collect();
    let mut comparison = Comparison::new(&code, &code);
    for name in &names {
        let difference = comparison.difference([name], []);
        assert!(difference.is_none_or(|reason| !reason.contains("other machine code")), "{name}");
    }
}

/// The names in a rule come back as they were, written anew.
fn dep_info(text: &str) {
    let files = parse_dep_info(text);
    assert!(files.iter().all(|file| !file.as_os_str().is_empty()));
    let escaped = |file: &PathBuf| file.to_string_lossy().replace(' ', "\\ ");
    // A backslash before a space cannot be told from the one that escapes it, nor one at an end.
    if files.iter().any(|file| file.to_string_lossy().contains("\\")) {
        return;
    }
    let rule = format!("x: {}", files.iter().map(escaped).collect::<Vec<_>>().join(" "));
    assert_eq!(parse_dep_info(&rule), files);
}

/// A program of each paragraph: a line names a function, its length is the size.
fn places(text: &str) {
    let unit = |line: &str| Unit { name: line.to_owned(), sizes: vec![line.len() as u64 / 2] };
    let programs: Vec<Vec<Unit>> = text.split("\n\n").take(4).map(|part| part.lines().map(unit).collect()).collect();
    drawn(&programs.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

/// Every order that is drawn holds each function once.
fn drawn(programs: &[&[Unit]]) {
    let places = Places::of(programs);
    let orders = places.draw(&mut Rng::new(1));
    if programs.iter().all(|units| units.is_empty()) {
        return;
    }
    assert_eq!(orders.len(), programs.len());
    for (mut order, units) in orders.into_iter().zip(programs) {
        order.sort_unstable();
        assert!(order.into_iter().eq(0..units.len()));
    }
}

/// A linker's map and, after a zero byte, the program.
fn moved(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == 0) else { return };
    let (map, program) = (&data[..end], &data[end + 1..]);
    let Ok(moved) = Moved::unproved(program.to_vec(), map) else { return };
    let count = moved.units().len();
    let mut sizes = BTreeSet::new();
    let mut shuffled: Vec<usize> = (0..count).collect();
    Rng::new(1).shuffle(&mut shuffled);
    for order in [(0..count).collect(), (0..count).rev().collect(), shuffled] {
        if let Ok(file) = moved.laid_out(&order) {
            assert!(file.len() <= 4 * program.len() + 4096, "{} of {}", file.len(), program.len());
            sizes.insert(file.len());
        }
    }
    assert!(sizes.len() <= 1, "{sizes:?}");
}
