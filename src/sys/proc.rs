//! Processes as `/proc` shows them (proc(5)), and signals that cannot go astray.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::core::id::Ident;

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Who this is.
    pub ident: Ident,
    /// `R`, `S`, `D`, `T`, `t`, `Z`, `X`...
    pub state: u8,
    /// Parent.
    pub parent: i32,
    /// Session.
    pub session: i32,
}

impl Stat {
    /// Dead, though its parent has not been told yet.
    pub const fn is_dead(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }

    /// Stopped by a signal or a tracer: it can't fork.
    pub const fn is_stopped(&self) -> bool {
        matches!(self.state, b'T' | b't')
    }
}

/// Reads `/proc/PID/stat`; `None` when there is no such process.
pub fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse_stat(pid, &text)
}

/// The command in parentheses may hold anything, parentheses too: fields count
/// from the last one.
fn parse_stat(pid: i32, text: &[u8]) -> Option<Stat> {
    let close = memchr::memrchr(b')', text)?;
    let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    // field 22; state was 3, session 6
    let start = fields.nth(15)?.parse().ok()?;
    Some(Stat {
        ident: Ident { pid, start },
        state,
        parent,
        session,
    })
}

/// The identity of a living pid.
pub fn ident(pid: i32) -> Option<Ident> {
    stat(pid).map(|stat| stat.ident)
}

/// The calling process.
pub fn me() -> Ident {
    let pid = std::process::id() as i32;
    ident(pid).unwrap_or(Ident { pid, start: 0 })
}

/// Whether this very process runs; a zombie doesn't.
pub fn is_alive(who: Ident) -> bool {
    stat(who.pid).is_some_and(|stat| stat.ident == who && !stat.is_dead())
}

/// Signals this very process. The pid is pinned by a pidfd before the start time is
/// checked, so it cannot pass to a stranger in between. `Ok(false)`: it is gone.
pub fn signal(who: Ident, signal: Signal) -> io::Result<bool> {
    let Some(pid) = Pid::from_raw(who.pid) else {
        return Ok(false);
    };
    let gone = |error: rustix::io::Errno| error == rustix::io::Errno::SRCH;
    let handle = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => handle,
        Err(error) if gone(error) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if ident(who.pid) != Some(who) {
        return Ok(false);
    }
    match pidfd_send_signal(handle, signal) {
        Ok(()) => Ok(true),
        Err(error) if gone(error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Direct children, from `/proc/PID/task/*/children`. That list may miss one that is
/// being born or moved while it is read; callers repeat until the kernel says none is left.
pub fn children(pid: i32) -> Vec<i32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for thread in threads.flatten() {
        match fs::read_to_string(thread.path().join("children")) {
            Ok(list) => found.extend(
                list.split_ascii_whitespace()
                    .filter_map(|pid| pid.parse::<i32>().ok()),
            ),
            // a kernel without CONFIG_PROC_CHILDREN
            Err(error) if error.kind() == io::ErrorKind::NotFound && stat(pid).is_some() => {
                if thread.path().exists() {
                    return all()
                        .filter(|stat| stat.parent == pid)
                        .map(|s| s.ident.pid)
                        .collect();
                }
            }
            Err(_) => {}
        }
    }
    found
}

/// Every process there is.
pub fn all() -> impl Iterator<Item = Stat> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(stat)
}

/// Every process below `root`, zombies too, `root` not; parents before children.
/// A pid counts only if its parent is of the tree, so one that was reused by a
/// stranger between two reads is left out.
pub fn descendants(root: i32) -> Vec<Stat> {
    below([root])
}

/// Every process below any of these, these not.
pub fn below(roots: impl IntoIterator<Item = i32>) -> Vec<Stat> {
    let mut parents: Vec<i32> = roots.into_iter().collect();
    let mut known: BTreeSet<i32> = parents.iter().copied().collect();
    let mut found = Vec::new();
    while let Some(parent) = parents.pop() {
        for pid in children(parent) {
            if known.contains(&pid) {
                continue;
            }
            // an orphan has moved to the tree's root or another subreaper within it
            if let Some(stat) = stat(pid)
                && known.contains(&stat.parent)
            {
                known.insert(pid);
                parents.push(pid);
                found.push(stat);
            }
        }
    }
    found
}

/// The command line, blanks between arguments, at most 200 characters; the name in
/// parentheses where there is none (kernel threads, zombies).
pub fn command_line(pid: i32) -> Option<String> {
    let text = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    if text.is_empty() {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        return Some(format!("({})", name.trim_end()));
    }
    let words: Vec<_> = text
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty())
        .map(String::from_utf8_lossy)
        .collect();
    Some(words.join(" ").chars().take(200).collect())
}

/// Whether a process was started with this `NAME=value` in its environment; `false`
/// too where it may not be read.
pub fn has_variable(pid: i32, assignment: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|text| {
        text.split(|byte| *byte == 0)
            .any(|entry| entry == assignment)
    })
}

/// This boot, as the kernel names it: pids mean nothing beyond it.
pub fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?
        .trim()
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_from_the_last_parenthesis() {
        let line = b"42 (a) b (c) S 7 42 40 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2";
        let stat = parse_stat(42, line).unwrap();
        assert_eq!(
            stat.ident,
            Ident {
                pid: 42,
                start: 98765
            }
        );
        assert_eq!((stat.state, stat.parent, stat.session), (b'S', 7, 40));
        assert_eq!(parse_stat(1, b"garbage"), None);
        assert_eq!(parse_stat(1, b"1 (x) S 2"), None);
    }

    #[test]
    fn a_stranger_with_our_pid_is_not_signalled() {
        let me = me();
        assert!(is_alive(me));
        let stranger = Ident {
            start: me.start + 1,
            ..me
        };
        assert!(!is_alive(stranger));
        assert!(!signal(stranger, Signal::KILL).unwrap());
    }

    #[test]
    fn children_are_found_and_go_once_reaped() {
        let mut child = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .unwrap();
        let pid = child.id() as i32;
        let me = std::process::id() as i32;
        let found = descendants(me);
        assert!(found.iter().any(|stat| stat.ident.pid == pid));
        let who = ident(pid).unwrap();
        assert!(signal(who, Signal::KILL).unwrap());
        child.wait().unwrap();
        assert!(!is_alive(who));
        assert!(!signal(who, Signal::KILL).unwrap());
    }
}
