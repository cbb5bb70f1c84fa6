//! Copies of a node: made while it runs, put back with proof.
//!
//! What must stay true: a copy is consistent (one snapshot of the database, then every blob, which are never changed);
//! it holds the sealed values but not the keys that open them (`keys/` is copied apart, with its own, shorter life); a
//! restored node has the same log, proved entry by entry, and as many cases as the copy says.

use std::path::Path;

use serde_json::{Value as Json, json};
use store::{Place, Query as _, Viewer, hex, verify};

use crate::kit::App;
use crate::kit::config::Config;

/// Name of the list of what a copy holds.
const MANIFEST: &str = "manifest.json";

/// Opens a node for checking: by its folder, or by its database alone.
pub fn viewer(data: Option<&Path>, database_url: Option<&str>) -> Result<Viewer, String> {
    match (database_url, data) {
        (Some(url), _) => Ok(Viewer::new(Place::Postgres(url.to_owned()))),
        (None, Some(data)) if data.join("xiezhi.db").exists() => Ok(Viewer::new(Place::Sqlite(data.join("xiezhi.db")))),
        (None, Some(data)) => Err(format!("{}: there is no database", data.join("xiezhi.db").display())),
        (None, None) => Err("where is the log? --data or --database-url".into()),
    }
}

/// The proof of a log as `log verify` prints it.
pub fn prove(viewer: &Viewer) -> Result<Json, String> {
    let report = viewer.read(|r| verify::log(r)).map_err(|e| e.to_string())?;
    let root = hex(report.root);
    let mut out = json!({ "ok": report.ok, "size": report.size, "root": root });
    if let Some(bad) = report.first_bad {
        out["first_bad"] = bad.into();
    }
    Ok(out)
}

/// The proof together with the number of cases.
fn facts(viewer: &Viewer) -> Result<Json, String> {
    let mut out = prove(viewer)?;
    out["cases"] = viewer.read(|r| r.count("select count(*) from cases", &[])).map_err(|e| e.to_string())?.into();
    Ok(out)
}

/// Copies a SQLite node into a new folder. PostgreSQL has tools of its own.
pub fn backup(config: &Config, out: &Path) -> Result<Json, String> {
    if config.database_url.is_some() {
        return Err("PostgreSQL: copy the database with pg_basebackup or pg_dump, and the folder blobs/ beside it".into());
    }
    let say = |e: std::io::Error| format!("{}: {e}", out.display());
    if out.exists() {
        return Err(format!("{}: exists already", out.display()));
    }
    let source = viewer(Some(&config.data), None)?;
    std::fs::create_dir_all(out).map_err(say)?;
    source.copy_to(&out.join("xiezhi.db")).map_err(|e| e.to_string())?;
    let blobs = copy_tree(&config.data.join("blobs"), &out.join("blobs")).map_err(say)?;
    let mut manifest = facts(&viewer(Some(out), None)?)?;
    manifest["blobs"] = blobs.into();
    std::fs::write(out.join(MANIFEST), manifest.to_string()).map_err(say)?;
    if manifest["ok"] == true { Ok(manifest) } else { Err(format!("the log of the copy does not hold: {manifest}")) }
}

/// Copies what is missing; returns how many files there are.
fn copy_tree(from: &Path, to: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(to)?;
    let mut files = 0;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            files += copy_tree(&entry.path(), &target)?;
        } else if entry.path().extension().is_none() {
            // What is still being written has an extension (`.tmp`) and is named by no row.
            std::fs::copy(entry.path(), &target)?;
            files += 1;
        }
    }
    Ok(files)
}

/// Puts a copy into a folder that has no database yet, and proves it.
pub fn restore(from: &Path, data: &Path) -> Result<Json, String> {
    let say = |e: std::io::Error| format!("{}: {e}", from.display());
    let manifest = std::fs::read_to_string(from.join(MANIFEST)).map_err(say)?;
    let manifest: Json = serde_json::from_str(&manifest).map_err(|e| e.to_string())?;
    let target = data.join("xiezhi.db");
    if target.exists() {
        return Err(format!("{}: there is a database already", target.display()));
    }
    std::fs::create_dir_all(data).map_err(say)?;
    std::fs::copy(from.join("xiezhi.db"), &target).map_err(say)?;
    copy_tree(&from.join("blobs"), &data.join("blobs")).map_err(say)?;
    let mut found = facts(&viewer(Some(data), None)?)?;
    let same = ["ok", "size", "root", "cases"].iter().all(|k| found[*k] == manifest[*k]);
    found["keys"] = data.join("keys/node.key").exists().into();
    if same { Ok(found) } else { Err(format!("what was restored is not what was copied: {found}")) }
}

/// Opens a node as `serve` would and proves its log.
pub fn check(config: &Config) -> (bool, Json) {
    let found = App::open(config.clone()).and_then(|_| facts(&viewer(Some(&config.data), config.database_url.as_deref())?));
    match found {
        Ok(facts) => (facts["ok"] == true, facts),
        Err(why) => (false, json!({ "ok": false, "error": why })),
    }
}
