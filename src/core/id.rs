//! Identities: of tasks, of runs, of processes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A task's number. Starts at 1, counts up, is never reused within a herd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub u32);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One attempt at a task: the task and the attempt's number, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId {
    /// The task this is an attempt at.
    pub task: TaskId,
    /// 1 for the first attempt.
    pub number: u32,
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.task, self.number)
    }
}

impl FromStr for RunId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (task, number) = text.split_once('.').ok_or(())?;
        Ok(Self {
            task: TaskId(task.parse().map_err(drop)?),
            number: number.parse().map_err(drop)?,
        })
    }
}

/// A process that cannot be mistaken for another: pids are reused, a pid with
/// its start time is not (field 22 of `/proc/PID/stat`, proc(5): clock ticks
/// since boot).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ident {
    /// Process id.
    pub pid: i32,
    /// Start time in clock ticks since boot.
    pub start: u64,
}

/// How a person names a task: its number, `@` for the newest, or a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// By number.
    Id(TaskId),
    /// The newest task.
    Newest,
    /// By a name that exactly one active task, else exactly one task bears.
    Name(String),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("a task is named by its number, its name, or @ for the newest".into());
        }
        if text == "@" {
            return Ok(Self::Newest);
        }
        let digits = text.strip_prefix('#').unwrap_or(text);
        Ok(digits
            .parse()
            .map_or_else(|_| Self::Name(text.to_owned()), |id| Self::Id(TaskId(id))))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Newest => f.write_str("@"),
            Self::Name(name) => f.write_str(name),
        }
    }
}
