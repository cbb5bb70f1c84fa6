//! From a request to an answer: find the route, read the body, learn who asks, check that he may, run the handler on a
//! blocking thread, add the headers that every answer carries.
//!
//! What must stay true: writes and reads run in pools of their own, so a slow disk never stalls pages; more waiting
//! requests than the writer's queue holds are turned away at once; a panic in a handler is one bad answer, not a crash.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response};
use tokio::sync::Semaphore;

use super::body::{self, Read};
use super::guard;
use super::kept::Kept;
use super::live::{self, Out};
use super::routes;
use crate::activities::fieldwork::emergency;
use crate::base::{area, notice, party};
use crate::kit::error::Kind;
use crate::kit::form::Form;
use crate::kit::http::{self, Header, May};
use crate::kit::i18n::Lang;
use crate::kit::{App, Error, Reply, Req, Result, RoleKind, Route, assets, tell};

/// Uploads that are read at the same time; each may take what `upload_bytes` allows.
const UPLOADS: usize = 16;
/// How hard pages are packed: more would cost more than it saves.
const PAGES: flate2::Compression = flate2::Compression::new(4);
/// Longest address that is read.
const MAX_URI: usize = 2048;

/// Everything a connection needs to answer.
pub struct Edge {
    app: Arc<App>,
    paths: matchit::Router<Vec<Route>>,
    writers: Pool,
    readers: Pool,
    /// Pages whose reads are logged wait for the disk, so they have seats of their own.
    logged: Pool,
    /// Uploads that may be in memory at the same time.
    uploads: Semaphore,
    live: Arc<Semaphore>,
    kept: Kept,
}

/// Requests that may run at the same time, and how many may wait for that.
struct Pool {
    seats: Semaphore,
    waiting: AtomicUsize,
    most_waiting: usize,
}

impl Pool {
    fn new(seats: usize, most_waiting: usize) -> Pool {
        Pool { seats: Semaphore::new(seats), waiting: AtomicUsize::new(0), most_waiting }
    }

    async fn enter(&self) -> Result<tokio::sync::SemaphorePermit<'_>> {
        if let Ok(seat) = self.seats.try_acquire() {
            return Ok(seat);
        }
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let seat = if waiting < self.most_waiting { self.seats.acquire().await.ok() } else { None };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        seat.ok_or_else(|| Error::from(Kind::Busy).limit(2))
    }
}

/// A request without its body, while it is on its way.
struct Head {
    method: Method,
    path: String,
    query: Form,
    headers: HeaderMap,
    ip: IpAddr,
}

impl Edge {
    /// Puts the route tables into a router.
    pub fn new(app: Arc<App>) -> Edge {
        let limits = &app.config.file.limits;
        let mut by_path: Vec<(&str, Vec<Route>)> = Vec::new();
        for route in routes::all() {
            match by_path.iter_mut().find(|(p, _)| *p == route.path) {
                Some((_, list)) => list.push(route),
                None => by_path.push((route.path, vec![route])),
            }
        }
        let mut paths = matchit::Router::new();
        for (path, list) in by_path {
            paths.insert(path, list).expect("two routes contradict each other");
        }
        Edge {
            writers: Pool::new(limits.writers, app.config.file.store.queue),
            readers: Pool::new(limits.readers, 2 * limits.connections),
            logged: Pool::new(4 * limits.readers, 2 * limits.connections),
            uploads: Semaphore::new(UPLOADS),
            live: Arc::new(Semaphore::new(live::MOST)),
            kept: Kept::new(party::session::cookie_name(&app.config)),
            paths,
            app,
        }
    }

