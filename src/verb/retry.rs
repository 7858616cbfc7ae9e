//! `retry`: a further run of an ended task.

use clap::Args;

use super::command::{Again, Ask, Command, Context};
use crate::config::parse_label;
use crate::core::id::Target;
use crate::core::wire::Request;

/// Run an ended task again.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "wrangle retry <ID>|--label <LABEL>")]
pub struct Retry {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID", required_unless_present = "label")]
    target: Option<Target>,
    /// Every ended task with this label that did not succeed (repeatable: with all of them)
    #[arg(long, value_name = "LABEL", value_parser = parse_label, conflicts_with = "target")]
    label: Vec<String>,
}

impl Ask for Retry {
    fn ask(self, context: &Context) -> Result<Command, String> {
        let caller = context.caller.clone();
        Ok(match self.target {
            Some(target) => Request::Retry { target, caller }.into(),
            None => Command::Again(Again {
                labels: self.label,
                caller,
            }),
        })
    }
}
