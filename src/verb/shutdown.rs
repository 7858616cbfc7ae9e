//! `shutdown`: the end of the herd.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::core::wire::Request;

/// Revoke everything, then end the supervisor.
#[derive(Debug, Clone, Args)]
pub struct Shutdown {
    /// SIGKILL at once, no grace period
    #[arg(long)]
    force: bool,
}

impl Ask for Shutdown {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Request::Shutdown { force: self.force }.into())
    }
}
