//! Why a task stands where it stands, in one line.

use crate::core::agent::mask::bounded;
use crate::core::agent::plan::stop_signal_name;
use crate::core::attention::Attention;
use crate::core::exact::exact_line;
use crate::core::task::{Exit, Outcome, Overrun, Run, State, StopCause, Task};

/// What is said of a run that went beyond a bound on its time.
const OVERTIME: &str = "it ran for longer than its --timeout";
const SILENT: &str = "it wrote nothing for longer than its --idle-timeout";

/// Of an agent's last word so many bytes are said.
const LONGEST: usize = 300;

/// What is said of a run that used more than it may.
fn spent(run: &Run) -> &str {
    let told = run.story.as_ref().and_then(|story| story.spent.as_deref());
    told.unwrap_or("it has used what it may")
}

/// The last word of an agent that failed.
fn word(run: &Run) -> Option<String> {
    let verdict = run.story.as_ref()?.verdict.as_ref()?;
    let line = verdict.text.lines().find(|line| !line.trim().is_empty())?;
    (!verdict.ok).then(|| bounded(line.trim(), LONGEST))
}

/// "1 process", "3 processes".
fn processes(count: u32) -> String {
    match count {
        1 => "1 process".into(),
        n => format!("{n} processes"),
    }
}

/// Why a run stands where it stands, in one line; `None` where the state says it all, and
/// of a queued one, which the engine alone can tell.
pub fn reason(run: &Run) -> Option<String> {
    if let State::Stopping {
        kill_at: None,
        outcome: Some(_),
        left: 0,
        ..
    } = &run.state
        && run.trouble.is_some()
    {
        let line = "nothing of it lives, but its last output can't be stored; make room, or give that output up: revoke it by force once more";
        return Some(line.into());
    }
    let failed = matches!(
        run.state,
        State::Ended {
            outcome: Outcome::Failed(_),
            ..
        }
    );
    // that it took in no prompt is no reason where it says what was wrong
    if let Some(word) = word(run).filter(|_| failed) {
        return Some(word);
    }
    if let Some(trouble) = &run.trouble {
        return Some(trouble.clone());
    }
    let line = match &run.state {
        State::Queued { .. } | State::Starting | State::Running { .. } => return None,
        State::Paused { .. } => "paused by a person; resume lets it go on".into(),
        State::Stopping {
            cause,
            kill_at,
            left,
            ..
        } => {
            let cause = match cause {
                StopCause::Revoked => "revoked",
                StopCause::Overtime => OVERTIME,
                StopCause::Silent => SILENT,
                StopCause::Spent => spent(run),
                StopCause::Swept => "the leader ended, what it left is being stopped",
                StopCause::Lost => "its shim is gone, what it ran is being ended",
            };
            let signal = if kill_at.is_some() {
                let signal = run.story.as_ref().and_then(|story| story.stop_signal);
                format!("{} sent, SIGKILL follows", stop_signal_name(signal))
            } else {
                "SIGKILL sent".into()
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
            let left = left_behind(*exit, *left, example.as_deref());
            format!("{left}; revoke stops it")
        }
        State::Ended { outcome, .. } => match outcome {
            Outcome::DidNotStart(why) | Outcome::Lost(why) => why.clone(),
            Outcome::Killed(signal) => {
                format!("ended by signal {signal}, which wrangle did not send")
            }
            Outcome::TimedOut(Overrun::Time, _) => OVERTIME.into(),
            Outcome::TimedOut(Overrun::Silence, _) => SILENT.into(),
            Outcome::Spent(_) => spent(run).into(),
            Outcome::Failed(_) | Outcome::Succeeded => return swept(run),
            Outcome::Revoked(_) => return None,
        },
    };
    Some(line)
}

/// How a leader ended, and what it left behind.
pub(super) fn left_behind(exit: Exit, left: u32, example: Option<&str>) -> String {
    let how = match exit {
        Exit::Code(code) => format!("exited {code}"),
        Exit::Signal(signal) => format!("ended by signal {signal}"),
    };
    let what = example.map_or_else(String::new, |line| format!(": {line}"));
    format!("{how}, {} left in the background{what}", processes(left))
}

/// What an agent's leader left behind, that was ended after it.
fn swept(run: &Run) -> Option<String> {
    let left = run.story.as_ref()?.left_behind.as_ref()?;
    Some(format!("{left}; it was ended"))
}

/// What a task wants of a person, in full and exactly; `None` where the word for it says it
/// all.
pub fn wanted(task: &Task) -> Option<String> {
    let line = told(task)?;
    Some(exact_line(&line).into_owned())
}

/// What is said of a question.
pub(super) fn asks(agent: &str, text: &str) -> String {
    exact_line(&format!("{agent} asks: {text}")).into_owned()
}

fn told(task: &Task) -> Option<String> {
    let story = task.run.story.as_deref();
    let agent = task.spec.agent.as_ref().map_or("it", |agent| &agent.name);
    match task.attention {
        Attention::Asking => Some(story?.oldest().map_or_else(
            || format!("{agent} was interrupted and waits for a message"),
            |asked| asks(agent, &asked.question.text),
        )),
        Attention::Retrying => {
            let retry = story?.retrying.as_ref()?;
            let which = match (retry.attempt, retry.most) {
                (Some(attempt), Some(most)) => format!(" ({attempt} of {most})"),
                (Some(attempt), None) => format!(" ({attempt})"),
                _ => String::new(),
            };
            Some(format!("{agent} tries again{which}: {}", retry.why))
        }
        Attention::LimitReached => {
            let of = |run: &Run| {
                let limit = run.story.as_ref()?.limit.as_ref()?;
                Some(format!("{agent} came to its {}", limit.which))
            };
            of(&task.run).or_else(|| of(task.past.last()?))
        }
        Attention::AuthBroken => {
            let why = reason(&task.run).unwrap_or_else(|| "its key or login is refused".into());
            Some(format!("{agent}: {why}"))
        }
        Attention::Stalled => Some("it has written nothing for a while, and no tool runs".into()),
        Attention::None | Attention::FinishedUnread | Attention::FailedUnread => None,
    }
}
