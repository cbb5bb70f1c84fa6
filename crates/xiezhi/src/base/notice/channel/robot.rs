//! Robots in groups of WeCom, DingTalk and Feishu.
//!
//! What must stay true: one queue for each robot, because limits are by robot: WeCom and DingTalk take 20 messages a minute
//! and block for ten minutes whoever sends more; Feishu takes 100 a minute and 5 a second. A text has at most 2,048 bytes,
//! the least of what they take. The address of a robot holds its key, so no trouble tells it.
//!
//! Signatures, as their documents say: DingTalk signs `timestamp\nsecret` (milliseconds) under the secret and puts it into
//! the address; Feishu signs nothing under `timestamp\nsecret` (seconds) and puts it into the body; WeCom has none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as B64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;

use super::{Channel, Message, a_minute, link, say};
use crate::base::notice::kinds::kinds;
use crate::base::notice::queue::TOO_FAST;
use crate::base::notice::rules::{Pace, fitting};
use crate::kit::App;
use crate::kit::config::notice::{RobotFile, RobotKind};
use crate::kit::form::encode;
use crate::kit::outbound::{self, Trouble};
use crate::kit::time::Ms;

/// Most bytes of a text.
const BYTES: usize = 2048;

/// A robot of one group.
pub struct Robot {
    file: RobotFile,
    name: String,
}

/// Name of a robot's queue.
pub fn queue(name: &str) -> String {
    format!("robot-{name}")
}

impl Robot {
    /// The robot of a configuration.
    pub fn new(file: &RobotFile) -> Robot {
        Robot { file: file.clone(), name: queue(&file.name) }
    }

    /// Address and body, signed.
    fn request(&self, url: &str, secret: Option<&str>, text: &str, now: Ms) -> (String, Json) {
        let words = json!({ "content": text });
        match (self.file.kind, secret) {
            (RobotKind::Dingtalk, Some(secret)) => {
                let sign = sign(secret, &format!("{now}\n{secret}"));
                let between = if url.contains('?') { '&' } else { '?' };
                let url = format!("{url}{between}timestamp={now}&sign={}", encode(&sign).replace('/', "%2F"));
                (url, json!({ "msgtype": "text", "text": words }))
            }
            (RobotKind::Feishu, secret) => {
                let mut body = json!({ "msg_type": "text", "content": { "text": text } });
                if let Some(secret) = secret {
                    let now = now / 1000;
                    body["timestamp"] = now.to_string().into();
                    body["sign"] = sign(&format!("{now}\n{secret}"), "").into();
                }
                (url.to_owned(), body)
            }
            _ => (url.to_owned(), json!({ "msgtype": "text", "text": words })),
        }
    }

    fn text(&self, app: &App, message: &Message) -> String {
        let counts = kinds().group.iter().filter_map(|act| {
            let n = message.items.iter().filter(|i| i.kind == *act).count();
            (n > 0).then(|| say(app, &format!("group-{}", act.replace('.', "-")), &[("n", &n.to_string())]))
        });
        let counts = counts.collect::<Vec<_>>().join("，");
        let mut numbers: Vec<String> = Vec::new();
        for item in &message.items {
            if !numbers.contains(&item.subject) {
                numbers.push(item.subject.clone());
            }
        }
        let begin = say(app, "group-begin", &[("counts", &counts)]);
        let end = say(app, "group-end", &[("link", &link(app, &format!("/cases?area={}", self.file.area)))]);
        fitting(&begin, &numbers, "、", |n| say(app, "group-more", &[("n", &n.to_string())]), &end, BYTES)
    }
}

/// HMAC-SHA256 in base64.
fn sign(key: &str, text: &str) -> String {
    // HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
    mac.update(text.as_bytes());
    B64.encode(mac.finalize().into_bytes())
}

impl Channel for Robot {
    fn name(&self) -> &str {
        &self.name
    }

    fn paces(&self) -> Vec<Pace> {
        match self.file.kind {
            RobotKind::Feishu => vec![a_minute(100), Pace { most: 5, within: 1000 }],
            _ => vec![a_minute(20)],
        }
    }

    fn once(&self) -> bool {
        false
    }

