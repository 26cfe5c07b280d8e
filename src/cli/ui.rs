//! What the user reads while something happens: status lines, warnings, errors and the progress bar, all on standard
//! error. Results go to standard output, by `output`.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{Color, Common};
use crate::flow::{FlowError, Progress};
use crate::model::BenchmarkId;
use crate::report::{seconds, visible};

const STATUS: Style = AnsiColor::Green.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// The user's side of a command.
pub struct Ui {
    quiet: bool,
    /// Whether unchanged rows are shown.
    pub verbose: bool,
    bar: Option<ProgressBar>,
    /// What took time, and when it began.
    phases: Vec<(&'static str, Instant)>,
    /// When a log was last told how far measuring or counting is.
    told: Option<Instant>,
}

/// How often a log is told how far measuring or counting is.
const TELL: Duration = Duration::from_secs(20);
/// What took less is not worth a word.
const WORTH_TELLING: Duration = Duration::from_millis(50);

impl Ui {
    /// Sets colour as the options say, for both streams.
    pub fn new(common: &Common) -> Self {
        // `auto` leaves the choice to the stream: NO_COLOR, CLICOLOR and whether it is a terminal.
        match common.color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        Self { quiet: common.quiet, verbose: common.verbose > 0, bar: None, phases: Vec::new(), told: None }
    }

    /// Whether standard output takes colour.
    pub fn color(&self) -> bool {
        anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
    }

    /// A line that says what went wrong and does not stop the command.
    pub fn warning(&mut self, message: &str) {
        self.line(&format!("{WARNING}warning{WARNING:#}: {}", visible(message)));
    }

    /// What stopped the command.
    pub fn error(&mut self, e: &FlowError) {
        if let FlowError::Config(config) = e {
            let color = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
            self.line(config.render(color).trim_end());
        } else {
            self.clear();
            print_error(&e.to_string());
        }
    }

    /// The work is over: tells what took how long.
    pub fn finished(&mut self) {
        let Some((_, start)) = self.phases.first() else { return };
        let (all, ends) =
            (start.elapsed(), self.phases.iter().skip(1).map(|(_, start)| *start).chain([Instant::now()]));
        let spent =
            self.phases.iter().zip(ends).map(|((done, start), end)| (done, end.saturating_duration_since(*start)));
        let parts: Vec<String> = spent
            .filter(|(_, spent)| *spent >= WORTH_TELLING)
            .map(|(done, spent)| format!("{done} in {}", seconds(spent.as_secs_f64())))
            .collect();
        let parts = if parts.len() > 1 { format!(": {}", parts.join(", ")) } else { String::new() };
        self.status("Finished", &format!("in {}{parts}", seconds(all.as_secs_f64())));
    }

    fn line(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprint_line(text)),
            None => eprint_line(text),
        }
    }

    /// How many benchmarks are done.
    fn so_far(&mut self, verb: &'static str, done: usize, all: usize, participle: &str, remaining: Option<Duration>) {
        if self.quiet {
            return;
        }
        let left = remaining.map(|left| format!(", about {} left", seconds(left.as_secs_f64())));
        let left = format!("{participle}{}", left.unwrap_or_default());
        if !std::io::stderr().is_terminal() {
            let last = *self.told.get_or_insert_with(Instant::now);
            if last.elapsed() >= TELL {
                self.told = Some(Instant::now());
                self.status(verb, &format!("{done} of {all} {left}"));
            }
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            // Drawn only when it is told, by no thread of its own: nothing may run beside what is measured.
            let bar = ProgressBar::with_draw_target(Some(all as u64), ProgressDrawTarget::stderr_with_hz(2));
            let style = ProgressStyle::with_template("{prefix:>12.cyan.bold} [{bar:27}] {pos} of {len} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
            bar.set_prefix(verb);
            bar
        });
        bar.set_length(all as u64);
        bar.set_message(left);
        bar.set_position(done as u64);
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// An error whose further lines may begin with `help:`. It may quote what comes from outside.
pub fn print_error(message: &str) {
    let message = message.lines().map(visible).collect::<Vec<_>>().join("\n");
    let message = message.replace("\nhelp: ", &format!("\n{HELP}help{HELP:#}: "));
    eprint_line(&format!("{ERROR}error{ERROR:#}: {message}"));
}

fn eprint_line(text: &str) {
    // Nothing can be told where standard error itself is gone.
    let _ = writeln!(anstream::stderr(), "{text}");
}

impl Progress for Ui {
    fn status(&mut self, verb: &str, message: &str) {
        if !self.quiet {
            self.line(&format!("{STATUS}{verb:>12}{STATUS:#} {}", visible(message)));
        }
    }

    fn detail(&mut self, verb: &str, message: &str) {
        if self.verbose {
            self.status(verb, message);
        }
    }

    fn phase(&mut self, done: &'static str) {
        self.phases.push((done, Instant::now()));
        self.told = None;
    }

    fn decided(&mut self, id: &BenchmarkId, measuring: Duration) {
        self.detail("Decided", &format!("{} after {}", id.name, seconds(measuring.as_secs_f64())));
    }

    fn warn(&mut self, message: &str) {
        self.warning(message);
    }

    fn diagnostic(&mut self, text: &str) {
        self.line(text.trim_end());
    }

    fn measuring(&mut self, decided: usize, benchmarks: usize, remaining: Duration) {
        self.so_far("Measuring", decided, benchmarks, "decided", Some(remaining));
    }

    fn counting(&mut self, counted: usize, benchmarks: usize, remaining: Option<Duration>) {
        self.so_far("Counting", counted, benchmarks, "counted", remaining);
    }

    fn measured(&mut self) {
        self.clear();
    }
}
