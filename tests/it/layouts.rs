//! Layouts: real links, with every linker that is here, that place the functions of both sides so as they are asked to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cargo_perfgate::harness::criterion::{Criterion, Suite, Version, Way};
use cargo_perfgate::harness::{Bench, Program, Request, Sides};
use cargo_perfgate::instrument::{Copies, Layouter, Layouts, Places};
use cargo_perfgate::stats::Rng;
use cargo_perfgate::workspace::{BenchExecutable, CargoOptions, build, executable_identity, targets};
use object::{Object, ObjectSymbol, SymbolKind};

use crate::fixture::{Fixture, scratch};

/// A side of the fixture, built and proved.
struct Linked {
    executable: PathBuf,
    layouter: Result<Layouter, String>,
}

/// Builds the fixture's bench `target` with this configuration of cargo: base, and head with functions that nobody
/// measures.
fn sides(case: &str, configuration: &str, target: &str) -> [Linked; 2] {
    let fixture = Fixture::new("linked", &format!("linked-{case}"));
    fixture.write(".cargo/config.toml", configuration);
    let side = |side: &str| {
        let folder = scratch().join("linked").join(case).join(side);
        let _ = fs::remove_dir_all(folder.join("perfgate-links"));
        let options = CargoOptions {
            quiet: true,
            recorder: Some(env!("CARGO_BIN_EXE_cargo-perfgate").into()),
            ..CargoOptions::default()
        };
        let found = targets(&fixture.root.join("Cargo.toml"), "head", &options).unwrap();
        let nowhere = Path::new("/nowhere");
        let built = build(&found, &folder, nowhere, nowhere, &options).unwrap();
        assert_eq!(built.failed, []);
        let executable = built.executables.into_iter().find(|executable| executable.target == target).unwrap();
        prove(executable, &folder)
    };
    let base = side("base");
    let marks = [
        ("src/lib.rs", "// Here head has more.", "mod more; pub use more::Grid;"),
        ("benches/plain.rs", "// Here head calls more.", "println!(\"{}\", linked::Grid::new(9).alive());"),
    ];
    for (path, from, to) in marks {
        fixture.replace(path, from, to);
    }
    fixture.write(
        "src/more.rs",
        "//! More.\n/// Cells.\npub struct Grid(Vec<bool>);\nimpl Grid {\n    /// New.\n    #[inline(never)]\n    pub fn new(n: usize) -> Self { Grid((0..n * n).map(|i| i % 3 == 0).collect()) }\n    /// Count.\n    #[inline(never)]\n    pub fn alive(&self) -> usize { self.0.iter().filter(|cell| **cell).count() }\n}\n",
    );
    [base, side("head")]
}

fn prove(executable: BenchExecutable, folder: &Path) -> Linked {
    let BenchExecutable { path, relink, .. } = executable;
    let layouter = relink.ok_or("no record".to_owned()).and_then(|relink| {
        let again = folder.join("again");
        relink.repeat(&again)?;
        assert_eq!(executable_identity(&again).unwrap(), executable_identity(&path).unwrap());
        Layouter::try_ways(&relink, &path, folder)
    });
    Linked { executable: path, layouter }
}

/// Where the functions lie that have a name and an address of their own.
fn functions(executable: &Path) -> BTreeMap<String, u64> {
    let bytes = fs::read(executable).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let mut names: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut addresses: BTreeMap<u64, usize> = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0) {
        names.entry(symbol.name().unwrap().to_owned()).or_default().push(symbol.address());
        *addresses.entry(symbol.address()).or_default() += 1;
    }
    let own = |(name, places): (String, Vec<u64>)| {
        (places.len() == 1 && addresses[&places[0]] == 1).then(|| (name, places[0]))
    };
    names.into_iter().filter_map(own).collect()
}

/// Lays both sides out anew, and gives where their functions lie.
fn lay_out(sides: &[Linked; 2], seed: u32) -> [BTreeMap<String, u64>; 2] {
    let layouters = [0, 1].map(|side| sides[side].layouter.as_ref().unwrap());
    let places = Places::of(&[layouters[0].units(), layouters[1].units()]);
    let orders = places.draw(&mut Rng::new(seed.into()));
    [0, 1].map(|side| {
        let path = sides[side].executable.with_extension("laid-out");
        layouters[side].lay_out(&path, &orders[side], seed).unwrap();
        let says = |program: &Path| {
            let done = Command::new(program).output().unwrap();
            assert!(done.status.success(), "{done:?}");
            done.stdout
        };
        assert_eq!(says(&path), says(&sides[side].executable));
        functions(&path)
    })
}

