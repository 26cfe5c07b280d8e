//! `cargo perfgate init`.

use super::args::InitOptions;
use super::output::print;
use super::surroundings::current_directory;
use super::ui::Ui;
use crate::flow::init::{Done, InitRequest, init};
use crate::flow::{FlowError, Progress};
use crate::model::ExitCode;

pub fn execute(options: InitOptions, ui: &mut Ui) -> Result<ExitCode, FlowError> {
    let request = InitRequest {
        directory: current_directory()?,
        manifest_path: options.manifest_path,
        ci: options.ci.map(Into::into),
        hook: options.hook,
    };
    for done in init(&request)? {
        match done {
            Done::Created(path) => ui.status("Created", &path.display().to_string()),
            Done::Extended(path) => ui.status("Extended", &path.display().to_string()),
            Done::Kept(path) => ui.status("Kept", &format!("{}, as it is", path.display())),
            Done::Asked { file, lines } => {
                ui.status("Next", &format!("put these lines into {}, which is not edited for you", file.display()));
                print(&lines)?;
            }
        }
    }
    ui.status(
        "Next",
        match (request.ci, request.hook) {
            (None, false) => "`cargo perfgate` judges what you changed since the branch's base",
            (None, true) => "every `git push` is judged from now on; `git push --no-verify` is not",
            (Some(_), _) => "commit what was created: every pull request is judged from then on",
        },
    );
    Ok(ExitCode::Passed)
}
