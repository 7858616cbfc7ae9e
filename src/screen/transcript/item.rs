//! An event of an agent made small: what a thread prepares, so that the loop only has to
//! put it where it belongs.

use std::time::Duration;

use super::call::{Call, End};
use super::kept::{Kept, floor};
use crate::core::agent::clock::Day;
use crate::core::agent::event::{
    AgentEvent, Choice, Level, LimitState, Limited, Question, Trouble, Want, Words,
};
use crate::core::time::Timestamp;
use crate::screen::clock::span;

/// Most bytes of an event's text that go on; of a longer one beginning and end.
const TEXT: usize = 256 << 10;

/// As many bytes of lines that nobody understands go together.
pub(super) const RAW: usize = 8 << 10;

/// What of an event a transcript shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Text or thinking.
    Words {
        /// Whether it is thinking.
        thought: bool,
        /// Which message, and what of it.
        words: Words,
    },
    /// A call of a tool began.
    Started {
        /// Names it.
        id: String,
        /// The call within which it was made.
        within: Option<String>,
        /// What it is.
        call: Box<Call>,
    },
    /// A call of a tool ended.
    Ended {
        /// Which.
        id: String,
        /// How.
        end: Box<End>,
    },
    /// A subagent began or ended its work.
    Subagent {
        /// The call that began it.
        id: String,
        /// What it does.
        title: String,
        /// Whether it is through.
        ended: bool,
    },
    /// The model that answers from here on.
    Model(String),
    /// The provider is tried again: a line for it.
    Retry(String),
    /// How far a limit is used up, where that is worth a line.
    Limit(Level, String, Option<Timestamp>),
    /// Something is asked.
    Asks(Box<Open>),
    /// A question is no longer open.
    Answered(String),
    /// A line of its own.
    Notice(Level, String),
    /// What a person said arrived.
    Heard(String),
    /// A further run goes on with the conversation, after these words of a person.
    Goes(String),
    /// A run is over.
    Over,
    /// A turn was broken off.
    BrokenOff,
    /// The last word of a run or a turn.
    Verdict {
        /// The agent's own word.
        ok: bool,
        /// What kind of failure.
        trouble: Option<Trouble>,
        /// Its last text, or why not.
        text: String,
    },
    /// What is not understood.
    Raw(String),
}

/// A question that is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// Names it.
    pub(super) request: String,
    /// The tool that leave is asked for, and what it would do.
    pub(super) call: Option<Call>,
    /// In full.
    pub(super) text: String,
    /// What can be chosen.
    pub(super) choices: Vec<Choice>,
    /// Whether the run can be answered.
    pub(super) answerable: bool,
    /// Whether it no longer is open.
    pub(super) answered: bool,
    /// In which run of the conversation it was asked, from 0.
    pub(super) leg: usize,
    /// What a person answered, where one did.
    pub(super) answer: Option<String>,
}

impl Item {
    /// Takes in a line that is not understood, where this is lines of that kind; gives it
    /// back where not.
    pub fn join(&mut self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::Raw(lines), Self::Raw(line)) if lines.len() < RAW => {
                lines.push('\n');
                lines.push_str(&line);
                None
            }
            (_, next) => Some(next),
        }
    }
}

/// What of an event a transcript shows; nothing of those that are told elsewhere.
pub fn item(event: AgentEvent) -> Option<Item> {
    Some(match event {
        AgentEvent::Session { .. }
        | AgentEvent::Used(_)
        | AgentEvent::TurnBegan
        | AgentEvent::TurnEnded { complete: true } => return None,
        // how it was put is not told
        AgentEvent::Heard { text, .. } if text.is_empty() => return None,
        AgentEvent::Model { name } => Item::Model(name),
        AgentEvent::Text(words) => said(words, false),
        AgentEvent::Thinking(words) => said(words, true),
        AgentEvent::ToolStarted {
            id,
            name,
            category,
            input,
            within,
        } => Item::Started {
            id,
            within,
            call: Box::new(Call::new(name, category, &input)),
        },
        AgentEvent::ToolEnded {
            id,
            fault,
            output,
            duration_ms,
            exit_code,
        } => Item::Ended {
            id,
            end: Box::new(End {
                fault,
                exit_code,
                duration: duration_ms,
                output: Kept::new(output.trim_end_matches('\n')),
            }),
        },
        AgentEvent::Retrying {
            attempt,
            most,
            delay_ms,
            status,
            why,
        } => Item::Retry(retry(attempt, most, delay_ms, status, &why)),
        AgentEvent::Limit(limited) => return limit(&limited),
        AgentEvent::Asks(question) => Item::Asks(Box::new(open(question))),
        AgentEvent::Answered { request } => Item::Answered(request),
        AgentEvent::Subagent { id, title, ended } => Item::Subagent { id, title, ended },
        AgentEvent::Notice { level, text } => Item::Notice(level, bounded(text)),
        AgentEvent::Heard { text, .. } => Item::Heard(bounded(text)),
        AgentEvent::TurnEnded { complete: false } => Item::BrokenOff,
        AgentEvent::Result(verdict) => Item::Verdict {
            ok: verdict.ok,
            trouble: verdict.trouble,
            text: bounded(verdict.text),
        },
        AgentEvent::Raw { text } => Item::Raw(bounded(text)),
    })
}

