//! Hours, shut days, costs and things to bring as a clerk writes them, a line for each, and as people read them.
//!
//! What must stay true: what is written out is read back as the same; a line that cannot be read is named, not guessed.
//!
//! Hours: `周一至周五 9:00-11:30 14:00-17:00`, `每天 10:30-12:30`, `工作日 8:30-17:00`, `周六 9:00-12:00 节假日不休`, `每月第2个周二 14:00-16:00`,
//! `每月15日 9:00-11:00`, `2026-07-01至2026-08-31 周一至周五 8:00-18:00`; in English `Mon-Fri 9:00-17:00 holidays too`, `daily …`.

use super::data::{Cost, Document, MANY, words};
use super::hours;
use super::hours::{Closure, Schedule, parse_day, parse_minute, write_minute};
use crate::kit::i18n::Lang;

const ZH: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];
const EN: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Lines that are not empty, with their number from 1.
fn lines(text: &str) -> Vec<(usize, &str)> {
    text.lines().enumerate().map(|(n, l)| (n + 1, l.trim())).filter(|(_, l)| !l.is_empty()).collect()
}

/// Reads each line, or says which one cannot be read.
fn each<T>(text: &str, one: impl Fn(&str) -> Option<Vec<T>>) -> Result<Vec<T>, usize> {
    let mut out = Vec::new();
    for (n, line) in lines(text) {
        out.extend(one(line).ok_or(n)?);
        if out.len() > MANY {
            return Err(n);
        }
    }
    Ok(out)
}

fn weekday(text: &str) -> Option<u8> {
    let text = text.trim_start_matches("星期").trim_start_matches("礼拜").trim_start_matches('周');
    let zh = ZH.iter().position(|d| *d == text).or((text == "天").then_some(6));
    zh.or_else(|| EN.iter().position(|d| text.get(..3).is_some_and(|t| t.eq_ignore_ascii_case(d)) && text.is_ascii()))
        .map(|d| d as u8)
}

/// `周一至周五`, `周一、三、五`, `Mon-Fri`.
fn weekdays(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for part in text.split(['、', ',', '，', '/']) {
        let ends = part.split_once(['至', '到', '-', '–', '~']);
        match ends {
            Some((a, b)) => {
                let (a, b) = (weekday(a)?, weekday(b)?);
                out.extend((0..7).map(|n| (a + n) % 7).take(usize::from((b + 7 - a) % 7) + 1));
            }
            None => out.push(weekday(part)?),
        }
    }
    out.sort_unstable();
    out.dedup();
    Some(out)
}

/// `9:00-11:30`.
fn span(text: &str) -> Option<(i64, i64)> {
    let (a, b) = text.split_once(['-', '–', '—', '~', '至', '到'])?;
    Some((parse_minute(a)?, parse_minute(b)?))
}

/// `每月第2个周二`, `每月最后一个周五`, `每月15日`.
fn monthly(text: &str) -> Option<Schedule> {
    let rest = text.strip_prefix("每月").or_else(|| text.strip_prefix("monthly:"))?;
    let base = Schedule { monthly: true, ..Schedule::default() };
    if let Some(day) = rest.strip_suffix(['日', '号']).and_then(|d| d.parse::<i8>().ok()).or_else(|| rest.parse().ok()) {
        return (1..=31).contains(&day).then_some(Schedule { month_days: vec![day], ..base });
    }
    if matches!(rest, "最后一天" | "last") {
        return Some(Schedule { month_days: vec![-1], ..base });
    }
    let (nth, day) = match rest.strip_prefix("最后一个") {
        Some(day) => (-1, day),
        None => {
            let (n, day) = rest.strip_prefix('第').unwrap_or(rest).split_once(['个', '.'])?;
            let n =
                ["一", "二", "三", "四", "五"].iter().position(|z| *z == n).map(|n| n as i8 + 1).or_else(|| n.parse().ok())?;
            (n, day)
        }
    };
    let day = weekday(day)?;
    ((1..=5).contains(&nth) || nth == -1).then_some(Schedule { days: vec![(nth, day)], ..base })
}

