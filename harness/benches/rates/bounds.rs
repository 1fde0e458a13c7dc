//! How high a rate can be of which some number of cases was seen.

/// What is left of doubt.
const DOUBT: f64 = 0.05;
/// Halvings of the interval: more than a double has digits.
const STEPS: usize = 60;

/// The one-sided upper bound at 95 %, by Clopper and Pearson (1934): the rate at which so few of
/// `all` would be seen in one of twenty runs.
pub fn upper(seen: usize, all: usize) -> f64 {
    if seen >= all {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..STEPS {
        let middle = (low + high) / 2.0;
        if at_most(seen, all, middle) > DOUBT { low = middle } else { high = middle }
    }
    high
}

/// How likely it is to see at most so many of `all`.
fn at_most(seen: usize, all: usize, rate: f64) -> f64 {
    let mut one = (1.0 - rate).powi(i32::try_from(all).unwrap_or(i32::MAX));
    let mut sum = one;
    for number in 0..seen {
        one *= (all - number) as f64 / (number + 1) as f64 * rate / (1.0 - rate);
        sum += one;
    }
    sum
}
