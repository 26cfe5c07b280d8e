//! Single values: percentages, durations, reactions. Which key holds which, and what the values mean together, stands
//! elsewhere.

use std::time::Duration;

use toml::de::DeValue;

use super::keys::nearest;
use super::problem::shown;
use crate::gate::Reaction;

/// Why a value is refused.
#[derive(Debug)]
pub(super) struct Fault {
    /// The end of a sentence that begins with the key.
    pub what: String,
    /// What to say under the value.
    pub label: Option<String>,
}

impl Fault {
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), label: None }
    }

    /// In words, for the value of an option.
    fn of_option(self) -> String {
        match self.label {
            Some(label) => format!("it {}: {label}", self.what),
            None => format!("it {}", self.what),
        }
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// Largest change that can be accepted, a plain ratio: of a count that was nothing before, each unit is as much again.
pub const LARGEST_ACCEPTED: f64 = 1e6;

/// The values that a percentage may have, plain ratios.
#[derive(Clone, Copy, Debug)]
pub(super) enum Range {
    /// A limit: above 0 and at most 10.
    Limit,
    /// What is accepted of a change: above 0, and at most [`LARGEST_ACCEPTED`].
    Accepted,
    /// A share of all rows: 0 to 1.
    Share,
}

/// A percentage as a plain ratio: `"5%"` and `"5 %"` are 0.05.
pub(super) fn ratio(value: &DeValue<'_>, range: Range) -> Result<f64, Fault> {
    let text = match value {
        DeValue::String(text) => text.trim(),
        DeValue::Integer(number) if number.radix() == 10 => return Err(lacks_percent(number.as_str())),
        DeValue::Float(number) => return Err(lacks_percent(number.as_str())),
        other => return Err(wrong_type("a percentage such as \"5%\"", other)),
    };
    let Some(number) = text.strip_suffix('%').map(str::trim_end) else {
        return Err(lacks_percent(text));
    };
    let Some(percent) = decimal(number) else {
        let fault = Fault::new("must be a percentage such as \"5%\"");
        let with_point = number.replace(',', ".");
        return Err(match decimal(&with_point) {
            Some(_) => fault.label(format!("did you mean \"{with_point}%\"?")),
            None => fault.label("expected a number and a percent sign"),
        });
    };
    let ratio = percent / 100.0;
    match range {
        Range::Limit if ratio > 0.0 && ratio <= 10.0 => Ok(ratio),
        Range::Accepted if ratio > 0.0 && ratio <= LARGEST_ACCEPTED => Ok(ratio),
        Range::Share if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        Range::Limit => Err(Fault::new("must be above 0% and at most 1000%")),
        Range::Accepted => Err(Fault::new(format!("must be above 0% and at most {}%", LARGEST_ACCEPTED * 100.0))),
        Range::Share => Err(Fault::new("must be between 0% and 100%")),
    }
}

/// Nanoseconds by unit, in the order in which messages name them.
const UNITS: [(&str, f64); 6] = [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9)];
const ACCEPTED_UNITS: &str = "accepted units are ns, us, µs, ms, s and min";

