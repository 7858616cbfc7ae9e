//! The directories whose project files a person has read and trusts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::paths::private_dir;
use crate::core::raw::Raw;

/// A list of directories on disk, each canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    file: PathBuf,
}

impl Trust {
    /// The list in this file, which need not exist.
    pub const fn at(file: PathBuf) -> Self {
        Self { file }
    }

    /// Every trusted directory.
    ///
    /// # Errors
    /// One line that names the file and the remedy.
    pub fn list(&self) -> Result<Vec<PathBuf>, String> {
        let bytes = match fs::read(&self.file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.cannot("read", &error)),
        };
        let dirs: Vec<Raw> = serde_json::from_slice(&bytes).map_err(|error| {
            format!(
                "{} is not what wrangle wrote ({error}); remove it and trust anew",
                self.file.display()
            )
        })?;
        Ok(dirs.iter().map(|dir| dir.as_path().to_path_buf()).collect())
    }

    /// Whether the project file in this directory may run things.
    ///
    /// # Errors
    /// As [`Trust::list`].
    pub fn covers(&self, dir: &Path) -> Result<bool, String> {
        Ok(self.list()?.iter().any(|known| known == dir))
    }

    /// Trusts a canonical directory; whether that is new.
    ///
    /// # Errors
    /// One line that names the file and the remedy.
    pub fn add(&self, dir: &Path) -> Result<bool, String> {
        self.change(|dirs| {
            let new = !dirs.iter().any(|known| known == dir);
            if new {
                dirs.push(dir.to_path_buf());
                dirs.sort();
            }
            new
        })
    }

    /// Trusts a directory no more; whether it was trusted.
    ///
    /// # Errors
    /// One line that names the file and the remedy.
    pub fn remove(&self, dir: &Path) -> Result<bool, String> {
        self.change(|dirs| {
            let before = dirs.len();
            dirs.retain(|known| known != dir);
            dirs.len() < before
        })
    }

    /// Reads, changes and writes the list while nobody else does.
    fn change(&self, change: impl FnOnce(&mut Vec<PathBuf>) -> bool) -> Result<bool, String> {
        let cannot = |error: io::Error| self.cannot("write", &error);
        let dir = self.file.parent().unwrap_or(Path::new("/"));
        private_dir(dir)?;
        let held = private(&self.file.with_extension("lock")).map_err(cannot)?;
        held.lock().map_err(cannot)?;
        let mut dirs = self.list()?;
        if !change(&mut dirs) {
            return Ok(false);
        }
        let raw: Vec<Raw> = dirs.into_iter().map(Raw::from).collect();
        let next = self.file.with_extension("next");
        let write = || {
            let mut file = private(&next)?;
            file.set_len(0)?;
            serde_json::to_writer_pretty(&mut file, &raw)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&next, &self.file)
        };
        write().map_err(cannot)?;
        Ok(true)
    }

    fn cannot(&self, what: &str, error: &io::Error) -> String {
        format!(
            "cannot {what} {}: {error}; make it yours, or set WRANGLE_HOME",
            self.file.display()
        )
    }
}

/// A file for this user alone.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}
