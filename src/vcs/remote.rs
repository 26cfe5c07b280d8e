//! Refs of a remote, by the git program: listed, fetched, pushed with a lease. It knows the user's credentials, proxies and
//! ways to connect. What the refs hold is not known here, and no ref of this clone is moved.

use std::collections::{BTreeMap, BTreeSet};

use super::error::VcsError;
use super::fetch::unattended;
use super::repository::{Repository, Variable};
use crate::report::{shell_word, visible};

/// Beyond so many refs git takes long to look up each by its name, among all that there are.
const MANY: usize = 100;
/// How git is told where a ref of the remote still has to be.
const LEASE: &str = "--force-with-lease=";
/// Systems limit how much can be said to a program at once; longer lists are split. In bytes.
const MOST_SAID: usize = if cfg!(windows) { 20_000 } else { 200_000 };
/// So many lines of what a remote has to say of a refusal are shown.
const MOST_LINES: usize = 10;

/// Another repository with which refs are exchanged.
#[derive(Clone, Copy)]
pub struct Remote<'r> {
    repository: &'r Repository,
    /// A name in git's configuration, or an address.
    name: &'r str,
}

/// What a ref of the remote is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Full name.
    pub name: String,
    /// The id that it has there now; `None` where there is no such ref. Where that is not so any longer, nothing is done.
    pub from: Option<String>,
    /// The id that it is to have, of a commit that is here.
    pub to: String,
}

/// What became of a [`Move`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// Someone else was faster, or is about to be; git's words.
    Overtaken(String),
    /// The remote does not want it; its words.
    Refused(String),
}

impl Repository {
    /// The remote to use where none is named: that of the base branch (`origin` of `origin/main`), else `origin`, else the
    /// only one. `None` where there is no telling.
    pub fn usual_remote(&self, branch: Option<&str>) -> Option<String> {
        let names = self.remotes();
        let of_branch =
            |name: &&String| branch.is_some_and(|b| b.strip_prefix(*name).is_some_and(|b| b.starts_with('/')));
        let longest = names.iter().filter(of_branch).max_by_key(|name| name.len());
        let usual = longest.or_else(|| names.iter().find(|name| *name == "origin"));
        usual.or(if names.len() == 1 { names.first() } else { None }).cloned()
    }

    /// The remote of that name or address.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn remote<'r>(&'r self, name: &'r str) -> Result<Remote<'r>, VcsError> {
        let names = self.remotes();
        if names.iter().any(|known| known == name) || name.contains(['/', ':']) || self.root.join(name).is_dir() {
            return Ok(Remote { repository: self, name });
        }
        Err(self.no_remote(format!("`{name}` is neither a remote of this clone nor an address")))
    }

    /// What to say where no remote was named and [`Repository::usual_remote`] finds none.
    pub fn no_remote(&self, cause: String) -> VcsError {
        let names = self.remotes();
        let help = if names.is_empty() {
            "this clone has no remote yet: `git remote add origin URL`, or name an address".to_owned()
        } else {
            let words: Vec<String> = names.iter().map(|name| shell_word(name)).collect();
            format!("name one of this clone's remotes: {}", words.join(", "))
        };
        VcsError::NoRemote { path: self.root.clone(), cause, help }
    }

    /// The names of all remotes of this clone.
    pub fn remotes(&self) -> Vec<String> {
        let Ok(names) = self.git.remotes() else { return Vec::new() };
        names.iter().filter_map(|name| Some(name.ok()??.to_owned())).collect()
    }
}

impl<'r> Remote<'r> {
    /// What messages call it: without a password that may stand in an address.
    pub fn shown(&self) -> String {
        let name = visible(self.name);
        match name.split_once("://") {
            Some((scheme, rest)) => {
                let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                format!("{scheme}://{}{path}", place.rsplit('@').next().unwrap_or(place))
            }
            None => name,
        }
    }