    /// Answers one request. Never fails: whatever goes wrong is an answer too.
    pub async fn call(self: Arc<Edge>, request: Request<Incoming>, ip: IpAddr) -> std::result::Result<Response<Out>, Infallible> {
        let (parts, incoming) = request.into_parts();
        let full = parts.uri.path();
        let path = match full.strip_prefix(self.app.config.base.as_str()) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Some(if rest.is_empty() { "/" } else { rest }),
            _ => None,
        };
        let query = parts.uri.query().unwrap_or_default();
        let head = Head {
            path: path.unwrap_or("/").to_owned(),
            query: Form::parse(if query.len() > MAX_URI { "" } else { query }),
            method: parts.method,
            ip: guard::caller(&self.app.config.file.limits.trusted_proxies, ip, &parts.headers),
            headers: parts.headers,
        };
        let head_only = head.method == Method::HEAD;
        let too_long = parts.uri.path().len() + query.len() > MAX_URI;
        if path.is_some() && !too_long && matches!(head.method, Method::GET | Method::HEAD) {
            if let Some(file) = head.path.strip_prefix("/assets/") {
                return Ok(asset(file, &head));
            }
            if !head_only && head.path.starts_with("/live/") {
                return Ok(live::answer(&self.app, &self.live, &head.path, &head.query, &head.headers)
                    .await
                    .unwrap_or_else(|reply| self.finish(reply, false)));
            }
        }
        let anybody = cookie_free(&self.app, &head.headers) && guard::takes_gzip(&head.headers);
        let reply = match () {
            () if too_long => self.refuse(head, Kind::UriTooLong.into()).await,
            () if path.is_none() => self.refuse(head, Kind::NotFound.into()).await,
            () => self.route(head, incoming).await,
        };
        Ok(self.finish(if anybody { packed(reply) } else { reply }, head_only))
    }

    async fn route(self: &Arc<Edge>, head: Head, incoming: Incoming) -> Reply {
        let method = if head.method == Method::HEAD { "GET" } else { head.method.as_str() };
        let Ok(found) = self.paths.at(&head.path) else { return self.refuse(head, Kind::NotFound.into()).await };
        let params = found.params.iter().map(|(k, v)| {
            (k.to_owned(), Form::parse(&format!("v={}", v.replace('+', "%2B"))).get("v").unwrap_or_default().to_owned())
        });
        let params: Vec<(String, String)> = params.collect();
        let Some(route) = found.value.iter().find(|r| r.method == method).copied() else {
            return self.refuse(head, Kind::Method.into()).await;
        };
        if let Err(e) = guard::same_origin(&self.app, &head.method, &head.path, &head.headers) {
            return self.refuse(head, e).await;
        }
        let kept = route.same_for_all.then(|| self.kept.key(&head.path, &head.query, &head.headers)).flatten();
        if let Some(reply) = kept.as_ref().and_then(|key| self.kept.get(&self.app, key)) {
            return reply;
        }
        let limits = &self.app.config.file.limits;
        let read = if route.writes() {
            let wait = Duration::from_secs(limits.body_seconds);
            let is_upload = body::is_large(&head.headers);
            let _seat = if is_upload { self.uploads.acquire().await.ok() } else { None };
            match tokio::time::timeout(wait, body::read(&head.headers, incoming, limits)).await {
                Ok(Ok(read)) => read,
                Ok(Err(e)) => return self.refuse(head, e).await,
                Err(_) => return self.refuse(head, Kind::BadRequest.into()).await,
            }
        } else {
            Read::default()
        };
        let size = self.app.db.last().size;
        let reply = self.run(head, Some(route), params, read, None).await;
        if let Some(key) = kept {
            self.kept.put(&self.app, key, size, &reply);
        }
        reply
    }

    /// The answer to a request that no handler gets to see.
    async fn refuse(self: &Arc<Edge>, head: Head, error: Error) -> Reply {
        // A body that was not read must not be taken for the next request.
        self.run(head, None, Vec::new(), Read::default(), Some(error)).await.header("connection", "close")
    }

    async fn run(
        self: &Arc<Edge>,
        head: Head,
        route: Option<Route>,
        params: Vec<(String, String)>,
        read: Read,
        error: Option<Error>,
    ) -> Reply {
        let writes = route.is_some_and(|r| r.writes());
        let pool = match route {
            _ if writes => &self.writers,
            Some(route) if route.may != May::Anyone || head.headers.contains_key("cookie") => &self.logged,
            _ => &self.readers,
        };
        let manner = routes::manner(&head.path).map(|m| (m, head.path.clone()));
        let short = move |e: &Error| match &manner {
            Some((manner, path)) => manner.error(path, e, e.kind.code()),
            None => brief(e),
        };
        let seat = match pool.enter().await {
            Ok(seat) => seat,
            Err(e) => return short(&e),
        };
        let app = self.app.clone();
        let done = tokio::task::spawn_blocking(move || answer(&app, head, route, params, read, error)).await;
        drop(seat);
        done.unwrap_or_else(|_| {
            tell::trouble(&serde_json::json!({ "level": "error", "code": "panic" }));
            short(&Kind::Internal.into())
        })
    }

    /// Adds what every answer carries.
    fn finish(&self, reply: Reply, head_only: bool) -> Response<Out> {
        let mut out = Response::new(Out::full(if head_only { Bytes::new() } else { reply.body.into() }));
        *out.status_mut() = hyper::StatusCode::from_u16(reply.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
        let headers = out.headers_mut();
        guard::headers(headers, Some(&self.app.config));
        guard::put(headers, "content-type", reply.kind);
        guard::put(headers, "cache-control", "no-store");
        if self.app.config.demo {
            // A program reads no banner.
            guard::put(headers, "x-xiezhi-sandbox", "invented data");
        }
        for (name, value) in &reply.headers {
            let name = HeaderName::from_static(name);
            let Ok(value) = HeaderValue::from_str(value) else { continue };
            if name == hyper::header::SET_COOKIE {
                headers.append(name, value);
            } else {
                headers.insert(name, value);
            }
        }
        out
    }
}

