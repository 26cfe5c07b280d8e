//! The files that a round runs: fresh for every process, with layouts that both sides share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::harness::{HarnessError, Program};
use crate::instrument::{Copies, CopiesError, Layouts, Link, Places, Unit};
use crate::model::Side;
use crate::stats::Rng;

/// What makes them.
#[derive(Debug)]
pub struct Fresh {
    copies: Copies,
    /// The matched functions of executables, by the number of sides.
    places: BTreeMap<(usize, usize), Places>,
    /// How finely executables are laid out anew; `One` for those where that failed.
    layouts: BTreeMap<usize, Layouts>,
}

impl Fresh {
    /// Files in the folder of `copies`.
    pub fn new(copies: Copies) -> Self {
        Self { copies, places: BTreeMap::new(), layouts: BTreeMap::new() }
    }

    /// The folder that they are made in.
    pub fn folder(&self) -> &Path {
        self.copies.folder()
    }

    /// How finely an executable was laid out anew; `None` where it was not measured.
    pub fn layouts(&self, executable: usize) -> Option<Layouts> {
        self.layouts.get(&executable).cloned()
    }

    /// Fresh files of both sides, laid out in one order; plain copies where the link of a side cannot be repeated.
    pub fn files(
        &mut self,
        executable: usize,
        programs: &[(Side, &Program)],
        rng: &mut Rng,
    ) -> Result<Vec<PathBuf>, HarnessError> {
        let failed = |program: &Program, e: CopiesError| HarnessError::Start {
            program: program.path.display().to_string(),
            cause: e.to_string(),
        };
        if !matches!(self.layouts.get(&executable), Some(Layouts::One(_))) {
            match self.laid_out(executable, programs, rng) {
                Ok(Ok(files)) => return Ok(files),
                Ok(Err(reason)) => self.layouts.insert(executable, Layouts::One(reason)),
                Err((program, e)) => return Err(failed(program, e)),
            };
        }
        programs.iter().map(|(_, program)| self.copies.fresh(&program.path).map_err(|e| failed(program, e))).collect()
    }

    /// Fresh files with new layouts; else the reason, with the side that it lies on.
    fn laid_out<'p>(
        &mut self,
        executable: usize,
        programs: &[(Side, &'p Program)],
        rng: &mut Rng,
    ) -> Result<Result<Vec<PathBuf>, String>, (&'p Program, CopiesError)> {
        let mut sides = Vec::new();
        for (side, program) in programs {
            match &program.layouter {
                Ok(layouter) => sides.push((*side, *program, layouter)),
                Err(reason) => return Ok(Err(format!("{side}: {reason}"))),
            }
        }
        // The order of the sides is drawn for every round, and the places hold it.
        sides.sort_by_key(|(side, ..)| *side == Side::Head);
        let places = self.places.entry((executable, sides.len())).or_insert_with(|| {
            let units: Vec<&[Unit]> = sides.iter().map(|(_, _, layouter)| layouter.units()).collect();
            Places::of(&units)
        });
        let coarsest = sides.iter().map(|(_, _, layouter)| layouter.layouts()).max();
        // Base against itself has two layouts: one program twice in one layout would be the same file twice.
        let twice = sides.len() == 2 && sides[0].1.path == sides[1].1.path;
        let shared = coarsest == Some(Layouts::EveryFunction) && !twice;
        self.layouts.extend(coarsest.map(|layouts| (executable, layouts)));
        let mut orders = places.draw(rng);
        if !shared && sides.len() > 1 {
            orders[1] = places.draw(rng).swap_remove(1);
        }
        let seed = rng.next_u64() as u32;
        let other_seed = if twice { rng.next_u64() as u32 } else { seed };
        let links: Vec<Link<'_>> = sides
            .iter()
            .zip(orders)
            .map(|((side, program, layouter), order)| {
                let seed = if *side == Side::Head { other_seed } else { seed };
                Link { executable: &program.path, layouter, order, seed }
            })
            .collect();
        let files = match self.copies.laid_out(&links).map_err(|e| (sides[0].1, e))? {
            Ok(files) => files,
            Err((failed, reason)) => return Ok(Err(format!("{}: {reason}", sides[failed].0))),
        };
        let file = |wanted: &Side| sides.iter().position(|(side, ..)| side == wanted).map(|i| files[i].clone());
        Ok(Ok(programs.iter().filter_map(|(side, _)| file(side)).collect()))
    }
}
