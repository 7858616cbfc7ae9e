//! `send`: a line for a task's standard input.

use clap::Args;

use super::command::{Ask, Command, Context};
use super::text::from_standard_input;
use crate::core::id::Target;
use crate::core::wire::Request;

/// Write a line to a task's standard input, or say something to an agent.
#[derive(Debug, Clone, Args)]
#[command(
    override_usage = "wrangle send [OPTIONS] <ID> <TEXT>...\n       wrangle send --interrupt <ID>",
    after_help = "A command must have been launched with --stdin. An agent that can be talked to is told at once; else, and where it has ended, it goes on with its conversation in a further run."
)]
pub struct Send {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
    /// Go another way from where the agent's conversation has ended, in a run of its own
    #[arg(long)]
    fork: bool,
    /// Break off the agent's turn; it stays, and waits for what comes next
    #[arg(long, conflicts_with = "fork")]
    interrupt: bool,
    /// The line, or the message; several words are joined by spaces, "" is an empty line, and
    /// - alone is all of standard input
    #[arg(
        value_name = "TEXT",
        required_unless_present = "interrupt",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    text: Vec<String>,
    /// Whether it was typed into the command bar.
    #[arg(skip)]
    pub(super) in_bar: bool,
}

impl Ask for Send {
    fn ask(self, context: &Context) -> Result<Command, String> {
        if self.interrupt {
            if self.text.is_empty() {
                return Ok(Request::Interrupt(self.target).into());
            }
            return Err("--interrupt says nothing; say the message by itself after it".into());
        }
        let text = if self.text == ["-"] {
            let text = from_standard_input("the message", self.in_bar)?;
            if text.is_empty() {
                return Err(
                    "there is nothing on standard input; say \"\" for an empty line".into(),
                );
            }
            // what a line ends with is none of it
            text.strip_suffix('\n').map_or(text.clone(), str::to_owned)
        } else {
            self.text.join(" ")
        };
        Ok(Request::Send {
            target: self.target,
            text,
            fork: self.fork,
            caller: context.caller.clone(),
        }
        .into())
    }
}
