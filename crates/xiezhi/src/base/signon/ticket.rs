//! Sent to the provider, back with a ticket, which our server exchanges for who it is: the sign-on of provinces and cities.
//! No two are alike, so addresses, calls, signatures and where things stand in the answer are configuration.
//!
//! What must stay true: the ticket is exchanged by us and never believed by itself; a value is written into an address, a
//! body or a header as that demands, whatever it holds; nothing of an answer but the values that are named is looked at.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::tz::TimeZone;
use md5::Md5;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use store::hex;

use super::rules::{self, LONGEST, NAME};
use super::trip::Trip;
use super::{Identity, IdentityProvider, refusal};
use crate::kit::config::notice::BodyForm;
use crate::kit::config::sign_on::{Method, Sign, SignBy, SignOnFile, Step, TicketFile};
use crate::kit::error::Kind;
use crate::kit::fill::{self, fill};
use crate::kit::form::Form;
use crate::kit::outbound::{self, Trouble, WAITED_FOR};
use crate::kit::{App, Error, Result, time};

/// A provider of this dialect.
pub struct Ticket<'a> {
    pub(super) app: &'a App,
    pub(super) file: &'a SignOnFile,
    pub(super) ticket: &'a TicketFile,
}

type Values = BTreeMap<String, String>;

impl IdentityProvider for Ticket<'_> {
    fn start(&self, trip: &Trip, home: &str) -> Result<String> {
        let names: Vec<&str> = fill::names(&self.ticket.start).collect();
        // Where there is no place for the state it comes back as part of our own address.
        let inside = self.ticket.carries_state && !names.contains(&"state");
        let home = if inside { format!("{home}?{}={}", self.ticket.state_param, trip.state) } else { home.to_owned() };
        let values = BTreeMap::from([("return", home), ("state", trip.state.clone())]);
        Ok(fill(&self.ticket.start, &values, fill::form))
    }

    fn callback(&self, _: &Trip, home: &str, query: &Form) -> Result<Identity> {
        let ticket = query.get(&self.ticket.param).filter(|t| t.len() <= LONGEST).ok_or(Kind::SignOnRefused)?;
        let secret = match &self.ticket.secret_file {
            Some(file) => file.read().map_err(|e| refusal(&Trouble::passing("secret", e)))?,
            None => String::new(),
        };
        let values = self.values(home, ticket, secret);
        let answer = self.app.hosts.call(&self.file.id, || self.exchange(values)).map_err(|t| refusal(&t))?;
        let (at, now) = (&self.file.answer, self.app.now());
        let read = |pointer: &Option<String>| pointer.as_ref().and_then(|p| rules::text(&answer, p));
        Ok(Identity {
            realm: String::new(),
            subject: read(&at.subject).ok_or_else(|| Error::from(Kind::SignOnAnswer).field("subject"))?,
            name: read(&at.name).map(|n| n.chars().take(NAME).collect()),
            level: read(&at.level),
            until: at.until.as_ref().map(|p| rules::moment(&answer, p, now)).transpose()?,
        })
    }

    fn end(&self, home: &str) -> Option<String> {
        let values = BTreeMap::from([("return", home.to_owned())]);
        self.file.end_session.as_ref().map(|url| fill(url, &values, fill::form))
    }

    fn state(&self) -> Option<&str> {
        self.ticket.carries_state.then_some(&self.ticket.state_param)
    }
}

impl Ticket<'_> {
    fn values(&self, home: &str, ticket: &str, secret: String) -> Values {
        let now = self.app.now();
        let at = |zone| time::zoned(now, zone);
        let (here, gmt) = (at(&self.app.config.zone), at(&TimeZone::UTC));
        let random = hex(self.app.random::<16>());
        let mut values: Values = [
            ("return", home.to_owned()),
            ("ticket", ticket.to_owned()),
            ("secret", secret),
            ("time", here.strftime("%Y%m%d%H%M%S").to_string()),
            ("unix", (now / 1000).to_string()),
            ("unix_ms", now.to_string()),
            ("http_date", gmt.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
            ("random", random),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let signed: Vec<(String, String)> = self.ticket.sign.iter().map(|(n, s)| (n.clone(), sign(s, &values))).collect();
        values.extend(signed);
        values
    }

    fn exchange(&self, mut values: Values) -> std::result::Result<Json, Trouble> {
        let mut answer = Json::Null;
        for step in &self.ticket.exchange {
            answer = call(step, &values)?;
            if step.ok.iter().any(|(pointer, want)| rules::text(&answer, pointer).as_ref() != Some(want)) {
                return Err(Trouble::lasting("no", ""));
            }
            for (name, pointer) in &step.take {
                let value = rules::text(&answer, pointer).ok_or_else(|| Trouble::lasting("answer", ""))?;
                values.insert(name.clone(), value);
            }
        }
        Ok(answer)
    }
}

fn call(step: &Step, values: &Values) -> std::result::Result<Json, Trouble> {
    let (kind, escape): (_, fn(&str) -> String) = match step.form {
        BodyForm::Json => ("application/json; charset=utf-8", fill::json),
        BodyForm::Form => ("application/x-www-form-urlencoded; charset=utf-8", fill::form),
    };
    let url = fill(&step.url, values, fill::form);
    let headers: Vec<(&str, String)> = step.headers.iter().map(|(k, v)| (k.as_str(), fill(v, values, fill::header))).collect();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let body = (step.method == Method::Post).then(|| fill(&step.body, values, escape));
    let answer = outbound::send(WAITED_FOR, &url, &headers, body.as_ref().map(|b| (kind, b.as_bytes())))?;
    serde_json::from_slice(&answer).map_err(|_| Trouble::lasting("answer", ""))
}

fn sign(sign: &Sign, values: &Values) -> String {
    let text = fill(&sign.of, values, fill::plain);
    let mac = || {
        // A key of any length is a key.
        let key = values.get("secret").map(String::as_bytes).unwrap_or_default();
        let mac = Hmac::<Sha256>::new_from_slice(key).map(|m| m.chain_update(&text).finalize().into_bytes().to_vec());
        mac.unwrap_or_default()
    };
    match sign.by {
        SignBy::Md5 => hex(Md5::digest(&text)),
        SignBy::Sha256 => hex(Sha256::digest(&text)),
        SignBy::HmacSha256 => hex(mac()),
        SignBy::HmacSha256Base64 => STANDARD.encode(mac()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_that_others_compute() {
        let values: Values = [("secret", "key"), ("t", "The quick brown fox jumps over the lazy dog")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into();
        let by = |by| sign(&Sign { by, of: "${t}".into() }, &values);
        assert_eq!(by(SignBy::Md5), "9e107d9d372bb6826bd81d3542a419d6");
        assert_eq!(by(SignBy::Sha256), "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592");
        assert_eq!(by(SignBy::HmacSha256), "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
        assert_eq!(by(SignBy::HmacSha256Base64), "97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=");
    }
}
