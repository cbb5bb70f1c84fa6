//! The exact side of a run: prices as fractions over one common denominator, and money as what a voter began with less the prices
//! he paid.
//!
//! Whoever could not pay a price in full has nothing left. So all who have money left paid every winner they support in full, and what
//! a whole group of them has is a sum of few fractions with small whole factors: how many of the group paid
//! which winner. No voter needs a fraction of his own.

use std::cmp::Ordering;

use super::natural::Natural;
use super::shares::{ROUND, Run};

/// Attempts to draw the line between poor and rich by rounded numbers before every supporter is compared exactly.
const ATTEMPTS: u32 = 64;

/// Prices so far.
#[derive(Debug, Default)]
pub struct Exact {
    /// The common denominator.
    pub(super) common: Natural,
    /// What everybody began with, over it.
    endowment: Natural,
    /// What each winner cost for each point, over it.
    prices: Vec<Natural>,
    /// Which of these a project is.
    places: Vec<Option<u32>>,
}

/// The exact price of a project for each point: a fraction, and where it lies.
#[derive(Debug, Default)]
pub struct Price {
    /// Over the common denominator, and over this.
    over: Natural,
    /// Points of those who pay in full.
    pub by: u64,
    /// Rounded.
    pub price: f64,
    /// The key is not greater.
    pub key_high: f64,
    /// Whoever has less than this for each point is poor, whoever has more than that is rich.
    pub poor: f64,
    /// See there.
    pub rich: f64,
    /// All between, compared exactly.
    pub near: Vec<Near>,
}

/// A supporter whose money for each point is near the price.
#[derive(Debug)]
pub struct Near {
    /// The distinct ballot.
    pub who: u32,
    /// Points he gives.
    pub given: u32,
    /// He pays in full.
    pub rich: bool,
    /// And has something left.
    pub left: bool,
    /// Exactly, over the common denominator.
    money: Natural,
}

/// A sum of money that a group of voters has: so many, who paid winners so many times.
pub(super) struct Group {
    heads: u64,
    paid: Vec<u64>,
}

impl Price {
    /// Which key is less: each price is divided by its base.
    pub fn compare(&self, base: u64, other: &Price, other_base: u64) -> Ordering {
        let (mut a, mut b) = (self.over.clone(), other.over.clone());
        a.times(other.by);
        a.times(other_base);
        b.times(self.by);
        b.times(base);
        a.cmp(&b)
    }
}

impl Exact {
    /// A run begins; everybody has `endowment` over `voters`.
    pub fn begin(&mut self, endowment: u128, voters: u64, projects: usize) {
        (self.common, self.endowment) = (u128::from(voters).into(), endowment.into());
        self.prices.clear();
        self.places.clear();
        self.places.resize(projects, None);
    }

    /// A project is bought.
    pub fn settle(&mut self, project: u32, price: Price) {
        let Price { mut over, by, .. } = price;
        let shared = gcd(over.remainder(by), by);
        over.divide(shared);
        for number in self.prices.iter_mut().chain([&mut self.common, &mut self.endowment]) {
            number.times(by / shared);
        }
        self.places[project as usize] = Some(self.prices.len() as u32);
        self.prices.push(over);
    }

    /// What a winner cost for each point, in units of which `units` make one of the money, rounded.
    pub fn price_in(&self, project: u32, units: u64) -> u128 {
        let Some(place) = self.places[project as usize] else { return 0 };
        let (mut twice, mut common) = (self.prices[place as usize].clone(), self.common.clone());
        twice.times(2 * units);
        twice.add(&self.common, 1);
        common.times(2);
        twice.whole(&common)
    }

    /// Begins a group.
    pub(super) fn group(&self) -> Group {
        Group { heads: 0, paid: vec![0; self.places.len()] }
    }

    /// What one voter has left who has anything, over the common denominator.
    fn money_of(&self, marks: &[(u32, u32)]) -> Natural {
        let mut money = self.endowment.clone();
        for (project, given) in marks {
            if let Some(place) = self.places[*project as usize] {
                let _ = money.take(&self.prices[place as usize], u64::from(*given));
            }
        }
        money
    }

