//! Student's t distribution, by the regularised incomplete beta function.

use std::cell::RefCell;
use std::collections::HashMap;

/// So many quantiles are kept.
const KEPT: usize = 4096;

thread_local! {
    static KNOWN: RefCell<HashMap<(u64, u64), f64>> = RefCell::default();
}

/// The `p` quantile (0 < p < 1) of Student's t with `degrees` > 0 degrees of freedom, to about nine digits. Thousands of
/// rows ask for the same few: they are kept.
pub fn t_quantile(p: f64, degrees: f64) -> f64 {
    let key = (p.to_bits(), degrees.to_bits());
    if let Some(known) = KNOWN.with_borrow(|known| known.get(&key).copied()) {
        return known;
    }
    let quantile = invert(p, degrees);
    KNOWN.with_borrow_mut(|known| {
        if known.len() < KEPT {
            known.insert(key, quantile);
        }
    });
    quantile
}

/// Inverts the distribution function by bisection: slow and sure.
fn invert(p: f64, degrees: f64) -> f64 {
    if p < 0.5 {
        return -invert(1.0 - p, degrees);
    }
    let tail = 1.0 - p;
    let mut high = 1.0;
    while t_upper_tail(high, degrees) > tail && high < 1e12 {
        high *= 2.0;
    }
    let mut low = 0.0;
    // Until the last digits, which the tail itself does not have.
    while high - low > 1e-13 * high {
        let middle = 0.5 * (low + high);
        if t_upper_tail(middle, degrees) > tail { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// P(T > t) for t ≥ 0: half of I_x(ν/2, ½) at x = ν / (ν + t²) (Abramowitz and Stegun 26.7.1).
fn t_upper_tail(t: f64, degrees: f64) -> f64 {
    0.5 * incomplete_beta(degrees / (degrees + t * t), 0.5 * degrees, 0.5)
}

/// The regularised incomplete beta function I_x(a, b) by its continued fraction (Abramowitz and Stegun 26.5.8),
/// evaluated after Lentz (1976).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast only on this side of the mean; the other side follows by symmetry.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front = (a * x.ln() + b * (1.0 - x).ln() - (ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b))).exp() / a;
    let tiny = 1e-300;
    let guard = |v: f64| if v.abs() < tiny { tiny } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..500 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut step = 1.0;
        for term in [even, odd] {
            d = 1.0 / guard(1.0 + term * d);
            c = guard(1.0 + term / c);
            step = d * c;
            fraction *= step;
        }
        if (step - 1.0).abs() < 1e-14 {
            break;
        }
    }
    front * fraction
}

/// ln Γ(x) for x > 0 after Lanczos (1964), coefficients of Godfrey for g = 7, n = 9: about 15 digits.
fn ln_gamma(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let t = x + 7.5;
    let series: f64 = COEFFICIENTS[1..].iter().enumerate().map(|(i, c)| c / (x + i as f64 + 1.0)).sum();
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * t.ln() - t + (COEFFICIENTS[0] + series).ln()
}