/// Whether a request comes from nobody in particular.
fn cookie_free(app: &App, headers: &HeaderMap) -> bool {
    http::cookie(headers, party::session::cookie_name(&app.config)).is_none() && !headers.contains_key("authorization")
}

/// An error as JSON without a language, where not even a page can be rendered.
fn brief(e: &Error) -> Reply {
    let body = serde_json::json!({ "code": e.kind.code(), "message": e.kind.code() });
    let reply = Reply::of("application/json; charset=utf-8", body.to_string()).status(e.kind.status());
    if e.kind == Kind::Busy { reply.header("retry-after", "2") } else { reply }
}

fn asset(file: &str, head: &Head) -> Response<Out> {
    let tag = format!("\"{}\"", assets::version(file));
    // A web server in front that packs by itself marks the tag as weak; browsers send several at once.
    let held = head.headers.get("if-none-match").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let known = held.split(',').any(|t| t.trim().trim_start_matches("W/") == tag);
    let packed = guard::takes_gzip(&head.headers).then(|| assets::packed(file)).flatten();
    let mut out = match assets::get(file) {
        Some((bytes, kind)) => {
            let is_packed = packed.is_some();
            let mut out = Response::new(Out::full(match (bytes, packed) {
                _ if known => Bytes::new(),
                (_, Some(packed)) => packed,
                (std::borrow::Cow::Borrowed(b), None) => Bytes::from_static(b),
                (std::borrow::Cow::Owned(b), None) => b.into(),
            }));
            if is_packed {
                guard::put(out.headers_mut(), "content-encoding", "gzip");
            }
            if known {
                *out.status_mut() = hyper::StatusCode::NOT_MODIFIED;
            }
            guard::put(out.headers_mut(), "content-type", kind);
            // With its version in the address it never changes; modules that import each other carry none and ask.
            let fixed = head.query.get("v").is_some_and(|v| v == assets::version(file));
            guard::put(
                out.headers_mut(),
                "cache-control",
                if fixed { "public, max-age=31536000, immutable" } else { "no-cache" },
            );
            if let Ok(tag) = HeaderValue::from_str(&tag) {
                out.headers_mut().insert(hyper::header::ETAG, tag);
            }
            out
        }
        None => {
            let mut out = Response::new(Out::full(Bytes::new()));
            *out.status_mut() = hyper::StatusCode::NOT_FOUND;
            out
        }
    };
    // A policy is for what runs on its own: a page, a picture that is opened, a worker. On a thin line its bytes count.
    let kind = out.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let is_part = kind.starts_with("text/css") || kind.starts_with("text/javascript") && !file.contains("worker");
    if is_part {
        guard::put(out.headers_mut(), "x-content-type-options", "nosniff");
    } else {
        guard::headers(out.headers_mut(), None);
    }
    guard::put(out.headers_mut(), "vary", "accept-encoding");
    out
}

