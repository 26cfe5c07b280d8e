//! Foreign text made harmless, for every renderer and for GitHub's markdown. What is foreign is the caller's business.

use std::fmt::Write as _;

/// Whether `c` would act on a terminal or cannot be seen: control and format characters, marks that join the character
/// before them, blanks other than the space, and what Unicode has not assigned.
pub(super) fn is_hidden(c: char) -> bool {
    if matches!(c, ' '..='~') {
        return false;
    }
    // Letters by category, and drawn as nothing: the fillers of Hangul and the blank Braille pattern.
    let blank = matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}');
    // The standard library's own table of what `Debug` does not print.
    blank || c.escape_debug().len() > 1
}

/// `text` on one line, with every hidden character written out, e.g. as `\u{1b}` or `\n`; and what CI's runners would obey
/// if they read it in a log: `::command::` where a line may begin, `##[command]` anywhere.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        // Lines are cut at blanks, so that every word may begin one.
        let begins = out.is_empty() || out.ends_with(' ');
        match c {
            ':' if begins && rest.as_str().starts_with(':') => out.extend(c.escape_unicode()),
            '#' if out.ends_with('#') => out.extend(c.escape_unicode()),
            _ if !is_hidden(c) => out.push(c),
            '\n' | '\r' | '\t' => out.extend(c.escape_debug()),
            _ => out.extend(c.escape_unicode()),
        }
    }
    out
}

/// What the system said, without the made-up name of a temporary file, which tells nobody anything.
pub fn system(error: &std::io::Error) -> String {
    let said = error.to_string();
    visible(said.split(" at path \"").next().unwrap_or(&said))
}

/// `word` as a POSIX shell reads it back.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// At most `max` terminal columns of `text`, its middle replaced by `…`: the ends of an id tell most.
pub(super) fn shorten(text: &str, max: usize) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let room = max.saturating_sub(1);
    let mut left = room.div_ceil(2);
    let mut right = room - left;
    let fits = |room: &mut usize, c: char| {
        let fits = columns(c) <= *room;
        *room = if fits { *room - columns(c) } else { 0 };
        fits
    };
    let front: String = text.chars().take_while(|c| fits(&mut left, *c)).collect();
    let mut back: Vec<char> = text.chars().rev().take_while(|c| fits(&mut right, *c)).collect();
    back.reverse();
    format!("{front}…{}", back.into_iter().collect::<String>())
}

/// The terminal columns that `text` takes at most.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// An upper bound: below Hangul nothing is wide, from there on anything may be.
fn columns(c: char) -> usize {
    match c {
        '\u{2010}'..='\u{2027}' | ..'\u{1100}' => 1,
        _ => 2,
    }
}

/// `text` as HTML: nothing in it is markup, in elements and in quoted attributes.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// `text` as the message of a workflow command of GitHub's.
pub(super) fn command_message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// `text` as a property of such a command.
pub(super) fn command_property(text: &str) -> String {
    command_message(text).replace(':', "%3A").replace(',', "%2C")
}

/// `text` as inline code of GitHub's markdown, by HTML: nothing in it is markup, a link, a mention or a reference.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", entities(text))
}

/// `text` with an entity for every character that HTML, markdown or GitHub may take for more than itself.
///
/// Entities alone do not stop the links that are made of finished text (addresses with `@`, and what follows `://` or
/// `www`); an empty comment cuts these in two.
pub(super) fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '-' | '/' | ',' | '%' | '+' | '=' => out.push(c),
            '.' => {
                let host = out.len() >= 3 && out.as_bytes()[out.len() - 3..].eq_ignore_ascii_case(b"www");
                out.push_str(if host { "<!-- -->." } else { "." });
            }
            _ if c.is_ascii() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "&#{};", u32::from(c));
                if c == '@' || (c == ':' && rest.as_str().starts_with('/')) {
                    out.push_str("<!-- -->");
                }
            }
            _ => out.push(c),
        }
    }
    out
}

/// A foreign sentence for GitHub's markdown: plain words stay words, all else becomes inline code.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        if !out.is_empty() {
            out.push(' ');
        }
        if is_plain(word) {
            out.push_str(&word.replace('"', "&quot;"));
            continue;
        }
        let mut quoted = word.to_owned();
        while let Some(next) = words.next_if(|next| !is_plain(next)) {
            quoted.push(' ');
            quoted.push_str(next);
        }
        out.push_str(&quoted_code(&quoted));
    }
    out
}

/// `text` as inline code, without the backquotes that say so in other formats, and with the sentence's own punctuation
/// outside.
fn quoted_code(text: &str) -> String {
    let core = text.trim_start_matches('(');
    let before = &text[..text.len() - core.len()];
    // A bracket that was opened inside belongs there.
    let own = core.matches('(').count();
    let mut core = core.trim_end_matches([',', ';', ':', '.']);
    while core.ends_with(')') && core.matches(')').count() > own {
        core = core[..core.len() - 1].trim_end_matches([',', ';', ':', '.']);
    }
    let after = &text[before.len() + core.len()..];
    let inner = core.strip_prefix('`').and_then(|core| core.strip_suffix('`'));
    let core = inner.filter(|inner| !inner.contains('`')).unwrap_or(core);
    if core.is_empty() {
        return code(text);
    }
    format!("{}{}{}", entities(before), code(core), entities(after))
}

/// Whether GitHub has nothing to find in `word`: letters, or a number too short for a commit, with punctuation around.
fn is_plain(word: &str) -> bool {
    let core = word.trim_start_matches(['(', '"']).trim_end_matches(['.', ',', ';', ':', ')', '!', '?', '"', '%']);
    let letters = core.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '—' | '…' | '→'));
    let short = |digits: &str| digits.len() < 7;
    let number = core.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '+' | '-'))
        && core.split(|c: char| !c.is_ascii_digit()).all(short);
    letters || number
}
