//! The files that valgrind's callgrind writes.
//!
//! A file holds lines: `ob=`, `fl=`, `fn=` set what follows belongs to, `cob=`, `cfi=` or `cfl=`, `cfn=` and `calls=` tell of
//! a call whose inclusive cost stands in the next line, and a line of numbers is a place and what happened there. A name
//! is written once as `(number) name`, and as `(number)` from then on.
//! <https://valgrind.org/docs/manual/cl-format.html>

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::allocator;
use super::function::{Function, Lines, Place, Profile, bare};

/// Why a text is no file of callgrind's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct NotCallgrind {
    /// From 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

/// What callgrind calls a file or function that it does not know.
const UNKNOWN: &str = "???";

/// Names by their numbers: callgrind has a space of numbers for objects, one for files, and one for functions.
#[derive(Default)]
struct Names(HashMap<u64, String>);

impl Names {
    /// The name that `(number) name`, `(number)` or a bare name stands for.
    fn resolve(&mut self, text: &str) -> Result<String, String> {
        let Some(rest) = text.strip_prefix('(') else { return Ok(text.to_owned()) };
        let numbered = rest.split_once(')').and_then(|(number, name)| Some((number.parse::<u64>().ok()?, name.trim())));
        // Callgrind's own name for what runs before `main` is `(below main)`.
        let Some((number, name)) = numbered else { return Ok(text.to_owned()) };
        if !name.is_empty() {
            self.0.insert(number, name.to_owned());
        }
        self.0.get(&number).cloned().ok_or_else(|| format!("the name of ({number}) is nowhere before"))
    }
}

/// A function as one program names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol {
    /// The path of the executable or library that it is in; empty where it is not known.
    pub object: String,
    /// Its name there; an address where it has none.
    pub name: String,
}

