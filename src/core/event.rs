//! The activity log: what happened to which task, when, and by whom.

use serde::{Deserialize, Serialize};

use super::id::TaskId;
use super::task::{Exit, Outcome};
use super::time::Timestamp;

/// What happened. The words are those of `wrangle events --json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A task, or a further run of it, was asked for; its intent is stored.
    Created,
    /// Its leader started.
    Started,
    /// Its tree was stopped for the time being.
    Paused,
    /// It goes on.
    Resumed,
    /// It is being stopped for good.
    Stopping,
    /// Its leader ended; processes that it left behind live.
    Lingering,
    /// Nothing of it lives.
    Ended,
    /// It wants something of a person.
    Attention,
    /// Something that is worth knowing: a budget nearly used up, an error of an agent's, a
    /// person's answer to one.
    Notice,
    /// A supervisor took it over from one that was gone, or that it replaced.
    Adopted,
    /// It was removed from the history.
    Removed,
}

impl What {
    /// Every kind of event, in the order of a task's life.
    pub const ALL: [Self; 11] = [
        Self::Created,
        Self::Started,
        Self::Paused,
        Self::Resumed,
        Self::Stopping,
        Self::Lingering,
        Self::Ended,
        Self::Attention,
        Self::Notice,
        Self::Adopted,
        Self::Removed,
    ];

    /// The word of `--json`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Started => "started",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Stopping => "stopping",
            Self::Lingering => "lingering",
            Self::Ended => "ended",
            Self::Attention => "attention",
            Self::Notice => "notice",
            Self::Adopted => "adopted",
            Self::Removed => "removed",
        }
    }
}

/// Who or what brought it about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A person, or a script of theirs: by a verb or a key.
    Person,
    /// The task itself.
    Task,
    /// A rule: what is left behind is swept, what is old is removed.
    Policy,
    /// A time that had come.
    Schedule,
    /// A limit.
    Limit,
    /// The death of a supervisor or a shim, or a reboot.
    Crash,
}

impl By {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::Person,
        Self::Task,
        Self::Policy,
        Self::Schedule,
        Self::Limit,
        Self::Crash,
    ];

    /// The word of `--json`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Task => "task",
            Self::Policy => "policy",
            Self::Schedule => "schedule",
            Self::Limit => "limit",
            Self::Crash => "crash",
        }
    }
}

/// One entry of the activity log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Counts up over the herd's whole life, without gaps but for what could never be stored.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// By whom.
    pub by: By,
    /// To which task.
    pub task: TaskId,
    /// In which run, from 1.
    pub run: u32,
    /// The task's name.
    pub name: String,
    /// How it ended, for [`What::Ended`].
    pub outcome: Option<Outcome>,
    /// How its leader ended, for [`What::Lingering`].
    pub exit: Option<Exit>,
    /// One line: the reason, what is wanted, the process.
    pub text: Option<String>,
}

/// An event as `--json` shows it. Fields are added, never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReport {
    /// Counts up; `0` for a line of output, which is no entry of the log.
    pub seq: u64,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// What happened: a word of [`What`], or `line`.
    pub event: String,
    /// By whom: a word of [`By`].
    pub by: String,
    /// The task's number.
    pub task: TaskId,
    /// Which run, from 1.
    pub run: u32,
    /// The task's name.
    pub name: String,
    /// One of the contract's outcomes, once it is decided.
    pub outcome: Option<String>,
    /// The leader's exit code.
    pub exit_code: Option<i32>,
    /// The signal that ended the leader.
    pub signal: Option<i32>,
    /// One line: the reason, what is wanted; for `line` the output.
    pub text: Option<String>,
}

impl From<&Event> for EventReport {
    fn from(event: &Event) -> Self {
        let exit = event
            .exit
            .or_else(|| event.outcome.as_ref().and_then(Outcome::exit));
        let outcome = event
            .outcome
            .clone()
            .or_else(|| event.exit.map(Outcome::of));
        Self {
            seq: event.seq,
            at: event.at.to_string(),
            event: event.what.word().into(),
            by: event.by.word().into(),
            task: event.task,
            run: event.run,
            name: event.name.clone(),
            outcome: outcome.map(|outcome| outcome.word().into()),
            exit_code: exit.and_then(Exit::code),
            signal: exit.and_then(Exit::signal),
            text: event.text.clone(),
        }
    }
}
