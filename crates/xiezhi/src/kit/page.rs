//! One view, two representations: HTML from a template beside the code, or JSON, by `Accept`.

use std::sync::Arc;

use fluent_bundle::FluentArgs;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{Environment, ErrorKind, State, UndefinedBehavior, context};
use rust_embed::RustEmbed;
use serde::Serialize;

use super::assets;
use super::error::{Error, Result};
use super::http::{Reply, Req, retry};
use super::i18n::{Lang, Texts};
use super::time;

#[derive(RustEmbed)]
#[folder = "src"]
#[include = "*.html"]
struct Templates;

/// A time as people read it: when, now, where, in Chinese.
type TimeFilter = fn(i64, i64, &jiff::tz::TimeZone, bool) -> String;

/// The templates with their functions and filters.
pub struct Pages {
    env: Environment<'static>,
}

/// Hundredths as people write them, `16,559.05`: areas in 0.01 m², money in fen.
pub fn hundredths(n: i64) -> String {
    let whole = (n / 100).unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out}.{:02}", (n % 100).abs())
}

impl Pages {
    /// Parses every template; a broken one stops the program at start.
    pub fn load(texts: Arc<Texts>, base: &str, zone: jiff::tz::TimeZone) -> std::result::Result<Pages, String> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        // Debugging would put the variables of a broken page, personal values among them, into the log.
        env.set_debug(false);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        env.set_syntax(syntax.map_err(|e| e.to_string())?);
        for name in Templates::iter() {
            let text = Templates::get(&name).map(|f| String::from_utf8_lossy(&f.data).into_owned()).unwrap_or_default();
            env.add_template_owned(name.to_string(), text).map_err(|e| format!("{name}: {e:#}"))?;
        }
        env.add_function("t", move |state: &State, key: &str, args: Kwargs| {
            let mut fluent = FluentArgs::new();
            for name in args.args() {
                let value: Value = args.get(name)?;
                match i64::try_from(value.clone()) {
                    Ok(n) if value.is_number() => fluent.set(name.to_owned(), n),
                    _ => fluent.set(name.to_owned(), value.to_string()),
                }
            }
            Ok::<_, minijinja::Error>(texts.get(lang(state), key, Some(&fluent)))
        });
        let prefix = base.to_owned();
        env.add_function("url", move |path: &str| format!("{prefix}{path}"));
        let prefix = base.to_owned();
        env.add_function("asset", move |path: &str| {
            Value::from_safe_string(format!("{prefix}/assets/{path}?v={}", assets::version(path)))
        });
        let vendor = assets::get("vendor/maplibre-gl.mjs").is_some();
        env.add_function("vendor", move || vendor);
        // Drawn in the page itself: on a thin line a file of icons would come before what the page needs to be seen.
        env.add_function("icon", |name: &str| {
            let drawn = assets::icon(name).unwrap_or_default();
            let tag = format!("<svg class=\"icon\" viewBox=\"0 0 24 24\" aria-hidden=\"true\" focusable=\"false\">{drawn}</svg>");
            Value::from_safe_string(tag)
        });
        let filters: [(&str, TimeFilter); 6] = [
            ("when", time::when),
            ("by", time::by),
            ("day", time::day),
            ("left", |at, now, _, zh| time::left(at, now, zh)),
            ("left_again", |at, now, _, zh| time::left_again(at, now, zh)),
            ("ago", |at, now, _, zh| time::ago(at, now, zh)),
        ];
        for (name, f) in filters {
            let zone = zone.clone();
            env.add_filter(name, move |state: &State, at: &str| {
                let bad = || minijinja::Error::new(ErrorKind::InvalidOperation, format!("{at} is no time"));
                let now = state.lookup("page").and_then(|p| p.get_attr("now_ms").ok()).and_then(|v| i64::try_from(v).ok());
                Ok(f(time::parse(at).ok_or_else(bad)?, now.unwrap_or_default(), &zone, lang(state) == Lang::Zh))
            });
        }
        env.add_filter("hundredths", hundredths);
        env.add_filter("minutes", |state: &State, n: i64| time::span(n * time::MINUTE, lang(state) == Lang::Zh));
        Ok(Pages { env })
    }

    /// Renders a view. `page` holds the globals.
    pub fn render(&self, template: &str, page: Value, view: Value) -> Result<String> {
        let fail = |e: minijinja::Error| Error::internal(format!("{template}: {e}"));
        let template = self.env.get_template(template).map_err(fail)?;
        template.render(context! { page => page, view => view.clone(), ..view }).map_err(fail)
    }
}

