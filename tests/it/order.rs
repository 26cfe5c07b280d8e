//! One order for two programs: which function of one is which of the other, and what may lie where.

use std::collections::{BTreeMap, BTreeSet};

use cargo_perfgate::instrument::{Places, Unit};
use cargo_perfgate::stats::Rng;

fn units(names: &[(&str, &[u64])]) -> Vec<Unit> {
    names.iter().map(|(name, sizes)| Unit { name: (*name).to_owned(), sizes: sizes.to_vec() }).collect()
}

/// The places that every draw gives both sides' functions, from `seeds` draws.
fn draws(base: &[Unit], head: &[Unit], seeds: u64) -> Vec<[Vec<String>; 2]> {
    let places = Places::of(&[base, head]);
    let draw = |seed| {
        let orders = places.draw(&mut Rng::new(seed));
        [(0, base), (1, head)].map(|(side, units)| orders[side].iter().map(|unit| units[*unit].name.clone()).collect())
    };
    (0..seeds).map(draw).collect()
}

#[test]
fn functions_are_the_same_under_another_hash() {
    let base = units(&[
        ("same", &[1]),
        ("_ZN1a1b17h0123456789abcdefE", &[2]),
        ("_ZN1a1c17h0123456789abcdefE.llvm.12345", &[3]),
        ("_RNvMs0_Cs1aB_1a1Xf", &[4]),
        // Two closures: the first is the first, and the second the second.
        ("_ZN1a3cls17h1111111111111111E", &[5]),
        ("_ZN1a3cls17h2222222222222222E", &[6]),
    ]);
    let head = units(&[
        ("_ZN1a3cls17h4444444444444444E", &[5]),
        ("_ZN1a3cls17h3333333333333333E", &[6]),
        ("_RNvMs1_Cs1aB_1a1Xf", &[4]),
        ("_ZN1a1c17h0123456789abcdefE.llvm.999", &[3]),
        ("_ZN1a1b17hfedcba9876543210E", &[2]),
        ("same", &[1]),
    ]);
    let of = |names: &[String], units: &[Unit]| -> Vec<u64> {
        let size = |name: &String| units.iter().find(|unit| unit.name == *name).unwrap().sizes[0];
        names.iter().map(size).collect()
    };
    let draws = draws(&base, &head, 50);
    for [first, second] in &draws {
        assert_eq!(of(first, &base), of(second, &head));
    }
    let firsts: BTreeSet<&String> = draws.iter().map(|[first, _]| &first[0]).collect();
    assert_eq!(firsts.len(), 6, "each is the first in some order");
}

#[test]
fn what_is_not_alike_lies_behind_and_moves_nothing() {
    let names: Vec<String> = (0..80).map(|i| format!("f{i}")).collect();
    let mut base: Vec<Unit> = names.iter().map(|name| Unit { name: name.clone(), sizes: vec![16] }).collect();
    let mut head = base.clone();
    base.extend(units(&[("grown", &[16]), ("gone", &[16]), ("several", &[8, 16]), ("twins", &[8, 8])]));
    head.extend(units(&[("grown", &[32]), ("new", &[16]), ("several", &[8, 16]), ("twins", &[8, 8])]));
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for [first, second] in draws(&base, &head, 100) {
        assert_eq!((first.len(), second.len()), (84, 84));
        // 81 are alike, ten of them are kept back.
        assert_eq!(first[..71], second[..71]);
        for name in ["grown", "several", "gone"] {
            places.entry(name.to_owned()).or_default().push(first.iter().position(|n| n == name).unwrap());
        }
        let common = |names: &[String]| -> Vec<String> {
            names.iter().filter(|name| !["gone", "new"].contains(&name.as_str())).cloned().collect()
        };
        assert_eq!(common(&first), common(&second));
    }
    for (name, mut places) in places {
        places.sort_unstable();
        places.dedup();
        assert!(places[0] >= 71 && places.len() > 8, "{name}: {places:?}");
    }
}
