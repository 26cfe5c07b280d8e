//! Just enough of Rust's grammar to see which paths a file names: tokens without comments and literals, paths with
//! `use` trees written out, `self` and `super` resolved.

/// A path that a file names, such as `crate::model::Run`, with the line of its last segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// `crate` comes first where the path leads into this package. A glob ends in `*`.
    pub segments: Vec<String>,
    pub line: usize,
    /// Whether it is the name of a macro that is called.
    pub called_macro: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `::`
    Colons,
    Sign(char),
}

/// All paths in `text`, which is the file of module `module` (`["gate", "policy"]` for `src/gate/policy.rs`).
pub fn paths(text: &str, module: &[String]) -> Vec<Path> {
    Reader { tokens: tokens(text), at: 0, module: module.to_vec(), inline: Vec::new(), depth: 0, found: Vec::new() }
        .read()
}

struct Reader {
    tokens: Vec<(Token, usize)>,
    at: usize,
    module: Vec<String>,
    /// Depths of braces at which the inline modules that are open began.
    inline: Vec<usize>,
    depth: usize,
    found: Vec<Path>,
}

impl Reader {
    fn read(mut self) -> Vec<Path> {
        while let Some((token, line)) = self.tokens.get(self.at).cloned() {
            match token {
                Token::Word(word) if word == "use" => {
                    self.at += 1;
                    self.tree(&[]);
                }
                Token::Word(word) if word == "mod" => self.module_begins(),
                Token::Word(word) => self.path(word, line),
                Token::Sign('{') => {
                    self.depth += 1;
                    self.at += 1;
                }
                Token::Sign('}') => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.inline.last() == Some(&self.depth) {
                        self.inline.pop();
                        self.module.pop();
                    }
                    self.at += 1;
                }
                Token::Sign(_) | Token::Colons => self.at += 1,
            }
        }
        self.found
    }

    fn is(&self, offset: usize, token: &Token) -> bool {
        self.tokens.get(self.at + offset).is_some_and(|(other, _)| other == token)
    }

    fn word(&self, offset: usize) -> Option<(String, usize)> {
        match self.tokens.get(self.at + offset) {
            Some((Token::Word(word), line)) => Some((word.clone(), *line)),
            _ => None,
        }
    }

    fn module_begins(&mut self) {
        if let Some((name, _)) = self.word(1)
            && self.is(2, &Token::Sign('{'))
        {
            self.module.push(name);
            self.inline.push(self.depth);
        }
        self.at += 1;
    }

    fn path(&mut self, first: String, mut line: usize) {
        let mut segments = vec![first];
        self.at += 1;
        while self.is(0, &Token::Colons)
            && let Some((word, at)) = self.word(1)
        {
            segments.push(word);
            line = at;
            self.at += 2;
        }
        let called_macro = self.is(0, &Token::Sign('!')) && !self.is(1, &Token::Sign('='));
        self.add(segments, line, called_macro);
    }

    /// A `use` tree, after `prefix`.
    fn tree(&mut self, prefix: &[String]) {
        let mut segments = prefix.to_vec();
        let mut line = self.tokens.get(self.at).map_or(0, |(_, line)| *line);
        loop {
            match self.tokens.get(self.at).cloned() {
                Some((Token::Colons, _)) => self.at += 1,
                Some((Token::Word(word), _)) if word == "as" => self.at += 2,
                Some((Token::Word(word), at)) => {
                    line = at;
                    self.at += 1;
                    // `a::{self}` names `a`.
                    if word != "self" || segments.is_empty() {
                        segments.push(word);
                    }
                }
                Some((Token::Sign('*'), at)) => {
                    segments.push("*".to_owned());
                    line = at;
                    self.at += 1;
                }
                Some((Token::Sign('{'), _)) => {
                    self.at += 1;
                    while self.at < self.tokens.len() && !self.is(0, &Token::Sign('}')) {
                        let before = self.at;
                        self.tree(&segments);
                        // The comma, and in a source that does not compile whatever stands there.
                        if self.at == before || self.is(0, &Token::Sign(',')) {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                // `;`, or the `,` or `}` of the tree around this one, which reads it itself.
                _ => break,
            }
        }
        self.add(segments, line, false);
    }

    fn add(&mut self, segments: Vec<String>, line: usize, called_macro: bool) {
        let relative = segments.iter().take_while(|word| matches!(word.as_str(), "self" | "super")).count();
        let inside = match segments.first().map(String::as_str) {
            None => return,
            Some("crate" | "cargo_perfgate") => Some((Vec::new(), 1)),
            // A lone `self` is a value or a keyword of visibility.
            Some(_) if relative > 0 && segments.len() > 1 => {
                let up = segments[..relative].iter().filter(|word| *word == "super").count();
                Some((self.module[..self.module.len().saturating_sub(up)].to_vec(), relative))
            }
            Some(_) => None,
        };
        let segments = match inside {
            Some((module, skipped)) => {
                let start = std::iter::once("crate".to_owned()).chain(module);
                start.chain(segments[skipped..].iter().cloned()).collect()
            }
            None => segments,
        };
        self.found.push(Path { segments, line, called_macro });
    }
}

fn tokens(text: &str) -> Vec<(Token, usize)> {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut found = Vec::new();
    let (mut i, mut line) = (0, 1);
    while i < chars.len() {
        let start = i;
        match chars[i] {
            '/' if at(i + 1) == '/' => i = find(&chars, i, '\n'),
            '/' if at(i + 1) == '*' => i = block_comment_end(&chars, i),
            '"' => i = string_end(&chars, i),
            '\'' if at(i + 1) == '\\' => i = find(&chars, i + 3, '\'') + 1,
            '\'' if at(i + 2) == '\'' => i += 3,
            ':' if at(i + 1) == ':' => {
                found.push((Token::Colons, line));
                i += 2;
            }
            c if c.is_alphanumeric() || c == '_' => {
                while at(i).is_alphanumeric() || at(i) == '_' {
                    i += 1;
                }
                let word: String = chars[start..i].iter().collect();
                let hashes = chars[i..].iter().take_while(|c| **c == '#').count();
                if matches!(word.as_str(), "r" | "br" | "cr") && at(i + hashes) == '"' {
                    i = raw_string_end(&chars, i + hashes + 1, hashes);
                } else if matches!(word.as_str(), "b" | "c") && matches!(at(i), '"' | '\'') {
                    // The prefix of a literal, which the next round skips.
                } else if word == "r" && hashes == 1 {
                    i += 1;
                } else if !c.is_numeric() {
                    found.push((Token::Word(word), line));
                }
            }
            c => {
                if !c.is_whitespace() {
                    found.push((Token::Sign(c), line));
                }
                i += 1;
            }
        }
        i = i.min(chars.len());
        line += chars[start..i].iter().filter(|c| **c == '\n').count();
    }
    found
}

fn find(chars: &[char], from: usize, wanted: char) -> usize {
    (from..chars.len()).find(|&i| chars[i] == wanted).unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], from: usize) -> usize {
    let (mut i, mut depth) = (from, 0);
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                i += 1;
                continue;
            }
        }
        i += 2;
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut i = from + 1;
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 2,
            '"' => return i + 1,
            _ => i += 1,
        }
    }
    chars.len()
}

