//! Who asks, whether he may, and the headers that keep a page from being misused.

use std::net::IpAddr;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};

use crate::base::{key, party};
use crate::kit::config::Config;
use crate::kit::error::Kind;
use crate::kit::http::{self, May, Route};
use crate::kit::{App, Result, Who, tries};

/// Who sends this request: the holder of the session cookie or of the bearer token, or the program with this key.
pub fn who(app: &App, headers: &HeaderMap) -> Result<Who> {
    let bearer = headers.get("authorization").and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
    if let Some(key) = bearer.map(str::trim).filter(|b| b.starts_with(key::PREFIX)) {
        return key::identify(app, key, app.now());
    }
    match bearer.or_else(|| http::cookie(headers, party::session::cookie_name(&app.config))) {
        Some(token) => Ok(app.db.read(|r| party::session::identify(r, &app.config, token.trim(), app.now()))?),
        None => Ok(Who::default()),
    }
}

/// The address of the caller: that of the connection, or what our own web servers say stands before them. Each of them adds
/// the address that called it at the end, some in a header line of its own: from there back, the first that is none of
/// ours. What stands before that, anybody may have written. Of IPv6 it is the line ([`tries::line`]).
pub fn caller(trusted: &[IpAddr], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().map(|v| v.to_str().unwrap_or_default()).collect();
    let mut caller = peer.to_canonical();
    for said in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(before) = said.trim().parse::<IpAddr>().ok().filter(|_| trusted.contains(&caller)) else { break };
        caller = before.to_canonical();
    }
    tries::line(caller)
}

/// Whether a route lets this person in at all.
pub fn allowed(route: &Route, who: &Who) -> Result<()> {
    key::allows(who, route.method, route.path)?;
    let denied = |ok: bool| match (ok, who.actor()) {
        (true, _) => Ok(()),
        (false, None) => Err(Kind::SignIn.into()),
        (false, Some(_)) => Err(Kind::Denied.into()),
    };
    match route.may {
        May::Anyone => Ok(()),
        May::SignedIn => denied(who.person.is_some()),
        May::Staff => denied(who.is_staff()),
        May::Admin => denied(who.is(crate::kit::RoleKind::SystemAdmin)),
    }
}

/// Where a session is opened: a foreign page that did so would let somebody report into an account of its own.
const OPENS: [&str; 4] = ["/sign-in", "/sign-in/code/check", "/card", "/set-up"];

/// A call that carries a session, or opens one, must come from our own pages. Programs send no cookie and need no origin.
pub fn same_origin(app: &App, method: &Method, path: &str, headers: &HeaderMap) -> Result<()> {
    let carries = http::cookie(headers, party::session::cookie_name(&app.config)).is_some();
    if matches!(*method, Method::GET | Method::HEAD) || !carries && !OPENS.contains(&path) {
        return Ok(());
    }
    let text = |n: &str| headers.get(n).and_then(|v| v.to_str().ok());
    let host_of = |url: &str| url.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default().to_owned());
    let own = text("host").map(str::to_owned);
    let public = app.config.file.public_url.as_deref().and_then(host_of);
    let site = text("sec-fetch-site");
    let fine = match text("origin") {
        // Pages that tell nobody where one comes from say so here too; the browser knows better.
        Some("null") => site == Some("same-origin") || site.is_none() && !carries,
        Some(origin) => host_of(origin).is_some_and(|o| Some(&o) == own.as_ref() || Some(&o) == public.as_ref()),
        None => !matches!(site, Some("cross-site" | "same-site")),
    };
    if fine { Ok(()) } else { Err(Kind::ForeignOrigin.into()) }
}

/// Whether a client unpacks gzip.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let said = headers.get("accept-encoding").and_then(|v| v.to_str().ok()).unwrap_or_default();
    said.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words.next() == Some("gzip") && !words.any(|q| matches!(q, "q=0" | "q=0.0"))
    })
}

/// Sets a header that is known when the program is built.
pub fn put(headers: &mut HeaderMap, name: &'static str, value: &'static str) {
    headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
}

/// Headers that keep a page from being misused: strict content policy, no framing, no sniffing.
/// Tiles come from the hosts of the configured map services, and from nowhere else.
pub fn headers(headers: &mut HeaderMap, config: Option<&Config>) {
    let tiles: String = config.map(|c| c.file.map.origins()).unwrap_or_default().iter().map(|o| format!(" {o}")).collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:{tiles}; media-src 'self' blob:; \
         connect-src 'self'{tiles}; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(HeaderName::from_static("content-security-policy"), policy);
    }
    put(headers, "x-content-type-options", "nosniff");
    put(headers, "referrer-policy", "same-origin");
    put(headers, "cross-origin-opener-policy", "same-origin");
    put(headers, "permissions-policy", "geolocation=(self), microphone=(self), camera=(self)");
    if config.is_some_and(Config::secure) {
        put(headers, "strict-transport-security", "max-age=31536000");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_proxies_say_who_calls() {
        let (proxy, other): (IpAddr, IpAddr) = ([127, 0, 0, 1].into(), [10, 0, 0, 9].into());
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6, 203.0.113.7"));
        assert_eq!(caller(&[proxy], proxy, &headers), IpAddr::from([203, 0, 113, 7]));
        assert_eq!(caller(&[proxy], other, &headers), other);
        // Some web servers add a line instead of a word, so the one before is the visitor's own invention.
        headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.4"));
        assert_eq!(caller(&[proxy], proxy, &headers), IpAddr::from([198, 51, 100, 4]));
        // Two of ours in a row.
        headers.append("x-forwarded-for", HeaderValue::from_static("10.0.0.9"));
        assert_eq!(caller(&[proxy, other], proxy, &headers), IpAddr::from([198, 51, 100, 4]));
        // Who listens on [::] sees addresses of the old kind inside those of the new one.
        let mapped = IpAddr::from("::ffff:127.0.0.1".parse::<std::net::Ipv6Addr>().unwrap());
        assert_eq!(caller(&[proxy], mapped, &headers), other);
        headers.insert("x-forwarded-for", HeaderValue::from_static("nonsense"));
        assert_eq!(caller(&[proxy], proxy, &headers), proxy);
    }
}
