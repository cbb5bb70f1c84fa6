//! Files by content: `blobs/ab/abcdef…`, named by the SHA-256 of what they hold.
//!
//! What must stay true: when [`Blobs::put`] returns, the bytes are on disk under their final name (temporary file,
//! fsync, rename, fsync of the folder). A blob is written *before* the transaction that names it, so a crash can only
//! leave a file that nothing names, never a name without its file.

use crate::hex;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The blob folder of a node.
#[derive(Clone, Debug)]
pub struct Blobs {
    root: PathBuf,
}

impl Blobs {
    /// Opens (and makes) the folder.
    pub fn open(root: PathBuf) -> Result<Blobs> {
        fs::create_dir_all(&root)?;
        Ok(Blobs { root })
    }

    /// Stores bytes durably; returns their name (64 hex digits). Storing the same bytes again is a no-op.
    pub fn put(&self, bytes: &[u8]) -> Result<String> {
        let name = hex(Sha256::digest(bytes));
        let path = self.path(&name)?;
        if path.exists() {
            return Ok(name);
        }
        let dir = path.parent().unwrap_or(&self.root).to_owned();
        fs::create_dir_all(&dir)?;
        // Two writers of the same content write the same bytes; the thread in the name keeps their temporary files apart.
        let temp = dir.join(format!("{name}.{:?}.tmp", std::thread::current().id()));
        let mut file = File::create(&temp)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temp, &path)?;
        File::open(&dir)?.sync_all()?;
        File::open(&self.root)?.sync_all()?;
        Ok(name)
    }

    /// Reads a blob and checks that it still is what its name says.
    pub fn get(&self, name: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.path(name)?)?.read_to_end(&mut bytes)?;
        let now = hex(Sha256::digest(&bytes));
        if now == name { Ok(bytes) } else { Err(Error::Corrupt(format!("blob {name} has changed"))) }
    }

    /// Removes a blob that nothing names any more; one that is gone already is no error.
    pub fn remove(&self, name: &str) -> Result<()> {
        match fs::remove_file(self.path(name)?) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
            _ => Ok(()),
        }
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        if name.len() != 64 || !name.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::Shape("not a blob name".into()));
        }
        Ok(self.root.join(&name[..2]).join(name))
    }

    /// The folder, for backups.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_and_checks_content() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path().join("blobs")).unwrap();
        let name = blobs.put("照片".as_bytes()).unwrap();
        assert_eq!(blobs.put("照片".as_bytes()).unwrap(), name);
        assert_eq!(blobs.get(&name).unwrap(), "照片".as_bytes());
        fs::write(blobs.path(&name).unwrap(), b"x").unwrap();
        assert!(matches!(blobs.get(&name), Err(Error::Corrupt(_))));
        assert!(blobs.get("../../etc/passwd").is_err());
        blobs.remove(&name).and_then(|()| blobs.remove(&name)).unwrap();
        assert!(blobs.get(&name).is_err() && blobs.remove("..").is_err());
    }
}
