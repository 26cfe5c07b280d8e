//! Laying out the code of a program anew, as finely as the linker of its recorded link can do it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object::{Object, ObjectSymbol, SymbolKind};

use super::moved::Moved;
use super::order::Unit;
use super::relink::{Changes, Relink};

/// Of neighbours that were asked for in an order, so many have to lie in it. A linker that knows an option and ignores
/// it places half of them so.
const OBEYED: f64 = 0.9;
/// Of neighbours as they lay, at most so many may still lie so.
const STAYED: f64 = 0.99;

/// How finely processes get layouts of their own, from fine to coarse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layouts {
    /// Every function has a random place, one for both sides.
    EveryFunction,
    /// Every function has a random place, of its own on each side.
    EveryFunctionApart,
    /// The compiler's units of the benchmark's own crate have random places.
    EveryObject,
    /// There is one layout for all, and why.
    One(String),
}

impl fmt::Display for Layouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryFunction => f.write_str("functions in random order"),
            Self::EveryFunctionApart => f.write_str("functions in random order, another one on each side"),
            Self::EveryObject => f.write_str("objects in random order"),
            Self::One(reason) => write!(f, "one layout: {reason}"),
        }
    }
}

/// What gives layouts of a program.
#[derive(Clone, Debug)]
pub struct Layouter(Way);

#[derive(Clone, Debug)]
enum Way {
    /// The functions of a linked program are moved.
    Moved(Arc<Moved>),
    /// The recorded link is repeated.
    Linked(Arc<Linking>),
}

/// A recorded link, and how its linker is told an order.
#[derive(Debug)]
struct Linking {
    relink: Relink,
    told: Told,
    units: Vec<Unit>,
}

/// How a linker is told.
#[derive(Debug)]
enum Told {
    /// lld: the names of functions in a file.
    Symbols,
    /// GNU ld: its own script for this very link, with the functions' sections named in it.
    Script(String),
    /// gold: the names of sections in a file.
    Sections,
    /// mold: a seed.
    Seed,
    /// Every linker: the objects in another order.
    Objects,
}

impl Layouter {
    /// The finest way that works for the link of `executable`; it is tried, in `scratch`, and its effect looked at. Else
    /// why there is none.
    pub fn try_ways(relink: &Relink, executable: &Path, scratch: &Path) -> Result<Self, String> {
        let probe = scratch.join("layout");
        let found = Self::find(relink, executable, &probe, scratch);
        let _ = fs::remove_file(&probe);
        found
    }

    fn find(relink: &Relink, executable: &Path, probe: &Path, scratch: &Path) -> Result<Self, String> {
        let mut functions = functions(executable)?;
        let stripped = functions.len() < 2;
        // Why it cannot be done so is of no use to anyone: each of the others does the same, more slowly.
        if let Ok(moved) = Moved::of(relink, scratch, !stripped) {
            return Ok(Self(Way::Moved(Arc::new(moved))));
        }
        if stripped {
            // Names were taken out: the same link without that gives them.
            relink.repeat_with(probe, Changes { names: true, ..Changes::default() })?;
            functions = self::functions(probe)?;
        }
        if functions.len() < 2 {
            return Err("it has no names of functions".to_owned());
        }
        let mut reasons = Vec::new();
        let script = || {
            let verbose = ["-Wl,--verbose".to_owned()];
            let told = relink.repeat_with(probe, Changes { arguments: &verbose, ..Changes::default() }).ok()?;
            // Between two lines of `=`, as a GNU linker alone prints it.
            told.contains("GNU ld")
                .then(|| told.split("==================================================").nth(1))?
                .map(|script| Told::Script(script.to_owned()))
        };
        let ways: [&dyn Fn() -> Option<Told>; 5] =
            [&|| Some(Told::Symbols), &script, &|| Some(Told::Sections), &|| Some(Told::Seed), &|| Some(Told::Objects)];
        for told in ways.into_iter().filter_map(|told| told()) {
            let units = match told {
                Told::Objects => objects(relink),
                _ => Ok(functions.iter().map(|function| function.unit.clone()).collect()),
            };
            let proved = units.and_then(|units| {
                let linking = Linking { relink: relink.clone(), told, units };
                linking.proved(&functions, probe, stripped).map(|()| linking)
            });
            match proved {
                Ok(linking) => return Ok(Self(Way::Linked(Arc::new(linking)))),
                Err(reason) => reasons.push(reason),
            }
        }
        // What was said of the finest; the others are makeshifts.
        Err(reasons.swap_remove(0))
    }

    /// What the units are that can be placed, in the order in which they lie.
    pub fn units(&self) -> &[Unit] {
        match &self.0 {
            Way::Moved(moved) => moved.units(),
            Way::Linked(linking) => &linking.units,
        }
    }

    /// How fine this is.
    pub fn layouts(&self) -> Layouts {
        match &self.0 {
            Way::Moved(_) => Layouts::EveryFunction,
            Way::Linked(linking) => linking.layouts(),
        }
    }

    /// Whether each layout takes a link, which is as long as several measurements.
    pub fn links(&self) -> bool {
        matches!(self.0, Way::Linked(_))
    }

    /// Makes the program in `output` with its units in this order, each by its place among [`Self::units`]; a linker that
    /// takes none gets the seed.
    pub fn lay_out(&self, output: &Path, order: &[usize], seed: u32) -> Result<(), String> {
        match &self.0 {
            Way::Moved(moved) => moved.lay_out(output, order),
            Way::Linked(linking) => linking.link(output, order, seed, false),
        }
    }
}

