//! What is stored of a task.

use serde::{Deserialize, Serialize};

use super::id::Ident;
use super::task::Task;

/// A task as it lies on disk, with what is needed to find its processes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Of this layout; a program refuses a newer one.
    pub version: u32,
    /// The boot in which the run's pids mean anything (`/proc/sys/kernel/random/boot_id`).
    pub boot: String,
    /// The current run's first process, as last known.
    pub leader: Option<Ident>,
    /// The task.
    pub task: Task,
}

/// The layout that this program writes.
pub const VERSION: u32 = 1;
