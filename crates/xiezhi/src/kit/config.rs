//! Settings: command line first, then the file given with `--config`. Unknown keys are an error, so a typing mistake
//! never passes for a setting.

/// How long the figures of the boards are kept.
pub mod board;
/// What lies beneath our own layers on a map.
pub mod map;
/// Channels over which people are told.
pub mod notice;
/// From where fire alarm panels may call.
pub mod panels;
/// Which systems of departments may be called.
pub mod share;
/// The sign-on of others.
pub mod sign_on;

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
    /// Address to listen on for devices (MQTT); none: they are not listened to.
    pub mqtt: Option<String>,
    /// Address to listen on for fire alarm panels (GB/T 26875.3); none: they are not listened to.
    pub gb26875: Option<String>,
    /// Path under which the program is mounted, without a slash at its end.
    pub base: String,
    /// Demo mode: invented data, printed accounts.
    pub demo: bool,
    /// The clock stands still until it is moved (demo only).
    pub manual_clock: bool,
    /// The demo plays a year.
    pub live: bool,
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
    /// Channels over which people are told.
    pub notice: notice::NoticeFile,
    /// What lies beneath our own layers on a map.
    pub map: map::MapFile,
    /// The sign-on of others.
    pub sign_on: Vec<sign_on::SignOnFile>,
    /// From where fire alarm panels may call.
    pub panels: panels::PanelsFile,
    /// Which systems of departments may be called.
    pub share: share::ShareFile,
    /// Whoever writes programs.
    pub developers: DevelopersFile,
    /// How long the figures of the boards are kept.
    pub board: board::BoardFile,
}

/// `[developers]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DevelopersFile {
    /// Address of a demo that whoever writes programs may try things on.
    pub sandbox: Option<String>,
}

impl File {
    /// What cannot be meant: a server with no seat for anybody, an address that nobody can type.
    fn faults(&self) -> Option<String> {
        let l = &self.limits;
        let seats = [
            ("connections", l.connections),
            ("connections_per_ip", l.connections_per_ip),
            ("panels", l.panels),
            ("writers", l.writers),
            ("readers", l.readers),
            ("header_seconds", l.header_seconds as usize),
            ("body_seconds", l.body_seconds as usize),
        ];
        let none = seats.iter().find(|(_, n)| *n == 0).map(|(name, _)| format!("[limits] {name}: at least 1"));
        let host = |url: &str| url.strip_prefix("https://").or(url.strip_prefix("http://")).map(str::to_owned);
        let odd = self.public_url.as_deref().filter(|u| host(u).is_none_or(|h| h.is_empty() || h.starts_with('/')));
        let sand = self.developers.sandbox.as_deref().filter(|u| host(u).is_none_or(|h| h.is_empty() || h.starts_with('/')));
        let sand = sand.map(|u| format!("[developers] sandbox {u}: must look like https://sandbox.example.cn"));
        none.or(self.panels.fault())
            .or(self.share.fault())
            .or(self.board.fault())
            .or(sand)
            .or(odd.map(|u| format!("public_url {u}: must look like https://community.example.cn")))
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
    /// Memory in MB in which SQLite keeps what it writes, and a quarter of it (at most 64) for each reader; more helps a
    /// node with millions of cases.
    pub cache_mb: u64,
    /// How values of people who are new are sealed: `xchacha20-poly1305`, `aes-256-gcm` or `sm4-gcm`.
    pub suite: String,
}

impl StoreFile {
    /// The suite that is meant.
    pub fn suite(&self) -> Result<store::Suite, String> {
        store::Suite::parse(&self.suite).ok_or_else(|| format!("[store] suite: {} is not known", self.suite))
    }
}

impl Default for StoreFile {
    fn default() -> StoreFile {
        StoreFile { batch: 256, queue: 1024, readers: 4, min_free_mb: 64, cache_mb: 32, suite: "xchacha20-poly1305".into() }
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
    /// Open connections of devices.
    pub devices: usize,
    /// Open connections of fire alarm panels.
    pub panels: usize,
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
    /// Memory in MB for uploads of which not all pieces have come.
    pub pieces_mb: usize,
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
            devices: 20_000,
            panels: 2_000,
            trusted_proxies: Vec::new(),
            header_seconds: 10,
            body_seconds: 60,
            body_bytes: 256 << 10,
            file_bytes: 20 << 20,
            upload_bytes: 64 << 20,
            pieces_mb: 128,
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
            mqtt: None,
            gb26875: None,
            base: String::new(),
            demo: false,
            manual_clock: false,
            live: false,
            file: File::default(),
            zone: TimeZone::get("Asia/Shanghai").unwrap_or(TimeZone::UTC),
        }
    }

    /// Adds the settings file.
    pub fn with_file(mut self, file: &Path) -> Result<Config, String> {
        let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        self.file = toml::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
        if let Some(fault) = self.file.notice.faults(self.file.public_url.as_deref()).into_iter().next() {
            return Err(format!("{}: {fault}", file.display()));
        }
        if let Some(fault) = sign_on::faults(&self.file.sign_on, self.file.public_url.as_deref()).into_iter().next() {
            return Err(format!("{}: {fault}", file.display()));
        }
        self.file.faults().map_or(Ok(()), |fault| Err(format!("{}: {fault}", file.display())))?;
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

    /// The sign-on of others with this id.
    pub fn sign_on(&self, id: &str) -> Option<&sign_on::SignOnFile> {
        self.file.sign_on.iter().find(|s| s.id == id)
    }

    /// True when people reach us by https.
    pub fn secure(&self) -> bool {
        self.file.public_url.as_deref().is_some_and(|u| u.starts_with("https://"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_would_serve_nobody_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.toml");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Config::new(dir.path()).with_file(&file).map(drop)
        };
        for bad in ["[limits]\nreaders = 0", "[limits]\nconnections = 0", "public_url = \"ftp://x\"", "public_url = \"https://\""]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        read("public_url = \"https://community.example.cn/p\"\n[limits]\nreaders = 1").unwrap();
    }
}
