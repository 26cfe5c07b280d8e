//! `explain`: which functions account for a change, by the instructions that benchmarks execute on base and on head, and by
//! the memory that they ask for.

use std::time::Duration;

use super::call_sites::CallSites;
use super::counts::{can_count, caveat, count_both, without_valgrind};
use super::lines::{MOST_FUNCTIONS, Missing, Roots};
use super::project::{ProjectRequest, Setting};
use super::suites::{Against, look};
use super::tally::Tally;
use super::{FlowError, PolicyOf, Progress, policy, renamed};
use crate::harness::criterion::{Counts, Patience};
use crate::instrument::{Copies, Detail};
use crate::model::{BaseSide, BenchmarkId, Explanation, FunctionCost, Functions, HeadSide, SideCounts, Skipped, short};
use crate::profile::{Cost, Function, FunctionChange, Stacks, changes, stacks};
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

/// What was counted, with the stacks of it on base and on head: each begins with its benchmark.
pub type Explained = (Explanation, Stacks<2>);

/// Counts the benchmarks that are asked for, on both sides. Stores nothing.
pub fn explain(request: ExplainRequest, progress: &mut dyn Progress) -> Result<Explained, FlowError> {
    let mut setting = Setting::open(request.project, progress)?;
    if !can_count(&setting) {
        return Err(without_valgrind());
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
    let mut suites = look(&head, Against::Base(&built, &tried), &looking, progress)?;
    let mut explanation = Explanation {
        base: BaseSide { commit: Some(base.commit), reason: base.reason },
        head: HeadSide {
            commit: Some(setting.head.commit.clone()),
            dirty: setting.head.dirty,
            changes: None,
            name: None,
        },
        benchmarks: Vec::new(),
        skipped: std::mem::take(&mut suites.skipped),
        warnings: Vec::new(),
    };
    explanation.skipped.extend(suites.settled.drain(..).map(|settled| Skipped {
        what: settled.id.to_string(),
        reason: format!("{}: {}", settled.verdict, settled.reason),
    }));
    let (sides, mut missing) = ([Roots::of(&built), Roots::of(&head)], Missing::default());
    let mut all_stacks = Stacks::new();
    let silence = setting.config.policy.time_out;
    let patience = Patience { silence, given_up: usize::MAX, in_all: Duration::MAX, answered: None };
    let benchmarks = suites.all().map(|open| open.names.len()).sum();
    // What they execute, and what they allocate, on both sides.
    let tally = Tally::new(benchmarks, benchmarks * 4);
    let mut call_sites = CallSites::new(copies.folder().join("allocations"), patience);
    progress.phase("counted");
    for open in suites.all() {
        progress.status(
            "Counting",
            &format!("{} of {}::{}", counted(open.names.len(), "benchmark"), open.package, open.target),
        );
        explanation.warnings.extend(caveat(open));
        let (heard, folder) = (tally.hearing(patience), copies.folder().join("counts"));
        let mut traced = tally.tell(progress, || call_sites.trace(open, heard))?;
        let counts = tally.tell(progress, || count_both(open, &open.names, &folder, Detail::Lines, heard))?;
        for (name, counts) in counts {
            let id = open.id(&name);
            match counts {
                Ok((base, head)) => {
                    missing.look_at(&base.warm);
                    missing.look_at(&head.warm);
                    let under_id = |(stack, own)| (std::iter::once(id.to_string()).chain(stack).collect(), own);
                    all_stacks.extend(stacks([&base.warm, &head.warm]).into_iter().map(under_id));
                    let mut functions = functions(id, &base, &head, &sides);
                    call_sites.tell(open, &name, &mut traced, [&base, &head], &mut functions, progress)?;
                    explanation.benchmarks.push(functions);
                }
                Err(reason) => explanation.skipped.push(Skipped { what: id.to_string(), reason }),
            }
        }
    }
    explanation.warnings.extend(call_sites.warnings());
    explanation.warnings.extend(missing.of_project(&setting, &head));
    explanation.benchmarks.sort_by(|a, b| a.benchmark.cmp(&b.benchmark));
    explanation.skipped.sort();
    Ok((explanation, all_stacks))
}

fn functions(benchmark: BenchmarkId, base: &Counts, head: &Counts, sides: &[Roots; 2]) -> Functions {
    let side = |counts: &Counts| SideCounts {
        instructions: counts.warm.own_code(),
        cold_instructions: counts.cold.own_code(),
        allocator_instructions: counts.warm.allocator,
        memory: None,
    };
    let costs = changes(&base.warm, &head.warm).into_iter().map(cost);
    let costs = costs.enumerate().map(|(index, (function, mut cost))| {
        let [of_base, of_head] = sides;
        let place = of_head.hottest(&head.warm, &function);
        cost.place = place.or_else(|| of_base.hottest(&base.warm, &function));
        if index < MOST_FUNCTIONS {
            cost.base_lines = of_base.lines(&base.warm, &function);
            cost.head_lines = of_head.lines(&head.warm, &function);
        }
        cost
    });
    Functions { benchmark, base: side(base), head: side(head), functions: costs.collect(), sites: Vec::new() }
}

/// What a function costs; where in the source is not told here.
fn cost(change: FunctionChange) -> (Function, FunctionCost) {
    let of = |value: fn(&Cost) -> u64| (change.base.as_ref().map(value), change.head.as_ref().map(value));
    let ((base_own, head_own), (base_inclusive, head_inclusive), (base_calls, head_calls)) =
        (of(|cost| cost.own), of(|cost| cost.inclusive), of(|cost| cost.calls));
    let cost = FunctionCost {
        function: change.function.name.clone(),
        object: change.function.object.clone(),
        base_own,
        head_own,
        base_inclusive,
        head_inclusive,
        base_calls,
        head_calls,
        place: None,
        base_lines: Vec::new(),
        head_lines: Vec::new(),
    };
    (change.function, cost)
}
