//! GitLab: the notes of a merge request.

use super::conversation::Conversation;
use super::server::Server;

/// A project on GitLab.
pub struct Gitlab {
    server: Server,
    project: u64,
}

impl Gitlab {
    /// `project` is its id.
    pub fn new(server: Server, project: u64) -> Self {
        Self { server, project }
    }

    /// The notes of the merge request with this number in the project.
    pub fn conversation(&self, number: u64) -> Conversation<'_> {
        let notes = format!("/projects/{}/merge_requests/{number}/notes", self.project);
        Conversation {
            server: &self.server,
            who: "/username",
            stranger: None,
            author: "/author/username",
            update: "PUT",
            all: notes.clone(),
            one: notes,
        }
    }
}
