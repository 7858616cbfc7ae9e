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
    pub detached: bool,
    /// Sets something for this supervisor alone, such as task.grace=5s (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    pub set: Vec<(String, String)>,
}

/// `section.key=value`. Whether there is such a key is said with the configuration.
fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(format!("{text:?} sets nothing; write it as task.grace=5s")),
    }
}

impl Ask for Supervisor {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Supervisor {
            detached: self.detached,
            takeover: self.takeover,
        })
    }
}
