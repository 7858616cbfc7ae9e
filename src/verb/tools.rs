//! `tools`: which tools an agent called.

use clap::Args;

use super::command::{Ask, Call, Command, Context};
use crate::core::id::Target;
use crate::core::wire::Request;

/// Show which tools an agent called, and what became of it.
#[derive(Debug, Clone, Args)]
pub struct Tools {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
    /// One JSON object per line and call
    #[arg(long)]
    json: bool,
}

impl Ask for Tools {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Call(Call {
            json: self.json,
            ..Request::Tools(self.target).into()
        }))
    }
}
