//! `profile`: the hot functions of benchmarks at one revision, or of a whole program.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::counts::{can_count, caveat, count_side, of, without_valgrind};
use super::lines::{MOST_FUNCTIONS, Missing, Roots};
use super::noise::known;
use super::project::{ProjectRequest, Setting};
use super::suites::{Against, Suites, look};
use super::tally::Tally;
use super::{FlowError, Progress};
use crate::harness::criterion::Patience;
use crate::instrument::{Copies, Detail, Output, Spawn, count_whole, has_valgrind, interrupted};
use crate::model::{HeadSide, Hot, HotFunction, Hotspots, Side, Skipped, Subject, short};
use crate::profile::{Function, Profile, Stacks, crate_and_module, read_closely, stacks};
use crate::report::{counted, shell_word};
use crate::store::Store;

/// What only who starts another program executes.
const STARTS_PROGRAMS: [&str; 4] = ["fork", "vfork", "__spawni", "execve"];

/// What `profile` is asked for.
#[derive(Clone, Debug, Default)]
pub struct ProfileRequest {
    /// The project; its filter says which benchmarks.
    pub project: ProjectRequest,
    /// `--rev`: a revision instead of the work tree.
    pub revision: Option<String>,
    /// `--over`: only benchmarks of which an iteration took more nanoseconds when it was last measured here.
    pub over: Option<f64>,
}

/// What was counted, with the stacks of it: each begins with its benchmark, or with its program.
pub type Profiled = (Hotspots, Stacks<1>);

/// Counts the benchmarks that are asked for. Stores nothing.
pub fn profile(request: ProfileRequest, progress: &mut dyn Progress) -> Result<Profiled, FlowError> {
    let mut setting = Setting::open(request.project, progress)?;
    if !can_count(&setting) {
        return Err(without_valgrind());
    }
    if let Some(revision) = &request.revision {
        setting.head = crate::vcs::Head { commit: setting.repository.resolve(revision)?, dirty: false };
        progress.status("Profiling", &format!("{revision} ({})", short(&setting.head.commit)));
    }
    let head = setting.build_head(progress)?;
    let copies = Copies::new()?;
    let mut suites = look(&head, Against::Nothing, &setting.looking(&copies.folder().join("home"), true), progress)?;
    let mut skipped = std::mem::take(&mut suites.skipped);
    skipped.extend(suites.settled.drain(..).map(|settled| Skipped {
        what: settled.id.to_string(),
        reason: format!("{}: {}", settled.verdict, settled.reason),
    }));
    if let Some(over) = request.over {
        skipped.extend(keep_slow(&setting, &mut suites, over, progress)?);
    }
    let (roots, mut missing) = (Roots::of(&head), Missing::default());
    let (mut profiles, mut all_stacks, mut warnings) = (Vec::new(), Stacks::new(), Vec::new());
    let silence = setting.config.policy.time_out;
    let patience = Patience { silence, given_up: usize::MAX, in_all: Duration::MAX, answered: None };
    let benchmarks = suites.all().map(|open| open.names.len()).sum();
    let tally = Tally::new(benchmarks, benchmarks);
    progress.phase("counted");
    for open in suites.all() {
        let what = format!("{} of {}::{}", counted(open.names.len(), "benchmark"), open.package, open.target);
        progress.status("Counting", &what);
        warnings.extend(caveat(open));
        let folder = copies.folder().join("counts");
        let patience = tally.hearing(patience);
        let count = || count_side(open, Side::Head, &open.names, &folder, Detail::Lines, patience);
        let mut counting = tally.tell(progress, count)?;
        for name in &open.names {
            let id = open.id(name);
            match of(&mut counting, name, Side::Head) {
                Ok(counts) => {
                    missing.look_at(&counts.warm);
                    add_stacks(&mut all_stacks, &id.to_string(), &counts.warm);
                    profiles.push((id, hot(&counts.warm, &roots), counts));
                }
                Err(reason) => skipped.push(Skipped { what: id.to_string(), reason }),
            }
        }
    }
    warnings.extend(missing.of_project(&setting, &head));
    profiles.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    skipped.sort();
    let profiles = profiles.into_iter().map(|(id, functions, counts)| Hot {
        subject: Subject::Benchmark(id),
        instructions: counts.warm.own_code(),
        allocator_instructions: counts.warm.allocator,
        cold_instructions: Some(counts.cold.own_code()),
        functions,
    });
    let side =
        HeadSide { commit: Some(setting.head.commit.clone()), dirty: setting.head.dirty, changes: None, name: None };
    Ok((Hotspots { head: Some(side), profiles: profiles.collect(), skipped, warnings }, all_stacks))
}

