//! Floor 6: arguments turned into requests, results into text, errors into exit codes. The only users of clap and the
//! only printers.

mod accept;
mod args;
mod baseline;
mod check;
mod clean;
#[cfg(feature = "forge")]
mod comment;
mod compare;
mod completions;
mod doctor;
mod explain;
mod init;
mod list;
mod output;
mod planned;
mod pre_push;
mod profile;
mod report;
mod run;
mod surroundings;
mod ui;

use std::process::ExitCode as Process;

use clap::{CommandFactory, Parser};

use crate::flow::FlowError;
use crate::instrument::{act_as_wrapper, install_signal_handler, interrupted};
use crate::model::ExitCode;
use crate::report::{shell_word, visible};
use args::{Arguments, Command};
use ui::Ui;

/// Runs the program: reads the arguments, does what they ask, gives the exit code.
pub fn main() -> Process {
    // While cargo builds, this program is rustc's wrapper and the linker, too.
    if let Some(code) = act_as_wrapper() {
        return code;
    }
    let mut given: Vec<std::ffi::OsString> = std::env::args_os().collect();
    // Cargo runs `cargo-perfgate perfgate ARGS`; by hand the word is left out.
    if given.get(1).is_some_and(|word| word == "perfgate") {
        given.remove(1);
    }
    options_last(&mut given);
    let code = match Arguments::try_parse_from(&given) {
        Ok(arguments) => start(arguments),
        Err(e) => refuse(&e, &given),
    };
    Process::from(code.code())
}

fn start(arguments: Arguments) -> ExitCode {
    let no_command = planned::command(&arguments).or_else(|| mistyped(&arguments));
    let (common, command) = arguments.split();
    let mut ui = Ui::new(&common);
    if let Some(sentence) = no_command {
        ui.error(&usage(sentence));
        return ExitCode::Usage;
    }
    if let Err(e) = install_signal_handler() {
        ui.warning(&format!("could not listen for signals ({e}): Ctrl-C may leave processes behind"));
    }
    let done = match command {
        Command::Check(options) => check::execute(options, &common, &mut ui),
        Command::Run(options) => run::execute(options, &common, &mut ui),
        Command::Compare(options) => compare::execute(options, &mut ui),
        Command::Doctor(options) => doctor::execute(options, &common, &mut ui),
        Command::Explain(options) => explain::execute(options, &common, &mut ui),
        Command::Profile(options) => profile::execute(options, &common, &mut ui),
        Command::List(options) => list::execute(options, &common, &mut ui),
        Command::Baseline(options) => baseline::execute(options, &mut ui),
        Command::Report(options) => report::execute(&options, &mut ui),
        Command::Init(options) => init::execute(options, &mut ui),
        Command::Accept(options) => accept::execute(options, &mut ui),
        Command::PrePush(options) => pre_push::execute(options, &common, &mut ui),
        #[cfg(feature = "forge")]
        Command::Comment(options) => comment::execute(options, &mut ui),
        Command::Clean(options) => clean::execute(options, &mut ui),
        Command::Completions(options) => completions::execute(&options),
    };
    match done {
        Ok(code) => code,
        Err(e) => {
            // The user who stopped it needs no explanation.
            if interrupted().is_none() {
                ui.error(&e);
            }
            e.exit_code()
        }
    }
}

/// What to say to a filter without a command that is one of these but for a slip: both sides would be built before it turned
/// out to name nothing.
fn mistyped(arguments: &Arguments) -> Option<String> {
    let filter = arguments.filter_alone()?;
    let program = Arguments::command();
    let commands = program.get_subcommands().filter(|command| !command.is_hide_set()).map(|command| command.get_name());
    // It costs as much as both are long, and a filter may be as long as anything.
    let alike = commands.filter(|name| name.len().abs_diff(filter.len()) <= 1);
    let (slips, meant) = alike.map(|name| (strsim::damerau_levenshtein(filter, name), name)).min()?;
    let word = visible(&shell_word(filter));
    let (what, help) = match slips {
        0 => (format!("the command `{word}` does not stand first"), format!("put it first: cargo perfgate {word} ...")),
        1 => (format!("there is no command `{word}`"), format!("did you mean `cargo perfgate {meant}`?")),
        _ => return None,
    };
    Some(format!("{what}\nhelp: {help} If a filter is meant: cargo perfgate check {word}"))
}

/// Puts options that every command has behind the command, where they stand before it: clap would take the command for a
/// filter there.
fn options_last(given: &mut [std::ffi::OsString]) {
    let text = |index: usize| given.get(index).and_then(|word: &std::ffi::OsString| word.to_str());
    let mut options = 0;
    while let Some(word) = text(1 + options) {
        let flag = word == "--verbose" || word == "--quiet" || word.starts_with("--color=");
        let short = word.len() > 1 && word.starts_with('-') && word[1..].bytes().all(|byte| b"vq".contains(&byte));
        options += match word {
            "--color" => 2,
            _ if flag || short => 1,
            _ => break,
        };
    }
    let is_command = |word| Arguments::command().find_subcommand(word).is_some();
    if options > 0 && text(1 + options).is_some_and(is_command) {
        given[1..=1 + options].rotate_left(options);
    }
}

/// Help and version are no errors; what a later version will understand is said to be that.
fn refuse(e: &clap::Error, given: &[std::ffi::OsString]) -> ExitCode {
    if let Some(sentence) = planned::sentence(e, given) {
        ui::print_error(&sentence);
        return ExitCode::Usage;
    }
    let _ = e.print();
    if e.use_stderr() { ExitCode::Usage } else { ExitCode::Passed }
}

fn usage(message: String) -> FlowError {
    FlowError::Usage(message)
}
