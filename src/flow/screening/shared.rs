//! Names of functions, and sets of them: most benchmarks execute what others execute, so each name and each set is held once.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Names of functions.
pub type Symbols = Arc<BTreeSet<Arc<str>>>;

/// The names and sets so far.
#[derive(Debug, Default)]
pub struct Shared {
    names: HashSet<Arc<str>>,
    sets: HashSet<Symbols>,
}

impl Shared {
    /// The set of these names.
    pub fn set<S: AsRef<str>>(&mut self, names: impl IntoIterator<Item = S>) -> Symbols {
        let set: BTreeSet<Arc<str>> = names.into_iter().map(|name| self.name(name.as_ref())).collect();
        if let Some(known) = self.sets.get(&set) {
            return known.clone();
        }
        let set = Arc::new(set);
        self.sets.insert(set.clone());
        set
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.names.insert(name.clone());
        name
    }
}
