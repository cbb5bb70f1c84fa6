//! How I want to be told: quiet hours, digests, this browser, e-mail and SMS; and what went out to me.

use calc::codes::mobile;
use schemars::JsonSchema;
use serde::Serialize;

use super::rules::{self, Digest, Quiet};
use super::setting::{self, Setting};
use super::{channel, queue};
use crate::base::catalogue::{Look, Relation};
use crate::kit::error::Kind;
use crate::kit::http::May;
use crate::kit::input::Input;
use crate::kit::{Error, Reply, Req, Result, Route};

/// Routes of this room.
pub const ROUTES: &[Route] = &[
    Route::get("/me/notices", May::SignedIn, show, "How I want to be told, and what went out to me.").gives::<View>(),
    Route::post(
        "/me/notices",
        May::SignedIn,
        set,
        "Keeps wishes: `{quiet_from, quiet_to, digest: now|hourly|daily}`, times like 21:00.",
    ),
    Route::post(
        "/me/notices/address",
        May::SignedIn,
        address,
        "Names an address and has a code sent to it: `{channel: email|sms, address}`.",
    ),
    Route::post("/me/notices/confirm", May::SignedIn, confirm, "The code came back: `{channel, code}`."),
    Route::post("/me/notices/off", May::SignedIn, off, "Nothing is sent there any more: `{channel}`."),
];

/// Messages that went out and are shown.
const SHOWN: i64 = 20;

#[derive(Serialize, JsonSchema)]
struct View {
    /// As `21:00`.
    quiet_from: String,
    quiet_to: String,
    digest: &'static str,
    digests: [&'static str; 3],
    channels: Vec<ChannelView>,
    /// The key under which this browser may be woken; none where Web Push is not set up.
    push_key: Option<String>,
    /// What went out, newest first.
    sent: Vec<Sent>,
}

#[derive(Serialize, JsonSchema)]
struct ChannelView {
    channel: &'static str,
    /// `ready`, `absent` or `unbuilt`.
    state: &'static str,
    address: Option<String>,
    confirmed: bool,
}

#[derive(Serialize, JsonSchema)]
struct Sent {
    at: String,
    channel: String,
    kind: String,
    n: i64,
    state: String,
}

fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn minute(input: &Input, name: &'static str) -> Result<i64> {
    let text = input.need(name, 5)?;
    let time = text.split_once(':').and_then(|(h, m)| Some((h.parse::<i64>().ok()?, m.parse::<i64>().ok()?)));
    match time {
        Some((h @ 0..=23, m @ 0..=59)) => Ok(h * 60 + m),
        _ => Err(Kind::WrongType.at(name)),
    }
}

/// The channel that is meant; one that is not there cannot be chosen.
fn meant(req: &Req, input: &Input) -> Result<&'static str> {
    let name = input.need("channel", 20)?;
    let found = channel::PERSONAL.into_iter().find(|c| *c == name);
    found.filter(|c| channel::state(req.app, c) == "ready").ok_or_else(|| Kind::Unknown.at("channel"))
}

fn show(req: &Req) -> Result<Reply> {
    let person = req.myself()?;
    let mut look = Look::new(&req.who, "me");
    let view = req.app.db.read(|r| {
        let wish = setting::of(r, person)?;
        let addresses = setting::addresses(r, person)?;
        // Web Push is for those who set it up: nobody is told that it is not there.
        let there = channel::PERSONAL.into_iter().filter(|c| *c != "push" || channel::push_key(req.app).is_some());
        let channels = there.map(|name| {
            let known = addresses.iter().find(|a| a.channel == name);
            let address = known.and_then(|a| a.address.as_ref()).and_then(|a| look.at(a, Relation::Owner));
            let confirmed = known.is_some_and(|a| a.confirmed);
            ChannelView { channel: name, state: channel::state(req.app, name), address, confirmed }
        });
        let channels = channels.collect();
        let sent = queue::of_target(r, person, SHOWN)?.into_iter().map(|d| {
            let at = req.app.time(d.sent_at.unwrap_or(d.created_at));
            Sent { at, channel: d.channel, kind: d.kind, n: d.n, state: d.state }
        });
        Ok::<_, Error>(View {
            quiet_from: clock(wish.quiet.from),
            quiet_to: clock(wish.quiet.to),
            digest: wish.digest.as_str(),
            digests: Digest::ALL.map(Digest::as_str),
            channels,
            push_key: channel::push_key(req.app),
            sent: sent.collect(),
        })
    })?;
    look.record(req.app)?;
    req.page("base/notice/me.html", &view)
}

/// Back to the page, and on it to what was just done.
pub(super) fn done(req: &Req, part: &str) -> Result<Reply> {
    if req.wants_json() { show(req) } else { Ok(Reply::see_other(req.url(&format!("/me/notices#{part}")))) }
}

fn set(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let quiet = Quiet { from: minute(&input, "quiet_from")?, to: minute(&input, "quiet_to")? };
    let digest = Digest::parse(&input.need("digest", 20)?).ok_or_else(|| Kind::Unknown.at("digest"))?;
    let person = req.myself()?.to_owned();
    req.app.db.write(move |tx| setting::set(tx, &person, Setting { quiet, digest }))?;
    done(req, "main")
}

fn address(req: &Req) -> Result<Reply> {
    let (person, input) = (req.myself()?.to_owned(), req.input()?);
    let channel = meant(req, &input)?;
    if channel == "push" {
        return Err(Kind::Unknown.at("channel"));
    }
    let text = input.need("address", 200)?;
    let address = if channel == "sms" { mobile(&text) } else { rules::email(&text) };
    let address = address.ok_or_else(|| Kind::WrongType.at("address"))?;
    let asked = setting::ask(req.app, &person, channel, address);
    req.once(move |tx| setting::keep(tx, &person, &asked).map(|()| String::new()))?;
    done(req, channel)
}

fn confirm(req: &Req) -> Result<Reply> {
    let (person, input) = (req.myself()?, req.input()?);
    let channel = meant(req, &input)?;
    setting::confirm(req.app, person, channel, &input.need("code", 10)?)?;
    done(req, channel)
}

fn off(req: &Req) -> Result<Reply> {
    let input = req.input()?;
    let name = input.need("channel", 20)?;
    let channel = channel::PERSONAL.into_iter().find(|c| *c == name).ok_or_else(|| Kind::Unknown.at("channel"))?;
    let person = req.myself()?.to_owned();
    req.app.db.write(move |tx| setting::off(tx, &person, channel))?;
    done(req, channel)
}