/// Leaves those benchmarks of which an iteration took more than `over` nanoseconds when it was last measured here. Gives those of
/// which that is not known.
fn keep_slow(
    setting: &Setting,
    suites: &mut Suites,
    over: f64,
    progress: &mut dyn Progress,
) -> Result<Vec<Skipped>, FlowError> {
    let (known, _) = known(&Store::open(setting.repository.root())?, &setting.environment()?.key)?;
    let (mut unknown, mut quick) = (Vec::new(), 0);
    for open in &mut suites.open {
        let names = std::mem::take(&mut open.names);
        open.names = names
            .into_iter()
            .filter(|name| {
                let id = open.id(name);
                let Some(time) = known.get(&id).and_then(|known| known.time) else {
                    let reason =
                        "was never measured here, and may be slow: `cargo perfgate run` measures it".to_owned();
                    unknown.push(Skipped { what: id.to_string(), reason });
                    return false;
                };
                let is_slow = time > over;
                quick += usize::from(!is_slow);
                is_slow
            })
            .collect();
    }
    suites.open.retain(|open| !open.names.is_empty());
    for open in suites.untimed.drain(..) {
        let reason = format!("its time is not known: this version does not time benchmarks of {}", open.able.name());
        unknown.extend(open.ids().map(|id| Skipped { what: id.to_string(), reason: reason.clone() }));
    }
    if quick > 0 {
        progress.status("Leaving", &format!("{} out: no slower than asked for", counted(quick, "benchmark")));
    }
    Ok(unknown)
}

/// A program to profile.
#[derive(Clone, Debug)]
pub struct ProgramRequest {
    /// Where it runs.
    pub directory: PathBuf,
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// Counts a whole program, from its start to its end; not what it starts. Its output goes to standard error, its input is
/// empty.
pub fn profile_program(request: &ProgramRequest, progress: &mut dyn Progress) -> Result<Profiled, FlowError> {
    if !has_valgrind(&request.directory) {
        return Err(without_valgrind());
    }
    let words = std::iter::once(&request.program).chain(&request.arguments);
    let command: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let line = command.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ");
    progress.status("Counting", &line);
    let spawn = Spawn {
        stdout: Output::Show,
        stderr: Output::Show,
        ..Spawn::new(&request.program, &request.directory).args(request.arguments.iter().cloned())
    };
    let error = |cause: String, help| FlowError::Program { program: line.clone(), cause, help };
    let copies = Copies::new()?;
    let (status, text) = count_whole(&spawn, &copies.folder().join("counts")).map_err(|e| {
        error(e.to_string(), "see that valgrind can be started, and that TMPDIR names a folder with room")
    })?;
    if interrupted().is_some() {
        return Err(FlowError::Interrupted);
    }
    if !status.success() {
        return Err(error(
            format!("it ended with {status} under valgrind"),
            "see that it runs well without; what it said stands above",
        ));
    }
    let text = text.ok_or_else(|| {
        error(
            "valgrind wrote nothing of it".to_owned(),
            "a program that becomes another one is no longer counted: name that one",
        )
    })?;
    let profile = read_closely(&text)
        .map_err(|e| error(format!("callgrind's file cannot be read: {e}"), "see that there is room in TMPDIR"))?;
    let mut missing = Missing::default();
    missing.look_at(&profile);
    let mut warnings = missing.of_program();
    let starts = |function: &Function| STARTS_PROGRAMS.contains(&function.name.trim_start_matches("__libc_"));
    if profile.functions.keys().any(starts) {
        warnings.push("it starts other programs, which are not counted".to_owned());
    }
    let mut all_stacks = Stacks::new();
    add_stacks(&mut all_stacks, &line, &profile);
    let hot = Hot {
        instructions: profile.own_code(),
        allocator_instructions: profile.allocator,
        cold_instructions: None,
        functions: hot(&profile, &Roots::at(&request.directory)),
        subject: Subject::Command(command),
    };
    Ok((Hotspots { head: None, profiles: vec![hot], skipped: Vec::new(), warnings }, all_stacks))
}

fn add_stacks(all: &mut Stacks<1>, root: &str, profile: &Profile) {
    let under_root =
        |(stack, own): (Vec<String>, [u64; 1])| (std::iter::once(root.to_owned()).chain(stack).collect(), own);
    all.extend(stacks([profile]).into_iter().map(under_root));
}

/// The functions that executed something themselves, the hottest first.
fn hot(profile: &Profile, roots: &Roots) -> Vec<HotFunction> {
    let mut costly: Vec<_> = profile.functions.iter().filter(|(_, cost)| cost.own > 0).collect();
    costly.sort_by_key(|(_, cost)| std::cmp::Reverse((cost.own, cost.inclusive)));
    let place = |(index, (function, cost)): (usize, (&Function, &crate::profile::Cost))| {
        let of = crate_and_module(&function.name);
        HotFunction {
            crate_name: of.map(|(name, _)| name.to_owned()),
            module: of.map(|(_, module)| module.to_owned()),
            function: function.name.clone(),
            object: function.object.clone(),
            own: cost.own,
            inclusive: cost.inclusive,
            calls: cost.calls,
            share: cost.own as f64 / profile.total.max(1) as f64,
            place: roots.hottest(profile, function),
            lines: if index < MOST_FUNCTIONS { roots.lines(profile, function) } else { Vec::new() },
        }
    };
    costly.into_iter().enumerate().map(place).collect()
}
