//! Whether functions are the same in two programs.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use rustc_demangle::demangle;

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
    known: HashMap<Vec<u8>, Known>,
    /// Functions that differ in nothing, and nothing that can be reached from them does.
    clean: HashSet<Vec<u8>>,
}

/// What is known of a function that both may have.
#[derive(Clone)]
struct Known {
    difference: Option<Difference>,
    /// What base's refers to.
    refers_to: Rc<BTreeSet<Vec<u8>>>,
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
        Self { base, head, known: HashMap::new(), clean: HashSet::new() }
    }

    /// Whether all that runs before `main` is the same.
    pub fn same_constructors(&self) -> bool {
        let (base, head) = (self.base.constructors(), self.head.constructors());
        base.is_some() && base == head
    }

    /// The first of the functions with these symbols in base that is not the same in head, with what is the matter with
    /// it. From those in `timed` on everything has to be the same that can be reached: another iteration may get there.
    pub fn difference<S: AsRef<str>>(
        &mut self,
        timed: impl IntoIterator<Item = S>,
        others: impl IntoIterator<Item = S>,
    ) -> Option<String> {
        for symbol in timed {
            if let Some((symbol, difference)) = self.reachable(symbol.as_ref()) {
                return Some(in_words(&symbol, difference));
            }
        }
        for symbol in others {
            let symbol = symbol.as_ref().as_bytes();
            if let Some(difference) = self.function(symbol).difference {
                return Some(in_words(symbol, difference));
            }
        }
        None
    }

    fn reachable(&mut self, symbol: &str) -> Option<(Vec<u8>, Difference)> {
        let mut visited: HashSet<Vec<u8>> = HashSet::new();
        let mut open = vec![symbol.as_bytes().to_vec()];
        while let Some(symbol) = open.pop() {
            if self.clean.contains(&symbol) || !visited.insert(symbol.clone()) {
                continue;
            }
            let known = self.function(&symbol);
            if let Some(difference) = known.difference {
                return Some((symbol, difference));
            }
            open.extend(known.refers_to.iter().cloned());
        }
        self.clean.extend(visited);
        None
    }

    fn function(&mut self, symbol: &[u8]) -> Known {
        if let Some(known) = self.known.get(symbol) {
            return known.clone();
        }
        let (base, head) = (self.base.contents(symbol), self.head.contents(symbol));
        let difference = match (&base, &head) {
            _ if OF_THE_SYSTEM.iter().any(|own| own.as_bytes() == symbol) => None,
            (None, _) if symbol.starts_with(b"0x") => Some(Difference::NoSymbol),
            (None, _) => Some(Difference::Unknown),
            (Some(_), None) => Some(Difference::Gone),
            (Some(base), Some(head)) => (base != head).then_some(Difference::Other),
        };
        let refers_to = base.into_iter().flatten().flat_map(|content| content.refers_to).collect();
        let known = Known { difference, refers_to: Rc::new(refers_to) };
        self.known.insert(symbol.to_vec(), known.clone());
        known
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
