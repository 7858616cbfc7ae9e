//! Where the database's files lie, and whether they are still those that are open.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What `SQLite` keeps beside a database: what is written lies in the first until it is
/// carried over.
pub(super) const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Device and number of a file; none where nothing lies there.
type Place = Option<(u64, u64)>;

/// Which files lie in the places of the database and of what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    file: Place,
    beside: [Place; 2],
}

impl Places {
    pub(super) fn of(path: &Path) -> Self {
        let path = real(path);
        let place = |path: &Path| {
            let meta = std::fs::metadata(path).ok()?;
            Some((meta.dev(), meta.ino()))
        };
        Self {
            file: place(&path),
            beside: BESIDE.map(|end| place(&beside(&path, end))),
        }
    }

    /// Whether the database itself is the same.
    pub(super) fn same_file(self, now: Self) -> bool {
        self.file.is_some() && self.file == now.file
    }

    /// What was done to the files that lay here when they were opened. What is written to
    /// a file without a name is as good as lost.
    pub(super) fn mishap(self, now: Self) -> Option<&'static str> {
        match (self.file == now.file, now.file) {
            (true, Some(_)) if self.beside == now.beside => None,
            (true, Some(_)) => Some("what lies beside the database was removed or replaced"),
            (_, None) => Some("the database was removed"),
            (false, Some(_)) => Some("the database was replaced by another file"),
        }
    }
}

/// The file itself where the path leads to it by a symbolic link: what belongs to it lies
/// beside the file, not beside the link.
pub(super) fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path)
        .or_else(|_| {
            // where it leads to nothing yet
            let target = std::fs::read_link(path)?;
            Ok::<_, std::io::Error>(path.parent().unwrap_or(path).join(target))
        })
        .unwrap_or_else(|_| path.to_owned())
}

/// A path with something added to its name.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
