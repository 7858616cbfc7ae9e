//! What works on this machine, and where things lie. Starts nothing, changes nothing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::process::{PidfdFlags, Resource, getpid, getrlimit, pidfd_open};

use super::connect::connect_if_running;
use super::out::Out;
use super::table;
use super::trouble::Trouble;
use super::tty;
use crate::config::{Config, Paths};
use crate::core::wire::Role;
use crate::store::{self, Flaw};

/// The pipe that a shim asks for, in bytes.
const PIPE: usize = 256 << 10;
/// Open files that a herd of fifty needs, with room to spare.
const FILES: u64 = 1024;

/// How good a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Ok,
    /// Worth knowing.
    Note,
    /// Works worse than it could.
    Warn,
    /// Does not work.
    Fail,
}

impl Mark {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok  ",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

/// One line: how good, what, how it is.
type Finding = (Mark, &'static str, String);

/// Says what works here; `config` as it was read. The exit code is 1 when something
/// that is needed does not.
///
/// # Errors
/// When nothing can be printed.
pub fn doctor(paths: &Paths, config: Result<&Config, &str>) -> Result<u8, Trouble> {
    let mut out = Out::new();
    let mut failed = false;
    for (title, findings) in [
        ("kernel", kernel()),
        ("herd", herd(paths, config)),
        ("terminal", terminal()),
    ] {
        out.line(title)?;
        for (mark, name, text) in findings {
            failed |= mark == Mark::Fail;
            out.line(&format!(
                "  {}  {name:<18}{}",
                mark.word(),
                table::plain(&text)
            ))?;
        }
    }
    out.flush()?;
    Ok(u8::from(failed))
}

fn kernel() -> Vec<Finding> {
    let uname = rustix::system::uname();
    let release = format!(
        "{} {}",
        uname.sysname().to_string_lossy(),
        uname.release().to_string_lossy()
    );
    let children = format!("/proc/self/task/{}/children", getpid().as_raw_nonzero());
    vec![
        (Mark::Ok, "release", release),
        works(
            "pidfd",
            pidfd_open(getpid(), PidfdFlags::empty()),
            "signals reach only the process that is meant",
            "Linux 5.3 or later is needed",
        ),
        works(
            "subreaper",
            rustix::process::child_subreaper(),
            "what a task leaves behind is found and ended",
            "Linux 3.4 or later is needed",
        ),
        works(
            "children",
            fs::metadata(&children),
            "a task's tree can be read",
            "mount /proc; a kernel with CONFIG_PROC_CHILDREN is needed",
        ),
        cgroup(),
        pipe(),
        files(),
    ]
}

fn works<T, E: std::fmt::Display>(
    name: &'static str,
    answer: Result<T, E>,
    good: &str,
    remedy: &str,
) -> Finding {
    match answer {
        Ok(_) => (Mark::Ok, name, good.into()),
        Err(error) => (Mark::Fail, name, format!("{error}: {remedy}")),
    }
}

/// Whether this process may make control groups of its own (cgroups(7), v2).
fn cgroup() -> Finding {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = own.lines().find_map(|line| line.strip_prefix("0::/"));
    let dir = path.map(|path| Path::new("/sys/fs/cgroup").join(path));
    let text = match dir {
        Some(dir) if dir.join("cgroup.procs").exists() => {
            let writable = |file: &str| access(&dir.join(file), AccessFlags::W_OK).is_ok();
            if writable("") && writable("cgroup.procs") {
                "version 2, delegated; not used: the sweep by subreaper is enough"
            } else {
                "version 2, not delegated; not needed"
            }
        }
        _ => "version 2 is not mounted; not needed",
    };
    (Mark::Note, "cgroup", text.into())
}

fn pipe() -> Finding {
    let made =
        pipe_with(PipeFlags::CLOEXEC).and_then(|(read, _write)| fcntl_setpipe_size(&read, PIPE));
    match made {
        Ok(size) if size >= PIPE => (
            Mark::Ok,
            "pipe size",
            format!("{} for each task's output", table::bytes(size as u64)),
        ),
        Ok(size) => (
            Mark::Warn,
            "pipe size",
            format!(
                "only {}: output is read in smaller pieces",
                table::bytes(size as u64)
            ),
        ),
        Err(error) => (
            Mark::Warn,
            "pipe size",
            format!(
                "the default one ({error}): output is read in smaller pieces; see /proc/sys/fs/pipe-user-pages-soft"
            ),
        ),
    }
}

fn files() -> Finding {
    let limit = getrlimit(Resource::Nofile);
    let name = "open files";
    match limit.current {
        Some(current) if current < FILES => (
            Mark::Warn,
            name,
            format!("{current} at most; ulimit -n {FILES} makes room for a large herd"),
        ),
        Some(current) => (Mark::Ok, name, format!("{current} at most")),
        None => (Mark::Ok, name, "without limit".into()),
    }
}

fn herd(paths: &Paths, config: Result<&Config, &str>) -> Vec<Finding> {
    let config = match config {
        Ok(_) if paths.config.exists() => (Mark::Ok, "config", shown(&paths.config)),
        Ok(_) => (
            Mark::Ok,
            "config",
            format!("{} (not there: defaults hold)", shown(&paths.config)),
        ),
        Err(why) => (Mark::Fail, "config", why.to_owned()),
    };
    let (supervisor, trouble) = supervisor(paths);
    let mut findings = vec![
        config,
        directory("data", &paths.data),
        directory("sockets", &paths.run),
        (Mark::Ok, "supervisor's log", shown(&paths.log())),
        supervisor,
        database(&paths.database(), trouble),
    ];
    findings.extend(aside(&paths.database()).map(|path| {
        let text = format!(
            "{}: set aside, as it was damaged; sqlite3 FILE .recover may tell more of it, else remove it",
            shown(&path)
        );
        (Mark::Note, "database", text)
    }));
    findings
}

/// Whether what is stored is whole, and what is stored from now on; `trouble`: what the
/// supervisor says of that.
fn database(path: &Path, trouble: Option<String>) -> Finding {
    let name = "database";
    let fail =
        |why: &str, remedy: &str| (Mark::Fail, name, format!("{}: {why}{remedy}", shown(path)));
    if let Some(trouble) = trouble {
        return fail("nothing can be stored: ", &trouble);
    }
    if !path.exists() {
        return (
            Mark::Ok,
            name,
            format!("{} (made when first needed)", shown(path)),
        );
    }
    match store::check(path) {
        Ok(layout) => (
            Mark::Ok,
            name,
            format!("{}, whole, layout {layout}", shown(path)),
        ),
        Err(Flaw::Newer(why)) => fail(&why, "; run the wrangle that wrote it, or a later one"),
        Err(Flaw::Unreadable(why)) => fail(&why, "; make it and its directory yours to write"),
        Err(Flaw::Damaged(why)) => fail(
            &why,
            "; move it away with its -wal and -shm: every task is then listed anew from its log",
        ),
    }
}

/// Databases that were set aside, oldest first.
fn aside(path: &Path) -> impl Iterator<Item = PathBuf> {
    let mut prefix = path.file_name().unwrap_or_default().to_owned();
    prefix.push(".damaged-");
    let entries = path.parent().and_then(|dir| fs::read_dir(dir).ok());
    let mut found: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            name.starts_with(prefix.as_encoded_bytes())
                && !name.ends_with(b"-wal")
                && !name.ends_with(b"-shm")
        })
        .collect();
    found.sort();
    found.into_iter()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Whether what is to lie there can.
fn directory(name: &'static str, dir: &Path) -> Finding {
    let mut there: PathBuf = dir.into();
    while !there.exists() && there.pop() {}
    if access(&there, AccessFlags::W_OK | AccessFlags::X_OK).is_err() {
        let text = format!(
            "{}: cannot write in {}; make it yours, or set WRANGLE_HOME",
            shown(dir),
            shown(&there)
        );
        return (Mark::Fail, name, text);
    }
    let when = if there == dir {
        ""
    } else {
        " (made when first needed)"
    };
    let free = rustix::fs::statvfs(&there).map_or_else(
        |_| String::new(),
        |disk| {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            format!(", {} free", table::bytes(free))
        },
    );
    let text = format!("{}{when}{free}", shown(dir));
    (Mark::Ok, name, text)
}

/// Whether one runs, and what it says of its store.
fn supervisor(paths: &Paths) -> (Finding, Option<String>) {
    let name = "supervisor";
    match connect_if_running(paths, &Role::Call) {
        Ok(Some((_, welcome))) => {
            let text = format!("runs: pid {}, version {}", welcome.pid, welcome.version);
            ((Mark::Ok, name, text), welcome.trouble)
        }
        Ok(None) => {
            let text = "does not run; the next wrangle starts it".into();
            ((Mark::Ok, name, text), None)
        }
        Err(trouble) => ((Mark::Fail, name, trouble.to_string()), None),
    }
}

fn terminal() -> Vec<Finding> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let term = match variable("TERM") {
        Some(term) if term == "dumb" => (
            Mark::Warn,
            "TERM",
            "dumb: the screen cannot be shown; verbs work".into(),
        ),
        Some(term) => (Mark::Ok, "TERM", term),
        None => (
            Mark::Warn,
            "TERM",
            "not set: no colours; set it to what the terminal is".into(),
        ),
    };
    let colours = if variable("NO_COLOR").is_some() {
        "none, as NO_COLOR says".into()
    } else {
        match variable("COLORTERM").as_deref() {
            Some("truecolor" | "24bit") => "16 million".to_owned(),
            _ if term.2.contains("256") => "256".to_owned(),
            _ => "16".to_owned(),
        }
    };
    // the first of these that is set decides (locale(7))
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| variable(name));
    let utf8 = locale.as_deref().is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    let locale = locale.unwrap_or_else(|| "not set".into());
    vec![
        match tty::check() {
            Ok(()) => {
                let (columns, rows) = tty::size();
                (Mark::Ok, "size", format!("{columns} × {rows}"))
            }
            Err(why) => (Mark::Note, "screen", why.to_string()),
        },
        term,
        (Mark::Ok, "colours", colours),
        if utf8 {
            (Mark::Ok, "locale", format!("{locale}: UTF-8"))
        } else {
            (
                Mark::Warn,
                "locale",
                format!("{locale}: not UTF-8, so signs are plain ASCII; LANG=C.UTF-8 gives all"),
            )
        },
    ]
}
