//! Invented residents with errors, and the truth about who is who.
//!
//! `recipe`: a hundred family names by 1/rank^.85, given names of 1/rank^.5 characters (85 % have two), born 1935 to 2019,
//! households of about three in one of 400 communities, valid ID numbers; three rows in ten are later copies of random people.
//! Errors are on later copies only: name 8 %, birth 6 %, telephone missing 30 % and else changed 10 %, moved 15 %; the ID number
//! is missing on 55 % of all rows and has a wrong digit on 2 %.
//! `census`: ages, sexes and sizes of households as the census of 2020 found them in `data/demo/census.csv`, family names
//! by `data/demo/family_names.csv`; children bear a parent's family name and often have a parent's telephone, households
//! move together, twins exist. The same errors.
//!
//! What must stay true: the same seed gives the same bytes; nobody of them exists.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use calc::codes::id_check;
use serde_json::json;

use crate::chance::{Chance, sums};

/// What is wanted.
pub struct Plan {
    pub rows: usize,
    pub seed: u64,
    pub census: bool,
    pub out: PathBuf,
    pub truth: PathBuf,
}

const GIVEN: &str = "伟芳娜敏静秀丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红建国文辉力永健世广志义兴良海山仁波宁贵福生龙元全胜学祥才发武新利清飞彬富顺信子昌成康星光天达\
安岩中茂进林有坚和彪博诚先敬震振壮思群豪心邦承乐绍功松善厚庆民友裕河哲江浩亮政谦亨奇固之轮翰朗伯宏言若鸣朋斌梁栋维启克伦翔旭鹏泽晨辰士以家致树炎德行时泰盛雄";
/// Swaps of characters that sound the same.
const SWAPS: [(char, char); 18] = [
    ('伟', '玮'),
    ('芳', '方'),
    ('静', '婧'),
    ('丽', '莉'),
    ('军', '君'),
    ('艳', '燕'),
    ('杰', '洁'),
    ('明', '铭'),
    ('华', '骅'),
    ('建', '健'),
    ('国', '帼'),
    ('志', '智'),
    ('海', '嗨'),
    ('宁', '凝'),
    ('清', '青'),
    ('兴', '星'),
    ('辉', '晖'),
    ('文', '雯'),
];
const AREAS: [&str; 12] =
    ["321002", "321003", "321012", "321023", "321081", "321084", "320102", "320104", "320105", "320106", "320111", "320113"];
const COMMUNITIES: usize = 400;

#[derive(Clone)]
struct Person {
    name: String,
    man: bool,
    birth: (u32, u32, u32),
    id: String,
    phone: u64,
    home: Home,
}

#[derive(Clone, Copy, PartialEq)]
struct Home {
    community: usize,
    building: usize,
    unit: usize,
    room: usize,
}

struct Maker {
    chance: Chance,
    families: Vec<String>,
    family: Vec<f64>,
    given: Vec<char>,
    of_given: Vec<f64>,
    given_out: HashSet<String>,
    /// Age in groups of five years, men first; sizes of households.
    census: Option<([Vec<f64>; 2], Vec<f64>)>,
}

/// Writes rows and truth.
pub fn run(plan: &Plan) -> Result<serde_json::Value, String> {
    let mut maker = Maker::new(plan)?;
    let originals = plan.rows * 7 / 10;
    let mut people: Vec<Person> = Vec::with_capacity(originals + 8);
    while people.len() < originals {
        maker.household(&mut people);
    }
    people.truncate(originals);
    // (person, later copy); mixed, so that a row's place says nothing.
    let mut rows: Vec<(u32, bool)> = (0..originals as u32).map(|i| (i, false)).collect();
    rows.extend((originals..plan.rows).map(|_| (maker.chance.below(originals) as u32, true)));
    let mut copies = vec![0u64; originals];
    rows.iter().for_each(|(i, _)| copies[*i as usize] += 1);
    let true_pairs: u64 = copies.iter().map(|n| n * (n - 1) / 2).sum();
    maker.chance.shuffle(&mut rows);
    // Where the household went, when it moved as a whole.
    let mut moved: HashMap<(usize, usize, usize, usize), Home> = HashMap::new();
    let (mut out, mut truth) = (create(&plan.out)?, create(&plan.truth)?);
    let fail = |e: std::io::Error| e.to_string();
    writeln!(out, "key,name,sex,birth,id,phone,community,address").map_err(fail)?;
    writeln!(truth, "key,person").map_err(fail)?;
    let mut line = String::new();
    for (n, (person, later)) in rows.iter().enumerate() {
        let p = &people[*person as usize];
        line.clear();
        maker.row(n, p, *later, &mut moved, &mut line);
        out.write_all(line.as_bytes()).map_err(fail)?;
        writeln!(truth, "r{n:08},{person}").map_err(fail)?;
    }
    out.flush().and_then(|()| truth.flush()).map_err(fail)?;
    Ok(json!({ "rows": plan.rows, "people": originals, "true_pairs": true_pairs, "seed": plan.seed }))
}

