//! `logs`: a task's output.

use clap::Args;

use super::command::{self, Ask, Command, Context};
use crate::core::id::Target;

/// Print a task's output.
#[derive(Debug, Clone, Args)]
pub struct Logs {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
    /// Only so many of the last lines
    #[arg(short = 'n', long, value_name = "N")]
    lines: Option<u64>,
    /// Go on until the task has ended
    #[arg(short, long)]
    follow: bool,
    /// The exact bytes, escape sequences and all
    #[arg(long)]
    raw: bool,
}

impl Ask for Logs {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Logs(command::Logs {
            target: self.target,
            lines: self.lines,
            follow: self.follow,
            raw: self.raw,
        }))
    }
}
