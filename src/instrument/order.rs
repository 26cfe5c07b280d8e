//! One random order for the functions of both programs of a pair. Functions that nobody touched come to lie at the same
//! places in both, so that what their places cost is the same on both sides.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::stats::Rng;

/// Of the functions that are alike, one in so many lies among those that are not: without them a single function that
/// changed would always lie at the same place.
const MIXED: usize = 8;

/// A part of a program that a linker can place: a function, or an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// The sizes of all that has this name: names inside a module may be used in several.
    pub sizes: Vec<u64>,
}

/// The units of several programs, matched: a place holds the same unit of each program that has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    alike: Vec<Place>,
    other: Vec<Place>,
}

/// Which unit it is in each program.
type Place = Vec<Option<usize>>;

/// A name without something; a pattern that does not compile removes nothing.
struct Without(Option<Regex>, &'static str);

static MODULE: LazyLock<Without> = LazyLock::new(|| Without(Regex::new(r"\.llvm\.\d+$").ok(), ""));
static LEGACY: LazyLock<Without> = LazyLock::new(|| Without(Regex::new(r"17h[0-9a-f]{16}E").ok(), ""));
static V0: LazyLock<Without> =
    LazyLock::new(|| Without(Regex::new(r"([CMX])s[0-9a-zA-Z]*_|(B)[0-9a-zA-Z]*_").ok(), "$1$2"));

impl Without {
    fn of(&self, name: &str) -> String {
        self.0.as_ref().map_or(name.to_owned(), |pattern| pattern.replace_all(name, self.1).into_owned())
    }
}

/// What a unit is matched by, from strict to loose. rustc hashes into a name, or writes into it, where in the source the
/// `impl` stands: one that was added above renames all functions below. LLVM adds a hash of the module.
const KEYS: [fn(&Unit) -> String; 4] = [
    |unit| unit.name.clone(),
    |unit| MODULE.of(&unit.name),
    // Closures of one function, and generic functions, are told apart by their hash alone.
    |unit| format!("{} {:?}", unhashed(&unit.name), unit.sizes),
    |unit| unhashed(&unit.name),
];

fn unhashed(name: &str) -> String {
    let name = MODULE.of(name);
    if name.starts_with("_R") { V0.of(&name) } else { LEGACY.of(&name) }
}

impl Places {
    /// Matches the units of `programs`, each in the order in which they lie there.
    pub fn of(programs: &[&[Unit]]) -> Self {
        let mut places = Self::default();
        // With where they lie: of those that are told apart by nothing, the first is the first.
        let mut left: Vec<Vec<(usize, &Unit)>> =
            programs.iter().map(|units| units.iter().enumerate().collect()).collect();
        for key in KEYS {
            let mut groups: BTreeMap<String, Vec<Vec<(usize, &Unit)>>> = BTreeMap::new();
            for (program, units) in left.iter_mut().enumerate() {
                units.sort_unstable_by_key(|(place, _)| *place);
                for unit in units.drain(..) {
                    let group = groups.entry(key(unit.1)).or_insert_with(|| vec![Vec::new(); programs.len()]);
                    group[program].push(unit);
                }
            }
            for group in groups.into_values() {
                let count = group.iter().map(Vec::len).min().unwrap_or(0);
                for i in 0..count {
                    places.add(group.iter().map(|units| units[i]).collect());
                }
                for (left, units) in left.iter_mut().zip(group) {
                    left.extend(&units[count..]);
                }
            }
        }
        for (program, units) in left.into_iter().enumerate() {
            for (unit, _) in units {
                places.other.push((0..programs.len()).map(|other| (other == program).then_some(unit)).collect());
            }
        }
        places
    }

    fn add(&mut self, units: Vec<(usize, &Unit)>) {
        let first = &units[0].1.sizes;
        // In what order a linker places what has the same name is its own affair.
        let alike = units.iter().all(|(_, unit)| unit.sizes == *first) && first.iter().all(|size| *size == first[0]);
        let place = units.into_iter().map(|(unit, _)| Some(unit)).collect();
        if alike { self.alike.push(place) } else { self.other.push(place) }
    }

    /// A random order: for each program, which of its units comes first, and so on.
    pub fn draw(&self, rng: &mut Rng) -> Vec<Vec<usize>> {
        let mut order: Vec<&Place> = self.alike.iter().collect();
        rng.shuffle(&mut order);
        let mut last = order.split_off(order.len() - order.len() / MIXED);
        // A unit that is larger on one side moves all that follow it there.
        last.extend(&self.other);
        rng.shuffle(&mut last);
        order.extend(last);
        let programs = order.first().map_or(0, |place| place.len());
        (0..programs).map(|program| order.iter().filter_map(|place| place[program]).collect()).collect()
    }
}
