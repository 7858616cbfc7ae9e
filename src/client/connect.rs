//! Finds the supervisor of a herd, or starts one.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::line::{Line, News};
use super::trouble::Trouble;
use super::upgrade;
use crate::config::Paths;
use crate::core::wire::{Differs, FromSupervisor, Hello, PROTOCOL, Role, Welcome};
use crate::core::{first, version};
use crate::sys::socket;

/// How long a supervisor may take to say welcome. It needs a millisecond; a stopped one
/// would let us wait for ever.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks for one that somebody else starts.
const LOOK: Duration = Duration::from_millis(20);
/// How often one may end between taking the call and answering it.
const ATTEMPTS: usize = 5;

/// What came of the greetings.
enum Met {
    Welcome(Box<(Line, Welcome)>),
    /// It speaks another protocol.
    Stranger(Differs),
    /// It left instead.
    Nobody,
}

/// Connects to the herd's supervisor, which is started when none runs. One that is older
/// than this program may be replaced first, when a person says so.
pub(super) fn connect(paths: &Paths, role: &Role) -> Result<(Line, Welcome), Trouble> {
    match meet(paths, role)? {
        Met::Welcome(met) if !upgrade::wanted_besides(paths, &met.1) => return Ok(*met),
        Met::Stranger(theirs) if !upgrade::wanted(paths, &theirs.version) => {
            return Err(Trouble::Unreachable(upgrade::remedy(&theirs)));
        }
        _ => {}
    }
    let _starting = hold_start(paths)?;
    launch(paths, true)?;
    reconnect(paths, role)
}

/// Connects as [`connect`] does, and asks nobody anything. Within a task, where none may
/// be started, somebody outside is granted the time to.
pub(super) fn reconnect(paths: &Paths, role: &Role) -> Result<(Line, Welcome), Trouble> {
    let until = Instant::now() + PATIENCE;
    let mut met = Met::Nobody;
    // one that is being killed still takes calls, and answers none
    while paths.is_within_a_task() && matches!(met, Met::Nobody) && Instant::now() < until {
        if let Some(stream) = find(paths)? {
            met = greet(paths, stream, role)?;
        }
        if matches!(met, Met::Nobody) {
            thread::sleep(LOOK);
        }
    }
    if matches!(met, Met::Nobody) {
        met = meet(paths, role)?;
    }
    match met {
        Met::Welcome(met) => Ok(*met),
        Met::Stranger(theirs) => Err(Trouble::Unreachable(upgrade::remedy(&theirs))),
        Met::Nobody => Err(ends_at_once(paths)),
    }
}

fn meet(paths: &Paths, role: &Role) -> Result<Met, Trouble> {
    for _ in 0..ATTEMPTS {
        let stream = match find(paths)? {
            Some(stream) => stream,
            // one that was told to end as soon as it was ready is gone already
            None => match start(paths)? {
                Some(stream) => stream,
                None => continue,
            },
        };
        match greet(paths, stream, role)? {
            Met::Nobody => {}
            met => return Ok(met),
        }
    }
    Err(ends_at_once(paths))
}

fn ends_at_once(paths: &Paths) -> Trouble {
    Trouble::Unreachable(format!(
        "the supervisor ends as soon as it is called; see {}",
        paths.log().display()
    ))
}

