//! Stored records that are corrupt, too new or not what their names say: they are named, the others work, nothing is
//! rewritten.

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid, Repository};
use snapbox::str;

use super::{COMMIT, Place, reads};
use crate::commands::run_of;

/// The repository with its run stored.
fn stored() -> Place {
    let place = Place::repository();
    reads(
        place.told(&["baseline", "import", "run.json"]),
        str![[r#"
    Imported run.json as a baseline of COMMIT
exit 0
"#]],
    );
    place
}

/// The ref of its baselines.
fn name() -> String {
    format!("refs/perfgate/commits/{COMMIT}")
}

/// Puts files into the stored tree, as a push of somebody else's could.
fn plant(place: &Place, files: &[(&str, &[u8])]) -> String {
    let git = Repository::open(&place.root).unwrap();
    let tip = git.find_reference(&name()).unwrap().peel_to_commit().unwrap();
    let mut update = TreeUpdateBuilder::new();
    for (name, content) in files {
        let blob = git.blob(content).unwrap();
        update.upsert(name.replace("BLOB", &blob.to_string()), blob, FileMode::Blob);
    }
    let tree = update.create_updated(&git, &tip.tree().unwrap()).unwrap();
    let author = git2::Signature::now("m", "m@example.org").unwrap();
    let commit = git.commit(None, &author, &author, "x", &git.find_tree(tree).unwrap(), &[&tip]).unwrap();
    git.reference(&name(), commit, true, "x").unwrap();
    commit.to_string()
}

fn tip(place: &Place) -> String {
    let git = Repository::open(&place.root).unwrap();
    git.refname_to_id(&name()).as_ref().map(Oid::to_string).unwrap()
}

/// Where a record of `COMMIT` lies that was measured in this second.
fn record(second: u32) -> String {
    format!("aa/20260805T0941{second:02}.000000000Z-BLOB.json")
}

#[test]
fn corrupt_and_too_new() {
    let place = stored();
    let whole = serde_json::to_string(&run_of(COMMIT, "aa", 1.0)).unwrap();
    let tip_before = plant(
        &place,
        &[
            (&record(1), b""),
            (&record(2), &whole.as_bytes()[..20]),
            (&record(3), b"{\"format_version\": 7, \"measured\": \"otherwise\"}"),
            (&record(4), whole.replace(COMMIT, &"a".repeat(40)).as_bytes()),
            (&record(5).replace("BLOB", &"a".repeat(40)), whole.as_bytes()),
            (&record(6), whole.replace("[1.0", "[-1.0").as_bytes()),
            (&record(8), whole.replace("\"unit\":\"", "\"unit\":\"\\u001b[31m\\u202e\\n").as_bytes()),
            ("aa/\u{1b}[31m\u{202e}", b""),
        ],
    );
    let nameless = "warning: COMMIT/aa/\\u{1b}[31m\\u{202e}: no name of a record\n";
    let unreadable = r#"warning: COMMIT/aa/20260805T094101.000000000Z-e69de29bb2d1d6434b8b29ae775ad8c2e48c5391: no readable record: EOF while parsing a value at line 1 column 0
warning: COMMIT/aa/20260805T094102.000000000Z-60731de010f670e3fcd77fddf5a4e9ec72c96d23: no readable record: EOF while parsing a value at line 1 column 20
warning: COMMIT/aa/20260805T094103.000000000Z-560a42fc3caf4532edf90639d37a688444c50fec: written by a newer version (format 7, this version reads up to 1); update cargo-perfgate
warning: COMMIT/aa/20260805T094104.000000000Z-65a089f0969191d57bd5db2bdb533319c64aeaa4: it holds the run of another commit or environment
warning: COMMIT/aa/20260805T094105.000000000Z-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: its content is not what its name says
warning: COMMIT/aa/20260805T094106.000000000Z-2b763692a499070f9778de39dd9d43b0d024ba0b: no usable record: `parser::speed/parse/large` has a value below 0
warning: COMMIT/aa/20260805T094108.000000000Z-57fa3a038625219743cf0ca715462b236da4d4ce: no readable record: unknown variant `\u{1b}[31m\u{202e}\nns`, expected one of `ns`, `instructions`, `allocations`, `B` at line 1 column 434
"#;
    let shown = "> COMMIT, measured NOW
> environment aa: cpu, 2 cores, x86_64-unknown-linux-gnu, rustc 1.95.0
>  benchmark                  median  lower quartile  spread  processes
>  parser::speed/parse/large  100 ns          100 ns   0.0 %         20
";
    assert_eq!(place.told(&["baseline", "show", "HEAD"]), format!("{shown}{nameless}{unreadable}exit 0"));
    let verified = "    Verified 1 record of 1 commit can be read\n";
    assert_eq!(place.told(&["baseline", "verify"]), format!("{unreadable}{nameless}{verified}exit 101"));
    assert_eq!(tip(&place), tip_before, "nothing is rewritten");
}

#[test]
fn nothing_but_what_cannot_be_read() {
    let place = stored();
    reads(
        place.told(&["baseline", "delete", "HEAD"]),
        str![[r#"
     Deleted 1 run of COMMIT
exit 0
"#]],
    );
    plant(&place, &[(&record(3), b"{\"format_version\": 7, \"measured\": \"otherwise\"}")]);
    reads(
        place.told(&["compare", "HEAD", "HEAD"]),
        str![[r#"
error: no baseline of HEAD (COMMIT) can be read
  COMMIT/aa/20260805T094103.000000000Z-560a42fc3caf4532edf90639d37a688444c50fec: written by a newer version (format 7, this version reads up to 1); update cargo-perfgate
help: `cargo perfgate baseline list` shows what is stored; check the commit out and `cargo perfgate run` stores one
exit 4
"#]],
    );
    reads(
        place.told(&["baseline", "export", "HEAD", "it.json"]),
        str![[r#"
error: no baseline of HEAD (COMMIT) of that environment can be read
help: `cargo perfgate baseline show HEAD` names what there is
exit 2
"#]],
    );
}
