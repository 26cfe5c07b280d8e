//! Records from other clones: the union of both, without what one of them has deleted.

use std::collections::BTreeSet;

use cargo_perfgate::store::{BASELINES, Merged, Standing, encode};
use git2::{Oid, Repository};

use super::foreign::{FILE, FOLDER, name_of, raw_tree};
use super::{COMMIT, OTHER, Sandbox, run, run_of};

impl Sandbox {
    fn tip(&self) -> String {
        self.git(&["rev-parse", &Self::reference()]).trim().to_owned()
    }

    /// Merges what the other one has of [`COMMIT`].
    fn pull(&self, other: &Sandbox) -> Merged {
        let from = other.path().to_str().unwrap();
        self.git(&["fetch", "--quiet", "--no-write-fetch-head", from, &Self::reference()]);
        self.store().merge(COMMIT, &other.tip()).unwrap()
    }

    /// The medians of what is stored, which tell one run of these tests from the next.
    fn medians(&self) -> BTreeSet<u32> {
        let loaded = self.store().load(COMMIT).unwrap();
        assert_eq!(loaded.skipped, []);
        loaded.runs.iter().map(|stored| stored.run.measurements[0].median as u32).collect()
    }

    fn parents(&self) -> usize {
        self.git(&["rev-list", "--parents", "--max-count=1", &Self::reference()]).split_whitespace().count() - 1
    }

    fn delete(&self, environment: &str) {
        assert!(self.store().delete(COMMIT, Some(environment)).unwrap() > 0);
    }
}

fn counts(merged: &Merged) -> (usize, usize) {
    assert_eq!(merged.skipped, []);
    (merged.added, merged.removed)
}

#[test]
fn both_sides_records_are_kept_and_nothing_moves_that_need_not() {
    let (one, two) = (Sandbox::new(), Sandbox::new());
    one.store().add(&run(1.0)).unwrap();
    // What is not here yet is taken as it is.
    assert_eq!(counts(&two.pull(&one)), (1, 0));
    assert_eq!(two.tip(), one.tip());
    // What is a part of this history already is nothing new.
    two.store().add(&run(2.0)).unwrap();
    let before = two.tip();
    assert_eq!(counts(&two.pull(&one)), (0, 0));
    assert_eq!(two.tip(), before);
    // What comes after this history replaces it.
    assert_eq!(counts(&one.pull(&two)), (1, 0));
    assert_eq!(one.tip(), before);
    // What was added on both sides is together then, with both histories.
    one.store().add(&run_of(COMMIT, "bb22", "2026-08-05T09:41:08Z", 3.0)).unwrap();
    two.store().add(&run(4.0)).unwrap();
    assert_eq!(counts(&one.pull(&two)), (1, 0));
    assert_eq!(one.medians(), [1, 2, 3, 4].into());
    assert_eq!(one.parents(), 2);
    one.git(&["merge-base", "--is-ancestor", &two.tip(), &one.tip()]);
    // Clones that never met have nothing in common but the commit.
    let three = Sandbox::new();
    three.store().add(&run(5.0)).unwrap();
    assert_eq!(counts(&three.pull(&one)), (4, 0));
    assert_eq!(three.medians(), [1, 2, 3, 4, 5].into());
    for sandbox in [&one, &two, &three] {
        sandbox.fsck();
    }
}

#[test]
fn what_one_side_deleted_stays_deleted_and_what_is_new_stays() {
    let (one, two) = (Sandbox::new(), Sandbox::new());
    let add = |sandbox: &Sandbox, environment: &str, median: f64| {
        sandbox.store().add(&run_of(COMMIT, environment, "2026-08-05T09:41:07Z", median)).unwrap()
    };
    add(&one, "aa11", 1.0);
    add(&one, "bb22", 2.0);
    two.pull(&one);
    one.delete("aa11");
    add(&two, "aa11", 3.0);
    assert_eq!(counts(&one.pull(&two)), (1, 0));
    assert_eq!(one.medians(), [2, 3].into());
    assert_eq!(counts(&two.pull(&one)), (0, 1));
    assert_eq!(two.medians(), [2, 3].into());
    // Both merge at the same time, and then one another's merge: in neither of the two common commits is what was new.
    add(&one, "aa11", 4.0);
    add(&two, "aa11", 5.0);
    let earlier = Sandbox::new();
    earlier.pull(&one);
    one.pull(&two);
    two.pull(&earlier);
    assert_ne!(one.tip(), two.tip());
    add(&one, "aa11", 6.0);
    two.delete("bb22");
    assert_eq!(counts(&one.pull(&two)), (0, 1));
    assert_eq!(one.medians(), [3, 4, 5, 6].into());
    // All of it can go, and be stored again.
    one.store().delete(COMMIT, None).unwrap();
    assert_eq!(counts(&two.pull(&one)), (0, 3));
    assert_eq!(two.store().list().unwrap(), Default::default());
    add(&two, "aa11", 6.0);
    assert_eq!(counts(&one.pull(&two)), (1, 0));
    one.fsck();
}

