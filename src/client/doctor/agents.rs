//! Which agents are installed, and whether their versions are known.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::report::Mark;
use crate::config::{Config, Profile};
use crate::sys::proc;
use crate::verb::{Context, installed};

/// How long an agent may take to say its version: those that run on node take seconds.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is left is killed up to so many times, this far apart: what is about to fork may
/// escape one pass, what is stuck in the kernel all of them.
const SWEEPS: usize = 200;
const AGAIN: Duration = Duration::from_millis(5);

/// Of what it says so many bytes are looked at.
const MOST: u64 = 4096;

/// A line each: how good, which agent, how it is.
pub(super) fn findings(config: &Config, context: &Context) -> Vec<(Mark, String, String)> {
    // what they start and leave behind falls to this process, which ends it
    nix::sys::prctl::set_child_subreaper(true).ok();
    let there = |profile: &Profile| {
        let file = installed(profile, context)?;
        Some((file, profile.version.clone()))
    };
    let profiles = config.agents.iter().filter(|it| it.program().is_some());
    let profiles: Vec<_> = profiles.map(|profile| (profile, there(profile))).collect();
    // all at once, as each takes its time; and once where several are one program
    let mut asked = BTreeMap::new();
    for (file, words) in profiles.iter().filter_map(|(_, there)| there.clone()) {
        asked
            .entry((file, words))
            .or_insert_with_key(|(file, words)| ask(file.clone(), words.clone()));
    }
    let said: BTreeMap<_, _> = asked
        .into_iter()
        .map(|(program, said)| {
            let said = said.join().unwrap_or_else(|_| Err("can't be asked".into()));
            (program, said)
        })
        .collect();
    sweep();
    profiles
        .into_iter()
        .map(|(profile, there)| {
            let said = there.map(|there| {
                let said = said.get(&there).cloned();
                let said = said.unwrap_or_else(|| Err("can't be asked".into()));
                (there.0.display().to_string(), said)
            });
            let (mark, text) = finding(profile, said);
            (mark, profile.name.clone(), text)
        })
        .collect()
}

/// Asks a program for its version, in a thread of its own.
fn ask(file: PathBuf, words: Vec<String>) -> thread::JoinHandle<Result<String, String>> {
    thread::spawn(move || {
        let mut child = Command::new(&file)
            .args(&words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| error.to_string())?;
        let pid = Pid::from_child(&child);
        let handle = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| error.to_string())?;
        let mut stdout = child.stdout.take();
        let (done, said) = channel();
        thread::spawn(move || {
            let mut text = Vec::new();
            if let Some(stdout) = stdout.as_mut() {
                stdout.take(MOST).read_to_end(&mut text).ok();
            }
            done.send(String::from_utf8_lossy(&text).into_owned()).ok();
        });
        let text = said.recv_timeout(PATIENCE);
        pidfd_send_signal(&handle, Signal::KILL).ok();
        child.wait().ok();
        text.map_err(|_| format!("says no version within {} s", PATIENCE.as_secs()))
    })
}

/// Ends what programs that were asked left behind: their wrappers' children, daemons. None
/// else is a child of this process then.
fn sweep() {
    let me = proc::me().pid;
    for _ in 0..SWEEPS {
        for left in proc::descendants(me) {
            proc::signal(left.ident, Signal::KILL).ok();
        }
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Err(Errno::ECHILD) => return,
                Ok(WaitStatus::StillAlive) | Err(_) => break,
                Ok(_) => {}
            }
        }
        thread::sleep(AGAIN);
    }
}

/// Where it lies and what it says, of one that is there.
fn finding(profile: &Profile, said: Option<(String, Result<String, String>)>) -> (Mark, String) {
    let Some((file, said)) = said else {
        let remedy = profile.install.as_ref().map_or_else(
            || "not installed".to_owned(),
            |install| format!("not installed; {install}"),
        );
        return (Mark::Note, remedy);
    };
    let text = match said {
        Ok(text) => text,
        Err(why) => return (Mark::Warn, format!("{file} {why}")),
    };
    let Some(version) = version(&text) else {
        return (Mark::Warn, format!("{file} says no version"));
    };
    if profile.knows(version) {
        return (Mark::Ok, format!("{version}, {file}"));
    }
    let known = profile.known.join(", ");
    let line = match known.as_str() {
        "" => format!("{version}, {file}"),
        known => format!(
            "{version}, {file}: not tried; {known} is. What it prints otherwise is shown raw"
        ),
    };
    (Mark::Note, line)
}

/// The first word that looks like a version.
fn version(text: &str) -> Option<&str> {
    let words = text.split(|c: char| c.is_whitespace() || "(),".contains(c));
    let mut words = words.map(|word| word.strip_prefix('v').unwrap_or(word));
    words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_among_words() {
        for (text, wanted) in [
            ("2.1.329 (Claude Code)", Some("2.1.329")),
            ("codex-cli 0.169.0\n", Some("0.169.0")),
            ("v1.2.3", Some("1.2.3")),
            ("aider 0.86.2", Some("0.86.2")),
            ("no such thing 5", None),
        ] {
            assert_eq!(version(text), wanted);
        }
    }
}