    /// The same remote for pushing refs like `name`: by its address, where it is pushed to another place than it is fetched
    /// from, or where git would take the ref of that name here for a mark of where the remote's is, and move it.
    pub fn to_push<'a>(&self, name: &str, address: &'a mut String) -> Remote<'a>
    where
        'r: 'a,
    {
        let ask = |how: &[&str]| {
            let arguments = [&["remote", "get-url"], how, &["--", self.name]].concat();
            let found = self.repository.run("look up a remote", &arguments).ok()?;
            Some(String::from_utf8(found).ok()?.trim_end_matches('\n').to_owned())
        };
        match (ask(&[]), ask(&["--push"])) {
            (Some(fetched), Some(pushed)) if fetched != pushed || self.marks(name) => {
                *address = pushed;
                Remote { repository: self.repository, name: address }
            }
            _ => *self,
        }
    }

    /// Whether something may be configured to be fetched into the ref `name` of this clone.
    fn marks(&self, name: &str) -> bool {
        let key = format!("remote.{}.fetch", self.name);
        let found = self.repository.run("look up what is fetched", &["config", "--get-all", &key]).unwrap_or_default();
        let places = String::from_utf8_lossy(&found);
        let mut places = places.lines().filter_map(|line| line.split_once(':'));
        places.any(|(_, place)| name.starts_with(place.split('*').next().unwrap_or_default()))
    }

    /// The refs below a folder of refs: their full names, with their ids.
    pub fn refs(&self, below: &str) -> Result<BTreeMap<String, String>, VcsError> {
        let asked = format!("{below}/*");
        let arguments = ["ls-remote", "--quiet", "--refs", "--", self.name, &asked];
        let what = format!("list the baselines of {}", self.shown());
        let run = self.repository.run_with(&what, &unattended(), &arguments);
        let listed = run.map_err(|e| self.explained(e, "see that `git ls-remote` works for it"))?;
        let listed = String::from_utf8_lossy(&listed);
        let refs = listed.lines().filter_map(|line| line.split_once('\t'));
        // The pattern may match the end of a longer name, too.
        let refs = refs.filter(|(_, name)| name.strip_prefix(below).is_some_and(|rest| rest.starts_with('/')));
        Ok(refs.map(|(id, name)| (name.to_owned(), id.to_owned())).collect())
    }

    /// Fetches refs, their full names with their ids, and all that they reach; with `anew` even what this clone seems to have.
    /// No ref is made or moved here, whatever is configured.
    pub fn fetch(&self, refs: &[(&str, &str)], anew: bool) -> Result<(), VcsError> {
        const ALL_OF_IT: [&str; 13] = [
            // What is stored survives, so what it refers to is flushed to the disk.
            "-c",
            "core.fsync=committed,loose-object",
            "-c",
            "core.fsyncMethod=batch",
            "fetch",
            "--quiet",
            "--no-filter",
            "--no-tags",
            "--no-prune",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-auto-maintenance",
            // What is configured would overwrite refs of this clone.
            "--refmap=",
        ];
        let anew: &[&str] = if anew { &["--refetch"] } else { &[] };
        let what = format!("fetch baselines from {}", self.shown());
        // Any server gives a ref that has moved since by its name, and not every one by its id.
        let wanted: Vec<&str> = refs.iter().map(|(name, id)| if refs.len() > MANY { *id } else { *name }).collect();
        for some in batches(&wanted, |name| name.len()) {
            let arguments = [&ALL_OF_IT, anew, &["--", self.name], some].concat();
            let run = self.repository.run_with(&what, &unattended(), &arguments);
            run.map_err(|e| self.explained(e, "see that `git fetch` works for it"))?;
        }
        Ok(())
    }

    /// Moves refs of the remote, each only if it still is where it is thought to be; gives what became of each. No hook of
    /// this clone is run. All names are below one folder of refs, and the refs of these names are here, too.
    pub fn push(&self, moves: &[Move]) -> Result<Vec<Answer>, VcsError> {
        let size = |to: &Move| 2 * to.name.len() + 2 * to.to.len() + LEASE.len() + 4;
        let folder = moves.iter().filter(|_| moves.len() > MANY).find_map(|to| Some(to.name.rsplit_once('/')?.0));
        if let Some(folder) = folder
            && let Some(others) = self.others(folder, moves)?
        {
            // All that is here but those, without force: then git moves nothing but to what comes after it.
            let refspecs = [format!("{folder}/*:{folder}/*")].into_iter();
            return self.push_these(moves, Vec::new(), refspecs.chain(others.iter().map(|name| format!("^{name}"))));
        }
        let mut answers = Vec::new();
        for some in batches(moves, size) {
            let lease = |to: &Move| format!("{LEASE}{}:{}", to.name, to.from.as_deref().unwrap_or_default());
            let refspecs = some.iter().map(|to| format!("{}:{}", to.to, to.name));
            answers.extend(self.push_these(some, some.iter().map(lease).collect(), refspecs)?);
        }
        Ok(answers)
    }

    /// The full names of what is here below a folder of refs and is not to be pushed; `None` where that is more than git
    /// can be told.
    fn others(&self, folder: &str, moves: &[Move]) -> Result<Option<Vec<String>>, VcsError> {
        let decided: BTreeSet<&str> = moves.iter().map(|to| to.name.as_str()).collect();
        let below = format!("{folder}/");
        let names = self.repository.run("list the baselines", &["for-each-ref", "--format=%(refname)", &below])?;
        let Ok(names) = String::from_utf8(names) else { return Ok(None) };
        let others: Vec<String> = names.lines().filter(|name| !decided.contains(name)).map(str::to_owned).collect();
        Ok((others.len() <= MANY).then_some(others))
    }

    /// Pushes `refspecs` under `leases`; gives what became of each of `moves`, which are among these.
    fn push_these(
        &self,
        moves: &[Move],
        leases: Vec<String>,
        refspecs: impl Iterator<Item = String>,
    ) -> Result<Vec<Answer>, VcsError> {
        const PLAINLY: [&str; 6] =
            ["push", "--no-progress", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"];
        let mut arguments: Vec<String> = PLAINLY.map(str::to_owned).into();
        arguments.extend(leases);
        arguments.extend(["--".to_owned(), self.name.to_owned()]);
        arguments.extend(refspecs);
        let what = format!("push baselines to {}", self.shown());
        // The reasons are read below.
        let variables: Vec<Variable> = unattended().into_iter().chain([("LC_ALL".into(), Some("C".into()))]).collect();
        let ended = self.repository.end_of(&what, &variables, &arguments)?;
        let table = String::from_utf8_lossy(&ended.stdout);
        let rows: BTreeMap<&str, (&str, &str)> = table.lines().filter_map(row).collect();
        if !moves.iter().all(|to| rows.contains_key(to.name.as_str())) {
            let cause = ended.stderr.trim().to_owned();
            let failed = VcsError::Program { what, path: self.repository.root.clone(), cause };
            return Err(self.explained(failed, "see that you may push there"));
        }
        let said: Vec<&str> = ended.stderr.lines().filter_map(|line| line.strip_prefix("remote: ")).collect();
        let answer = |(sign, reason)| if sign == "!" { rejected(reason, &said) } else { Answer::Done };
        Ok(moves.iter().map(|to| answer(rows[to.name.as_str()])).collect())
    }

    /// The same failure, as one of this remote.
    fn explained(&self, e: VcsError, help: &'static str) -> VcsError {
        match e {
            VcsError::Program { what, path, cause } => VcsError::Remote { what, path, cause, help },
            other => other,
        }
    }
}

/// A row of `git push --porcelain`: the ref there, with a sign and what is to be said of it.
fn row(line: &str) -> Option<(&str, (&str, &str))> {
    let mut cells = line.split('\t');
    let (sign, refs, reason) = (cells.next()?, cells.next()?, cells.next()?);
    Some((refs.split_once(':')?.1, (sign, reason)))
}

/// `said` is what the remote has to say of all.
fn rejected(reason: &str, said: &[&str]) -> Answer {
    const PASSING: [&str; 6] = ["lock", "failed to update ref", "old value", "exists", "fetch first", "conflict"];
    if reason.starts_with("[rejected]") {
        return Answer::Overtaken(reason.to_owned());
    }
    let said = said.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()).take(MOST_LINES);
    let all = [reason].into_iter().chain(said).collect::<Vec<&str>>().join("\n");
    if PASSING.iter().any(|known| reason.contains(known)) { Answer::Overtaken(all) } else { Answer::Refused(all) }
}

/// The items in groups whose sizes in bytes add up to what can be said at once.
fn batches<T>(items: &[T], size: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    let mut said = 0;
    items.chunk_by(move |item, _| {
        said += size(item) + 1;
        let room = said < MOST_SAID;
        said = if room { said } else { 0 };
        room
    })
}
