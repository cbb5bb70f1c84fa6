//! A mean that follows the season: Poisson or negative binomial regression with logarithmic link on a few columns, by
//! iterated least squares, each by Householder's reflections.
//!
//! What must stay true: Poisson starts at count + 0.1, negative binomial at the count or ⅙, both stop when the deviance changes by less than
//! 1e-8 of itself, as R does, so results agree to the last digits even where that is early.

/// Most columns.
pub const COLUMNS: usize = 16;

/// Steps before it is given up.
const STEPS: usize = 25;

/// Columns of a season: 1, with `trend` the time, and `harmonics` pairs of sine and cosine of a year of `freq` points.
pub fn season(t: f64, harmonics: usize, trend: bool, freq: f64) -> Vec<f64> {
    let mut row = vec![1.0];
    if trend {
        row.push(t);
    }
    for s in 1..=harmonics.min((COLUMNS - 2) / 2) {
        let (sin, cos) = (2.0 * std::f64::consts::PI * s as f64 * t / freq).sin_cos();
        row.extend([sin, cos]);
    }
    row
}

/// Coefficients of log means. `dispersion` is the a of a variance μ + aμ², 0 for Poisson. Nothing when there are too few rows,
/// columns say the same, or it does not settle.
pub fn fit(rows: &[Vec<f64>], y: &[f64], dispersion: f64) -> Option<Vec<f64>> {
    let columns = rows.first()?.len();
    if columns > COLUMNS || rows.len() != y.len() || rows.len() < columns || !y.iter().any(|y| *y > 0.0) {
        return None;
    }
    let start = |y: &f64| if dispersion > 0.0 && *y > 0.0 { *y } else { y + if dispersion > 0.0 { 1.0 / 6.0 } else { 0.1 } };
    let mut mu: Vec<f64> = y.iter().map(start).collect();
    let mut old = deviance(y, &mu, dispersion);
    for _ in 0..STEPS {
        let weight = |m: f64| (m / (1.0 + dispersion * m)).sqrt();
        let scaled = rows.iter().zip(y.iter().zip(&mu)).map(|(row, (y, m))| {
            let w = weight(*m);
            let mut line: Vec<f64> = row.iter().map(|x| x * w).collect();
            line.push(w * (m.ln() + (y - m) / m));
            line
        });
        let beta = least_squares(scaled.collect(), columns)?;
        for (m, row) in mu.iter_mut().zip(rows) {
            *m = mean(row, &beta);
        }
        let new = deviance(y, &mu, dispersion);
        if !new.is_finite() {
            return None;
        }
        if (new - old).abs() / (new.abs() + 0.1) < 1e-8 {
            return Some(beta);
        }
        old = new;
    }
    None
}

/// The mean of a row.
pub fn mean(row: &[f64], beta: &[f64]) -> f64 {
    row.iter().zip(beta).map(|(x, b)| x * b).sum::<f64>().exp().max(f64::EPSILON)
}

fn deviance(y: &[f64], mu: &[f64], a: f64) -> f64 {
    let one = |(y, m): (&f64, &f64)| {
        let log = if *y > 0.0 { y * (y / m).ln() } else { 0.0 };
        match a > 0.0 {
            true => 2.0 * (log - (y + 1.0 / a) * ((1.0 + a * y) / (1.0 + a * m)).ln()),
            false => 2.0 * (log - (y - m)),
        }
    };
    y.iter().zip(mu).map(one).sum()
}

/// Least squares of the last column on those before it.
fn least_squares(mut a: Vec<Vec<f64>>, columns: usize) -> Option<Vec<f64>> {
    let rows = a.len();
    let length = |a: &[Vec<f64>], j: usize, from: usize| a[from..].iter().map(|r| r[j] * r[j]).sum::<f64>().sqrt();
    let scale: Vec<f64> = (0..columns).map(|j| length(&a, j, 0)).collect();
    for j in 0..columns {
        let norm = length(&a, j, j);
        if norm.is_nan() || norm <= 1e-10 * scale[j] {
            return None;
        }
        let alpha = if a[j][j] > 0.0 { -norm } else { norm };
        let mut v: Vec<f64> = a[j..].iter().map(|r| r[j]).collect();
        v[0] -= alpha;
        let square: f64 = v.iter().map(|x| x * x).sum();
        for k in j..=columns {
            let along = 2.0 * v.iter().zip(&a[j..]).map(|(v, r)| v * r[k]).sum::<f64>() / square;
            for (v, r) in v.iter().zip(&mut a[j..]) {
                r[k] -= along * v;
            }
        }
    }
    let mut beta = vec![0.0; columns];
    for j in (0..columns.min(rows)).rev() {
        let known: f64 = (j + 1..columns).map(|k| a[j][k] * beta[k]).sum();
        beta[j] = (a[j][columns] - known) / a[j][j];
    }
    beta.iter().all(|b| b.is_finite()).then_some(beta)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_without_a_season_is_the_mean() {
        let y = [3.0, 0.0, 5.0, 4.0, 1.0];
        let rows: Vec<_> = (0..5).map(|t| season(f64::from(t), 0, false, 52.0)).collect();
        for a in [0.0, 0.3] {
            assert!((mean(&rows[0], &fit(&rows, &y, a).unwrap()) - 2.6).abs() < 1e-8);
        }
        assert!(fit(&rows, &[0.0; 5], 0.0).is_none());
        assert!(fit(&rows, &[f64::NAN, 1.0, 1.0, 1.0, 1.0], 0.0).is_none());
        assert!(fit(&[], &[], 0.0).is_none());
        let same = vec![vec![1.0, 2.0]; 5];
        assert!(fit(&same, &y, 0.0).is_none(), "two columns that say the same");
    }

    #[test]
    fn a_season_that_is_there_is_found() {
        let truth = [1.5, 0.01, 0.6, -0.3];
        let rows: Vec<_> = (1..=156).map(|t| season(f64::from(t), 1, true, 52.0)).collect();
        let y: Vec<f64> = rows.iter().map(|row| mean(row, &truth)).collect();
        for a in [0.0, 0.2] {
            let found = fit(&rows, &y, a).unwrap();
            assert!(found.iter().zip(truth).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
        }
    }
}
