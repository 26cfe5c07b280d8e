//! The name of a record and the parts that it is made of: what is well formed, and the path in the tree.

use std::fmt;
use std::str::FromStr;

use jiff::{Timestamp, tz::TimeZone};

use super::error::printable;
use crate::model::is_commit_id;

/// Names one stored run: `<commit>/<environment key>/<started>-<digest>`.
///
/// The digest is the id of the stored bytes, so that different runs of one commit never share a name and the same run,
/// imported twice, is stored once. Ids sort by commit, environment and time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    commit: String,
    environment: String,
    started: Timestamp,
    digest: String,
}

/// A text that names no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` names no record: expected `commit/environment/started-digest`, as `cargo perfgate baseline list` prints it", printable(.0))]
pub struct ParseRecordIdError(pub String);

/// Fixed width, so that names sort by time; no colons, so that they are file names everywhere.
const STARTED: &str = "%Y%m%dT%H%M%S.%9fZ";
const SUFFIX: &str = ".json";

impl RecordId {
    /// `started` is RFC 3339, the other parts are as [`RecordId`] says. The error is a reason.
    pub(super) fn new(commit: &str, environment: &str, started: &str, digest: &str) -> Result<Self, String> {
        check_commit_id(commit)?;
        check_environment_key(environment)?;
        let started: Timestamp =
            started.parse().map_err(|_| format!("`{}` is no time: expected RFC 3339 in UTC", printable(started)))?;
        let id = Self { commit: commit.into(), environment: environment.into(), started, digest: digest.into() };
        // Years before 0 would break the fixed width, and nobody measured then.
        match Self::from_name(commit, environment, &id.name()) {
            Some(again) if again == id => Ok(id),
            _ => Err(format!("`{started}` is no time at which a run can have started")),
        }
    }

    /// Full commit id.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// Environment key.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// When the measuring began.
    pub fn started(&self) -> Timestamp {
        self.started
    }

    /// Object id of the stored bytes, 40 hexadecimal digits.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// `<started>-<digest>`.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", self.started.strftime(STARTED), self.digest)
    }

    /// The inverse of [`RecordId::name`]; accepts exactly the names that it makes.
    pub(super) fn from_name(commit: &str, environment: &str, name: &str) -> Option<Self> {
        let (time, digest) = name.split_once('-')?;
        let civil = jiff::fmt::strtime::parse(STARTED, time).ok()?.to_datetime().ok()?;
        let started = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let id = Self { commit: commit.into(), environment: environment.into(), started, digest: digest.into() };
        let well_formed = is_commit_id(commit) && is_environment_key(environment) && is_commit_id(digest);
        (well_formed && id.name() == name).then_some(id)
    }

    /// The folder in the tree of its commit, and its file name.
    pub(super) fn path(&self) -> [String; 2] {
        [self.environment.clone(), format!("{}{SUFFIX}", self.name())]
    }

    /// The record of that file name in that folder.
    pub(super) fn from_file_name(commit: &str, environment: &str, file: &str) -> Option<Self> {
        Self::from_name(commit, environment, file.strip_suffix(SUFFIX)?)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.commit, self.environment, self.name())
    }
}

impl FromStr for RecordId {
    type Err = ParseRecordIdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(commit), Some(environment), Some(name)) => Self::from_name(commit, environment, name),
            _ => None,
        }
        .ok_or_else(|| ParseRecordIdError(text.to_owned()))
    }
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether the text can be an [`crate::model::Environment::key`].
pub(super) fn is_environment_key(text: &str) -> bool {
    (1..=64).contains(&text.len()) && is_lower_hex(text)
}

pub(super) fn check_commit_id(text: &str) -> Result<(), String> {
    is_commit_id(text)
        .then_some(())
        .ok_or_else(|| format!("`{}` is no full commit id: expected 40 lower-case hexadecimal digits", printable(text)))
}

pub(super) fn check_environment_key(text: &str) -> Result<(), String> {
    is_environment_key(text).then_some(()).ok_or_else(|| {
        format!("`{}` is no environment key: expected 1 to 64 lower-case hexadecimal digits", printable(text))
    })
}
