//! What persons ask for when they launch tasks, and how they name several.

use serde::{Deserialize, Serialize};

use super::id::Target;
use super::plan::{Behind, Priority, Start};
use super::raw::Raw;
use super::task::Spec;

/// A task to be launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRequest {
    /// What is wanted, its directory absolute.
    pub spec: Spec,
    /// The leader's environment, what `--env` gave included.
    pub env: Vec<(Raw, Raw)>,
    /// How urgent it is.
    pub priority: Priority,
    /// What has to come first.
    pub after: Vec<Behind>,
    /// When it is to start at the earliest.
    pub start: Start,
    /// Refuse it where another has the directory that it wants, instead of waiting.
    pub no_wait: bool,
}

impl RunRequest {
    /// A task that starts as soon as it may.
    pub const fn new(spec: Spec, env: Vec<(Raw, Raw)>) -> Self {
        Self {
            spec,
            env,
            priority: Priority::Normal,
            after: Vec::new(),
            start: Start::Now,
            no_wait: false,
        }
    }
}

/// One of many tasks that are alike but for this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Each {
    /// Shown in the list.
    pub name: String,
    /// Program and arguments, never empty.
    pub argv: Vec<Raw>,
    /// What an agent is asked.
    #[serde(default)]
    pub prompt: Option<String>,
}

/// Tasks that are named, or borne by labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// These.
    pub targets: Vec<Target>,
    /// All that bear all of these labels, where there are any.
    pub labels: Vec<String>,
    /// Whether what was launched from within them is meant too.
    #[serde(default)]
    pub kin: Kin,
}

/// Who is meant of tasks and of those that were launched from within them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kin {
    /// The tasks themselves.
    #[default]
    Alone,
    /// They, and all that was launched from within them, at any depth.
    Tree,
    /// Only what was launched from within them, at any depth.
    Below,
}

impl From<Vec<Target>> for Pick {
    fn from(targets: Vec<Target>) -> Self {
        Self {
            targets,
            labels: Vec::new(),
            kin: Kin::Alone,
        }
    }
}

/// A new place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// Before all others.
    Top,
    /// Before the one that stands before it.
    Up,
    /// After the one that stands after it.
    Down,
}