/// A duration in nanoseconds, finite and above 0: `"2 ms"` and `"2ms"` are 2e6. `example` is shown where the value is
/// no duration at all.
pub(super) fn nanoseconds(value: &DeValue<'_>, example: &str) -> Result<f64, Fault> {
    let must_be = || format!("must be a duration such as \"{example}\"");
    let text = match value {
        DeValue::String(text) => text.trim(),
        DeValue::Integer(_) | DeValue::Float(_) => return Err(Fault::new("needs a unit").label(ACCEPTED_UNITS)),
        other => return Err(wrong_type(&format!("a duration such as \"{example}\""), other)),
    };
    let (number, unit) = text.split_at(text.find(|c: char| !is_decimal(c)).unwrap_or(text.len()));
    let unit = unit.trim();
    let Some(count) = decimal(number) else {
        return Err(Fault::new(must_be()).label("expected a number and a unit"));
    };
    if unit.is_empty() {
        return Err(Fault::new("needs a unit").label(ACCEPTED_UNITS));
    }
    // Two characters of Unicode look like a micro sign; keyboards write one, compatibility normalisation the other.
    let plain_unit = unit.replace('\u{3bc}', "µ");
    let Some((_, nanoseconds)) = UNITS.iter().find(|(name, _)| *name == plain_unit) else {
        let fault = Fault::new(format!("has the unknown unit `{}`", shown(unit)));
        return Err(match meant_unit(unit) {
            Some(meant) => fault.label(format!("did you mean \"{number} {meant}\"?")),
            None => fault.label(ACCEPTED_UNITS),
        });
    };
    let duration = count * nanoseconds;
    if duration > 0.0 && duration.is_finite() {
        Ok(duration)
    } else if duration > 0.0 {
        Err(Fault::new("is too large"))
    } else {
        Err(Fault::new("must be above zero"))
    }
}

/// A span of time that a person waits for, between a millisecond and a day.
pub(super) fn waiting(value: &DeValue<'_>, example: &str) -> Result<Duration, Fault> {
    const DAY: f64 = 86_400e9;
    match nanoseconds(value, example)? {
        allowed if (1e6..=DAY).contains(&allowed) => Ok(Duration::from_secs_f64(allowed / 1e9)),
        _ => Err(Fault::new("must be between 1 ms and 1440 min")),
    }
}

/// A span of time that a person waits for as an option gives it, such as `90s`; the error is what is wrong with it.
pub fn duration(text: &str) -> Result<Duration, String> {
    waiting(&DeValue::String(text.into()), "90s").map_err(Fault::of_option)
}

/// A limit as an option gives it, such as `12%`, as a plain ratio; the error is what is wrong with it.
pub fn limit(text: &str) -> Result<f64, String> {
    ratio(&DeValue::String(text.into()), Range::Accepted).map_err(Fault::of_option)
}

/// A time that something takes as an option gives it, in nanoseconds; the error is what is wrong with it.
pub fn time(text: &str) -> Result<f64, String> {
    nanoseconds(&DeValue::String(text.into()), "100ms").map_err(Fault::of_option)
}

/// The unit behind a word that people write for it.
fn meant_unit(word: &str) -> Option<&'static str> {
    match word.to_lowercase().as_str() {
        "ns" | "nsec" | "nanos" | "nanosecond" | "nanoseconds" => Some("ns"),
        "us" | "µs" | "μs" | "usec" | "micros" | "microsecond" | "microseconds" => Some("us"),
        "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => Some("ms"),
        "s" | "sec" | "secs" | "second" | "seconds" => Some("s"),
        "m" | "min" | "mins" | "minute" | "minutes" => Some("min"),
        _ => None,
    }
}

/// One of the three reactions.
pub(super) fn reaction(value: &DeValue<'_>) -> Result<Reaction, Fault> {
    const EXPECTED: &str = "\"pass\", \"warn\" or \"fail\"";
    let DeValue::String(text) = value else {
        return Err(wrong_type(EXPECTED, value));
    };
    match text.as_ref() {
        "pass" => Ok(Reaction::Pass),
        "warn" => Ok(Reaction::Warn),
        "fail" => Ok(Reaction::Fail),
        other => {
            let fault = Fault::new(format!("must be {EXPECTED}"));
            Err(match nearest(other, ["pass", "warn", "fail"].into_iter()) {
                Some(meant) => fault.label(format!("did you mean \"{meant}\"?")),
                None => fault,
            })
        }
    }
}

/// A number of things, as `1000000`, `"1_000_000"` or `"1,000,000"`.
pub(super) fn count(value: &DeValue<'_>) -> Result<u64, Fault> {
    const EXPECTED: &str = "a whole number such as 1000000";
    let text = match value {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
        DeValue::String(text) => text.trim().to_owned(),
        other => return Err(wrong_type(EXPECTED, other)),
    };
    let digits: String = text.chars().filter(|c| !matches!(c, '_' | ',')).collect();
    let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if whole { digits.parse::<u64>().ok() } else { None };
    number.ok_or_else(|| Fault::new(format!("must be {EXPECTED}")))
}

