//! SIGINT and SIGTERM: every running child is killed at once, and the main thread learns of it at its next step.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};

static RECEIVED: AtomicI32 = AtomicI32::new(0);
/// Process groups of the children that run now.
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Which signal asked the program to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupt {
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

/// The signal that was received, if any.
pub fn interrupted() -> Option<Interrupt> {
    match RECEIVED.load(Ordering::SeqCst) {
        0 => None,
        15 => Some(Interrupt::Terminated),
        _ => Some(Interrupt::Interrupted),
    }
}

/// Starts the thread that listens. Called once by the program, never by the library.
#[cfg(unix)]
pub fn install() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in &mut signals {
            RECEIVED.store(if signal == SIGTERM { 15 } else { 2 }, Ordering::SeqCst);
            for group in GROUPS.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).iter() {
                kill_group(*group);
            }
        }
    })?;
    Ok(())
}

/// Other systems end the program and its children by themselves.
#[cfg(not(unix))]
pub fn install() -> std::io::Result<()> {
    Ok(())
}

pub(super) fn register(group: u32) {
    GROUPS.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(group);
    // A signal that came between the start of the child and this line has missed it.
    if interrupted().is_some() {
        kill_group(group);
    }
}

pub(super) fn unregister(group: u32) {
    GROUPS.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).retain(|other| *other != group);
}

/// Kills all processes of a group.
pub(super) fn kill_group(group: u32) {
    send(group, Wish::Die);
}

/// Stops all processes of a group until they are told to go on.
pub(super) fn stop_group(group: u32) {
    send(group, Wish::Stop);
}

/// Lets all processes of a group go on.
pub(super) fn continue_group(group: u32) {
    send(group, Wish::GoOn);
}

/// What a group can be told.
enum Wish {
    Die,
    Stop,
    GoOn,
}

#[cfg(unix)]
fn send(group: u32, wish: Wish) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = match wish {
        Wish::Die => Signal::KILL,
        Wish::Stop => Signal::STOP,
        Wish::GoOn => Signal::CONT,
    };
    if let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // An empty group is no error here: its last member has ended by itself.
        let _ = kill_process_group(pid, signal);
    }
}

#[cfg(not(unix))]
fn send(_group: u32, _wish: Wish) {}
