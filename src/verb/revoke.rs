//! `revoke`: stop tasks for good.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::config::parse_label;
use crate::core::id::Target;
use crate::core::wire::{Kin, Pick, Request};

/// Stop tasks for good.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "wrangle revoke [OPTIONS] <ID>...|--all|--label <LABEL>")]
#[allow(
    clippy::struct_excessive_bools,
    reason = "options, each of which may be given beside the others"
)]
pub struct Revoke {
    /// Numbers, names, or @ for the newest
    #[arg(value_name = "ID", required_unless_present_any = ["all", "label"])]
    targets: Vec<Target>,
    /// Every active task
    #[arg(long, conflicts_with_all = ["targets", "label"])]
    all: bool,
    /// Every active task with this label (repeatable: with all of them)
    #[arg(long, value_name = "LABEL", value_parser = parse_label)]
    label: Vec<String>,
    /// And every active task that was launched from within them, at any depth
    #[arg(long, conflicts_with = "all")]
    tree: bool,
    /// SIGKILL at once, no grace period
    #[arg(long)]
    force: bool,
    /// Return when nothing of them lives
    #[arg(long)]
    wait: bool,
}

impl Ask for Revoke {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Request::Revoke {
            pick: Pick {
                targets: self.targets,
                labels: self.label,
                kin: if self.tree { Kin::Tree } else { Kin::Alone },
            },
            all: self.all,
            force: self.force,
            wait: self.wait,
        }
        .into())
    }
}