/// Reads one file of callgrind's: the functions that executed instructions of their own. Those that only waited for what
/// they had called before are in such files, too.
///
/// # Errors
/// A text that callgrind cannot have written as it stands.
pub fn read_symbols(text: &str) -> Result<BTreeSet<Symbol>, NotCallgrind> {
    let (mut objects, mut functions) = (Names::default(), Names::default());
    let mut symbols = BTreeSet::new();
    let (mut object, mut function, mut of_call) = (String::new(), None, false);
    for (index, line) in text.lines().enumerate() {
        let wrong = |reason| NotCallgrind { line: index + 1, reason };
        let line = line.trim_end();
        if matches!(line.bytes().next(), Some(b'0'..=b'9' | b'+' | b'-' | b'*')) {
            if !std::mem::take(&mut of_call) {
                symbols.extend(function.take().map(|name: String| Symbol { object: object.clone(), name }));
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        match key {
            "ob" => object = objects.resolve(value).map_err(wrong)?,
            "cob" => drop(objects.resolve(value).map_err(wrong)?),
            "fn" => function = Some(bare(&functions.resolve(value).map_err(wrong)?).to_owned()),
            "cfn" => drop(functions.resolve(value).map_err(wrong)?),
            "calls" => of_call = true,
            _ => {}
        }
    }
    Ok(symbols)
}

#[derive(Default)]
struct Reader {
    /// Whether calls and lines are kept.
    closely: bool,
    objects: Names,
    files: Names,
    functions: Names,
    /// How many places stand before the costs.
    places: usize,
    /// Which of the places is the line; there may be none.
    line_place: Option<usize>,
    /// Which of the events are instructions.
    instructions: usize,
    object: String,
    /// The source file of what follows; empty where it is not known.
    file: String,
    /// The line of the last cost: the next may be told by what it is more or less.
    line: u64,
    function: Option<Function>,
    /// The file in which the function begins.
    begins_in: String,
    callee_object: Option<String>,
    callee: Option<Function>,
    /// Set between `calls=` and the line with the call's cost.
    calls: Option<u64>,
    total: Option<u64>,
    /// The functions that each calls.
    called: BTreeMap<Function, BTreeSet<Function>>,
    read: Profile,
}

/// Reads one file of callgrind's: the instructions of each function.
///
/// # Errors
/// A text that callgrind cannot have written as it stands, or that has no instructions counted.
pub fn read_callgrind(text: &str) -> Result<Profile, NotCallgrind> {
    read(text, Reader::default())
}

/// Reads one file of callgrind's with who called whom, and with the source lines where it has them.
///
/// # Errors
/// As [`read_callgrind`].
pub fn read_closely(text: &str) -> Result<Profile, NotCallgrind> {
    read(text, Reader { closely: true, ..Reader::default() })
}

fn read(text: &str, mut reader: Reader) -> Result<Profile, NotCallgrind> {
    (reader.places, reader.line_place) = (1, Some(0));
    let mut last = 0;
    for (index, line) in text.lines().enumerate() {
        last = index + 1;
        reader.line(line.trim_end()).map_err(|reason| NotCallgrind { line: index + 1, reason })?;
    }
    let Some(total) = reader.total else {
        return Err(NotCallgrind { line: last, reason: "it ends without its totals".to_owned() });
    };
    let mut profile = reader.read;
    profile.total = total;
    profile.inside_allocator = allocator::inside(&reader.called);
    let inside = profile.inside_allocator.iter().filter_map(|function| profile.functions.get(function));
    profile.allocator = inside.fold(0, |sum, cost| sum.saturating_add(cost.own));
    for cost in profile.functions.values_mut() {
        cost.inclusive = cost.inclusive.min(total);
    }
    Ok(profile)
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let begins = line.bytes().next();
        if matches!(begins, Some(b'0'..=b'9' | b'+' | b'-' | b'*')) {
            return self.costs(line);
        }
        if let Some((key, value)) = line.split_once('=') {
            let value = value.trim();
            match key {
                "ob" => self.object = self.objects.resolve(value)?,
                // Of the function, of what was inlined there, and back again.
                "fl" | "fi" | "fe" if self.closely => {
                    let file = self.files.resolve(value)?;
                    self.file = if file == UNKNOWN { String::new() } else { file };
                }
                "cfi" | "cfl" if self.closely => drop(self.files.resolve(value)?),
                "fn" => {
                    let name = self.functions.resolve(value)?;
                    self.function = Some(Function::of(&self.object, &name));
                    self.begins_in.clone_from(&self.file);
                }
                "cob" => self.callee_object = Some(self.objects.resolve(value)?),
                "cfn" => {
                    let object = self.callee_object.take().unwrap_or_else(|| self.object.clone());
                    let name = self.functions.resolve(value)?;
                    self.callee = Some(Function::of(&object, &name));
                }
                "calls" => {
                    let count = value.split(' ').next().unwrap_or_default();
                    self.calls = Some(count.parse().map_err(|_| format!("`{count}` is no number of calls"))?);
                }
                // Jumps, and source files where they are not asked for.
                _ => {}
            }
        } else if let Some((key, value)) = line.split_once(':') {
            match key {
                "positions" => {
                    self.places = value.split_whitespace().count();
                    self.line_place = value.split_whitespace().position(|place| place == "line");
                }
                "events" => {
                    let instructions = value.split_whitespace().position(|event| event == "Ir");
                    self.instructions = instructions.ok_or("no instructions (`Ir`) were counted")?;
                }
                "totals" => {
                    let total = value.split_whitespace().nth(self.instructions).and_then(|total| total.parse().ok());
                    self.total = Some(total.ok_or("the totals have no instructions")?);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A place, and what happened there: in a function itself, or within a call.
    fn costs(&mut self, line: &str) -> Result<(), String> {
        // Costs that are zero at the end of a line are left out.
        let cost = match line.split(' ').nth(self.places + self.instructions) {
            Some(cost) => cost.parse::<u64>().map_err(|_| format!("`{cost}` is no number of instructions"))?,
            None => 0,
        };
        let function = self.function.clone().ok_or("a cost stands before the first function")?;
        if self.closely {
            self.move_to(line)?;
        }
        let Some(calls) = self.calls.take() else {
            if self.closely {
                self.at_line(&function, cost);
            }
            let own = self.read.functions.entry(function).or_default();
            own.own = own.own.saturating_add(cost);
            own.inclusive = own.inclusive.saturating_add(cost);
            return Ok(());
        };
        let callee = self.callee.take().ok_or("a call stands before the name of what is called")?;
        let called = self.read.functions.entry(callee.clone()).or_default();
        called.calls = called.calls.saturating_add(calls);
        if callee != function {
            self.called.entry(function.clone()).or_default().insert(callee.clone());
            let caller = self.read.functions.entry(function.clone()).or_default();
            caller.inclusive = caller.inclusive.saturating_add(cost);
            if self.closely {
                let call = self.read.calls.entry(callee).or_default().entry(function).or_default();
                *call = call.saturating_add(cost);
            }
        }
        Ok(())
    }

    /// Reads the place of a line of costs. What is called has a place, too, which does not move this one.
    fn move_to(&mut self, line: &str) -> Result<(), String> {
        let place = self.line_place.and_then(|place| line.split(' ').nth(place));
        let Some(place) = place else { return Ok(()) };
        let number = |digits: &str| {
            let read = match digits.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16),
                None => digits.parse(),
            };
            read.map_err(|_| format!("`{place}` is no place"))
        };
        self.line = match place.split_at_checked(1) {
            Some(("*", "")) => self.line,
            Some(("+", more)) => self.line.saturating_add(number(more)?),
            Some(("-", less)) => self.line.saturating_sub(number(less)?),
            _ => number(place)?,
        };
        Ok(())
    }

    fn at_line(&mut self, function: &Function, cost: u64) {
        let Ok(line @ 1..) = u32::try_from(self.line) else { return };
        if self.file.is_empty() {
            return;
        }
        if !self.read.lines.contains_key(function) {
            let lines = Lines { begins_in: self.begins_in.clone(), ..Lines::default() };
            self.read.lines.insert(function.clone(), lines);
        }
        let Some(lines) = self.read.lines.get_mut(function) else { return };
        let own = lines.own.entry(Place { file: self.file.clone(), line }).or_default();
        *own = own.saturating_add(cost);
    }
}
