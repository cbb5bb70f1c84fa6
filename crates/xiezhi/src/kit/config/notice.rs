//! `[notice]`: over which channels people are told. Without a section a channel does not exist.
//!
//! What must stay true: secrets lie in files of their own, are read when they are needed (so they can be changed while the
//! program runs) and are printed by nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// `[notice]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoticeFile {
    /// E-mail.
    pub mail: Option<MailFile>,
    /// SMS.
    pub sms: Option<SmsFile>,
    /// Robots in groups of chat programs.
    pub robot: Vec<RobotFile>,
    /// Web Push.
    pub push: Option<PushFile>,
}

/// A file with a secret in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct SecretFile(PathBuf);

impl SecretFile {
    /// What is in it, without blanks around it; a sentence for the administrator when there is nothing.
    pub fn read(&self) -> Result<String, String> {
        let text = std::fs::read_to_string(&self.0).map_err(|e| format!("{}: {e}", self.0.display()))?;
        let text = text.trim();
        if text.is_empty() { Err(format!("{}: is empty", self.0.display())) } else { Ok(text.to_owned()) }
    }
}

impl From<PathBuf> for SecretFile {
    fn from(path: PathBuf) -> SecretFile {
        SecretFile(path)
    }
}

/// `[notice.mail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailFile {
    /// Host name of the mail server.
    pub server: String,
    /// Its port; 465 for `wrapper`, 587 for `starttls`, 25 for `none` when absent.
    pub port: Option<u16>,
    /// How the connection is kept secret.
    #[serde(default)]
    pub tls: Tls,
    /// Name to sign in with.
    pub user: Option<String>,
    /// File with the password.
    pub password_file: Option<SecretFile>,
    /// Sender, as in `Name <address>`.
    pub from: String,
    /// Most messages in a minute.
    #[serde(default = "sixty")]
    pub per_minute: u32,
}

/// How a connection to a mail server is kept secret.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte.
    #[default]
    Wrapper,
    /// Begun in clear, then secret, or not at all.
    Starttls,
    /// In clear: for a server on this machine.
    None,
}

/// `[notice.sms]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmsFile {
    /// Address of the gateway.
    pub url: String,
    /// `json` or `form`: how values are written into the body.
    #[serde(default)]
    pub form: BodyForm,
    /// Body with `${phone} ${text} ${template} ${id} ${number} ${link} ${n} ${code} ${secret}`.
    pub body: String,
    /// More headers, with the same names in their values.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// File with the secret for `${secret}`.
    pub secret_file: Option<SecretFile>,
    /// Signature in front of every text, as approved: `【一社区】`.
    #[serde(default)]
    pub sign: String,
    /// The gateway's own names of our texts: `receipt result refused delayed digest code sign-in`.
    #[serde(default)]
    pub template: BTreeMap<String, String>,
    /// The gateway takes a message with the same `${id}` once: then what is unclear may be sent again.
    #[serde(default)]
    pub once: bool,
    /// What a good answer has in it, for gateways that say 200 to everything: `"code":"OK"`.
    pub ok: Option<String>,
    /// Field of a JSON answer with the gateway's own id of the message.
    pub id_field: Option<String>,
    /// Most messages in a minute.
    #[serde(default = "sixty")]
    pub per_minute: u32,
    /// File with the secret under which the gateway signs what comes in; without it nothing is taken in.
    pub reply_secret_file: Option<SecretFile>,
}

/// How values are written into a body.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum BodyForm {
    /// Inside JSON strings.
    #[default]
    Json,
    /// Percent-encoded.
    Form,
}

/// `[[notice.robot]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RobotFile {
    /// Short name, for the queue and the log.
    pub name: String,
    /// Whose robot it is.
    pub kind: RobotKind,
    /// File with the whole address, whose key is a secret.
    pub url_file: SecretFile,
    /// File with the secret for signing; DingTalk and Feishu only.
    pub secret_file: Option<SecretFile>,
    /// Code of the grid, community or street whose matters it tells of.
    pub area: String,
    /// What happens within so many minutes is told at once.
    #[serde(default = "five")]
    pub every_minutes: u32,
}

/// Whose robot it is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum RobotKind {
    /// 企业微信
    Wecom,
    /// 钉钉
    Dingtalk,
    /// 飞书
    Feishu,
}

/// `[notice.push]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushFile {
    /// Whom a vendor may write to about us: `mailto:…` or `https://…`.
    pub contact: String,
    /// Hosts that may be called; one that begins with a dot means all beneath it, and `http://host:port` is a relay in
    /// one's own network.
    #[serde(default = "vendors")]
    pub hosts: Vec<String>,
    /// Most calls in a minute.
    #[serde(default = "six_hundred")]
    pub per_minute: u32,
}

impl PushFile {
    /// Longest address of a browser.
    pub const LONGEST: usize = 600;

