//! `baseline push` and `baseline pull`: what is stored here and on a remote, brought together; and what `check` pulls by
//! itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::baseline::commit;
use super::project::Setting;
use super::stored::described;
use super::{FlowError, Progress, Silent};
use crate::config::{self, Overrides};
use crate::instrument::interrupted;
use crate::model::{Skipped, short};
use crate::report::counted;
use crate::stats::Rng;
use crate::store::{BASELINES, Standing, Store, commit_of, ref_of};
use crate::vcs::{Answer, Move, Remote, Repository, VcsError};
use crate::workspace;

/// After this time no further attempt is begun to push what others push, too.
const PATIENCE: Duration = Duration::from_secs(20);
/// No pause between two attempts is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// So many refusals are quoted.
const QUOTED: usize = 3;

/// What is to be brought together.
#[derive(Clone, Debug, Default)]
pub struct SyncRequest {
    /// Where the user stands.
    pub directory: PathBuf,
    /// The remote's name or address; else that of the configured base branch, `origin`, or the only one.
    pub remote: Option<String>,
    /// What is laid over the configuration.
    pub overrides: Overrides,
}

/// What came, or went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// The remote, as messages call it.
    pub remote: String,
    /// Commits whose records changed.
    pub commits: usize,
    /// Records that are new on the side that they came to.
    pub added: usize,
    /// Records that are no longer on that side, as they were deleted on the other.
    pub removed: usize,
    /// What the remote has and is no record. It stays there.
    pub skipped: Vec<Skipped>,
}

/// Pulls what the remote has of some commits and this clone lacks; without `revisions` of all commits.
pub fn pull(request: &SyncRequest, revisions: &[String], progress: &mut dyn Progress) -> Result<Synced, FlowError> {
    let repository = Repository::discover(&request.directory)?;
    let name = remote_name(&repository, request)?;
    let remote = repository.remote(&name)?;
    let store = Store::open(repository.root())?;
    let mut theirs = baselines_of(&remote)?;
    if !revisions.is_empty() {
        let mut asked = BTreeMap::new();
        for revision in revisions {
            let commit = commit(&repository, revision)?;
            let Some(id) = theirs.remove(&commit).or_else(|| asked.get(&commit).cloned()) else {
                return Err(FlowError::Usage(format!(
                    "no baseline of {revision} ({}) is on {}, and nothing was pulled\nhelp: push it from where it was measured: `cargo perfgate baseline push`",
                    short(&commit),
                    remote.shown()
                )));
            };
            asked.insert(commit, id);
        }
        theirs = asked;
    }
    let mut pulled = bring(&remote, &store, &theirs, progress)?;
    if repository.is_partial() {
        let (commits, records) = complete(&remote, &store, &theirs)?;
        pulled.commits += commits;
        pulled.added += records;
    }
    Ok(pulled)
}

/// Fetches the records that a partial clone left out when the user fetched refs of baselines as any others; gives how many
/// these were, after the number of their commits.
fn complete(
    remote: &Remote<'_>,
    store: &Store,
    theirs: &BTreeMap<String, String>,
) -> Result<(usize, usize), FlowError> {
    let mut lacking = Vec::new();
    for (commit, id) in theirs {
        match store.left_out(commit)? {
            0 => {}
            records => lacking.push((ref_of(commit), id.as_str(), records)),
        }
    }
    let refs: Vec<(&str, &str)> = lacking.iter().map(|(name, id, _)| (name.as_str(), *id)).collect();
    remote.fetch(&refs, true)?;
    Ok((lacking.len(), lacking.iter().map(|(.., records)| records).sum()))
}

