//! The services of the demo, written by its own desks two weeks ago: one of them has not been confirmed since.
//!
//! What must stay true: everything goes through the real actions; the words are in `data/demo/services.toml`.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::people::People;
use super::place::Places;
use crate::activities::service::act;
use crate::activities::service::{form, terms};
use crate::kit::error::Error;
use crate::kit::input::Input;
use crate::kit::{App, Result, RoleKind, Who};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    service: Vec<Said>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// Kind of the organisation that offers it.
    by: String,
    /// The building it is in.
    house: usize,
    form: Map<String, Json>,
}

/// Writes them.
pub fn settle(app: &App, people: &People, places: &Places) -> Result<()> {
    let words: Words = toml::from_str(include_str!("../../../../data/demo/services.toml")).map_err(Error::internal)?;
    let lost = || Error::internal("the demo has nobody who offers a service");
    let community = &places.communities[0];
    let terms = app.db.read(|r| terms::read(r, app))?;
    let desk = |kind: RoleKind| people.crew(kind, 0, "").and_then(|c| c.people.first()).cloned();
    for said in words.service {
        let kind: RoleKind = said.by.parse().map_err(|()| lost())?;
        let offers: Who = desk(kind).ok_or_else(lost)?;
        // What is no desk is written by that of the community.
        let by = if kind.is_desk() { offers.clone() } else { desk(RoleKind::Committee).ok_or_else(lost)? };
        let house = community.buildings.get(said.house).ok_or_else(lost)?;
        let mut fields = said.form;
        let (lat, lon) = house.point.degrees();
        fields.insert("address".into(), format!("{} {}", house.road, house.name).into());
        fields.insert("lat".into(), format!("{lat:.7}").into());
        fields.insert("lon".into(), format!("{lon:.7}").into());
        if !fields.contains_key("org") {
            let body = offers.roles.iter().find_map(|r| r.body.clone()).ok_or_else(lost)?;
            fields.insert("body".into(), body.into());
        }
        let new = form::parse(app, &terms, &Input(fields), None)?;
        let terms = terms.clone();
        app.db.write(move |tx| act::save(tx, &terms, &by, None, &new))?;
    }
    Ok(())
}
