//! `explain`: which functions account for a change, by the instructions that benchmarks execute on base and on head.

use std::time::Duration;

use super::counts::{can_count, caveat, count_both};
use super::project::{ProjectRequest, Setting, short};
use super::suites::{Against, look};
use super::{FlowError, PolicyOf, Progress, policy, renamed};
use crate::harness::criterion::{Counts, Patience};
use crate::instrument::Copies;
use crate::model::{BaseSide, BenchmarkId, Explanation, FunctionCost, Functions, HeadSide, SideCounts, Skipped};
use crate::profile::{Cost, FunctionChange, changes};
use crate::report::counted;
use crate::vcs::BaseRequest;

/// What `explain` is asked for.
#[derive(Clone, Debug, Default)]
pub struct ExplainRequest {
    /// The project; its filter says which benchmarks.
    pub project: ProjectRequest,
    /// `--base`.
    pub base: Option<String>,
}

/// Counts the benchmarks that are asked for, on both sides. Stores nothing.
pub fn explain(request: ExplainRequest, progress: &mut dyn Progress) -> Result<Explanation, FlowError> {
    let mut setting = Setting::open(request.project, progress)?;
    if !can_count(&setting) {
        return Err(FlowError::Usage(
            "could not count instructions: valgrind is not installed, or does not run here\nhelp: install it, as with `apt-get install valgrind`; it exists for Linux and a few other systems".to_owned(),
        ));
    }
    let asked = BaseRequest { explicit: request.base, branch: setting.config.policy.base.clone(), event: None };
    let Some(base) = setting.repository.base(&setting.head, &asked)? else {
        return Err(FlowError::Usage(
            "HEAD is the first commit: there is nothing to compare it with\nhelp: commit a change, or name a commit with --base".to_owned(),
        ));
    };
    policy::adopt(&mut setting, &base, PolicyOf::Head)?;
    progress.status("Comparing", &format!("head with {} ({})", short(&base.commit), base.reason));
    let head = setting.build_head(progress)?;
    let (built, _) = setting.build_base(&base.commit, &head, progress)?;
    let copies = Copies::new()?;
    let home = copies.folder().join("home");
    let tried = super::tried::Tried::default();
    let mut looking = setting.looking(&home, true);
    looking.renamed = renamed::find(&setting, &built, &head, &looking)?;
    let suites = look(&head, Against::Base(&built, &tried), &looking, progress)?;
    let mut explanation = Explanation {
        base: BaseSide { commit: Some(base.commit), reason: base.reason },
        head: HeadSide { commit: Some(setting.head.commit.clone()), dirty: setting.head.dirty, changes: None },
        benchmarks: Vec::new(),
        skipped: suites.skipped,
        warnings: Vec::new(),
    };
    explanation.skipped.extend(suites.settled.into_iter().map(|settled| Skipped {
        what: settled.id.to_string(),
        reason: format!("{}: {}", settled.verdict, settled.reason),
    }));
    let patience = Patience { silence: setting.config.policy.time_out, given_up: usize::MAX, in_all: Duration::MAX };
    for open in &suites.open {
        progress.status(
            "Counting",
            &format!("{} of {}::{}", counted(open.names.len(), "benchmark"), open.package, open.target),
        );
        explanation.warnings.extend(caveat(open));
        for (name, counts) in count_both(open, &open.names, &copies.folder().join("counts"), patience)? {
            match counts {
                Ok((base, head)) => explanation.benchmarks.push(functions(open.id(&name), &base, &head)),
                Err(reason) => explanation.skipped.push(Skipped { what: open.id(&name).to_string(), reason }),
            }
        }
    }
    explanation.benchmarks.sort_by(|a, b| a.benchmark.cmp(&b.benchmark));
    explanation.skipped.sort();
    Ok(explanation)
}

fn functions(benchmark: BenchmarkId, base: &Counts, head: &Counts) -> Functions {
    let side = |counts: &Counts| SideCounts { instructions: counts.warm.total, cold_instructions: counts.cold.total };
    let functions = changes(&base.warm, &head.warm).into_iter().map(cost).collect();
    Functions { benchmark, base: side(base), head: side(head), functions }
}

fn cost(change: FunctionChange) -> FunctionCost {
    let of = |value: fn(&Cost) -> u64| (change.base.as_ref().map(value), change.head.as_ref().map(value));
    let ((base_own, head_own), (base_inclusive, head_inclusive), (base_calls, head_calls)) =
        (of(|cost| cost.own), of(|cost| cost.inclusive), of(|cost| cost.calls));
    FunctionCost {
        function: change.function.name,
        object: change.function.object,
        base_own,
        head_own,
        base_inclusive,
        head_inclusive,
        base_calls,
        head_calls,
    }
}
