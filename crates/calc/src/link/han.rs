//! Chinese characters: the simplified form of a traditional one, the syllable it is read as, and which look alike.
//!
//! The tables come from `data/names` (see `data/SOURCES.md`); they are read once, on first use. Readings are without tone: who
//! takes a name down by ear hears the tone, but the keyboard does not ask for it. A character that is in no table is
//! its own syllable, so that rare names are compared by their signs alone.

use std::sync::OnceLock;

const FIRST: u32 = 0x3400;
const LAST: u32 = 0x9fff;
const MANY: usize = (LAST - FIRST + 1) as usize;

struct Tables {
    simple: Vec<u16>,
    syllable: Vec<u16>,
    second: Vec<u16>,
    shape: Vec<u8>,
    names: Vec<&'static str>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let (mut simple, mut syllable, mut second, mut shape) = (vec![0; MANY], vec![0; MANY], vec![0; MANY], vec![0; MANY]);
        let pairs: Vec<char> = include_str!("../../../../data/names/simple.txt").chars().filter(|c| *c != '\n').collect();
        for pair in pairs.chunks_exact(2) {
            if let (Some(at), Ok(to)) = (place(pair[0]), u16::try_from(pair[1] as u32)) {
                simple[at] = to;
            }
        }
        let mut names = vec![""];
        for line in include_str!("../../../../data/names/pinyin.txt").lines() {
            let Some((name, chars)) = line.split_once(' ') else { continue };
            for at in chars.chars().filter_map(place) {
                syllable[at] = names.len() as u16;
            }
            names.push(name);
        }
        for word in SECOND.split_ascii_whitespace() {
            let name = word.trim_start_matches(|c: char| !c.is_ascii());
            let number = names.iter().position(|n| *n == name).unwrap_or(0) as u16;
            if let Some(at) = word.chars().next().and_then(place).filter(|at| syllable[*at] != number) {
                second[at] = number;
            }
        }
        for (set, number) in ALIKE.iter().zip(1..) {
            set.chars().filter_map(place).for_each(|at| shape[at] = number);
        }
        Tables { simple, syllable, second, shape, names }
    })
}

fn place(c: char) -> Option<usize> {
    let code = c as u32;
    (FIRST..=LAST).contains(&code).then(|| (code - FIRST) as usize)
}

/// Whether a character is Chinese.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

/// The simplified form.
pub fn simple(c: char) -> char {
    let to = place(c).map_or(0, |at| tables().simple[at]);
    if to == 0 { c } else { char::from_u32(u32::from(to)).unwrap_or(c) }
}

/// Number of the syllable a character is commonly read as; 0 when unknown.
pub fn syllable(c: char) -> u16 {
    place(c).map_or(0, |at| tables().syllable[at])
}

/// The syllable a character is commonly read as, in letters without tone; empty when unknown.
pub fn reading(c: char) -> &'static str {
    let tables = tables();
    place(c).and_then(|at| tables.names.get(usize::from(tables.syllable[at]))).copied().unwrap_or_default()
}

/// Every syllable there is, in letters.
pub fn readings() -> &'static [&'static str] {
    &tables().names[1..]
}

/// Characters that names read in a second way, with it: as family names (单 is Shàn, 仇 Qiú), and in given names.
const SECOND: &str = "单shan 單shan 仇qiu 曾zeng 解xie 尉yu 查zha 区ou 區ou 朴piao 盖ge 蓋ge 乐yue 樂yue 任ren 华hua 缪miao 繆miao 翟di \
员yun 員yun 覃qin 种chong 召shao 黑he 折she 盛cheng 柏bo 葛ge 洗xian 晟cheng 行hang 茜xi 长zhang 長zhang 朝zhao 贾gu 车ju \
娜nuo 莎sha 卜bo 瞿ju 宓fu 俞shu 隗kui 祭zhai 逄peng 谌shen 能nai 重zhong 重chong 曲qu 燕yan 宁ning 郇huan 纪ji 冯ping 万mo \
俟qi 澹tan 夏xia 令ling 石shi 佘she 秘bi 繁po 郗chi 不biao 那na 适kuo 干gan 乜nie 还huan 洋xiang 楠nan 颉xie 昕xin 钰yu 伽qie";

/// The other syllable of a character that has two in names; 0 when it has none.
pub fn second(c: char) -> u16 {
    place(c).map_or(0, |at| tables().second[at])
}

/// Characters that are taken for each other when a name is copied by eye.
const ALIKE: [&str; 46] = [
    "己已巳",
    "末未",
    "土士",
    "曰日",
    "戊戌戍",
    "千干",
    "人入",
    "天夭",
    "治冶",
    "冼洗",
    "俞愈",
    "候侯",
    "刁刀",
    "乌鸟",
    "今令",
    "住佳往",
    "崔催",
    "肖萧",
    "付傅",
    "闫阎",
    "丘邱",
    "代戴",
    "于於",
    "晴睛",
    "凤风",
    "兰蓝",
    "垚尧",
    "昊吴",
    "琴芩",
    "萍苹",
    "芸云",
    "晓哓",
    "玲铃",
    "锋峰",
    "杨扬",
    "莹萤",
    "娇骄",
    "辉晖",
    "燕艳",
    "梁粱",
    "咏永",
    "喆哲",
    "玥月",
    "准淮",
    "祎炜",
    "钰玉",
];

/// Number of the set of characters that are taken for each other by eye; 0 when a character is in none.
pub fn shape(c: char) -> u8 {
    place(c).map_or(0, |at| tables().shape[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_forms_and_syllables() {
        let text: String = "張偉國陳麗華㛃𬭼a".chars().map(simple).collect();
        assert_eq!(text, "张伟国陈丽华㛃𬭼a");
        assert_eq!(syllable('张'), syllable('章'));
        assert_eq!(syllable('張'), syllable('张'));
        assert_ne!(syllable('张'), syllable('王'));
        assert_eq!((syllable('𬭼'), syllable('a'), second('a')), (0, 0, 0));
    }

    #[test]
    fn family_names_are_read_as_families_read_them() {
        for (family, as_word) in [('单', '山'), ('仇', '秋'), ('解', '谢'), ('查', '扎'), ('朴', '飘'), ('曾', '增')]
        {
            assert!(second(family) == syllable(as_word) && second(family) != 0, "{family}");
        }
        assert_eq!(second('王'), 0);
        assert!(shape('未') == shape('末') && shape('未') != shape('土') && shape('王') == 0);
    }

    #[test]
    fn second_readings_are_syllables() {
        let known = |word: &str| tables().names.contains(&word.trim_start_matches(|c: char| !c.is_ascii()));
        assert!(SECOND.split_ascii_whitespace().all(known));
        assert_eq!(tables().names.len(), 411);
    }
}
