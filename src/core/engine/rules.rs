//! What the engine is bound by.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::core::agent::plan::Budget;
use crate::core::agent::price::Prices;
use crate::core::id::{RunId, TaskId};
use crate::core::limit::Limits;
use crate::core::raw::Raw;

/// Variables, by the name of an agent and its permission mode; `None`: the usual one.
pub type Given = BTreeMap<(String, Option<String>), Vec<(Raw, Raw)>>;

/// What the engine is bound by. The configuration's part may change; see `Input::Rules`.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Where tasks are kept: a directory per task, in it one per run.
    pub tasks: PathBuf,
    /// Where shims listen.
    pub shims: PathBuf,
    /// This boot, as the kernel names it.
    pub boot: String,
    /// Most bytes of one run's log.
    pub task_cap: u64,
    /// Most bytes of all logs together.
    pub total_cap: u64,
    /// How long a run may go on without a supervisor.
    pub orphan: Duration,
    /// How long the supervisor stays when nothing is active and nobody attached;
    /// `None`: for ever.
    pub idle_exit: Option<Duration>,
    /// How long ended tasks stay.
    pub keep: Keep,
    /// How much runs at once.
    pub limits: Limits,
    /// What lanes may use in a day (UTC).
    pub budgets: BTreeMap<String, Budget>,
    /// What tokens cost where agents don't say.
    pub prices: Prices,
    /// What the registry gives agents.
    pub given: Given,
    /// What happens that the configuration wants something run for, by its words.
    pub hooked: BTreeSet<String>,
}

/// How long ended tasks stay, with their output; `None`: without limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// Since their end.
    pub age: Option<Duration>,
    /// So many of them, the newest.
    pub count: Option<u32>,
    /// So many bytes of output of them together.
    pub bytes: Option<u64>,
}

impl Rules {
    /// The directory of a task.
    pub fn task_dir(&self, task: TaskId) -> PathBuf {
        self.tasks.join(task.to_string())
    }

    /// The directory of a run: its log segments and its exit record.
    pub fn run_dir(&self, run: RunId) -> PathBuf {
        self.task_dir(run.task).join(run.number.to_string())
    }

    /// The socket on which a run's shim listens.
    pub fn shim_socket(&self, run: RunId) -> PathBuf {
        self.shims.join(format!("{run}.sock"))
    }
}