fn raw_string_end(chars: &[char], from: usize, hashes: usize) -> usize {
    let ends =
        |i: usize| chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    (from..chars.len()).find(|&i| ends(i)).map_or(chars.len(), |i| i + 1 + hashes)
}

#[test]
fn paths_are_found_and_written_out() {
    let text = r##"//! crate::comment::Ignored
use std::{fmt, time::{Duration, Instant as Now}};
use super::super::model::{self, Run};
pub use self::limits::*;
fn f(c: char) -> crate::gate::Verdict {
    /* crate::a /* crate::b */ crate::c */
    let text = "crate::string" ; let raw = r#"crate::"raw""#; let quote = '"'; let escaped = '\'';
    if c != 'x' { print!("{text}{raw}{quote}{escaped}"); std::fs::read::<&'static str>(b"crate::d") }
}
mod tests { use super::policy; fn g() { super::super::super::cli::run() } }
fn after() { super::outcome::x() }
"##;
    let module = ["gate".to_owned(), "policy".to_owned()];
    let found: Vec<String> = paths(text, &module)
        .into_iter()
        .filter(|path| path.segments.len() > 1 || path.called_macro)
        .map(|path| format!("{} {}{}", path.line, path.segments.join("::"), if path.called_macro { "!" } else { "" }))
        .collect();
    assert_eq!(
        found,
        [
            "2 std::fmt",
            "2 std::time::Duration",
            "2 std::time::Instant",
            "3 crate::model",
            "3 crate::model::Run",
            "4 crate::gate::policy::limits::*",
            "5 crate::gate::Verdict",
            "8 print!",
            "8 std::fs::read",
            "10 crate::gate::policy::policy",
            "10 crate::cli::run",
            "11 crate::gate::outcome::x",
        ]
    );
}
