//! People under one roof: the third kind of pair.
//!
//! Fellegi & Sunter know pairs of one person and pairs of different people who agree by chance. Relatives agree by neither: they
//! share home, family name and telephone because they live together, and columns that count as independent then pass them off
//! as one person, or learning even takes "lives there too" for what it looks for. So the model has a class for them: different
//! people of one household, who agree in what households share and in nothing else but by chance. A pair is one person
//! only as far as that explains it better than a household does.
//!
//! What must stay true: the class takes evidence away and never adds any; a table in which nobody could share a home or a telephone
//! has no such class, and weighs as Fellegi & Sunter would.

use super::intern::Dict;
use super::levels::{Compared, SAME};
use super::model::{Evidence, Model, Weights};
use super::records::{FAMILY, Records};
use super::schema::Kind;

/// Levels of a Chinese name with the same family name that do not already say so: one, half, family.
const FAMILY_SAME: [usize; 3] = [3, 4, 6];

/// Whether a table says something that households share.
pub fn may_share(records: &Records) -> bool {
    records.schema.columns.iter().any(|(_, kind)| matches!(kind, Kind::Address | Kind::Phone))
}

/// What is expected of two people of one household before any were seen.
pub fn expected(compared: Compared) -> &'static [f64] {
    match compared {
        Compared::Name(_) => &[0.0, 0.005, 0.005, 0.015, 0.02, 0.005, 0.50, 0.005, 0.005, 0.435, 0.005],
        Compared::Id(_) => &[0.0, 0.001, 0.001, 0.001, 0.047, 0.95],
        Compared::Birth(_) => &[0.0, 0.01, 0.0005, 0.001, 0.001, 0.002, 0.002, 0.02, 0.9635],
        Compared::Sex(_) => &[0.0, 0.45, 0.55],
        Compared::Phone(_) => &[0.0, 0.20, 0.001, 0.799],
        Compared::Place(..) => &[0.0, 0.94, 0.01, 0.02, 0.02, 0.01],
        Compared::Text(_) => &[0.0, 0.30, 0.02, 0.03, 0.65],
    }
}

/// Whether a level of a comparison is what households are known by.
pub fn sign(compared: Compared, level: usize) -> bool {
    level == usize::from(SAME) && matches!(compared, Compared::Phone(_) | Compared::Place(Some(_), _))
}

impl Model {
    /// How much less a pair weighs because the two may be people of one household: bits, never more than almost none.
    #[inline]
    pub(super) fn household_bits(&self, records: &Records, pattern: u64, a: &[u32], b: &[u32]) -> f64 {
        if self.household <= 0.0 {
            return 0.0;
        }
        let rare =
            self.weights.iter().enumerate().map(|(i, w)| w.rare_at_home(records, super::levels::level_in(pattern, i), a, b));
        let odds = self.household * (self.home_bits(pattern) + rare.sum::<f64>()).exp2();
        -((1.0 - self.prior - self.household + odds) / (1.0 - self.prior)).log2()
    }

    /// The same, told as evidence, when there is something to tell.
    pub(super) fn household_evidence(&self, records: &Records, pattern: u64, a: &[u32], b: &[u32]) -> Option<Evidence> {
        let bits = self.household_bits(records, pattern, a, b);
        let shared = |c: Compared| match c {
            Compared::Place(Some(at), _) | Compared::Phone(at) => Some(at),
            _ => None,
        };
        let at = self.weights.iter().find_map(|w| shared(w.compared))?;
        let column = records.schema.columns[at].0.clone();
        (self.household > 0.0).then_some(Evidence { column, what: "household", level: "household", bits })
    }
}

impl Weights {
    /// What just these values weigh more or less for a household than those of mean frequency.
    #[inline]
    fn rare_at_home(&self, records: &Records, level: usize, a: &[u32], b: &[u32]) -> f64 {
        let Compared::Name(at) = self.compared else { return self.rarity(records, level, a, b) };
        let column = &records.columns[at];
        let (family, other) = (a[column.word + FAMILY], b[column.word + FAMILY]);
        if family == 0 || family != other {
            return if level == usize::from(SAME) && family == 0 { self.rarity(records, level, a, b) } else { 0.0 };
        }
        // Relatives with one name beyond the family name are as frequent as chance makes them: so much counts the family alone.
        if level == usize::from(SAME) || FAMILY_SAME.contains(&level) { frequent(&column.families, family) } else { 0.0 }
    }
}

