//! The direction in which a table spreads most: power iteration that forgets nothing.
//!
//! Plain power iteration keeps the last vector only and crawls when two eigenvalues are close. Keeping all of them (Lanczos 1950, with
//! full orthogonalisation) finds the best direction among everything seen so far after a few dozen products. Further directions come
//! one after the other, each kept clear of those found, so equal eigenvalues do no harm.
//!
//! What must stay true: the same operator gives the same bits; nothing here draws a random number.

use crate::draw::Splitmix;

/// Most vectors kept before it begins again at the best direction.
const STEPS: usize = 120;
/// Most beginnings.
const SWEEPS: usize = 10;
/// How often it looks whether it is found, in vectors.
const LOOKS: usize = 4;
/// It is found when its residual is no larger than this, in parts of the eigenvalue: as exactly as numbers allow…
pub const EXACT: f64 = 1e-13;
/// …or well enough to compare with.
pub const ROUGH: f64 = 1e-5;

/// Largest eigenvalue of a symmetric operator without negative ones, and its direction of length 1, among all directions at right
/// angles to `found`. Nothing when the operator takes everything there to zero.
pub fn leading(size: usize, found: &[Vec<f64>], residual: f64, apply: &impl Fn(&[f64], &mut [f64])) -> Option<(f64, Vec<f64>)> {
    // Another one each time: of equal eigenvalues a start has but one direction in it.
    let mut draws = Splitmix::new(1 + found.len() as u64);
    let any: Vec<f64> = (0..size).map(|_| 0.5 + draws.part()).collect();
    // What the operator takes to zero is out of the way at once.
    let mut start = vec![0.0; size];
    apply(&any, &mut start);
    let whole = norm(&start);
    clear_of(&mut start, found.iter());
    if !shorten(&mut start, whole * 1e-12) {
        return None;
    }
    let mut value = 0.0;
    for _ in 0..SWEEPS {
        let done;
        (value, start, done) = sweep(start, found, residual, apply);
        if done {
            break;
        }
    }
    (value > 0.0).then_some((value, start))
}

/// The best direction among a start and what the operator makes of it, again and again.
fn sweep(start: Vec<f64>, found: &[Vec<f64>], residual: f64, apply: &impl Fn(&[f64], &mut [f64])) -> (f64, Vec<f64>, bool) {
    let (size, whole) = (start.len(), start.len() - found.len());
    let (mut basis, mut diagonal, mut beside) = (vec![start], Vec::new(), Vec::new());
    loop {
        let last = &basis[basis.len() - 1];
        let mut next = vec![0.0; size];
        apply(last, &mut next);
        diagonal.push(dot(last, &next));
        // Twice, because the first time leaves what rounding made.
        clear_of(&mut next, found.iter().chain(&basis));
        clear_of(&mut next, found.iter().chain(&basis));
        let rest = norm(&next);
        let many = basis.len();
        // Nothing is left but rounding: everything that the start can reach has been seen.
        let all = many == whole || rest <= EXACT * diagonal[0];
        if !all && many % LOOKS != 0 && many < STEPS {
            beside.push(rest);
            shorten(&mut next, 0.0);
            basis.push(next);
            continue;
        }
        let (value, weights) = largest(&diagonal, &beside);
        let still = all || rest * weights[weights.len() - 1].abs() <= residual * value;
        if still || many == STEPS {
            let mut best = vec![0.0; size];
            for (v, w) in basis.iter().zip(&weights) {
                best.iter_mut().zip(v).for_each(|(b, v)| *b += w * v);
            }
            clear_of(&mut best, found.iter());
            shorten(&mut best, 0.0);
            return (value, best, still);
        }
        beside.push(rest);
        shorten(&mut next, 0.0);
        basis.push(next);
    }
}

/// Largest eigenvalue of a matrix with three diagonals, and its direction. `beside` is positive, so no part of the direction is 0.
fn largest(diagonal: &[f64], beside: &[f64]) -> (f64, Vec<f64>) {
    let n = diagonal.len();
    let reach = |i: usize| if i > 0 { beside[i - 1] } else { 0.0 } + if i + 1 < n { beside[i] } else { 0.0 };
    let mut low = diagonal.iter().copied().fold(f64::MIN, f64::max);
    let mut high = (0..n).map(|i| diagonal[i] + reach(i)).fold(f64::MIN, f64::max);
    // All pivots of the matrix less x are negative exactly when x is above all eigenvalues.
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if pivots(diagonal, beside, middle).all(|p| p < 0.0) { high = middle } else { low = middle }
    }
    let least = f64::EPSILON * high.abs().max(f64::MIN_POSITIVE);
    let pivots: Vec<f64> = pivots(diagonal, beside, high).map(|p| p.min(-least)).collect();
    let mut vector = vec![1.0; n];
    for _ in 0..3 {
        for i in 1..n {
            vector[i] -= beside[i - 1] / pivots[i - 1] * vector[i - 1];
        }
        for i in (0..n).rev() {
            vector[i] /= pivots[i];
            if i + 1 < n {
                vector[i] -= beside[i] / pivots[i] * vector[i + 1];
            }
        }
        shorten(&mut vector, 0.0);
    }
    (high, vector)
}

/// Pivots of elimination.
fn pivots<'a>(diagonal: &'a [f64], beside: &'a [f64], x: f64) -> impl Iterator<Item = f64> + 'a {
    let mut before = 1.0;
    diagonal.iter().enumerate().map(move |(i, d)| {
        before = d - x - if i > 0 { beside[i - 1] * beside[i - 1] / before } else { 0.0 };
        before
    })
}

/// The sum of products.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

/// Takes out what points the way of the others, which have length 1.
fn clear_of<'a>(v: &mut [f64], others: impl Iterator<Item = &'a Vec<f64>>) {
    for other in others {
        let part = dot(v, other);
        v.iter_mut().zip(other).for_each(|(x, o)| *x -= part * o);
    }
}

/// Gives it length 1, when it is longer than that.
fn shorten(v: &mut [f64], than: f64) -> bool {
    let length = norm(v);
    let long = length > than;
    if long {
        v.iter_mut().for_each(|x| *x /= length);
    }
    long
}
