//! The comments of one pull request: listed, written, updated, removed. What servers call these things is said by those who
//! know them.

use serde_json::{Value, json};

use super::error::ForgeError;
use super::server::{Question, Server};

const PAGE: usize = 100;
/// So many pages are looked through: ten thousand comments.
const PAGES: usize = 100;

/// A comment as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// Ids grow.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// Its text.
    pub body: String,
}

/// Where comments are written.
pub struct Conversation<'a> {
    pub(super) server: &'a Server,
    /// Where a user's name stands in what `/user` answers.
    pub(super) who: &'static str,
    /// Who it is that may not ask.
    pub(super) stranger: Option<&'static str>,
    /// Where the author's name stands in a comment.
    pub(super) author: &'static str,
    /// The method that updates a comment.
    pub(super) update: &'static str,
    /// The path of all comments.
    pub(super) all: String,
    /// The path above single ones.
    pub(super) one: String,
}

impl Conversation<'_> {
    /// Who writes here.
    pub(super) fn me(&self) -> Result<String, ForgeError> {
        let question = Question { what: "ask who comments", method: "GET", path: "/user", body: None };
        let answer = self.server.ask(question)?;
        match (answer.status, self.stranger) {
            (403 | 404, Some(stranger)) => Ok(stranger.to_owned()),
            _ if !answer.is_good() => Err(self.server.refused(question, &answer)),
            _ => {
                let name = answer.value.pointer(self.who).and_then(Value::as_str).filter(|name| !name.is_empty());
                name.map(str::to_owned).ok_or_else(|| self.server.garbage(question))
            }
        }
    }

    /// All comments, as far as it is sane to look.
    pub(super) fn comments(&self) -> Result<Vec<Comment>, ForgeError> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            // What a server answers to it is not followed: pages have numbers.
            let path = format!("{}?per_page={PAGE}&page={page}", self.all);
            let question = Question { what: "list the comments", method: "GET", path: &path, body: None };
            let answer = self.server.good(question)?;
            let list = answer.value.as_array().ok_or_else(|| self.server.garbage(question))?;
            all.extend(list.iter().filter_map(|value| self.comment(value)));
            if list.len() < PAGE {
                break;
            }
        }
        Ok(all)
    }

    /// Writes a new one. `None` where it is not known whether that was done: asked again, it could stand there twice.
    pub(super) fn create(&self, body: &str, tries: u32) -> Result<Option<Comment>, ForgeError> {
        let body = json!({ "body": body });
        let question = Question { what: "write a comment", method: "POST", path: &self.all, body: Some(&body) };
        let tried = self.server.once(question);
        if self.server.pause(&tried, tries, question)? {
            return Ok(None);
        }
        let answer = tried?;
        if !answer.is_good() {
            return Err(self.server.refused(question, &answer));
        }
        self.comment(&answer.value).map(Some).ok_or_else(|| self.server.garbage(question))
    }

    /// Writes one anew; `false` where it is gone.
    pub(super) fn update(&self, id: u64, body: &str) -> Result<bool, ForgeError> {
        let (path, body) = (format!("{}/{id}", self.one), json!({ "body": body }));
        self.changed(Question { what: "update the comment", method: self.update, path: &path, body: Some(&body) })
    }

    /// Removes one, if it is still there.
    pub(super) fn delete(&self, id: u64) -> Result<(), ForgeError> {
        let path = format!("{}/{id}", self.one);
        let question = Question { what: "remove a second comment", method: "DELETE", path: &path, body: None };
        self.changed(question).map(drop)
    }

    /// The error that nothing that is written stays.
    pub(super) fn unsettled(&self) -> ForgeError {
        let cause = "what is written there is gone again each time".to_owned();
        self.server.error("write a comment", cause, "see who else writes there, and repeat it")
    }

    fn changed(&self, question: Question<'_>) -> Result<bool, ForgeError> {
        let answer = self.server.ask(question)?;
        match answer.status {
            404 | 410 => Ok(false),
            _ if answer.is_good() => Ok(true),
            _ => Err(self.server.refused(question, &answer)),
        }
    }

    fn comment(&self, value: &Value) -> Option<Comment> {
        let text = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Comment { id: value.get("id")?.as_u64()?, author: text(self.author), body: text("/body") })
    }
}
