//! Files for the browser, embedded in the program: `web/`. The style sheets are joined in the order of `web/css/ORDER`,
//! without their comments. A thin line gets them packed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// Fewer bytes than this are not packed: their headers weigh more.
const SMALL: usize = 600;

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
    text("css/ORDER").lines().map(str::trim).filter(|l| !l.is_empty()).map(|l| lean(&text(&format!("css/{l}")))).collect()
}

/// A style sheet without comments and indentation.
fn lean(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.lines().map(str::trim).filter(|l| !l.is_empty()).flat_map(|l| [l, "\n"]).collect()
}

/// A file as it goes over a thin line: packed by gzip, once. `None` when there is no such file, or it is small.
pub fn packed(path: &str) -> Option<Bytes> {
    static ALL: OnceLock<Mutex<HashMap<String, Option<Bytes>>>> = OnceLock::new();
    let key = format!("{path} {}", version(path));
    let all = ALL.get_or_init(Mutex::default);
    if let Some(known) = all.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return known.clone();
    }
    let made = get(path).and_then(|(bytes, kind)| pack(&bytes, kind, Compression::best()));
    all.lock().unwrap_or_else(PoisonError::into_inner).insert(key, made.clone());
    made
}

/// Packs text by gzip; `None` when it is small, or of a kind that is packed already.
pub fn pack(bytes: &[u8], kind: &str, how: Compression) -> Option<Bytes> {
    let is_text = ["text/", "application/json", "application/geo+json", "image/svg"].iter().any(|k| kind.starts_with(k));
    if !is_text || bytes.len() < SMALL {
        return None;
    }
    let mut out = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), how);
    out.write_all(bytes).ok()?;
    Some(out.finish().ok()?.into())
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

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_lean_sheet_says_the_same() {
        let css = "/* why */\na {\n  color: red; /* not\n blue */\n}\n\n@media print {\n  b { margin: 0; }\n}\n";
        assert_eq!(lean(css), "a {\ncolor: red;\n}\n@media print {\nb { margin: 0; }\n}\n");
        let all = site_css();
        assert!(!all.contains("/*") && all.matches('{').count() == all.matches('}').count() && all.len() > 10_000);
    }

    #[test]
    fn what_is_packed_unpacks_to_the_same() {
        let (bytes, _) = get("site.css").unwrap();
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(&packed("site.css").unwrap()[..]).read_to_end(&mut out).unwrap();
        assert_eq!(out, bytes.into_owned());
        assert!(packed("site.css").unwrap().len() < 9_000, "with the page it is what a first visit waits for");
        assert_eq!((packed("none.css"), pack(b"short", "text/plain", Compression::fast())), (None, None));
        assert_eq!(pack(&[0; 5000], "image/png", Compression::fast()), None);
    }
}