fn schedule(line: &str) -> Option<Vec<Schedule>> {
    let line = line.replace('：', ":").replace("holidays too", "节假日不休").replace("节假日照常", "节假日不休");
    let mut parts: Vec<&str> = line.split_whitespace().collect();
    let mut base = Schedule::default();
    if let Some((a, b)) = parts.first().and_then(|p| p.split_once(['至', '~'])).and_then(|(a, b)| parse_day(a).zip(parse_day(b)))
    {
        (base.from, base.to) = (Some(a), Some(b));
        parts.remove(0);
    }
    if let Some(at) = parts.iter().position(|p| *p == "节假日不休") {
        parts.remove(at);
        base.holidays_too = true;
    }
    let days = parts.first()?.to_lowercase();
    let rule = match days.as_str() {
        "每天" | "天天" | "daily" => Schedule { holidays_too: true, ..Schedule::default() },
        "工作日" | "workdays" => Schedule { days: (0..5).map(|d| (0, d)).collect(), ..Schedule::default() },
        "周末" | "weekends" => Schedule { days: vec![(0, 5), (0, 6)], ..Schedule::default() },
        other => match monthly(other) {
            Some(rule) => rule,
            None => Schedule { days: weekdays(other)?.into_iter().map(|d| (0, d)).collect(), ..Schedule::default() },
        },
    };
    // The names of all seven days say the same as none.
    let days = if rule.days.len() == 7 { Vec::new() } else { rule.days };
    let rule = Schedule { days, holidays_too: rule.holidays_too || base.holidays_too, from: base.from, to: base.to, ..rule };
    let spans = parts[1..].iter().flat_map(|p| p.split([',', '，', '、'])).filter(|p| !p.is_empty());
    let spans = spans
        .map(|p| if matches!(p, "全天" | "all-day") { Some(None) } else { span(p).map(Some) })
        .collect::<Option<Vec<_>>>()?;
    let one = |s: Option<(i64, i64)>| Schedule { opens: s.map(|s| s.0), closes: s.map(|s| s.1), ..rule.clone() };
    if spans.is_empty() { None } else { Some(spans.into_iter().map(one).collect()) }
}

/// Reads hours, a rule in each line; the number of the line that cannot be read otherwise.
pub fn schedules(text: &str) -> Result<Vec<Schedule>, usize> {
    each(text, schedule)
}

fn day_words(days: &[(i8, u8)], lang: Lang) -> String {
    let own: Vec<u8> = days.iter().map(|(_, d)| *d % 7).collect();
    let run = own.len() > 2 && own.windows(2).all(|w| w[1] == w[0] + 1);
    match (lang, run) {
        (Lang::Zh, true) => format!("周{}至周{}", ZH[usize::from(own[0])], ZH[usize::from(own[own.len() - 1])]),
        (Lang::Zh, false) => format!("周{}", own.iter().map(|d| ZH[usize::from(*d)]).collect::<Vec<_>>().join("、")),
        (Lang::En, true) => format!("{}-{}", EN[usize::from(own[0])], EN[usize::from(own[own.len() - 1])]),
        (Lang::En, false) => own.iter().map(|d| EN[usize::from(*d)]).collect::<Vec<_>>().join(","),
    }
}

