//! What departments of the demo share: one resource without conditions, one with them, and a request that waits for its
//! answer.
//!
//! What must stay true: everything goes through the real actions; the departments that provide have no printed account.

use serde::Deserialize;

use super::people::People;
use super::place::Places;
use crate::base::area;
use crate::kit::error::Error;
use crate::kit::time::{DAY, Ms};
use crate::kit::{App, Result, RoleKind, Who};
use crate::oversight::share::data::{self, Batch};
use crate::oversight::share::resource::{self, New};
use crate::oversight::share::rules::Way;
use crate::oversight::share::schema::Field;
use crate::oversight::share::{Book, request};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    resource: Vec<Told>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    class: String,
    code: String,
    title: String,
    title_en: String,
    about: String,
    theme: String,
    share: String,
    basis: Option<String>,
    rhythm: String,
    fields: Vec<Field>,
    rows: Vec<Vec<String>>,
}

/// Somebody of an organisation.
fn one(people: &People, kind: RoleKind, class: &str) -> Result<(String, Who)> {
    let crew = people.crew(kind, 0, class).and_then(|c| Some((c.body.clone(), c.people.first()?.clone())));
    crew.ok_or_else(|| Error::internal("the demo has nobody who shares"))
}

/// Plays it at `now`.
pub fn settle(app: &App, people: &People, places: &Places, now: Ms) -> Result<()> {
    app.ambience.shift_to(now);
    let file: File = toml::from_str(include_str!("../../../../data/demo/share.toml")).map_err(Error::internal)?;
    let (_, desk) = one(people, RoleKind::District, "")?;
    let community = &places.communities[0].area;
    let book = Book::now(app, &community.code)?;
    for told in file.resource {
        let (body, who) = one(people, RoleKind::Department, &told.class)?;
        let seat = book.chart.body(&body).map(|b| b.area.clone()).unwrap_or_default();
        let place = app.db.read(|r| area::by_id(r, &seat))?.ok_or_else(|| Error::internal("a department without a place"))?;
        let new = New {
            title: told.title.clone(),
            title_en: told.title_en.clone(),
            about: told.about.clone(),
            theme: told.theme.clone(),
            share: told.share.clone(),
            basis: told.basis.clone(),
            rhythm: told.rhythm.clone(),
            fields: told.fields.clone(),
            since: now - 400 * DAY,
        };
        let (rules, by, desk, code) = (book.clone(), who.clone(), desk.clone(), told.code.clone());
        app.db.write(move |tx| {
            resource::draft(tx, &rules, &by, &body, &place, &code, &new)?;
            resource::submit(tx, &rules, &by, &code)?;
            resource::check(tx, &rules, &desk, &code, true, None)
        })?;
        let of = app.db.read(|r| resource::by_code(r, &told.code))?;
        let names: Vec<String> = told.fields.iter().map(|f| f.name.clone()).collect();
        let row = |(n, cells): (usize, Vec<String>)| (n as u64 + 1, names.iter().cloned().zip(cells).collect());
        let rows = told.rows.into_iter().enumerate().map(row).collect();
        data::take(app, &book, &who, &of, &Batch { source: "file".into(), version: Some(1), rows })?;
    }
    let (body, clerk) = one(people, RoleKind::Committee, "")?;
    let of = app.db.read(|r| resource::by_code(r, "night-parking"))?;
    let new = request::New {
        body,
        fields: vec!["plate".into(), "place".into()],
        purpose: "协调小区门口夜间停车".into(),
        basis: "社区停车议事会决定".into(),
        days: 90,
        way: Way::Read,
        place: None,
        renews: None,
    };
    app.db.write(move |tx| request::ask(tx, &book, &clerk, &of, &new))?;
    Ok(())
}