/// A size: bytes, or a text with a unit such as `1 MiB` or `500 kB`.
pub(super) fn bytes(value: &DeValue<'_>) -> Result<u64, Fault> {
    const EXPECTED: &str = "a size such as \"1 MiB\" or \"0 B\"";
    const UNITS: [(&str, u64); 8] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    let DeValue::String(text) = value else {
        return count(value).map_err(|_| wrong_type(EXPECTED, value));
    };
    let text = text.trim();
    let unit = UNITS.into_iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?.trim_end(), scale)));
    let (number, scale) = unit.unwrap_or((text, 1));
    let digits: String = number.chars().filter(|c| !matches!(c, '_' | ',')).collect();
    let plain =
        digits.starts_with(|c: char| c.is_ascii_digit()) && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let size = if plain { digits.parse::<f64>().ok().map(|number| number * scale as f64) } else { None };
    // Beyond it not every number of bytes can be told.
    let exact = size.filter(|size| *size <= 9e15 && (size.fract() == 0.0 || scale > 1));
    exact.map(|size| size.round() as u64).ok_or_else(|| Fault::new(format!("must be {EXPECTED}")))
}

/// `true` or `false`; variables are texts.
pub(super) fn truth(value: &DeValue<'_>) -> Result<bool, Fault> {
    match value {
        DeValue::Boolean(truth) => Ok(*truth),
        DeValue::String(text) if text == "true" => Ok(true),
        DeValue::String(text) if text == "false" => Ok(false),
        other => Err(wrong_type("`true` or `false`", other)),
    }
}

/// A branch or revision. It reaches git's command line, so what could be read as an option is refused here.
pub(super) fn revision(value: &DeValue<'_>) -> Result<String, Fault> {
    const EXPECTED: &str = "a branch or revision such as \"origin/main\"";
    let DeValue::String(text) = value else {
        return Err(wrong_type(EXPECTED, value));
    };
    let strange = |c: char| c.is_control() || c.is_whitespace();
    if text.is_empty() || text.starts_with('-') || text.contains(strange) {
        return Err(Fault::new(format!("must be {EXPECTED}")));
    }
    Ok(text.to_string())
}

/// `value` is of a type that cannot be meant.
pub(super) fn wrong_type(expected: &str, value: &DeValue<'_>) -> Fault {
    Fault::new(format!("must be {expected}, not {}", with_article(value)))
}

/// The TOML type of `value`, with its article.
pub(super) fn with_article(value: &DeValue<'_>) -> String {
    let name = value.type_str();
    format!("{} {name}", if name.starts_with(['a', 'i']) { "an" } else { "a" })
}

/// A ratio as messages show it: `5%`, `2.5%`.
pub(super) fn percent(ratio: f64) -> String {
    format!("{}%", (ratio * 1e8).round() / 1e6)
}

/// The fault of a number without percent sign, or of something that is no number.
fn lacks_percent(text: &str) -> Fault {
    match decimal(text) {
        // Whoever writes 0.05 may well mean 5 %.
        Some(number) if number > 0.0 && number < 1.0 => {
            let label = format!("did you mean \"{}\" or \"{text}%\"?", percent(number));
            Fault::new("needs a percent sign").label(label)
        }
        Some(number) if number >= 1.0 => Fault::new("needs a percent sign").label(format!("did you mean \"{text}%\"?")),
        _ => Fault::new("must be a percentage such as \"5%\"").label("expected a number and a percent sign"),
    }
}

fn is_decimal(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, '.' | '+' | '-')
}

/// A number in plain decimal notation: no exponent, no words such as `inf`.
fn decimal(text: &str) -> Option<f64> {
    if text.chars().all(is_decimal) { text.parse().ok() } else { None }
}
