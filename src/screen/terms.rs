//! What is said of a task's terms: what it waits for, beside whom it may run, how long.

use std::time::Duration;

use super::clock::{Clock, span};
use super::keymap::{Command, Keymap};
use super::text::home;
use super::theme::Theme;
use crate::core::engine::Engine;
use crate::core::limit::Limit;
use crate::core::plan::{Hold, HoldCause};
use crate::core::task::{State, Task};
use crate::core::waiting::Waiting;

/// From here on a time of day alone does not say when.
const FAR: Duration = Duration::from_secs(24 * 3600);

/// What a queued task waits for, in as few words as a row of the list has room for.
pub(super) fn short(waiting: &Waiting, clock: &Clock) -> String {
    match waiting {
        Waiting::TakingOver => "taking over".into(),
        Waiting::Time(hold) => time(*hold, clock),
        Waiting::Parked { until, .. } | Waiting::Exhausted { until, .. } => {
            format!("limit {}", clock.time(*until))
        }
        Waiting::After { task, more: 0, .. } => format!("after #{task}"),
        Waiting::After { task, more, .. } => format!("after #{task} +{more}"),
        Waiting::Spent { .. } => "day's budget".into(),
        Waiting::Paused => "paused".into(),
        Waiting::Unstored => "not stored".into(),
        Waiting::Full { limit, most, tasks } => {
            format!("{} {}/{most}", place(limit), tasks.len())
        }
        Waiting::Kept { task, .. } => format!("place of #{task}"),
        Waiting::Leased { task, .. } | Waiting::Wanted { task, .. } => format!("dir of #{task}"),
        Waiting::Memory { .. } => "memory".into(),
    }
}

/// What is full, in a word or two.
fn place(limit: &Limit) -> String {
    match limit {
        Limit::Global => "tasks".into(),
        Limit::Agents => "agents".into(),
        Limit::Provider(name) => name.clone(),
        Limit::Lane(name) => format!("lane {name}"),
    }
}

/// When a task that is held starts: "at 02:00", "in 12m", "again 4 s".
pub(super) fn time(hold: Hold, clock: &Clock) -> String {
    match hold.cause {
        HoldCause::Parked => format!("limit {}", clock.time(hold.until)),
        HoldCause::Again => format!("again {}", clock.until(hold.until)),
        HoldCause::Clock if !clock.runs() || clock.until_then(hold.until) <= FAR => {
            format!("at {}", clock.time(hold.until))
        }
        HoldCause::Delay if !clock.runs() => format!("at {}", clock.time(hold.until)),
        HoldCause::Clock | HoldCause::Delay => format!("in {}", clock.left(hold.until)),
    }
}

/// What a queued task waits for, in full, and what moves it.
pub(super) fn long(waiting: &Waiting, keymap: &Keymap, clock: &Clock) -> String {
    match waiting {
        Waiting::Paused => {
            let key = keymap.key(Command::PauseQueue);
            format!("the queue is paused; {key} lets it go on")
        }
        Waiting::Time(Hold {
            until,
            cause: HoldCause::Again,
        }) => {
            let key = keymap.key(Command::Revoke);
            format!(
                "it did not succeed and runs again at {}; {key} gives that up",
                clock.time(*until)
            )
        }
        Waiting::Time(Hold {
            cause: HoldCause::Parked,
            ..
        }) => waiting.say(&|at| clock.time(at)),
        Waiting::Time(hold) => format!("not before {}", clock.dated(hold.until)),
        waiting => waiting.say(&|at| clock.time(at)),
    }
}

