//! One executable on the control channel: started, greeted, led from measurement to measurement, ended.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::channel::{self, Complete, Incoming, Message, PORT};
use super::options::Version;
use crate::harness::asked::said;
use crate::instrument::{Process, Spawn, SpawnError, interrupted};

/// How long an ended process may take to be gone, and a live one between its last message and its end.
const LEAVING: Duration = Duration::from_secs(10);
/// How often a waiting session looks whether its process still lives.
const LOOK: Duration = Duration::from_millis(50);
/// Longer than a harness may announce to work on one benchmark, in nanoseconds: what announces more is not believed.
const DAY: f64 = 86_400e9;
/// How often a session looks that counts threads.
const QUICK_LOOK: Duration = Duration::from_millis(2);

/// A process on the channel. It stands still between two calls of [`Session::next`], but behind a benchmark that is skipped.
#[derive(Debug)]
pub struct Session {
    process: Process,
    stream: TcpStream,
    incoming: Incoming,
    /// criterion's version.
    pub version: Version,
    current: Option<String>,
    time_out: Duration,
    /// Whether it said that it needs more time than that.
    announced: bool,
    waits: bool,
    /// Whether the benchmark just measured was seen with more than one thread; only looked for where that was asked.
    pub threads: bool,
    counts_threads: bool,
    paused: bool,
}

/// A process that was started and has not connected yet.
#[derive(Debug)]
pub struct Starting {
    process: Process,
    listener: TcpListener,
    time_out: Duration,
    counts_threads: bool,
}

/// Why there is no session.
#[derive(Debug)]
pub enum NoSession {
    /// The process ended by itself without having connected.
    NeverConnected(Ending),
    /// It could not be started, or did not speak as it should.
    Failed(Ending),
}

/// What a session came to at its next stop.
#[derive(Debug)]
pub enum Step {
    /// A benchmark was measured; the process waits.
    Measured(Complete, Duration),
    /// A benchmark was left out by the filter.
    Skipped(String),
    /// The process has ended.
    Ended(Ending),
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What kind of end.
    pub kind: EndingKind,
    /// The benchmark that had begun and was not measured.
    pub during: Option<String>,
    /// What is known, in one line; empty for a good end.
    pub detail: String,
}

/// What kind of end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndingKind {
    /// Exit status 0.
    Finished,
    /// Anything else.
    Crashed,
    /// Killed by us: it was silent for too long.
    TimedOut,
    /// Killed by us: a signal asked this program to stop.
    Stopped,
}

impl Starting {
    /// Starts `spawn` with a port to connect to. Looking for threads disturbs a little: not for every session.
    pub fn start(spawn: Spawn, time_out: Duration, counts_threads: bool) -> Result<Self, SpawnError> {
        // A listener that cannot be had is told by the child's failure to connect.
        let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?.port(), listener))
        });
        let (port, listener) = listener.map_err(|e| SpawnError::new("the control channel", &spawn.directory, e))?;
        let process = spawn.env(PORT, port.to_string()).start()?;
        Ok(Self { process, listener, time_out, counts_threads })
    }

    /// Waits for the connection. The process stands still then, before its greeting.
    pub fn connect(mut self) -> Result<Session, NoSession> {
        let start = Instant::now();
        let mut pause = Duration::from_micros(100);
        let stream = loop {
            match self.listener.accept() {
                Ok((stream, _)) => break stream,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(NoSession::Failed(self.give_up(EndingKind::Crashed, &e.to_string()))),
            }
            if interrupted().is_some() {
                return Err(NoSession::Failed(self.give_up(EndingKind::Stopped, "")));
            }
            if self.process.ended().is_some() {
                // It may have connected between the two looks.
                if let Ok((stream, _)) = self.listener.accept() {
                    break stream;
                }
                return Err(NoSession::NeverConnected(ending(&mut self.process, None)));
            }
            if start.elapsed() > self.time_out {
                let seconds = self.time_out.as_secs_f64();
                let detail = format!("neither connected nor ended within its time-out of {seconds} s");
                return Err(NoSession::Failed(self.give_up(EndingKind::TimedOut, &detail)));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_micros(500));
        };
        let prepared = stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_nodelay(true))
            .and_then(|()| stream.set_read_timeout(Some(if self.counts_threads { QUICK_LOOK } else { LOOK })));
        if let Err(e) = prepared {
            return Err(NoSession::Failed(self.give_up(EndingKind::Crashed, &e.to_string())));
        }
        Ok(Session {
            process: self.process,
            stream,
            incoming: Incoming::default(),
            version: Version(0, 0, 0),
            current: None,
            time_out: self.time_out,
            announced: false,
            waits: false,
            threads: false,
            counts_threads: self.counts_threads,
            paused: false,
        })
    }

    fn give_up(mut self, kind: EndingKind, detail: &str) -> Ending {
        self.process.kill();
        Ending { kind, during: None, detail: detail.to_owned() }
    }
}

impl Session {
    /// Greets the process, which lets it run up to its first benchmark.
    pub fn greet(&mut self) -> Result<(), Ending> {
        if let Err(e) = channel::greet(&mut self.stream) {
            return Err(self.broken(&e));
        }
        let deadline = Instant::now() + self.time_out;
        loop {
            if let Some(answer) = self.incoming.hello() {
                self.version = channel::read_version(&answer).map_err(|e| self.broken(&e))?;
                return Ok(());
            }
            self.read(deadline).map_err(|ending| ending.or_crashed("ended before it had answered the greeting"))?;
        }
    }

    /// Keeps the threads that a waiting process may have from running beside what is measured.
    pub fn park(&mut self) {
        if self.process.threads() > 1 {
            self.process.pause();
            self.paused = true;
        }
    }

