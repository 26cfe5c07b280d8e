//! Results in the formats that were asked for, to standard output and to files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::args::OutputOptions;
use super::surroundings::terminal_width;
use super::ui::Ui;
use crate::flow::{FlowError, file_error};
use crate::model::Report;
use crate::report;
use crate::store::write_whole;

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
    Json,
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
            "json" => Format::Json,
            "html" | "junit" | "github" | "openmetrics" => {
                return Err(format!("`{name}` is not supported by this version of cargo-perfgate"));
            }
            _ => return Err("expected human, markdown or json, each perhaps with `=FILE`".to_owned()),
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
            Format::Json => report::json::render(report),
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

/// Writes a whole file or none, and the folders above it.
pub fn write_file(path: &Path, text: &str) -> Result<(), FlowError> {
    let folders = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folders.and_then(|()| write_whole(path, text.as_bytes())).map_err(|e| file_error("write", path, e))
}
