//! Settings: command line first, then the file given with `--config`. Unknown keys are an error, so a typing mistake
//! never passes for a setting.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde::Deserialize;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of the node.
    pub data: PathBuf,
    /// PostgreSQL URL; SQLite in `data` when absent.
    pub database_url: Option<String>,
    /// Address to listen on.
    pub listen: String,
    /// Path under which the program is mounted, without a slash at its end.
    pub base: String,
    /// Demo mode: invented data, printed accounts.
    pub demo: bool,
    /// The clock stands still until it is moved (demo only).
    pub manual_clock: bool,
    /// What the file says.
    pub file: File,
    /// Local time.
    pub zone: TimeZone,
}

/// The settings file (TOML).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// The address people type, `https://…`; decides whether cookies are `Secure`, and what QR codes say.
    pub public_url: Option<String>,
    /// IANA name of the local time zone.
    pub time_zone: Option<String>,
    /// The store.
    pub store: StoreFile,
    /// Limits of the web edge.
    pub limits: Limits,
    /// What lies beneath our own layers on a map.
    pub map: MapFile,
}

/// `[map]`: nothing by default; a PMTiles file of our own, or tiles of a map service as pictures.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MapFile {
    /// Name of a PMTiles file in the data folder.
    pub pmtiles: Option<String>,
    /// Addresses with `{z}`, `{x}` and `{y}`, from the lowest layer to the highest.
    pub tiles: Vec<String>,
    /// What they are drawn in: `wgs84 cgcs2000 gcj02 bd09`. Our own layers are moved to lie rightly on them.
    pub datum: Option<String>,
    /// Whose map it is and its number of approval (审图号); the law asks for it on every map that others see.
    pub attribution: String,
    /// Pixels of a tile, and how far it can be enlarged.
    pub tile_size: Option<u16>,
    /// Largest zoom for which there are tiles.
    pub max_zoom: Option<u8>,
}

impl MapFile {
    /// Whether there is anything.
    pub fn is_some(&self) -> bool {
        self.pmtiles.is_some() || !self.tiles.is_empty()
    }

    /// Scheme and host of the services, which the content policy must let pass.
    pub fn origins(&self) -> Vec<String> {
        let origin = |url: &String| {
            let (scheme, rest) = url.split_once("://")?;
            Some(format!("{scheme}://{}", rest.split('/').next()?))
        };
        let mut all: Vec<String> = self.tiles.iter().filter_map(origin).collect();
        all.sort();
        all.dedup();
        all
    }

    fn check(&self) -> Result<(), String> {
        let say = |what: &str| Err(format!("[map] {what}"));
        if self.pmtiles.is_some() && !self.tiles.is_empty() {
            return say("pmtiles and tiles: one of them");
        }
        if self.pmtiles.as_ref().is_some_and(|name| name.starts_with('.') || name.contains(['/', '\\']) || name.is_empty()) {
            return say("pmtiles: the name of a file in the data folder");
        }
        let host = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        let fine = |url: &String| {
            let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            let name = rest.and_then(|r| r.split('/').next()).unwrap_or_default();
            ["{z}", "{x}", "{y}"].iter().all(|p| url.contains(p)) && !name.is_empty() && name.chars().all(host)
        };
        if let Some(url) = self.tiles.iter().find(|url| !fine(url)) {
            return say(&format!("tiles: {url}: must look like https://host/…{{z}}…{{x}}…{{y}}…"));
        }
        if self.datum.as_ref().is_some_and(|name| calc::geo::datum::Datum::parse(name).is_none()) {
            return say("datum: one of wgs84 cgcs2000 gcj02 bd09");
        }
        if self.is_some() && self.attribution.trim().is_empty() {
            return say("attribution: say whose map it is, with its number of approval (审图号)");
        }
        if self.max_zoom.is_some_and(|z| z > 24) {
            return say("max_zoom: at most 24");
        }
        Ok(())
    }
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreFile {
    /// Most writes in one commit.
    pub batch: usize,
    /// Most writes that may wait; more get 503.
    pub queue: usize,
    /// Reading connections.
    pub readers: usize,
    /// Free disk space in MB below which writes are refused.
    pub min_free_mb: u64,
    /// Memory in MB in which SQLite keeps what it writes; more helps a node with millions of cases.
    pub cache_mb: u64,
}

impl Default for StoreFile {
    fn default() -> StoreFile {
        StoreFile { batch: 256, queue: 1024, readers: 4, min_free_mb: 64, cache_mb: 32 }
    }
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections.
    pub connections: usize,
    /// Open connections from one address; a whole sub-district may sit behind one.
    pub connections_per_ip: usize,
    /// Addresses of our own web servers in front: their `X-Forwarded-For` is believed, and they have no cap.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Seconds to send the head of a request.
    pub header_seconds: u64,
    /// Seconds to send a whole request.
    pub body_seconds: u64,
    /// Bytes of a JSON or plain form body.
    pub body_bytes: usize,
    /// Bytes of one uploaded file.
    pub file_bytes: usize,
    /// Bytes of one upload in all.
    pub upload_bytes: usize,
    /// Requests that may write at the same time.
    pub writers: usize,
    /// Requests that may read at the same time.
    pub readers: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 4096,
            connections_per_ip: 1024,
            trusted_proxies: Vec::new(),
            header_seconds: 10,
            body_seconds: 60,
            body_bytes: 256 << 10,
            file_bytes: 20 << 20,
            upload_bytes: 64 << 20,
            writers: 256,
            readers: 16,
        }
    }
}

