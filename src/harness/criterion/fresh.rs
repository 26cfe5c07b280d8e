//! The files that a round runs: fresh for every process, with layouts that both sides share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::harness::{HarnessError, Program, Sides};
use crate::instrument::{Copies, Layouter, Layouts, Link, Making, Places, Unit};
use crate::model::Side;
use crate::stats::Rng;

/// What takes part in a round: an executable, and which of its sides.
type Cast = (usize, Sides);

/// What makes them.
#[derive(Debug)]
pub struct Fresh {
    copies: Copies,
    /// The matched functions of those that take part.
    places: BTreeMap<Cast, Places>,
    /// How finely executables are laid out anew; `One` for those where that failed.
    layouts: BTreeMap<usize, Layouts>,
    /// What is being made for a round to come.
    ahead: Option<(Cast, Making)>,
}

impl Fresh {
    /// Files in the folder of `copies`.
    pub fn new(copies: Copies) -> Self {
        Self { copies, places: BTreeMap::new(), layouts: BTreeMap::new(), ahead: None }
    }

    /// The folder that they are made in.
    pub fn folder(&self) -> &Path {
        self.copies.folder()
    }

    /// How finely an executable was laid out anew; `None` where it was not measured.
    pub fn layouts(&self, executable: usize) -> Option<Layouts> {
        self.layouts.get(&executable).cloned()
    }

    /// Begins the files of a later round, which [`Fresh::files`] then has sooner.
    pub fn prepare(&mut self, cast: Cast, programs: &[(Side, &Program)], rng: &mut Rng) {
        if self.ahead.is_none() {
            self.ahead = self.begin(cast, programs, rng).ok().map(|making| (cast, making));
        }
    }

    /// Fresh files of `programs`, laid out in one order; plain copies where the link of a side cannot be repeated.
    pub fn files(
        &mut self,
        cast: Cast,
        programs: &[(Side, &Program)],
        rng: &mut Rng,
    ) -> Result<Vec<PathBuf>, HarnessError> {
        let making = match self.ahead.take() {
            Some((for_cast, making)) if for_cast == cast => Ok(making),
            other => {
                self.ahead = other;
                self.begin(cast, programs, rng)
            }
        };
        let sorted = by_side(programs);
        let made = match making {
            Ok(making) => {
                let made = self.copies.finish(making)?;
                made.map_err(|(at, reason)| format!("{}: {reason}", sorted[at].0))
            }
            Err(reason) => Err(reason),
        };
        match made {
            Ok(files) => {
                let file = |wanted: &Side| sorted.iter().position(|(side, _)| side == wanted).map(|i| files[i].clone());
                Ok(programs.iter().filter_map(|(side, _)| file(side)).collect())
            }
            Err(reason) => {
                self.layouts.insert(cast.0, Layouts::One(reason));
                let copies = &mut self.copies;
                programs.iter().map(|(_, program)| Ok(copies.fresh(&program.path)?)).collect()
            }
        }
    }

    /// Begins files with new layouts, base's first; else says which side cannot have one, and why.
    fn begin(&mut self, cast: Cast, programs: &[(Side, &Program)], rng: &mut Rng) -> Result<Making, String> {
        if let Some(Layouts::One(reason)) = self.layouts.get(&cast.0) {
            return Err(reason.clone());
        }
        let mut sides = Vec::new();
        for (side, program) in by_side(programs) {
            sides.push((program, program.layouter.as_ref().map_err(|reason| format!("{side}: {reason}"))?));
        }
        let places = self.places.entry(cast).or_insert_with(|| {
            let units: Vec<&[Unit]> = sides.iter().map(|(_, layouter)| layouter.units()).collect();
            Places::of(&units)
        });
        let coarsest = sides.iter().map(|(_, layouter)| layouter.layouts()).max();
        // Base against itself has two layouts: one program twice in one layout would be the same file twice.
        let twice = cast.1 == Sides::BaseTwice;
        let shared = coarsest == Some(Layouts::EveryFunction) && !twice;
        self.layouts.extend(coarsest.map(|layouts| (cast.0, layouts)));
        let mut orders = places.draw(rng);
        if !shared && sides.len() > 1 {
            orders[1] = places.draw(rng).swap_remove(1);
        }
        let seed = rng.next_u64() as u32;
        let other_seed = if twice { rng.next_u64() as u32 } else { seed };
        let link = |((program, layouter), (order, seed)): ((&Program, &Layouter), _)| Link {
            executable: program.path.clone(),
            layouter: layouter.clone(),
            order,
            seed,
        };
        let drawn = orders.into_iter().zip([seed, other_seed]);
        Ok(self.copies.begin(sides.into_iter().zip(drawn).map(link).collect()))
    }
}

/// Base first: the order of the sides is drawn for every round, and places hold it.
fn by_side<'p>(programs: &[(Side, &'p Program)]) -> Vec<(Side, &'p Program)> {
    let mut sorted = programs.to_vec();
    sorted.sort_by_key(|(side, _)| *side == Side::Head);
    sorted
}
