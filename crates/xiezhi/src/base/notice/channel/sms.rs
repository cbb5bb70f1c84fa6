//! SMS by the HTTP gateway of any vendor: address, body and headers are configuration.
//!
//! What must stay true: texts are few, fixed and approved beforehand; a value is written into the body as its form
//! demands, so no number or link can become part of the body's own syntax.

use std::collections::BTreeMap;

use super::{Channel, Message, a_minute, link, say};
use crate::base::notice::rules::Pace;
use crate::kit::App;
use crate::kit::config::notice::{BodyForm, SmsFile};
use crate::kit::fill::{self, fill};
use crate::kit::outbound::{self, Trouble};

/// The gateway.
pub struct Sms(pub SmsFile);

impl Channel for Sms {
    fn name(&self) -> &str {
        "sms"
    }

    fn paces(&self) -> Vec<Pace> {
        vec![a_minute(self.0.per_minute)]
    }

    fn once(&self) -> bool {
        self.0.once
    }

    fn send(&self, app: &App, message: &Message) -> Result<Option<String>, Trouble> {
        let secret = match &self.0.secret_file {
            Some(file) => file.read().map_err(|e| Trouble::passing("secret", e))?,
            None => String::new(),
        };
        let values = self.values(app, message, &secret);
        let (kind, escape): (_, fn(&str) -> String) = match self.0.form {
            BodyForm::Json => ("application/json; charset=utf-8", fill::json),
            BodyForm::Form => ("application/x-www-form-urlencoded; charset=utf-8", fill::form),
        };
        let body = fill(&self.0.body, &values, escape);
        let headers: Vec<(&str, String)> =
            self.0.headers.iter().map(|(k, v)| (k.as_str(), fill(v, &values, fill::header))).collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let answer = outbound::post(&self.0.url, kind, &headers, body.as_bytes())?;
        let text = String::from_utf8_lossy(&answer);
        if self.0.ok.as_ref().is_some_and(|ok| !text.contains(ok.as_str())) {
            let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
            return Err(Trouble::lasting("gateway", text));
        }
        let json: Option<serde_json::Value> = serde_json::from_slice(&answer).ok();
        let id = self.0.id_field.as_ref().and_then(|f| json?.get(f).map(|v| v.as_str().map_or(v.to_string(), str::to_owned)));
        Ok(id)
    }
}

impl Sms {
    fn values(&self, app: &App, message: &Message, secret: &str) -> BTreeMap<&'static str, String> {
        let number = message.subject.clone().unwrap_or_default();
        let path = if message.kind == "digest" { "/inbox".to_owned() } else { format!("/r/{number}") };
        let (link, n) = (link(app, &path), message.items.len().to_string());
        let code = message.code.clone().unwrap_or_default();
        let key = format!("sms-{}", message.kind);
        let text = say(app, &key, &[("number", &number), ("link", &link), ("n", &n), ("code", &code)]);
        BTreeMap::from([
            ("phone", message.address.clone().unwrap_or_default()),
            ("text", format!("{}{text}", self.0.sign)),
            ("template", self.0.template.get(&message.kind).cloned().unwrap_or_default()),
            ("id", message.id.clone()),
            ("number", number),
            ("link", link),
            ("n", n),
            ("code", code),
            ("secret", secret.to_owned()),
        ])
    }
}
