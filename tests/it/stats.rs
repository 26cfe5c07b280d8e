//! The numbers below every verdict, against values that were found without this program.

use cargo_perfgate::stats::{
    Bets, Rng, TrimmedMean, quantile, robust_spread, sorted, spread_between, t_quantile, trimmed_mean,
};
use proptest::prelude::*;

fn close(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * expected.abs(), "{found} is not {expected}");
}

#[test]
fn quantiles_interpolate_between_the_closest_ranks() {
    // Position p·(n − 1), counted from 0: for four values the lower quartile lies at 0.75, so 1 + 0.75·(2 − 1).
    let four = [1.0, 2.0, 3.0, 4.0];
    assert_eq!(quantile(&four, 0.0), Some(1.0));
    assert_eq!(quantile(&four, 0.25), Some(1.75));
    assert_eq!(quantile(&four, 0.5), Some(2.5));
    assert_eq!(quantile(&four, 0.75), Some(3.25));
    assert_eq!(quantile(&four, 1.0), Some(4.0));
    // At 0.9 of six values: position 4.5, half way between 10 and 50.
    close(quantile(&[-3.0, 0.0, 0.0, 7.0, 10.0, 50.0], 0.9).unwrap(), 30.0, 1e-15);
    assert_eq!(quantile(&[5.0, 6.0, 8.0], 0.25), Some(5.5));
}

#[test]
fn quantiles_of_little_or_nothing() {
    assert_eq!(quantile(&[], 0.5), None);
    for p in [0.0, 0.3, 1.0] {
        assert_eq!(quantile(&[7.5], p), Some(7.5));
    }
    // Beyond the ends there is nothing to extrapolate from.
    assert_eq!((quantile(&[1.0, 2.0], -1.0), quantile(&[1.0, 2.0], 9.0)), (Some(1.0), Some(2.0)));
}

#[test]
fn sorting_drops_what_is_no_measurement() {
    let values = [3.0, f64::NAN, -1.0, f64::INFINITY, 2.0, f64::NEG_INFINITY, -f64::NAN];
    assert_eq!(sorted(values), [-1.0, 2.0, 3.0]);
    assert!(sorted([f64::NAN, f64::INFINITY]).is_empty());
}

/// The rows of the table that every textbook prints, one-sided: 0.95, 0.975, 0.999, 0.9999. For one degree of freedom
/// the quantile is tan(π(p − ½)), for two it is (2p − 1)·√(2 / (4p(1 − p))); the rest are the printed digits.
#[test]
fn t_quantiles_stand_in_the_tables() {
    let table: [(f64, [f64; 4]); 6] = [
        (1.0, [6.313_752, 12.706_205, 318.308_84, 3_183.098_76]),
        (2.0, [2.919_986, 4.302_653, 22.327_12, 70.700_07]),
        (5.0, [2.015_048, 2.570_582, 5.893_430, 9.677_57]),
        (10.0, [1.812_461, 2.228_139, 4.143_700, 5.693_82]),
        (30.0, [1.697_261, 2.042_272, 3.385_185, 4.233_99]),
        // The normal quantiles: at 10⁹ degrees nothing else is left.
        (1e9, [1.644_853_6, 1.959_964_0, 3.090_232_3, 3.719_016_5]),
    ];
    for (degrees, row) in table {
        for (p, expected) in [0.95, 0.975, 0.999, 0.9999].into_iter().zip(row) {
            close(t_quantile(p, degrees), expected, 2e-6);
            close(t_quantile(1.0 - p, degrees), -expected, 2e-6);
        }
    }
    assert!(t_quantile(0.5, 7.0).abs() < 1e-12);
}

/// The tails that verdicts of large suites ask for. Both forms are exact, so that the digits can be demanded.
#[test]
fn t_quantiles_far_out_follow_the_closed_forms() {
    for tail in [1e-5_f64, 1e-6, 1e-7] {
        let p = 1.0 - tail;
        // The tail that p really leaves: the subtraction above has rounded.
        let tail = 1.0 - p;
        close(t_quantile(p, 1.0), 1.0 / (std::f64::consts::PI * tail).tan(), 1e-8);
        close(t_quantile(p, 2.0), (1.0 - 2.0 * tail) * (2.0 / (4.0 * p * tail)).sqrt(), 1e-8);
    }
}

