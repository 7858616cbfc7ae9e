//! A supervisor of another version: whether it is replaced, or what is to be done.

use std::cmp::Ordering;
use std::fs;
use std::io::{self, IsTerminal, Write};

use crate::config::Paths;
use crate::core::version;
use crate::core::wire::{Differs, PROTOCOL, Welcome};

/// Whether a person says that the supervisor of this version is to be replaced by this
/// program: asked where it is older and somebody is there to answer.
pub(super) fn wanted(paths: &Paths, theirs: &str) -> bool {
    let older = version::compare(theirs, version::ours()) == Ordering::Less;
    older && !paths.is_within_a_task() && is_attended() && agreed(theirs)
}

/// The same of one that this program can talk with: a no holds as long as it runs.
pub(super) fn wanted_besides(paths: &Paths, old: &Welcome) -> bool {
    if version::compare(&old.version, version::ours()) != Ordering::Less {
        return false;
    }
    let this = format!("{} {} {}", old.pid, old.version, version::ours());
    if fs::read_to_string(paths.kept()).is_ok_and(|kept| kept == this) {
        return false;
    }
    let wanted = wanted(paths, &old.version);
    if !wanted && is_attended() {
        // without the note the question comes again: that does no harm
        fs::write(paths.kept(), this).ok();
    }
    wanted
}

fn is_attended() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal() && io::stderr().is_terminal()
}

fn agreed(theirs: &str) -> bool {
    let question = format!(
        "wrangle: the running supervisor is wrangle {theirs}, this is {}; replace it? tasks go on [Y/n] ",
        version::ours()
    );
    let mut stderr = io::stderr();
    if stderr
        .write_all(question.as_bytes())
        .and_then(|()| stderr.flush())
        .is_err()
    {
        return false;
    }
    let mut answer = String::new();
    match io::stdin().read_line(&mut answer) {
        // the end of input is no answer
        Ok(0) | Err(_) => false,
        Ok(_) => matches!(
            answer.trim().to_ascii_lowercase().as_str(),
            "" | "y" | "yes"
        ),
    }
}

/// What is to be done about a supervisor of another protocol.
pub(super) fn remedy(theirs: &Differs) -> String {
    let what = format!(
        "the running supervisor is wrangle {} (protocol {}), this is {} (protocol {PROTOCOL})",
        theirs.version,
        theirs.protocol,
        version::ours()
    );
    let newer = version::compare(&theirs.version, version::ours()) == Ordering::Greater;
    if !newer {
        return format!("{what}; wrangle supervisor --takeover replaces it, tasks go on");
    }
    match program(theirs.pid) {
        Some(program) => format!("{what}; use its program: {program}"),
        None => format!("{what}; use the newer program"),
    }
}

/// The file that a process runs.
fn program(pid: i32) -> Option<String> {
    let path = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    path.exists().then(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: &str) -> Differs {
        Differs {
            version: version.into(),
            protocol: PROTOCOL + 1,
            pid: std::process::id() as i32,
        }
    }

    #[test]
    fn a_newer_supervisor_is_never_to_be_replaced() {
        let line = remedy(&of("1000.0.0"));
        assert!(!line.contains("takeover"), "{line}");
        assert!(line.contains("use its program: /"), "{line}");
        for version in [version::ours(), "0.0.1"] {
            let line = remedy(&of(version));
            assert!(line.contains("wrangle supervisor --takeover"), "{line}");
        }
    }
}
