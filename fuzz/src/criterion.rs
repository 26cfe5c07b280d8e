//! What criterion says: on its control channel and in its files. The first byte says which of them follows.

use cargo_perfgate::flow::Estimate;
use cargo_perfgate::gate::{Limits, Stage, Trial};
use cargo_perfgate::harness::criterion::{
    Complete, Incoming, Message, filters, full_id, median, per_iteration, read_version,
};
use regex::Regex;

/// Reads it, and makes of it what the harness does.
pub fn run(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind {
        b'0' => channel(data),
        b'1' => files(data),
        b'2' => names(&String::from_utf8_lossy(data)),
        _ => greeting(data),
    }
}

/// Frames, all at once and byte by byte: the same messages.
fn channel(data: &[u8]) {
    let (mut whole, mut messages) = (Incoming::default(), Vec::new());
    whole.add(data);
    let end = loop {
        match whole.message() {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => break None,
            Err(error) => break Some(error.to_string()),
        }
    };
    assert!(end.as_ref().is_none_or(|error| error.starts_with("the benchmark sent ")), "{end:?}");
    let (mut parts, mut again) = (Incoming::default(), messages.iter());
    // What comes in small pieces costs a look for each.
    let piece = data.len() / 512 + 1;
    let mut broken = None;
    'all: for part in data.chunks(piece) {
        parts.add(part);
        loop {
            match parts.message() {
                // Text alone: what is no number is no equal of itself.
                Ok(Some(message)) => assert_eq!(again.next().map(|m| format!("{m:?}")), Some(format!("{message:?}"))),
                Ok(None) => break,
                Err(error) => {
                    broken = Some(error.to_string());
                    break 'all;
                }
            }
        }
    }
    assert_eq!((again.next(), broken), (None, end));
    let mut trial = Trial::new(Limits::new(0.05), 3);
    let mut base = None;
    for message in &messages {
        if let Message::Complete(complete) = message {
            measured(complete, &mut trial, &mut base);
        }
    }
    trial.close();
    assert_ne!(trial.stage(), Stage::Open);
    judged(&trial);
}

/// Every second one is head's.
fn measured(complete: &Complete, trial: &mut Trial, base: &mut Option<Estimate>) {
    let times: Vec<f64> =
        complete.values.iter().zip(&complete.iterations).map(|(value, count)| value / count).collect();
    let Some(estimate) = estimate(&times) else { return };
    match base.take() {
        None => *base = Some(estimate),
        Some(base) => {
            trial.push(estimate.against(base));
            judged(trial);
        }
    }
}

fn judged(trial: &Trial) {
    let judgement = trial.judgement();
    let interval = judgement.interval.map(|interval| [interval.low, interval.high]);
    let numbers = [judgement.change, judgement.smallest_visible_change].into_iter().flatten();
    for number in numbers.chain(interval.into_iter().flatten()).chain(judgement.distribution.iter().copied()) {
        assert!(!number.is_nan(), "{judgement:?}");
    }
}

fn estimate(times: &[f64]) -> Option<Estimate> {
    let estimate = Estimate::of(times)?;
    assert!(estimate.typical > 0.0 && estimate.tail >= estimate.typical && estimate.tail.is_finite(), "{estimate:?}");
    Some(estimate)
}

fn files(data: &[u8]) {
    if let Ok(id) = full_id(data) {
        names(&id);
    }
    if let Ok(times) = per_iteration(data) {
        estimate(&times);
    }
    let _ = median(data).map(|median| assert!(median.is_finite()));
}

/// Lines that are names: the filters select each of them and nothing else.
fn names(text: &str) {
    let names: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let mut selected = 0;
    for (some, filter) in filters(&names) {
        assert_eq!(some, &names[selected..selected + some.len()]);
        selected += some.len();
        let filter = Regex::new(&filter).unwrap_or_else(|error| panic!("{filter:?}: {error}"));
        for name in some {
            assert!(filter.is_match(name), "{name:?}");
            let longer = format!("{name}\u{1}");
            assert!(!filter.is_match(&longer) || some.contains(&longer), "{name:?}");
        }
    }
    assert_eq!(selected, names.len());
}

fn greeting(data: &[u8]) {
    let mut incoming = Incoming::default();
    incoming.add(data);
    match incoming.hello() {
        Some(hello) => drop(read_version(&hello)),
        None => assert!(data.len() < 16),
    }
}
