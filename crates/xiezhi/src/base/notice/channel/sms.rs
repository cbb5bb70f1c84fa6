//! SMS by the HTTP gateway of any vendor: address, body and headers are configuration.
//!
//! What must stay true: texts are few, fixed and approved beforehand; a value is written into the body as its form
//! demands, so no number or link can become part of the body's own syntax.

use std::collections::BTreeMap;

use super::{Channel, Message, a_minute, link, say};
use crate::base::notice::rules::Pace;
use crate::kit::App;
use crate::kit::config::notice::{BodyForm, SmsFile};
use crate::kit::form::encode;
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
            BodyForm::Json => ("application/json; charset=utf-8", json_inside),
            BodyForm::Form => ("application/x-www-form-urlencoded; charset=utf-8", form_value),
        };
        let body = fill(&self.0.body, &values, escape);
        let headers: Vec<(&str, String)> =
            self.0.headers.iter().map(|(k, v)| (k.as_str(), fill(v, &values, header_value))).collect();
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

/// Puts values where their names stand; a name nobody knows stays as it is.
fn fill(text: &str, values: &BTreeMap<&'static str, String>, escape: fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        match after.split_once('}').and_then(|(name, later)| Some((values.get(name)?, later))) {
            Some((value, later)) => {
                out.push_str(&escape(value));
                rest = later;
            }
            None => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out + rest
}

fn json_inside(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn form_value(value: &str) -> String {
    encode(value).replace('/', "%2F")
}

fn header_value(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_values() {
        let values = BTreeMap::from([("text", "1\"}&a=b ${phone}".to_owned()), ("phone", "13800000001".to_owned())]);
        let body = fill(r#"{"to":"${phone}","text":"${text}","x":"${unknown}"}"#, &values, json_inside);
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(json, serde_json::json!({ "to": "13800000001", "text": "1\"}&a=b ${phone}", "x": "${unknown}" }));
        assert_eq!(fill("to=${phone}&text=${text}", &values, form_value), "to=13800000001&text=1%22%7D%26a%3Db%20%24%7Bphone%7D");
        assert_eq!(json_inside("\"a\""), "\\\"a\\\"");
    }
}
