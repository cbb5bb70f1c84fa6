//! A browser without a screen: cookies, redirects that are not followed, addresses taken apart.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use xiezhi::kit::form::Form;

use super::world::{Client, PASSWORD, World};

/// The address that people type.
pub const PUBLIC: &str = "http://c.example";

/// A browser.
pub struct Browser {
    base: String,
    pub cookies: BTreeMap<String, String>,
}

pub struct Page {
    pub status: u16,
    pub to: String,
    pub text: String,
    pub set: Vec<String>,
}

impl Browser {
    pub fn new(w: &mut World) -> Browser {
        Browser { base: format!("http://{}", w.serve()), cookies: BTreeMap::new() }
    }

    fn cookie(&self) -> String {
        self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("; ")
    }

    fn read(&mut self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Page {
        let mut answer = answer.unwrap();
        let all = |name: &str| -> Vec<String> {
            answer.headers().get_all(name).iter().map(|v| v.to_str().unwrap().to_owned()).collect()
        };
        let (set, to) = (all("set-cookie"), all("location").pop().unwrap_or_default());
        for cookie in &set {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        Page {
            status: answer.status().as_u16(),
            to,
            text: answer.body_mut().read_to_string().unwrap().replace("&#x2f;", "/"),
            set,
        }
    }

    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
    }

    /// `path`: of ours, also as a provider says it.
    pub fn go(&mut self, path: &str, headers: &[(&str, &str)]) -> Page {
        let call = Self::agent().get(format!("{}{}", self.base, path.strip_prefix(PUBLIC).unwrap_or(path)));
        let call = call.header("cookie", self.cookie());
        let answer = headers.iter().fold(call, |call, (k, v)| call.header(*k, *v)).call();
        self.read(answer)
    }

    pub fn get(&mut self, path: &str) -> Page {
        self.go(path, &[("accept", "text/html")])
    }

    /// Status, code and field of an error.
    pub fn error(&mut self, path: &str) -> (u16, String, String) {
        let page = self.go(path, &[("accept", "application/json")]);
        let json: Json = serde_json::from_str(&page.text).unwrap_or_default();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        (page.status, text("code"), text("field"))
    }

    pub fn post(&mut self, path: &str, origin: &str, accept: &str, body: &str) -> Page {
        let call = Self::agent().post(format!("{}{path}", self.base)).header("cookie", self.cookie()).header("origin", origin);
        let call = call.header("accept", accept).header("content-type", "application/x-www-form-urlencoded");
        let answer = call.send(body);
        self.read(answer)
    }

    /// Status and code of a refused post.
    pub fn post_error(&mut self, path: &str) -> (u16, String) {
        let page = self.post(path, PUBLIC, "application/json", "");
        let json: Json = serde_json::from_str(&page.text).unwrap_or_default();
        (page.status, json["code"].as_str().unwrap_or_default().to_owned())
    }

    pub fn sign_in(&mut self, login: &str) {
        let page = self.post("/sign-in", PUBLIC, "text/html", &format!("name={login}&password={}", PASSWORD.replace(' ', "+")));
        assert_eq!(page.status, 303, "{}", page.text);
    }

    /// A client with the session of this browser.
    pub fn client(&self) -> Client {
        Client { base: self.base.clone(), token: self.cookies.get("session").cloned() }
    }

    /// Sets out for a provider, and gives the way back (without a ticket or code) as the provider would use it.
    pub fn set_out(&mut self, id: &str) -> String {
        let page = self.get(&format!("/sign-on/{id}?back=/progress"));
        assert_eq!(page.status, 303, "{}", page.text);
        asked(&page.to, "goto")
    }
}

/// Percent-decoding.
pub fn decode(text: &str) -> String {
    Form::parse(&format!("v={text}")).get("v").unwrap().to_owned()
}

/// What stands under a name in the query of an address.
pub fn asked(url: &str, name: &str) -> String {
    let query = Form::parse(url.split_once('?').unwrap().1);
    query.get(name).unwrap_or_else(|| panic!("{name} in {url}")).to_owned()
}
