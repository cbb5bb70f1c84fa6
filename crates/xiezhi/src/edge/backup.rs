//! Copies of a node: made while it runs, put back with proof.
//!
//! What must stay true: a copy is consistent (one snapshot of the database, then every blob, which are never changed);
//! it holds the sealed values but not the keys that open them (`keys/` is copied apart, with its own, shorter life); a
//! restored node has the same log, proved entry by entry, and as many cases as the copy says. What is put back gets the
//! name of a database at the very end, when it is whole and proved: whatever breaks off before leaves a folder without
//! one, in which the same command can be given again.

use std::fs::File;
use std::path::Path;

use serde_json::{Value as Json, json};
use store::{Place, Query as _, Viewer, hex, verify};

use crate::kit::App;
use crate::kit::config::Config;

/// The database in a node's folder, and in a copy.
const DATABASE: &str = "xiezhi.db";
/// Name of the list of what a copy holds.
const MANIFEST: &str = "manifest.json";

/// Opens a node for checking: by its folder, or by its database alone.
pub fn viewer(data: Option<&Path>, database_url: Option<&str>) -> Result<Viewer, String> {
    match (database_url, data) {
        (Some(url), _) => Ok(Viewer::new(Place::Postgres(url.to_owned()))),
        (None, Some(data)) if data.join(DATABASE).exists() => Ok(Viewer::new(Place::Sqlite(data.join(DATABASE)))),
        (None, Some(data)) => Err(format!("{}: there is no database", data.join(DATABASE).display())),
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
    let copied = source.copy_to(&out.join(DATABASE)).map_err(|e| format!("{}: {e}", out.display()));
    let blobs =
        copied.and_then(|()| copy_tree(&config.data.join("blobs"), &out.join("blobs")).map_err(say)).inspect_err(|_| {
            // Half a copy is of no use, and in the way of the next one.
            let _ = std::fs::remove_dir_all(out);
        })?;
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
            match std::fs::copy(entry.path(), &target) {
                // A picture that nobody wanted was swept meanwhile.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound && !entry.path().exists() => {}
                copied => files += usize::from(copied.map(|_| true)?),
            }
        }
    }
    Ok(files)
}

/// Puts a copy into a folder that has no database yet, and proves it.
pub fn restore(from: &Path, data: &Path) -> Result<Json, String> {
    let manifest = from.join(MANIFEST);
    let text = std::fs::read_to_string(&manifest).map_err(|e| format!("{}: {e} (is the copy whole?)", manifest.display()))?;
    let manifest: Json = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", manifest.display()))?;
    // A journal that lies there alone belongs to another database, and would be played into this one.
    for name in [DATABASE, "xiezhi.db-wal", "xiezhi.db-journal"] {
        if data.join(name).exists() {
            return Err(format!("{}: there is a database already", data.join(name).display()));
        }
    }
    let say = |e: std::io::Error| format!("{} to {}: {e}", from.display(), data.display());
    std::fs::create_dir_all(data).map_err(say)?;
    copy_tree(&from.join("blobs"), &data.join("blobs")).map_err(say)?;
    let part = data.join("restored.part");
    let proved = put(&from.join(DATABASE), &part).map_err(say).and_then(|()| {
        let found = facts(&Viewer::new(Place::Sqlite(part.clone())))?;
        let same = ["ok", "size", "root", "cases"].iter().all(|k| found[*k] == manifest[*k]);
        if same { Ok(found) } else { Err(format!("what was restored is not what was copied: {found}")) }
    });
    let mut found = proved.inspect_err(|_| {
        let _ = std::fs::remove_file(&part);
    })?;
    std::fs::rename(&part, data.join(DATABASE)).and_then(|()| File::open(data)?.sync_all()).map_err(say)?;
    found["keys"] = data.join("keys/node.key").exists().into();
    Ok(found)
}

/// Copies a database file, to the disk itself; what an attempt that was cut off left there goes away.
fn put(from: &Path, to: &Path) -> std::io::Result<()> {
    for end in ["-wal", "-shm", "-journal"] {
        let mut left = to.as_os_str().to_owned();
        left.push(end);
        if Path::new(&left).exists() {
            std::fs::remove_file(left)?;
        }
    }
    std::fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// Opens a node as `serve` would and proves its log.
pub fn check(config: &Config) -> (bool, Json) {
    // Looked for first: opening would begin a new node where a name was mistyped, and find it in best order.
    let found = viewer(Some(&config.data), config.database_url.as_deref())
        .and_then(|viewer| App::open(config.clone()).and_then(|_| facts(&viewer)));
    match found {
        Ok(facts) => (facts["ok"] == true, facts),
        Err(why) => (false, json!({ "ok": false, "error": why })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_is_swept_while_it_is_copied_is_left_out_and_any_other_trouble_is_told() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(from.path().join("ab")).unwrap();
        std::fs::write(from.path().join("ab/kept"), b"picture").unwrap();
        std::fs::write(from.path().join("ab/half.tmp"), b"pic").unwrap();
        // Listed, and gone when it is to be read.
        std::os::unix::fs::symlink(from.path().join("nowhere"), from.path().join("ab/swept")).unwrap();
        assert_eq!(copy_tree(from.path(), to.path()).unwrap(), 1);
        assert_eq!(std::fs::read(to.path().join("ab/kept")).unwrap(), b"picture");
        // A copy that cannot be written is no copy.
        let full = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(full.path().join("ab/kept")).unwrap();
        assert!(copy_tree(from.path(), full.path()).is_err());
    }
}