    /// `https://host` of a browser's address, when its host is one of ours and it is an address as the vendors give them.
    pub fn origin(&self, address: &str) -> Option<String> {
        let (scheme, rest) = address.split_once("://").filter(|_| address.len() <= Self::LONGEST)?;
        let (host, path) = rest.split_once('/')?;
        let origin = format!("{scheme}://{host}");
        let named = |h: &String| match h.as_str() {
            h if h.contains("://") => origin == h,
            h if h.starts_with('.') => scheme == "https" && host.ends_with(h),
            h => scheme == "https" && host == h,
        };
        let plain = path.bytes().all(|b| b.is_ascii_graphic()) && !host.contains(['@', '\\', '?', '#']);
        (plain && self.hosts.iter().any(named)).then_some(origin)
    }
}

fn vendors() -> Vec<String> {
    let all = ["fcm.googleapis.com", ".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com"];
    all.map(str::to_owned).into()
}

fn six_hundred() -> u32 {
    600
}

fn sixty() -> u32 {
    60
}

fn five() -> u32 {
    5
}

impl NoticeFile {
    /// What does not fit together; said at start.
    pub fn faults(&self, public_url: Option<&str>) -> Vec<String> {
        let mut out = Vec::new();
        let any = self.mail.is_some() || self.sms.is_some() || !self.robot.is_empty();
        if any && public_url.is_none() {
            out.push("[notice]: messages carry links, so public_url must be set".to_owned());
        }
        for (i, robot) in self.robot.iter().enumerate() {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if robot.name.is_empty() || robot.name.len() > 40 || !robot.name.chars().all(plain) {
                out.push(format!("[[notice.robot]] {}: a name has small letters, digits and dashes", robot.name));
            }
            if self.robot[..i].iter().any(|r| r.name == robot.name) {
                out.push(format!("[[notice.robot]] {}: this name stands twice", robot.name));
            }
            if robot.kind == RobotKind::Wecom && robot.secret_file.is_some() {
                out.push(format!("[[notice.robot]] {}: a WeCom robot has no secret but its address", robot.name));
            }
            if !(1..=1440).contains(&robot.every_minutes) {
                out.push(format!("[[notice.robot]] {}: every_minutes is from 1 to 1440", robot.name));
            }
        }
        let pace = |n: u32| (1..=6000).contains(&n);
        if let Some(push) = &self.push
            && !["mailto:", "https://"].iter().any(|s| push.contact.starts_with(s))
        {
            out.push("[notice.push]: contact begins with mailto: or https://".to_owned());
        }
        let paces = [
            self.mail.as_ref().map(|m| m.per_minute),
            self.sms.as_ref().map(|s| s.per_minute),
            self.push.as_ref().map(|p| p.per_minute),
        ];
        if paces.into_iter().flatten().any(|n| !pace(n)) {
            out.push("[notice]: per_minute is from 1 to 6000".to_owned());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_together_is_said() {
        let read = |text: &str| toml::from_str::<NoticeFile>(text);
        assert!(read("typo = 1").is_err());
        let robots =
            "[[robot]]\nname = 'G 1'\nkind = 'wecom'\nurl_file = '/x'\nsecret_file = '/y'\narea = '1'\nevery_minutes = 0\n";
        let twice = format!("{robots}{robots}");
        assert_eq!(read(&twice).unwrap().faults(None).len(), 8);
        let wrong = "[push]\ncontact = 'me'\nper_minute = 0\n";
        assert_eq!(read(wrong).unwrap().faults(None).len(), 2);
        let fine = "[sms]\nurl = 'https://sms.example/'\nbody = 'p=${phone}'\nform = 'form'\n[[robot]]\nname = 'g1'\nkind = 'feishu'\nurl_file = '/x'\narea = '1'\n";
        assert_eq!(read(fine).unwrap().faults(Some("https://c.example")), Vec::<String>::new());
    }

    #[test]
    fn only_vendors_that_are_named_are_called() {
        let push: PushFile = toml::from_str("contact = 'mailto:a@c.example'").unwrap();
        let origin = |address: &str| push.origin(address);
        assert_eq!(origin("https://fcm.googleapis.com/fcm/send/x:y").as_deref(), Some("https://fcm.googleapis.com"));
        assert_eq!(
            origin("https://updates.push.services.mozilla.com/wpush/v2/x").as_deref(),
            Some("https://updates.push.services.mozilla.com")
        );
        for bad in [
            "http://fcm.googleapis.com/x",
            "https://fcm.googleapis.com",
            "https://fcm.googleapis.com:8080/x",
            "https://fcm.googleapis.com@c.example/x",
            "https://c.example/fcm.googleapis.com/x",
            "https://127.0.0.1/x",
            "https://evilpush.apple.com/x",
            "https://c.example?.push.apple.com/x",
            "https://fcm.googleapis.com/x\r\nhost: c",
            "http://127.0.0.1:80/x",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
        assert_eq!(origin(&format!("https://fcm.googleapis.com/{}", "x".repeat(600))), None);
        let relay = PushFile { hosts: vec!["http://10.0.0.5:81".into()], ..push };
        assert_eq!(relay.origin("http://10.0.0.5:81/x").as_deref(), Some("http://10.0.0.5:81"));
        assert_eq!(relay.origin("http://10.0.0.5:8/x"), None);
    }
}
