//! `doctor`: how noisy this machine is, what can be seen on it, and what is missing.

use super::noise::{Noise, Sight, known};
use super::project::{ProjectRequest, Setting};
use super::run::measure_head;
use super::{FlowError, Progress, assemble};
use crate::instrument::facts;
use crate::model::{BaseSide, BenchmarkNoise, Diagnosis, Skipped};
use crate::store::Store;
use crate::vcs::BaseRequest;

/// Measures the work tree alone, twice in each of several layouts. Stores nothing.
pub fn doctor(request: ProjectRequest, progress: &mut dyn Progress) -> Result<Diagnosis, FlowError> {
    let mut setting = Setting::open(request, progress)?;
    let alone = measure_head(&mut setting, None, false, progress)?;
    let (stored, controls) = known(&Store::open(setting.repository.root())?, &alone.environment.key)?;
    let mut sight = Sight::new(alone.results.each(&alone.suites).count());
    let mut benchmarks = Vec::new();
    let mut skipped = alone.suites.skipped.clone();
    for (id, open, measured) in alone.results.each(&alone.suites) {
        let Some(measurement) = assemble::measurement(id.clone(), open, measured) else {
            skipped.push(Skipped { what: id.to_string(), reason: "could not be measured".into() });
            continue;
        };
        let limits = setting.config.policy.limits(&id);
        let spread = measured.spread();
        // Two processes that vary independently; where pairs were measured, these know better.
        let pair = stored.get(&id).and_then(|noise| noise.pair).or(spread.map(|spread| spread * 2_f64.sqrt()));
        let noise = Noise { pair, layout: measurement.layout_spread, ..Noise::default() };
        benchmarks.push(BenchmarkNoise {
            smallest_visible_change: sight.visible(limits, noise),
            limit: limits.max_regression,
            layout_spread: noise.layout,
            spread,
            benchmark: id,
        });
    }
    benchmarks.sort_by(|a, b| a.benchmark.cmp(&b.benchmark));
    skipped.sort();
    setting.repository.forbid_fetching();
    let asked = BaseRequest { branch: setting.config.policy.base.clone(), ..BaseRequest::default() };
    let (base, base_problem) = match setting.repository.base(&setting.head, &asked) {
        Ok(Some(base)) => (Some(BaseSide { commit: Some(base.commit), reason: base.reason }), None),
        Ok(None) => (None, Some("HEAD is the first commit".to_owned())),
        Err(e) => (None, Some(e.to_string())),
    };
    Ok(Diagnosis {
        environment: alone.environment,
        machine: facts(),
        base,
        base_problem,
        shallow: setting.repository.is_shallow(),
        store_problem: setting.repository.write_problem(),
        policy: setting.config.policy.note(),
        builds: setting.request.builds.display().to_string(),
        controls,
        benchmarks,
        skipped,
    })
}
