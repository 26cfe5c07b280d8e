//! What is wrong with a file, and how users read it: messages in rustc's manner, plain or coloured. Finding what is
//! wrong is the other files' business.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// So many problems of one file are shown; the others are counted.
const SHOWN: usize = 20;
/// So many are kept at most: a hostile file may hold one per byte.
const KEPT: usize = 1_000;
/// Longer stretches of source are not shown, only their position.
const LONGEST_EXCERPT: usize = 16 * 1024;

/// A place in the source, with what is to be said of it there.
#[derive(Clone, Debug)]
struct Mark {
    span: Range<usize>,
    label: Option<String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    title: String,
    at: Option<Mark>,
    also: Vec<Mark>,
    help: Vec<String>,
}

impl Problem {
    /// A problem of the file as a whole.
    pub fn of_file(title: impl Into<String>) -> Self {
        Self { title: title.into(), at: None, also: Vec::new(), help: Vec::new() }
    }

    /// A problem at bytes `span` of the source.
    pub fn at(span: Range<usize>, title: impl Into<String>) -> Self {
        Self { at: Some(Mark { span, label: None }), ..Self::of_file(title) }
    }

    /// Says something under the underlined source.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        if let Some(mark) = &mut self.at {
            mark.label = Some(label.into());
        }
        self
    }

    /// Underlines another place that has to do with it.
    pub fn also(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.also.push(Mark { span, label: Some(label.into()) });
        self
    }

    /// Says what to do about it, in a line of its own.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    fn start(&self) -> usize {
        self.at.as_ref().map_or(0, |mark| mark.span.start)
    }
}

/// The problems of one file, collected.
#[derive(Debug, Default)]
pub(super) struct Problems {
    kept: Vec<Problem>,
    dropped: usize,
}

impl Problems {
    pub fn add(&mut self, problem: Problem) {
        if self.kept.len() < KEPT {
            self.kept.push(problem);
        } else {
            self.dropped += 1;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The error that reports them all, in the order of the file; `None` if there are none.
    pub fn into_error(mut self, path: &str, text: &Arc<str>) -> Option<ConfigError> {
        if self.kept.is_empty() {
            return None;
        }
        self.kept.sort_by_key(Problem::start);
        let dropped = self.dropped + self.kept.len().saturating_sub(SHOWN);
        self.kept.truncate(SHOWN);
        Some(ConfigError { path: escaped(path), text: text.clone(), problems: self.kept, dropped })
    }
}

/// A configuration that cannot be used: a usage error, exit code 2. One error holds all problems of the file.
///
/// [`fmt::Display`] is the plain rendering. Both renderings are whole messages, several lines each, that begin with
/// `error: ` and end without a line break: they are printed as they are.
#[derive(Clone, Debug)]
pub struct ConfigError {
    path: String,
    text: Arc<str>,
    problems: Vec<Problem>,
    dropped: usize,
}

impl ConfigError {
    /// An error about the file as a whole, whose text could not be had.
    pub(super) fn of_file(path: &str, problem: Problem) -> Self {
        Self { path: escaped(path), text: Arc::from(""), problems: vec![problem], dropped: 0 }
    }

    /// What the user reads; with ANSI escapes if `color`.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut messages: Vec<String> = self.problems.iter().map(|problem| self.message(problem, &renderer)).collect();
        if self.dropped > 0 {
            let title = format!("{} more errors in `{}`", self.dropped, self.path);
            messages.push(renderer.render(&[Group::with_title(Level::ERROR.primary_title(title))]));
        }
        messages.join("\n\n")
    }

    fn message(&self, problem: &Problem, renderer: &Renderer) -> String {
        let title = Level::ERROR.primary_title(problem.title.as_str());
        let Some(mark) = &problem.at else {
            // Help hangs from an excerpt; where there is none it is a line like the title.
            let help = problem.help.iter().map(|text| Level::HELP.primary_title(text.as_str()));
            let lines = std::iter::once(title).chain(help).map(|line| renderer.render(&[Group::with_title(line)]));
            return lines.collect::<Vec<_>>().join("\n");
        };
        let group = match self.excerpt(mark, &problem.also) {
            Some(excerpt) => title.element(excerpt),
            None => {
                let line = self.line_around(mark.span.start);
                let column = self.text[line.start..self.boundary(mark.span.start)].chars().count() + 1;
                let place = Origin::path(&*self.path).line(self.line_number(line.start)).char_column(column);
                title.element(place).elements(mark.label.iter().map(|text| Level::HELP.message(text.as_str())))
            }
        };
        let help = problem.help.iter().map(|text| Level::HELP.message(text.as_str()));
        renderer.render(&[group.elements(help)])
    }

    /// The lines that hold the marks; `None` where they are too long to be shown, or hold control characters that the
    /// renderer, which replaces the others, would pass on. Lines are cut out here, because the
    /// renderer's time grows with its source.
    fn excerpt<'a>(&'a self, mark: &'a Mark, also: &'a [Mark]) -> Option<Snippet<'a, Annotation<'a>>> {
        let all = std::iter::once(mark).chain(also);
        let start = all.clone().map(|mark| mark.span.start).min().unwrap_or_default();
        let last = all.map(|mark| mark.span.start).max().unwrap_or_default();
        let lines = self.line_around(start).start..self.line_around(last).end;
        let acts = |c: char| matches!(c, '\u{80}'..='\u{9f}');
        if lines.len() > LONGEST_EXCERPT || self.text[lines.clone()].contains(acts) {
            return if also.is_empty() { None } else { self.excerpt(mark, &[]) };
        }
        let place = |mark: &Mark| {
            let line = self.line_around(mark.span.start);
            let start = self.boundary(mark.span.start).clamp(line.start, line.end);
            // What runs over several lines is underlined in its first.
            let end = self.boundary(mark.span.end).clamp(start, line.end);
            start - lines.start..end - lines.start
        };
        let annotation = |kind: AnnotationKind, mark: &'a Mark| kind.span(place(mark)).label(mark.label.as_ref());
        let excerpt = Snippet::source(&self.text[lines.clone()])
            .path(&*self.path)
            .line_start(self.line_number(lines.start))
            .annotation(annotation(AnnotationKind::Primary, mark))
            .annotations(also.iter().map(|mark| annotation(AnnotationKind::Context, mark)));
        Some(excerpt)
    }

    /// The line that holds byte `at`, without its end.
    fn line_around(&self, at: usize) -> Range<usize> {
        let at = self.boundary(at);
        let start = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = self.text[at..].find('\n').map_or(self.text.len(), |length| at + length);
        start..end - usize::from(self.text[start..end].ends_with('\r'))
    }

    fn line_number(&self, line_start: usize) -> usize {
        self.text[..line_start].matches('\n').count() + 1
    }

    /// The character boundary at or before byte `at`.
    fn boundary(&self, at: usize) -> usize {
        (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or_default()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for ConfigError {}

/// A text of the file's author within a message: on one line, without control characters, cut where it is long.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => escaped(&text[..end]) + "…",
        None => escaped(text),
    }
}

/// `text` on one line, without control characters.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => escaped.push(character),
            other => escaped.extend(other.escape_debug()),
        }
    }
    escaped
}
