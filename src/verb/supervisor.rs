//! `supervisor`: the one process that owns every task.

use clap::Args;

use super::command::{Ask, Command, Context};

/// Be the supervisor, in the foreground.
#[derive(Debug, Clone, Args)]
pub struct Supervisor {
    /// Take over from the supervisor that runs: it leaves, its tasks go on
    #[arg(long)]
    takeover: bool,
    /// Started by a client: says on standard output when it is ready
    #[arg(long, hide = true)]
    detached: bool,
}

impl Ask for Supervisor {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Supervisor {
            detached: self.detached,
            takeover: self.takeover,
        })
    }
}
