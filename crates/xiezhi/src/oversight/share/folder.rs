//! The watched folder: whoever may write into `drop/<code of a resource>/` of the node's folder brings rows of it.
//!
//! What must stay true: a file is moved away once it was looked at, to `processed/` or to `refused/`, with the reasons beside
//! it; a file that is still being written is called `.part`, or begins with a point, and is left alone; nothing outside of the
//! folder is followed or read; the same file twice changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use super::data::{self, Batch, Taken};
use super::data_web::of_table;
use super::resource::{self, Resource};
use super::rules::{self, State};
use super::{Book, code_of};
use crate::kit::error::Kind;
use crate::kit::{App, Error, Result, Who, foreign};

/// Files of one round, of one folder.
const AT_ONCE: usize = 20;
/// Name of the folder in that of the node.
const FOLDER: &str = "drop";

/// Looks into every folder that there is.
pub fn round(app: &App) -> Result<()> {
    let Ok(entries) = fs::read_dir(app.config.data.join(FOLDER)) else { return Ok(()) };
    let mut codes: Vec<String> = entries
        .flatten()
        .filter(|e| e.file_type().is_ok_and(|t| t.is_dir()))
        .filter_map(|e| e.file_name().into_string().ok())
        .filter(|name| rules::is_code(name))
        .collect();
    codes.sort();
    for code in codes {
        let found = app.db.read(|r| {
            let of = resource::by_code(r, &code)?;
            let at = code_of(r, &of.area)?;
            let book = Book::read(r, app, &at)?;
            Ok::<_, Error>((of, book))
        });
        match found {
            Ok((of, book)) if of.state == State::Published => one(app, &book, &of)?,
            // A folder that is none of ours is left alone.
            Ok(_) => {}
            Err(e) if e.kind == Kind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Files that are whole, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let whole = |name: &str| {
        let kind = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        !name.starts_with('.') && matches!(kind.as_str(), "csv" | "xlsx" | "gz")
    };
    let mut out: Vec<PathBuf> = entries
        .flatten()
        .filter(|e| e.file_type().is_ok_and(|t| t.is_file()) && e.file_name().to_str().is_some_and(whole))
        .map(|e| e.path())
        .collect();
    out.sort();
    out.truncate(AT_ONCE);
    out
}

/// The version that a name says: `list.v3.csv`.
fn version(name: &str) -> Option<i64> {
    name.split('.').filter_map(|part| part.strip_prefix('v')).find_map(|n| n.parse().ok())
}

fn one(app: &App, book: &Book, of: &Resource) -> Result<()> {
    let folder = app.config.data.join(FOLDER).join(&of.code);
    for path in files(&folder) {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        let (into, said) = match taken(app, book, of, &path, &name) {
            Ok(done) if done.refused == 0 => ("processed", Vec::new()),
            Ok(done) => {
                let lines = done.faults.iter().map(|f| vec![f.line.to_string(), f.field.clone(), f.code.clone()]);
                ("processed", lines.collect())
            }
            // Another process took it.
            Err(_) if !path.exists() => continue,
            // Nothing is wrong with a file when the disk is full or the database away.
            Err(e) if e.kind.status() >= 500 => return Err(e),
            Err(e) => {
                ("refused", vec![vec![String::new(), e.field.clone().unwrap_or_default().into_owned(), e.kind.code().to_owned()]])
            }
        };
        let aside = |e: std::io::Error| Error::internal(format!("{}: {e}", path.display()));
        let to = folder.join(into);
        fs::create_dir_all(&to).map_err(aside)?;
        let stamp = app.now();
        match fs::rename(&path, to.join(format!("{stamp}-{name}"))) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            moved => moved.map_err(aside)?,
        }
        if !said.is_empty() {
            let mut table = vec![["line", "field", "code"].map(str::to_owned).to_vec()];
            table.extend(said);
            fs::write(to.join(format!("{stamp}-{name}.faults.csv")), foreign::write_csv(&table)?).map_err(aside)?;
        }
    }
    Ok(())
}

fn taken(app: &App, book: &Book, of: &Resource, path: &Path, name: &str) -> Result<Taken> {
    let size = fs::metadata(path).map_err(Error::internal)?.len();
    if size > foreign::FILE_BYTES as u64 {
        return Err(Error::from(Kind::TooLarge).limit((foreign::FILE_BYTES >> 10) as i64));
    }
    let bytes = fs::read(path).map_err(Error::internal)?;
    let rows = of_table(&of.fields(), &foreign::read(&bytes)?)?;
    data::take(app, book, &Who::system(), of, &Batch { source: FOLDER.into(), version: version(name), rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_its_version_and_half_files_are_left_alone() {
        assert_eq!((version("list.v3.csv"), version("list.csv"), version("v.csv")), (Some(3), None, None));
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.xlsx", "c.csv.part", ".d.csv", "e.exe", "f.csv.gz"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        fs::create_dir(dir.path().join("g.csv")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("h.csv")).unwrap();
        let found: Vec<String> =
            files(dir.path()).iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(found, ["a.xlsx", "b.csv", "f.csv.gz"]);
    }
}
