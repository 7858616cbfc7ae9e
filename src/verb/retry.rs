//! `retry`: a further run of an ended task.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::core::id::Target;
use crate::core::wire::Request;

/// Run an ended task again.
#[derive(Debug, Clone, Args)]
pub struct Retry {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
}

impl Ask for Retry {
    fn ask(self, context: &Context) -> Result<Command, String> {
        Ok(Request::Retry {
            target: self.target,
            caller: context.caller.clone(),
        }
        .into())
    }
}