#[test]
fn where_one_store_stands_to_another_is_known() {
    let (one, two) = (Sandbox::new(), Sandbox::new());
    let standing = |theirs: Option<&str>| one.store().standing(COMMIT, theirs).unwrap();
    let ahead = |added, removed| Standing::Ahead { tip: one.tip(), added, removed };
    assert_eq!(standing(None), Standing::Same);
    two.store().add(&run(2.0)).unwrap();
    let theirs = two.tip();
    assert_eq!(standing(Some(&theirs)), Standing::Apart);
    one.store().add(&run(1.0)).unwrap();
    assert_eq!(standing(None), ahead(1, 0));
    assert_eq!(standing(Some(&one.tip())), Standing::Same);
    assert_eq!(standing(Some(&theirs)), Standing::Apart);
    one.pull(&two);
    assert_eq!(standing(Some(&theirs)), ahead(1, 0));
    one.delete("aa11");
    assert_eq!(standing(Some(&theirs)), ahead(0, 1));
    assert_eq!(standing(None), Standing::Same, "what holds nothing need not be brought anywhere");
    one.store().add(&run(2.0)).unwrap();
    assert_eq!(standing(Some(&theirs)), Standing::Same, "the same records by another way");
}

/// Someone who may push can push anything.
#[test]
fn what_is_no_record_never_comes_in() {
    let (one, two) = (Sandbox::new(), Sandbox::new());
    let repo = Repository::open(two.path()).unwrap();
    let good = repo.blob(&encode(&run(1.0)).unwrap()).unwrap();
    let giant = repo.blob(&vec![b' '; 65 << 20]).unwrap();
    let empty = raw_tree(&repo, &[]);
    let swapped = name_of(Oid::from_str(OTHER).unwrap());
    let environment = raw_tree(
        &repo,
        &[
            (FILE, "..", good),
            (FILE, "../../../../etc/passwd", good),
            (FILE, &name_of(good), good),
            (FILE, &name_of(good), good),
            (FILE, &name_of(giant), giant),
            (FILE, &swapped, good),
            (FOLDER, &name_of(empty), empty),
            (0o120000, &name_of(good).replace("2026", "2027"), good),
            (0o160000, &name_of(good).replace("2026", "2028"), good),
            (FILE, "\u{1b}[31m.json", good),
        ],
    );
    let root = raw_tree(
        &repo,
        &[
            (FOLDER, "..", environment),
            (FOLDER, ".git", environment),
            (FILE, "README", good),
            (FOLDER, "aa11", environment),
        ],
    );
    let commit = two.git(&["commit-tree", &root.to_string(), "-m", "pushed"]).trim().to_owned();
    two.git(&["update-ref", &Sandbox::reference(), &commit]);
    for before in [false, true] {
        if before {
            one.git(&["update-ref", "-d", &Sandbox::reference()]);
            one.store().add(&run(2.0)).unwrap();
        }
        let merged = one.pull(&two);
        assert_eq!((merged.added, merged.removed), (1, 0));
        let skipped: Vec<String> =
            merged.skipped.iter().map(|left| format!("{}: {}", left.what, left.reason)).collect();
        for expected in [
            "/..: no name",
            "/.git: no name",
            "/README: no name",
            "etc/passwd: no name of a record",
            "\\u{1b}[31m.json: no name of a record",
            "it is larger than 64 MiB",
            "its content is not what its name says",
            ": no file",
        ] {
            assert!(skipped.iter().any(|said| said.contains(expected)), "{expected}: {skipped:#?}");
        }
        let listing = one.store().list().unwrap();
        assert_eq!(listing.skipped, []);
        let records: usize = listing.entries.iter().map(|entry| entry.records.len()).sum();
        assert_eq!(records, 1 + usize::from(before));
        assert_eq!(one.medians().len(), records);
        // Once is enough.
        let tip = one.tip();
        one.pull(&two);
        assert_eq!(one.tip(), tip);
    }
    // Neither does what is no commit, or none of whose records is one.
    for (kind, id) in [("blob", good.to_string()), ("tree", root.to_string())] {
        two.git(&["update-ref", &Sandbox::reference(), &id]);
        let before = one.tip();
        let merged = one.pull(&two);
        assert!(merged.skipped[0].reason.contains("which is no commit here"), "{kind}: {merged:?}");
        assert_eq!(one.tip(), before);
    }
    let nothing = raw_tree(&repo, &[(FILE, "README", good)]);
    let commit = two.git(&["commit-tree", &nothing.to_string(), "-m", "pushed"]).trim().to_owned();
    two.git(&["update-ref", &Sandbox::reference(), &commit]);
    let three = Sandbox::new();
    assert_eq!(three.pull(&two).skipped.len(), 1);
    assert_eq!(three.git(&["for-each-ref", BASELINES]), "");
}
