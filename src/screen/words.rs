//! What a task's state is called on the screen, in few words and in fewer.

use std::time::Duration;

use nix::sys::signal::Signal;
use ratatui::style::Style;

use super::clock::{Clock, span};
use super::keymap::{Command, Keymap};
use super::terms;
use super::text::count;
use super::theme::Theme;
use crate::core::agent::event::{Trouble, Want};
use crate::core::agent::message::Delivery;
use crate::core::agent::story::Story;
use crate::core::attention::Attention;
use crate::core::engine::Engine;
use crate::core::exact::exact_line;
use crate::core::plan::{Hold, HoldCause};
use crate::core::task::{Exit, Outcome, State, StopCause, Task};
use crate::core::time::Timestamp;

/// A state's sign and style.
pub(super) fn mark(task: &Task, theme: &Theme) -> (char, Style) {
    let signs = &theme.signs;
    match task.state() {
        State::Queued {
            hold:
                Some(Hold {
                    cause: HoldCause::Parked,
                    ..
                }),
        } => (signs.parked, theme.warn),
        State::Queued { .. } => (signs.queued, theme.held),
        State::Starting => (signs.starting, theme.busy),
        State::Running { .. } => (signs.running, theme.good),
        State::Paused { .. } => (signs.paused, theme.held),
        State::Stopping { .. } => (signs.stopping, theme.warn),
        State::Lingering { .. } => (signs.lingering, theme.warn),
        State::Ended { outcome, .. } => match outcome {
            Outcome::Succeeded => (signs.succeeded, theme.good),
            Outcome::Failed(_) => (signs.failed, theme.bad),
            Outcome::Killed(_) => (signs.killed, theme.bad),
            Outcome::Revoked(_) | Outcome::Spent(_) => (signs.revoked, theme.dim),
            Outcome::TimedOut(..) => (signs.timed_out, theme.bad),
            Outcome::DidNotStart(_) => (signs.did_not_start, theme.bad),
            Outcome::Lost(_) => (signs.lost, theme.bad),
        },
    }
}

/// What a task wants of a person, as a sign: a blank where it wants nothing.
pub(super) const fn wants(attention: Attention, theme: &Theme) -> (char, Style) {
    match attention {
        Attention::None => (' ', theme.dim),
        Attention::FinishedUnread => (theme.signs.dot, theme.good),
        Attention::FailedUnread => ('!', theme.bad),
        Attention::Retrying => ('~', theme.warn),
        Attention::LimitReached => ('%', theme.warn),
        Attention::Stalled => ('z', theme.warn),
        Attention::AuthBroken => ('#', theme.bad),
        Attention::Asking => ('?', theme.bad),
    }
}

/// The same as words.
pub(super) const fn wants_word(attention: Attention) -> &'static str {
    match attention {
        Attention::None => "",
        Attention::FinishedUnread => "finished",
        Attention::FailedUnread => "failed",
        Attention::Retrying => "retrying",
        Attention::LimitReached => "limit",
        Attention::Stalled => "stalled",
        Attention::AuthBroken => "auth",
        Attention::Asking => "asks",
    }
}

/// A task's labels as text: "#ci #nightly".
pub(super) fn labels(task: &Task) -> String {
    let labels = task.spec.labels.iter().map(|label| format!("#{label}"));
    labels.collect::<Vec<_>>().join(" ")
}

/// "exit 4", "SIGSEGV".
pub(super) fn exit(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit {code}"),
        Exit::Signal(number) => signal(number),
    }
}

/// A signal's name, else its number.
fn signal(number: i32) -> String {
    Signal::try_from(number).map_or_else(
        |_| format!("signal {number}"),
        |signal| signal.as_str().to_owned(),
    )
}

/// Why an agent failed, where it says so.
fn trouble(task: &Task) -> Option<Trouble> {
    task.run.story.as_deref()?.trouble()
}

/// What the list says of a task besides name and age.
pub(super) fn note(task: &Task, engine: &Engine, clock: &Clock) -> String {
    if task.run.trouble.is_some() {
        return "trouble".into();
    }
    match task.state() {
        State::Queued { .. } => match engine.waiting(task) {
            Some(waiting) => terms::short(&waiting, clock),
            None => "queued".into(),
        },
        State::Starting => "starting".into(),
        State::Running { .. } => {
            let wants = wants_note(task, clock).or_else(|| silent(task, clock));
            wants.unwrap_or_default()
        }
        State::Paused { .. } => "paused".into(),
        State::Stopping {
            kill_at: Some(at), ..
        } => format!("kill {}", clock.until(*at)),
        State::Stopping { kill_at: None, .. } => "killing".into(),
        State::Lingering {
            exit: how, left, ..
        } => format!("{} +{left}", exit(*how)),
        State::Ended { outcome, .. } => match outcome {
            Outcome::Succeeded => "exit 0".into(),
            Outcome::Failed(code) => match trouble(task) {
                Some(Trouble::Auth) => "bad key".into(),
                Some(trouble) if trouble != Trouble::Other => trouble.word().into(),
                // what failed is its agent's word, not the code
                _ if *code == 0 => "failed".into(),
                _ => format!("exit {code}"),
            },
            Outcome::Killed(number) => signal(*number),
            Outcome::Revoked(_) => "revoked".into(),
            Outcome::Spent(_) => "budget".into(),
            Outcome::TimedOut(..) => "timed out".into(),
            Outcome::DidNotStart(_) => "no start".into(),
            Outcome::Lost(_) => "lost".into(),
        },
    }
}

