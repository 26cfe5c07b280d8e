//! SIGINT and SIGTERM: every running child is killed at once, and the main thread learns of it at its next step. SIGKILL:
//! a guard kills them, which sees that this process is gone.

use std::io::Write;
use std::process::ChildStdin;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::process::start_beside;

static RECEIVED: AtomicI32 = AtomicI32::new(0);
/// Process groups of the children that run now.
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());
/// What tells the guard of groups; `None` where there is none to be had, and for a system without groups.
static GUARD: LazyLock<Mutex<Option<ChildStdin>>> = LazyLock::new(|| Mutex::new(start_beside(GUARDING)));
/// Keeps the groups that it is told of until they have ended, and kills those that are left when nobody can tell it more.
const GUARDING: &str = r#"
groups=' '
while read -r sign group; do
    case $sign in
        +) groups="$groups$group " ;;
        -) case $groups in *" $group "*) groups="${groups%% $group *} ${groups#* $group }" ;; esac ;;
    esac
done
for group in $groups; do kill -9 "-$group"; done
"#;

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
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    // A file that grows beyond the user's limit would end the program without a word. Where the signal is handled, writing
    // fails and is told. Programs that are started do not inherit this.
    signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default())?;
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in &mut signals {
            RECEIVED.store(if signal == SIGTERM { 15 } else { 2 }, Ordering::SeqCst);
            for group in GROUPS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
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

fn tell_guard(sign: char, group: u32) {
    let mut guard = GUARD.lock().unwrap_or_else(PoisonError::into_inner);
    // A guard that is gone takes nothing with it but itself.
    if guard.as_mut().is_some_and(|guard| guard.write_all(format!("{sign} {group}\n").as_bytes()).is_err()) {
        *guard = None;
    }
}

pub(super) fn register(group: u32) {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner).push(group);
    tell_guard('+', group);
    // A signal that came between the start of the child and this line has missed it.
    if interrupted().is_some() {
        kill_group(group);
    }
}

pub(super) fn unregister(group: u32) {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| *other != group);
    tell_guard('-', group);
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
