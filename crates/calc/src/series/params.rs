//! Methods and their settings by name, as a command or a form has them. Names of settings are those of R's `surveillance` where it
//! has one.

use super::cusum::{Cusum, Mean, Training, Trans};
use super::ears::{Ears, Kind};
use super::farrington::Farrington;
use super::farrington::bound::Bound;
use super::glr::Glr;
use super::percentile::Percentile;
use super::threshold::Threshold;
use super::{Method, bayes::Bayes};

/// Names of all methods.
pub const METHODS: [&str; 11] = [
    "ears-c1",
    "ears-c2",
    "ears-c3",
    "cusum",
    "percentile",
    "farrington",
    "farrington-flexible",
    "glr-nb",
    "glr-poisson",
    "bayes",
    "threshold",
];

/// Why a setting was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The method has none of that name.
    Name,
    /// The value is not one of these.
    Value(&'static str),
}

/// Largest whole number of a setting: more points than a century of weeks.
const MOST: u32 = 10_000;

impl Method {
    /// A method with its usual settings.
    pub fn named(name: &str) -> Option<Method> {
        Some(match name {
            "ears-c1" => Method::Ears(Ears::new(Kind::C1)),
            "ears-c2" => Method::Ears(Ears::new(Kind::C2)),
            "ears-c3" => Method::Ears(Ears::new(Kind::C3)),
            "cusum" => Method::Cusum(Cusum::default()),
            "percentile" => Method::Percentile(Percentile::default()),
            "farrington" => Method::Farrington(Farrington::of_1996()),
            "farrington-flexible" => Method::Farrington(Farrington::default()),
            "glr-nb" => Method::Glr(Glr::new(true)),
            "glr-poisson" => Method::Glr(Glr::new(false)),
            "bayes" => Method::Bayes(Bayes::default()),
            "threshold" => Method::Threshold(Threshold::default()),
            _ => return None,
        })
    }

    /// Changes a setting.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Unfit> {
        match self {
            Method::Ears(ears) => match name {
                "baseline" => ears.baseline = whole(value, 2)?,
                "alpha" => ears.alpha = chance(value)?,
                "minSigma" => ears.min_sigma = Some(number(value)?),
                "minCount" => ears.least = whole(value, 0)?,
                _ => return Err(Unfit::Name),
            },
            Method::Cusum(cusum) => match name {
                "k" => cusum.k = number(value)?,
                "h" => cusum.h = number(value)?,
                "trans" => cusum.trans = trans(value)?,
                "m" => cusum.mean = mean(value)?,
                "reset" => cusum.reset = Some(flag(value)?),
                _ => return training(&mut cusum.training, name, value),
            },
            Method::Percentile(percentile) => match name {
                "b" => percentile.years = whole(value, 1)?,
                "w" => percentile.window = whole(value, 0)?,
                "percentile" => {
                    percentile.percentile = number(value).ok().filter(|p| *p <= 100.0).ok_or(Unfit::Value("0 to 100"))?
                }
                "compare" => percentile.inclusive = one_of(value, &["gt", "ge"], "gt or ge")? == 1,
                _ => return Err(Unfit::Name),
            },
            Method::Farrington(set) => return farrington(set, name, value),
            Method::Glr(glr) => match name {
                "c" | "c.ARL" => glr.c = number(value)?,
                "a" | "alpha" if glr.negbin => glr.a = Some(number(value)?),
                "M" => glr.back = if value == "-1" { None } else { Some(whole(value, 1)?) },
                "Mtilde" => glr.least = whole(value, 1)?,
                "S" => glr.harmonics = whole(value, 0).ok().filter(|s| *s <= 7).ok_or(Unfit::Value("0 to 7"))?,
                "trend" => glr.trend = flag(value)?,
                _ => return training(&mut glr.training, name, value),
            },
            Method::Bayes(bayes) => match name {
                "b" => bayes.years = whole(value, 0)?,
                "w" => bayes.window = whole(value, 1)?,
                "actY" => bayes.current = flag(value)?,
                "alpha" => bayes.alpha = chance(value)?,
                "variant" => {
                    let found = value.parse().ok().and_then(Bayes::variant).ok_or(Unfit::Value("1, 2 or 3"))?;
                    *bayes = Bayes { alpha: bayes.alpha, ..found };
                }
                _ => return Err(Unfit::Name),
            },
            Method::Threshold(threshold) => match name {
                "threshold" => threshold.cases = number(value)?,
                "window" => threshold.window = whole(value, 1)?,
                "per" => threshold.per = Some(number(value).ok().filter(|p| *p > 0.0).ok_or(Unfit::Value("more than 0"))?),
                _ => return Err(Unfit::Name),
            },
        }
        Ok(())
    }
}