/// How long it runs, or ran: since it was asked for where it never started.
pub(super) fn age(task: &Task, clock: &Clock) -> String {
    match task.state() {
        State::Ended { at, .. } => match task.run.started {
            Some(started) => span(started.until(*at)),
            None => String::new(),
        },
        State::Lingering { since, .. } => clock.age(*since),
        _ => clock.age(began(task)),
    }
}

/// "silent 12m"; where it never wrote, its age says how long.
fn silent(task: &Task, clock: &Clock) -> Option<String> {
    match (task.run.last_output, task.run.started) {
        (Some(heard), _) => Some(format!("silent {}", clock.silence(heard)?)),
        (None, Some(started)) => clock.silence(started).map(|_| "silent".into()),
        (None, None) => None,
    }
}

/// What a task that runs wants, and since when: "asks 2m", "stalled 12m", "retry 3 of 10".
fn wants_note(task: &Task, clock: &Clock) -> Option<String> {
    let since = match task.attention {
        Attention::Stalled => task.run.last_output.unwrap_or_else(|| began(task)),
        Attention::Asking | Attention::LimitReached | Attention::Retrying => {
            task.wanted_since.unwrap_or_else(|| began(task))
        }
        _ => return None,
    };
    let story = task.run.story.as_deref();
    let retry = story.and_then(|story| story.retrying.as_ref());
    if let Some(retry) = retry.filter(|_| task.attention == Attention::Retrying) {
        let of = retry
            .most
            .map_or_else(String::new, |most| format!("/{most}"));
        let attempt = retry.attempt.unwrap_or(1);
        return Some(format!("retry {attempt}{of}"));
    }
    Some(format!(
        "{} {}",
        wants_word(task.attention),
        clock.age(since)
    ))
}

/// When the current run began.
fn began(task: &Task) -> Timestamp {
    task.run.started.unwrap_or(task.run.created)
}

/// Where a task stands, in full: "running for 12m, silent for 3m".
pub(super) fn standing(task: &Task, clock: &Clock) -> String {
    let since = began(task);
    match task.state() {
        State::Queued { hold: Some(hold) } if hold.cause == HoldCause::Again => {
            let when = if clock.runs() { "in" } else { "at" };
            format!("queued, runs again {when} {}", clock.until(hold.until))
        }
        State::Queued { .. } => format!("queued {}", clock.since(since)),
        State::Starting => "starting".into(),
        State::Running { .. } => {
            let wants = wants_note(task, clock).or_else(|| silent(task, clock));
            let wants = wants.map_or_else(String::new, |wants| format!(", {wants}"));
            format!("running {}{wants}", clock.since(since))
        }
        State::Paused { since, .. } => format!("paused {}", clock.since(*since)),
        State::Stopping {
            kill_at: Some(at), ..
        } if clock.runs() => format!("stopping, {} to SIGKILL", clock.until(*at)),
        State::Stopping {
            kill_at: Some(at), ..
        } => format!("stopping, SIGKILL at {}", clock.until(*at)),
        State::Stopping { kill_at: None, .. } => "stopping, SIGKILL sent".into(),
        State::Lingering {
            exit: how, left, ..
        } => {
            let how = match how {
                Exit::Code(code) => format!("exited {code}"),
                Exit::Signal(number) => format!("ended by {}", signal(*number)),
            };
            let left = count(*left as usize, "process");
            format!("{how}, {left} left in the background")
        }
        State::Ended { outcome, at } => {
            let how = match outcome {
                Outcome::Succeeded => "succeeded".into(),
                Outcome::Failed(0) => "failed".into(),
                Outcome::Failed(code) => format!("failed, exit {code}"),
                Outcome::Killed(number) => format!("killed by {}", signal(*number)),
                Outcome::Revoked(Some(how)) => format!("revoked, {}", exit(*how)),
                Outcome::Revoked(None) => "revoked".into(),
                Outcome::Spent(_) => "revoked, its budget is used up".into(),
                Outcome::TimedOut(_, Some(how)) => format!("timed out, {}", exit(*how)),
                Outcome::TimedOut(_, None) => "timed out".into(),
                Outcome::DidNotStart(_) => "did not start".into(),
                Outcome::Lost(_) => "lost".into(),
            };
            let ran = task.run.started.map_or_else(String::new, |started| {
                format!(" after {}", span(started.until(*at)))
            });
            format!("{how}{ran}")
        }
    }
}

