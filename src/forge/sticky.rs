//! One comment that stays: found again by its first line and by its author, and the only one of its kind however many jobs
//! write it at once.

use super::conversation::{Comment, Conversation};
use super::error::ForgeError;

/// Others may delete what is found, or find it at the same time: so often it is looked for anew.
const TRIES: u32 = 5;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commented {
    /// There was none.
    Created,
    /// There was one that said something else.
    Updated,
    /// There was one that said the same.
    Unchanged,
}

/// The first line by which a comment is found again. `None` where `id` is none: letters, digits, `-`, `_` and `.`, 64 at
/// most.
pub fn marker(id: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    // Two dashes would end what HTML takes for a comment.
    let good = !id.is_empty() && id.len() <= 64 && id.bytes().all(plain) && !id.contains("--") && !id.ends_with('-');
    good.then(|| format!("<!-- perfgate:{id} -->"))
}

/// Has `conversation` hold one comment of ours with this `marker`, and it say `text`. Of several, the oldest stays; what others
/// wrote is not touched, whatever its first line is.
pub fn put(conversation: &Conversation<'_>, marker: &str, text: &str) -> Result<Commented, ForgeError> {
    let body = format!("{marker}\n{text}");
    let mut me = conversation.me()?;
    let mut created: Option<u64> = None;
    for tries in 0..TRIES {
        let mut own: Vec<Comment> = conversation.comments()?;
        own.retain(|comment| {
            comment.author.eq_ignore_ascii_case(&me) && comment.body.lines().next().map(str::trim_end) == Some(marker)
        });
        own.sort_by_key(|comment| comment.id);
        let Some((first, younger)) = own.split_first() else {
            // A list may be a moment behind.
            if created.is_some() {
                return Ok(Commented::Created);
            }
            if let Some(comment) = conversation.create(&body, tries)? {
                created = Some(comment.id);
                // Who asks with an app's token learns only from this who that is.
                me = comment.author;
            }
            // Another job may have done the same meanwhile.
            continue;
        };
        let same = first.body.replace("\r\n", "\n").trim_end() == body.trim_end();
        if !same && !conversation.update(first.id, &body)? {
            continue;
        }
        for comment in younger {
            conversation.delete(comment.id)?;
        }
        return Ok(match created {
            Some(id) if id == first.id => Commented::Created,
            _ if same => Commented::Unchanged,
            _ => Commented::Updated,
        });
    }
    Err(conversation.unsettled())
}
