//! Where a herd's things lie, and how they are.

use std::cmp::Ordering;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::report::{Finding, Mark};
use crate::client::connect::connect_if_running;
use crate::client::table;
use crate::config::{Config, Paths};
use crate::core::version;
use crate::core::wire::{Role, Welcome};
use crate::screen;
use crate::store::{self, Flaw};

/// This program's file.
const OURS: &str = "/proc/self/exe";

pub(super) fn findings(paths: &Paths, config: Result<&Config, &[String]>) -> Vec<Finding> {
    let (supervisor, said) = supervisor(paths);
    let (trouble, problems) = said.map_or_else(Default::default, |it| (it.trouble, it.problems));
    let mut findings = vec![(Mark::Ok, "version", version::ours().into())];
    findings.extend(configuration(paths, config));
    findings.extend([
        directory("data", &paths.data),
        directory("sockets", &paths.run),
        (Mark::Ok, "supervisor's log", shown(&paths.log())),
        supervisor,
        database(&paths.database(), trouble),
    ]);
    let problems = problems.into_iter();
    findings.extend(problems.map(|line| (Mark::Warn, "database", line)));
    findings.extend(aside(&paths.database()).map(|path| {
        let text = format!(
            "{}: set aside, as it was damaged; sqlite3 FILE .recover may tell more of it, else remove it",
            shown(&path)
        );
        (Mark::Note, "database", text)
    }));
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

/// Whether what is stored is whole, and what is stored from now on; `trouble`: what the
/// supervisor says of that.
fn database(path: &Path, trouble: Option<String>) -> Finding {
    let name = "database";
    let fail =
        |why: &str, remedy: &str| (Mark::Fail, name, format!("{}: {why}{remedy}", shown(path)));
    if let Some(trouble) = trouble {
        return fail("nothing can be stored: ", &trouble);
    }
    if fs::symlink_metadata(path).is_err() {
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
        Err(Flaw::Newer(why) | Flaw::Unreadable(why)) => fail(&why, ""),
        Err(Flaw::Damaged(why)) => fail(
            &why,
            "; the next start sets it aside: every task is then listed anew from its log",
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

/// Whether one runs, and how it introduces itself.
fn supervisor(paths: &Paths) -> (Finding, Option<Welcome>) {
    let name = "supervisor";
    match connect_if_running(paths, &Role::Call) {
        Ok(Some((_, welcome))) => {
            let runs = format!("runs: pid {}, version {}", welcome.pid, welcome.version);
            let ours = version::ours();
            let replaces = "wrangle supervisor --takeover replaces it, tasks go on";
            let finding = match version::compare(&welcome.version, ours) {
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
            };
            (finding, Some(welcome))
        }
        Ok(None) => {
            let text = "does not run; the next wrangle starts it".into();
            ((Mark::Ok, name, text), None)
        }
        Err(trouble) => ((Mark::Fail, name, trouble.to_string()), None),
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
