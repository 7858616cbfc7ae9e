//! What the kernel offers.

use std::fs;
use std::path::Path;

use nix::unistd::{AccessFlags, access};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::process::{PidfdFlags, Resource, getpid, getrlimit, pidfd_open};

use super::report::{Finding, Mark};
use crate::client::table;

/// The pipe that a shim asks for, in bytes.
const PIPE: usize = 256 << 10;
/// Open files that a herd of fifty needs, with room to spare.
const FILES: u64 = 1024;

pub(super) fn findings() -> Vec<Finding> {
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
