//! The trace that valgrind writes where it is asked for each allocation and each call of the system: what was allocated
//! between one reading of the clock and the next, and what of that was never freed.
//!
//! ```text
//! SYSCALL[18822,1](228) sys_clock_gettime( 1, 0x1fff000450 )[sync] --> Success(0x0)
//! --18822-- malloc(1024) = 0x4A5F2A0
//! --18822-- realloc(0x4A5F2A0,2048) = 0x4A5F6C0
//! --18822-- free(0x4A5F6C0)
//! ```

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

/// What a part of an execution allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocated {
    /// How often memory was asked for, or more of it.
    pub allocations: u64,
    /// How many bytes were asked for; of a block that grew, those that it grew by.
    pub bytes: u64,
    /// By how many bytes more than at its start were allocated at once.
    pub peak: u64,
}

/// What lies between two readings of the clock.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    allocated: Allocated,
    /// Bytes that were allocated less those that were freed.
    grown: i64,
}

/// A block that was not freed yet.
#[derive(Debug, Default)]
struct Block {
    /// Its bytes by the part that asked for them: a block may grow later.
    bytes: (usize, u64),
    more: Vec<(usize, u64)>,
}

/// What a program allocated so far.
#[derive(Debug)]
pub struct AllocationTrace {
    /// The last of them goes on.
    parts: Vec<Part>,
    live: HashMap<u64, Block>,
    /// Whether the program has ended, and frees what only leak checks care for.
    over: bool,
    garbled: Option<String>,
}

impl Default for AllocationTrace {
    fn default() -> Self {
        Self { parts: vec![Part::default()], live: HashMap::new(), over: false, garbled: None }
    }
}

/// What a line says that matters here.
enum Event {
    Clock,
    Allocated { address: u64, bytes: u64 },
    Reallocated { from: u64, address: u64, bytes: u64 },
    Freed(u64),
    Over,
}

impl AllocationTrace {
    /// Takes the next line of the trace. Lines that say nothing of this matter are passed over.
    pub fn line(&mut self, line: &str) {
        if self.over {
            return;
        }
        match event(line) {
            Ok(None) => {}
            Ok(Some(Event::Clock)) => self.parts.push(Part::default()),
            Ok(Some(Event::Over)) => self.over = true,
            Ok(Some(Event::Allocated { address, bytes })) => self.allocated_block(address, bytes),
            Ok(Some(Event::Freed(address))) => self.freed(address),
            Ok(Some(Event::Reallocated { from, address, bytes })) => self.reallocated(from, address, bytes),
            Err(()) => drop(self.garbled.get_or_insert_with(|| line.chars().take(100).collect())),
        }
    }

    /// How often the clock was read so far.
    pub fn readings(&self) -> usize {
        self.parts.len() - 1
    }

    /// What the parts that end with these readings of the clock allocated. The first reading is number 1.
    ///
    /// # Errors
    /// Where the trace cannot be read, as when threads write into each other's lines.
    pub fn parts(&self, readings: RangeInclusive<usize>) -> Result<Allocated, String> {
        if let Some(line) = &self.garbled {
            return Err(format!("valgrind's trace cannot be read, as at `{line}`"));
        }
        let mut whole = Part::default();
        for part in readings.map(|reading| self.parts.get(reading.saturating_sub(1)).copied().unwrap_or_default()) {
            let (all, own) = (&mut whole.allocated, part.allocated);
            all.peak = all.peak.max(rise(whole.grown, own.peak));
            all.allocations += own.allocations;
            all.bytes = all.bytes.saturating_add(own.bytes);
            whole.grown = whole.grown.saturating_add(part.grown);
        }
        Ok(whole.allocated)
    }

    /// How many of the bytes that a part asked for were not freed up to now, by the reading of the clock that ends the part.
    /// Parts of which nothing is left are left out.
    pub fn alive(&self) -> BTreeMap<usize, u64> {
        let mut alive = BTreeMap::new();
        for (part, bytes) in self.live.values().flat_map(|block| std::iter::once(&block.bytes).chain(&block.more)) {
            let of_part: &mut u64 = alive.entry(part + 1).or_default();
            *of_part = of_part.saturating_add(*bytes);
        }
        alive.retain(|_, bytes| *bytes > 0);
        alive
    }

    fn current(&mut self) -> (usize, &mut Part) {
        let last = self.parts.len() - 1;
        (last, &mut self.parts[last])
    }

