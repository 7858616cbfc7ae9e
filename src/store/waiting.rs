//! What waits to be started, beside where its logs will lie: so that the log directory
//! alone tells of it, too.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::core::record::Record;
use crate::core::task::State;

/// The file in a task's directory that holds the task as it was last queued. It is older
/// than the truth once its run has a directory.
pub(super) const WAITING: &str = "waiting.json";

/// Puts it there, or takes away what speaks of a run that never began and is over.
pub(super) fn note(tasks: &Path, record: &Record) {
    let task = &record.task;
    let dir = tasks.join(task.id.to_string());
    let done = match task.state() {
        State::Queued { .. } => put(&dir, record),
        State::Ended { .. } if task.run.started.is_none() => {
            match fs::remove_file(dir.join(WAITING)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    };
    // the database has it: this is for the day when that is lost
    if let Err(error) = done {
        tracing::warn!(task = %task.id, %error, "what waits can't be noted beside its logs");
    }
}

fn put(dir: &Path, record: &Record) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let fresh = dir.join(format!("{WAITING}.new"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(&serde_json::to_vec(record)?)?;
    fs::rename(&fresh, dir.join(WAITING))
}
