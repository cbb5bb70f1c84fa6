//! Files for the browser, embedded in the program: `web/`. The style sheets are joined in the order of `web/css/ORDER`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "../../web"]
#[include = "css/*"]
#[include = "js/*"]
#[include = "img/*"]
#[include = "vendor/*"]
#[include = "sw.js"]
struct Files;

/// A file as it is served: its bytes and media type.
pub fn get(path: &str) -> Option<(Cow<'static, [u8]>, &'static str)> {
    if path == "site.css" {
        return Some((site_css().into_bytes().into(), "text/css; charset=utf-8"));
    }
    let kind = match path.rsplit('.').next()? {
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    };
    Some((Files::get(path)?.data, kind))
}

fn site_css() -> String {
    let text = |name: &str| Files::get(name).map(|f| String::from_utf8_lossy(&f.data).into_owned()).unwrap_or_default();
    text("css/ORDER").lines().map(str::trim).filter(|l| !l.is_empty()).map(|l| text(&format!("css/{l}"))).collect()
}

/// Eight hex digits that change with the content, so that files can be cached for ever.
pub fn version(path: &str) -> String {
    static ALL: OnceLock<HashMap<String, String>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let paths = Files::iter().map(|p| p.to_string()).chain(["site.css".to_owned()]);
        paths.filter_map(|p| get(&p).map(|(bytes, _)| (p, digest(&bytes)))).collect()
    });
    all.get(path).cloned().unwrap_or_else(|| "0".into())
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(4).map(|b| format!("{b:02x}")).collect()
}
