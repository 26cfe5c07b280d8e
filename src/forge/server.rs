//! One server, asked with a token. Answers are bounded, redirections are not followed (the token would go with them), and a
//! server that is busy is asked again, later and later, within a bound.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use ureq::http::{Request, Response};
use ureq::tls::{PemItem, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::error::ForgeError;
use crate::report::visible;

/// A hundred comments of the longest kind are some 40 MiB, where every character is escaped.
const LARGEST: u64 = 64 * 1024 * 1024;
/// One question and its answer take no longer.
const TIME_OUT: Duration = Duration::from_secs(60);
/// So often a question is asked.
const TRIES: u32 = 6;
/// What to do where a server's certificate is not believed; rustls says no more than its cause in words.
const UNBELIEVED: &str = "where an authority of your own signed the server's certificate, have SSL_CERT_FILE name the file with that authority's";
/// Characters of what a server says of an error.
const QUOTED: usize = 300;

/// What proves who asks. It is never shown.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A token as it stands in the environment. `None` where it cannot be one.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        plain.then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// How long a busy server is waited for.
pub struct Patience {
    /// The first pause where the server names none; each further one is twice as long.
    pub first: Duration,
    /// All pauses together.
    pub most: Duration,
    /// Waits.
    pub wait: Box<dyn Fn(Duration)>,
}

/// Where the token stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization: Bearer`.
    Bearer,
    /// `PRIVATE-TOKEN`.
    PrivateToken,
}

/// A server's interface.
pub struct Server {
    agent: Agent,
    address: String,
    token: Token,
    scheme: Scheme,
    patience: Patience,
    waited: Cell<Duration>,
}

/// What was asked of a server, and what for.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    /// For the error: `list the comments`.
    pub what: &'static str,
    /// GET, POST, PATCH, PUT or DELETE.
    pub method: &'static str,
    /// Below the server's address, with a slash.
    pub path: &'a str,
    /// What is sent.
    pub body: Option<&'a Value>,
}

/// What a server said.
pub(super) struct Answer {
    pub status: u16,
    /// JSON; null where it was none.
    pub value: Value,
    pause: Option<Duration>,
    limited: bool,
}

