//! What can go wrong with a server, in the user's words. No error holds the token.

/// A server did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[error("could not {what} at {server}: {cause}\nhelp: {help}")]
pub struct ForgeError {
    /// What was attempted.
    pub what: &'static str,
    /// The address of the server's interface.
    pub server: String,
    /// Why it failed.
    pub cause: String,
    /// What to do.
    pub help: &'static str,
}