fn said(mut words: Words, thought: bool) -> Item {
    words.text = bounded(words.text);
    Item::Words { thought, words }
}

/// Of a text that is longer than anybody reads, the beginning.
fn bounded(mut text: String) -> String {
    if text.len() > TEXT {
        text.truncate(floor(&text, TEXT));
    }
    text
}

fn retry(
    attempt: Option<u32>,
    most: Option<u32>,
    delay: Option<u64>,
    status: Option<u16>,
    why: &str,
) -> String {
    let mut parts = vec!["retrying".to_owned()];
    parts.extend(attempt.map(|attempt| attempt.to_string()));
    parts.extend(most.map(|most| format!("of {most}")));
    parts.extend(delay.map(|ms| format!("in {:.1} s", ms as f64 / 1000.0)));
    let line = parts.join(" ");
    let status = status.map(|status| status.to_string());
    let why = status.into_iter().chain(Some(why.to_owned()));
    let why: Vec<String> = why.filter(|word| !word.is_empty()).collect();
    if why.is_empty() {
        return line;
    }
    format!("{line}: {}", why.join(" "))
}

fn limit(limited: &Limited) -> Option<Item> {
    let (level, text) = match limited.state {
        LimitState::Open => return None,
        LimitState::Near => {
            let used = limited
                .used
                .map(|used| format!("{:.0} % of the ", used * 100.0));
            let used = used.unwrap_or_else(|| "near the ".into());
            (Level::Warning, format!("{used}{}", limited.which))
        }
        LimitState::Reached => {
            let when = limited
                .resets
                .is_none()
                .then(|| told_reset(limited))
                .flatten();
            let when = when.unwrap_or_default();
            (Level::Error, format!("{} reached{when}", limited.which))
        }
    };
    Some(Item::Limit(level, text, limited.resets))
}

/// When a limit is reset, as it was told where that is no point in time: what is shown may
/// have been said long ago.
fn told_reset(limited: &Limited) -> Option<String> {
    if let Some(clock) = &limited.clock {
        let zone = clock.zone.as_deref();
        let zone = zone.map_or_else(String::new, |zone| format!(" ({zone})"));
        let day = match clock.day {
            None => String::new(),
            Some(Day::Date(year, month, day)) => format!("{year:04}-{month:02}-{day:02} "),
            Some(Day::OfYear(month, day)) => format!("{month:02}-{day:02} "),
            Some(Day::OfWeek(day)) => {
                let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
                let name = names.get(usize::try_from(day).ok()?.checked_sub(1)?)?;
                format!("{name} ")
            }
        };
        let (hour, minute) = (clock.minute / 60, clock.minute % 60);
        return Some(format!(", reset {day}{hour:02}:{minute:02}{zone}"));
    }
    let left = Duration::from_millis(limited.resets_in_ms?);
    Some(format!(", reset {} after that was said", span(left)))
}

fn open(question: Question) -> Open {
    let call = match question.want {
        Want::Permission { tool, input, .. } => {
            let category = crate::core::agent::tool::Category::Other;
            Some(Call::new(tool, category, &input))
        }
        Want::Answer => None,
    };
    Open {
        request: question.request,
        call,
        text: bounded(question.text),
        choices: question.choices,
        answerable: question.answerable,
        answered: false,
        leg: 0,
        answer: None,
    }
}
