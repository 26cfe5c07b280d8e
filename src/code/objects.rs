//! Objects and archives of objects, and where in them each symbol is defined.

use std::collections::{BTreeMap, HashMap};

use object::read::archive::ArchiveFile;
use object::{
    File, FileKind, Object as _, ObjectSection as _, ObjectSymbol as _, SectionIndex, SymbolIndex, SymbolKind,
};

/// Why the files of a link cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotCode(String);

/// A symbol's definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Definition {
    /// The object, by its place in [`Code::objects`].
    pub object: usize,
    /// The section.
    pub section: SectionIndex,
    /// Where in it.
    pub offset: u64,
}

/// The name of a function or variable without what optimisation across parts of a crate adds to it: a hash of the part.
pub(super) fn stem(name: &[u8]) -> &[u8] {
    const ADDED: &[u8] = b".llvm.";
    let at = name.windows(ADDED.len()).rposition(|window| window == ADDED);
    at.map_or(name, |at| &name[..at])
}

/// The names of an executable's functions by address. Equal functions may have been folded into one, and where a name does
/// not say how long its function is, tools have only the address.
pub fn function_names(executable: &[u8]) -> BTreeMap<u64, Vec<String>> {
    let mut names: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let Ok(file) = File::parse(executable) else { return names };
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && !symbol.is_undefined()) {
        if let Ok(name) = symbol.name() {
            names.entry(symbol.address()).or_default().push(name.to_owned());
        }
    }
    names
}

/// What a program was linked from.
#[derive(Debug)]
pub struct Code<'d> {
    pub(super) objects: Vec<File<'d>>,
    /// Functions by name. Parts of a crate that are compiled apart can each have a function of the same name.
    functions: HashMap<&'d [u8], Vec<Definition>>,
    /// Data that other objects can refer to by name.
    data: HashMap<&'d [u8], Definition>,
    /// Sections with what runs before `main`.
    pub(super) constructors: Vec<Definition>,
    /// The name of a function that begins a section: what refers to the section refers to it.
    first: HashMap<(usize, SectionIndex), &'d [u8]>,
}

impl<'d> Code<'d> {
    /// Reads the files that a linker was given: objects and archives.
    ///
    /// # Errors
    /// Where one is neither, as with optimisation by the linker.
    pub fn read(files: impl IntoIterator<Item = &'d [u8]>) -> Result<Self, NotCode> {
        let mut code = Self {
            objects: Vec::new(),
            functions: HashMap::new(),
            data: HashMap::new(),
            constructors: Vec::new(),
            first: HashMap::new(),
        };
        for file in files {
            match FileKind::parse(file).map_err(|_| NotCode("an object of the link has no machine code".to_owned()))? {
                FileKind::Archive => {
                    let broken = |e: object::Error| NotCode(format!("an archive of the link cannot be read: {e}"));
                    let archive = ArchiveFile::parse(file).map_err(broken)?;
                    for member in archive.members() {
                        let data = member.and_then(|member| member.data(file)).map_err(broken)?;
                        // Besides objects, Rust's libraries hold descriptions of themselves.
                        if matches!(FileKind::parse(data), Ok(FileKind::Elf64 | FileKind::Elf32)) {
                            code.add(data)?;
                        }
                    }
                }
                FileKind::Elf64 | FileKind::Elf32 => code.add(file)?,
                _ => return Err(NotCode("an object of the link is of a kind that is not known here".to_owned())),
            }
        }
        Ok(code)
    }

    fn add(&mut self, data: &'d [u8]) -> Result<(), NotCode> {
        let broken = |e: object::Error| NotCode(format!("an object of the link cannot be read: {e}"));
        let file = File::parse(data).map_err(broken)?;
        let object = self.objects.len();
        for section in file.sections() {
            let before_main = [&b".init_array"[..], b".preinit_array", b".ctors"];
            if section.name_bytes().is_ok_and(|name| before_main.iter().any(|own| name.starts_with(own))) {
                self.constructors.push(Definition { object, section: section.index(), offset: 0 });
            }
        }
        for symbol in file.symbols() {
            let (Some(section), Ok(name)) = (symbol.section_index(), symbol.name_bytes()) else { continue };
            if name.is_empty() || symbol.is_undefined() {
                continue;
            }
            let definition = Definition { object, section, offset: symbol.address() };
            match symbol.kind() {
                SymbolKind::Text => {
                    self.functions.entry(stem(name)).or_default().push(definition);
                    if symbol.address() == 0 {
                        self.first.entry((object, section)).or_insert(stem(name));
                    }
                }
                SymbolKind::Section | SymbolKind::File => {}
                // Assemblers need not say what a symbol stands for.
                _ if file.section_by_index(section).is_ok_and(|s| s.kind() == object::SectionKind::Text) => {
                    self.functions.entry(stem(name)).or_default().push(definition);
                }
                _ if symbol.is_global() => {
                    self.data.entry(name).or_insert(definition);
                }
                _ => {}
            }
        }
        self.objects.push(file);
        Ok(())
    }

    /// Where a function is defined, in all objects that have one of this name.
    pub(super) fn functions(&self, name: &[u8]) -> &[Definition] {
        self.functions.get(stem(name)).map_or(&[], Vec::as_slice)
    }

    /// What a reference from `object` to a symbol leads to.
    pub(super) fn resolve(&self, object: usize, symbol: SymbolIndex) -> Option<Target<'d>> {
        let file = &self.objects[object];
        let symbol = file.symbol_by_index(symbol).ok()?;
        let name = symbol.name_bytes().ok()?;
        if symbol.kind() == SymbolKind::Section {
            return Some(self.section(object, symbol.section_index()?, 0, b""));
        }
        match symbol.section_index() {
            Some(section) if !symbol.is_undefined() => Some(self.section(object, section, symbol.address(), name)),
            _ if self.functions.contains_key(stem(name)) => Some(Target::Function(stem(name))),
            _ => match self.data.get(name) {
                Some(at) => Some(self.section(at.object, at.section, at.offset, name)),
                None => Some(Target::Elsewhere(name)),
            },
        }
    }

    /// What a reference to a place in a section leads to.
    pub(super) fn section(&self, object: usize, section: SectionIndex, offset: u64, name: &'d [u8]) -> Target<'d> {
        let is_code = self.objects[object]
            .section_by_index(section)
            .is_ok_and(|section| section.kind() == object::SectionKind::Text);
        if !is_code {
            return Target::Data { at: Definition { object, section, offset }, name };
        }
        let first = || self.first.get(&(object, section)).copied();
        let function = if name.is_empty() { first() } else { Some(stem(name)) };
        function.map_or(Target::Elsewhere(name), Target::Function)
    }
}

/// What code or data refers to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'d> {
    /// A function, by its name.
    Function(&'d [u8]),
    /// Data, with its name where it has one.
    Data {
        /// Where it is.
        at: Definition,
        /// Its name.
        name: &'d [u8],
    },
    /// What none of the objects has: it is in a library of the system.
    Elsewhere(&'d [u8]),
}