fn create(path: &Path) -> Result<BufWriter<std::fs::File>, String> {
    std::fs::File::create(path).map(BufWriter::new).map_err(|e| format!("{}: {e}", path.display()))
}

fn table(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().skip(1).map(|l| l.split(',').collect())
}

impl Maker {
    fn new(plan: &Plan) -> Result<Maker, String> {
        let names: Vec<(String, f64)> = table(include_str!("../../data/demo/family_names.csv"))
            .filter_map(|row| Some((row.first()?.to_string(), row.get(1)?.parse().ok()?)))
            .collect();
        let many = if plan.census { names.len() } else { 100 };
        let weight = |(rank, (_, weight)): (usize, &(String, f64))| match plan.census {
            true => *weight,
            false => 1.0 / (rank as f64 + 1.0).powf(0.85),
        };
        let family = sums(names.iter().take(many).enumerate().map(weight));
        let given: Vec<char> = GIVEN.chars().collect();
        let of_given = sums((0..given.len()).map(|rank| 1.0 / (rank as f64 + 1.0).sqrt()));
        let families = names.into_iter().map(|(name, _)| name).take(many).collect();
        let census = if plan.census { Some(margins().ok_or("census.csv: not as expected")?) } else { None };
        Ok(Maker { chance: Chance::new(plan.seed), families, family, given, of_given, given_out: HashSet::new(), census })
    }

    fn given(&mut self) -> String {
        let long = self.chance.happens(0.85);
        (0..1 + usize::from(long)).map(|_| self.given[self.chance.weighted(&self.of_given)]).collect()
    }

    fn family(&mut self) -> String {
        self.families[self.chance.weighted(&self.family)].clone()
    }

    fn home(&mut self) -> Home {
        Home {
            community: self.chance.below(COMMUNITIES),
            building: 1 + self.chance.below(30),
            unit: 1 + self.chance.below(4),
            room: (1 + self.chance.below(18)) * 100 + 1 + self.chance.below(4),
        }
    }

    fn phone(&mut self) -> u64 {
        13_000_000_000 + (self.chance.part() * 6.9e9) as u64
    }

    fn person(&mut self, family: &str, man: bool, birth: (u32, u32, u32), home: Home) -> Person {
        let (y, m, d) = birth;
        // No two people have the same number.
        let id = loop {
            let order = self.chance.below(499) * 2 + usize::from(man);
            let area = AREAS[self.chance.below(AREAS.len())];
            let mut id = format!("{area}{y:04}{m:02}{d:02}{order:03}");
            id.extend(id_check(&id));
            if self.given_out.insert(id.clone()) {
                break id;
            }
        };
        let phone = self.phone();
        Person { name: format!("{family}{}", self.given()), man, birth, id, phone, home }
    }

    fn day(&mut self, from: u32, to: u32) -> (u32, u32, u32) {
        let year = from + self.chance.below((to - from + 1) as usize) as u32;
        let month = 1 + self.chance.below(12) as u32;
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = [31, 28 + usize::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1];
        (year, month, 1 + self.chance.below(days) as u32)
    }

    fn household(&mut self, people: &mut Vec<Person>) {
        let home = self.home();
        let Some((ages, sizes)) = self.census.clone() else {
            let size = 1 + self.chance.below(5);
            for _ in 0..size {
                let (family, man) = (self.family(), self.chance.happens(0.5));
                let birth = self.day(1935, 2019);
                people.push(self.person(&family, man, birth, home));
            }
            return;
        };
        let size = 1 + self.chance.weighted(&sizes);
        let first = people.len();
        for nth in 0..size {
            let men = ages[0].last().copied().unwrap_or(0.0);
            let women = ages[1].last().copied().unwrap_or(0.0);
            let mut man = self.chance.happens(men / (men + women));
            let group = self.chance.weighted(&ages[usize::from(!man)]) as u32;
            let mut birth = self.day(2016 - group * 5, 2020 - group * 5);
            let mut family = self.family();
            if nth > 0 && self.chance.happens(0.6) {
                family = people[first].name.chars().take(self.families_len(&people[first].name)).collect();
            }
            if nth > 0 && self.chance.happens(0.01) {
                // Twins.
                (birth, man) = (people[first + nth - 1].birth, people[first + nth - 1].man);
            }
            let mut one = self.person(&family, man, birth, home);
            let (minor, old) = (birth.0 > 2006, birth.0 < 1945);
            if nth > 0 && (minor || old && self.chance.happens(0.3)) {
                one.phone = people[first].phone;
            }
            people.push(one);
        }
    }