fn agent(tls: TlsConfig) -> Agent {
    let config = Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(TIME_OUT))
        .user_agent(concat!("cargo-perfgate/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build();
    config.into()
}

impl Server {
    /// The interface at `address`, such as `https://api.github.com`.
    ///
    /// # Errors
    /// An address that is none.
    pub fn new(address: &str, token: Token, scheme: Scheme, patience: Patience) -> Result<Self, ForgeError> {
        let address = address.trim_end_matches('/');
        let host = address.strip_prefix("https://").or(address.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || host.contains(['@', '?', '#']) || host.starts_with('/')) {
            return Err(ForgeError {
                what: "find the server",
                server: visible(address),
                cause: "that is no address of a server".into(),
                help: "see GITHUB_API_URL or CI_API_V4_URL, which CI sets",
            });
        }
        let waited = Cell::new(Duration::ZERO);
        let agent = agent(TlsConfig::default());
        Ok(Self { agent, address: address.to_owned(), token, scheme, patience, waited })
    }

    /// The same, believing the authorities whose certificates these are (PEM), in place of those that Mozilla believes.
    ///
    /// # Errors
    /// Where they cannot be read, or there are none.
    pub fn believing(self, certificates: &[u8]) -> Result<Self, ForgeError> {
        let refused = |cause: String| ForgeError {
            what: "read the certificates",
            server: self.address.clone(),
            cause,
            help: "see that SSL_CERT_FILE or CI_SERVER_TLS_CA_FILE names a file of certificates in PEM form",
        };
        let mut roots = Vec::new();
        for item in parse_pem(certificates) {
            match item {
                Ok(PemItem::Certificate(certificate)) => roots.push(certificate),
                Ok(_) => {}
                Err(e) => return Err(refused(e.to_string())),
            }
        }
        if roots.is_empty() {
            return Err(refused("the file has none".to_owned()));
        }
        let tls = TlsConfig::builder().root_certs(roots.into()).build();
        Ok(Self { agent: agent(tls), ..self })
    }

    /// Asks until there is an answer that stands: where the server is busy or breaks off, again after a pause. For questions
    /// that may be asked twice.
    pub(super) fn ask(&self, question: Question<'_>) -> Result<Answer, ForgeError> {
        let mut tries = 0;
        loop {
            let tried = self.once(question);
            match self.pause(&tried, tries, question) {
                Ok(true) => tries += 1,
                Ok(false) => return tried,
                Err(e) => return Err(e),
            }
        }
    }

    /// The same, where all but an answer that did what was asked is an error.
    pub(super) fn good(&self, question: Question<'_>) -> Result<Answer, ForgeError> {
        let answer = self.ask(question)?;
        if answer.is_good() { Ok(answer) } else { Err(self.refused(question, &answer)) }
    }

    /// Asks once.
    pub(super) fn once(&self, question: Question<'_>) -> Result<Answer, ForgeError> {
        let broken = |cause: String| self.error(question.what, cause, "see that the server can be reached from here");
        let (name, value) = match self.scheme {
            Scheme::Bearer => ("Authorization", format!("Bearer {}", self.token.0)),
            Scheme::PrivateToken => ("PRIVATE-TOKEN", self.token.0.clone()),
        };
        let request = Request::builder()
            .method(question.method)
            .uri(format!("{}{}", self.address, question.path))
            .header(name, value)
            .header("Accept", "application/json");
        let sent = match question.body {
            None => request.body(()).map(|request| self.agent.run(request)),
            Some(body) => request
                .header("Content-Type", "application/json")
                .body(body.to_string())
                .map(|request| self.agent.run(request)),
        };
        let answer = sent.map_err(|e| broken(e.to_string()))?.map_err(|e| broken(e.to_string()))?;
        Answer::read(answer).map_err(broken)
    }

    /// Waits where the server is busy or broke off; `false` where its answer stands.
    ///
    /// # Errors
    /// Where it was waited for long enough.
    pub(super) fn pause(
        &self,
        tried: &Result<Answer, ForgeError>,
        tries: u32,
        question: Question<'_>,
    ) -> Result<bool, ForgeError> {
        let (named, cause) = match tried {
            Ok(answer) if answer.limited || answer.status >= 500 => (answer.pause, answer.said()),
            Ok(_) => return Ok(false),
            // Who is not believed now will not be later.
            Err(e) if e.cause.contains("peer certificate") => {
                return Err(self.error(question.what, e.cause.clone(), UNBELIEVED));
            }
            Err(e) => (None, e.cause.clone()),
        };
        let pause = named.unwrap_or(self.patience.first.saturating_mul(1 << tries.min(16)));
        let waited = self.waited.get().saturating_add(pause);
        if tries + 1 >= TRIES || waited > self.patience.most {
            let cause = match named {
                Some(pause) => format!("{cause}; it asks for {} s of patience", pause.as_secs()),
                None => format!("{cause}, {} times", tries + 1),
            };
            return Err(self.error(question.what, cause, "repeat it later"));
        }
        self.waited.set(waited);
        (self.patience.wait)(pause);
        Ok(true)
    }

    /// The error of an answer that is not what was asked for.
    pub(super) fn refused(&self, question: Question<'_>, answer: &Answer) -> ForgeError {
        let help = match answer.status {
            301 | 302 | 303 | 307 | 308 => "the token is not sent elsewhere: name the server by its own address",
            401 => "the token is wrong or has expired",
            403 => {
                "the token may not comment: on GitHub it takes `pull-requests: write`, which pull requests from forks never have (`cargo perfgate init --ci github` arranges for that); on GitLab a token with the scope `api`"
            }
            404 => "see that it is there, and that the token may see it",
            _ => "see the server's own words",
        };
        self.error(question.what, answer.said(), help)
    }

    /// The error of an answer without what was asked for.
    pub(super) fn garbage(&self, question: Question<'_>) -> ForgeError {
        let cause = "the answer is not what this interface answers".to_owned();
        self.error(question.what, cause, "see that the address is that of the server's interface")
    }

    pub(super) fn error(&self, what: &'static str, cause: String, help: &'static str) -> ForgeError {
        // A server might repeat what it was sent.
        let cause = visible(&cause.replace(&self.token.0, "***"));
        ForgeError { what, server: self.address.clone(), cause, help }
    }
}

impl Answer {
    fn read(mut answer: Response<Body>) -> Result<Self, String> {
        let number = |name: &str| answer.headers().get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let status = answer.status().as_u16();
        let after = number("retry-after").map(Duration::from_secs);
        let spent = number("x-ratelimit-remaining").or(number("ratelimit-remaining")) == Some(0);
        let reset = number("x-ratelimit-reset").or(number("ratelimit-reset")).map(|seconds| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Duration::from_secs(seconds).saturating_sub(now)
        });
        let body = match answer.body_mut().with_config().limit(LARGEST).read_to_vec() {
            Ok(body) => body,
            // It would be no smaller the next time.
            Err(ureq::Error::BodyExceedsLimit(_)) => Vec::new(),
            Err(e) => return Err(e.to_string()),
        };
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        let message = value.get("message").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        // GitHub says 403 for too many questions as well as for what is forbidden.
        let limited = status == 429 || (status == 403 && (after.is_some() || spent || message.contains("rate limit")));
        let pause = after.or(if spent && limited { reset } else { None });
        Ok(Self { status, value, pause, limited })
    }

    /// Whether it did what was asked.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn said(&self) -> String {
        let message = match self.value.get("message").or(self.value.get("error")) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => return format!("it answered {}", self.status),
        };
        let short: String = message.chars().take(QUOTED).collect();
        format!("it answered {}: {short}", self.status)
    }
}

/// `text` as part of an address.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}
