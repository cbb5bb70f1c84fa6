//! `[[sign_on]]`: others who vouch for people. `docs/sign-in.md` explains each line.
//!
//! What must stay true: secrets lie in files of their own, are read when they are needed and are printed by nothing; what
//! does not fit together is said at start and never found out by somebody who wants to sign in.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::notice::{BodyForm, SecretFile};
use crate::kit::fill;
use crate::kit::who::RoleKind;

/// Others that may be configured.
const MOST: usize = 12;
/// Calls that one exchange may take.
const STEPS: usize = 4;
/// Longest session, in hours.
const HOURS: u32 = 720;
/// Names with a value of our own in what is sent to a provider.
pub const NAMES: [&str; 9] = ["return", "state", "ticket", "secret", "time", "unix", "unix_ms", "http_date", "random"];

/// One provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignOnFile {
    /// Short name, for addresses, database and log. Who it means must never change.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// The same in English; the label when absent.
    pub label_en: Option<String>,
    /// Role kinds that may sign in through it.
    #[serde(default = "residents")]
    pub roles: Vec<String>,
    /// Whether an unknown person gets an account as a resident.
    #[serde(default)]
    pub new_residents: bool,
    /// Its levels of assurance, from the lowest to the highest.
    #[serde(default)]
    pub levels: Vec<String>,
    /// The lowest one that is enough.
    pub min_level: Option<String>,
    /// Where subject, name, level and end stand in what it answers.
    #[serde(default)]
    pub answer: Answer,
    /// Hours after which a session ends that was opened through it.
    #[serde(default = "twelve")]
    pub hours: u32,
    /// Where one signs out of it; with `${return}`. OpenID Connect publishes it.
    pub end_session: Option<String>,
    /// Most people in a minute.
    #[serde(default = "many")]
    pub per_minute: u32,
    /// It speaks OpenID Connect.
    pub oidc: Option<OidcFile>,
    /// It sends people back with a ticket.
    pub ticket: Option<TicketFile>,
}

/// JSON pointers into what a provider says about a person.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// Who it is: never changes, never another's.
    pub subject: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Level of assurance.
    pub level: Option<String>,
    /// When the session there ends: seconds from now, or a moment.
    pub until: Option<String>,
}

/// `[sign_on.oidc]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcFile {
    /// The issuer, exactly as it calls itself.
    pub issuer: String,
    /// Under which it knows us.
    pub client_id: String,
    /// File with the secret that it gave us.
    pub secret_file: Option<SecretFile>,
    /// How the secret is shown: in a header, or in the body.
    #[serde(default)]
    pub secret_in: SecretIn,
    /// More scopes than `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// How a secret is shown.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum SecretIn {
    /// `client_secret_basic`
    #[default]
    Header,
    /// `client_secret_post`
    Body,
}

/// `[sign_on.ticket]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketFile {
    /// Where people are sent, with `${return}` and perhaps `${state}`.
    pub start: String,
    /// Name under which the ticket comes back.
    #[serde(default = "ticket")]
    pub param: String,
    /// Name under which our state comes back.
    #[serde(default = "state")]
    pub state_param: String,
    /// Whether it brings our state back. If not, only the browser's cookie ties the way back to the way there.
    #[serde(default = "yes")]
    pub carries_state: bool,
    /// File with the secret for `${secret}`.
    pub secret_file: Option<SecretFile>,
    /// Signatures, by name: for `${name}` in calls.
    #[serde(default)]
    pub sign: BTreeMap<String, Sign>,
    /// Calls that turn the ticket into a person, one after the other.
    pub exchange: Vec<Step>,
}

/// How a signature is made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// By which method.
    pub by: SignBy,
    /// Of what, with `${names}`.
    pub of: String,
}

/// Methods of signing.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum SignBy {
    /// MD5, in hex: old interfaces ask for it.
    Md5,
    /// SHA-256, in hex.
    Sha256,
    /// HMAC-SHA-256 under the secret, in hex.
    HmacSha256,
    /// HMAC-SHA-256 under the secret, in Base64.
    HmacSha256Base64,
}