/// Connects to the herd's supervisor if one runs.
pub(super) fn connect_if_running(
    paths: &Paths,
    role: &Role,
) -> Result<Option<(Line, Welcome)>, Trouble> {
    let Some(stream) = find(paths)? else {
        return Ok(None);
    };
    match greet(paths, stream, role)? {
        Met::Welcome(met) => Ok(Some(*met)),
        Met::Stranger(theirs) => Err(Trouble::Unreachable(upgrade::remedy(&theirs))),
        Met::Nobody => Ok(None),
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

/// Exchanges greetings.
fn greet(paths: &Paths, stream: UnixStream, role: &Role) -> Result<Met, Trouble> {
    let mut line = Line::new(paths, stream);
    let hello = Hello {
        protocol: PROTOCOL,
        version: version::ours().into(),
        role: role.clone(),
    };
    if line.send(&hello).is_err() {
        return Ok(Met::Nobody);
    }
    match line.next(Some(Instant::now() + PATIENCE))? {
        News::Said(said) => match *said {
            FromSupervisor::Welcome(welcome) => Ok(Met::Welcome(Box::new((line, welcome)))),
            FromSupervisor::Differs(theirs) => Ok(Met::Stranger(theirs)),
            FromSupervisor::Refused(why) if first::refuses(&why) => {
                let pid = fs::read_to_string(paths.supervisor_lock()).unwrap_or_default();
                Err(Trouble::Unreachable(first::remedy(&pid)))
            }
            FromSupervisor::Refused(why) => Err(Trouble::Unreachable(why)),
            FromSupervisor::Bye(_) | FromSupervisor::Replaced(_) => Ok(Met::Nobody),
            _ => Err(Trouble::Unreachable(
                "the supervisor did not say welcome; it may be of another version: wrangle shutdown with that version ends it".into(),
            )),
        },
        News::Ended => Ok(Met::Nobody),
        News::Late | News::Interrupted => {
            let pid = fs::read_to_string(paths.supervisor_lock()).unwrap_or_default();
            let pid = pid.trim();
            Err(Trouble::Unreachable(format!(
                "the supervisor, pid {pid}, has not answered for {} s; if it is stopped, kill -CONT {pid} lets it go on; if it hangs, kill -KILL {pid} ends it: tasks go on, and the next wrangle takes them over",
                PATIENCE.as_secs()
            )))
        }
    }
}

/// Starts a supervisor and connects to it. Of two clients one starts and the other
/// waits for the lock, then finds what the first one started; `None` where that has
/// ended again meanwhile.
fn start(paths: &Paths) -> Result<Option<UnixStream>, Trouble> {
    refuse_within_a_task(paths)?;
    let _starting = hold_start(paths)?;
    if let Some(stream) = find(paths)? {
        return Ok(Some(stream));
    }
    launch(paths, false)?;
    find(paths)
}

/// While this is held, nobody else starts a supervisor.
fn hold_start(paths: &Paths) -> Result<File, Trouble> {
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
    Ok(lock)
}

/// A supervisor that a task starts belongs to the task's tree, and would die with it.
fn refuse_within_a_task(paths: &Paths) -> Result<(), Trouble> {
    if paths.is_within_a_task() {
        return Err(Trouble::Unreachable(
            "no supervisor runs, and one started within a task would end with it; run wrangle outside once"
                .into(),
        ));
    }
    Ok(())
}

/// Starts a supervisor, in place of the one that runs with `takeover`, and waits for its
/// word: `ready`, or what is wrong.
fn launch(paths: &Paths, takeover: bool) -> Result<(), Trouble> {
    let failed =
        |error: io::Error| Trouble::Unreachable(format!("cannot start the supervisor: {error}"));
    let mut command = Command::new(this_program().map_err(failed)?);
    command
        .args(["supervisor", "--detached"])
        .args(takeover.then_some("--takeover"))
        // so that it holds no mount busy
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
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
            let mut why = String::new();
            if let Some(mut stderr) = child.stderr.take() {
                stderr.read_to_string(&mut why).map_err(failed)?;
            }
            let how = child.wait().map_err(failed)?;
            Err(Trouble::Unreachable(match why.trim().lines().last() {
                Some(why) => could_not_start(why.trim_start_matches("wrangle: ")),
                None => format!(
                    "the supervisor ended before it was ready ({how}); see {}",
                    paths.log().display()
                ),
            }))
        }
        why => {
            child.wait().map_err(failed)?;
            Err(Trouble::Unreachable(could_not_start(why)))
        }
    }
}

fn could_not_start(why: &str) -> String {
    format!("the supervisor could not start: {why}")
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
