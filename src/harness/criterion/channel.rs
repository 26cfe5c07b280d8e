//! criterion's control channel: the handshake and the frames. An executable that finds `CARGO_CRITERION_PORT` connects
//! there, waits for a greeting, answers it, and then sends frames of a big-endian u32 length and a CBOR value. After
//! `MeasurementComplete` and `FinishedBenchmarkGroup` it waits until it is told to continue.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use ciborium::Value;

use super::options::Version;

/// The variable that holds the port.
pub const PORT: &str = "CARGO_CRITERION_PORT";

const RUNNER_HELLO: &[u8] = b"cargo-criterion\x01\x01\x00";
const BENCHMARK_HELLO: &[u8] = b"Criterion";
const HELLO_BYTES: usize = 16;
const PROTOCOL: [u8; 4] = [0, 1, 0, 1];
/// A frame holds at most two numbers a sample; this is room for most of a million. What has one byte in a frame takes 32 in
/// memory.
const LONGEST_FRAME: u32 = 16 * 1024 * 1024;
/// All that one process may say: ten thousand benchmarks say a tenth of this. One that never stops must not be
/// listened to for ever.
const MOST_BYTES: u64 = 128 * 1024 * 1024;

/// What the executable says.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The next benchmark is about to be set up.
    Beginning(String),
    /// A benchmark that the filter leaves out.
    Skipping(String),
    /// Warming up for that many nanoseconds.
    WarmUp(f64),
    /// Measuring, for about that many nanoseconds.
    Measuring(f64),
    /// All samples of a benchmark; the executable waits now.
    Complete(Complete),
    /// A group has ended; the executable waits now.
    GroupFinished,
    /// Its answer, where it was asked for the unit.
    Unit(String),
    /// Anything else.
    Other,
}

/// All samples of one benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Complete {
    /// The full id.
    pub name: String,
    /// Iterations of each sample.
    pub iterations: Vec<f64>,
    /// Measured value of each sample, over all its iterations.
    pub values: Vec<f64>,
    /// Nanoseconds of measuring that the benchmark was configured with.
    pub measurement_time: Option<f64>,
}

/// Greets the executable and reads its version.
pub fn greet(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(RUNNER_HELLO)
}

/// Reads the version from the executable's answer to the greeting.
pub fn read_version(answer: &[u8; HELLO_BYTES]) -> io::Result<Version> {
    let rest = answer.strip_prefix(BENCHMARK_HELLO).ok_or_else(|| garbage("no greeting of criterion's"))?;
    if rest[3..] != PROTOCOL {
        return Err(garbage("a greeting of another version of the channel than criterion 0.3 to 0.8 have"));
    }
    Ok(Version(rest[0], rest[1], rest[2]))
}

/// A buffer that collects bytes until a whole piece is there, so that a read that times out loses nothing.
#[derive(Debug, Default)]
pub struct Incoming {
    bytes: Vec<u8>,
    /// Of all messages so far.
    total: u64,
}

impl Incoming {
    /// Reads once from `stream`; `Ok(false)` at its end.
    pub fn read(&mut self, stream: &mut TcpStream) -> io::Result<bool> {
        // criterion writes a frame's length and body apart; without this each frame waits for a delayed acknowledgement.
        #[cfg(target_os = "linux")]
        let _ = rustix::net::sockopt::set_tcp_quickack(&*stream, true);
        let mut part = [0; 64 * 1024];
        let count = stream.read(&mut part)?;
        self.total += count as u64;
        if self.total > MOST_BYTES {
            return Err(garbage(&format!("more than {} MiB in all", MOST_BYTES >> 20)));
        }
        self.add(&part[..count]);
        Ok(count > 0)
    }

