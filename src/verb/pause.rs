//! `pause` and `resume`: a task's processes, or the queue, stopped for the time being.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::config::parse_label;
use crate::core::id::Target;
use crate::core::wire::{Pick, Request};

/// What is stopped, or goes on.
#[derive(Debug, Clone, Args)]
struct What {
    /// Numbers, names, or @ for the newest
    #[arg(value_name = "ID", required_unless_present_any = ["label", "queue"])]
    targets: Vec<Target>,
    /// Every task with this label (repeatable: with all of them)
    #[arg(long, value_name = "LABEL", value_parser = parse_label)]
    label: Vec<String>,
    /// The queue: whether anything that waits is started
    #[arg(long, conflicts_with_all = ["targets", "label"])]
    queue: bool,
}

impl What {
    /// The tasks; `None`: the queue.
    fn tasks(self) -> Option<Pick> {
        (!self.queue).then_some(Pick {
            targets: self.targets,
            labels: self.label,
            ..Pick::default()
        })
    }
}

/// Stop tasks' processes for the time being.
#[derive(Debug, Clone, Args)]
#[command(
    override_usage = "wrangle pause <ID>...|--label <LABEL>|--queue",
    after_help = "While the queue is paused nothing that waits is started; what runs goes on."
)]
pub struct Pause {
    #[command(flatten)]
    what: What,
}

impl Ask for Pause {
    fn ask(self, _: &Context) -> Result<Command, String> {
        let tasks = self.what.tasks();
        Ok(tasks
            .map_or(Request::PauseQueue(true), Request::Pause)
            .into())
    }
}

/// Let paused tasks go on.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "wrangle resume <ID>...|--label <LABEL>|--queue")]
pub struct Resume {
    #[command(flatten)]
    what: What,
}

impl Ask for Resume {
    fn ask(self, _: &Context) -> Result<Command, String> {
        let tasks = self.what.tasks();
        Ok(tasks
            .map_or(Request::PauseQueue(false), Request::Resume)
            .into())
    }
}