/// On which days, in words.
fn rule_words(s: &Schedule, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    if !s.monthly {
        return match s.days.is_empty() {
            true if s.holidays_too => if zh { "每天" } else { "daily" }.into(),
            true => day_words(&(0..7).map(|d| (0, d)).collect::<Vec<_>>(), lang),
            false => day_words(&s.days, lang),
        };
    }
    let month_day = |d: &i8| match (*d, zh) {
        (-1, true) => "每月最后一天".into(),
        (-1, false) => "monthly:last".into(),
        (d, true) => format!("每月{d}日"),
        (d, false) => format!("monthly:{d}"),
    };
    let week_day = |(n, d): &(i8, u8)| match (*n, zh) {
        (-1, true) => format!("每月最后一个周{}", ZH[usize::from(*d % 7)]),
        (n, true) => format!("每月第{n}个周{}", ZH[usize::from(*d % 7)]),
        (n, false) => format!("monthly:{n}.{}", EN[usize::from(*d % 7)]),
    };
    s.month_days.iter().map(month_day).chain(s.days.iter().map(week_day)).collect::<Vec<_>>().join("、")
}

fn minutes(opens: Option<i64>, closes: Option<i64>, lang: Lang) -> String {
    match opens.zip(closes) {
        Some((a, b)) => format!("{}-{}", write_minute(a), write_minute(b)),
        None => if lang == Lang::Zh { "全天" } else { "all-day" }.into(),
    }
}

/// Rules in words, those of the same days in one line; what [`schedules`] reads.
pub fn schedule_words(all: &[Schedule], lang: Lang) -> Vec<String> {
    let mut out: Vec<(String, String, String)> = Vec::new();
    for s in all {
        let day = |d: Option<i64>| d.and_then(hours::date).map(|d| d.to_string());
        let between = match (day(s.from), day(s.to)) {
            (Some(a), Some(b)) => format!("{a}{}{b} ", if lang == Lang::Zh { "至" } else { "~" }),
            _ => String::new(),
        };
        let always = match (s.holidays_too && (s.monthly || !s.days.is_empty()), lang) {
            (false, _) => "",
            (true, Lang::Zh) => " 节假日不休",
            (true, Lang::En) => " holidays too",
        };
        let (days, time) = (format!("{between}{}", rule_words(s, lang)), minutes(s.opens, s.closes, lang));
        match out.iter_mut().find(|o| o.0 == days && o.2 == always) {
            Some(known) => known.1 = format!("{} {time}", known.1),
            None => out.push((days, time, always.into())),
        }
    }
    out.into_iter().map(|(days, time, always)| format!("{days} {time}{always}")).collect()
}

/// Reads shut days: `春节 休`, `2026-12-31 休 盘点`, `2026-02-10至2026-02-20 休`, `中秋节 11:00-12:00`.
pub fn closures(text: &str) -> Result<Vec<Closure>, usize> {
    each(text, |line| {
        let line = line.replace('：', ":");
        let mut parts = line.split_whitespace();
        let when = parts.next()?;
        let mut out = Closure::default();
        if let Some((a, b)) = when.split_once(['至', '~']).and_then(|(a, b)| parse_day(a).zip(parse_day(b))) {
            (out.from, out.to) = (Some(a), Some(b));
        } else if let Some(day) = parse_day(when) {
            out.from = Some(day);
        } else {
            out.holiday = words(when, 20).filter(|w| !w.starts_with(|c: char| c.is_ascii_digit()));
            out.holiday.as_ref()?;
        }
        let what = parts.next()?;
        if !matches!(what, "休" | "休息" | "关" | "closed") {
            let (a, b) = span(what)?;
            (out.opens, out.closes) = (Some(a), Some(b));
        }
        out.note = words(&parts.collect::<Vec<_>>().join(" "), 100);
        Some(vec![out])
    })
}

