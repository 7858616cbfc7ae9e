//! The directory that a task wants for itself, and the git checkout it lies in.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disk::within;
use crate::core::plan::{Lease, Worktree};
use crate::core::raw::Raw;

/// How long the disk that holds it is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest file in which git says where it keeps things: a path.
const LONGEST: u64 = 8 << 10;

/// The lease on a directory that is absolute and without links.
///
/// # Errors
/// One line: its disk does not answer.
pub(super) fn lease(dir: &Path) -> Result<Lease, String> {
    let (dir, shown) = (dir.to_path_buf(), dir.display().to_string());
    within(PATIENCE, move || Lease {
        tree: worktree(&dir),
        dir: dir.into(),
    })
    .ok_or_else(|| {
        format!("cannot look for what checkout {shown} is of: its disk does not answer; try again")
    })
}

/// The checkout that a directory lies in: the nearest `.git` upwards says.
fn worktree(dir: &Path) -> Option<Worktree> {
    dir.ancestors().find_map(|root| {
        let git = root.join(".git");
        let meta = fs::metadata(&git).ok()?;
        let repository = if meta.is_dir() {
            git.canonicalize().ok()?
        } else {
            common(&linked(&git)?)
        };
        Some(Worktree {
            root: root.to_path_buf().into(),
            repository: repository.into(),
        })
    })
}

/// What a `.git` that is a file points at (gitrepository-layout(5)): the directory of a
/// linked worktree, or of a submodule.
fn linked(file: &Path) -> Option<PathBuf> {
    let text = text(file)?;
    let place = text.as_bytes().strip_prefix(b"gitdir:")?;
    pointed(file.parent()?, place)
}

/// The directory that all checkouts of a repository share, of which `git` is one's own.
fn common(git: &Path) -> PathBuf {
    let shared = text(&git.join("commondir"));
    let shared = shared.and_then(|place| pointed(git, place.as_bytes()));
    shared.unwrap_or_else(|| git.to_path_buf())
}

/// Where a path leads that git wrote in `dir`.
fn pointed(dir: &Path, place: &[u8]) -> Option<PathBuf> {
    let place = std::ffi::OsStr::from_bytes(place.trim_ascii());
    dir.join(place).canonicalize().ok()
}

/// What a short file says; nothing else is one of git's.
fn text(file: &Path) -> Option<Raw> {
    // a pipe would be waited for
    if !fs::metadata(file).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let mut file = File::open(file).ok()?.take(LONGEST);
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes.into())
}