/// Pushes what this clone has and the remote lacks. Where both have something of a commit, it is merged here first; whoever
/// pushes at the same time loses nothing.
pub fn push(request: &SyncRequest, progress: &mut dyn Progress) -> Result<Synced, FlowError> {
    let repository = Repository::discover(&request.directory)?;
    let name = remote_name(&repository, request)?;
    let mut address = String::new();
    let remote = repository.remote(&name)?.to_push(&ref_of(&"0".repeat(40)), &mut address);
    let store = Store::open(repository.root())?;
    let mut pushed = Synced { remote: remote.shown(), ..Synced::default() };
    let mut left: BTreeSet<String> = store.tips()?.into_keys().collect();
    let (begun, mut share) = (Instant::now(), 1);
    let mut rng = Rng::new(jiff::Timestamp::now().as_nanosecond() as u64 ^ u64::from(std::process::id()));
    while !left.is_empty() {
        unless_interrupted()?;
        let attempt = Instant::now();
        let mut theirs = baselines_of(&remote)?;
        theirs.retain(|commit, _| left.contains(commit));
        pushed.skipped.extend(bring(&remote, &store, &theirs, progress)?.skipped);
        let ahead = ahead(&store, &left, &theirs)?;
        if ahead.is_empty() {
            break;
        }
        progress
            .status("Pushing", &format!("the baselines of {} to {}", counted(ahead.len(), "commit"), pushed.remote));
        let moves: Vec<Move> = ahead.iter().map(|(_, to, ..)| to.clone()).collect();
        let (mut refused, mut overtaken) = (Vec::new(), Vec::new());
        left.clear();
        for (answer, (commit, _, added, removed)) in remote.push(&moves)?.into_iter().zip(ahead) {
            match answer {
                Answer::Done => {
                    pushed.commits += 1;
                    pushed.added += added;
                    pushed.removed += removed;
                }
                Answer::Refused(reason) => refused.push((commit, reason)),
                Answer::Overtaken(reason) => {
                    left.insert(commit.clone());
                    overtaken.push((commit, reason));
                }
            }
        }
        if !refused.is_empty() {
            let help = "ask whoever keeps it to let `refs/perfgate/commits/*` be pushed, or name another remote";
            return Err(not_pushed(&pushed, &repository, &refused, help));
        }
        if !left.is_empty() {
            // An attempt takes as long as many others make at once: the longer it took, the longer it is left to them.
            share = (share * 2).min(64);
            let pause = (attempt.elapsed() * share).min(LONGEST_PAUSE).mul_f64(rng.unit());
            if begun.elapsed() + pause >= PATIENCE {
                let help = "what others push is merged; push again";
                return Err(not_pushed(&pushed, &repository, &overtaken, help));
            }
            std::thread::sleep(pause);
        }
    }
    pushed.skipped.sort();
    pushed.skipped.dedup();
    Ok(pushed)
}

/// What goes to the remote: commits, how their refs there move, how many records come and go by that.
type Ahead = Vec<(String, Move, usize, usize)>;

fn ahead(store: &Store, commits: &BTreeSet<String>, theirs: &BTreeMap<String, String>) -> Result<Ahead, FlowError> {
    let mut ahead = Vec::new();
    for commit in commits {
        let from = theirs.get(commit).cloned();
        if let Standing::Ahead { tip, added, removed } = store.standing(commit, from.as_deref())? {
            ahead.push((commit.clone(), Move { name: ref_of(commit), from, to: tip }, added, removed));
        }
    }
    Ok(ahead)
}

/// Merges what the remote has, the ids of its refs by commit, into what is here.
fn bring(
    remote: &Remote<'_>,
    store: &Store,
    theirs: &BTreeMap<String, String>,
    progress: &mut dyn Progress,
) -> Result<Synced, FlowError> {
    let mut brought = Synced { remote: remote.shown(), ..Synced::default() };
    let own = store.tips()?;
    let mut apart = Vec::new();
    for (commit, id) in theirs.iter().filter(|(commit, id)| own.get(*commit) != Some(id)) {
        if store.standing(commit, Some(id))? == Standing::Apart {
            apart.push((commit, id, ref_of(commit)));
        }
    }
    if apart.is_empty() {
        return Ok(brought);
    }
    progress.status("Pulling", &format!("the baselines of {} from {}", counted(apart.len(), "commit"), brought.remote));
    let refs: Vec<(&str, &str)> = apart.iter().map(|(_, id, name)| (name.as_str(), id.as_str())).collect();
    remote.fetch(&refs, false)?;
    for (commit, id, _) in apart {
        unless_interrupted()?;
        let merged = store.merge(commit, id)?;
        brought.commits += usize::from(merged.added + merged.removed > 0);
        brought.added += merged.added;
        brought.removed += merged.removed;
        brought.skipped.extend(merged.skipped);
    }
    Ok(brought)
}