/// Packs an answer that is large and text. Never for somebody who is signed in: what a page holds of a person beside what
/// a stranger put into it could be guessed from its length.
fn packed(reply: Reply) -> Reply {
    let known = reply.headers.iter().any(|(name, _)| *name == "content-encoding");
    let Some(bytes) = assets::pack(&reply.body, reply.kind, PAGES).filter(|_| !known) else { return reply };
    Reply { body: bytes.into(), ..reply }.header("content-encoding", "gzip").header("vary", "accept-encoding, cookie")
}

/// Runs on a blocking thread.
fn answer(app: &App, head: Head, route: Option<Route>, params: Vec<(String, String)>, read: Read, error: Option<Error>) -> Reply {
    let who = guard::who(app, &head.headers);
    let failed = who.as_ref().err().cloned();
    let query = &head.query;
    let setting = |name: &str| http::cookie(&head.headers, name).map(str::to_owned);
    let lang = query
        .get("lang")
        .and_then(Lang::parse)
        .or_else(|| setting("lang").as_deref().and_then(Lang::parse))
        .or_else(|| head.headers.get("accept-language").and_then(|v| v.to_str().ok()).and_then(Lang::parse));
    let mut req = Req {
        app,
        method: route.map_or(head.method.as_str(), |r| r.method),
        path: &head.path,
        params,
        query: head.query.clone(),
        form: read.form,
        json: read.json,
        headers: &head.headers,
        ip: head.ip,
        who: who.unwrap_or_default(),
        header,
        banner: emergency::banner,
        community: None,
        lang: lang.unwrap_or(Lang::Zh),
        elder: setting("elder").as_deref() == Some("1"),
        now: app.now(),
    };
    let end = match (error.or(failed), route) {
        (Some(e), _) => Err(e),
        (None, Some(route)) => guard::allowed(&route, &req.who)
            .and_then(|()| community(app, &mut req, setting("community")))
            .and_then(|()| store::with_key(req.who.key.as_ref().map(|k| k.id.as_str()), || (route.run)(&req))),
        (None, None) => Err(Kind::NotFound.into()),
    };
    end.unwrap_or_else(|e| {
        if let Some(detail) = &e.detail {
            let line = serde_json::json!({ "level": "error", "code": e.kind.code(), "detail": detail, "path": head.path });
            tell::trouble(&line);
        }
        if let Some(manner) = routes::manner(&head.path) {
            return manner.error(&head.path, &e, &req.error_text(&e));
        }
        // A person without session who opens a page of his own is asked who he is, and comes back to it.
        if e.kind == Kind::SignIn && !req.wants_json() && req.method == "GET" {
            let back = crate::kit::form::encode(&head.path);
            return Reply::see_other(req.url(&format!("/sign-in?back={back}")));
        }
        req.error(&e)
    })
}

/// For pages: the community that the visitor chose, else the one in which he is known to live.
fn community(app: &App, req: &mut Req, code: Option<String>) -> Result<()> {
    if req.wants_json() {
        return Ok(());
    }
    let home = req.who.roles.iter().find(|r| r.kind == RoleKind::Resident).map(|r| r.area.clone());
    let found = match (code, home) {
        (Some(code), _) => app.db.read(|r| area::by_code(r, &code))?,
        (None, Some(home)) => app.db.read(|r| area::community_of(r, &home))?,
        (None, None) => None,
    };
    req.community = found.map(|a| (a.code, a.name));
    Ok(())
}

/// What the header of a page says about the person.
fn header(req: &Req) -> Result<Option<Header>> {
    let Some(person) = &req.who.person else { return Ok(None) };
    req.app.db.read(|r| {
        Ok(Some(Header {
            name: party::own_name(r, &req.who)?,
            roles: req.who.roles.iter().map(|r| r.kind.to_string()).collect(),
            body: req.who.roles.iter().find_map(|r| r.body_name.clone()),
            staff: req.who.is_staff(),
            acting: req.who.by.is_some(),
            unread: notice::unread(r, person)?,
            home: party::home_of(&req.who).to_owned(),
        }))
    })
}