    /// What a group has, over the common denominator.
    pub(super) fn money(&self, group: &Group) -> Natural {
        let mut sum = Natural::default();
        sum.add(&self.endowment, group.heads);
        for (place, times) in self.places.iter().zip(&group.paid) {
            if let Some(place) = place
                && *times > 0
            {
                // Nobody pays more than he has.
                let _ = sum.take(&self.prices[*place as usize], *times);
            }
        }
        sum
    }
}

impl Group {
    /// Adds the voters of a ballot who have money left.
    pub(super) fn add(&mut self, marks: &[(u32, u32)], times: u32) {
        self.heads += u64::from(times);
        for (project, given) in marks {
            self.paid[*project as usize] += u64::from(times) * u64::from(*given);
        }
    }
}

impl Run<'_> {
    /// The exact price of a project that its supporters can buy, from a guess.
    pub(super) fn price(&self, project: u32, guess: f64) -> Price {
        let mut line = guess;
        for _ in 0..ATTEMPTS {
            // Twice the slack, so that rounding of the line itself has room, too.
            let margin = 2.0 * self.slack + line * 16.0 * ROUND;
            // The poor alone had more than enough: the line is too high, so begin from below.
            let Some(price) = self.price_between(project, line - margin, line + margin) else {
                line = 0.0;
                continue;
            };
            let room = self.slack + price.price * 4.0 * ROUND;
            if price.poor + room <= price.price && price.price <= price.rich - room {
                return price;
            }
            line = price.price;
        }
        self.price_between(project, f64::NEG_INFINITY, f64::INFINITY).unwrap_or_default()
    }

    /// The price when whoever has less than `poor` for each point pays all he has, whoever has more than `rich` pays in full, and the
    /// others are compared with it exactly.
    fn price_between(&self, project: u32, poor: f64, rich: f64) -> Option<Price> {
        let pointed = self.field.pointed;
        if pointed { self.price_as::<true>(project, poor, rich) } else { self.price_as::<false>(project, poor, rich) }
    }

    fn price_as<const POINTED: bool>(&self, project: u32, poor: f64, rich: f64) -> Option<Price> {
        let (mut group, mut by, mut near) = (self.exact.group(), 0, Vec::new());
        for (who, given) in self.field.supporters::<POINTED>(project) {
            let money = self.purses[who as usize].money;
            let (points, times) = (f64::from(given), self.field.times[who as usize]);
            if money == 0.0 {
                continue;
            }
            if money < poor * points {
                group.add(self.field.marks(who), times);
                continue;
            }
            by += u64::from(times) * u64::from(given);
            if money <= rich * points {
                near.push(Near { who, given, rich: true, left: true, money: self.exact.money_of(self.field.marks(who)) });
            }
        }
        let mut over = Natural::default();
        over.add(&self.exact.common, self.field.cost(project));
        let mut enough = over.take(&self.exact.money(&group), 1);
        // The price only rises while those who are too poor for it leave the rich.
        loop {
            let mut poorer = Vec::new();
            for (at, one) in near.iter_mut().enumerate().filter(|(_, one)| one.rich) {
                let (mut has, mut pays) = (one.money.clone(), over.clone());
                has.times(by);
                pays.times(u64::from(one.given));
                (one.left, one.rich) = (has > pays, has >= pays);
                if !one.rich {
                    poorer.push(at);
                }
            }
            if poorer.is_empty() || !enough {
                break;
            }
            // Taken out only now: all were compared with one price.
            for one in poorer.into_iter().map(|at| &near[at]) {
                let times = self.field.times[one.who as usize];
                by -= u64::from(times) * u64::from(one.given);
                enough &= over.take(&one.money, u64::from(times));
            }
        }
        if !enough || by == 0 {
            return None;
        }
        let price = over.over(&self.exact.common) / by as f64;
        let key_high = price / self.field.bases[project as usize] as f64 * (1.0 + 16.0 * ROUND);
        Some(Price { over, by, price, key_high, poor, rich, near })
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if a == 0 { b } else { gcd(b % a, a) }
}
