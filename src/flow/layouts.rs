//! Executables made ready to be measured in many layouts of their code.

use std::path::Path;

use super::suites::{Open, Origin, Suites};
use super::{FlowError, file_error};
use crate::harness::Program;
use crate::instrument::Layouter;
use crate::workspace::executable_identity;

/// Makes all open executables ready. `scratch` is a folder that nobody else uses meanwhile. It takes seconds, and only what
/// is timed needs it.
pub fn lay_out(suites: &mut Suites, scratch: &Path) -> Result<(), FlowError> {
    for open in &mut suites.open {
        let Open { suite, base_origin, head_origin, .. } = open;
        // Links wait for one another more than they work.
        let (base, head) = std::thread::scope(|scope| {
            let base = suite.base.as_mut().zip(base_origin.as_ref());
            let base = base.map(|(program, origin)| scope.spawn(|| of_link(program, origin, &scratch.join("base"))));
            let head = of_link(&mut suite.head, head_origin, &scratch.join("head"));
            let base = base.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            (base.unwrap_or(Ok(())), head)
        });
        base.and(head)?;
    }
    Ok(())
}

/// Layouts from a program's link, if repeating that gives the very same program: nothing else may be measured in its name.
fn of_link(program: &mut Program, origin: &Origin, scratch: &Path) -> Result<(), FlowError> {
    let Some(relink) = &origin.relink else { return Ok(()) };
    std::fs::create_dir_all(scratch).map_err(|e| file_error("create", scratch, e))?;
    let again = scratch.join("relinked");
    program.layouter = match relink.repeat(&again) {
        Ok(()) => {
            let same = executable_identity(&again).map_err(|e| file_error("read", &again, e))? == origin.identity;
            let other = || "repeating its link gives another program".to_owned();
            if same { Layouter::try_ways(relink, &program.path, scratch) } else { Err(other()) }
        }
        Err(reason) => Err(reason),
    };
    let _ = std::fs::remove_dir_all(scratch);
    Ok(())
}
