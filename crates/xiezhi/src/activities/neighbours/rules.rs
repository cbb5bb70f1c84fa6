//! Pure decisions about talk among neighbours: who sees what, which names look alike, what is the same again, what is held.

use unicode_normalization::UnicodeNormalization;

use super::pack::{Category, Limits, Moderation};
use crate::kit::error::Kind;
use crate::kit::names::names;

/// Characters of a name, a title, a text, an answer of a question.
pub const NICK: usize = 12;
/// Characters of a title.
pub const TITLE: usize = 60;
/// Characters of a text.
pub const TEXT: usize = 2000;
/// Characters of an answer of a quick question.
pub const OPTION: usize = 40;
/// Most answers of a quick question.
pub const OPTIONS: usize = 6;
/// Slots of a sketch, and how many must agree for two texts to be nearly the same.
const SLOTS: usize = 16;
const ALIKE: usize = 10;

names! {
    /// Where a text stands.
    State { Shown = "shown", Held = "held", Hidden = "hidden", Gone = "gone", }
    /// Why it waits for somebody to look.
    Queue { Pre = "pre", Links = "links", Sybil = "sybil", Flags = "flags", Appeal = "appeal", }
    /// What a reader may see of a topic.
    Sight { Nothing = "nothing", Notice = "notice", Member = "member", }
}

/// How a reader stands to a topic.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stand {
    /// He belongs to its community.
    pub community: bool,
    /// It is of a building, and he is certain to live there.
    pub building: bool,
    /// He is of the desk of the community.
    pub desk: bool,
    /// He wrote its opening text.
    pub author: bool,
}

/// What somebody sees of a topic. A building's talk is its people's: the desk reads what lies in its queue, no more.
pub fn sight(of_building: bool, notice: bool, opening: State, stand: Stand) -> Sight {
    let inside = if of_building { stand.building } else { stand.community || stand.desk };
    match opening {
        _ if stand.author => Sight::Member,
        State::Shown if inside => Sight::Member,
        State::Shown if notice => Sight::Notice,
        // What was said in answer stays, though its beginning is gone.
        State::Gone if inside => Sight::Member,
        _ => Sight::Nothing,
    }
}

/// What is left of a text when everything is taken away by which two that look alike differ: width, case, blanks, signs,
/// traditional forms, letters and digits of other scripts with the same shape.
pub fn skeleton(text: &str) -> String {
    let mut out = String::new();
    for c in text.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).map(calc::link::han::simple) {
        let c = match c {
            '0' | 'о' | 'ο' | '〇' | '○' => 'o',
            '1' | 'l' | '|' | 'і' | 'ı' | '丨' | '亅' => 'i',
            '5' => 's',
            '8' => 'b',
            'а' | 'α' => 'a',
            'е' | 'ε' => 'e',
            'р' | 'ρ' => 'p',
            'с' => 'c',
            'х' | 'χ' | '×' => 'x',
            'у' | 'υ' | 'γ' => 'y',
            'к' | 'κ' => 'k',
            'м' => 'm',
            'т' | 'τ' => 't',
            'в' | 'β' => 'b',
            'н' => 'h',
            '己' | '已' | '巳' => '己',
            '曰' => '日',
            '末' => '未',
            '土' => '士',
            c => c,
        };
        // The same letter many times over looks like fewer of it.
        if !out.ends_with(c) {
            out.push(c);
        }
    }
    out.replace("rn", "m").replace("vv", "w")
}

/// Whether somebody may be called so: not too short, no telephone number, and not like an office.
pub fn name_fits<'a>(nick: &str, mut offices: impl Iterator<Item = &'a str>) -> Result<(), Kind> {
    let bare = skeleton(nick);
    if bare.chars().count() < 2 || nick.nfkc().filter(char::is_ascii_digit).count() > 6 {
        return Err(Kind::NickUnfit);
    }
    let like = |office: &str| {
        let office = skeleton(office);
        office.chars().count() > 1 && bare.contains(&office)
    };
    if offices.any(like) { Err(Kind::NickOffice) } else { Ok(()) }
}

/// Addresses of pages in a text.
pub fn links(text: &str) -> i64 {
    const ENDS: [&str; 8] = [".com", ".cn", ".net", ".org", ".top", ".xyz", ".shop", ".cc"];
    let text: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || ".-/:?&=_%#".contains(c)));
    let link = |w: &&str| {
        let host =
            w.trim_start_matches("https://").trim_start_matches("http://").split(['/', '?', '#']).next().unwrap_or_default();
        w.contains("://") || host.starts_with("www.") || ENDS.iter().any(|e| host.len() > e.len() && host.ends_with(e))
    };
    words.filter(link).count() as i64
}

