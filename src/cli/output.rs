//! Results in the formats that were asked for, to standard output and to files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::args::OutputOptions;
use super::surroundings::{step_summary, terminal_width};
use super::ui::Ui;
use crate::flow::{FlowError, file_error, write_file};
use crate::model::Report;
use crate::report;

/// Width of tables where standard output is no terminal.
pub const WIDTH: usize = 120;

/// `--format FORMAT[=FILE]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatOption {
    format: Format,
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Human,
    Markdown,
    Html,
    Json,
    Junit,
    Github,
    Gitlab,
    Openmetrics,
}

impl FromStr for FormatOption {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = match name {
            "human" => Format::Human,
            "markdown" => Format::Markdown,
            "html" => Format::Html,
            "json" => Format::Json,
            "junit" => Format::Junit,
            "github" if file.is_some() => {
                return Err("GitHub reads annotations from standard output alone: leave out `=FILE`".to_owned());
            }
            "github" => Format::Github,
            "gitlab" => Format::Gitlab,
            "openmetrics" => Format::Openmetrics,
            _ => {
                let known = "human, markdown, html, json, junit, github, gitlab or openmetrics";
                return Err(format!("expected {known}, each but github perhaps with `=FILE`"));
            }
        };
        Ok(Self { format, file })
    }
}

impl OutputOptions {
    /// Whether anything is written to a file.
    pub fn names_files(&self) -> bool {
        self.save_result.is_some() || self.format.iter().any(|option| option.file.is_some())
    }
}

/// Writes `report` as the options say; without a format for standard output, for humans.
pub fn write_report(report: &Report, options: &OutputOptions, ui: &mut Ui) -> Result<(), FlowError> {
    let mut formats = options.format.clone();
    if formats.iter().all(|option| option.file.is_some()) {
        formats.push(FormatOption { format: Format::Human, file: None });
    }
    for option in &formats {
        let style = report::Style {
            color: option.file.is_none() && ui.color(),
            width: terminal_width().unwrap_or(WIDTH),
            verbose: ui.verbose,
        };
        let text = match option.format {
            Format::Human => report::terminal::render(report, style),
            Format::Markdown => report::markdown::render(report),
            Format::Html => report::html::render(report),
            Format::Json => report::json::render(report),
            Format::Junit => report::junit::render(report),
            Format::Github => {
                summarise_step(report, ui)?;
                report::github::render(report)
            }
            Format::Gitlab => report::gitlab::render(report),
            Format::Openmetrics => report::openmetrics::render(report),
        };
        match &option.file {
            Some(file) => write_file(file, &text)?,
            None => print(&text)?,
        }
    }
    if let Some(file) = &options.save_result {
        write_file(file, &report::json::render(report))?;
    }
    Ok(())
}

/// Appends the markdown to the summary of the step that this runs in, if it does.
fn summarise_step(report: &Report, ui: &mut Ui) -> Result<(), FlowError> {
    let Some(path) = step_summary() else { return Ok(()) };
    // What the step's other commands wrote counts, too.
    let taken = std::fs::metadata(&path).map_or(0, |facts| usize::try_from(facts.len()).unwrap_or(usize::MAX));
    let text = report::markdown::render_within(report, report::markdown::MAX_SUMMARY_BYTES.saturating_sub(taken));
    if taken.saturating_add(text.len()) >= report::markdown::MAX_SUMMARY_BYTES {
        ui.warning(&format!("the step's summary, {}, has no room left for this report", path.display()));
        return Ok(());
    }
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    let start = if taken > 0 { "\n" } else { "" };
    file.and_then(|mut file| file.write_all(format!("{start}{text}").as_bytes()))
        .map_err(|e| file_error("append to", &path, e))
}

/// Writes to standard output. A reader that went away early (`| head`) is no error.
pub fn print(text: &str) -> Result<(), FlowError> {
    let mut stdout = anstream::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(file_error("write to", Path::new("standard output"), e))
        }
        _ => Ok(()),
    }
}