/// Under which terms a task waits or runs, in one line; `None` where there are none worth
/// a word.
pub(super) fn facts(
    task: &Task,
    engine: &Engine,
    (clock, theme): (&Clock, &Theme),
    home_dir: Option<&str>,
) -> Option<String> {
    let spec = &task.spec;
    let queued = matches!(task.state(), State::Queued { .. });
    if !task.is_active() {
        return None;
    }
    let mut facts = Vec::new();
    if queued {
        facts.push(format!("{} priority", task.priority.word()));
    }
    facts.extend(spec.lane.as_ref().map(|lane| format!("lane {lane}")));
    let provider = spec.provider.as_ref();
    facts.extend(provider.map(|provider| format!("provider {provider}")));
    if let Some(most) = spec.timeout_ms.map(Duration::from_millis) {
        let most = span(most);
        facts.push(match engine.stops_at(task.id) {
            Some(at) if clock.runs() => format!("{} of {most} left", clock.left(at)),
            Some(at) => format!("stops at {}", clock.time(at)),
            None => format!("timeout {most}"),
        });
    }
    if let Some(lease) = &spec.lease
        && (queued || task.state().is_on())
    {
        let dir = lease.dir.lossy();
        let has = if queued { "wants" } else { "holds" };
        facts.push(format!("{has} {}", home(&dir, home_dir)));
    }
    let between = format!(" {} ", theme.signs.dot);
    (!facts.is_empty()).then(|| facts.join(&between))
}

/// Whether there is anything for [`facts`] to say.
pub(super) const fn has_facts(task: &Task) -> bool {
    let spec = &task.spec;
    match task.state() {
        State::Queued { .. } => true,
        state if !state.is_active() => false,
        state => {
            spec.lane.is_some()
                || spec.provider.is_some()
                || spec.timeout_ms.is_some()
                || (spec.lease.is_some() && state.is_on())
        }
    }
}

/// "1st", "2nd", "11th", "23rd".
pub(super) fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{}{ending}", super::text::grouped(number))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::config::Own;
    use crate::core::id::TaskId;
    use crate::core::plan::Needs;
    use crate::core::time::Timestamp;

    const NOW: u64 = 1_795_262_400_000;

    fn hold(cause: HoldCause, seconds: u64) -> Waiting {
        Waiting::Time(Hold {
            until: Timestamp(NOW + seconds * 1000),
            cause,
        })
    }

    #[test]
    fn a_row_says_in_few_words_what_a_task_waits_for() {
        let after = |more| Waiting::After {
            task: TaskId(7),
            state: "running",
            needs: Needs::Success,
            more,
        };
        let full = |limit| Waiting::Full {
            limit,
            most: 3,
            tasks: vec![TaskId(1), TaskId(2), TaskId(3)],
        };
        let dir = || "/r".into();
        let task = TaskId(4);
        let cases = [
            (after(0), "after #7"),
            (after(2), "after #7 +2"),
            (full(Limit::Lane("sonnet".into())), "lane sonnet 3/3"),
            (full(Limit::Agents), "agents 3/3"),
            (Waiting::Leased { task, dir: dir() }, "dir of #4"),
            (Waiting::Wanted { task, dir: dir() }, "dir of #4"),
            (Waiting::Paused, "paused"),
            (hold(HoldCause::Clock, 14 * 3600), "at Sun 02:00Z"),
            (hold(HoldCause::Clock, 60 * 3600), "in 3d"),
            (hold(HoldCause::Delay, 601), "in 11m"),
            (hold(HoldCause::Delay, 60), "in 60 s"),
            (hold(HoldCause::Again, 4), "again 4 s"),
        ];
        let clock = Clock::new(Timestamp(NOW), true, TimeZone::UTC);
        for (waiting, text) in cases {
            assert_eq!(short(&waiting, &clock), text);
        }
        let still = Clock::new(Timestamp(NOW), false, TimeZone::UTC);
        assert_eq!(short(&hold(HoldCause::Delay, 601), &still), "at 12:10Z");
        assert_eq!(still.next(), None);
    }

    #[test]
    fn the_full_line_names_the_key_that_moves_it() {
        let (keymap, _) = Keymap::new(&Own::new());
        let clock = Clock::new(Timestamp(NOW), true, TimeZone::UTC);
        let text = long(&Waiting::Paused, &keymap, &clock);
        assert_eq!(text, "the queue is paused; P lets it go on");
        let text = long(&hold(HoldCause::Clock, 14 * 3600), &keymap, &clock);
        assert_eq!(text, "not before 2026-11-22 02:00Z");
    }

    #[test]
    fn ordinals_end_as_they_are_spoken() {
        let all = [1, 2, 3, 4, 11, 12, 13, 21, 102, 111, 1003].map(ordinal);
        assert_eq!(
            all.join(" "),
            "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th 1,003rd"
        );
    }
}
