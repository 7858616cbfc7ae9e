//! Finds the supervisor of a herd, or starts one.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::line::{Line, News};
use super::trouble::Trouble;
use crate::config::Paths;
use crate::core::shim::MARK;
use crate::core::wire::{FromSupervisor, Hello, PROTOCOL, Role, Welcome};
use crate::sys::socket;

/// How long a supervisor may take to say welcome. It needs a millisecond; a stopped one
/// would let us wait for ever.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often one may end between taking the call and answering it.
const ATTEMPTS: usize = 5;

/// Connects to the herd's supervisor, which is started when none runs.
pub(super) fn connect(paths: &Paths, role: &Role) -> Result<(Line, Welcome), Trouble> {
    for _ in 0..ATTEMPTS {
        let stream = match find(paths)? {
            Some(stream) => stream,
            None => start(paths)?,
        };
        if let Some(met) = greet(stream, role)? {
            return Ok(met);
        }
    }
    Err(Trouble::Unreachable(format!(
        "the supervisor ends as soon as it is called; see {}",
        paths.log().display()
    )))
}

/// Connects to the herd's supervisor if one runs.
pub(super) fn connect_if_running(
    paths: &Paths,
    role: &Role,
) -> Result<Option<(Line, Welcome)>, Trouble> {
    match find(paths)? {
        Some(stream) => greet(stream, role),
        None => Ok(None),
    }
}

/// The socket, if anybody listens: a stale one refuses.
fn find(paths: &Paths) -> Result<Option<UnixStream>, Trouble> {
    let path = paths.socket();
    match socket::connect(&path) {
        Ok(stream) if socket::peer_is_me(&stream) => Ok(Some(stream)),
        Ok(_) => Err(Trouble::Unreachable(format!(
            "{} is served by another user; remove it, or set WRANGLE_HOME to a directory of yours",
            path.display()
        ))),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(Trouble::Unreachable(format!(
            "cannot connect to {}: {error}; wrangle doctor may tell why",
            path.display()
        ))),
    }
}

/// Exchanges greetings; `None` when the other side left instead.
fn greet(stream: UnixStream, role: &Role) -> Result<Option<(Line, Welcome)>, Trouble> {
    let mut line = Line::new(stream);
    let hello = Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").into(),
        role: role.clone(),
    };
    if line.send(&hello).is_err() {
        return Ok(None);
    }
    match line.next(Some(Instant::now() + PATIENCE))? {
        News::Said(said) => match *said {
            FromSupervisor::Welcome(welcome) => Ok(Some((line, welcome))),
            FromSupervisor::Refused(why) => Err(Trouble::Unreachable(why)),
            FromSupervisor::Bye(_) => Ok(None),
            _ => Err(Trouble::Unreachable(
                "the supervisor did not say welcome; it may be of another version: wrangle shutdown with that version ends it".into(),
            )),
        },
        News::Ended => Ok(None),
        News::Late | News::Interrupted => Err(Trouble::Unreachable(format!(
            "the supervisor has not answered for {} s; is it stopped? wrangle doctor tells its pid",
            PATIENCE.as_secs()
        ))),
    }
}

/// Starts a supervisor and connects to it. Of two clients one starts and the other
/// waits for the lock, then finds what the first one started.
fn start(paths: &Paths) -> Result<UnixStream, Trouble> {
    refuse_within_a_task(paths)?;
    paths.create().map_err(Trouble::Unreachable)?;
    let lock_path = paths.start_lock();
    let failed = |error: io::Error| {
        Trouble::Unreachable(format!("cannot lock {}: {error}", lock_path.display()))
    };
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock_path)
        .map_err(failed)?;
    lock.lock().map_err(failed)?;
    if let Some(stream) = find(paths)? {
        return Ok(stream);
    }
    launch(paths)?;
    find(paths)?.ok_or_else(|| {
        Trouble::Unreachable(format!(
            "the supervisor said it was ready and is gone; see {}",
            paths.log().display()
        ))
    })
}

