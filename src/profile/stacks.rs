//! Stacks of functions, as flame graphs show them, from who called whom.
//!
//! Callgrind tells what the calls of one function by another cost, and not on which way that one had been reached. So a
//! function's own instructions go up to its callers in the proportion of what their calls of it cost, and from each of them
//! in the same way to its callers, as far as the first that nobody called. What all stacks have is what all functions have,
//! to the last instruction.
//!
//! - A function that leads back to one that waits for it (recursion) calls that one nowhere here: what is executed deeper
//!   stands in the outermost frame, and each function is in a stack once.
//! - A share of less than one ten-thousandth of all goes to the caller whose calls cost most: nobody could see it.

use std::collections::BTreeMap;

use super::function::{Function, Profile};

/// Stacks of functions, the outermost first, and what the last of each executes itself: in each of some profiles.
pub type Stacks<const N: usize> = BTreeMap<Vec<String>, [u64; N]>;

/// Shares of less than one in so many are not followed.
const FINEST: u128 = 10_000;

/// The stacks of some profiles. Frames that lead to all else and execute nothing are left out: in parts of an execution
/// these wait for the part that was counted.
pub fn stacks<const N: usize>(profiles: [&Profile; N]) -> Stacks<N> {
    let mut stacks: Stacks<N> = BTreeMap::new();
    for (index, profile) in profiles.into_iter().enumerate() {
        let graph = Graph::of(profile);
        for (path, own) in graph.paths() {
            let names = path.into_iter().rev().map(|function| graph.functions[function].name.clone()).collect();
            let stack = stacks.entry(names).or_insert([0; N]);
            stack[index] = stack[index].saturating_add(own);
        }
    }
    without_trunks(stacks)
}

/// Leaves out, of all stacks that begin with the same frame, what they begin with, but for the last frame of each.
fn without_trunks<const N: usize>(stacks: Stacks<N>) -> Stacks<N> {
    let mut trees: BTreeMap<String, Stacks<N>> = BTreeMap::new();
    for (stack, own) in stacks {
        if let Some(first) = stack.first() {
            trees.entry(first.clone()).or_default().insert(stack, own);
        }
    }
    let mut left: Stacks<N> = BTreeMap::new();
    for tree in trees.into_values() {
        // They are sorted: what the first and the last have in common all have.
        let ends = tree.keys().next().zip(tree.keys().next_back());
        let common = ends.map_or(0, |(first, last)| first.iter().zip(last).take_while(|(a, b)| a == b).count());
        let shortest = tree.keys().map(Vec::len).min().unwrap_or(0);
        let trunk = common.min(shortest.saturating_sub(1));
        for (stack, own) in tree {
            let stack = left.entry(stack[trunk..].to_vec()).or_insert([0; N]);
            for (sum, own) in stack.iter_mut().zip(own) {
                *sum = sum.saturating_add(own);
            }
        }
    }
    left
}

/// Who called whom, without calls that lead back. Functions by number.
struct Graph<'p> {
    functions: Vec<&'p Function>,
    own: Vec<u64>,
    /// The callers of each with what their calls of it cost, at least 1: the costliest first.
    callers: Vec<Vec<(usize, u64)>>,
}

impl<'p> Graph<'p> {
    fn of(profile: &'p Profile) -> Self {
        let functions: Vec<&Function> = profile.functions.keys().collect();
        let number: BTreeMap<&Function, usize> = functions.iter().enumerate().map(|(i, f)| (*f, i)).collect();
        let mut callees: Vec<Vec<(usize, u64)>> = vec![Vec::new(); functions.len()];
        let mut is_called = vec![false; functions.len()];
        for (callee, callers) in &profile.calls {
            for (caller, cost) in callers {
                if let (Some(&callee), Some(&caller)) = (number.get(callee), number.get(caller))
                    && callee != caller
                {
                    callees[caller].push((callee, (*cost).max(1)));
                    is_called[callee] = true;
                }
            }
        }
        for callees in &mut callees {
            callees.sort_by_key(|(callee, cost)| (std::cmp::Reverse(*cost), *callee));
        }
        // From those that nobody calls; then, where all of a circle are called, from the costliest of it.
        let mut begin: Vec<usize> = (0..functions.len()).collect();
        begin.sort_by_key(|&function| {
            (is_called[function], std::cmp::Reverse(profile.functions[functions[function]].inclusive))
        });
        let mut callers = forward(&begin, &callees);
        for callers in &mut callers {
            callers.sort_by_key(|(caller, cost)| (std::cmp::Reverse(*cost), *caller));
        }
        Self { own: profile.functions.values().map(|cost| cost.own).collect(), functions, callers }
    }

    /// All ways from a function up to one that nobody calls, each with its share of the function's own cost: the sum of all
    /// is that of all functions.
    fn paths(&self) -> Vec<(Vec<usize>, u64)> {
        let all: u128 = self.own.iter().map(|own| u128::from(*own)).sum();
        let finest = (all / FINEST).max(1);
        let mut paths = Vec::new();
        let costly = (0..self.own.len()).filter(|function| self.own[*function] > 0);
        let mut open: Vec<(Vec<usize>, u64)> = costly.map(|function| (vec![function], self.own[function])).collect();
        while let Some((path, share)) = open.pop() {
            let callers = &self.callers[path[path.len() - 1]];
            let Some((costliest, others)) = callers.split_first() else {
                paths.push((path, share));
                continue;
            };
            let all: u128 = callers.iter().map(|(_, cost)| u128::from(*cost)).sum();
            let mut rest = share;
            let upwards = |caller: usize| path.iter().copied().chain([caller]).collect();
            for (caller, cost) in others {
                let part = u128::from(share) * u128::from(*cost) / all;
                if part >= finest {
                    // No more than `share`, as no cost is more than all.
                    open.push((upwards(*caller), part as u64));
                    rest -= part as u64;
                }
            }
            open.push((upwards(costliest.0), rest));
        }
        paths
    }
}

/// The callers of each function, for calls that lead to no function that waits for its caller.
fn forward(begin: &[usize], callees: &[Vec<(usize, u64)>]) -> Vec<Vec<(usize, u64)>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Waits,
        Done,
    }
    let mut state = vec![State::New; callees.len()];
    let mut callers: Vec<Vec<(usize, u64)>> = vec![Vec::new(); callees.len()];
    for &first in begin {
        if state[first] != State::New {
            continue;
        }
        state[first] = State::Waits;
        // Which functions wait, and which of its calls each of them is at.
        let mut waiting = vec![(first, 0)];
        while let Some((function, at)) = waiting.last_mut() {
            let function = *function;
            let Some(&(callee, cost)) = callees[function].get(*at) else {
                state[function] = State::Done;
                waiting.pop();
                continue;
            };
            *at += 1;
            if state[callee] == State::Waits {
                continue;
            }
            callers[callee].push((function, cost));
            if state[callee] == State::New {
                state[callee] = State::Waits;
                waiting.push((callee, 0));
            }
        }
    }
    callers
}
