//! `after`: what a queued task waits for in others.

use clap::Args;

use super::command::{Ask, Command, Context};
use crate::core::id::Target;
use crate::core::plan::{Behind, Needs};
use crate::core::wire::Request;

/// Have a queued task wait for others, instead of those that it waits for.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "wrangle after <ID> <FIRST>[,<FIRST>]...|--none [--any|--end]")]
pub struct After {
    /// Which: its number, its name, or @ for the newest
    #[arg(value_name = "ID")]
    target: Target,
    /// Those that have to succeed first (a list with commas, or several)
    #[arg(
        value_name = "ID",
        id = "FIRST",
        value_delimiter = ',',
        required_unless_present = "none"
    )]
    first: Vec<Target>,
    /// One of them is enough
    #[arg(long, conflicts_with = "end")]
    any: bool,
    /// They have to end, however
    #[arg(long)]
    end: bool,
    /// It waits for nobody
    #[arg(long, conflicts_with_all = ["FIRST", "any", "end"])]
    none: bool,
}

impl Ask for After {
    fn ask(self, _: &Context) -> Result<Command, String> {
        let needs = match (self.any, self.end) {
            (true, _) => Needs::AnySuccess,
            (_, true) => Needs::End,
            _ => Needs::Success,
        };
        let behind = self.first.into_iter();
        let behind = behind.map(|target| Behind { target, needs }).collect();
        Ok(Request::After(self.target, behind).into())
    }
}
