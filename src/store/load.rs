//! Reading back what was stored.

use std::fs;
use std::io;
use std::path::Path;

use super::FILE;
use crate::core::id::TaskId;
use crate::core::record::Record;

/// Everything found in the data directory.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every task that could be read, oldest first.
    pub records: Vec<Record>,
    /// The highest number that was ever given out, readable or not.
    pub highest: u32,
    /// What could not be read, in one line each. Those files are left as they are.
    pub problems: Vec<String>,
}

/// Reads all records below `tasks`; a directory that is not there yet holds none.
pub fn load(tasks: &Path) -> io::Result<Loaded> {
    let mut loaded = Loaded::default();
    let entries = match fs::read_dir(tasks) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(loaded),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        loaded.highest = loaded.highest.max(id);
        match read(&entry.path().join(FILE), TaskId(id)) {
            Ok(Some(record)) => loaded.records.push(record),
            // the intent was never stored whole, so nothing was started
            Ok(None) => {}
            Err(problem) => loaded.problems.push(problem),
        }
    }
    loaded.records.sort_by_key(|record| record.task.id);
    Ok(loaded)
}

fn read(path: &Path, id: TaskId) -> Result<Option<Record>, String> {
    let problem = |what: &dyn std::fmt::Display| {
        format!("task {id} can't be read: {what} in {}", path.display())
    };
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| problem(&error))?,
    };
    let record: Record = serde_json::from_slice(&text).map_err(|error| problem(&error))?;
    if record.task.id != id {
        return Err(problem(&format_args!("another task ({})", record.task.id)));
    }
    Ok(Some(record))
}
