//! How hashes are spelt.

/// The bytes in lower-case hexadecimal, two digits each.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first ten digits of a commit id: what people are shown.
pub fn short(commit: &str) -> &str {
    // What should be one may come from elsewhere, and be anything.
    commit.char_indices().nth(10).map_or(commit, |(end, _)| &commit[..end])
}
