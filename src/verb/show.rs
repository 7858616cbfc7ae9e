//! `show`: one task.

use clap::Args;

use super::command::{Ask, Call, Command, Context};
use crate::core::id::Target;
use crate::core::wire::Request;

/// Show one task.
#[derive(Debug, Clone, Args)]
pub struct Show {
    /// Its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

impl Ask for Show {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Call(Call {
            json: self.json,
            ..Request::Show(self.target).into()
        }))
    }
}
