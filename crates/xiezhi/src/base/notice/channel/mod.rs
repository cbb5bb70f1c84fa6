//! Ways out of the program: e-mail, SMS, robots in groups. Each has a queue of its own.
//!
//! What must stay true: a message says how many things happened and their numbers, and where to look; never what they are
//! about or whom they concern. Whether a message may be sent again when nobody knows what became of it is decided for each
//! channel:
//!
//! | Channel | Same message twice | so what is unclear |
//! |---|---|---|
//! | e-mail | delivered twice: a `Message-ID` stops no server | stays unknown |
//! | SMS | as the gateway says (`once = true` when it takes an id once) | is sent again only then |
//! | Web Push | shown once: it says nothing itself | is sent again |
//! | robots | said twice: their addresses know no key | stays unknown |

/// E-mail by SMTP.
#[cfg(feature = "mail")]
mod mail;
/// Web Push.
#[cfg(feature = "push")]
mod push;
/// Robots in groups of WeCom, DingTalk and Feishu.
mod robot;
/// SMS by a gateway.
mod sms;

pub use robot::queue as robot_queue;

use fluent_bundle::FluentArgs;

use super::queue::Item;
use super::rules::Pace;
use crate::kit::App;
use crate::kit::i18n::Lang;
use crate::kit::letters::Letter;
use crate::kit::outbound::Trouble;
use crate::kit::time::{MINUTE, Ms};

/// Channels over which a person may be told.
pub const PERSONAL: [&str; 3] = ["push", "email", "sms"];
/// What a channel says when an address is no longer one: nothing is sent there any more.
pub const GONE: &str = "gone";

/// A message, opened.
#[derive(Clone, Debug)]
pub struct Message {
    /// The same for each try.
    pub id: String,
    /// `digest`, `code`, `group`, or a text to a reporter.
    pub kind: String,
    /// Where to.
    pub address: Option<String>,
    /// The code of an address.
    pub code: Option<String>,
    /// Number of the matter.
    pub subject: Option<String>,
    /// What happened.
    pub items: Vec<Item>,
    /// The present.
    pub now: Ms,
}

/// A way out.
pub trait Channel: Send + Sync {
    /// Name of its queue.
    fn name(&self) -> &str;
    /// Its limits.
    fn paces(&self) -> Vec<Pace>;
    /// The other side takes one id once.
    fn once(&self) -> bool;
    /// Sends, and gives the other side's id.
    fn send(&self, app: &App, message: &Message) -> Result<Option<String>, Trouble>;
}

/// The channels that are configured and built in.
pub fn all(app: &App) -> Vec<Box<dyn Channel>> {
    let file = &app.config.file.notice;
    let mut out: Vec<Box<dyn Channel>> = Vec::new();
    #[cfg(feature = "mail")]
    out.extend(file.mail.iter().map(|m| Box::new(mail::Mail(m.clone())) as Box<dyn Channel>));
    #[cfg(feature = "push")]
    out.extend(file.push.iter().map(|p| Box::new(push::Push(p.clone())) as Box<dyn Channel>));
    out.extend(file.sms.iter().map(|s| Box::new(sms::Sms(s.clone())) as Box<dyn Channel>));
    out.extend(file.robot.iter().map(|r| Box::new(robot::Robot::new(r)) as Box<dyn Channel>));
    out
}

/// Whether people can be told over a channel: `ready`, `absent` (not configured) or `unbuilt`.
pub fn state(app: &App, channel: &str) -> &'static str {
    let file = &app.config.file.notice;
    let configured = match channel {
        "email" => file.mail.is_some(),
        "sms" => file.sms.is_some(),
        "push" => file.push.is_some(),
        _ => false,
    };
    match (channel, configured) {
        ("email", true) if !cfg!(feature = "mail") => "unbuilt",
        ("push", true) if !cfg!(feature = "push") => "unbuilt",
        (_, true) => "ready",
        _ => "absent",
    }
}

/// The key under which browsers let us wake them; none when we do not.
pub fn push_key(app: &App) -> Option<String> {
    #[cfg(feature = "push")]
    return app.config.file.notice.push.as_ref().map(|_| push::public_key(app));
    #[cfg(not(feature = "push"))]
    return app.config.file.notice.push.as_ref().and(None);
}

/// Sends a code for signing in: at once, whatever the hour, past queue and list of what went out.
pub fn code_by_sms(app: &App, letter: &Letter) -> Result<(), Trouble> {
    let Some(file) = &app.config.file.notice.sms else { return Err(Trouble::lasting("absent", "")) };
    let message = Message {
        id: letter.id.clone(),
        kind: "sign-in".into(),
        address: Some(letter.phone.clone()),
        code: Some(letter.code.clone()),
        subject: None,
        items: Vec::new(),
        now: app.now(),
    };
    sms::Sms(file.clone()).send(app, &message).map(drop)
}

/// An address that people can open.
pub fn link(app: &App, path: &str) -> String {
    let root = app.config.file.public_url.clone().unwrap_or_default();
    format!("{}{}{path}", root.trim_end_matches('/'), app.config.base)
}

/// A text with numbers and links in it. Messages are Chinese: their texts are approved beforehand.
fn say(app: &App, key: &str, args: &[(&'static str, &str)]) -> String {
    let mut fluent = FluentArgs::new();
    for (name, value) in args {
        fluent.set(*name, (*value).to_owned());
    }
    app.texts.get(Lang::Zh, key, Some(&fluent))
}

/// A limit by the minute.
fn a_minute(most: u32) -> Pace {
    Pace { most, within: MINUTE }
}