/// Shut days in words; what [`closures`] reads.
pub fn closure_words(all: &[Closure], lang: Lang) -> Vec<String> {
    let day = |d: i64| hours::date(d).map(|d| d.to_string()).unwrap_or_default();
    let one = |c: &Closure| {
        let when = match (&c.holiday, c.from, c.to) {
            (Some(name), ..) => name.clone(),
            (None, Some(a), Some(b)) => format!("{}{}{}", day(a), if lang == Lang::Zh { "至" } else { "~" }, day(b)),
            (None, a, _) => day(a.unwrap_or_default()),
        };
        let what = match c.opens {
            Some(_) => minutes(c.opens, c.closes, lang),
            None => if lang == Lang::Zh { "休" } else { "closed" }.into(),
        };
        [Some(when), Some(what), c.note.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    all.iter().map(one).collect()
}

/// Reads costs: `免费`, `午餐 12 元`, `上门理发 20.50元`.
pub fn costs(text: &str) -> Result<Vec<Cost>, usize> {
    each(text, |line| {
        let line = words(line, 200)?;
        let plain = line.trim_end_matches(['元', '块']).trim_end_matches("CNY").trim_end();
        let at = plain
            .rfind(|c: char| !c.is_ascii_digit() && c != '.')
            .map_or(0, |i| i + plain[i..].chars().next().map_or(1, char::len_utf8));
        let priced = plain.len() < line.len() && at < plain.len();
        let amount = if priced { Some(hundredths(&plain[at..])?) } else { None };
        let option = if amount.is_some() { words(&plain[..at], 200) } else { Some(line.clone()) };
        let amount = amount.or((line == "免费" || line.eq_ignore_ascii_case("free")).then_some(0));
        Some(vec![Cost { option, amount, currency: amount.map(|_| "CNY".into()), ..Cost::default() }])
    })
}

/// `12`, `20.5` as hundredths.
pub fn hundredths(text: &str) -> Option<i64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |t: &str| !t.is_empty() && t.len() <= 9 && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !(part.is_empty() || digits(part) && part.len() <= 2) {
        return None;
    }
    Some(whole.parse::<i64>().ok()? * 100 + format!("{part:0<2}").parse::<i64>().ok()?)
}

/// Costs in words; what [`costs`] reads.
pub fn cost_words(all: &[Cost], lang: Lang) -> Vec<String> {
    let free = |t: &str| t == "免费" || t.eq_ignore_ascii_case("free");
    let one = |c: &Cost| {
        let amount = c.amount.map(|a| {
            let unit = match (c.currency.as_deref(), lang) {
                (Some("CNY") | None, Lang::Zh) => "元",
                (Some(other), _) => other,
                (None, Lang::En) => "CNY",
            };
            let whole = if a % 100 == 0 { format!("{}", a / 100) } else { format!("{}.{:02}", a / 100, a % 100) };
            format!("{whole} {unit}")
        });
        match (c.option.as_deref(), c.amount) {
            (Some(o), Some(0)) if free(o) => if lang == Lang::Zh { "免费" } else { "Free" }.into(),
            (option, _) => {
                [option.map(str::to_owned), amount, c.about.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
        }
    };
    all.iter().map(one).filter(|w| !w.is_empty()).collect()
}

/// What stands behind a thing that is held.
const HELD: [&str; 3] = ["我们有", "不用带", "held"];

/// Reads what to bring, `身份证号 | 我们有` for what the register holds; `element` says which element a word means.
pub fn documents(text: &str, element: impl Fn(&str) -> Option<String>) -> Result<Vec<Document>, usize> {
    each(text, |line| {
        let (name, mark) = line.split_once(['|', '｜']).map_or((line, None), |(n, m)| (n, Some(m.trim())));
        let name = words(name, 200)?;
        let held = match mark {
            None | Some("") => None,
            Some(mark) if HELD.contains(&mark) => Some(element(&name)?),
            Some(code) => Some(element(code)?),
        };
        Some(vec![Document { name, held, ..Document::default() }])
    })
}

/// What to bring in lines that [`documents`] reads.
pub fn document_words(all: &[Document]) -> Vec<String> {
    all.iter().map(|d| d.held.as_ref().map_or_else(|| d.name.clone(), |held| format!("{} | {held}", d.name))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hours_are_read_and_written_the_same() {
        for (text, zh, en) in [
            ("周一至周五 9:00-11:30 14:00-17:00", "周一至周五 09:00-11:30 14:00-17:00", "Mon-Fri 09:00-11:30 14:00-17:00"),
            ("工作日 8：30-17:00", "周一至周五 08:30-17:00", "Mon-Fri 08:30-17:00"),
            ("每天 10:30-12:30", "每天 10:30-12:30", "daily 10:30-12:30"),
            ("星期一、三 全天", "周一、三 全天", "Mon,Wed all-day"),
            ("周末 9:00-12:00 节假日不休", "周六、日 09:00-12:00 节假日不休", "Sat,Sun 09:00-12:00 holidays too"),
            ("每月第二个周二 14:00-16:00", "每月第2个周二 14:00-16:00", "monthly:2.Tue 14:00-16:00"),
            ("每月最后一个周五 9:00-10:00", "每月最后一个周五 09:00-10:00", "monthly:-1.Fri 09:00-10:00"),
            ("每月15日 9:00-11:00", "每月15日 09:00-11:00", "monthly:15 09:00-11:00"),
            (
                "2026-07-01至2026-08-31 周一至周五 8:00-18:00",
                "2026-07-01至2026-08-31 周一至周五 08:00-18:00",
                "2026-07-01~2026-08-31 Mon-Fri 08:00-18:00",
            ),
        ] {
            let all = schedules(text).unwrap_or_else(|n| panic!("{text}: line {n}"));
            let (in_zh, in_en) = (schedule_words(&all, Lang::Zh).join("\n"), schedule_words(&all, Lang::En).join("\n"));
            assert_eq!((in_zh.as_str(), in_en.as_str()), (zh, en));
            assert_eq!(schedules(&in_zh).unwrap(), all);
            assert_eq!(schedules(&in_en).unwrap(), all, "{in_en}");
        }
        assert_eq!(schedules("周一 9:00-10:00\n\n随便什么时候"), Err(3));
        for bad in ["周一", "周八 9:00-10:00", "9:00-10:00", "每天 9-10", "每月32日 9:00-10:00", "<b> 9:00-10:00"] {
            assert_eq!(schedules(bad), Err(1), "{bad}");
        }
    }

    #[test]
    fn shut_days_costs_and_things_to_bring() {
        let all = closures("春节 休\n2026-12-31 休 盘点\n2026-02-10至2026-02-12 closed\n中秋节 11:00-12:00").unwrap();
        assert_eq!(closures(&closure_words(&all, Lang::Zh).join("\n")).unwrap(), all);
        assert_eq!(all[1].note.as_deref(), Some("盘点"));
        assert_eq!((closures("春节"), closures("2026-13-01 休")), (Err(1), Err(1)));
        let all = costs("免费\n午餐 12 元\n上门理发 20.50元\n按实际用料收").unwrap();
        let amounts: Vec<_> = all.iter().map(|c| c.amount).collect();
        assert_eq!(amounts, [Some(0), Some(1200), Some(2050), None]);
        assert_eq!(cost_words(&all, Lang::Zh), ["免费", "午餐 12 元", "上门理发 20.50 元", "按实际用料收"]);
        assert_eq!(costs(&cost_words(&all, Lang::Zh).join("\n")).unwrap(), all);
        let element = |t: &str| (t == "身份证号" || t == "register.id_number").then(|| "register.id_number".to_owned());
        let all = documents("照片\n身份证号 | 我们有", element).unwrap();
        assert_eq!(all[1].held.as_deref(), Some("register.id_number"));
        assert_eq!(documents(&document_words(&all).join("\n"), element).unwrap(), all);
        assert_eq!(documents("月亮 | 我们有", element), Err(1));
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(text in "[周一至五日每月第个0-9:\\- |元休a-z\n]{0,60}") {
            if let Ok(all) = schedules(&text) {
                prop_assert_eq!(&schedules(&schedule_words(&all, Lang::Zh).join("\n")).unwrap_or_default().len(), &all.len());
            }
            let _ = (closures(&text), costs(&text), documents(&text, |_| None));
        }
    }
}