/// Head has functions that base has not: an order of head's is none of base's.
#[test]
fn base_twice_is_laid_out_as_base() {
    let [base, head] = sides("twice", "", "plain").map(|Linked { executable, layouter }| Program {
        directory: executable.parent().unwrap().to_owned(),
        path: executable,
        layouter,
        link: None,
        environment: Vec::new(),
    });
    let way = Way::Channel;
    let suite =
        Suite { base: Some(base), head, version: Version(0, 8, 0), way, all: None, renamed: Default::default() };
    let mut bench = Criterion::new(vec![suite], Copies::new().unwrap(), Duration::from_secs(60), 1);
    for (round, sides) in [Sides::Both, Sides::BaseTwice, Sides::BaseTwice, Sides::Both].into_iter().enumerate() {
        // It is no criterion program: that it cannot be measured is not the question.
        let names = &["any".to_owned()];
        bench.measure(&Request { executable: 0, names, sides, round, left: None }).unwrap();
        assert_eq!(bench.layouts(0), Some(Layouts::EveryFunction), "{sides:?}");
    }
}

/// How many in a hundred neighbours of the first lie in the same order in the second.
fn in_order(first: &BTreeMap<String, u64>, second: &BTreeMap<String, u64>) -> usize {
    let mut both: Vec<(u64, u64)> =
        first.iter().filter_map(|(name, address)| Some((*address, *second.get(name)?))).collect();
    both.sort_unstable();
    assert!(both.len() > 100, "{} common functions", both.len());
    100 * both.windows(2).filter(|pair| pair[0].1 < pair[1].1).count() / (both.len() - 1)
}

/// Both sides get one order of functions, another one for every seed.
fn shares(case: &str, configuration: &str, target: &str) {
    let sides = sides(case, configuration, target);
    for side in &sides {
        assert_eq!(side.layouter.as_ref().map(Layouter::layouts), Ok(Layouts::EveryFunction), "{case}");
        // With lld for this processor, the functions of what was linked once are moved.
        let links = case == "bfd" || !cfg!(target_arch = "x86_64");
        assert_eq!(side.layouter.as_ref().map(Layouter::links), Ok(links), "{case}");
    }
    let [base, head] = lay_out(&sides, 1);
    assert!(in_order(&base, &head) >= 95, "{case}: {} %", in_order(&base, &head));
    let [other, _] = lay_out(&sides, 2);
    assert!((30..70).contains(&in_order(&base, &other)), "{case}: {} %", in_order(&base, &other));
    // Cache lines are the same, too, but where functions that changed lie in between: at the end.
    let common: Vec<(&u64, &u64)> = base.iter().filter_map(|(name, place)| Some((place, head.get(name)?))).collect();
    let same = common.iter().filter(|(base, head)| *base % 64 == *head % 64).count();
    assert!(same * 100 >= common.len() * 80, "{case}: {same} of {} at the same place", common.len());
}

#[test]
fn lld_shares_an_order() {
    shares("lld", "", "plain");
}

#[test]
fn a_package_of_macros_has_benches_like_any_other() {
    shares("macros", "", "expand");
}

#[test]
fn a_program_that_is_one_object_shares_an_order() {
    shares("fat", "[profile.bench]\nlto = \"fat\"\ncodegen-units = 1\npanic = \"abort\"\n", "plain");
}

#[test]
fn thin_optimisation_across_crates_shares_an_order() {
    shares("thin", "[profile.bench]\nlto = \"thin\"\n", "plain");
}

#[test]
fn debug_information_shares_an_order() {
    shares("debug", "[profile.bench]\ndebug = true\nsplit-debuginfo = \"unpacked\"\n", "plain");
}

#[test]
fn names_of_the_new_kind_share_an_order() {
    shares("v0", "[build]\nrustflags = [\"-Csymbol-mangling-version=v0\"]\n", "plain");
}

#[test]
fn gnu_ld_shares_an_order() {
    shares(
        "bfd",
        "[build]\nrustflags = [\"-Clink-self-contained=-linker\", \"-Clinker-features=-lld\", \"-Clink-arg=-fuse-ld=bfd\"]\n",
        "plain",
    );
}