/// What a person may want to know besides, in one line: why it stands there and what
/// moves it, and how far it came what they said last.
pub(super) fn because(
    task: &Task,
    engine: &Engine,
    keymap: &Keymap,
    clock: &Clock,
) -> Option<String> {
    let why = stands(task, engine, keymap, clock);
    let story = task.run.story.as_deref();
    let message = story.and_then(|story| story.messages.last());
    let Some(message) = message.filter(|it| it.state != Delivery::Delivered) else {
        return why;
    };
    let text = exact_line(message.text.trim_start().lines().next().unwrap_or_default());
    match (&message.state, why) {
        (Delivery::Refused(because), why) => {
            let more = match story.map_or(1, |story| story.refused().len()) {
                0 | 1 => String::new(),
                all => format!(" and {} more", all - 1),
            };
            let mut line = format!("refused: {text}{more} ({because})");
            let agent = task.spec.agent.as_deref();
            if agent.is_some_and(|agent| agent.resume.is_some()) {
                line = format!("{} brings back {line}", keymap.key(Command::Send));
            }
            Some(match why {
                Some(why) => format!("{line}; {why}"),
                None => line,
            })
        }
        (_, Some(why)) => Some(why),
        (state, None) => Some(format!("{}: {text}", state.word())),
    }
}

/// Why a task stands where it stands, and what moves it.
fn stands(task: &Task, engine: &Engine, keymap: &Keymap, clock: &Clock) -> Option<String> {
    let revoke = keymap.key(Command::Revoke);
    if let Some(trouble) = &task.run.trouble {
        return Some(trouble.clone());
    }
    match task.state() {
        State::Queued { .. } => {
            let waiting = engine.waiting(task)?;
            Some(terms::long(&waiting, keymap, clock))
        }
        State::Running { .. } | State::Paused { .. } if task.attention == Attention::Asking => {
            let story = task.run.story.as_deref()?;
            if story.asks.is_empty() {
                let send = keymap.key(Command::Send);
                return Some(format!("{send} says what comes next: it was interrupted"));
            }
            asks(story, keymap)
        }
        State::Running { .. } if task.attention == Attention::Retrying => {
            let retry = task.run.story.as_deref()?.retrying.as_ref()?;
            Some(format!(
                "its provider fails, and it tries again: {}",
                retry.why
            ))
        }
        State::Running { .. } if task.attention == Attention::LimitReached => {
            let limit = task.run.story.as_deref()?.limit.as_ref()?;
            let resets = limit
                .resets
                .map(|at| format!(", resets at {}", clock.time(at)));
            Some(format!(
                "{} reached{}",
                limit.which,
                resets.unwrap_or_default()
            ))
        }
        State::Running { .. } if task.attention == Attention::Stalled => {
            let most = task.spec.idle.map(|idle| idle.after_ms);
            let most = span(Duration::from_millis(most.unwrap_or_default()));
            Some(format!(
                "past its --idle-timeout {most}; {revoke} revokes it"
            ))
        }
        State::Stopping {
            cause,
            kill_at,
            left,
            ..
        } => {
            let cause = match cause {
                StopCause::Revoked => "revoked",
                StopCause::Swept => "its leader ended, what it left is being stopped",
                StopCause::Lost => "its shim is gone, what it ran is being ended",
                StopCause::Overtime => "it ran for too long",
                StopCause::Silent => "it wrote nothing for too long",
                StopCause::Spent => "it has used what it may",
            };
            let left = match left {
                0 => String::new(),
                n => format!(", {} left", count(*n as usize, "process")),
            };
            let next = match kill_at {
                Some(_) => format!("{revoke} kills now; "),
                None => String::new(),
            };
            Some(format!("{next}{cause}{left}"))
        }
        State::Lingering { example, .. } => Some(match example {
            Some(example) => format!("{revoke} stops it: {example}"),
            None => format!("{revoke} stops it"),
        }),
        State::Ended { outcome, .. } => match outcome {
            Outcome::DidNotStart(why) | Outcome::Lost(why) => Some(why.clone()),
            Outcome::Killed(_) => Some("a signal that wrangle did not send".into()),
            Outcome::Spent(_) => task.run.story.as_deref()?.spent.clone(),
            Outcome::Failed(_) => {
                let verdict = task.run.story.as_deref()?.verdict.as_ref()?;
                let text = verdict.text.lines().find(|line| !line.trim().is_empty())?;
                let trouble = verdict.trouble.filter(|it| *it != Trouble::Other);
                let trouble = trouble.map_or_else(String::new, |it| format!("{}: ", it.word()));
                Some(format!("{trouble}{text}"))
            }
            _ => None,
        },
        _ => None,
    }
}

/// What an agent asks, in one line, and the key that answers.
fn asks(story: &Story, keymap: &Keymap) -> Option<String> {
    let open = story.asks.iter().find(|asked| asked.question.answerable)?;
    let question = &open.question;
    let text = exact_line(question.text.trim_start_matches('\n'));
    let what = match &question.want {
        Want::Permission { tool, .. } if !text.contains(tool.as_str()) => {
            format!("{}? {text}", exact_line(tool))
        }
        Want::Permission { .. } | Want::Answer => text.into_owned(),
    };
    let more = match story.asks.len() {
        0 | 1 => String::new(),
        all => format!(" (and {} more)", all - 1),
    };
    let key = keymap.key(Command::Answer);
    Some(format!("{key} answers: {what}{more}"))
}
