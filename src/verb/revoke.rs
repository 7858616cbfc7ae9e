//! `revoke`: stop tasks for good.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::core::id::Target;
use crate::core::wire::Request;

/// Stop tasks for good.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "wrangle revoke [OPTIONS] <ID>...|--all")]
pub struct Revoke {
    /// Numbers, names, or @ for the newest
    #[arg(value_name = "ID", required_unless_present = "all")]
    targets: Vec<Target>,
    /// Every active task
    #[arg(long, conflicts_with = "targets")]
    all: bool,
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
            pick: self.targets.into(),
            all: self.all,
            force: self.force,
            wait: self.wait,
        }
        .into())
    }
}
