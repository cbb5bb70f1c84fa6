//! The running program: database, clock, randomness, texts, templates.
//!
//! The only place that reads a clock or draws random numbers (inv10).
#![expect(clippy::disallowed_methods, reason = "inv10: this is the one place for clock and randomness")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use store::{Ambient, Db, Migration, Options, Place, Query as _, Secret, params};
use tokio::sync::watch;

use super::calls::Calls;
use super::config::Config;
use super::follow::Recent;
use super::hosts::Hosts;
use super::i18n::Texts;
use super::letters::Letters;
use super::page::Pages;
use super::pieces::Pieces;
use super::strange::{Refused, Strangers};
use super::time::Ms;
use super::tries::Tries;

/// Time and randomness of this process. A manual clock stands still until it is moved (demo and tests).
#[derive(Default)]
pub struct Ambience {
    manual: Option<AtomicI64>,
    /// Added to the clock while a demo plays its past.
    shift: AtomicI64,
}

impl Ambience {
    /// The real clock, or one that stands still now.
    pub fn new(manual: bool) -> Ambience {
        let mut clock = Ambience::default();
        if manual {
            clock.manual = Some(AtomicI64::new(clock.now_ms()));
        }
        clock
    }

    /// Lets the clock show another time and go on from there, until [`Ambience::shift_back`].
    pub fn shift_to(&self, at: Ms) {
        self.shift.fetch_add(at - self.now_ms(), Ordering::SeqCst);
    }

    /// Back to the present.
    pub fn shift_back(&self) {
        self.shift.store(0, Ordering::SeqCst);
    }

    /// What the clock on the wall shows, whatever this one does.
    pub fn wall(&self) -> Ms {
        jiff::Timestamp::now().as_millisecond()
    }

    /// Moves a manual clock; false when the clock is the real one.
    pub fn advance(&self, by: Ms) -> bool {
        self.manual.as_ref().map(|m| m.fetch_add(by, Ordering::SeqCst)).is_some()
    }
}

impl Ambient for Ambience {
    fn now_ms(&self) -> i64 {
        let clock = match &self.manual {
            Some(m) => m.load(Ordering::SeqCst),
            None => jiff::Timestamp::now().as_millisecond(),
        };
        clock + self.shift.load(Ordering::SeqCst)
    }

    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness there are no keys and no ids: going on would be worse than stopping.
        getrandom::fill(bytes).expect("the operating system gives no randomness");
    }
}

/// The program.
pub struct App {
    /// Settings.
    pub config: Config,
    /// The node's database.
    pub db: Db,
    /// Clock and randomness.
    pub ambience: Arc<Ambience>,
    /// Texts.
    pub texts: Arc<Texts>,
    /// Templates.
    pub pages: Pages,
    /// Wrong passwords and codes of late.
    pub tries: Tries,
    /// How often keys of programs are used.
    pub calls: Calls,
    /// Uploads that come in pieces.
    pub pieces: Pieces,
    /// Codes by SMS that are about to leave.
    pub letters: Letters,
    /// Other systems for which somebody waits.
    pub hosts: Hosts,
    /// Readings of devices that made no sense.
    pub refused: Refused,
    /// Addresses of panels that nobody added.
    pub strangers: Strangers,
    /// What followers of the log read last.
    pub recent: Recent,
    /// Size of the log after the last commit; followers and live pages wait on it.
    pub grown: watch::Receiver<u64>,
    /// The program ends: whatever goes on and on stops where it is.
    pub over: Arc<AtomicBool>,
}

impl App {
    /// Opens the node: keys, database, texts, templates. The message of an error is for the person at the terminal.
    pub fn open(config: Config) -> Result<App, String> {
        std::fs::create_dir_all(&config.data).map_err(|e| format!("{}: {e}", config.data.display()))?;
        let ambience = Arc::new(Ambience::new(config.manual_clock || config.live));
        let place = match &config.database_url {
            Some(url) => Place::Postgres(url.clone()),
            None => Place::Sqlite(config.data.join("xiezhi.db")),
        };
        let keys = config.data.join("keys");
        let (tell, grown) = watch::channel(0);
        let texts = Arc::new(Texts::load()?);
        let options = Options {
            data: config.data.clone(),
            place,
            migrations: migrations(),
            log_key: secret_file(&keys, "log.key", &ambience)?,
            suite: config.file.store.suite()?,
            node_key: Secret::new(secret_file(&keys, "node.key", &ambience)?),
            ambient: ambience.clone(),
            batch: config.file.store.batch,
            queue: config.file.store.queue,
            readers: config.file.store.readers,
            min_free: config.file.store.min_free_mb << 20,
            cache: config.file.store.cache_mb << 20,
            on_commit: Box::new(move |size| {
                tell.send_replace(size);
            }),
        };
        let db = Db::open(options).map_err(|e| e.to_string())?;
        same_keys(&db)?;
        let pages = Pages::load(texts.clone(), &config.base, config.zone.clone())?;
        let (tries, letters, recent) = (Tries::default(), Letters::default(), Recent::default());
        let hosts = Hosts::default();
        let pieces = Pieces::new(config.file.limits.pieces_mb << 20);
        let (calls, refused, strangers, over) = (Calls::default(), Refused::default(), Strangers::default(), Arc::default());
        Ok(App {
            config,
            db,
            ambience,
            texts,
            pages,
            tries,
            calls,
            letters,
            pieces,
            hosts,
            refused,
            strangers,
            recent,
            grown,
            over,
        })
    }

