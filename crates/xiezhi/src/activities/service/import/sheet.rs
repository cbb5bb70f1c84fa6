//! Tables of clerks: the first sheet of a workbook, or a CSV, a service in each row, in the words of the form.
//!
//! What must stay true: a row means what the same words in the form mean, and is refused where the form would be; a row is the
//! same entry again by its name and who offers it.

use serde_json::{Map, Value as Json};

use super::super::act::{From, New, Offers, Site};
use super::super::data::OrgDetails;
use super::super::{Org, Place, derived, form};
use super::{ENTRIES, Read, Refused, Target, UNPACKED, Unit, broken};
use crate::base::catalogue::codes;
use crate::base::party::Chart;
use crate::kit::error::Kind;
use crate::kit::input::Input;
use crate::kit::{Result, rows};
use calc::geo;

/// Columns: name in the form, 中文, English. Cells of several lines have 、or a semicolon between them, or a line break.
pub const COLUMNS: [(&str, &str, &str); 34] = [
    ("name", "服务名称", "Name"),
    ("alternate", "别名", "Other name"),
    ("org", "提供单位", "Offered by"),
    ("about", "服务内容", "About"),
    ("terms", "类别", "Kinds"),
    ("keywords", "居民说法", "Everyday words"),
    ("phones", "公开电话", "Public numbers"),
    ("hours", "开门时间", "Hours"),
    ("closures", "例外日期", "Different days"),
    ("place", "地点", "Place"),
    ("address", "地址", "Address"),
    ("transport", "怎么去", "How to get there"),
    ("postcode", "邮政编码", "Postcode"),
    ("lat", "纬度", "Latitude"),
    ("lon", "经度", "Longitude"),
    ("costs", "价格", "Prices"),
    ("fees", "价格说明", "About prices"),
    ("documents", "要带的材料", "What to bring"),
    ("eligible", "服务对象", "For whom"),
    ("age_from", "最小年龄", "Youngest age"),
    ("age_to", "最大年龄", "Oldest age"),
    ("lives_here", "限本地居民", "Residents only"),
    ("tags", "特殊情况", "Needs"),
    ("apply", "怎么办理", "How to get it"),
    ("wait", "等候时间", "Waiting time"),
    ("unit", "名额单位", "Unit"),
    ("available", "剩余名额", "Available"),
    ("maximum", "总名额", "Maximum"),
    ("languages", "语言", "Languages"),
    ("access", "无障碍", "Accessibility"),
    ("url", "网页", "Web page"),
    ("email", "电子邮件", "E-mail"),
    ("item", "政务事项编码", "Item code"),
    ("every_days", "核对天数", "Check every days"),
];

/// Cells that hold a line for each thing.
const LINES: [&str; 5] = ["phones", "hours", "closures", "costs", "documents"];
/// Cells that hold a list.
const LISTS: [&str; 3] = ["terms", "tags", "access"];

fn column(head: &str) -> Option<&'static str> {
    let head = head.trim_start_matches('\u{feff}').trim();
    COLUMNS.iter().find(|(key, zh, en)| *key == head || *zh == head || en.eq_ignore_ascii_case(head)).map(|(key, ..)| *key)
}