#[test]
fn more_degrees_of_freedom_or_a_lesser_chance_never_widen_or_narrow_the_wrong_way() {
    let mut before = f64::INFINITY;
    for degrees in 1..=200 {
        let quantile = t_quantile(1.0 - 1e-5, f64::from(degrees));
        assert!(quantile < before, "{degrees} degrees");
        before = quantile;
    }
    let mut before = 0.0;
    for tenths in 1..=120 {
        let quantile = t_quantile(1.0 - 0.4 * 0.8_f64.powi(tenths), 17.0);
        assert!(quantile > before);
        before = quantile;
    }
}

/// By hand for 2, 4, 4, 5, 7, 8, 9, 11, 15, 40: a fifth of ten is 2 from each end.
/// - kept: 4, 5, 7, 8, 9, 11: sum 44, mean 22/3;
/// - winsorised: 4, 4, 4, 5, 7, 8, 9, 11, 11, 11: sum 74, mean 7.4, sum of squares 630, so the variance is
///   (630 − 10·7.4²)/9 = 82.4/9;
/// - Yuen: √(82.4/9 · 9 / (6·5)), with 6 − 1 = 5 degrees of freedom.
///
/// The same in R: `x <- sort(x); w <- pmin(pmax(x, x[3]), x[8]); sqrt(var(w) * 9 / (6 * 5))`.
#[test]
fn a_trimmed_mean_worked_out_by_hand() {
    let values = [40.0, 2.0, 4.0, 15.0, 4.0, 5.0, 11.0, 7.0, 9.0, 8.0];
    let found = trimmed_mean(&values).unwrap();
    close(found.mean, 7.333_333_333_333_333, 1e-14);
    close(found.standard_error, (82.4_f64 / 30.0).sqrt(), 1e-14);
    assert_eq!(found.degrees, 5.0);
    // t(0.975, 5) = 2.570582 times that.
    close(found.margin(0.025), 2.570_582 * (82.4_f64 / 30.0).sqrt(), 1e-6);
}

#[test]
fn a_trimmed_mean_needs_four_values_that_are_numbers() {
    assert_eq!(trimmed_mean(&[]), None);
    assert_eq!(trimmed_mean(&[1.0, 2.0, 3.0]), None);
    assert_eq!(trimmed_mean(&[1.0, 2.0, 3.0, f64::NAN, f64::INFINITY]), None);
    // Of four values none is cut: the plain mean, and its plain standard error.
    let four = trimmed_mean(&[1.0, 2.0, 3.0, 4.0]).unwrap();
    assert_eq!((four.mean, four.degrees), (2.5, 3.0));
    close(four.standard_error, (5.0_f64 / 3.0).sqrt() / 2.0, 1e-14);
}

#[test]
fn outliers_up_to_a_fifth_a_side_do_not_move_it() {
    let mut values: Vec<f64> = (0..20).map(f64::from).collect();
    let before = trimmed_mean(&values).unwrap();
    values[16..].fill(1e9);
    values[..4].fill(-1e9);
    let after = trimmed_mean(&values).unwrap();
    assert_eq!(before.mean, after.mean);
    assert_eq!(before.standard_error, after.standard_error);
}

/// Welch for standard errors 3 and 4 with 6 and 8 degrees: √(9 + 16) = 5, and 25² / (81/6 + 256/8) = 625/45.5 = 13.7,
/// rounded down.
#[test]
fn the_difference_of_two_means_has_the_degrees_of_welch() {
    let of = |mean, standard_error, degrees| TrimmedMean { mean, standard_error, degrees };
    let difference = of(10.0, 3.0, 6.0).minus(of(4.0, 4.0, 8.0));
    assert_eq!((difference.mean, difference.standard_error), (6.0, 5.0));
    assert_eq!(difference.degrees, 13.0);
    // Without any spread there is nothing to weigh the degrees by, and no division by zero.
    assert_eq!(of(1.0, 0.0, 3.0).minus(of(1.0, 0.0, 4.0)), of(0.0, 0.0, 7.0));
}

/// Published with Vigna's `splitmix64.c` (also the example of Rosetta Code): seed 1234567.
#[test]
fn the_generator_gives_the_published_numbers() {
    let mut rng = Rng::new(1_234_567);
    let drawn: Vec<u64> = (0..5).map(|_| rng.next_u64()).collect();
    assert_eq!(
        drawn,
        [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821
        ]
    );
}

