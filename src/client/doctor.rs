//! What works on this machine, and where things lie. Starts nothing, changes nothing.

use std::cmp::Ordering;
use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
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
use crate::core::version;
use crate::core::wire::Role;
use crate::screen;

/// This program's file.
const OURS: &str = "/proc/self/exe";
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
pub fn doctor(paths: &Paths, config: Result<&Config, &[String]>) -> Result<u8, Trouble> {
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

fn herd(paths: &Paths, config: Result<&Config, &[String]>) -> Vec<Finding> {
    let mut findings = vec![(Mark::Ok, "version", version::ours().into())];
    findings.extend(configuration(paths, config));
    findings.extend([
        directory("data", &paths.data),
        directory("sockets", &paths.run),
        (Mark::Ok, "supervisor's log", shown(&paths.log())),
        supervisor(paths),
    ]);
    findings
}

/// The file, and a line for each thing that is wrong with what it sets.
fn configuration(paths: &Paths, config: Result<&Config, &[String]>) -> Vec<Finding> {
    let wrong = |mark: Mark, lines: &[String]| -> Vec<Finding> {
        let lines = lines.iter();
        lines.map(|line| (mark, "config", line.clone())).collect()
    };
    match config {
        Err(problems) => wrong(Mark::Fail, problems),
        Ok(config) => {
            let there = if paths.config.exists() {
                ""
            } else {
                " (not there: defaults hold)"
            };
            let text = format!("{}{there}", shown(&paths.config));
            let mut findings = vec![(Mark::Ok, "config", text)];
            findings.extend(wrong(Mark::Warn, &screen::problems(config)));
            findings
        }
    }
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

fn supervisor(paths: &Paths) -> Finding {
    let name = "supervisor";
    match connect_if_running(paths, &Role::Call) {
        Ok(Some((_, welcome))) => {
            let runs = format!("runs: pid {}, version {}", welcome.pid, welcome.version);
            let ours = version::ours();
            let replaces = "wrangle supervisor --takeover replaces it, tasks go on";
            match version::compare(&welcome.version, ours) {
                Ordering::Less => (
                    Mark::Note,
                    name,
                    format!("{runs}; this is {ours}: {replaces}"),
                ),
                Ordering::Greater => (
                    Mark::Note,
                    name,
                    format!("{runs}; this is {ours}, which is older"),
                ),
                Ordering::Equal if is_another_build(welcome.pid) => (
                    Mark::Note,
                    name,
                    format!("{runs}, of another build than this: {replaces}"),
                ),
                Ordering::Equal => (Mark::Ok, name, runs),
            }
        }
        Ok(None) => (
            Mark::Ok,
            name,
            "does not run; the next wrangle starts it".into(),
        ),
        Err(trouble) => (Mark::Fail, name, trouble.to_string()),
    }
}

/// Whether a process runs another program file than this one, as far as can be seen.
/// Builds of one version are told apart by this alone.
fn is_another_build(pid: i32) -> bool {
    let theirs = format!("/proc/{pid}/exe");
    let (Ok(this), Ok(that)) = (fs::metadata(OURS), fs::metadata(&theirs)) else {
        return false;
    };
    if (this.dev(), this.ino()) == (that.dev(), that.ino()) {
        return false;
    }
    // a copy is the same build
    this.len() != that.len()
        || matches!((fs::read(OURS), fs::read(&theirs)), (Ok(this), Ok(that)) if this != that)
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
