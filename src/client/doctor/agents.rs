//! Which agents are installed, and whether their versions are known.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::report::Mark;
use crate::config::{Config, Profile};
use crate::verb::{Context, installed};

/// How long an agent may take to say its version: those that run on node take seconds.
const PATIENCE: Duration = Duration::from_secs(15);

/// Of what it says so many bytes are looked at.
const MOST: u64 = 4096;

/// A line each: how good, which agent, how it is.
pub(super) fn findings(config: &Config, context: &Context) -> Vec<(Mark, String, String)> {
    // all at once: each takes its time
    let asked: Vec<_> = config
        .agents
        .iter()
        .filter(|profile| profile.program().is_some())
        .map(|profile| (profile, ask(profile, context)))
        .collect();
    asked
        .into_iter()
        .map(|(profile, asked)| {
            let (mark, text) = finding(profile, asked);
            (mark, profile.name.clone(), text)
        })
        .collect()
}

/// Where it lies, and what it says.
type Asked = Option<(String, thread::JoinHandle<Result<String, String>>)>;

fn ask(profile: &Profile, context: &Context) -> Asked {
    let file = installed(profile, context)?;
    let (shown, words) = (file.display().to_string(), profile.version.clone());
    let said = thread::spawn(move || {
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
    });
    Some((shown, said))
}

fn finding(profile: &Profile, asked: Asked) -> (Mark, String) {
    let Some((file, said)) = asked else {
        let remedy = profile.install.as_ref().map_or_else(
            || "not installed".to_owned(),
            |install| format!("not installed; {install}"),
        );
        return (Mark::Note, remedy);
    };
    let said = said.join().unwrap_or_else(|_| Err("can't be asked".into()));
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
