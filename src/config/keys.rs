//! The keys of the file: which this version honours, and which the contract knows and this version does not. The one
//! place where either stands. What the values mean is `value`'s and `limits`' business.

use crate::model::Metric;

/// The keys of one table.
#[derive(Debug)]
pub(super) struct Keys {
    /// How messages name the table; empty for the top of the file.
    pub table: &'static str,
    /// What messages put before a key.
    pub prefix: &'static str,
    /// Keys that are honoured.
    pub known: &'static [&'static str],
    /// Keys of the contract that this version refuses, with the words by which messages name them.
    pub later: &'static [(&'static str, &'static str)],
    /// Whether the contract lets users invent keys here (custom metrics): those are refused as not supported yet,
    /// rather than as unknown.
    pub invented: bool,
}

pub(super) static ROOT: Keys = Keys {
    table: "",
    prefix: "",
    known: &["gate", "metrics", "benchmark", "accept", "rename", "environment"],
    later: &[],
    invented: false,
};

pub(super) static GATE: Keys = Keys {
    table: "[gate]",
    prefix: "gate.",
    known: &[
        "base",
        "max-regression",
        "tolerate",
        "on-inconclusive",
        "max-inconclusive",
        "on-missing-baseline",
        "on-removed",
        "on-failed",
        "time-out",
        "budget",
        "suite-max-regression",
        "screen",
    ],
    later: &[],
    invented: false,
};

/// A section for one environment: what it sets stands over `[gate]`.
pub(super) static ENVIRONMENT: Keys =
    Keys { table: "[environment]", prefix: "environment.", known: GATE.known, later: &[], invented: false };

pub(super) static METRICS: Keys = Keys {
    table: "[metrics]",
    prefix: "metrics.",
    known: &[
        "wall-time",
        "instructions",
        "cold-instructions",
        "allocations",
        "allocated-bytes",
        "peak-bytes",
        "leaked-bytes",
    ],
    later: &[
        ("cpu-time", "metrics.cpu-time"),
        ("estimated-cycles", "metrics.estimated-cycles"),
        ("peak-rss", "metrics.peak-rss"),
        ("binary-size", "metrics.binary-size"),
        ("throughput", "metrics.throughput"),
        ("latency-p50", "metrics.latency-p50"),
        ("latency-p95", "metrics.latency-p95"),
        ("latency-p99", "metrics.latency-p99"),
        ("error-rate", "metrics.error-rate"),
    ],
    invented: true,
};

pub(super) static WALL_TIME: Keys = Keys {
    table: "[metrics.wall-time]",
    prefix: "metrics.wall-time.",
    known: &["max-regression", "tolerate", "max"],
    later: &[("min", "metrics.wall-time.min")],
    invented: false,
};

/// The table of a counted metric.
macro_rules! counted {
    ($metric:literal) => {
        Keys {
            table: concat!("[metrics.", $metric, "]"),
            prefix: concat!("metrics.", $metric, "."),
            known: &["max-regression", "max"],
            later: &[("min", concat!("metrics.", $metric, ".min"))],
            invented: false,
        }
    };
}

/// The tables of what is counted.
pub(super) static COUNTED: [(Metric, Keys); 6] = [
    (Metric::Instructions, counted!("instructions")),
    (Metric::ColdInstructions, counted!("cold-instructions")),
    (Metric::Allocations, counted!("allocations")),
    (Metric::AllocatedBytes, counted!("allocated-bytes")),
    (Metric::PeakBytes, counted!("peak-bytes")),
    (Metric::LeakedBytes, counted!("leaked-bytes")),
];

pub(super) static BENCHMARK: Keys = Keys {
    table: "[[benchmark]]",
    prefix: "benchmark.",
    known: &["match", "id", "metrics"],
    later: &[],
    invented: false,
};

pub(super) static ACCEPT: Keys = Keys {
    table: "[[accept]]",
    prefix: "accept.",
    known: &["benchmark", "metric", "max-regression", "reason"],
    later: &[],
    invented: false,
};

pub(super) static RENAME: Keys =
    Keys { table: "[[rename]]", prefix: "rename.", known: &["from", "to"], later: &[], invented: false };

/// The spelling of `max-regression` that lets it follow from the benchmark's own noise.
pub(super) const AUTO: &str = "auto";

/// What messages say of a key or value that the contract knows and this version does not.
pub(super) fn not_supported(what: &str) -> String {
    format!("`{what}` is not supported by this version of cargo-perfgate")
}

impl Keys {
    /// The honoured key that `written` most probably means.
    pub fn nearest(&self, written: &str) -> Option<&'static str> {
        nearest(written, self.known.iter().copied())
    }

    /// Where a key that is none of this table belongs, in words.
    pub fn place_of(&self, key: &str) -> Option<String> {
        if self.table == BENCHMARK.table && WALL_TIME.known.contains(&key) {
            return Some(format!("write `metrics.wall-time = {{ {key} = … }}`"));
        }
        [&GATE, &WALL_TIME, &METRICS, &BENCHMARK, &ACCEPT, &RENAME]
            .into_iter()
            .find(|table| table.known.contains(&key))
            .map(|table| format!("it belongs in `{}`", table.table))
    }
}

/// The candidate within a third of `written`'s length in edits, the nearest first; case and `_` for `-` cost nothing.
pub fn nearest<'c>(written: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    /// Nothing that is longer was meant as any of the candidates, and the distance costs the product of the lengths.
    const LONGEST: usize = 200;
    if written.len() > LONGEST {
        return None;
    }
    let written = written.to_lowercase().replace('_', "-");
    let allowed = (written.chars().count() / 3).max(1);
    candidates
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::damerau_levenshtein(&written, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