/// Counts of 6,000,000 / 60 draws a cell have a standard deviation of √(100,000·59/60) = 314; six of them is a chance
/// of 2e-9 a cell. The seed is fixed, so the result is too.
#[test]
fn draws_below_a_bound_are_uniform() {
    let mut rng = Rng::new(7);
    let mut cells = [0_i64; 60];
    for _ in 0..6_000_000 {
        cells[rng.below(60) as usize] += 1;
    }
    assert!(cells.iter().all(|count| (count - 100_000).abs() < 6 * 314), "{cells:?}");
    assert_eq!((rng.below(0), rng.below(1)), (0, 0));
    // A bound near 2⁶⁴, where a remainder would favour the lower half two to one: 0.5 ± 6·√(0.25 / 100,000).
    let bound = 3 << 62;
    let lower = (0..100_000).filter(|_| rng.below(bound) < bound / 2).count();
    assert!(lower.abs_diff(50_000) < 6 * 159, "{lower}");
}

/// Mean of n uniform draws: 0.5 ± √(1/12/n); of normal ones: 0 ± √(1/n), variance 1 ± √(2/n). Six of each.
#[test]
fn units_coins_and_normal_deviates_have_their_moments() {
    let mut rng = Rng::new(8);
    let n = 200_000;
    let units: Vec<f64> = (0..n).map(|_| rng.unit()).collect();
    assert!(units.iter().all(|x| (0.0..1.0).contains(x)));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    assert!((mean(&units) - 0.5).abs() < 6.0 * (1.0 / 12.0 / f64::from(n)).sqrt());
    let heads = (0..n).filter(|_| rng.coin()).count() as f64;
    assert!((heads - f64::from(n) / 2.0).abs() < 6.0 * (f64::from(n) / 4.0).sqrt());
    let normal: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    assert!(normal.iter().all(|x| x.is_finite()));
    assert!(mean(&normal).abs() < 6.0 / f64::from(n).sqrt());
    let squares: Vec<f64> = normal.iter().map(|x| x * x).collect();
    assert!((mean(&squares) - 1.0).abs() < 6.0 * (2.0 / f64::from(n)).sqrt());
    // 2.275 % lie beyond two standard deviations on either side: 4,550 of 200,000, standard deviation 67.
    let above = normal.iter().filter(|x| **x > 2.0).count();
    assert!(above.abs_diff(4_550) < 6 * 67, "{above}");
}

/// All 24 orders of four things, 1,000 expected of each: a standard deviation of 31.
#[test]
fn every_order_is_as_likely() {
    let mut rng = Rng::new(9);
    let mut orders = std::collections::BTreeMap::<[u8; 4], i32>::new();
    for _ in 0..24_000 {
        let mut items = [0, 1, 2, 3];
        rng.shuffle(&mut items);
        *orders.entry(items).or_default() += 1;
    }
    assert_eq!(orders.len(), 24);
    assert!(orders.values().all(|count| (count - 1000).abs() < 6 * 31), "{orders:?}");
}

/// Any number, now and then one that is no measurement.
fn anything() -> impl Strategy<Value = f64> {
    prop_oneof![8 => -1e6..1e6_f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY)]
}

