//! `priority`: how urgent tasks are.

use clap::Args;

use super::command::{Ask, Command, Context};
use super::terms::priority;
use crate::config::parse_label;
use crate::core::id::Target;
use crate::core::plan;
use crate::core::wire::{Pick, Request};

/// Say how urgent tasks are.
#[derive(Debug, Clone, Args)]
#[command(
    allow_missing_positional = true,
    override_usage = "wrangle priority <ID>...|--label <LABEL> high|normal|low",
    after_help = "It counts while a task is queued, and for its further runs."
)]
pub struct Priority {
    /// Numbers, names, or @ for the newest
    #[arg(value_name = "ID", required_unless_present = "label")]
    targets: Vec<Target>,
    /// How urgent they are
    #[arg(value_name = "PRIORITY", value_parser = priority(), required = true)]
    level: plan::Priority,
    /// Every task with this label (repeatable: with all of them)
    #[arg(long, value_name = "LABEL", value_parser = parse_label)]
    label: Vec<String>,
}

impl Ask for Priority {
    fn ask(self, _: &Context) -> Result<Command, String> {
        let pick = Pick {
            targets: self.targets,
            labels: self.label,
            ..Pick::default()
        };
        Ok(Request::Priority(pick, self.level).into())
    }
}
