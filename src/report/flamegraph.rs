//! Stacks as a flame graph: an SVG picture that can be searched and zoomed in a browser. Names come from benchmarks and
//! programs, and are nothing but text in it.

use std::io;
use std::str::FromStr;

use inferno::flamegraph::{Options, Palette, from_lines};

use super::visible;
use crate::profile::Stacks;

/// What stands in a line of stacks for characters that separate there. No name has them once it is visible.
const SEPARATORS: [(char, char); 2] = [(';', '\u{e000}'), (' ', '\u{e001}')];

/// The picture of one side: as wide as a frame is its part of all instructions. `None` where nothing was executed.
///
/// # Errors
/// Where the picture cannot be drawn.
pub fn render(stacks: &Stacks<1>, title: &str) -> io::Result<Option<String>> {
    draw(stacks, title, "")
}

/// The picture of both sides: as wide as a frame is head's part of all, red where its own part grew over base's, blue where it
/// shrank. What head does not execute has no width.
///
/// # Errors
/// Where the picture cannot be drawn.
pub fn render_difference(stacks: &Stacks<2>, title: &str) -> io::Result<Option<String>> {
    draw(stacks, title, "widths are head's; red executes more than on base, blue less")
}

fn draw<const N: usize>(stacks: &Stacks<N>, title: &str, subtitle: &str) -> io::Result<Option<String>> {
    if stacks.values().all(|own| own[N - 1] == 0) {
        return Ok(None);
    }
    let line = |(stack, own): (&Vec<String>, &[u64; N])| {
        let frames: Vec<String> = stack.iter().map(|name| frame(name)).collect();
        format!("{} {}", frames.join(";"), own.map(|own| own.to_string()).join(" "))
    };
    let lines: Vec<String> = stacks.iter().map(line).collect();
    let mut options = Options::default();
    options.title = visible(title);
    options.subtitle = (!subtitle.is_empty()).then(|| subtitle.to_owned());
    options.count_name = "instructions".to_owned();
    options.colors = Palette::from_str("rust").unwrap_or_default();
    // The same picture from the same counts.
    options.deterministic = true;
    let mut picture = Vec::new();
    // As they stand, from the last to the first: sorted as lines, `a::b` would stand between two parts of `a`.
    options.flame_chart = true;
    from_lines(&mut options, lines.iter().rev().map(String::as_str), &mut picture)?;
    let mut picture = String::from_utf8(picture).map_err(io::Error::other)?;
    for (separator, stand_in) in SEPARATORS {
        picture = picture.replace(stand_in, &separator.to_string());
    }
    Ok(Some(picture))
}

/// A name as a frame: what separates frames is replaced until the picture is drawn.
fn frame(name: &str) -> String {
    SEPARATORS.iter().fold(visible(name), |name, (separator, stand_in)| name.replace(*separator, &stand_in.to_string()))
}
