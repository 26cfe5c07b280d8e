//! criterion's own verdict on the executables that the gate measured, as its users get it: base first, then head, with
//! its default times.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Instant, SystemTime};

use cargo_perfgate::instrument::interrupted;

use super::Failed;
use super::project::Project;
use super::record::{ByCriterion, Context, Sentence};

/// The bench targets of the project.
const TARGETS: [&str; 3] = ["short", "data", "long"];

/// Runs all benchmarks of base and then all of head.
pub fn compare(
    project: &Project,
    filter: Option<&regex::Regex>,
    context: &Context<'_>,
) -> Result<Vec<ByCriterion>, Failed> {
    let home = project.builds.with_file_name("criterion");
    let _ = fs::remove_dir_all(&home);
    let mut benchmarks = Vec::new();
    for target in TARGETS {
        let (base, head) = (executable(project, "base", target)?, executable(project, "head", target)?);
        for name in names(&base)?.into_iter().filter(|name| filter.is_none_or(|filter| filter.is_match(name))) {
            benchmarks.push((name, base.clone(), head.clone()));
        }
    }
    let mut seconds = Vec::new();
    for (name, base, _) in &benchmarks {
        eprintln!("   criterion {name}, base");
        let clock = Instant::now();
        run(base, &["--bench", "--noplot", "--exact", name, "--save-baseline", "base"], &home)?;
        seconds.push(clock.elapsed().as_secs_f64());
    }
    let mut compared = Vec::new();
    for ((name, _, head), base_seconds) in benchmarks.into_iter().zip(seconds) {
        eprintln!("   criterion {name}, head");
        let clock = Instant::now();
        let said = run(&head, &["--bench", "--noplot", "--exact", &name, "--baseline", "base"], &home)?;
        let folder = home.join(&name);
        compared.push(ByCriterion {
            true_change: context.true_change(&name)?,
            variant: context.variant.to_owned(),
            load: context.load,
            verdict: sentence(&said).ok_or_else(|| format!("criterion says nothing of {name}:\n{said}"))?,
            change: mean(&folder.join("new"))? / mean(&folder.join("base"))? - 1.0,
            seconds: base_seconds + clock.elapsed().as_secs_f64(),
            benchmark: name,
        });
    }
    Ok(compared)
}

/// The sentence that ends criterion's lines on a benchmark.
fn sentence(said: &str) -> Option<Sentence> {
    let sentences = [
        ("Performance has regressed.", Sentence::Regressed),
        ("Performance has improved.", Sentence::Improved),
        ("Change within noise threshold.", Sentence::NoChange),
        ("No change in performance detected.", Sentence::NoChange),
    ];
    sentences.into_iter().find_map(|(words, sentence)| said.contains(words).then_some(sentence))
}

fn mean(folder: &Path) -> Result<f64, Failed> {
    let estimates: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("estimates.json"))?)?;
    estimates["mean"]["point_estimate"].as_f64().ok_or_else(|| "criterion's estimates have no mean".into())
}

fn names(program: &Path) -> Result<Vec<String>, Failed> {
    let listed = run(program, &["--bench", "--list"], Path::new("."))?;
    Ok(listed.lines().filter_map(|line| line.strip_suffix(": benchmark")).map(str::to_owned).collect())
}

fn run(program: &Path, arguments: &[&str], home: &Path) -> Result<String, Failed> {
    if interrupted().is_some() {
        return Err("stopped by a signal".into());
    }
    let done = Command::new(program).args(arguments).env("CRITERION_HOME", home).output()?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        return Err(format!("{} {arguments:?}: {said}", program.display()).into());
    }
    Ok(String::from_utf8(done.stdout)?)
}

/// The executable of `target` that was built last for `side`.
fn executable(project: &Project, side: &str, target: &str) -> Result<PathBuf, Failed> {
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    for slot in fs::read_dir(&project.builds)? {
        let Ok(built) = fs::read_dir(slot?.path().join(side).join("target/release/deps")) else { continue };
        for file in built {
            let file = file?;
            let (path, changed) = (file.path(), file.metadata()?.modified()?);
            let stem = path.file_stem().and_then(OsStr::to_str).and_then(|stem| stem.rsplit_once('-'));
            let is_executable = path.extension().is_none_or(|extension| extension == "exe");
            let fits = stem.is_some_and(|(name, _)| name == target) && is_executable;
            if fits && newest.as_ref().is_none_or(|(time, _)| changed > *time) {
                newest = Some((changed, path));
            }
        }
    }
    Ok(newest.ok_or_else(|| format!("no executable of {target} was built for {side}"))?.1)
}
