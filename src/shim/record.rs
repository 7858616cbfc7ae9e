//! The last status on disk, for a supervisor that comes when the shim is gone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::core::shim::Status;

/// The file beside the log segments in which a shim puts its last status.
pub const FILE: &str = "status.json";

/// Puts a status there, in one piece.
pub(super) fn put(path: &Path, status: &Status) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(&serde_json::to_vec(status)?)?;
    fs::rename(&fresh, path)
}
