//! What judging costs: it happens between measurements, and takes time from nothing else.

use std::hint::black_box;

use cargo_perfgate::gate::{Limits, Pair, Stage, Trial};
use cargo_perfgate::stats::{Rng, t_quantile, trimmed_mean};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// Logarithms of ratios with this mean and a spread of 4 %, as a shared machine gives them.
fn pairs(mean: f64, count: usize) -> Vec<Pair> {
    let mut rng = Rng::new(7);
    // Twelve of them make a normal one, nearly.
    let mut normal = || (0..12).map(|_| rng.unit()).sum::<f64>() - 6.0;
    (0..count).map(|_| Pair { typical: mean + 0.04 * normal(), tail: mean + 0.08 * normal() }).collect()
}

fn trials(c: &mut Criterion) {
    let mut group = c.benchmark_group("trial");
    for (name, change) in [("unchanged", 0.0_f64), ("at the limit", 0.05), ("twice the limit", 0.1)] {
        let pairs = pairs(change.ln_1p(), 2_000);
        group.bench_with_input(BenchmarkId::from_parameter(name), &pairs, |b, pairs| {
            b.iter(|| {
                let mut trial = Trial::new(Limits::new(0.05), 300);
                for pair in pairs.iter().cycle() {
                    trial.push(*pair);
                    if trial.stage() == Stage::Decided {
                        break;
                    }
                }
                trial.verdict()
            });
        });
    }
    group.finish();
}

fn numbers(c: &mut Criterion) {
    let values: Vec<f64> = pairs(0.01, 60).into_iter().map(|pair| pair.typical).collect();
    c.bench_function("trimmed mean of 60", |b| b.iter(|| trimmed_mean(black_box(&values))));
    let mut degrees = 0;
    c.bench_function("t quantile that is not kept", |b| {
        b.iter(|| {
            degrees += 1;
            t_quantile(1.0 - 1e-6, 10.0 + f64::from(degrees) / 1e6)
        });
    });
}

criterion_group!(benches, trials, numbers);
criterion_main!(benches);
