//! `why`: why a task stands where it stands.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::core::id::Target;

/// Say why a task stands where it stands.
#[derive(Debug, Clone, Args)]
pub struct Why {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
}

impl Ask for Why {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Why(self.target))
    }
}
