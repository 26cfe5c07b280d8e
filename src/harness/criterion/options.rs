//! criterion's command line, by version.

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

/// criterion's version as the executable states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u8, pub u8, pub u8);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Version {
    /// What it understands every version does: whole seconds.
    pub const OLDEST: Self = Self(0, 3, 0);

    /// Times below a second are understood since 0.4.
    pub fn takes_fractions(self) -> bool {
        self >= Self(0, 4, 0)
    }
}

/// How long one slice of one benchmark takes, as far as its own code does not say otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slicing {
    pub warm_up: Duration,
    pub measurement: Duration,
    /// At least 10, as criterion demands.
    pub samples: u32,
}

impl Slicing {
    /// Pairs of processes differ by far more than slices of one do: on a shared machine a pair of nine benchmarks spread by
    /// 6.1 % with slices of 4 and 10 ms, by 5.9 % with 3 and 5, and by 5.8 % with 1 and 2, at 44, 34 and 17 ms a pair. Whole
    /// seconds where nothing shorter is understood.
    pub fn of(version: Version) -> Self {
        if version.takes_fractions() {
            Self { warm_up: Duration::from_millis(1), measurement: Duration::from_millis(2), samples: 10 }
        } else {
            Self { warm_up: Duration::from_secs(1), measurement: Duration::from_secs(1), samples: 50 }
        }
    }

    pub fn arguments(self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = ["--bench", "--noplot"].map(Into::into).into();
        for (name, value) in [
            ("--warm-up-time", self.warm_up.as_secs_f64().to_string()),
            ("--measurement-time", self.measurement.as_secs_f64().to_string()),
            ("--sample-size", self.samples.to_string()),
        ] {
            arguments.extend([name.into(), value.into()]);
        }
        arguments
    }
}

/// A filter that no benchmark has the name of: every benchmark is skipped then, and said to be.
pub const MATCHES_NOTHING: &str = "^no benchmark has this name$";

/// Longest filter in bytes: one argument may have 128 KiB on Linux, 32 KiB is the whole command line on Windows.
const LONGEST_FILTER: usize = 24 * 1024;

/// A filter that selects exactly these names: a regular expression over whole names, which every version understands.
pub fn filter<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(regex::escape).collect();
    format!("^(?:{})$", names.join("|"))
}

/// Splits `names` into runs of neighbours that one filter can select, each with that filter: a regular expression over
/// whole names, which every version understands.
pub fn filters(names: &[String]) -> Vec<(&[String], String)> {
    let mut filters = Vec::new();
    let mut start = 0;
    let mut body = String::new();
    for (i, name) in names.iter().enumerate() {
        let escaped = regex::escape(name);
        if i > start && body.len() + escaped.len() > LONGEST_FILTER {
            filters.push((&names[start..i], format!("^(?:{body})$")));
            start = i;
            body.clear();
        }
        if i > start {
            body.push('|');
        }
        body.push_str(&escaped);
    }
    if start < names.len() {
        filters.push((&names[start..], format!("^(?:{body})$")));
    }
    filters
}