/// What both sides' links can do.
fn can(sides: &[Linked; 2]) -> [Result<Layouts, String>; 2] {
    [0, 1].map(|side| sides[side].layouter.as_ref().map(Layouter::layouts).map_err(Clone::clone))
}

#[test]
fn gold_orders_each_side_by_itself() {
    let gold = "[build]\nrustflags = [\"-Clinker-features=-lld\", \"-Clink-arg=-fuse-ld=gold\"]\n";
    let sides = sides("gold", gold, "plain");
    assert_eq!(can(&sides), [Ok(Layouts::EveryFunctionApart), Ok(Layouts::EveryFunctionApart)]);
    let [base, _] = lay_out(&sides, 1);
    let [other, _] = lay_out(&sides, 2);
    assert!((30..70).contains(&in_order(&base, &other)), "{} %", in_order(&base, &other));
}

#[test]
fn mold_orders_each_side_by_itself() {
    let folders = std::env::var_os("PATH").unwrap();
    if !std::env::split_paths(&folders).any(|folder| folder.join("ld.mold").is_file()) {
        assert!(std::env::var_os("CI").is_none(), "mold is missing, which .ci/run installs");
        println!("not tested: no mold here");
        return;
    }
    // Its first version takes the names out with the debug information, which rustc asks for otherwise.
    let mold = "[profile.bench]\nstrip = \"none\"\n[build]\nrustflags = [\"-Clinker-features=-lld\", \"-Clink-arg=-fuse-ld=mold\"]\n";
    let sides = sides("mold", mold, "plain");
    assert_eq!(can(&sides), [Ok(Layouts::EveryFunctionApart), Ok(Layouts::EveryFunctionApart)]);
    let [base, _] = lay_out(&sides, 1);
    let [other, _] = lay_out(&sides, 2);
    assert!((30..70).contains(&in_order(&base, &other)), "{} %", in_order(&base, &other));
}

#[test]
fn a_program_without_names_is_laid_out_by_the_names_that_it_had() {
    let stripped = sides("strip", "[profile.bench]\nstrip = \"symbols\"\n", "plain");
    assert_eq!(can(&stripped), [Ok(Layouts::EveryFunction), Ok(Layouts::EveryFunction)]);
    for side in &stripped {
        let path = side.executable.with_extension("laid-out");
        let layouter = side.layouter.as_ref().unwrap();
        let places = Places::of(&[layouter.units()]);
        layouter.lay_out(&path, &places.draw(&mut Rng::new(1))[0], 1).unwrap();
        assert!(functions(&path).is_empty(), "what is measured is stripped, too");
        assert_ne!(executable_identity(&path).unwrap(), executable_identity(&side.executable).unwrap());
    }
}

/// A linker's driver that forgets what it does not know, in a folder of its own.
#[cfg(unix)]
fn forgetful(case: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let script = scratch().join(format!("forgetful-{case}"));
    let forget = "*ordering*|*shuffle*|*-T,*|*verbose*|*separate-code*) ;;";
    fs::write(
        &script,
        format!(
            "#!/bin/sh\nfor a; do shift; case \"$a\" in {forget} *) set -- \"$@\" \"$a\";; esac; done\nexec cc \"$@\"\n"
        ),
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script.display().to_string()
}

#[cfg(unix)]
#[test]
fn a_linker_that_ignores_an_order_is_found_out() {
    let configuration = |case: &str| format!("[target.x86_64-unknown-linux-gnu]\nlinker = \"{}\"\n", forgetful(case));
    let many = sides("objects", &configuration("objects"), "plain");
    assert_eq!(can(&many), [Ok(Layouts::EveryObject), Ok(Layouts::EveryObject)]);
    let places = |seed| lay_out(&many, seed)[0].clone();
    let first = places(1);
    assert!((2..9).any(|seed| places(seed) != first), "the objects' order is the functions'");

    let one = format!("{}[profile.bench]\nlto = \"fat\"\ncodegen-units = 1\n", configuration("one"));
    let one = can(&sides("one", &one, "plain"));
    let reason = "the linker leaves functions where they are";
    assert_eq!(one, [Err(reason.to_owned()), Err(reason.to_owned())]);
}
