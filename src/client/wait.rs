//! `wait`: until tasks have ended.

use std::time::{Duration, Instant};

use super::launch::{code, say_how};
use super::line::Line;
use super::out::Out;
use super::progress::Progress;
use super::trouble::Trouble;
use crate::core::id::Target;
use crate::core::wire::{Answer, Request};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// The end of a single task, whose code is passed on.
    One,
    /// The end of all of them.
    All,
    /// The end of the first of them.
    Any,
}

/// Waits; gives the exit code.
pub(super) fn wait(
    line: &mut Line,
    targets: Vec<Target>,
    timeout: Option<Duration>,
    until: Until,
) -> Result<u8, Trouble> {
    let deadline = timeout.and_then(|time| Instant::now().checked_add(time));
    line.catch_interrupts()?;
    let mut progress = if until == Until::All {
        Progress::of(line, &targets)?
    } else {
        Progress::none()
    };
    let number = line.ask(Request::Wait(targets.into()))?;
    let mut codes: Vec<u8> = Vec::new();
    loop {
        let answer = match line.any_answer(deadline) {
            Err(Trouble::Signalled(signal, _)) => {
                progress.clear();
                let goes_on = "no longer waiting; what was waited for goes on".into();
                return Err(Trouble::Signalled(signal, goes_on));
            }
            answer => answer?,
        };
        let Some((answered, answer, last)) = answer else {
            progress.clear();
            let time = humantime::format_duration(timeout.unwrap_or_default());
            return Err(Trouble::Failed(format!(
                "not ended within {time}; what was waited for goes on"
            )));
        };
        match answer {
            Answer::Failed(failure, line) if answered == number => {
                progress.clear();
                return Err((failure, line).into());
            }
            Answer::Events(events) => progress.follow(&events),
            Answer::Task(task) if answered == number => {
                progress.clear();
                say_how(&task);
                if until == Until::Any {
                    // for scripts: ID=$(wrangle wait --any ...)
                    let mut out = Out::new();
                    out.line(&task.id.to_string())?;
                    out.flush()?;
                    return Ok(code(&task));
                }
                codes.push(code(&task));
                progress.ended(&task);
            }
            _ => {}
        }
        if last && answered == number {
            break;
        }
    }
    progress.clear();
    Ok(match codes.as_slice() {
        [code] if until == Until::One => *code,
        codes => u8::from(codes.iter().any(|code| *code != 0)),
    })
}