    fn asked_for(&mut self, bytes: u64) {
        let (_, part) = self.current();
        part.allocated.allocations += 1;
        part.allocated.bytes = part.allocated.bytes.saturating_add(bytes);
        part.grown = part.grown.saturating_add_unsigned(bytes);
        part.allocated.peak = part.allocated.peak.max(u64::try_from(part.grown).unwrap_or(0));
    }

    fn allocated_block(&mut self, address: u64, bytes: u64) {
        // What could not be had was not allocated.
        if address == 0 {
            return;
        }
        self.asked_for(bytes);
        let (index, _) = self.current();
        self.live.insert(address, Block { bytes: (index, bytes), more: Vec::new() });
    }

    fn freed(&mut self, address: u64) {
        if let Some(block) = self.live.remove(&address) {
            let (_, part) = self.current();
            part.grown = part.grown.saturating_sub_unsigned(block.size());
        }
    }

    fn reallocated(&mut self, from: u64, address: u64, bytes: u64) {
        if address == 0 {
            return;
        }
        let Some(mut block) = self.live.remove(&from) else { return self.allocated_block(address, bytes) };
        let before = block.size();
        let (index, part) = self.current();
        if bytes > before {
            self.asked_for(bytes - before);
            block.more.push((index, bytes - before));
        } else {
            part.grown = part.grown.saturating_sub_unsigned(before - bytes);
            block.shrink(before - bytes);
        }
        self.live.insert(address, block);
    }
}

impl Block {
    fn size(&self) -> u64 {
        self.more.iter().fold(self.bytes.1, |size, (_, bytes)| size.saturating_add(*bytes))
    }

    /// What came last goes first.
    fn shrink(&mut self, mut by: u64) {
        while by > 0 {
            let last = self.more.last_mut().unwrap_or(&mut self.bytes);
            let gone = by.min(last.1);
            (last.1, by) = (last.1 - gone, by - gone);
            if by == 0 || self.more.pop().is_none() {
                break;
            }
        }
    }
}

/// What is allocated at once, `peak` above a level.
fn rise(level: i64, peak: u64) -> u64 {
    u64::try_from(level.saturating_add_unsigned(peak)).unwrap_or(0)
}

/// The event of a line, if it tells of one; the error is a line that two threads wrote.
fn event(line: &str) -> Result<Option<Event>, ()> {
    if line.starts_with("SYSCALL[") {
        let clock = line.contains(" sys_clock_gettime(").then_some(Event::Clock);
        return Ok(clock.or_else(|| line.contains(" exit_group(").then_some(Event::Over)));
    }
    let Some(said) = line.strip_prefix("--").and_then(|rest| Some(rest.split_once("-- ")?.1)) else { return Ok(None) };
    let (calls, result) = match said.split_once(" = ") {
        Some((calls, result)) => (calls, Some(result.trim())),
        None => (said, None),
    };
    // One may lead to another, as `realloc(0x0,12)malloc(12)`.
    let call = calls.trim_end().strip_suffix(')').and_then(|calls| calls.rsplit(')').next()?.split_once('('));
    let Some((function, arguments)) = call else { return Ok(None) };
    if function.contains("-- ") {
        return Err(());
    }
    if !function.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') || function == "malloc_usable_size" {
        return Ok(None);
    }
    let first = arguments.split(',').next().unwrap_or_default();
    let Some(result) = result else {
        // A size here is a line whose end is elsewhere.
        return match (hexadecimal(first), arguments.is_empty()) {
            (_, true) => Ok(None),
            (Some(address), _) => Ok(Some(Event::Freed(address))),
            (None, _) => Err(()),
        };
    };
    let address = hexadecimal(result).ok_or(())?;
    let last = arguments.rsplit(',').next().unwrap_or_default();
    Ok(Some(match function {
        "realloc" => {
            let from = hexadecimal(first).ok_or(())?;
            Event::Reallocated { from, address, bytes: number(last)? }
        }
        "calloc" => Event::Allocated { address, bytes: number(first)?.saturating_mul(number(last)?) },
        _ => {
            // Named where there is an alignment beside it.
            let size = arguments.split(',').find_map(|argument| argument.trim().strip_prefix("size "));
            Event::Allocated { address, bytes: number(size.unwrap_or(first))? }
        }
    }))
}

fn number(text: &str) -> Result<u64, ()> {
    text.trim().parse().map_err(|_| ())
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}