    /// Adds what was read.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether a part of something lies here, which cannot be taken yet.
    pub fn is_partial(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Takes the answer to the greeting, once it is complete.
    pub fn hello(&mut self) -> Option<[u8; HELLO_BYTES]> {
        let answer = self.bytes.get(..HELLO_BYTES)?.try_into().ok()?;
        self.bytes.drain(..HELLO_BYTES);
        Some(answer)
    }

    /// Takes the next message, once it is complete.
    pub fn message(&mut self) -> io::Result<Option<Message>> {
        let Some(length) = self.bytes.first_chunk() else { return Ok(None) };
        let length = u32::from_be_bytes(*length);
        if length > LONGEST_FRAME {
            return Err(garbage(&format!("a message of {length} bytes")));
        }
        let end = 4 + length as usize;
        let Some(body) = self.bytes.get(4..end) else { return Ok(None) };
        let message = decode(body)?;
        self.bytes.drain(..end);
        Ok(Some(message))
    }
}

/// Lets a waiting executable go on.
pub fn send_continue(stream: &mut TcpStream) -> io::Result<()> {
    send(stream, &Value::Text("Continue".into()))
}

/// Asks an executable that waits after a measurement for the unit of its values.
pub fn ask_unit(stream: &mut TcpStream) -> io::Result<()> {
    let values = Value::Map(vec![(Value::Text("values".into()), Value::Array(vec![Value::Float(1.0)]))]);
    send(stream, &Value::Map(vec![(Value::Text("ScaleForMachines".into()), values)]))
}

fn send(stream: &mut TcpStream, value: &Value) -> io::Result<()> {
    let mut frame = vec![0; 4];
    ciborium::into_writer(value, &mut frame).map_err(io::Error::other)?;
    let length = u32::try_from(frame.len() - 4).map_err(io::Error::other)?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    stream.write_all(&frame)
}

/// serde's externally tagged form: a map of one entry from the message's name to its fields.
fn decode(body: &[u8]) -> io::Result<Message> {
    let value: Value = ciborium::de::from_reader_with_recursion_limit(body, 16)
        .map_err(|e| garbage(&format!("a message that {}", not_cbor(e))))?;
    let Value::Map(entries) = value else { return Ok(Message::Other) };
    let Some((Value::Text(kind), fields)) = entries.into_iter().next() else { return Ok(Message::Other) };
    let fields = Fields(match fields {
        Value::Map(fields) => fields,
        _ => Vec::new(),
    });
    Ok(match kind.as_str() {
        "BeginningBenchmark" => Message::Beginning(fields.name()?),
        "SkippingBenchmark" => Message::Skipping(fields.name()?),
        "Warmup" => Message::WarmUp(fields.number("nanos")?),
        "MeasurementStart" => Message::Measuring(fields.number("estimate_ns")?),
        "MeasurementComplete" => Message::Complete(Complete {
            name: fields.name()?,
            iterations: fields.numbers("iters")?,
            values: fields.numbers("times")?,
            measurement_time: fields.measurement_time(),
        }),
        "FinishedBenchmarkGroup" => Message::GroupFinished,
        "ScaledValues" => Message::Unit(fields.text("unit").unwrap_or_default()),
        _ => Message::Other,
    })
}

fn not_cbor(error: ciborium::de::Error<io::Error>) -> String {
    use ciborium::de::Error;
    match error {
        Error::Io(_) => "is shorter than it says".to_owned(),
        Error::Syntax(at) | Error::Semantic(Some(at), _) => format!("is no CBOR from byte {at} on"),
        Error::Semantic(None, _) => "is no CBOR".to_owned(),
        Error::RecursionLimitExceeded => "is nested too deeply".to_owned(),
    }
}

struct Fields(Vec<(Value, Value)>);

impl Fields {
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find_map(|(name, value)| (name.as_text() == Some(key)).then_some(value))
    }

    fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.as_text().map(str::to_owned)
    }

    fn number(&self, key: &str) -> io::Result<f64> {
        self.get(key).and_then(number).ok_or_else(|| garbage(&format!("a message without a number `{key}`")))
    }

    fn numbers(&self, key: &str) -> io::Result<Vec<f64>> {
        let values = self.get(key).and_then(Value::as_array);
        let numbers = values.and_then(|values| values.iter().map(number).collect());
        numbers.ok_or_else(|| garbage(&format!("a message without numbers `{key}`")))
    }

    /// The full id: group, function and value, those that there are, joined by slashes as criterion does.
    fn name(&self) -> io::Result<String> {
        let id = match self.get("id") {
            Some(Value::Map(id)) => Fields(id.clone()),
            _ => return Err(garbage("a message without an id")),
        };
        let parts = ["group_id", "function_id", "value_str"].map(|key| id.text(key));
        if parts[0].is_none() {
            return Err(garbage("an id without a group"));
        }
        Ok(parts.into_iter().flatten().collect::<Vec<_>>().join("/"))
    }

    fn measurement_time(&self) -> Option<f64> {
        let Value::Map(config) = self.get("benchmark_config")? else { return None };
        let config = Fields(config.clone());
        let Value::Map(time) = config.get("measurement_time")? else { return None };
        let time = Fields(time.clone());
        Some(number(time.get("secs")?)? * 1e9 + number(time.get("nanos")?)?)
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        Value::Integer(number) => Some(i128::from(*number) as f64),
        _ => None,
    }
}

fn garbage(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the benchmark sent {what}"))
}
