//! `wait`: until tasks have ended.

use std::time::Duration;

use clap::Args;

use super::command::{Ask, Call, Command, Context};
use crate::config::{parse_duration, parse_label};
use crate::core::id::{Target, TaskId};
use crate::core::raw::Raw;
use crate::core::shim::TASK;
use crate::core::wire::{Kin, Pick, Request};

/// The longest wait: a year, as long as `1y` is.
const MOST: Duration = Duration::from_secs(31_557_600);

/// Wait until tasks have ended.
#[derive(Debug, Clone, Args)]
#[command(
    override_usage = "wrangle wait [OPTIONS] <ID>...|--label <LABEL>|--children",
    after_help = "Exits with the task's own code, 128+N for signal N; with 1 if there are several, or a label, and any failed. On a terminal a line says how far several are.\nFrom inside a task, --children waits for every task that was launched from within it.\nWith --any it prints which one has ended, and exits with the code of that one."
)]
pub struct Wait {
    /// Numbers, names, or @ for the newest
    #[arg(value_name = "ID", required_unless_present_any = ["label", "children"])]
    targets: Vec<Target>,
    /// Every task with this label, ended ones too (repeatable: with all of them)
    #[arg(long, value_name = "LABEL", value_parser = parse_label)]
    label: Vec<String>,
    /// Every task that was launched from within the task that this is called from
    #[arg(long, conflicts_with_all = ["targets", "label"])]
    children: bool,
    /// Until one of them has ended
    #[arg(long)]
    any: bool,
    /// Give up after this time, with exit code 1
    #[arg(long, value_name = "TIME", value_parser = timeout, allow_hyphen_values = true)]
    timeout: Option<Duration>,
}

impl Ask for Wait {
    fn ask(self, context: &Context) -> Result<Command, String> {
        let own = if self.children {
            let inside = context.caller.var(TASK).map(Raw::lossy);
            let id = inside.and_then(|id| id.parse().ok());
            let id = id.ok_or("--children waits for tasks launched from within a task; this is not called from inside one")?;
            Some(Target::Id(TaskId(id)))
        } else {
            None
        };
        let kin = if self.children {
            Kin::Below
        } else {
            Kin::Alone
        };
        Ok(Command::Call(Call {
            timeout: self.timeout,
            any: self.any,
            ..Request::Wait(Pick {
                targets: own.into_iter().chain(self.targets).collect(),
                labels: self.label,
                kin,
            })
            .into()
        }))
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    parse_duration(text, MOST)
}
