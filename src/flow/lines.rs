//! Costs of functions by lines of source, as readers know them; and what a reader misses of names and lines, with what
//! mends it.

use std::path::Path;

use super::project::{BuiltSide, Setting};
use crate::model::LineCost;
use crate::profile::{Function, Profile, short_file};
use crate::workspace::profile_setting;

/// Functions whose lines are told, of each benchmark.
pub const MOST_FUNCTIONS: usize = 20;

/// Where the sources of one side lie: paths below these are shown without them.
pub struct Roots(Vec<String>);

impl Roots {
    /// Of a side that was built: the compiler may have seen its folder by the link, and by its own name.
    pub fn of(side: &BuiltSide) -> Self {
        Self([&side.shown, &side.checked_out.files].map(|path| path.to_string_lossy().into_owned()).into())
    }

    /// Of a program that was built who knows where: what lies in `directory`.
    pub fn at(directory: &Path) -> Self {
        Self(vec![directory.to_string_lossy().into_owned()])
    }

    /// What a function executes itself by line, the hottest first.
    pub fn lines(&self, profile: &Profile, function: &Function) -> Vec<LineCost> {
        let lines = profile.lines.get(function).into_iter().flat_map(|lines| &lines.own);
        let mut lines: Vec<LineCost> =
            lines.map(|(place, own)| LineCost { file: self.short(&place.file), line: place.line, own: *own }).collect();
        lines.sort_by(|a, b| b.own.cmp(&a.own).then_with(|| (&a.file, a.line).cmp(&(&b.file, b.line))));
        lines
    }

    /// The hottest line of a function.
    pub fn hottest(&self, profile: &Profile, function: &Function) -> Option<LineCost> {
        let lines = profile.lines.get(function)?;
        let place = lines.hottest()?;
        Some(LineCost { file: self.short(&place.file), line: place.line, own: lines.own[place] })
    }

    fn short(&self, file: &str) -> String {
        let roots: Vec<&str> = self.0.iter().map(String::as_str).collect();
        short_file(file, &roots).to_owned()
    }
}

/// What profiles of programs lack.
#[derive(Debug, Default)]
pub struct Missing {
    own: u64,
    unnamed: u64,
    has_lines: bool,
}

impl Missing {
    /// Adds what a profile shows of it.
    pub fn look_at(&mut self, profile: &Profile) {
        // Of libraries that come with the system nobody expects it.
        let is_program = |function: &Function| !function.object.is_empty() && !function.object.contains(".so");
        for (function, cost) in profile.functions.iter().filter(|(function, _)| is_program(function)) {
            self.own += cost.own;
            self.unnamed += if function.name.starts_with("0x") { cost.own } else { 0 };
        }
        let mut places =
            profile.lines.iter().filter(|(function, _)| is_program(function)).flat_map(|(_, lines)| lines.own.keys());
        // The standard library may bring its own.
        self.has_lines |= places.any(|place| !place.file.starts_with("/rustc/"));
    }

    /// What to tell the reader of it, where the programs are of a project: a sentence each.
    pub fn of_project(&self, setting: &Setting, head: &BuiltSide) -> Vec<String> {
        let profile = setting.request.cargo.profile.as_deref().unwrap_or("bench");
        let value = |key: &str| profile_setting(&head.root, profile, key);
        let mend = |key: &str, value: &str| {
            let name = profile.replace('-', "_").to_uppercase();
            format!("CARGO_PROFILE_{name}_{}={value}", key.to_uppercase())
        };
        let strips = value("strip").filter(|strip| !["false", "none"].contains(&strip.as_str()));
        let because = strips.as_ref().map_or(String::new(), |strip| format!(", by `strip = {strip}` of its profile"));
        let keep = strips.map_or(String::new(), |_| format!(" {}", mend("strip", "none")));
        let mut notes = Vec::new();
        notes.extend(self.without_names(&because, &mend("strip", "none")));
        notes.extend(self.without_lines(&format!("{}{keep}", mend("debug", "line-tables-only"))));
        notes.extend(value("lto").filter(|lto| ["true", "fat", "thin"].contains(&lto.as_str())).map(|lto| {
            let off = mend("lto", "off");
            format!(
                "built with `lto = {lto}`: functions of all crates may be inlined, and are counted where they were; {off} keeps crates apart, and is another program"
            )
        }));
        notes
    }

    /// The same for a program of which nothing is known.
    pub fn of_program(&self) -> Vec<String> {
        let names = self.without_names("", "`strip = \"none\"` in cargo's profile");
        names.into_iter().chain(self.without_lines("`debug = \"line-tables-only\"` in cargo's profile")).collect()
    }

    fn without_names(&self, because: &str, mend: &str) -> Option<String> {
        (self.unnamed > 0).then(|| {
            let share = self.unnamed as f64 / self.own as f64 * 100.0;
            format!(
                "{share:.0} % of what the executable executes is in functions without a name: its symbols are gone{because}; {mend} keeps them"
            )
        })
    }

    fn without_lines(&self, mend: &str) -> Option<String> {
        (self.own > 0 && !self.has_lines)
            .then(|| format!("no lines of source are known: built without debug information; {mend} adds it"))
    }
}
