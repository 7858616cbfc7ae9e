//! The supervisor's own log: beside the data, rotated, bounded.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use file_rotate::{ContentLimit, FileRotate, compression::Compression, suffix::AppendCount};

/// A file's size before it is set aside, and how many are kept besides.
const BYTES: usize = 1 << 20;
const KEPT: usize = 3;

/// Sends what is traced to `path`. Called once.
pub(super) fn open(path: &Path) {
    let mut private = OpenOptions::new();
    private.read(true).append(true).create(true).mode(0o600);
    let file = FileRotate::new(
        path,
        AppendCount::new(KEPT),
        ContentLimit::BytesSurpassed(BYTES),
        Compression::None,
        Some(private),
    );
    // a second call finds the first's in place
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init()
        .ok();
}
