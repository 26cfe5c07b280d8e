//! The user's git repository, read only: revisions, the choice of the base, trees written out elsewhere. Baselines are
//! kept by `store`.

mod base;
mod fetch;
mod overlay;
mod repository;
mod tree;

pub use base::{Base, BaseRequest, CiEvent};
pub use overlay::Overlay;
pub use repository::{Head, Repository, VcsError};
pub use tree::{CheckedOut, Tree};