/// One call of an exchange.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// `GET` or `POST`.
    #[serde(default)]
    pub method: Method,
    /// Address.
    pub url: String,
    /// How values are written into the body.
    #[serde(default)]
    pub form: BodyForm,
    /// Body of a `POST`.
    #[serde(default)]
    pub body: String,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// JSON pointers and the texts that a good answer has there.
    #[serde(default)]
    pub ok: BTreeMap<String, String>,
    /// Values for the next call: name, and where it stands.
    #[serde(default)]
    pub take: BTreeMap<String, String>,
}

/// Method of a call.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Sends a body.
    #[default]
    Post,
}

fn residents() -> Vec<String> {
    vec![RoleKind::Resident.to_string()]
}

fn twelve() -> u32 {
    12
}

fn many() -> u32 {
    600
}

fn ticket() -> String {
    "ticket".into()
}

fn state() -> String {
    "state".into()
}

fn yes() -> bool {
    true
}

impl SignOnFile {
    /// What people call it.
    pub fn label(&self, english: bool) -> &str {
        self.label_en.as_deref().filter(|_| english).unwrap_or(&self.label)
    }

    /// Whether somebody with this role may sign in through it.
    pub fn lets(&self, kind: RoleKind) -> bool {
        self.roles.iter().any(|r| r == kind.as_str())
    }

    /// Whether an account may be tied to it: not when a stranger's ticket could be slipped in on the way back.
    pub fn binds(&self) -> bool {
        self.ticket.as_ref().is_none_or(|t| t.carries_state)
    }

    fn faults(&self) -> Vec<String> {
        let mut out = Vec::new();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || self.id.len() > 30 || !self.id.chars().all(plain) {
            out.push("an id has small letters, digits and dashes, at most 30".to_owned());
        }
        if self.label.trim().is_empty() || self.label.chars().count() > 20 {
            out.push("label: what people call it, at most 20 characters".to_owned());
        }
        out.extend(self.roles.iter().filter(|r| r.parse::<RoleKind>().is_err()).map(|r| format!("roles: there is no {r}")));
        if self.roles.is_empty() {
            out.push("roles: nobody could sign in".to_owned());
        }
        if self.new_residents && !self.lets(RoleKind::Resident) {
            out.push("new_residents: residents must be among the roles".to_owned());
        }
        if self.min_level.as_ref().is_some_and(|l| !self.levels.contains(l)) {
            out.push("min_level must be one of the levels".to_owned());
        }
        if !(1..=HOURS).contains(&self.hours) {
            out.push(format!("hours is from 1 to {HOURS}"));
        }
        if !(1..=6000).contains(&self.per_minute) {
            out.push("per_minute is from 1 to 6000".to_owned());
        }
        let a = &self.answer;
        for (name, pointer) in [("subject", &a.subject), ("name", &a.name), ("level", &a.level), ("until", &a.until)] {
            out.extend(pointer.as_ref().and_then(|p| bad_pointer(&format!("answer.{name}"), p)));
        }
        out.extend(self.end_session.as_ref().and_then(|u| bad_url("end_session", u, false)));
        match (&self.oidc, &self.ticket) {
            (Some(oidc), None) => out.extend(oidc.faults(self)),
            (None, Some(ticket)) => out.extend(ticket.faults(self)),
            _ => out.push("needs either [sign_on.oidc] or [sign_on.ticket]".to_owned()),
        }
        out.into_iter().map(|f| format!("[[sign_on]] {}: {f}", self.id)).collect()
    }
}

impl OidcFile {
    fn faults(&self, of: &SignOnFile) -> Vec<String> {
        let mut out: Vec<String> = bad_url("issuer", &self.issuer, true).into_iter().collect();
        if self.client_id.is_empty() {
            out.push("client_id is empty".to_owned());
        }
        if of.answer.subject.is_some() {
            out.push("answer.subject: OpenID Connect says where it stands".to_owned());
        }
        if !cfg!(feature = "oidc") {
            out.push("this program was built without OpenID Connect: build it with `--features oidc`".to_owned());
        }
        out
    }
}