/// How much rarer a value is than those that two rows share by chance, in bits.
fn frequent(dict: &Dict, id: u32) -> f64 {
    let n = f64::from(dict.total());
    (dict.equal_pairs() * 2.0 / (n * f64::from(dict.count(id).max(1)))).log2()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{batch, id_of};
    use super::super::*;
    use crate::draw::Splitmix;

    type Rows = Vec<(String, [String; 7])>;

    /// Families of one to six with one family name, one home and one telephone; every third person has a later row with a
    /// slip, and half of all rows have no ID number. Keys end with the person.
    fn families(many: usize, seed: u64) -> Rows {
        let mut draws = Splitmix::new(seed);
        let mut below = |most: usize| (draws.draw() % most as u64) as usize;
        let given: Vec<char> =
            "伟芳娜敏静秀丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红建国文辉力永健世广志义兴良海山仁波宁贵福".chars().collect();
        let surnames: Vec<char> = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹".chars().collect();
        let (mut rows, mut person) = (Rows::new(), 0);
        for n in 0..many {
            let family = surnames[below(surnames.len())];
            let phone = (13_000_000_000 + below(1_000_000_000)).to_string();
            let community = format!("社区{}", below(40));
            let home = format!("{}栋{}单元{}室", n % 30 + 1, below(4) + 1, (below(18) + 1) * 100 + below(4) + 1);
            for _ in 0..=below(6) {
                person += 1;
                let name: String = [family, given[below(given.len())], given[below(given.len())]].iter().collect();
                let birth = format!("{}-{:02}-{:02}", 1935 + below(85), 1 + below(12), 1 + below(28));
                let man = below(2);
                let id = id_of(&birth, below(400) as u32 * 2 + man as u32);
                let sex = ["女", "男"][man].to_owned();
                let row = [name, sex, birth, id, phone.clone(), community.clone(), home.clone()];
                let kept = |mut row: [String; 7], without: bool| {
                    if without {
                        row[3].clear();
                    }
                    row
                };
                rows.push((format!("a{person:06}"), kept(row.clone(), below(2) == 0)));
                if below(3) == 0 {
                    let mut later = row;
                    match below(5) {
                        0 => later[0] = later[0].replace('伟', "玮").replace('丽', "莉").replace('华', "骅"),
                        1 => later[4].clear(),
                        2 => (later[5], later[6]) = (format!("社区{}", below(40)), format!("{}栋1单元101室", below(30))),
                        3 => later[2] = format!("{}{}", later[2][..4].parse::<u32>().unwrap() + 1, &later[2][4..]),
                        _ => {}
                    }
                    rows.push((format!("b{person:06}"), kept(later, below(2) == 0)));
                }
            }
        }
        rows
    }

    /// Precision and recall of clusters, by pairs.
    fn judged(batch: &Batch, clusters: &[u32]) -> (f64, f64) {
        let person = |row: usize| batch.key(row)[1..].to_owned();
        let pairs = |groups: Vec<String>| {
            let mut sizes = std::collections::HashMap::new();
            groups.into_iter().for_each(|g| *sizes.entry(g).or_insert(0u64) += 1);
            sizes.values().map(|n| n * (n - 1) / 2).sum::<u64>() as f64
        };
        let all = |group: &dyn Fn(usize) -> String| pairs((0..batch.len()).map(group).collect());
        let right = all(&|row| format!("{} {}", clusters[row], person(row)));
        (right / all(&|row| clusters[row].to_string()), right / all(&person))
    }

    #[test]
    fn families_with_one_telephone_stay_apart() {
        for seed in [1, 2] {
            let batch = batch(&families(2000, seed));
            for join in [0.8, SURE] {
                let out = batch.link(Wanted { least: 0.5, join });
                let (precision, recall) = judged(&batch, &out.clusters);
                assert!(
                    precision > 0.99 && recall > 0.97,
                    "seed {seed}, from {join}: precision {precision:.4}, recall {recall:.4}"
                );
            }
        }
    }

    #[test]
    fn what_relatives_share_is_told_and_weighs_less() {
        let rows = families(2000, 3);
        let batch = batch(&rows);
        let out = batch.link(Wanted::default());
        let row = |key: &str| (0..batch.len()).find(|i| batch.key(*i) == key).unwrap();
        let relatives =
            rows.windows(2).find(|w| w[0].0[1..] != w[1].0[1..] && w[0].1[4..] == w[1].1[4..] && w[0].1[2] != w[1].1[2]).unwrap();
        let (a, b) = (row(&relatives[0].0), row(&relatives[1].0));
        let told = out.model.explain(batch.records(), batch.records().row(a), batch.records().row(b));
        let bits = |what: &str| told.iter().find(|e| e.what == what).unwrap().bits;
        assert!(bits("phone") > 8.0 && bits("place") > 8.0, "{told:?}");
        assert!(bits("household") < -12.0, "{told:?}");
        let weight = out.model.weigh(batch.records(), batch.records().row(a), batch.records().row(b));
        assert!(probability(weight) < 0.2, "{weight}: {told:?}");
        // Who agrees in name and birth too is the same person, relatives or not.
        let same = out.model.explain(batch.records(), batch.records().row(a), batch.records().row(a));
        assert!(same.iter().find(|e| e.what == "household").unwrap().bits > -30.0);
        assert!(probability(out.model.weigh(batch.records(), batch.records().row(a), batch.records().row(a))) > 0.99);
    }
}
