//! Why a task stands where it stands, in one line.

use crate::core::task::{Outcome, State, StopCause, Task};

/// A reason, where there is one to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The state says it all.
    Nothing,
    /// One line: the reason, and who must move.
    Because(String),
}

/// "1 process", "3 processes".
fn processes(count: u32) -> String {
    match count {
        1 => "1 process".into(),
        n => format!("{n} processes"),
    }
}

/// The reason of a task's state.
pub fn reason(task: &Task) -> Why {
    if let State::Stopping {
        kill_at: None,
        outcome: Some(_),
        left: 0,
        ..
    } = &task.run.state
        && task.run.trouble.is_some()
    {
        let line = "nothing of it lives, but its last output can't be stored; make room, or give that output up: revoke it by force once more";
        return Why::Because(line.into());
    }
    if let Some(trouble) = &task.run.trouble {
        return Why::Because(trouble.clone());
    }
    let line = match &task.run.state {
        State::Starting | State::Running { .. } => return Why::Nothing,
        State::Paused { .. } => "paused by a person; resume lets it go on".into(),
        State::Stopping {
            cause,
            kill_at,
            left,
            ..
        } => {
            let cause = match cause {
                StopCause::Revoked => "revoked",
                StopCause::Swept => "the leader ended, what it left is being stopped",
                StopCause::Lost => "its shim is gone, what it ran is being ended",
            };
            let signal = if kill_at.is_some() {
                "SIGTERM sent, SIGKILL follows"
            } else {
                "SIGKILL sent"
            };
            match left {
                0 => format!("{cause}; {signal}"),
                n => format!("{cause}; {signal}; {} left", processes(*n)),
            }
        }
        State::Lingering {
            exit,
            left,
            example,
            ..
        } => {
            let how = match exit {
                crate::core::task::Exit::Code(code) => format!("exited {code}"),
                crate::core::task::Exit::Signal(signal) => format!("ended by signal {signal}"),
            };
            let what = example
                .as_deref()
                .map_or_else(String::new, |line| format!(": {line}"));
            format!(
                "{how}, {} left in the background{what}; revoke stops it",
                processes(*left)
            )
        }
        State::Ended { outcome, .. } => match outcome {
            Outcome::DidNotStart(why) | Outcome::Lost(why) => why.clone(),
            Outcome::Killed(signal) => {
                format!("ended by signal {signal}, which wrangle did not send")
            }
            Outcome::Succeeded | Outcome::Failed(_) | Outcome::Revoked(_) => return Why::Nothing,
        },
    };
    Why::Because(line)
}
