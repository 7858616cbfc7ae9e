//! What is stored of a task.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agent::tool::ToolCall;
use super::id::TaskId;
use super::raw::Raw;
use super::task::Task;

/// A task as it is stored, with what is needed to find its processes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The boot in which the run's pids mean anything (`/proc/sys/kernel/random/boot_id`).
    pub boot: String,
    /// The task.
    pub task: Task,
    /// The environment for its next run, where one is to come by itself: kept so long and
    /// no longer.
    #[serde(skip)]
    pub env: Option<Arc<Environment>>,
}

/// The variables of a leader. Tasks launched from one place share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its number in the store, never used again.
    pub number: u64,
    /// Names and values.
    pub vars: Vec<(Raw, Raw)>,
}

/// Variables with others laid over them, which come in the place of those of their names.
pub fn laid_over(
    mut vars: Vec<(Raw, Raw)>,
    given: impl IntoIterator<Item = (Raw, Raw)>,
) -> Vec<(Raw, Raw)> {
    for (key, value) in given {
        vars.retain(|(known, _)| *known != key);
        vars.push((key, value));
    }
    vars
}

/// What changes in the store by one write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing but the activity log: or it only marks a place in the order of writes.
    Nothing,
    /// A task and its runs are as this says.
    Task(Box<Record>),
    /// Calls of tools of this task's began or ended.
    Tools(TaskId, Vec<ToolCall>),
    /// These tasks are no longer; what lies of them on disk is still to be deleted.
    Remove(Vec<TaskId>),
    /// That is deleted.
    Deleted(Vec<TaskId>),
    /// Something that a client wants remembered.
    Setting {
        /// What.
        key: String,
        /// Its value.
        value: String,
    },
}