    fn send(&self, app: &App, message: &Message) -> Result<Option<String>, Trouble> {
        let read = |e| Trouble::passing("secret", e);
        let url = self.file.url_file.read().map_err(read)?;
        let secret = self.file.secret_file.as_ref().map(|f| f.read()).transpose().map_err(read)?;
        let (url, body) = self.request(&url, secret.as_deref(), &self.text(app, message), message.now);
        let sent = outbound::post(&url, "application/json; charset=utf-8", &[], body.to_string().as_bytes());
        let answer = sent.map_err(|t| match t.code.as_str() {
            "address" => Trouble::lasting("address", "the address in url_file is none"),
            _ => Trouble { text: t.text.replace(&url, "…"), ..t },
        })?;
        taken(&answer).map(|()| None)
    }
}

/// Reads what a robot says: 200 with a code inside, whatever happened.
fn taken(answer: &[u8]) -> Result<(), Trouble> {
    let said: Json = serde_json::from_slice(answer).map_err(|_| Trouble::unclear("answer", "no JSON"))?;
    let code = ["errcode", "code", "StatusCode"].iter().find_map(|f| said[*f].as_i64());
    let words = ["errmsg", "msg", "StatusMessage"].iter().find_map(|f| said[*f].as_str()).unwrap_or_default();
    let words: String = words.chars().filter(|c| !c.is_control()).take(200).collect();
    match code {
        Some(0) => Ok(()),
        // WeCom, DingTalk (two of them), Feishu: too many messages.
        Some(45009 | 130101 | 410100 | 11232) => Err(Trouble::passing(TOO_FAST, words)),
        // WeCom and DingTalk: the system is busy.
        Some(-1) => Err(Trouble::passing("busy", words)),
        Some(code) => Err(Trouble::lasting(&format!("refused-{code}"), words)),
        None => Err(Trouble::unclear("answer", "no code")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn robot(kind: &str) -> Robot {
        let text = format!("name = 'g1'\nkind = '{kind}'\nurl_file = '/x'\narea = '1'");
        Robot::new(&toml::from_str(&text).unwrap())
    }

    #[test]
    fn signatures_are_those_of_the_documents() {
        // Values computed with the Python code that the vendors' documents print.
        const NOW: Ms = 1_700_000_000_000;
        let (url, body) = robot("dingtalk").request("https://x.example/send?access_token=t", Some("this is secret"), "灯", NOW);
        assert_eq!(
            url,
            format!("https://x.example/send?access_token=t&timestamp={NOW}&sign=sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0%3D")
        );
        assert_eq!(body, json!({ "msgtype": "text", "text": { "content": "灯" } }));
        let (url, body) = robot("feishu").request("https://x.example/hook/t", Some("this is secret"), "灯", NOW);
        assert_eq!(url, "https://x.example/hook/t");
        assert_eq!(
            body,
            json!({ "timestamp": "1700000000", "sign": "OfGzRzoUICBOoc8wVra1e4A1hPfbZ9zqXozA8CWVUuY=", "msg_type": "text", "content": { "text": "灯" } })
        );
        let (_, body) = robot("wecom").request("https://x.example/?key=k", None, "灯", NOW);
        assert_eq!(body, json!({ "msgtype": "text", "text": { "content": "灯" } }));
    }

    #[test]
    fn answers_are_read_as_they_are_meant() {
        for fine in [
            r#"{"errcode":0,"errmsg":"ok"}"#,
            r#"{"code":0,"msg":"success","data":{}}"#,
            r#"{"StatusCode":0,"StatusMessage":"success"}"#,
        ] {
            assert_eq!(taken(fine.as_bytes()), Ok(()), "{fine}");
        }
        for fast in [
            r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#,
            r#"{"errcode":130101,"errmsg":"send too fast"}"#,
            r#"{"code":11232}"#,
        ] {
            let trouble = taken(fast.as_bytes()).unwrap_err();
            assert_eq!((trouble.passes, trouble.perhaps, trouble.code.as_str()), (true, false, TOO_FAST), "{fast}");
        }
        let wrong = taken(br#"{"errcode":310000,"errmsg":"sign not match"}"#).unwrap_err();
        assert_eq!((wrong.passes, wrong.line()), (false, "refused-310000 sign not match".into()));
        assert!(taken(b"<html>").unwrap_err().perhaps && taken(b"{}").unwrap_err().perhaps);
    }
}