impl Config {
    /// Settings for a folder, everything else by default.
    pub fn new(data: &Path) -> Config {
        Config {
            data: data.to_owned(),
            database_url: None,
            listen: "127.0.0.1:8080".into(),
            base: String::new(),
            demo: false,
            manual_clock: false,
            file: File::default(),
            zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
        }
    }

    /// Adds the settings file.
    pub fn with_file(mut self, file: &Path) -> Result<Config, String> {
        let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        self.file = toml::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
        self.file.map.check().map_err(|e| format!("{}: {e}", file.display()))?;
        if let Some(name) = &self.file.time_zone {
            self.zone = TimeZone::get(name).map_err(|e| e.to_string())?;
        }
        Ok(self)
    }

    /// Mounts under a path: `/p/app`, or nothing.
    pub fn with_base(mut self, base: &str) -> Result<Config, String> {
        let base = base.trim_end_matches('/');
        let fine = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
        if !base.is_empty() && (!base.starts_with('/') || base.contains("//") || !base.chars().all(fine)) {
            return Err(format!("--base-path {base}: must look like /p/app"));
        }
        self.base = base.to_owned();
        Ok(self)
    }

    /// True when people reach us by https.
    pub fn secure(&self) -> bool {
        self.file.public_url.as_deref().is_some_and(|u| u.starts_with("https://"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<MapFile, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.toml");
        std::fs::write(&file, text).unwrap();
        Ok(Config::new(dir.path()).with_file(&file)?.file.map)
    }

    #[test]
    fn nothing_lies_beneath_a_map_unless_somebody_says_so() {
        let none = read("").unwrap();
        assert!(!none.is_some() && none.origins().is_empty());
        let url = "https://t0.example.org:8443/w?x={x}&y={y}&l={z}&tk=KEY";
        let two =
            read(&format!("[map]\ntiles = ['{url}', '{url}&labels']\ndatum = 'CGCS2000'\nattribution = '审图号 GS(2026)0000号'"))
                .unwrap();
        assert_eq!(two.origins(), ["https://t0.example.org:8443"]);
    }

    #[test]
    fn a_map_that_cannot_be_or_has_no_number_is_refused_at_the_start() {
        let wrong = |text: &str| read(&format!("[map]\nattribution = 'x'\n{text}")).unwrap_err();
        assert!(wrong("tiles = ['https://h/{z}/{x}']").contains("tiles"));
        assert!(wrong("tiles = [\"https://h; script-src */{z}/{x}/{y}\"]").contains("tiles"), "no way into the content policy");
        assert!(wrong("tiles = ['file:///{z}/{x}/{y}']").contains("tiles"));
        assert!(wrong("pmtiles = '../x.pmtiles'").contains("pmtiles"));
        assert!(wrong("pmtiles = 'a'\ntiles = ['https://h/{z}/{x}/{y}']").contains("one of them"));
        assert!(wrong("pmtiles = 'a'\ndatum = 'beijing54'").contains("datum"));
        assert!(read("[map]\npmtiles = 'a'").unwrap_err().contains("审图号"));
    }
}
