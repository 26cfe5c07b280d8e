//! The project that is measured: a git repository made from the fixture, and the variants of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use super::Failed;

/// The differences that benchmarks get in turn, per mille.
const LADDER: [i32; 8] = [0, 10, 20, 30, 50, 100, -50, -100];

/// It always does the same work: a call of it is one unit of 6 ns, so that 2 % more is a second unit in every fiftieth call,
/// which the processor mispredicts. That made +2 % of it +3 to +4.7 % in truth.
const ALWAYS_EQUAL: &str = "chain";

const TABLE: &str = "src/differences.rs";
const UNRELATED: &str = "unrelated/src/lib.rs";

/// What a revision changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Variant {
    /// The work of every benchmark but one, by a known share
    Differences,
    /// Code that no benchmark executes
    Unrelated,
    /// Nothing: it is built again
    Rebuilt,
}

impl Variant {
    /// In the order of a round.
    pub const ALL: [Self; 3] = [Self::Differences, Self::Unrelated, Self::Rebuilt];

    /// The spelling in files and options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Differences => "differences",
            Self::Unrelated => "unrelated",
            Self::Rebuilt => "rebuilt",
        }
    }
}

/// The repository, and the folder for its builds.
pub struct Project {
    /// The repository's root.
    pub root: PathBuf,
    /// Where both sides are built.
    pub builds: PathBuf,
    /// The first commit.
    pub base: String,
}

/// The true difference by benchmark, a plain ratio.
pub type Differences = BTreeMap<String, f64>;

impl Project {
    /// Makes the repository anew below `output`. Its path stays the same from run to run, so that builds are found again.
    pub fn create(output: &Path) -> Result<Self, Failed> {
        let root = output.join("project");
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quality"), &root)?;
        let mut project = Self { builds: output.join("builds"), root, base: String::new() };
        fs::write(project.root.join(".gitignore"), "target\n")?;
        project.git(&["init", "-q", "-b", "main"])?;
        project.base = project.commit_all("the base")?;
        Ok(project)
    }

    /// Commits `variant` on top of the base, and gives the true differences.
    pub fn commit(&self, variant: Variant, round: usize, all: Option<i32>) -> Result<Differences, Failed> {
        self.git(&["reset", "-q", "--hard", &self.base])?;
        let (table, unrelated) = (self.root.join(TABLE), self.root.join(UNRELATED));
        let (source, differences) = with_differences(&fs::read_to_string(&table)?, |name, number| match variant {
            Variant::Differences if name != ALWAYS_EQUAL => all.unwrap_or(LADDER[(number + round) % LADDER.len()]),
            _ => 0,
        });
        match variant {
            Variant::Differences => fs::write(&table, source)?,
            Variant::Unrelated => fs::write(&unrelated, with_more_code(&fs::read_to_string(&unrelated)?, round))?,
            Variant::Rebuilt => fs::write(self.root.join("notes.md"), format!("Round {round}.\n"))?,
        }
        self.commit_all(&format!("{}, round {round}", variant.name()))?;
        Ok(differences)
    }

    fn commit_all(&self, message: &str) -> Result<String, Failed> {
        self.git(&["add", "-A"])?;
        self.git(&["commit", "-q", "--allow-empty", "-m", message])?;
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, arguments: &[&str]) -> Result<String, Failed> {
        let settings = ["user.name=a", "user.email=a@example.org", "commit.gpgsign=false", "core.hooksPath=/dev/null"];
        let mut command = Command::new("git");
        command.current_dir(&self.root).args(settings.iter().flat_map(|setting| ["-c", setting]));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        let done = command.args(arguments).output()?;
        if !done.status.success() {
            return Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr)).into());
        }
        Ok(String::from_utf8(done.stdout)?.trim().to_owned())
    }
}

/// The table's source with the difference that `per_mille` has for each benchmark and its number in it.
fn with_differences(source: &str, per_mille: impl Fn(&str, usize) -> i32) -> (String, Differences) {
    const ZERO: &str = "AtomicI32::new(0)";
    let (mut changed, mut differences) = (String::new(), Differences::new());
    for line in source.lines() {
        let name = line.split('"').nth(1).filter(|_| line.contains(ZERO));
        match name {
            Some(name) => {
                let difference = per_mille(name, differences.len());
                changed.push_str(&line.replace(ZERO, &format!("AtomicI32::new({difference})")));
                differences.insert(name.to_owned(), f64::from(difference) / 1000.0);
            }
            None => changed.push_str(line),
        }
        changed.push('\n');
    }
    (changed, differences)
}

/// The unrelated crate's source with functions added, each round another number of them and of other lengths.
fn with_more_code(source: &str, round: usize) -> String {
    let (mut names, mut functions) = (String::new(), String::new());
    for i in 0..1 + round * 3 % 17 {
        let _ = writeln!(names, "    added_{i},");
        let _ = writeln!(functions, "\nfn added_{i}(mut x: u64) -> u64 {{");
        for step in 0..2 + (i * 5 + round) % 23 {
            let _ =
                writeln!(functions, "    x = (x ^ {}).wrapping_mul({}).rotate_left({i} + 1);", step + i, 2 * step + 3);
        }
        functions.push_str("    x\n}\n");
    }
    source.replace("    first, //\n", &format!("    first, //\n{names}")) + &functions
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, to) = (entry?, to);
        if entry.file_name() == "target" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        } else {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
