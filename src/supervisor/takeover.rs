//! The newcomer's half of a takeover: the supervisor that runs is asked to leave.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::config::Paths;
use crate::core::version;
use crate::core::wire::{FromSupervisor, Hello, PROTOCOL, Role};
use crate::store;
use crate::sys::socket;

/// How long the old one may take to answer. It needs a millisecond.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether this program could go on where the old one stops, as far as that can be
/// known beforehand: once the old one has left it is too late.
///
/// # Errors
/// One line: what stands in the way, and the remedy.
pub(super) fn check(paths: &Paths) -> Result<(), String> {
    if paths.is_within_a_task() {
        return Err(
            "a supervisor started within a task would end with it; run wrangle supervisor --takeover outside"
                .into(),
        );
    }
    let database = paths.database();
    if !database.exists() {
        return Ok(());
    }
    store::check(&database)
        .map(drop)
        .map_err(|why| format!("cannot take over {}: {why}", database.display()))
}

/// Asks the supervisor that runs, where one does, to leave; it is about to when this
/// returns, and its lock comes free with it. Whether there was one that agreed.
///
/// # Errors
/// One line: why it stays, and what to do.
pub(super) fn ask(paths: &Paths) -> Result<bool, String> {
    let path = paths.socket();
    let cannot = |error: io::Error| format!("cannot connect to {}: {error}", path.display());
    let stream = match socket::connect(&path) {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(cannot(error)),
    };
    if !socket::peer_is_me(&stream) {
        return Err(format!("{} is served by another user", path.display()));
    }
    match exchange(stream, Role::Takeover, PATIENCE) {
        Ok(Some(FromSupervisor::Welcome(_))) => Ok(true),
        // on its way out already; the lock tells when it has gone
        Ok(None) => Ok(false),
        Ok(Some(FromSupervisor::Refused(why))) => Err(why),
        Ok(Some(_)) => Err(format!(
            "the running supervisor ({}) does not know how to be replaced; wrangle shutdown of its own version ends it",
            holder(paths)
        )),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(silent(paths)),
        Err(error) => Err(cannot(error)),
    }
}

/// Says who this is; what is answered, `None` where the other side hangs up.
pub(super) fn exchange(
    mut stream: UnixStream,
    role: Role,
    patience: Duration,
) -> io::Result<Option<FromSupervisor>> {
    stream.set_read_timeout(Some(patience))?;
    let hello = Hello {
        protocol: PROTOCOL,
        version: version::ours().into(),
        role,
    };
    let mut line = serde_json::to_vec(&hello)?;
    line.push(b'\n');
    // one that hung up meanwhile is on its way out
    stream.write_all(&line).ok();
    let mut answer = String::new();
    match BufReader::new(stream).read_line(&mut answer) {
        Ok(0) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
        Ok(_) => Ok(Some(serde_json::from_str(&answer)?)),
        Err(error) => Err(error),
    }
}

/// Who holds the lock, as far as it is known.
pub(super) fn holder(paths: &Paths) -> String {
    let pid = fs::read_to_string(paths.supervisor_lock()).unwrap_or_default();
    format!("pid {}", pid.trim())
}

/// What is said of one that neither answers nor leaves. It is never killed: whoever
/// stopped it may have a reason.
pub(super) fn silent(paths: &Paths) -> String {
    let pid = holder(paths);
    let bare = pid.trim_start_matches("pid ");
    format!(
        "the running supervisor ({pid}) neither answers nor leaves; kill -CONT {bare} lets it go on if it is stopped, kill -KILL {bare} ends it without its tasks: then try again"
    )
}
