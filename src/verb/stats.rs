//! `stats`: what agents used, in sum.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::columns::columns;
use super::command::{Ask, Call, Command, Context};
use crate::core::agent::tokens::{Tokens, Usd};
use crate::core::exact::exact_line;
use crate::core::report::StatsReport;
use crate::core::wire::{By, Request};

/// Show what agents used and what that cost.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Tasks that were removed are no longer counted. Costs that nobody knows are left out of the sum, and their runs counted. By model, what each used is its own; runs, turns and calls stand with the model that answered last."
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

/// What was used, a line for each.
pub fn stats_table(lines: &[StatsReport]) -> Vec<String> {
    let head = [
        "OF", "RUNS", "OK", "TURNS", "TOOLS", "FAILED", "INPUT", "CACHED", "OUTPUT", "COST",
    ];
    let mut rows = vec![head.map(String::from)];
    for line in lines {
        let Tokens {
            input,
            output,
            cache_read,
            cache_write,
            ..
        } = line.tokens;
        let cost = Usd::of(line.cost_usd).unwrap_or_default();
        let least = if line.at_least_runs > 0 {
            "at least "
        } else {
            ""
        };
        let unknown = match line.unknown_cost_runs {
            0 => String::new(),
            runs => format!(" + {runs} unknown"),
        };
        rows.push([
            exact_line(line.key.as_deref().unwrap_or("-")).into_owned(),
            line.runs.to_string(),
            line.succeeded.to_string(),
            line.turns.to_string(),
            line.tools_called.to_string(),
            line.tools_failed.to_string(),
            (input + cache_write).to_string(),
            cache_read.to_string(),
            output.to_string(),
            format!("{least}{cost}{unknown}"),
        ]);
    }
    columns(&rows)
}
