//! At start: what did an earlier supervisor leave?

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::core::engine::Rules;
use crate::core::id::RunId;
use crate::core::input::{Found, Remains};
use crate::core::record::Record;
use crate::core::shim::{STATUS, Status};
use crate::output::LogFiles;
use crate::sys::socket;

/// How long shims may take to answer before they are taken for dead: each reports at
/// once when somebody connects, unless it is stopped or the machine is on its knees.
/// All together: nobody is served meanwhile.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What each is granted all the same.
const LEAST: Duration = Duration::from_millis(500);

/// What is left of a stored task's current run, and the line to its shim.
/// Its shim is waited for until `until`.
pub(super) fn find(rules: &Rules, record: &Record, until: Instant) -> (Found, Option<UnixStream>) {
    let run = record.task.run_id();
    if let Some((stream, status)) = greet(&rules.shim_socket(run), run, until) {
        return (Found::Shim(Box::new(status)), Some(stream));
    }
    let gone = Found::Gone {
        remains: remains(rules, run),
        same_boot: record.boot == rules.boot,
    };
    (gone, None)
}

/// What lies on disk of a run.
pub(super) fn remains(rules: &Rules, run: RunId) -> Remains {
    let dir = rules.run_dir(run);
    let log = LogFiles::open(&dir).and_then(|mut log| log.bounds());
    Remains {
        last: last_word(&dir, run),
        log: log.unwrap_or_default(),
    }
}

/// What a run's shim last put on record.
fn last_word(dir: &Path, run: RunId) -> Option<Box<Status>> {
    let text = fs::read(dir.join(STATUS)).ok()?;
    let status: Status = serde_json::from_slice(&text).ok()?;
    (status.run == run).then(|| Box::new(status))
}

/// Connects to a run's shim and takes its first report.
fn greet(path: &Path, run: RunId, until: Instant) -> Option<(UnixStream, Status)> {
    let stream = socket::connect(path).ok()?;
    if !socket::peer_is_me(&stream) {
        return None;
    }
    let first = || -> io::Result<Status> {
        let left = until.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(left.max(LEAST)))?;
        let mut line = String::new();
        // one report is sent, and the next only after it was acknowledged or something
        // happened; what a reader this small may take too much of comes again, since
        // every report is whole
        BufReader::with_capacity(1, &stream).read_line(&mut line)?;
        stream.set_read_timeout(None)?;
        Ok(serde_json::from_str(&line)?)
    };
    match first() {
        Ok(status) if status.run == run => Some((stream, status)),
        other => {
            tracing::warn!(%run, ?other, "a shim listens and doesn't answer");
            None
        }
    }
}

/// Shims that listen and belong to no active task: their record is gone or can't be
/// read, so nobody could ever see or stop what they run.
pub(super) fn strays(rules: &Rules, known: &[RunId]) -> Vec<(RunId, UnixStream)> {
    let Ok(entries) = fs::read_dir(&rules.shims) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let run = name
            .to_str()
            .and_then(|name| name.strip_suffix(".sock")?.parse::<RunId>().ok());
        let Some(run) = run.filter(|run| !known.contains(run)) else {
            continue;
        };
        match socket::connect(&entry.path()) {
            Ok(stream) => found.push((run, stream)),
            Err(_) => drop(fs::remove_file(entry.path())),
        }
    }
    found
}
