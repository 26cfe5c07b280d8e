//! The first layout: one ref over one growing tree, `<first 2 hex>/<commit>/<environment key>/<record>`. What it holds is
//! moved to the refs of its commits as soon as it is met. The ref itself is kept under another name, with its history:
//! nothing that was stored is lost.

use git2::{ErrorCode, Repository};

use super::layout::{is_folder, union};
use super::update::{self, Failure};
use crate::model::is_commit_id;

/// Where the first layout had everything.
const REF: &str = "refs/perfgate/baselines";
/// Where its tips are kept, each by its id.
const KEPT: &str = "refs/perfgate/first-layout";

/// Moves what the first layout holds. Started again after it was killed, it ends what it began.
pub(super) fn migrate(repo: &Repository) -> Result<(), Failure> {
    let Some(tip) = update::tip(repo, REF)? else { return Ok(()) };
    for fan_out in tip.tree()?.iter().filter(is_folder) {
        // What is missing in this clone stays where it is kept.
        let Ok(commits) = repo.find_tree(fan_out.id()) else { continue };
        for entry in commits.iter().filter(is_folder) {
            let (Ok(commit), Ok(records)) = (entry.name(), repo.find_tree(entry.id())) else { continue };
            if is_commit_id(commit) {
                let message = format!("Move the baseline of {commit} to a ref of its own\n");
                update::update(repo, commit, &message, |own| union(repo, own, &records))?;
            }
        }
    }
    repo.reference(&format!("{KEPT}/{}", tip.id()), tip.id(), true, "the first layout of baselines")?;
    match repo
        .find_reference(REF)
        .and_then(|mut old| if old.target() == Some(tip.id()) { old.delete() } else { Ok(()) })
    {
        Err(e) if e.code() != ErrorCode::NotFound && e.code() != ErrorCode::Modified => Err(e.into()),
        // Somebody else was faster.
        _ => Ok(()),
    }
}
