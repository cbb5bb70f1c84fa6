//! Elections with several seats: who of those with enough votes gets one (得票多者当选).
//!
//! Whether somebody has enough votes is the rule of the vote ([`crate::tally`]); here the seats are given to those with
//! the most. What must stay true: nobody without enough votes is elected; no more are than there are seats; the order in
//! which candidates stand never decides. Where it would, those who are equal are all [`Place::Tied`], and voters choose
//! among them again (Organic Law of Villagers' Committees, art. 15: whoever has more is elected, ties are voted on anew).

/// The votes of one candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Votes {
    /// Enough by the rules of the vote.
    pub enough: bool,
    /// Heads that agreed.
    pub heads: i128,
    /// Area that agreed, 0.01 m²: decides between equal heads where owners vote; 0 where heads alone count.
    pub area: i128,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// 当选
    Elected,
    /// Enough votes, but others had more (候补).
    Reserve,
    /// As many votes as another, and not enough seats for both (再次投票).
    Tied,
    /// Not enough votes.
    Not,
}

impl Place {
    /// As programs write it.
    pub fn name(self) -> &'static str {
        match self {
            Place::Elected => "elected",
            Place::Reserve => "reserve",
            Place::Tied => "tied",
            Place::Not => "not",
        }
    }
}

/// Gives the seats; the places stand in the order of the candidates.
pub fn give(all: &[Votes], seats: usize) -> Vec<Place> {
    let mut enough: Vec<(i128, i128)> = all.iter().filter(|v| v.enough).map(|v| (v.heads, v.area)).collect();
    enough.sort_unstable_by(|a, b| b.cmp(a));
    // The votes of the last seat, and whether somebody without a seat has as many.
    let last = seats.checked_sub(1).and_then(|n| enough.get(n)).copied();
    let shared = last.is_some() && enough.get(seats).copied() == last;
    let place = |v: &Votes| match (v.enough, last) {
        (false, _) => Place::Not,
        (true, None) if seats == 0 => Place::Reserve,
        (true, None) => Place::Elected,
        (true, Some(last)) => match (v.heads, v.area).cmp(&last) {
            std::cmp::Ordering::Greater => Place::Elected,
            std::cmp::Ordering::Equal if shared => Place::Tied,
            std::cmp::Ordering::Equal => Place::Elected,
            std::cmp::Ordering::Less => Place::Reserve,
        },
    };
    all.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places(all: &[(bool, i128)], seats: usize) -> Vec<&'static str> {
        let votes: Vec<Votes> = all.iter().map(|&(enough, heads)| Votes { enough, heads, area: 0 }).collect();
        give(&votes, seats).into_iter().map(Place::name).collect()
    }

    #[test]
    fn the_most_votes_get_the_seats_and_ties_none() {
        let four = [(true, 60), (true, 80), (false, 40), (true, 70)];
        assert_eq!(places(&four, 2), ["reserve", "elected", "not", "elected"]);
        assert_eq!(places(&four, 5), ["elected", "elected", "not", "elected"]);
        assert_eq!(places(&[(true, 9), (true, 7), (true, 7), (true, 5)], 2), ["elected", "tied", "tied", "reserve"]);
        assert_eq!(places(&[(true, 7), (true, 7)], 2), ["elected", "elected"], "a seat for each is no tie");
        assert_eq!(places(&[(true, 7), (true, 7)], 0), ["reserve", "reserve"]);
    }

    proptest! {
        #[test]
        fn whoever_stands_first_gains_nothing(
            all in proptest::collection::vec((any::<bool>(), 0i128..6, 0i128..3), 0..12), seats in 0usize..6, turn in 0usize..12,
        ) {
            let votes: Vec<Votes> = all.iter().map(|&(enough, heads, area)| Votes { enough, heads, area }).collect();
            let given = give(&votes, seats);
            let turn = if votes.is_empty() { 0 } else { turn % votes.len() };
            let (mut turned, mut same) = (votes.clone(), given.clone());
            turned.rotate_left(turn);
            same.rotate_left(turn);
            prop_assert_eq!(give(&turned, seats), same);
            let elected = given.iter().filter(|p| **p == Place::Elected).count();
            prop_assert!(elected <= seats);
            // A seat stays empty only when nobody is left for it, or equals cannot share it.
            let enough = votes.iter().filter(|v| v.enough).count();
            prop_assert!(elected == seats.min(enough) || given.contains(&Place::Tied));
        }
    }
}