impl TicketFile {
    fn faults(&self, of: &SignOnFile) -> Vec<String> {
        let mut out: Vec<String> = bad_url("start", &self.start, false).into_iter().collect();
        let has = |name: &str| fill::names(&self.start).any(|n| n == name);
        out.extend(fill::names(&self.start).filter(|n| !matches!(*n, "return" | "state")).map(|n| format!("start: no ${{{n}}}")));
        if self.carries_state && !has("return") && !has("state") {
            out.push(
                "start has neither ${return} nor ${state}: our state cannot come back; say carries_state = false".to_owned(),
            );
        }
        if !self.carries_state && has("state") {
            out.push("start has ${state}, but carries_state is false".to_owned());
        }
        if !of.binds() && !of.new_residents {
            out.push("without state nobody may tie an account to it, and none comes to be: nobody could sign in".to_owned());
        }
        if of.answer.subject.is_none() {
            out.push("answer.subject: where does it stand who it is?".to_owned());
        }
        if self.exchange.is_empty() || self.exchange.len() > STEPS {
            out.push(format!("exchange has from 1 to {STEPS} calls"));
        }
        let mut known: Vec<&str> = NAMES.into_iter().chain(self.sign.keys().map(String::as_str)).collect();
        let unknown = |what: String, text: &str, known: &[&str]| -> Vec<String> {
            fill::names(text).filter(|n| !known.contains(n)).map(|n| format!("{what}: no ${{{n}}}")).collect()
        };
        for (name, sign) in &self.sign {
            out.extend(unknown(format!("sign.{name}"), &sign.of, &known[..NAMES.len()]));
        }
        for (i, step) in self.exchange.iter().enumerate() {
            let what = format!("exchange {}", i + 1);
            out.extend(bad_url(&format!("{what}: url"), &step.url, false));
            for text in [&step.url, &step.body].into_iter().chain(step.headers.values()) {
                out.extend(unknown(what.clone(), text, &known));
            }
            for pointer in step.ok.keys().chain(step.take.values()) {
                out.extend(bad_pointer(&what, pointer));
            }
            known.extend(step.take.keys().map(String::as_str));
        }
        let all = self.exchange.iter().flat_map(|s| [&s.url, &s.body].into_iter().chain(s.headers.values()));
        if !all.flat_map(|t| fill::names(t)).any(|n| n == "ticket") && !self.sign.values().any(|s| s.of.contains("${ticket}")) {
            out.push("no call has the ${ticket} in it".to_owned());
        }
        out
    }
}

fn bad_pointer(what: &str, pointer: &str) -> Option<String> {
    (!pointer.starts_with('/')).then(|| format!("{what}: a JSON pointer such as /data/id"))
}

/// `strict`: in clear only to this machine.
fn bad_url(what: &str, url: &str, strict: bool) -> Option<String> {
    let own = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|h| url.starts_with(h));
    let fine = url.starts_with("https://") || own || !strict && url.starts_with("http://");
    (!fine || url.contains(char::is_whitespace)).then(|| format!("{what}: an address with https://"))
}

