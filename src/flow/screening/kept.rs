//! What benchmarks execute, kept from check to check beside the builds: a push that changes nothing they execute is decided
//! by it in no time.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::executed::{Executed, Known};
use super::shared::Symbols;
use crate::flow::suites::Open;
use crate::instrument::cpu_model;
use crate::store::write_whole;
use crate::workspace::short_hash;

/// Another one where files mean something else.
const FORMAT: &str = "2";
/// So many files are kept, the newest: one stands for an executable at a commit.
const FILES: usize = 64;
/// Why something cannot be counted that no other time changes.
const LASTING: [&str; 2] = ["its code fixes how it is measured", "it reads the clock itself"];
/// What claims to be larger is not read.
const MAX_BYTES: u64 = 64 << 20;

/// The folder, and what the executables in question have in common.
pub struct Kept {
    folder: PathBuf,
    /// The tree that base was built from: benchmarks may read its files.
    tree: String,
}

/// The content of a file. Most benchmarks execute what others execute: names stand in it once, and what is executed
/// before a benchmark as what is new since another.
#[derive(Serialize, Deserialize, Default)]
struct File {
    symbols: Vec<String>,
    benchmarks: Vec<(String, Result<Numbers, String>)>,
}

#[derive(Serialize, Deserialize)]
struct Numbers {
    timed: Vec<usize>,
    beside: Vec<usize>,
    /// The entry before which the same was executed, and the following besides.
    after: Option<usize>,
    before: Vec<usize>,
    beyond: Option<String>,
}

impl Kept {
    /// Of a project whose builds lie in `builds`.
    pub fn new(builds: &Path, tree: &str) -> Self {
        Self { folder: builds.join("executed"), tree: tree.to_owned() }
    }

    /// What is known of an executable of base. A file that cannot be read is none.
    pub fn read(&self, open: &Open) -> Known {
        let Some(path) = self.path(open) else { return Known::new() };
        let small = fs::metadata(&path).is_ok_and(|found| found.len() <= MAX_BYTES);
        let bytes = small.then(|| fs::read(&path).ok()).flatten();
        bytes.and_then(|bytes| decode(&bytes)).unwrap_or_default()
    }

    /// Keeps what is known. Where that fails it will be asked again.
    pub fn write(&self, open: &Open, known: &Known) {
        let Some(path) = self.path(open) else { return };
        // What could not be counted in time may be, the next time.
        let lasting = |reason: &String| LASTING.iter().any(|words| reason.contains(words));
        let known = &known.iter().filter(|(_, executed)| executed.as_ref().err().is_none_or(lasting));
        let known = &known.clone().map(|(name, executed)| (name.clone(), executed.clone())).collect();
        let _ = fs::create_dir_all(&self.folder).and_then(|()| write_whole(&path, &encode(known)));
        self.forget_old();
    }

    fn path(&self, open: &Open) -> Option<PathBuf> {
        let identity = &open.base_origin.as_ref()?.identity;
        let cpu = cpu_model();
        let parts = [FORMAT, env!("CARGO_PKG_VERSION"), &self.tree, identity, &cpu].map(str::as_bytes);
        Some(self.folder.join(format!("{}.json", short_hash(&parts))))
    }

    fn forget_old(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let age = |entry: fs::DirEntry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()));
        let mut files: Vec<_> = entries.filter_map(|entry| age(entry.ok()?)).collect();
        files.sort();
        for (_, path) in files.iter().rev().skip(FILES) {
            let _ = fs::remove_file(path);
        }
    }
}

/// The content of a file.
pub fn encode(known: &Known) -> Vec<u8> {
    let mut file = File::default();
    let mut numbers: HashMap<Arc<str>, usize> = HashMap::new();
    let mut number = |symbol: &Arc<str>, symbols: &mut Vec<String>| {
        *numbers.entry(symbol.clone()).or_insert_with(|| {
            symbols.push(symbol.to_string());
            symbols.len() - 1
        })
    };
    // The more was executed before a benchmark the later it was.
    let mut order: Vec<_> = known.iter().collect();
    order.sort_by_key(|(_, executed)| executed.as_ref().map_or(0, |executed| executed.before.len()));
    let mut before: Option<(usize, &Executed)> = None;
    for (index, (name, executed)) in order.into_iter().enumerate() {
        let numbers = executed.as_ref().map_err(String::clone).map(|executed| {
            let earlier = before.filter(|(_, earlier)| earlier.before.is_subset(&executed.before));
            let is_new = |symbol: &&Arc<str>| earlier.is_none_or(|(_, earlier)| !earlier.before.contains(*symbol));
            let new = executed.before.iter().filter(is_new);
            let new = new.map(|symbol| number(symbol, &mut file.symbols)).collect();
            let mut all = |symbols: &Symbols| -> Vec<usize> {
                symbols.iter().map(|symbol| number(symbol, &mut file.symbols)).collect()
            };
            let (timed, beside) = (all(&executed.timed), all(&executed.beside));
            before = Some((index, executed));
            Numbers {
                timed,
                beside,
                after: earlier.map(|(index, _)| index),
                before: new,
                beyond: executed.beyond.clone(),
            }
        });
        file.benchmarks.push((name.clone(), numbers));
    }
    serde_json::to_vec(&file).unwrap_or_default()
}

/// Reads what [`encode`] gave; `None` where it cannot have given that.
pub fn decode(bytes: &[u8]) -> Option<Known> {
    let file: File = serde_json::from_slice(bytes).ok()?;
    let names: Vec<Arc<str>> = file.symbols.into_iter().map(Arc::from).collect();
    let mut sets: HashMap<Vec<usize>, Symbols> = HashMap::new();
    let mut symbols = |numbers: &[usize]| {
        if let Some(known) = sets.get(numbers) {
            return Some(known.clone());
        }
        let set = numbers.iter().map(|number| names.get(*number).cloned());
        let set = Arc::new(set.collect::<Option<BTreeSet<Arc<str>>>>()?);
        sets.insert(numbers.to_vec(), set.clone());
        Some(set)
    };
    let mut all: Vec<(&String, Result<Executed, String>)> = Vec::new();
    for (name, numbers) in &file.benchmarks {
        let numbers = match numbers {
            Ok(numbers) => numbers,
            Err(reason) => {
                all.push((name, Err(reason.clone())));
                continue;
            }
        };
        let mut before = symbols(&numbers.before)?;
        if let Some(after) = numbers.after {
            let earlier = &all.get(after)?.1.as_ref().ok()?.before;
            let new = !before.is_empty();
            before = if new { Arc::new(earlier.union(&before).cloned().collect()) } else { earlier.clone() };
        }
        let (timed, beside) = (symbols(&numbers.timed)?, symbols(&numbers.beside)?);
        all.push((name, Ok(Executed { timed, beside, before, beyond: numbers.beyond.clone() })));
    }
    Some(all.into_iter().map(|(name, executed)| (name.clone(), executed)).collect())
}
