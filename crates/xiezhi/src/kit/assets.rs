//! Files for the browser, embedded in the program: `web/`. The style sheets are joined into two, in the order and under
//! the headings of `web/css/ORDER`, without their comments: the pages of a report wait for the first only. A thin line
//! gets them packed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};
use store::hex;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// What the style sheets are joined into.
const SHEETS: [&str; 2] = ["site.css", "more.css"];

/// Fewer bytes than this are not packed: their headers weigh more.
const SMALL: usize = 600;

#[derive(RustEmbed)]
#[folder = "../../web"]
#[include = "css/*"]
#[include = "js/*"]
#[include = "img/*"]
#[include = "vendor/*"]
#[include = "sw.js"]
#[include = "wake.js"]
struct Files;

/// A file as it is served: its bytes and media type.
pub fn get(path: &str) -> Option<(Cow<'static, [u8]>, &'static str)> {
    if SHEETS.contains(&path) {
        return Some((joined(path).into_bytes().into(), "text/css; charset=utf-8"));
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

/// The style sheets that stand under `# SHEET: …` in `web/css/ORDER`.
fn joined(sheet: &str) -> String {
    let text = |name: &str| Files::get(name).map(|f| String::from_utf8_lossy(&f.data).into_owned()).unwrap_or_default();
    let (order, heading) = (text("css/ORDER"), format!("# {sheet}:"));
    let under = order.lines().skip_while(|l| !l.starts_with(&heading)).skip(1).take_while(|l| !l.starts_with('#'));
    under.map(|l| lean(&text(&format!("css/{}", l.trim())))).collect()
}

/// What an icon of `web/img/icons.svg` consists of.
pub fn icon(name: &str) -> Option<&'static str> {
    static ALL: OnceLock<HashMap<String, String>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let sprite = Files::get("img/icons.svg").map(|f| String::from_utf8_lossy(&f.data).into_owned()).unwrap_or_default();
        let one = |symbol: &str| {
            let (head, rest) = symbol.split_once('>')?;
            let (_, id) = head.split_once("id=\"")?;
            Some((id.split('"').next()?.to_owned(), rest.split_once("</symbol>")?.0.to_owned()))
        };
        sprite.split("<symbol ").skip(1).filter_map(|symbol| one(&format!(" {symbol}"))).collect()
    });
    all.get(name).map(String::as_str)
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
        let paths = Files::iter().map(|p| p.to_string()).chain(SHEETS.map(str::to_owned));
        paths.filter_map(|p| get(&p).map(|(bytes, _)| (p, digest(&bytes)))).collect()
    });
    all.get(path).cloned().unwrap_or_else(|| "0".into())
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..4])
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_lean_sheet_says_the_same() {
        let css = "/* why */\na {\n  color: red; /* not\n blue */\n}\n\n@media print {\n  b { margin: 0; }\n}\n";
        assert_eq!(lean(css), "a {\ncolor: red;\n}\n@media print {\nb { margin: 0; }\n}\n");
        for sheet in SHEETS {
            let all = joined(sheet);
            assert!(!all.contains("/*") && all.matches('{').count() == all.matches('}').count() && all.len() > 5_000);
        }
    }

    #[test]
    fn icons_are_found_by_name() {
        let sprite = Files::get("img/icons.svg").map(|f| String::from_utf8_lossy(&f.data).into_owned()).unwrap();
        let names: Vec<&str> = sprite.split("<symbol id=\"").skip(1).filter_map(|s| s.split('"').next()).collect();
        assert!(names.len() > 10 && names.iter().all(|n| icon(n).is_some_and(|i| i.starts_with('<') && !i.contains("symbol"))));
        assert_eq!(icon("none"), None);
    }

    #[test]
    fn every_style_sheet_is_joined_once_but_those_that_are_fetched_by_what_needs_them() {
        let order = Files::get("css/ORDER").map(|f| String::from_utf8_lossy(&f.data).into_owned()).unwrap();
        let mut named: Vec<_> = order.lines().filter(|l| !l.starts_with('#')).map(|l| format!("css/{l}")).collect();
        let mut there: Vec<_> =
            Files::iter().map(|p| p.to_string()).filter(|p| p.ends_with(".css") && p.starts_with("css/")).collect();
        named.extend(["css/map.css", "css/paper.css"].map(str::to_owned));
        named.sort();
        there.sort();
        assert_eq!(named, there);
    }

    #[test]
    fn what_is_packed_unpacks_to_the_same() {
        let (bytes, _) = get("site.css").unwrap();
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(&packed("site.css").unwrap()[..]).read_to_end(&mut out).unwrap();
        assert_eq!(out, bytes.into_owned());
        assert!(packed("site.css").unwrap().len() < 6_500, "with the page it is what a first visit waits for");
        assert_eq!((packed("none.css"), pack(b"short", "text/plain", Compression::fast())), (None, None));
        assert_eq!(pack(&[0; 5000], "image/png", Compression::fast()), None);
    }
}
