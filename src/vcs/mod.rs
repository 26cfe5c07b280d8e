//! The user's git repository: revisions, the choice of the base, trees written out elsewhere, what is not committed, where
//! hooks are. Branches, index and work tree are only read; commits may be fetched, and refs of remotes are listed, fetched
//! and pushed for `flow`. Baselines are kept by `store`.

mod base;
mod changes;
mod error;
mod fetch;
mod file;
mod filters;
mod hooks;
mod overlay;
mod remote;
mod repository;
mod submodules;
mod tree;

pub use base::{Base, BaseRequest, CiEvent};
pub use error::VcsError;
pub use overlay::Overlay;
pub use remote::{Answer, Move, Remote};
pub use repository::{Head, Repository};
pub use submodules::Absent;
pub use tree::{CheckedOut, Tree};
