//! Numbers as readers see them: times, ratios, counts. Which number stands where is the view's business.

use crate::model::Unit;

/// Names of times and their nanoseconds.
const TIMES: [(&str, f64); 4] = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
/// Below it every whole number is a number of 64 bits, and none is rounded.
const LARGEST_WHOLE: f64 = 9e15;
/// Beyond so many seconds (30 years) a time is written as a power of ten.
const LONGEST: f64 = 1e9;

/// Two values in the unit that suits the larger, with four significant digits of it, and more where it takes more to
/// tell the two apart. What is missing or no number stays missing.
pub(super) fn pair(unit: Unit, base: Option<f64>, head: Option<f64>) -> (Option<String>, Option<String>) {
    let finite = |value: Option<f64>| value.filter(|v| v.is_finite());
    let (base, head) = (finite(base), finite(head));
    if let Some(name) = name_of_count(unit) {
        let write = |value: f64| format!("{}{name}", whole(value));
        return (base.map(write), head.map(write));
    }
    let sizes = [base, head].map(|value| value.map_or(0.0, f64::abs));
    let largest = sizes[0].max(sizes[1]);
    let (name, scale) = time_unit(largest);
    if largest / scale > LONGEST {
        let write = |value: f64| format!("{:.3e} {name}", value / scale);
        return (base.map(write), head.map(write));
    }
    let write = |value: f64, decimals: usize| format!("{:.decimals$}", value / scale);
    let smallest = if sizes[0] > 0.0 && sizes[1] > 0.0 { sizes[0].min(sizes[1]) } else { largest };
    let mut decimals = decimals(largest / scale, 4).max(decimals(smallest / scale, 2));
    if let (Some(base), Some(head)) = (base, head) {
        let most = decimals + 3;
        while base != head && decimals < most && write(base, decimals) == write(head, decimals) {
            decimals += 1;
        }
    }
    let write = |value: f64| format!("{} {name}", write(value, decimals));
    (base.map(write), head.map(write))
}

/// What stands behind a count: only bytes need a name. `None`: no count.
fn name_of_count(unit: Unit) -> Option<&'static str> {
    match unit {
        Unit::Nanoseconds => None,
        Unit::Instructions | Unit::Allocations => Some(""),
        // All of them, as one more is a change.
        Unit::Bytes => Some(" B"),
    }
}

/// A count, which is whole: `1,234`.
fn whole(number: f64) -> String {
    if number < LARGEST_WHOLE { count(number.round().abs() as u64) } else { format!("{number:.3e}") }
}

/// One value as people write it in a config: `2 ms`, `1.5 µs`.
pub fn round(unit: Unit, value: f64) -> String {
    let (text, _) = pair(unit, Some(value), None);
    let text = text.unwrap_or_else(|| "-".to_owned());
    match text.split_once(' ') {
        Some((number, name)) => format!("{} {name}", without_zeros(number)),
        None => text,
    }
}

/// A time that something took or will take: `0.4 s`, `43 s`, `12 min`.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        ..9.95 => format!("{seconds:.1} s"),
        ..119.5 => format!("{seconds:.0} s"),
        _ => format!("{:.0} min", seconds / 60.0),
    }
}

/// A size as people read it: `3.2 GiB`.
pub fn bytes(count: u64) -> String {
    const NAMES: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let power = (count.ilog2() / 10).min(NAMES.len() as u32);
    format!("{:.1} {}", count as f64 / 1024_f64.powi(power as i32), NAMES[power as usize - 1])
}

/// A signed ratio in percent: `+20.4 %`. `limit` is the ratio that it is held against: below 1 % it takes two decimals.
pub fn change(ratio: f64, limit: f64) -> String {
    format!("{} %", signed(ratio, limit))
}

/// The ends of an interval in percent: `[+19.1, +21.8]`.
pub(super) fn interval(low: f64, high: f64, limit: f64) -> String {
    format!("[{}, {}]", signed(low, limit), signed(high, limit))
}

/// A ratio in percent without sign: `20.4 %`, the number that [`change`] shows.
pub(super) fn size(ratio: f64, limit: f64) -> String {
    without_zeros(signed(ratio, limit).trim_start_matches(['+', '-'])).to_owned() + " %"
}

/// A limit in percent with three significant digits at most: `5 %`, `0.25 %`.
pub fn limit(ratio: f64) -> String {
    let percent = ratio * 100.0;
    if percent.is_finite() && percent.abs() < 1e6 {
        let decimals = decimals(percent.abs(), 3);
        format!("{} %", without_zeros(&format!("{percent:.decimals$}")))
    } else {
        format!("{percent:e} %")
    }
}

/// A change of counts in percent: `+20.41 %`. There is no noise in it that decimals would show.
pub(super) fn growth(base: u64, head: u64) -> String {
    change(head as f64 / base.max(1) as f64 - 1.0, 0.0)
}

/// A difference of counts with its sign: `+1,234`, `-5`, `0`.
pub(super) fn more(difference: i64) -> String {
    let sign = match difference.signum() {
        1 => "+",
        -1 => "-",
        _ => "",
    };
    format!("{sign}{}", count(difference.unsigned_abs()))
}

/// A count with separators: `1,234`.
pub(super) fn count(number: impl std::fmt::Display) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count of things: `1 row`, `2 rows`.
pub fn counted(number: usize, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

fn time_unit(nanoseconds: f64) -> (&'static str, f64) {
    // 999.95 is what four digits would round up to 1000.0.
    let fits = |scale: f64| nanoseconds / scale < 999.95;
    TIMES.into_iter().find(|(_, scale)| fits(*scale)).unwrap_or(TIMES[TIMES.len() - 1])
}

/// Decimals that give `value` so many significant digits; six at most.
fn decimals(value: f64, digits: i32) -> usize {
    if value <= 0.0 {
        return 0;
    }
    (digits - 1 - value.log10().floor() as i32).clamp(0, 6) as usize
}

fn signed(ratio: f64, limit: f64) -> String {
    let percent = ratio * 100.0;
    if percent.abs() >= 1e6 {
        return format!("{percent:+.1e}");
    }
    let decimals = match percent.abs() {
        1000.0.. => 0,
        _ if limit.abs() < 0.01 => 2,
        _ => 1,
    };
    let text = format!("{percent:+.decimals$}");
    // No sign where rounding left nothing to have one.
    if text.contains(|c: char| matches!(c, '1'..='9')) { text } else { text[1..].to_owned() }
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') && !number.contains('e') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}