/// A short sketch of a text by its pairs of letters: texts that have most pairs in common have most slots in common.
pub fn sketch(seed: u64, text: &str) -> [u32; SLOTS] {
    let letters: Vec<char> = skeleton(text).chars().collect();
    let mut slots = [u32::MAX; SLOTS];
    for pair in letters.windows(2.min(letters.len().max(1))) {
        let mut h = seed ^ 0xcbf2_9ce4_8422_2325;
        for c in pair {
            h = (h ^ u64::from(*c as u32)).wrapping_mul(0x0100_0000_01b3);
        }
        for (i, slot) in slots.iter_mut().enumerate() {
            let mut x = h.wrapping_add((i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *slot = (*slot).min(((x ^ (x >> 31)) >> 32) as u32);
        }
    }
    slots
}

/// As it is kept.
pub fn sketch_text(slots: &[u32; SLOTS]) -> String {
    slots.iter().map(|s| format!("{s:08x}")).collect()
}

/// Whether two kept sketches are of texts that say nearly the same.
pub fn alike(a: &str, b: &str) -> bool {
    a.len() == SLOTS * 8 && a.len() == b.len() && {
        let slots = |t: &str| t.as_bytes().chunks(8).map(<[u8]>::to_vec).collect::<Vec<_>>();
        slots(a).iter().zip(slots(b)).filter(|(x, y)| **x == *y).count() >= ALIKE
    }
}

/// What a new text is.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// It opens a topic.
    pub opens: bool,
    /// By an office.
    pub office: bool,
    /// By an account that is new.
    pub fresh: bool,
    /// Addresses of pages in it.
    pub links: i64,
    /// How many new accounts say the same, this one included.
    pub chorus: i64,
}

/// Whether a new text is seen at once, or why it waits.
pub fn hold(said: Said, category: &Category, limits: &Limits) -> Option<Queue> {
    if said.office {
        None
    } else if said.fresh && said.chorus >= limits.sybil_accounts {
        Some(Queue::Sybil)
    } else if said.fresh && said.links > 0 {
        Some(Queue::Links)
    } else if said.opens && category.moderation == Moderation::Pre {
        Some(Queue::Pre)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::pack;
    use super::*;

    #[test]
    fn names_that_look_alike_are_one() {
        for (a, b) in [
            ("阳光", "阳 光"),
            ("阳光", "陽光"),
            ("Ben 10", "ВEN lO"),
            ("阳光。", "阳光光"),
            ("Ｌily", "1ily"),
            ("corner", "comer"),
        ] {
            assert_eq!(skeleton(a), skeleton(b), "{a} {b}");
        }
        assert_ne!(skeleton("阳光"), skeleton("月光"));
    }

    #[test]
    fn nobody_is_called_like_an_office_or_by_a_number() {
        let office = || ["居委会", "物业", "admin", "东关街道办事处"].into_iter();
        assert_eq!(name_fits("三楼老王", office()), Ok(()));
        for bad in ["居 委 会 小李", "物業客服", "AdmＩn", "东关街道办事处"] {
            assert_eq!(name_fits(bad, office()), Err(Kind::NickOffice), "{bad}");
        }
        for bad in ["王", "13812345678", "…"] {
            assert_eq!(name_fits(bad, office()), Err(Kind::NickUnfit), "{bad}");
        }
    }

    #[test]
    fn links_are_counted_and_plain_words_are_none() {
        assert_eq!(links("看 https://a.example/x 和 www.b.example，还有 c.com"), 3);
        assert_eq!(links("今晚 7.30 在 3.5 号楼下，电话 0514-80000000"), 0);
    }

    #[test]
    fn what_says_nearly_the_same_is_alike() {
        let s = |t: &str| sketch_text(&sketch(7, t));
        let one = s("三号楼的电梯又坏了，物业根本不管，大家一起去找他们要说法");
        assert!(alike(&one, &s("三号楼的电梯又坏了！！物业根本不管 大家一起去找他们要说法。")));
        assert!(alike(&one, &s("三号楼的电梯又坏了，物业根本不管，大家一起去找他们要个说法")));
        assert!(!alike(&one, &s("明天下午在花园里有旧书交换，欢迎大家带孩子来")));
        assert!(!alike(&one, "") && s("").len() == SLOTS * 8);
    }

    #[test]
    fn what_is_held_and_why() {
        let pack = pack::at("");
        let (post, pre) = (pack.category("help").unwrap(), pack.category("market").unwrap());
        let said = Said { opens: true, office: false, fresh: false, links: 0, chorus: 1 };
        let of = |said, category| hold(said, category, &pack.limits);
        assert_eq!(of(said, post), None);
        assert_eq!(of(said, pre), Some(Queue::Pre));
        assert_eq!(of(Said { opens: false, ..said }, pre), None, "answers are seen at once");
        assert_eq!(of(Said { links: 2, ..said }, post), None, "who has been here for a while may show a page");
        assert_eq!(of(Said { fresh: true, links: 1, ..said }, post), Some(Queue::Links));
        assert_eq!(of(Said { fresh: true, chorus: 3, ..said }, post), Some(Queue::Sybil));
        assert_eq!(of(Said { chorus: 9, ..said }, post), None, "neighbours of long standing may agree");
        assert_eq!(of(Said { office: true, ..said }, pre), None);
    }

    #[test]
    fn a_building_talks_among_itself() {
        let (desk, home) = (
            Stand { desk: true, community: true, ..Stand::default() },
            Stand { building: true, community: true, ..Stand::default() },
        );
        assert_eq!(sight(true, false, State::Shown, home), Sight::Member);
        assert_eq!(sight(true, false, State::Shown, desk), Sight::Nothing);
        assert_eq!(sight(false, false, State::Shown, desk), Sight::Member);
        assert_eq!(sight(false, false, State::Shown, Stand::default()), Sight::Nothing);
        assert_eq!(sight(false, true, State::Shown, Stand::default()), Sight::Notice);
        assert_eq!(sight(false, true, State::Hidden, home), Sight::Nothing);
        assert_eq!(sight(true, false, State::Held, Stand { author: true, ..Stand::default() }), Sight::Member);
    }
}
