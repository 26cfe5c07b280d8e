//! `cargo perfgate init`.

use super::args::InitOptions;
use super::surroundings::current_directory;
use super::ui::Ui;
use crate::flow::init::init;
use crate::flow::{FlowError, Progress};
use crate::model::ExitCode;

pub fn execute(options: &InitOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let path = init(&current_directory()?, options.manifest_path.as_deref())?;
    ui.status("Created", &path.display().to_string());
    ui.status("Next", "`cargo perfgate` judges what you changed since the branch's base");
    Ok(ExitCode::Passed)
}
