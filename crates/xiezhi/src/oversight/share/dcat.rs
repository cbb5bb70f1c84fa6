//! The catalogue in the words of DCAT-AP: a catalogue of data sets, how often they are brought up to date, who may have them,
//! and the service that gives them out. JSON-LD.
//!
//! What must stay true: it says what exists and no value; the same catalogue gives the same bytes.

use serde_json::{Value as Json, json};

use super::pack::Pack;
use super::resource::{self, Resource};
use crate::base::area;
use crate::base::catalogue::element::Share;
use crate::base::party::Chart;
use crate::kit::error::Kind;
use crate::kit::i18n::Lang;
use crate::kit::{Error, Reply, Req, Result};

/// Data sets of one answer; the next ones come `after` the last.
const MOST: i64 = 1_000;
/// Vocabularies of the EU that DCAT-AP names.
const AUTHORITY: &str = "http://publications.europa.eu/resource/authority";
/// Media type.
const LD_JSON: &str = "application/ld+json; charset=utf-8";

fn access(share: Share) -> Json {
    let right = match share {
        Share::Unconditional => "PUBLIC",
        Share::Conditional => "RESTRICTED",
        Share::None => "NON_PUBLIC",
    };
    json!({ "@id": format!("{AUTHORITY}/access-right/{right}"), "@type": "dct:RightsStatement" })
}

fn words(zh: &str, en: &str) -> Json {
    json!([{ "@language": "zh", "@value": zh }, { "@language": "en", "@value": en }])
}

/// One resource as a data set. What is not shared is there, with no way to get it.
fn dataset(req: &Req, pack: &Pack, one: &Resource, publisher: &str, place: Option<&area::Area>) -> Json {
    let at = req.absolute(&format!("/share/resources/{}", one.code));
    let rhythm = pack.rhythm(&one.rhythm).map_or("UNKNOWN", |r| &r.uri);
    let mut out = json!({
        "@id": at,
        "@type": "dcat:Dataset",
        "dct:identifier": one.code,
        "dct:title": words(&one.title, &one.title_en),
        "dct:description": one.about,
        "dct:publisher": { "@id": req.absolute(&format!("/share?body={}", one.body)), "@type": "foaf:Agent", "foaf:name": publisher },
        "dcat:theme": { "@type": "skos:Concept", "skos:notation": one.theme,
            "skos:prefLabel": words(pack.theme_name(&one.theme, Lang::Zh), pack.theme_name(&one.theme, Lang::En)) },
        "dct:accrualPeriodicity": { "@id": format!("{AUTHORITY}/frequency/{rhythm}"), "@type": "dct:Frequency" },
        "dct:accessRights": access(one.share),
        "dcat:version": one.version.to_string(),
        "dcat:landingPage": { "@id": at, "@type": "foaf:Document" },
    });
    if let Some(place) = place {
        out["dct:spatial"] = json!({ "@type": "dct:Location", "dct:identifier": place.code, "skos:prefLabel": place.name });
    }
    if let Some(issued) = one.published_at {
        out["dct:issued"] = json!({ "@type": "xsd:dateTime", "@value": req.app.time(issued) });
    }
    if let Some(basis) = &one.basis {
        out["dcatap:applicableLegislation"] = json!({ "@type": "eli:LegalResource", "dct:title": basis });
    }
    if one.share != Share::None {
        let ask = req.absolute(&format!("/share/resources/{}/ask", one.code));
        let service = req.absolute(&format!("/share/data/{}", one.code));
        let format = |id: &str| json!({ "@id": format!("{AUTHORITY}/file-type/{id}"), "@type": "dct:MediaTypeOrExtent" });
        out["dcat:distribution"] = json!([
            { "@type": "dcat:Distribution", "dct:format": format("JSON"), "dcat:accessURL": { "@id": ask },
              "dcat:accessService": { "@id": service } },
            { "@type": "dcat:Distribution", "dct:format": format("CSV"), "dcat:accessURL": { "@id": ask } },
        ]);
    }
    out
}

fn service(req: &Req, one: &Resource) -> Json {
    let at = req.absolute(&format!("/share/data/{}", one.code));
    json!({
        "@id": at,
        "@type": "dcat:DataService",
        "dct:title": words(&one.title, &one.title_en),
        "dcat:endpointURL": { "@id": at },
        "dcat:endpointDescription": { "@id": req.absolute("/openapi.json") },
        "dcat:servesDataset": { "@id": req.absolute(&format!("/share/resources/{}", one.code)) },
        "dct:accessRights": access(one.share),
    })
}

/// `/share/catalogue`: for browsers the page of it.
pub fn catalogue(req: &Req) -> Result<Reply> {
    if req.header_text("accept").unwrap_or_default().contains("text/html") {
        return Ok(Reply::see_other(req.url("/share")));
    }
    file(req)
}

/// `/share/catalogue.jsonld`.
pub fn file(req: &Req) -> Result<Reply> {
    let after = req.query.get("after").unwrap_or_default();
    let (sets, services, next, top) = req.app.db.read(|r| {
        let chart = Chart::read(r, req.app)?;
        let filter = "state = 'published' and code > $1 order by code limit $2";
        let mut all = resource::listed(r, filter, store::params![after, MOST + 1])?;
        let next = (all.len() as i64 > MOST).then(|| all[MOST as usize - 1].code.clone());
        all.truncate(MOST as usize);
        let places = area::by_ids(r, all.iter().map(|o| &o.area))?;
        let (mut sets, mut services) = (Vec::new(), Vec::new());
        for one in &all {
            let place = places.iter().find(|a| a.id == one.area);
            let pack = super::pack::at(place.map_or("", |a| &a.code));
            sets.push(dataset(req, pack, one, &chart.name(&one.body), place));
            if one.share != Share::None {
                services.push(service(req, one));
            }
        }
        Ok::<_, Error>((sets, services, next, area::top(r)?))
    })?;
    let texts = |key: &str| words(&req.app.texts.plain(Lang::Zh, key), &req.app.texts.plain(Lang::En, key));
    let mut out = json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dcatap": "http://data.europa.eu/r5r/",
            "dct": "http://purl.org/dc/terms/",
            "eli": "http://data.europa.eu/eli/ontology#",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "skos": "http://www.w3.org/2004/02/skos/core#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": req.absolute("/share/catalogue"),
        "@type": "dcat:Catalog",
        "dct:title": texts("share-title"),
        "dct:description": texts("share-lead"),
        "dct:publisher": { "@type": "foaf:Agent", "@id": req.absolute("/"), "foaf:name": top.map(|a| a.name).unwrap_or_default() },
        "dct:language": [{ "@id": format!("{AUTHORITY}/language/ZHO") }, { "@id": format!("{AUTHORITY}/language/ENG") }],
        "dcat:dataset": sets,
        "dcat:service": services,
    });
    if let Some(next) = next {
        out["foaf:page"] = json!({ "@id": req.absolute(&format!("/share/catalogue.jsonld?after={next}")) });
    }
    let bytes = serde_json::to_vec(&out).map_err(|_| Kind::Internal)?;
    Ok(Reply::of(LD_JSON, bytes))
}
