//! The corpora of the fuzz targets, replayed: each file as it is, cut off, and with some of its bytes changed.

#[path = "../../fuzz/src/lib.rs"]
pub mod bodies;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use cargo_perfgate::harness::criterion::{Incoming, Message};
use cargo_perfgate::instrument::Moved;
use cargo_perfgate::report::json;
use cargo_perfgate::stats::Rng;
use cargo_perfgate::store::decode;

/// Each file is cut at so many places, and so many times a few of its bytes are changed.
const VARIANTS: usize = 16;
/// Bytes changed at once at most.
const CHANGED: u64 = 4;

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

fn seed(target: &str, name: &str) -> Vec<u8> {
    fs::read(corpus(target).join(name)).unwrap()
}

fn replay(target: &str, body: fn(&[u8])) {
    let mut files: Vec<PathBuf> = fs::read_dir(corpus(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5, "{target} has a corpus");
    for file in files {
        let whole = fs::read(&file).unwrap();
        let run = |data: &[u8], how: &str| {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(data))) {
                eprintln!("{} {how}", file.display());
                resume_unwind(panic);
            }
        };
        run(&whole, "as it is");
        let mut rng = Rng::new(whole.len() as u64);
        for _ in 0..VARIANTS.min(whole.len()) {
            let end = rng.below(whole.len() as u64) as usize;
            run(&whole[..end], &format!("cut at {end}"));
            let mut changed = whole.clone();
            let changes: Vec<(usize, u8)> = (0..=rng.below(CHANGED))
                .map(|_| (rng.below(whole.len() as u64) as usize, rng.below(256) as u8))
                .collect();
            changes.iter().for_each(|(at, byte)| changed[*at] = *byte);
            run(&changed, &format!("with {changes:?}"));
        }
    }
}

#[test]
fn configurations() {
    replay("config", bodies::config::run);
}

#[test]
fn what_criterion_says() {
    replay("criterion", bodies::criterion::run);
}

#[test]
fn documents_from_elsewhere() {
    replay("documents", bodies::documents::run);
}

#[test]
fn what_other_programs_print() {
    replay("printed", bodies::printed::run);
}

#[test]
fn programs_and_maps() {
    replay("programs", bodies::programs::run);
}

/// A seed that a reader refuses at its first byte would lead a fuzzer nowhere.
#[test]
fn the_seeds_are_read() {
    let runs = seed("documents", "two-runs");
    assert_eq!(runs.split(|byte| *byte == 0).filter(|run| decode(run).is_ok()).count(), 2);
    assert_eq!(json::parse(&seed("documents", "result.json")).unwrap().rows.len(), 5);

    let mut incoming = Incoming::default();
    incoming.add(&seed("criterion", "conversation")[1..]);
    let messages: Vec<Message> = std::iter::from_fn(|| incoming.message().unwrap()).collect();
    let Message::Complete(complete) = &messages[4] else { panic!("{messages:?}") };
    assert_eq!((complete.name.as_str(), complete.values.len()), ("parse/large/1024", 3));
    assert_eq!(complete.measurement_time, Some(2e6));
    assert_eq!(messages[5..], [Message::Unit("ns".to_owned()), Message::GroupFinished]);

    for name in ["moved-lld", "moved-mold"] {
        let data = seed("programs", name);
        let map = data.iter().position(|byte| *byte == 0).unwrap();
        let program = data[map + 1..].to_vec();
        let moved = Moved::unproved(program.clone(), &data[1..map]).unwrap();
        let names: Vec<&str> = moved.units().iter().map(|unit| unit.name.as_str()).collect();
        assert_eq!(names, ["two", "three", "exported", "_start", "other", "chilly"]);
        let [there, back] = [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]].map(|order| moved.laid_out(&order).unwrap());
        assert_eq!(there.len(), back.len());
        assert_ne!(there, back);
        // Everything as it lay, with what is no function filled anew: the code is at 0x1f8.
        assert_eq!(there[64..0x1f8 + 0xc2], program[64..0x1f8 + 0xc2]);
        assert!(there[0x1f8 + 0xc2..0x2f8].iter().all(|byte| *byte == 0xcc));
        assert_eq!(there[0x2f8..0x3d8], program[0x2f8..0x3d8]);
    }
}
