//! What is said where no benchmark matches the filter.

use crate::config::nearest;
use crate::model::BenchmarkId;
use crate::report::{shell_word, visible};

/// That none of `ids` matches `filter`, and what may have been meant by it.
pub(super) fn matches_none(filter: &regex::Regex, ids: &[BenchmarkId]) -> String {
    let text = filter.as_str();
    let all: Vec<String> = ids.iter().flat_map(|id| [id.name.clone(), id.to_string()]).collect();
    let meant = if all.iter().any(|name| name.contains(text)) {
        let escaped = shell_word(&regex::escape(text));
        format!("it is a regular expression, in which some characters mean something else: write {}", visible(&escaped))
    } else if let Some(name) = nearest(text, all.iter().map(String::as_str)) {
        format!("did you mean `{}`?", visible(name))
    } else {
        "`cargo perfgate list` shows their names".to_owned()
    };
    format!("no benchmark matches `{}`: {meant}", visible(text))
}
