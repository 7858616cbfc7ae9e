//! `ls`: list tasks.

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::command::{Ask, Call, Command, Context};
use crate::core::filter::Filter;
use crate::core::wire::Request;

/// The words of the states a task can be in.
pub(super) const STATES: [&str; 6] = [
    "starting",
    "running",
    "paused",
    "stopping",
    "lingering",
    "ended",
];

/// List tasks.
#[derive(Debug, Clone, Args)]
pub struct Ls {
    /// Only those in this state
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(STATES))]
    state: Option<String>,
    /// Every task that is kept, ended ones too
    #[arg(long)]
    all: bool,
    /// One JSON object per line and task
    #[arg(long)]
    json: bool,
}

impl Ask for Ls {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Call(Call {
            json: self.json,
            ..Request::List(Filter {
                all: self.all,
                states: self.state.into_iter().collect(),
                ..Filter::default()
            })
            .into()
        }))
    }
}
