//! Stacks from who called whom: what all functions executed, once each, on ways that end.

use std::collections::{BTreeMap, BTreeSet};

use cargo_perfgate::profile::{Cost, Function, Profile, Stacks, stacks};
use proptest::prelude::*;

/// A profile of functions with what they execute themselves, and of calls by caller, callee and cost.
fn profile(own: &[(&str, u64)], calls: &[(&str, &str, u64)]) -> Profile {
    let mut profile = Profile::default();
    for (name, own) in own {
        let led_to = calls.iter().filter(|(caller, callee, _)| caller == name && callee != name);
        let inclusive = own + led_to.map(|(_, _, cost)| cost).sum::<u64>();
        profile.functions.insert(Function::of("", name), Cost { own: *own, inclusive, calls: 1 });
        profile.total += own;
    }
    for (caller, callee, cost) in calls {
        let callers = profile.calls.entry(Function::of("", callee)).or_default();
        callers.insert(Function::of("", caller), *cost);
    }
    profile
}

fn drawn(profile: &Profile) -> Vec<(String, u64)> {
    stacks([profile]).into_iter().map(|(stack, [own])| (stack.join(";"), own)).collect()
}

fn expected(stacks: &[(&str, u64)]) -> Vec<(String, u64)> {
    stacks.iter().map(|(stack, own)| ((*stack).to_owned(), *own)).collect()
}

#[test]
fn what_a_function_executes_goes_to_its_callers_by_what_their_calls_cost() {
    let calls = [("main", "a", 60), ("main", "b", 40), ("a", "work", 50), ("b", "work", 30), ("work", "leaf", 16)];
    let own = [("main", 0), ("a", 10), ("b", 10), ("work", 64), ("leaf", 16)];
    // `main` executes nothing, and leads to all.
    let tree = [("a", 10), ("a;work", 40), ("a;work;leaf", 10), ("b", 10), ("b;work", 24), ("b;work;leaf", 6)];
    assert_eq!(drawn(&profile(&own, &calls)), expected(&tree));
    // Where it executes something, it is seen.
    let busy = profile(&[("main", 1), ("a", 5)], &[("main", "a", 5)]);
    assert_eq!(drawn(&busy), expected(&[("main", 1), ("main;a", 5)]));
    assert_eq!(drawn(&profile(&[("main", 0), ("a", 5)], &[("main", "a", 5)])), expected(&[("a", 5)]));
    // No caller costs more than another where all cost nothing, and one without any is a beginning.
    let idle = profile(&[("x", 0), ("y", 0), ("work", 8), ("thread", 3)], &[("x", "work", 0), ("y", "work", 0)]);
    assert_eq!(drawn(&idle), expected(&[("thread", 3), ("work", 8)]));
}

#[test]
fn recursion_stands_in_its_outermost_frame() {
    let own = [("main", 1), ("walk", 70), ("visit", 30)];
    let calls = [("main", "walk", 100), ("walk", "visit", 90), ("visit", "walk", 80), ("walk", "walk", 500)];
    let tree = [("main", 1), ("main;walk", 70), ("main;walk;visit", 30)];
    assert_eq!(drawn(&profile(&own, &calls)), expected(&tree));
    // A circle that nobody is known to have entered begins where most is executed.
    let own = [("a", 10), ("b", 20), ("c", 30)];
    let circle = profile(&own, &[("a", "b", 5), ("b", "c", 5), ("c", "a", 5)]);
    assert_eq!(drawn(&circle), expected(&[("c", 30), ("c;a", 10), ("c;a;b", 20)]));
}

#[test]
fn two_sides_stand_side_by_side() {
    let base = profile(&[("main", 0), ("old", 40), ("same", 60)], &[("main", "old", 40), ("main", "same", 60)]);
    let head = profile(&[("main", 0), ("new", 90), ("same", 60)], &[("main", "new", 90), ("main", "same", 60)]);
    let both: Stacks<2> = stacks([&base, &head]);
    let both: Vec<(String, [u64; 2])> = both.into_iter().map(|(stack, own)| (stack.join(";"), own)).collect();
    assert_eq!(both, [("new".into(), [0, 90]), ("old".into(), [40, 0]), ("same".into(), [60, 60])]);
}

#[test]
fn a_web_of_calls_has_no_more_stacks_than_can_be_seen() {
    // Two ways on each of forty floors: a thousand billion ways up.
    let names: Vec<String> = (0..40).flat_map(|floor| [format!("a{floor:02}"), format!("b{floor:02}")]).collect();
    let mut calls = Vec::new();
    for floor in 0..39 {
        for caller in &names[2 * floor..2 * floor + 2] {
            calls
                .extend(names[2 * floor + 2..2 * floor + 4].iter().map(|callee| (caller.as_str(), callee.as_str(), 1)));
        }
    }
    let own: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 1_000_000)).collect();
    let profile = profile(&own, &calls);
    let stacks = stacks([&profile]);
    assert!(stacks.len() < 20_000, "{}", stacks.len());
    assert_eq!(stacks.values().map(|[own]| own).sum::<u64>(), profile.total);
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_is_in_a_stack_twice(
        own in prop::collection::vec(0..5000_u64, 1..9),
        calls in prop::collection::btree_map((0..9_usize, 0..9_usize), 0..9000_u64, 0..30),
    ) {
        let names: Vec<String> = (0..own.len()).map(|number| format!("f{number}")).collect();
        let own: Vec<(&str, u64)> = names.iter().map(String::as_str).zip(own).collect();
        let known = calls.iter().filter(|((a, b), _)| *a < names.len() && *b < names.len());
        let calls: Vec<(&str, &str, u64)> = known.map(|((a, b), cost)| (&*names[*a], &*names[*b], *cost)).collect();
        let profile = profile(&own, &calls);
        let stacks = stacks([&profile]);
        let mut of_each: BTreeMap<&str, u64> = BTreeMap::new();
        for (stack, [own]) in &stacks {
            prop_assert_eq!(stack.iter().collect::<BTreeSet<_>>().len(), stack.len(), "{:?}", stack);
            for pair in stack.windows(2) {
                prop_assert!(calls.iter().any(|(caller, callee, _)| *caller == pair[0] && *callee == pair[1]));
            }
            *of_each.entry(stack.last().unwrap()).or_default() += own;
        }
        let executed: BTreeMap<&str, u64> = own.into_iter().filter(|(_, own)| *own > 0).collect();
        prop_assert_eq!(of_each, executed);
    }
}