fn input(columns: &[Option<&'static str>], cells: &[String]) -> Input {
    let mut out = Map::new();
    for (key, cell) in columns.iter().zip(cells).filter_map(|(k, c)| Some((k.as_ref()?, c.trim()))).filter(|(_, c)| !c.is_empty())
    {
        let value = match *key {
            key if LINES.contains(&key) => Json::from(cell.replace(['；', ';'], "\n")),
            key if LISTS.contains(&key) => {
                let parts = form::parts(cell, 60).into_iter();
                // The words of a code list mean its codes.
                parts.map(|p| if key == "tags" { codes::meant("tag", &p).map_or(p, |c| c.code.clone()) } else { p }).collect()
            }
            "lives_here" => Json::from(matches!(cell, "是" | "yes" | "Yes" | "1" | "true")),
            _ => Json::from(cell),
        };
        out.insert((*key).to_owned(), value);
    }
    Input(out)
}

/// Reads a table.
pub fn read(target: &Target, bytes: &[u8]) -> Result<Read> {
    let chart = Chart::now(target.app)?;
    let mut out = Read::default();
    let mut head: Option<Vec<Option<&'static str>>> = None;
    let most = rows::Limits { unpacked: UNPACKED, rows: ENTRIES as u64 + 1 };
    rows::each(bytes, None, most, &mut |line| {
        let Some(columns) = &head else {
            let columns: Vec<_> = line.cells.iter().map(|c| column(c)).collect();
            for needed in ["name", "org"] {
                if !columns.contains(&Some(needed)) {
                    return Err(broken(line.at as usize));
                }
            }
            head = Some(columns);
            return Ok(true);
        };
        match unit(target, &chart, line.at as usize, &input(columns, line.cells), &line.cells.join("\t")) {
            Ok(unit) => out.units.push(unit),
            Err(e) if e.kind == Kind::Internal => return Err(e),
            Err(e) => {
                let column = e.field.as_deref().unwrap_or_default().to_owned();
                out.rejected.push(Refused { line: line.at as usize, reason: e.kind.code(), column });
            }
        }
        Ok(true)
    })?;
    if head.is_none() { Err(broken(0)) } else { Ok(out) }
}

fn unit(target: &Target, chart: &Chart, line: usize, input: &Input, row: &str) -> Result<Unit> {
    let new = form::parse(target.app, target.terms, input, None)?;
    let Offers::Named(org_name) = new.offers else { return Err(Kind::Missing.at("org")) };
    // An organisation of the party list, where only one has that name.
    let body = chart.named(&org_name).ok();
    let org_id = body.map_or_else(|| derived(&["org", &org_name]), |b| derived(&["body", &b.id]));
    let from = |id: &str, said: &str| From {
        source: target.source.into(),
        id: id.into(),
        mark: crate::kit::digest(&[said.into()])[..32].to_owned(),
    };
    let org = Org {
        id: org_id.clone(),
        name: body.map_or_else(|| org_name.clone(), |b| b.name.clone()),
        body: body.map(|b| b.id.clone()),
        details: OrgDetails {
            phones: body
                .and_then(|b| b.phone.clone())
                .map(|number| super::super::data::Phone { number, ..Default::default() })
                .into_iter()
                .collect(),
            ..OrgDetails::default()
        },
        modified_at: 0,
        mark: None,
    };
    let there = format!("{org_name} / {}", new.name);
    let id = derived(&[target.source, "row", &there]);
    let place = new.spot.map(|spot| Place {
        id: derived(&["place", &id]),
        org: org_id.clone(),
        name: if spot.name.is_empty() { org.name.clone() } else { spot.name },
        area: target.area.id.clone(),
        path: target.area.path.clone(),
        point: spot.point,
        postcode: spot.postcode,
        details: spot.details,
        mark: None,
    });
    let site = |p: &Place| Site {
        id: derived(&["at", &id, &p.id]),
        place: p.id.clone(),
        cell: p.point.map(geo::cell),
        details: Default::default(),
    };
    let sites = place.iter().map(site).collect();
    let service = New {
        id,
        org: org_id,
        org_name: org.name.clone(),
        name: new.name,
        status: new.status,
        area: target.area.id.clone(),
        path: target.area.path.clone(),
        details: new.details,
        assured_at: Some(target.app.now()),
        every_days: new.every_days,
        sites,
        from: Some(from(&there, row)),
    };
    let org_from = from(&org_name, &org_name);
    let places = place.into_iter().map(|p| (p.clone(), from(&format!("{there} / {}", p.id), row))).collect();
    Ok(Unit { line, org, org_from, places, service: Some(service) })
}
