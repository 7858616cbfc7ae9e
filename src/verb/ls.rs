//! `ls`: list tasks.

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::command::{Ask, Call, Command, Context};
use super::filter::{Described, STATES};
use crate::core::filter::Filter;
use crate::core::limit::lane_name;
use crate::core::wire::Request;

/// List tasks.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "A state, an outcome or --last asks for ended tasks too, whether they were looked at or not.\nWhat is queued stands in the order in which it comes with --state queued."
)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "options, each of which may be given beside the others"
)]
pub struct Ls {
    /// Only those in this state (repeatable)
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(STATES))]
    state: Vec<String>,
    /// Only those in this lane
    #[arg(long, value_name = "LANE", value_parser = lane_name)]
    lane: Option<String>,
    #[command(flatten)]
    described: Described,
    /// Only those that want something of a person, the most urgent first, and what
    #[arg(long)]
    attention: bool,
    /// Only so many, the newest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    last: Option<u32>,
    /// Every task that is kept, ended ones too
    #[arg(long)]
    all: bool,
    /// Each under the task that it waits for, or that launched it
    #[arg(long, conflicts_with = "json")]
    tree: bool,
    /// One JSON object per line and task
    #[arg(long)]
    json: bool,
}

impl Ask for Ls {
    fn ask(self, context: &Context) -> Result<Command, String> {
        Ok(Command::Call(Call {
            json: self.json,
            tree: self.tree,
            ..Request::List(Filter {
                all: self.all || self.last.is_some(),
                states: self.state,
                lane: self.lane,
                last: self.last,
                attention: self.attention,
                ..self.described.filter(&context.caller)?
            })
            .into()
        }))
    }
}