    /// Lets the process run up to its next measurement, its next skipped benchmark, or its end.
    pub fn next(&mut self) -> Step {
        if std::mem::take(&mut self.paused) {
            self.process.resume();
        }
        if self.version == Version(0, 0, 0)
            && let Err(ending) = self.greet()
        {
            return Step::Ended(ending);
        }
        match self.advance() {
            Ok(step) => step,
            Err(ending) => Step::Ended(ending),
        }
    }

    fn advance(&mut self) -> Result<Step, Ending> {
        let start = Instant::now();
        let mut deadline = start + self.time_out;
        if self.waits {
            self.waits = false;
            self.current = None;
            if let Err(e) = channel::send_continue(&mut self.stream) {
                return Err(self.broken(&e));
            }
        }
        loop {
            let message = loop {
                match self.incoming.message() {
                    Ok(Some(message)) => break message,
                    Ok(None) => self.read(deadline)?,
                    Err(e) => return Err(self.broken(&e)),
                }
            };
            // What the harness announces is not silence; its estimates are rough.
            let mut announced = 0.0;
            match message {
                Message::Beginning(name) => {
                    self.current = Some(name);
                    self.threads = false;
                }
                Message::Skipping(name) => return Ok(Step::Skipped(name)),
                Message::WarmUp(nanoseconds) | Message::Measuring(nanoseconds) => announced = 3.0 * nanoseconds,
                Message::Complete(complete) => {
                    self.waits = true;
                    // A pool of threads lives on while the process stands still.
                    self.threads |= self.counts_threads && self.process.threads() > 1;
                    return Ok(Step::Measured(complete, start.elapsed()));
                }
                Message::GroupFinished => {
                    self.current = None;
                    if let Err(e) = channel::send_continue(&mut self.stream) {
                        return Err(self.broken(&e));
                    }
                }
                Message::Unit(_) | Message::Other => {}
            }
            let believed = if (0.0..=DAY).contains(&announced) { announced } else { 0.0 };
            let announced = Duration::from_secs_f64(believed / 1e9);
            self.announced = announced > Duration::ZERO;
            deadline = Instant::now() + self.time_out + announced;
        }
    }

    /// The unit of the values just measured. Only between a measurement and the next call of [`Session::next`].
    pub fn unit(&mut self) -> Result<String, Ending> {
        if let Err(e) = channel::ask_unit(&mut self.stream) {
            return Err(self.broken(&e));
        }
        let deadline = Instant::now() + self.time_out;
        loop {
            match self.incoming.message() {
                Ok(Some(Message::Unit(unit))) => return Ok(unit),
                Ok(Some(_)) => {}
                Ok(None) => self.read(deadline)?,
                Err(e) => return Err(self.broken(&e)),
            }
        }
    }

    /// Reads more, or says how the process ended.
    fn read(&mut self, deadline: Instant) -> Result<(), Ending> {
        loop {
            match self.incoming.read(&mut self.stream) {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(self.left()),
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset => return Err(self.left()),
                Err(e) => return Err(self.broken(&e)),
            }
            if self.counts_threads && !self.threads {
                self.threads = self.process.threads() > 1;
            }
            if interrupted().is_some() {
                return Err(self.killed(EndingKind::Stopped, String::new()));
            }
            // A child of the process may hold the connection open after the process has ended.
            if self.process.ended().is_some() {
                // It may have spoken between the two looks.
                return if self.incoming.read(&mut self.stream).is_ok_and(|more| more) {
                    Ok(())
                } else {
                    Err(self.left())
                };
            }
            if Instant::now() > deadline {
                let seconds = self.time_out.as_secs_f64();
                let more = if self.announced { ", and what it announced besides" } else { "" };
                return Err(
                    self.killed(EndingKind::TimedOut, format!("gave no sign for its time-out of {seconds} s{more}"))
                );
            }
        }
    }

    /// The channel is closed: the process is about to end.
    fn left(&mut self) -> Ending {
        if self.process.wait(LEAVING).is_none() {
            return self.killed(EndingKind::TimedOut, "closed the control channel and did not end".into());
        }
        let ending = ending(&mut self.process, self.current.take());
        if self.incoming.is_partial() { ending.or_crashed("ended in the middle of a message") } else { ending }
    }

    fn broken(&mut self, e: &io::Error) -> Ending {
        // What it said was wrong, however it ends after that.
        let garbage = e.kind() == io::ErrorKind::InvalidData;
        if !garbage && self.process.wait(Duration::from_millis(100)).is_some() {
            return ending(&mut self.process, self.current.take());
        }
        self.killed(EndingKind::Crashed, e.to_string())
    }

    fn killed(&mut self, kind: EndingKind, detail: String) -> Ending {
        self.process.kill();
        Ending { kind, during: self.current.take(), detail }
    }
}

impl Ending {
    /// An end that only looks good is a crash, and this is why.
    fn or_crashed(self, why: &str) -> Self {
        match self.kind {
            EndingKind::Finished => Self { kind: EndingKind::Crashed, detail: why.to_owned(), ..self },
            _ => self,
        }
    }
}

/// How a process that has ended did so.
pub fn ending(process: &mut Process, during: Option<String>) -> Ending {
    if interrupted().is_some() {
        return Ending { kind: EndingKind::Stopped, during, detail: String::new() };
    }
    match process.ended() {
        Some(status) if status.success() => Ending { kind: EndingKind::Finished, during, detail: String::new() },
        Some(status) => {
            let said = said(&process.error_tail());
            let detail = if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
            Ending { kind: EndingKind::Crashed, during, detail }
        }
        None => Ending { kind: EndingKind::Crashed, during, detail: "its end was not seen".into() },
    }
}