/// What does not fit together; said at start.
pub fn faults(all: &[SignOnFile], public_url: Option<&str>) -> Vec<String> {
    let mut out: Vec<String> = all.iter().flat_map(SignOnFile::faults).collect();
    for (i, one) in all.iter().enumerate() {
        if all[..i].iter().any(|other| other.id == one.id) {
            out.push(format!("[[sign_on]] {}: this id stands twice", one.id));
        }
    }
    if all.len() > MOST {
        out.push(format!("[[sign_on]]: at most {MOST}"));
    }
    if !all.is_empty() && public_url.is_none() {
        out.push("[[sign_on]]: people are sent back to us, so public_url must be set".to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct All {
        sign_on: Vec<SignOnFile>,
    }

    const FINE: &str = r#"
        [[sign_on]]
        id = "province"
        label = "省统一认证"
        new_residents = true
        levels = ["1", "2", "3"]
        min_level = "2"
        answer = { subject = "/data/userid", name = "/data/name", level = "/data/level", until = "/data/expires_in" }
        [sign_on.ticket]
        start = "https://sso.example/login?goto=${return}"
        sign = { sign = { by = "md5", of = "app${secret}${time}" } }
        [[sign_on.ticket.exchange]]
        url = "https://sso.example/ticket"
        form = "form"
        body = "st=${ticket}&time=${time}&sign=${sign}"
        take = { token = "/token" }
        [[sign_on.ticket.exchange]]
        method = "GET"
        url = "https://sso.example/user?token=${token}"
    "#;

    fn read(text: &str) -> Vec<String> {
        faults(&toml::from_str::<All>(text).unwrap_or_else(|e| panic!("{e}\n{text}")).sign_on, Some("https://c.example"))
    }

    #[test]
    fn each_mistake_is_said_and_what_is_right_is_taken() {
        assert_eq!(read(FINE), Vec::<String>::new());
        assert_eq!(read(&format!("{FINE}{FINE}")), ["[[sign_on]] province: this id stands twice"]);
        assert_eq!(faults(&toml::from_str::<All>(FINE).unwrap().sign_on, None).len(), 1);
        for (right, wrong, said) in [
            ("\"province\"", "\"省\"", "small letters"),
            ("label = \"省统一认证\"", "label = \"\"", "what people call it"),
            ("min_level = \"2\"", "min_level = \"4\"", "one of the levels"),
            ("new_residents = true", "roles = [\"clerk\"]", "there is no clerk"),
            ("new_residents = true", "new_residents = true\nroles = [\"committee\"]", "residents must be among"),
            ("new_residents = true", "hours = 0", "hours is from"),
            ("new_residents = true", "per_minute = 0", "per_minute is from"),
            ("new_residents = true", "end_session = \"ftp://x\"", "end_session: an address"),
            ("/data/userid", "data.userid", "a JSON pointer"),
            ("subject = \"/data/userid\", ", "", "where does it stand who it is"),
            ("?goto=${return}", "", "neither ${return} nor ${state}"),
            ("?goto=${return}", "?goto=${goto}", "no ${goto}"),
            ("[sign_on.ticket]", "[sign_on.ticket]\ncarries_state = false\nstate_param = \"x\"", ""),
            ("of = \"app", "of = \"${sign}", "sign.sign: no ${sign}"),
            ("st=${ticket}", "st=x", "no call has the ${ticket}"),
            ("st=${ticket}", "st=${token}${ticket}", "exchange 1: no ${token}"),
            ("https://sso.example/user", "user", "exchange 2: url"),
            ("/token\" }", "token\" }", "exchange 1: a JSON pointer"),
        ] {
            let text = FINE.replacen(right, wrong, 1);
            assert_ne!(text, FINE, "{right}");
            let told = read(&text);
            assert!(told.iter().any(|f| f.contains(said)) || said.is_empty() && told.is_empty(), "{wrong}: {told:?}");
        }
        let stateless =
            FINE.replace("new_residents = true", "").replace("[sign_on.ticket]", "[sign_on.ticket]\ncarries_state = false");
        assert!(read(&stateless).iter().any(|f| f.contains("nobody could sign in")));
        assert!(toml::from_str::<All>(&FINE.replace("take =", "takes =")).is_err());
        assert!(toml::from_str::<All>(&FINE.replace("\"md5\"", "\"rot13\"")).is_err());
    }

    #[test]
    fn an_issuer_is_asked_in_secret() {
        let oidc = |issuer: &str, more: &str| {
            let text = format!("[[sign_on]]\nid='o'\nlabel='O'\n{more}\n[sign_on.oidc]\nissuer='{issuer}'\nclient_id='x'\n");
            read(&text).into_iter().filter(|f| !f.contains("--features oidc")).collect::<Vec<_>>()
        };
        assert_eq!(oidc("https://sso.example/realms/a", ""), Vec::<String>::new());
        assert_eq!(oidc("http://127.0.0.1:9", ""), Vec::<String>::new());
        assert_eq!(oidc("http://sso.example", "").len(), 1);
        assert_eq!(oidc("https://sso.example", "answer = { subject = '/email' }").len(), 1, "an e-mail is nobody");
        let both = FINE.replace("[sign_on.ticket]", "[sign_on.oidc]\nissuer='https://a.b'\nclient_id='x'\n[sign_on.ticket]");
        assert!(read(&both).iter().any(|f| f.contains("either")));
    }
}
