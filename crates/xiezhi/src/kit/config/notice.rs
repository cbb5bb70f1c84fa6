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
        if self.mail.as_ref().is_some_and(|m| !pace(m.per_minute)) || self.sms.as_ref().is_some_and(|s| !pace(s.per_minute)) {
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
        let fine = "[sms]\nurl = 'https://sms.example/'\nbody = 'p=${phone}'\nform = 'form'\n[[robot]]\nname = 'g1'\nkind = 'feishu'\nurl_file = '/x'\narea = '1'\n";
        assert_eq!(read(fine).unwrap().faults(Some("https://c.example")), Vec::<String>::new());
    }
}