fn unless_interrupted() -> Result<(), FlowError> {
    if interrupted().is_some() { Err(FlowError::Interrupted) } else { Ok(()) }
}

/// The ids of the remote's refs, by commit.
fn baselines_of(remote: &Remote<'_>) -> Result<BTreeMap<String, String>, VcsError> {
    let refs = remote.refs(BASELINES)?.into_iter();
    Ok(refs.filter_map(|(name, id)| Some((commit_of(&name)?.to_owned(), id))).collect())
}

/// The remote that was named, or the usual one.
fn remote_name(repository: &Repository, request: &SyncRequest) -> Result<String, FlowError> {
    if let Some(name) = &request.remote {
        return Ok(name.clone());
    }
    // Where there is one alone, the configuration says nothing more; and baselines can be carried without a project of
    // cargo's around.
    let branch = match repository.remotes().len() {
        0 | 1 => None,
        _ => match workspace::locate(&request.directory, None) {
            Ok((_, root)) => config::load(&root, None, &request.overrides)?.policy.base,
            Err(_) => None,
        },
    };
    repository
        .usual_remote(branch.as_deref())
        .ok_or_else(|| repository.no_remote("none was named, and none is the usual one".to_owned()).into())
}

fn not_pushed(pushed: &Synced, repository: &Repository, left: &[(String, String)], help: &'static str) -> FlowError {
    let quoted: Vec<String> =
        left.iter().take(QUOTED).map(|(commit, reason)| format!("{}: {reason}", short(commit))).collect();
    let more = if left.len() > QUOTED { format!("\nand {} more", left.len() - QUOTED) } else { String::new() };
    let before = if pushed.commits > 0 {
        format!("; {} of {} were pushed", counted(pushed.added, "record"), counted(pushed.commits, "commit"))
    } else {
        String::new()
    };
    let cause = format!("it does not take them{before}: {}{more}", quoted.join("\n"));
    let what = format!("push the baselines of {} to {}", counted(left.len(), "commit"), pushed.remote);
    VcsError::Remote { what, path: Path::to_owned(repository.root()), cause, help }.into()
}

/// Pulls the baseline of the first of `commits` that the remote has one of. That is for the user's sake, who need not know:
/// what goes wrong is a warning, and where nothing may be fetched, or there is no remote, nothing is tried.
pub(super) fn pull_lacking(setting: &Setting, store: &Store, commits: &[String], progress: &mut dyn Progress) {
    let repository = &setting.repository;
    let Some(name) = repository.usual_remote(setting.config.policy.base.as_deref()) else { return };
    if !repository.may_fetch() || setting.request.cargo.offline {
        return;
    }
    let pull = || -> Result<Synced, FlowError> {
        let remote = repository.remote(&name)?;
        let theirs = baselines_of(&remote)?;
        let found = commits.iter().find_map(|commit| theirs.get_key_value(commit));
        let found = found.map(|(commit, id)| (commit.clone(), id.clone())).into_iter().collect();
        bring(&remote, store, &found, &mut Silent)
    };
    match pull() {
        Ok(pulled) => {
            if pulled.added > 0 {
                progress.detail("Pulled", &format!("{} from {}", counted(pulled.added, "record"), pulled.remote));
            }
            pulled.skipped.iter().for_each(|left| progress.warn(&described(left)));
        }
        Err(e) => {
            let said = e.to_string();
            let cause = said.split("\nhelp: ").next().unwrap_or_default();
            progress.warn(&format!("no baseline was pulled, and the check goes on without: {cause}"));
        }
    }
}
