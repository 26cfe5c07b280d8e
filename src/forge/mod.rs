//! Floor 4: the server where pull requests are discussed. One comment of ours is kept up to date there; what it says is
//! passed in, and so is how long a busy server is waited for. The only user of the network but git.

mod conversation;
mod error;
mod github;
mod gitlab;
mod server;
mod sticky;

pub use conversation::Conversation;
pub use error::ForgeError;
pub use github::{Github, PullRequest};
pub use gitlab::Gitlab;
pub use server::{Patience, Scheme, Server, Token};
pub use sticky::{Commented, marker, put};