proptest! {
    #[test]
    fn a_quantile_lies_within_the_values_and_rises_with_p(
        values in prop::collection::vec(anything(), 1..40),
        p in 0.0..1.0_f64,
        step in 0.0..1.0_f64,
    ) {
        let values = sorted(values);
        let found = quantile(&values, p);
        prop_assert_eq!(found.is_some(), !values.is_empty());
        if let Some(found) = found {
            prop_assert!(values[0] <= found && found <= values[values.len() - 1]);
            prop_assert!(quantile(&values, p + step).unwrap() >= found - 1e-9 * found.abs());
        }
    }

    #[test]
    fn moving_all_values_moves_the_trimmed_mean_alone(
        values in prop::collection::vec(-100.0..100.0_f64, 4..60),
        by in -100.0..100.0_f64,
    ) {
        let moved: Vec<f64> = values.iter().map(|v| v + by).collect();
        let (before, after) = (trimmed_mean(&values).unwrap(), trimmed_mean(&moved).unwrap());
        prop_assert!((after.mean - before.mean - by).abs() < 1e-9);
        prop_assert!((after.standard_error - before.standard_error).abs() < 1e-9);
        prop_assert_eq!(after.degrees, before.degrees);
    }

    #[test]
    fn turning_the_sign_turns_the_trimmed_mean(values in prop::collection::vec(-100.0..100.0_f64, 4..60)) {
        let turned: Vec<f64> = values.iter().map(|v| -v).collect();
        let (before, after) = (trimmed_mean(&values).unwrap(), trimmed_mean(&turned).unwrap());
        prop_assert!((after.mean + before.mean).abs() < 1e-9);
        prop_assert!((after.standard_error - before.standard_error).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_number_changes_nothing(
        values in prop::collection::vec(anything(), 0..60),
        order in any::<u64>(),
    ) {
        let mut finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        Rng::new(order).shuffle(&mut finite);
        prop_assert_eq!(trimmed_mean(&values), trimmed_mean(&finite));
        prop_assert_eq!(trimmed_mean(&values).is_some(), finite.len() >= 4);
    }

    #[test]
    fn shuffling_loses_and_doubles_nothing(mut items in prop::collection::vec(any::<u16>(), 0..80), seed in any::<u64>()) {
        let mut before = items.clone();
        Rng::new(seed).shuffle(&mut items);
        before.sort_unstable();
        items.sort_unstable();
        prop_assert_eq!(items, before);
    }
}

/// Of stakes that are bet on symmetric noise, whatever its tails, one in a hundred may ever be a hundred times what it was:
/// of 2,000 at most 20, with a standard deviation of 4.4; three of them above.
#[test]
fn bets_on_symmetric_noise_are_seldom_won() {
    let tails: [fn(&mut Rng) -> f64; 3] =
        [Rng::normal, |rng| rng.normal() / rng.normal(), |rng| if rng.coin() { 1.0 } else { -1.0 }];
    for (seed, draw) in tails.into_iter().enumerate() {
        let mut rng = Rng::new(seed as u64);
        let won = (0..2_000)
            .filter(|_| {
                let mut bets = Bets::default();
                (0..150).for_each(|_| bets.place(draw(&mut rng), 1.0));
                bets.proof() >= 100_f64.ln()
            })
            .count();
        assert!(won <= 33, "{won}");
    }
}

/// Five stakes of 1 after one value: the mean of 1 + tanh(λy) for λ of 1/8 to 2. A value counts for one and a half spreads
/// at most.
#[test]
fn one_bet_worked_out_by_hand() {
    let mut bets = Bets::default();
    bets.place(0.02, 0.02);
    let mean = [0.125_f64, 0.25, 0.5, 1.0, 2.0].map(|fraction| 1.0 + fraction.tanh()).iter().sum::<f64>() / 5.0;
    close(bets.proof(), mean.ln(), 1e-12);
    for value in [1e6, f64::MAX] {
        let mut bets = Bets::default();
        bets.place(value, 0.02);
        let most =
            [0.125_f64, 0.25, 0.5, 1.0, 2.0].map(|fraction| 1.0 + (1.5 * fraction).tanh()).iter().sum::<f64>() / 5.0;
        close(bets.proof(), most.ln(), 1e-12);
    }
    // What is lost stays lost, and what was proved stays proved.
    let before = bets.proof();
    bets.place(-1.0, 0.02);
    assert_eq!(bets.proof(), before);
}

/// Distances from the median 3 of 1, 2, 3, 4, 100 are 2, 1, 0, 1, 97: their median is 1.
#[test]
fn a_robust_spread_does_not_see_outliers() {
    close(robust_spread(&[1.0, 2.0, 3.0, 4.0, 100.0]).unwrap(), 1.4826, 1e-12);
    assert_eq!(robust_spread(&[5.0; 4]), Some(0.0));
    assert_eq!(robust_spread(&[f64::NAN]), None);
}

/// By hand for (1, 3), (5, 7), (9, 11): means 2, 6, 10 around 6, so the mean square between is 2·32/2 = 32; within it is
/// (2 + 2 + 2)/3 = 2; √((32 − 2)/2) = √15.
#[test]
fn what_varies_between_groups_is_told_from_what_varies_within() {
    close(spread_between(&[[1.0, 3.0], [5.0, 7.0], [9.0, 11.0]]).unwrap(), 15_f64.sqrt(), 1e-12);
    // Nothing but noise within: never below zero.
    assert_eq!(spread_between(&[[1.0, 3.0], [3.0, 1.0], [1.0, 3.0]]), Some(0.0));
    assert_eq!(spread_between(&[[1.0, 3.0], [3.0, 1.0]]), None);
    let mut rng = Rng::new(3);
    let mut group = |_| {
        let own = 0.02 * rng.normal();
        [own + 0.01 * rng.normal(), own + 0.01 * rng.normal()]
    };
    let groups: Vec<[f64; 2]> = (0..2_000).map(&mut group).collect();
    close(spread_between(&groups).unwrap(), 0.02, 0.06);
}
