//! Money changes hands: what the supporters of a winner pay, how that changes how far the outcome holds, and what supporters have left.
//!
//! What must stay true: a purse is exactly 0 when, and only when, nothing is left in it.

use std::cmp::Reverse;

use super::exact::Price;
use super::natural::Natural;
use super::shares::{Payers, Run};

impl Run<'_> {
    /// Takes the price from the purses of the supporters.
    pub(super) fn pay(&mut self, project: u32, price: &Price) -> Payers {
        if self.field.pointed { self.pay_as::<true>(project, price) } else { self.pay_as::<false>(project, price) }
    }

    fn pay_as<const POINTED: bool>(&mut self, project: u32, price: &Price) -> Payers {
        let field = self.field;
        let slope = if self.horizon.far { self.slope_of::<POINTED>(project, price) } else { 0.0 };
        let (mut full, mut rest) = (0.0, 0.0);
        for (who, given) in field.supporters::<POINTED>(project) {
            let purse = &mut self.purses[who as usize];
            let (given, money) = (f64::from(given), purse.money);
            if money > price.rich * given {
                full += purse.heads;
                purse.money -= price.price * given;
                self.horizon.pays_full(who, slope * given);
            } else if money < price.poor * given {
                rest += if money > 0.0 { purse.heads } else { 0.0 };
                purse.money = 0.0;
                self.horizon.pays_all(who, price.poor * given - money, slope * given);
            }
        }
        for near in &price.near {
            let purse = &mut self.purses[near.who as usize];
            *(if near.rich { &mut full } else { &mut rest }) += purse.heads;
            let left = (purse.money - price.price * f64::from(near.given)).max(f64::MIN_POSITIVE);
            purse.money = if near.left { left } else { 0.0 };
            self.horizon.keep(0.0, 1.0);
        }
        Payers { full: full as u64, rest: rest as u64 }
    }

    /// How fast the price of a winner falls when everybody begins with more: what the poor have more, the rich pay less.
    fn slope_of<const POINTED: bool>(&self, project: u32, price: &Price) -> f64 {
        let poor = |(who, given): &(u32, u32)| self.purses[*who as usize].money < price.poor * f64::from(*given);
        let growth = |(who, _): (u32, u32)| self.horizon.slopes[who as usize] * self.purses[who as usize].heads;
        self.field.supporters::<POINTED>(project).filter(poor).map(growth).sum::<f64>() / price.by as f64
    }

    /// Looks how far `project` stays before all others of this round.
    pub(super) fn compare_far(&mut self, project: u32, price: &Price) {
        let base = |p: u32| self.field.bases[p as usize] as f64;
        let slope =
            if self.field.pointed { self.slope_of::<true>(project, price) } else { self.slope_of::<false>(project, price) };
        let slope = slope / base(project);
        for other in self.queue.iter().map(|Reverse((_, other))| *other) {
            let faster = self.bounds[other as usize].slope / base(other);
            self.horizon.overtaken(self.key(other) - price.key_high, faster, slope);
        }
    }

    /// Whether the supporters have what a project costs.
    pub(super) fn can_buy(&self, project: u32) -> bool {
        let mut cost = Natural::default();
        cost.add(&self.exact.common, self.field.cost(project));
        self.left(project) >= cost
    }

    /// What the supporters of a project have left, in units of which `units` make one of the money, without what is less than one.
    pub fn left_in(&self, project: u32, units: u64) -> u128 {
        let mut left = self.left(project);
        left.times(units);
        left.whole(&self.exact.common)
    }

    fn left(&self, project: u32) -> Natural {
        let mut group = self.exact.group();
        for who in self.field.who(project).iter().filter(|who| self.purses[**who as usize].money > 0.0) {
            group.add(self.field.marks(*who), self.field.times[*who as usize]);
        }
        self.exact.money(&group)
    }
}
