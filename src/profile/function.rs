//! Functions and their costs.

use std::collections::{BTreeMap, BTreeSet};

use rustc_demangle::demangle;

/// A function as two builds of a program both know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// The name of the executable's or library's file; empty where it is not known.
    pub object: String,
    /// Its path without the hashes that differ from build to build. Where there is no symbol, an address.
    pub name: String,
}

impl Function {
    /// The function of a raw symbol in an object, which is a path or empty.
    pub fn of(object: &str, symbol: &str) -> Self {
        let object = object.rsplit('/').next().unwrap_or_default();
        // Cargo's hash, which is another one where a dependency is.
        let hash = |text: &&str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let object = object.rsplit_once('-').filter(|(_, end)| hash(end)).map_or(object, |(name, _)| name);
        Self { object: object.to_owned(), name: format!("{:#}", demangle(bare(symbol))) }
    }
}

/// A symbol without what is added to it: glibc's version behind `@@`, callgrind's number of a level of recursion.
pub(super) fn bare(symbol: &str) -> &str {
    let symbol = symbol.split("@@").next().unwrap_or_default();
    let level = |level: &str| !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit());
    symbol.rsplit_once('\'').filter(|(_, end)| level(end)).map_or(symbol, |(symbol, _)| symbol)
}

/// What a function cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Its own instructions.
    pub own: u64,
    /// With those of all that it called; no more than the whole, as recursion is counted at each return.
    pub inclusive: u64,
    /// How often it was called.
    pub calls: u64,
}

/// A line of source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its file, as the compiler saw it.
    pub file: String,
    /// Its number there, from 1.
    pub line: u32,
}

/// What a function executes itself, by the lines of source that it was made of: its own, and those of what was inlined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The file in which it begins; empty where that is not known.
    pub begins_in: String,
    /// Instructions by line.
    pub own: BTreeMap<Place, u64>,
}

impl Lines {
    /// The line of the function's own file that costs most; of another file where its own has none.
    pub fn hottest(&self) -> Option<&Place> {
        // Backwards, so that the first of several is the last that is looked at.
        let most = |all: bool| {
            let lines = self.own.iter().rev().filter(|(place, _)| all || place.file == self.begins_in);
            lines.max_by_key(|(_, own)| **own)
        };
        most(false).or_else(|| most(true)).map(|(place, _)| place)
    }
}

/// The costs of one execution, or of a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// All instructions.
    pub total: u64,
    /// Those of the allocator among them.
    pub allocator: u64,
    /// The functions that are the allocator's.
    pub inside_allocator: BTreeSet<Function>,
    /// By function. One may be here with no cost of its own: it only called others, or waits for one that it called.
    pub functions: BTreeMap<Function, Cost>,
    /// What calls cost with all that they led to: by the function that was called, and then by the one that called it, which
    /// is another one. Empty where that was not read.
    pub calls: BTreeMap<Function, BTreeMap<Function, u64>>,
    /// Where in the source functions execute what they do. Without those of which that is not known.
    pub lines: BTreeMap<Function, Lines>,
}

impl Profile {
    /// The instructions of the code itself: all but the allocator's, as how many those are hangs on what the heap has been
    /// through before.
    pub fn own_code(&self) -> u64 {
        self.total.saturating_sub(self.allocator)
    }

    /// Adds what another part cost.
    pub fn add(&mut self, other: &Self) {
        self.total = self.total.saturating_add(other.total);
        self.allocator = self.allocator.saturating_add(other.allocator);
        self.inside_allocator.extend(other.inside_allocator.iter().cloned());
        for (function, cost) in &other.functions {
            let own = self.functions.entry(function.clone()).or_default();
            own.own = own.own.saturating_add(cost.own);
            own.inclusive = own.inclusive.saturating_add(cost.inclusive);
            own.calls = own.calls.saturating_add(cost.calls);
        }
        for (callee, callers) in &other.calls {
            let own = self.calls.entry(callee.clone()).or_default();
            for (caller, cost) in callers {
                let own = own.entry(caller.clone()).or_default();
                *own = own.saturating_add(*cost);
            }
        }
        for (function, lines) in &other.lines {
            let own = self.lines.entry(function.clone()).or_default();
            own.begins_in.clone_from(&lines.begins_in);
            for (place, cost) in &lines.own {
                let own = own.own.entry(place.clone()).or_default();
                *own = own.saturating_add(*cost);
            }
        }
    }

    /// Takes away what the functions with these names cost themselves, and gives how much that was. What called them keeps
    /// its share of the rest.
    pub fn without(&mut self, named: impl Fn(&str) -> bool) -> u64 {
        let own = self.functions.iter().filter(|(function, _)| named(&function.name)).map(|(_, cost)| cost.own);
        let gone = own.fold(0_u64, u64::saturating_add);
        self.functions.retain(|function, _| !named(&function.name));
        self.lines.retain(|function, _| !named(&function.name));
        self.calls.retain(|callee, callers| {
            callers.retain(|caller, _| !named(&caller.name));
            !named(&callee.name) && !callers.is_empty()
        });
        self.total -= gone.min(self.total);
        for cost in self.functions.values_mut() {
            cost.inclusive = cost.inclusive.min(self.total);
        }
        gone
    }
}
