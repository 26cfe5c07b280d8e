//! `cargo perfgate baseline`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::args::ListFormat;
use super::output::print;
use super::surroundings::{current_directory, overrides};
use super::ui::Ui;
use crate::flow::baseline::{Listed, delete, export_run, import_run, list, prune, show, verify};
use crate::flow::sync::{SyncRequest, Synced, pull, push};
use crate::flow::{FlowError, Progress};
use crate::model::ExitCode;
use crate::report;

/// So many entries that are no records are named.
const NAMED: usize = 10;

#[derive(Debug, Args)]
pub struct BaselineOptions {
    #[command(subcommand)]
    pub command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// The commits with a baseline, the newest first: when each was measured, in which environment, and how much
    List {
        /// Output format
        #[arg(long, value_name = "FORMAT", default_value = "human")]
        format: ListFormat,
    },
    /// The stored measurements of a commit
    Show {
        /// The commit
        #[arg(value_name = "REV")]
        revision: String,
    },
    /// Store exported files as baselines of their commits
    Import {
        /// What `baseline export` or `run --save-result` wrote
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Delete what is stored of a commit
    Delete {
        /// The commit
        #[arg(value_name = "REV")]
        revision: String,
        /// Of this environment only
        #[arg(long, value_name = "KEY")]
        environment: Option<String>,
    },
    /// Delete what is stored of commits that no branch, tag or other ref of this clone reaches
    Prune {
        /// Only say what would be deleted
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
    /// Read every record, and name what is broken
    Verify,
    /// Bring what is stored here to a remote; where it has something of the same commits, both are merged
    Push {
        /// Name or address [default: that of the base branch, origin, or the only one]
        #[arg(value_name = "REMOTE")]
        remote: Option<String>,
    },
    /// Bring here what a remote has and this clone lacks
    Pull {
        /// Name or address [default: that of the base branch, origin, or the only one]
        #[arg(value_name = "REMOTE")]
        remote: Option<String>,
        /// Of these commits only
        #[arg(value_name = "REV")]
        revisions: Vec<String>,
    },
    /// Write a commit's newest baseline into a file
    Export {
        /// The commit
        #[arg(value_name = "REV")]
        revision: String,
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Of this environment only
        #[arg(long, value_name = "KEY")]
        environment: Option<String>,
    },
}

pub fn execute(options: BaselineOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let directory = current_directory()?;
    match options.command {
        BaselineCommand::List { format } => {
            let stored = list(&directory)?;
            print(&match format {
                ListFormat::Json => report::json::document(&stored).map_err(|e| super::usage(e.to_string()))?,
                ListFormat::Human => stored.baselines.iter().map(line).collect(),
            })?;
            for left in stored.skipped.iter().take(NAMED) {
                ui.warning(&format!("{}: {}", report::visible(&left.what), left.reason));
            }
            if stored.skipped.len() > NAMED {
                ui.warning(&format!("and {} more that cannot be read", stored.skipped.len() - NAMED));
            }
            if stored.baselines.is_empty() {
                ui.status("Empty", "no baseline is stored; `cargo perfgate run` stores one");
            }
        }
        BaselineCommand::Show { revision } => {
            let shown = show(&directory, &revision)?;
            for run in &shown.runs {
                print(&report::run::render(run))?;
            }
            for left in &shown.skipped {
                ui.warning(&format!("{}: {}", report::visible(&left.what), left.reason));
            }
        }
        BaselineCommand::Import { files } => {
            for file in &files {
                let imported = import_run(&directory, file)?;
                ui.status("Imported", &format!("{} as a baseline of {}", file.display(), imported.id.commit()));
                if !imported.commit_is_here {
                    ui.warning(&format!("this clone has no commit {}: is it another project's?", imported.id.commit()));
                }
            }
        }
        BaselineCommand::Delete { revision, environment } => {
            let (commit, runs) = delete(&directory, &revision, environment.as_deref())?;
            ui.status("Deleted", &format!("{} of {commit}", report::counted(runs, "run")));
        }
        BaselineCommand::Prune { dry_run } => {
            let pruned = prune(&directory, dry_run)?;
            for (commit, tip) in &pruned {
                ui.status(if dry_run { "Would prune" } else { "Pruned" }, &format!("{commit} (was {tip})"));
            }
            if pruned.is_empty() {
                ui.status("Pruned", "nothing: all baselines are of commits in use");
            }
        }
        BaselineCommand::Push { remote } => {
            let overrides = overrides(None);
            told("Pushed", "to", ["there", "here"], &push(&SyncRequest { directory, remote, overrides }, ui)?, ui);
        }
        BaselineCommand::Pull { remote, revisions } => {
            let overrides = overrides(None);
            told(
                "Pulled",
                "from",
                ["here", "there"],
                &pull(&SyncRequest { directory, remote, overrides }, &revisions, ui)?,
                ui,
            );
        }
        BaselineCommand::Verify => {
            let verified = verify(&directory)?;
            for left in &verified.broken {
                ui.warning(&format!("{}: {}", report::visible(&left.what), left.reason));
            }
            let (records, commits) =
                (report::counted(verified.records, "record"), report::counted(verified.commits, "commit"));
            ui.status("Verified", &format!("{records} of {commits} can be read"));
            if !verified.broken.is_empty() {
                return Ok(ExitCode::CouldNotComplete);
            }
        }
        BaselineCommand::Export { revision, file, environment } => {
            let path = export_run(&directory, &revision, environment.as_deref(), &file)?;
            ui.status("Exported", &format!("{revision} to {}", path.display()));
        }
    }
    Ok(ExitCode::Passed)
}

/// One baseline of the list.
fn line(listed: &Listed) -> String {
    let Listed { commit, measured, environment, runs, benchmarks } = listed;
    format!("{commit}  measured {measured}  environment {environment}  runs {runs}  benchmarks {benchmarks}\n")
}

/// Says what was brought where; `to` and `from` are words for both sides.
fn told(verb: &str, way: &str, [to, from]: [&str; 2], synced: &Synced, ui: &mut Ui) {
    for left in synced.skipped.iter().take(NAMED) {
        ui.warning(&format!(
            "{} has what is no record, and it stays there: {}: {}",
            synced.remote, left.what, left.reason
        ));
    }
    if synced.skipped.len() > NAMED {
        ui.warning(&format!("{} has {} more of that kind", synced.remote, synced.skipped.len() - NAMED));
    }
    let what = match synced.commits {
        0 => "nothing new".to_owned(),
        commits => format!("{} of {}", report::counted(synced.added, "record"), report::counted(commits, "commit")),
    };
    let deleted = match synced.removed {
        0 => String::new(),
        removed => format!("; deleted {} {to}, as {from}", report::counted(removed, "record")),
    };
    ui.status(verb, &format!("{what} {way} {}{deleted}", synced.remote));
}
