//! `stats`: what agents used, in sum.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::command::{Ask, Call, Command, Context};
use crate::core::wire::{By, Request};

/// Show what agents used and what that cost.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Tasks that were removed are no longer counted. Costs that nobody knows are left out of the sum, and their runs counted."
)]
pub struct Stats {
    /// Of runs that began in the last so many days (UTC, today is one); else of all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,
    /// By what it is summed up
    #[arg(long, value_name = "WHAT", default_value = "agent", value_parser = by())]
    by: By,
    /// One JSON object per line
    #[arg(long)]
    json: bool,
}

impl Ask for Stats {
    fn ask(self, _: &Context) -> Result<Command, String> {
        Ok(Command::Call(Call {
            json: self.json,
            ..Request::Stats {
                days: self.days.unwrap_or(0),
                by: self.by,
            }
            .into()
        }))
    }
}

fn by() -> impl TypedValueParser<Value = By> {
    PossibleValuesParser::new(["agent", "model", "lane", "day"]).map(|word| match word.as_str() {
        "model" => By::Model,
        "lane" => By::Lane,
        "day" => By::Day,
        _ => By::Agent,
    })
}