    fn families_len(&self, name: &str) -> usize {
        let two: String = name.chars().take(2).collect();
        1 + usize::from(name.chars().count() > 2 && self.families.contains(&two))
    }

    /// A row of a person, with errors when it is a later copy.
    fn row(
        &mut self,
        n: usize,
        p: &Person,
        later: bool,
        moved: &mut HashMap<(usize, usize, usize, usize), Home>,
        line: &mut String,
    ) {
        let mut p = p.clone();
        let mut phone = Some(p.phone);
        let no_id = self.chance.happens(0.55);
        if later {
            if self.chance.happens(0.08) {
                p.name = self.misspelt(&p.name);
            }
            if self.chance.happens(0.06) {
                p.birth = self.mistaken(p.birth);
            }
            if self.chance.happens(0.30) {
                phone = None;
            } else if self.chance.happens(0.10) {
                phone = Some(self.phone());
            }
            if self.chance.happens(0.15) {
                let new = self.home();
                let old = (p.home.community, p.home.building, p.home.unit, p.home.room);
                p.home = match self.census {
                    Some(_) if self.chance.happens(0.5) => *moved.entry(old).or_insert(new),
                    _ => new,
                };
            }
            if self.chance.happens(0.02) {
                let at = self.chance.below(17);
                let mut id = p.id.into_bytes();
                id[at] = b'0' + (id[at] - b'0' + 1 + self.chance.below(9) as u8) % 10;
                p.id = String::from_utf8_lossy(&id).into_owned();
            }
        }
        let (y, m, d) = p.birth;
        let id = if no_id { "" } else { &p.id };
        let Home { community, building, unit, room } = p.home;
        let phone = phone.map(|p| p.to_string()).unwrap_or_default();
        let sex = if p.man { "男" } else { "女" };
        let _ = writeln!(
            line,
            "r{n:08},{},{sex},{y:04}-{m:02}-{d:02},{id},{phone},社区{community:03},{building}栋{unit}单元{room}室",
            p.name
        );
    }

    /// A character that sounds the same, or else another last one.
    fn misspelt(&mut self, name: &str) -> String {
        let swap = |c: char| {
            let found = SWAPS.iter().find(|(a, b)| *a == c || *b == c);
            found.map(|(a, b)| if *a == c { *b } else { *a })
        };
        let mut chars: Vec<char> = name.chars().collect();
        match (1..chars.len()).find_map(|i| swap(chars[i]).map(|c| (i, c))) {
            Some((i, c)) => chars[i] = c,
            None => {
                let last = chars.len() - 1;
                chars[last] = self.given[self.chance.weighted(&self.of_given)];
            }
        }
        chars.into_iter().collect()
    }

    /// Day and month exchanged, a year off, another day.
    fn mistaken(&mut self, (y, m, d): (u32, u32, u32)) -> (u32, u32, u32) {
        match self.chance.below(3) {
            0 if d <= 12 && d != m => (y, d, m),
            1 => (if self.chance.happens(0.5) { y + 1 } else { y - 1 }, m, if m == 2 { d.min(28) } else { d }),
            _ => (y, m, 1 + self.chance.below(28) as u32),
        }
    }
}

/// Running sums of ages by sex and of sizes of households.
fn margins() -> Option<([Vec<f64>; 2], Vec<f64>)> {
    let text = include_str!("../../data/demo/census.csv");
    let ages: Vec<Vec<&str>> = table(text).filter(|row| row[0] == "age").collect();
    let mut groups = [Vec::new(), Vec::new()];
    for row in &ages {
        for (sex, group) in groups.iter_mut().enumerate() {
            let n: f64 = row.get(2 + sex)?.parse().ok()?;
            match (row[1], group.last_mut()) {
                // The first year of life and the four after it are one group.
                ("1-4", Some(last)) => *last += n,
                _ => group.push(n),
            }
        }
    }
    let of = |what: &str| table(text).find(|row| row[1] == what).and_then(|row| row.get(4)?.parse::<f64>().ok());
    let (people, one) = (of("people")?, of("one_person")?);
    let households =
        table(text).find(|row| row[0] == "household" && row[1] == "all").and_then(|r| r.get(4)?.parse::<f64>().ok())?;
    // The others have two to six people, as many as make the mean right.
    let rest = (people - one) / (households - one) - 2.0;
    let fall = rest / (1.0 + rest);
    let sizes = std::iter::once(one / (households - one)).chain((0..5).map(|k| (1.0 - fall) * fall.powi(k)));
    Some((groups.map(|g| sums(g.into_iter())), sums(sizes)))
}
