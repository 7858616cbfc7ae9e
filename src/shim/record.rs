//! What lies beside a run's log: for a supervisor that comes when the shim is gone, and
//! for one that finds its database damaged.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;

/// Puts something there, in one piece.
pub(super) fn put(path: &Path, what: &impl Serialize) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(&serde_json::to_vec(what)?)?;
    fs::rename(&fresh, path)
}