fn lang(state: &State) -> Lang {
    let tag = state.lookup("page").and_then(|p| p.get_attr("lang").ok());
    if tag.as_ref().and_then(Value::as_str) == Some("en") { Lang::En } else { Lang::Zh }
}

impl Req<'_> {
    /// The globals of a page.
    fn globals(&self) -> Result<Value> {
        let query = self.query.fields.iter().map(|(k, v)| format!("{k}={}", super::form::encode(v)));
        let query = query.collect::<Vec<_>>().join("&");
        let here = if query.is_empty() { self.path.to_owned() } else { format!("{}?{query}", self.path) };
        let community = self.community.as_ref().map(|(code, name)| context! { code, name });
        Ok(context! {
            lang => self.lang.tag(), elder => self.elder, dark => self.query.get("dark").is_some() || self.query.get("look") == Some("board"),
            base => &self.app.config.base, path => self.path, posted => self.method == "POST", here, query => context! { done => self.query.get("done") }, demo => self.app.config.demo,
            ground => self.app.config.file.map.is_some(),
            key => self.app.new_id(), who => Serde(&(self.header)(self)?), banners => Serde(&(self.banner)(self)?), community, now_ms => self.now,
        })
    }

    /// Answers with a view: a page, or its data.
    pub fn page(&self, template: &str, view: &impl Serialize) -> Result<Reply> {
        if self.wants_json() {
            return Reply::json(view);
        }
        let html = self.app.pages.render(template, self.globals()?, Serde(view).into())?;
        Ok(Reply::of("text/html; charset=utf-8", html))
    }

    /// After something was done: what it is now as data, or the way to its page.
    pub fn done<V: Serialize>(&self, path: &str, status: u16, view: impl FnOnce() -> Result<V>) -> Result<Reply> {
        if self.wants_json() {
            return Ok(Reply::json(&view()?)?.status(status));
        }
        Ok(Reply::see_other(self.url(path)))
    }

    /// What an error says to the reader.
    pub fn error_text(&self, error: &Error) -> String {
        let mut args = FluentArgs::new();
        args.set("limit", error.limit.unwrap_or_default());
        self.app.texts.get(self.lang, &format!("error-{}", error.kind.code()), Some(&args))
    }

    /// Answers with an error, in the language and form of the request.
    pub fn error(&self, error: &Error) -> Reply {
        let kind = error.kind;
        let message = self.error_text(error);
        let field = error.field.as_deref();
        // In words where there are some: nobody is shown the name of a field in a program.
        let key = format!("named-{}", field.unwrap_or_default());
        let named = self.app.texts.has(self.lang, &key).then(|| self.app.texts.plain(self.lang, &key));
        let field = field.map(str::to_owned);
        let view = ErrorView { status: kind.status(), code: kind.code(), message, field, named, back: None };
        let reply = if self.wants_json() {
            Reply::json(&view.brief())
        } else {
            let globals = self.globals().unwrap_or_default();
            self.app
                .pages
                .render("kit/error.html", globals, Serde(&view).into())
                .map(|h| Reply::of("text/html; charset=utf-8", h))
        };
        retry(reply.unwrap_or_else(|_| Reply::text(view.message.clone())).status(kind.status()), error)
    }
}

#[derive(Serialize)]
struct ErrorView {
    status: u16,
    code: &'static str,
    message: String,
    field: Option<String>,
    named: Option<String>,
    back: Option<String>,
}

impl ErrorView {
    /// The contract of JSON errors: `{code, message, field?}`.
    fn brief(&self) -> serde_json::Value {
        let mut v = serde_json::json!({ "code": self.code, "message": self.message });
        if let Some(field) = &self.field {
            v["field"] = field.as_str().into();
        }
        v
    }
}
