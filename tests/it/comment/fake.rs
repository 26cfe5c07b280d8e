//! A server on this machine that answers as a test tells it to, and writes down what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// A question.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
pub enum Reply {
    Json(u16, Value),
    /// With headers besides.
    With(u16, Vec<(&'static str, String)>, Value),
    /// These bytes, and then the connection ends.
    Raw(Vec<u8>),
}

pub struct Fake {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// A server that answers by `handler`, until the test's process ends.
    pub fn new(handler: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (handler, known) = (Arc::new(Mutex::new(handler)), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (handler, known) = (handler.clone(), known.clone());
                std::thread::spawn(move || {
                    let Ok(mut stream) = stream else { return };
                    let Some(question) = read(&mut stream) else { return };
                    known.lock().unwrap().push(question.clone());
                    let reply = (*handler.lock().unwrap())(&question);
                    // Who asks may be gone.
                    let _ = stream.write_all(&reply.bytes());
                    let _ = stream.shutdown(Shutdown::Write);
                    let _ = stream.read_to_end(&mut Vec::new());
                });
            }
        });
        Self { address, asked }
    }

    /// All questions so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often it was asked with this method.
    pub fn count(&self, method: &str) -> usize {
        self.asked().iter().filter(|asked| asked.method == method).count()
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
}

impl Reply {
    fn bytes(self) -> Vec<u8> {
        let (status, headers, value) = match self {
            Self::Json(status, value) => (status, Vec::new(), value),
            Self::With(status, headers, value) => (status, headers, value),
            Self::Raw(bytes) => return bytes,
        };
        let body = if status == 204 { String::new() } else { value.to_string() };
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
            .into_bytes()
    }
}

/// The comments of one pull request, as GitHub and GitLab keep them. What it does to others it does to itself.
#[derive(Clone, Default)]
pub struct Hub(Arc<Mutex<Vec<(u64, String, String)>>>);

impl Hub {
    /// With these comments: who, and what.
    pub fn with(comments: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let hub = Self::default();
        for (author, body) in comments {
            hub.add(author, &body);
        }
        hub
    }

    pub fn add(&self, author: &str, body: &str) -> u64 {
        let mut all = self.0.lock().unwrap();
        let id = all.iter().map(|(id, ..)| *id).max().unwrap_or(100) + 1;
        all.push((id, author.to_owned(), body.to_owned()));
        id
    }

    /// All that stands there: id, author, body.
    pub fn comments(&self) -> Vec<(u64, String, String)> {
        self.0.lock().unwrap().clone()
    }

    /// The ids of those of `author`, with their texts.
    pub fn of(&self, author: &str) -> Vec<(u64, String)> {
        self.comments().into_iter().filter(|(_, own, _)| own == author).map(|(id, _, body)| (id, body)).collect()
    }

    /// Answers as the server would to `me`, whose token is good for comments alone.
    pub fn answer(&self, asked: &Asked, me: &str) -> Reply {
        let shown = |(id, author, body): &(u64, String, String)| json!({ "id": id, "user": { "login": author }, "author": { "username": author }, "body": body });
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        let last = path.rsplit('/').next().unwrap().parse::<u64>();
        let body = asked.body["body"].as_str().unwrap_or_default();
        match (asked.method.as_str(), last) {
            ("GET", _) if path == "/user" => {
                Reply::Json(403, json!({ "message": "Resource not accessible by integration" }))
            }
            ("GET", _) => {
                let number = |name: &str| {
                    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
                    value.unwrap().parse::<usize>().unwrap()
                };
                let (size, page) = (number("per_page"), number("page"));
                let all = self.comments();
                let page: Vec<Value> = all.iter().skip(size * (page - 1)).take(size).map(shown).collect();
                Reply::Json(200, page.into())
            }
            ("POST", _) => {
                let id = self.add(me, body);
                Reply::Json(201, shown(&(id, me.to_owned(), body.to_owned())))
            }
            (method, Ok(id)) => {
                let mut all = self.0.lock().unwrap();
                let Some(at) = all.iter().position(|(own, ..)| *own == id) else {
                    return Reply::Json(404, json!({ "message": "Not Found" }));
                };
                if method == "DELETE" {
                    all.remove(at);
                    return Reply::Json(204, Value::Null);
                }
                all[at].2 = body.to_owned();
                Reply::Json(200, shown(&all[at]))
            }
            _ => Reply::Json(404, json!({ "message": "Not Found" })),
        }
    }
}