fn farrington(set: &mut Farrington, name: &str, value: &str) -> Result<(), Unfit> {
    match name {
        "b" => set.shape.years = whole(value, 1)?,
        "w" => set.shape.window = whole(value, 0)?,
        "noPeriods" => set.shape.periods = whole(value, 1)?,
        "pastWeeksNotIncluded" => set.shape.guard = Some(whole(value, 0)?),
        "reweight" => set.reweight = flag(value)?,
        "weightsThreshold" => set.threshold = number(value)?,
        "alpha" => set.alpha = chance(value)?,
        "trend" => set.trend = flag(value)?,
        "pThresholdTrend" => set.trend_p = number(value)?,
        "thresholdMethod" => {
            let ways = [Bound::Delta, Bound::NbPlugin, Bound::Muan];
            set.bound = ways[one_of(value, &["delta", "nbPlugin", "muan"], "delta, nbPlugin or muan")?];
        }
        "limit54" => {
            let (cases, points) = value.split_once(',').unwrap_or((value, "4"));
            (set.least, set.within) = (whole(cases, 0)?, whole(points, 1)?);
        }
        "populationOffset" => set.offset = flag(value)?,
        _ => return Err(Unfit::Name),
    }
    Ok(())
}

fn training(training: &mut Training, name: &str, value: &str) -> Result<(), Unfit> {
    match name {
        "train" => training.least = Some(whole(value, 1)?),
        "lead" => training.lead = whole(value, 0)?,
        _ => return Err(Unfit::Name),
    }
    Ok(())
}

fn trans(value: &str) -> Result<Trans, Unfit> {
    let all = [Trans::Standard, Trans::Rossi, Trans::Anscombe, Trans::Anscombe2nd];
    Ok(all[one_of(value, &["standard", "rossi", "anscombe", "anscombe2nd"], "standard, rossi, anscombe or anscombe2nd")?])
}

fn mean(value: &str) -> Result<Mean, Unfit> {
    match value {
        "mean" => Ok(Mean::Average),
        "glm" => Ok(Mean::Season),
        _ => number(value).map(Mean::Fixed).map_err(|_| Unfit::Value("mean, glm or a number")),
    }
}

fn one_of(value: &str, all: &[&str], said: &'static str) -> Result<usize, Unfit> {
    all.iter().position(|v| *v == value).ok_or(Unfit::Value(said))
}

fn flag(value: &str) -> Result<bool, Unfit> {
    match value {
        "1" | "true" | "TRUE" | "T" => Ok(true),
        "0" | "false" | "FALSE" | "F" => Ok(false),
        _ => Err(Unfit::Value("0 or 1")),
    }
}

fn whole(value: &str, least: u32) -> Result<u32, Unfit> {
    let said = if least == 0 { "a whole number from 0 to 10000" } else { "a whole number from 1 (a baseline: 2) to 10000" };
    value.parse().ok().filter(|n| (least..=MOST).contains(n)).ok_or(Unfit::Value(said))
}

fn number(value: &str) -> Result<f64, Unfit> {
    value.parse().ok().filter(|n: &f64| *n >= 0.0 && n.is_finite()).ok_or(Unfit::Value("a number from 0 on"))
}

fn chance(value: &str) -> Result<f64, Unfit> {
    value.parse().ok().filter(|n| *n > 0.0 && *n < 1.0).ok_or(Unfit::Value("more than 0 and less than 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_a_name_and_says_what_it_does_not_take() {
        for name in METHODS {
            let mut method = Method::named(name).unwrap();
            assert_eq!(method.set("no such", "1"), Err(Unfit::Name), "{name}");
        }
        assert!(Method::named("boda").is_none());
        let mut method = Method::named("farrington-flexible").unwrap();
        for (name, value) in [
            ("b", "4"),
            ("noPeriods", "10"),
            ("pastWeeksNotIncluded", "26"),
            ("thresholdMethod", "nbPlugin"),
            ("alpha", "0.005"),
            ("pThresholdTrend", "1"),
            ("limit54", "5,4"),
            ("b", "5"),
        ] {
            method.set(name, value).unwrap();
        }
        assert_eq!(method, Method::Farrington(Farrington::noufaily()));
        for (name, value) in
            [("alpha", "0"), ("alpha", "1"), ("b", "0"), ("b", "x"), ("thresholdMethod", ""), ("w", "-1"), ("trend", "2")]
        {
            assert!(matches!(method.set(name, value), Err(Unfit::Value(_))), "{name}={value}");
        }
        let mut method = Method::named("bayes").unwrap();
        method.set("variant", "3").unwrap();
        assert_eq!(method, Method::Bayes(Bayes { years: 2, window: 4, current: false, alpha: 0.05 }));
        assert_eq!(Method::named("glr-poisson").unwrap().set("a", "0.2"), Err(Unfit::Name), "Poisson has none");
    }
}
