//! `doctor`: what works on this machine.

use clap::Args;

use super::command::{Ask, Command, Context};

/// Say what works on this machine.
#[derive(Debug, Clone, Args)]
pub struct Doctor {}

impl Ask for Doctor {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Doctor)
    }
}
