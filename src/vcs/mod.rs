//! The user's git repository, read only: revisions, the choice of the base, trees written out elsewhere. Baselines are
//! kept by `store`.

mod base;
mod error;
mod fetch;
mod filters;
mod hooks;
mod overlay;
mod repository;
mod submodules;
mod tree;

pub use base::{Base, BaseRequest, CiEvent};
pub use error::VcsError;
pub use overlay::Overlay;
pub use repository::{Head, Repository};
pub use submodules::Absent;
pub use tree::{CheckedOut, Tree};