    /// The present.
    pub fn now(&self) -> Ms {
        self.ambience.now_ms()
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.ambience.fill(&mut out);
        out
    }

    /// A new id.
    pub fn new_id(&self) -> String {
        store::uuid_v7(self.now(), &*self.ambience)
    }

    /// A time as it leaves the program.
    pub fn time(&self, at: Ms) -> String {
        super::time::rfc3339(at, &self.config.zone)
    }
}

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../../migrations/", $name, ".sql")))),*]
    };
}

/// The program's migrations in order.
pub fn migrations() -> Vec<Migration> {
    migrations![
        "0001_base",
        "0002_case",
        "0003_classes",
        "0004_engine",
        "0005_open311",
        "0006_routing",
        "0007_roster",
        "0008_asset",
        "0009_recut",
        "0010_kpi",
        "0011_hotline",
        "0012_duty",
        "0013_links",
        "0014_orders",
        "0015_lists",
        "0016_kpi_blocks",
        "0017_pictures",
        "0018_cards",
        "0019_trust",
        "0020_lists",
        "0021_notice",
        "0022_fieldwork",
        "0023_sign_in",
        "0024_paper",
        "0025_lists",
        "0026_sign_on",
        "0027_register",
        "0028_register_files",
        "0029_form",
        "0030_rights",
        "0031_complaint",
        "0032_answers_of",
        "0033_named",
        "0034_forgotten",
        "0035_vote",
        "0036_consult",
        "0037_neighbours",
        "0038_mediation",
        "0039_opinion",
        "0040_budget",
        "0041_vote_more",
        "0042_election",
        "0043_service",
        "0044_volunteer",
        "0045_partner",
        "0046_relief",
        "0047_project",
        "0048_booking",
        "0049_errand",
        "0050_sensing",
        "0051_watch",
        "0052_health",
        "0053_things",
        "0054_share",
        "0055_board",
        "0056_exchange",
    ]
    .into_iter()
    .enumerate()
    .map(|(i, (name, sql))| Migration { version: i as i64 + 1, name, sql })
    .collect()
}

/// Refuses a database that was begun under other keys (restored without them, or another node's): going on would write
/// what the right keys can never read.
fn same_keys(db: &Db) -> Result<(), String> {
    const NAME: &str = "log.origin";
    let known = db.read(|r| r.row("select value from setting where name = $1", params![NAME])).map_err(|e| e.to_string())?;
    match known {
        Some(row) if row.get::<String>("value").is_ok_and(|v| v == db.origin()) => Ok(()),
        Some(_) => Err("the keys in this folder are not those of this database: put its keys/ back".into()),
        None if db.last().size > 0 => Err("this database has a log but names no key: is it whole?".into()),
        None => {
            let origin = db.origin().to_owned();
            let write = move |tx: &mut store::Tx| {
                tx.exec("insert into setting(name, value) values ($1, $2)", params![NAME, origin])?;
                // The log itself names its key in every leaf: this row can be derived and needs no entry.
                tx.follow(NAME, 0)
            };
            db.write(write).map(drop).map_err(|e: store::Error| e.to_string())
        }
    }
}

/// Reads a secret of 32 bytes, made at first use with mode 0600. A key that others can read is refused.
fn secret_file(dir: &Path, name: &str, ambience: &Ambience) -> Result<[u8; 32], String> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
    let path: PathBuf = dir.join(name);
    let say = |e: std::io::Error| format!("{}: {e}", path.display());
    if !path.exists() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(say)?;
        let mut secret = [0u8; 32];
        ambience.fill(&mut secret);
        // It gets its name when it is whole: a first start that is killed leaves no half key, and of two first starts at
        // once the second takes the key of the first.
        let part = dir.join(format!("{name}.{}.part", std::process::id()));
        let _ = std::fs::remove_file(&part);
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).map_err(say)?;
        std::io::Write::write_all(&mut file, &secret).and_then(|()| file.sync_all()).map_err(say)?;
        let named = std::fs::hard_link(&part, &path).or_else(|e| if path.exists() { Ok(()) } else { Err(e) });
        std::fs::remove_file(&part).and(named).map_err(say)?;
        std::fs::File::open(dir).and_then(|d| d.sync_all()).map_err(say)?;
    }
    let mode = std::fs::metadata(&path).map_err(say)?.mode();
    if mode & 0o077 != 0 {
        return Err(format!("{}: others can read this key; chmod 600 it", path.display()));
    }
    std::fs::read(&path).map_err(say)?.try_into().map_err(|_| format!("{}: a key has 32 bytes", path.display()))
}