/// A supervisor that a task starts belongs to the task's tree, and would die with it.
fn refuse_within_a_task(paths: &Paths) -> Result<(), Trouble> {
    let ours =
        env::var_os(MARK).is_some_and(|socket| Path::new(&socket).starts_with(paths.shims()));
    if ours {
        return Err(Trouble::Unreachable(
            "no supervisor runs, and one started within a task would end with it; run wrangle outside once"
                .into(),
        ));
    }
    Ok(())
}

/// Starts a supervisor and waits for its word: `ready`, or what is wrong.
fn launch(paths: &Paths) -> Result<(), Trouble> {
    let failed =
        |error: io::Error| Trouble::Unreachable(format!("cannot start the supervisor: {error}"));
    let mut command = Command::new(this_program().map_err(failed)?);
    command
        .args(["supervisor", "--detached"])
        // so that it holds no mount busy
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(home) = &paths.home {
        command.env("WRANGLE_HOME", home);
    }
    let mut child = command.spawn().map_err(failed)?;
    let mut word = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout)
            .read_line(&mut word)
            .map_err(failed)?;
    }
    match word.trim() {
        "ready" => {
            // it outlives this process, and is reaped by whoever adopts it then
            std::mem::forget(child);
            Ok(())
        }
        "" => {
            let how = child.wait().map_err(failed)?;
            Err(Trouble::Unreachable(format!(
                "the supervisor ended before it was ready ({how}); see {}",
                paths.log().display()
            )))
        }
        why => {
            child.wait().map_err(failed)?;
            Err(Trouble::Unreachable(format!(
                "the supervisor could not start: {why}"
            )))
        }
    }
}

/// This very program, even when its file was replaced or removed since it began.
fn this_program() -> io::Result<PathBuf> {
    let path = env::current_exe()?;
    if path.exists() {
        return Ok(path);
    }
    Ok(PathBuf::from("/proc/self/exe"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io::Write;
    use std::thread;

    use super::*;

    /// A herd in a directory of its own, and what listens there: says a line to each caller.
    fn herd(words: &'static str) -> (tempfile::TempDir, Paths) {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::under(&OsString::from(dir.path())).unwrap();
        paths.create().unwrap();
        let listener = socket::listen(&paths.socket()).unwrap();
        thread::spawn(move || {
            let (mut caller, _) = listener.accept().unwrap();
            let mut hello = String::new();
            BufReader::new(&caller).read_line(&mut hello).unwrap();
            assert!(hello.contains("protocol"));
            caller.write_all(words.as_bytes()).unwrap();
        });
        (dir, paths)
    }

    #[test]
    fn a_welcome_is_a_welcome() {
        let (_dir, paths) = herd("{\"welcome\":{\"version\":\"9\",\"pid\":7,\"data\":\"/\"}}\n");
        let (_, welcome) = connect(&paths, &Role::Call).unwrap();
        assert_eq!((welcome.pid, welcome.version.as_str()), (7, "9"));
    }

    #[test]
    fn a_refusal_is_passed_on() {
        let (_dir, paths) = herd("{\"refused\":\"other version; do this\"}\n");
        let trouble = connect(&paths, &Role::Call).unwrap_err();
        assert_eq!(
            trouble,
            Trouble::Unreachable("other version; do this".into())
        );
        assert_eq!(trouble.code(), 3);
    }

    #[test]
    fn what_is_no_supervisor_is_said_to_be_none() {
        let (_dir, paths) = herd("HTTP/1.1 400\n");
        assert_eq!(connect(&paths, &Role::Call).unwrap_err().code(), 3);
    }

    #[test]
    fn nobody_there_and_a_stale_socket_are_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::under(&OsString::from(dir.path())).unwrap();
        assert!(connect_if_running(&paths, &Role::Call).unwrap().is_none());
        paths.create().unwrap();
        drop(socket::listen(&paths.socket()).unwrap());
        assert!(connect_if_running(&paths, &Role::Call).unwrap().is_none());
    }
}
