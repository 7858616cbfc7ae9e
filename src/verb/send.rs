//! `send`: a line for a task's standard input.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::core::id::Target;
use crate::core::wire::Request;

/// Write a line to a task's standard input.
#[derive(Debug, Clone, Args)]
#[command(after_help = "The task must have been launched with --stdin.")]
pub struct Send {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
    /// The line; several words are joined by spaces, "" is an empty line
    #[arg(
        value_name = "TEXT",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    text: Vec<String>,
}

impl Ask for Send {
    fn ask(self, context: &Context) -> Result<Command, String> {
        Ok(Request::Send {
            target: self.target,
            text: self.text.join(" "),
            fork: false,
            caller: context.caller.clone(),
        }
        .into())
    }
}