impl Linking {
    /// Whether an order that is asked for, the one that it has turned round, comes out.
    fn proved(&self, functions: &[Function], probe: &Path, stripped: bool) -> Result<(), String> {
        let order: Vec<usize> = (0..self.units.len()).rev().collect();
        self.link(probe, &order, 1, stripped)?;
        let places: BTreeMap<String, u64> =
            self::functions(probe)?.into_iter().map(|function| (function.unit.name, function.address)).collect();
        // Names that several functions have, or several names of one function, say nothing.
        let mut single: Vec<&Function> = functions.iter().filter(|function| function.unit.sizes.len() == 1).collect();
        single.dedup_by_key(|function| function.address);
        let placed: Vec<u64> = single.iter().filter_map(|function| places.get(&function.unit.name).copied()).collect();
        let neighbours = placed.len().saturating_sub(1).max(1) as f64;
        let stayed = placed.windows(2).filter(|pair| pair[0] < pair[1]).count() as f64 / neighbours;
        let obeyed = match self.told {
            // Most functions may be the standard library's, which stay.
            Told::Objects => stayed < 1.0,
            Told::Seed => stayed <= STAYED,
            _ => 1.0 - stayed >= OBEYED,
        };
        if placed.len() > 1 && obeyed { Ok(()) } else { Err("the linker leaves functions where they are".to_owned()) }
    }

    fn layouts(&self) -> Layouts {
        match self.told {
            Told::Symbols | Told::Script(_) => Layouts::EveryFunction,
            // gold cannot begin the code at the start of a page: in one order every function would be off by the same
            // few bytes on one side, in all layouts alike.
            Told::Sections | Told::Seed => Layouts::EveryFunctionApart,
            Told::Objects => Layouts::EveryObject,
        }
    }

    fn link(&self, output: &Path, order: &[usize], seed: u32, names: bool) -> Result<(), String> {
        let order: Vec<&str> = order.iter().map(|unit| self.units[*unit].name.as_str()).collect();
        let file = PathBuf::from(format!("{}.order", output.display()));
        let text = match &self.told {
            Told::Symbols => order.join("\n"),
            Told::Script(script) => with_sections(script, &order).ok_or("the linker's script has no `.text`")?,
            // The cold ones are in sections of another name.
            Told::Sections => order.iter().map(|name| format!(".text.{name}\n.text.unlikely.{name}\n")).collect(),
            Told::Seed | Told::Objects => String::new(),
        };
        let path = file.display();
        let arguments = match &self.told {
            // The code begins at the start of a page, so that equal distances are equal places in cache lines, too.
            Told::Symbols => vec![
                format!("-Wl,--symbol-ordering-file={path}"),
                "-Wl,--no-warn-symbol-ordering".to_owned(),
                "-Wl,-z,separate-code".to_owned(),
            ],
            Told::Script(_) => vec![format!("-Wl,-T,{path}")],
            Told::Sections => vec![format!("-Wl,--section-ordering-file={path}")],
            Told::Seed => vec![format!("-Wl,--shuffle-sections={seed}")],
            Told::Objects => Vec::new(),
        };
        let objects: Vec<String> = match self.told {
            Told::Objects => order.iter().map(|name| (*name).to_owned()).collect(),
            _ => Vec::new(),
        };
        if !text.is_empty() {
            fs::write(&file, text).map_err(|e| e.to_string())?;
        }
        let done = self.relink.repeat_with(output, Changes { arguments: &arguments, objects: &objects, names });
        let _ = fs::remove_file(file);
        done.map(drop)
    }
}

/// A GNU linker script with the functions' sections first in `.text`.
fn with_sections(script: &str, order: &[&str]) -> Option<String> {
    let text = script.find("\n  .text ")?;
    let start = text + script[text..].find('{')? + 1;
    let plain = |name: &&&str| name.chars().all(|c| c.is_ascii_alphanumeric() || "_.$".contains(c));
    let lines = order.iter().filter(plain).map(|name| format!("\n*(.text.{name} .text.unlikely.{name})"));
    Some(format!("{}{}{}", &script[..start], lines.collect::<String>(), &script[start..]))
}

fn objects(relink: &Relink) -> Result<Vec<Unit>, String> {
    let units: Vec<Unit> = relink.objects()?.into_iter().map(|name| Unit { name, sizes: Vec::new() }).collect();
    if units.len() < 2 { Err("its own crate is one object".to_owned()) } else { Ok(units) }
}

/// A function of an executable.
struct Function {
    unit: Unit,
    /// Where it lies: the first of its name.
    address: u64,
}

/// The functions of an executable, in the order in which they lie there.
fn functions(executable: &Path) -> Result<Vec<Function>, String> {
    functions_in(&fs::read(executable).map_err(|e| e.to_string())?)
}

/// The functions of an executable that was read, in the order in which they lie there.
pub fn units_of(executable: &[u8]) -> Result<Vec<Unit>, String> {
    Ok(functions_in(executable)?.into_iter().map(|function| function.unit).collect())
}

fn functions_in(bytes: &[u8]) -> Result<Vec<Function>, String> {
    let file = object::File::parse(bytes).map_err(|e| e.to_string())?;
    let mut symbols: Vec<(u64, u64, &str)> = file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition() && symbol.size() > 0)
        .filter_map(|symbol| Some((symbol.address(), symbol.size(), symbol.name().ok()?)))
        .collect();
    symbols.sort_unstable();
    symbols.dedup();
    let mut functions: Vec<Function> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for (address, size, name) in symbols {
        match known.get(name) {
            Some(&i) => functions[i].unit.sizes.push(size),
            None => {
                known.insert(name, functions.len());
                functions.push(Function { unit: Unit { name: name.to_owned(), sizes: vec![size] }, address });
            }
        }
    }
    Ok(functions)
}
