//! Whether functions are the same in two programs.

use std::collections::{BTreeSet, HashMap};

use rustc_demangle::demangle;

use super::content::Content;
use super::objects::Code;

/// What the C compiler puts before and behind every program; no record of a link has it, as it belongs to the system.
const OF_THE_SYSTEM: [&str; 8] = [
    "_start",
    "_init",
    "_fini",
    "frame_dummy",
    "register_tm_clones",
    "deregister_tm_clones",
    "__do_global_dtors_aux",
    "(below main)",
];

/// Two programs, and what was found out of their functions so far: benchmarks have most of theirs in common.
pub struct Comparison<'a> {
    base: &'a Code<'a>,
    head: &'a Code<'a>,
    known: HashMap<Vec<u8>, Option<Difference>>,
    of_base: HashMap<Vec<u8>, Option<BTreeSet<Content>>>,
}

#[derive(Clone, Copy, Debug)]
enum Difference {
    NoSymbol,
    Unknown,
    Other,
    Gone,
}

impl<'a> Comparison<'a> {
    /// Of two programs.
    pub fn new(base: &'a Code<'a>, head: &'a Code<'a>) -> Self {
        Self { base, head, known: HashMap::new(), of_base: HashMap::new() }
    }

    /// The first of the functions with these symbols in base that is not the same in head, with what is the matter with
    /// it. Of those in `timed` what they call has to be the same, too: another
    /// iteration may get there.
    pub fn difference<'n>(
        &mut self,
        timed: impl IntoIterator<Item = &'n String>,
        others: impl IntoIterator<Item = &'n String>,
    ) -> Option<String> {
        for (symbol, is_timed) in
            timed.into_iter().map(|symbol| (symbol, true)).chain(others.into_iter().map(|symbol| (symbol, false)))
        {
            if OF_THE_SYSTEM.contains(&symbol.as_str()) {
                continue;
            }
            if let Some(difference) = self.executed(symbol.as_bytes()) {
                return Some(in_words(symbol.as_bytes(), difference));
            }
            if is_timed {
                let contents = self.of_base(symbol.as_bytes()).into_iter().flatten();
                let called: BTreeSet<Vec<u8>> = contents.flat_map(|content| content.refers_to).collect();
                for called in called {
                    if let Some(difference) = self.executed(&called) {
                        return Some(in_words(&called, difference));
                    }
                }
            }
        }
        None
    }

    fn executed(&mut self, symbol: &[u8]) -> Option<Difference> {
        if let Some(known) = self.known.get(symbol) {
            return *known;
        }
        let difference = match (self.of_base(symbol), self.head.contents(symbol)) {
            (None, _) if symbol.starts_with(b"0x") => Some(Difference::NoSymbol),
            (None, _) => Some(Difference::Unknown),
            (Some(_), None) => Some(Difference::Gone),
            (Some(base), Some(head)) => (base != head).then_some(Difference::Other),
        };
        self.known.insert(symbol.to_vec(), difference);
        difference
    }

    fn of_base(&mut self, symbol: &[u8]) -> Option<BTreeSet<Content>> {
        self.of_base.entry(symbol.to_vec()).or_insert_with(|| self.base.contents(symbol)).clone()
    }
}

fn in_words(symbol: &[u8], difference: Difference) -> String {
    let name = String::from_utf8_lossy(symbol);
    let name = format!("{:#}", demangle(&name));
    match difference {
        Difference::NoSymbol => format!("the function at {name} has no name"),
        Difference::Unknown => format!("where {name} comes from is not known"),
        Difference::Gone => format!("head has no {name}"),
        Difference::Other => format!("{name} is compiled to other machine code, or refers to other data"),
    }
}
