//! `limit`: how many may run at once.

use clap::Args;

use super::command::{Ask, Command, Context, Limits};
use crate::core::agent::bill::least;
use crate::core::agent::tokens::Usd;
use crate::core::limit::{BudgetReport, Limit as On, LimitReport, LimitSource, Most, SetTo};
use crate::core::wire::Request;

/// How many tasks a line names before it counts the rest.
const NAMED: usize = 8;

/// Show limits on what runs at once, or set one.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "A limit that is set here goes before the configuration's until it is set to default."
)]
pub struct Limit {
    /// On what: global, agents, provider:NAME, or a lane; else all are shown
    #[arg(value_name = "LIMIT")]
    on: Option<On>,
    /// How many at once, none, or default for what the configuration says
    #[arg(value_name = "N", value_parser = to, allow_hyphen_values = true)]
    to: Option<SetTo>,
    /// A lane of this name is meant, though none is known and another has almost the same
    #[arg(long, requires = "to")]
    new: bool,
    /// One JSON object per line and limit
    #[arg(long)]
    json: bool,
}

fn to(text: &str) -> Result<SetTo, String> {
    match text {
        "none" => Ok(SetTo::Most(None)),
        "default" => Ok(SetTo::Default),
        number => match number.parse() {
            Ok(number) => Ok(SetTo::Most(Some(number))),
            Err(_) => Err(format!(
                "{text:?} is no limit; say a number, none or default"
            )),
        },
    }
}

impl Ask for Limit {
    fn ask(self, _: &Context) -> Result<Command, String> {
        let request = match (&self.on, self.to) {
            (Some(on), Some(to)) => Request::SetLimit {
                limit: on.clone(),
                to,
                new: self.new,
            },
            _ => Request::Limits,
        };
        Ok(Command::Limits(Limits {
            request,
            on: self.on,
            json: self.json,
        }))
    }
}

/// Limits as a table, the head first.
pub fn limit_table(limits: &[LimitReport]) -> Vec<String> {
    let head = ["LIMIT", "AT ONCE", "RUN", "WAIT", "SET BY", "TODAY"].map(String::from);
    let rows = limits.iter().map(|limit| {
        [
            limit.name.clone(),
            at_once(limit.most),
            limit.running.to_string(),
            limit.queued.to_string(),
            by(limit.source).into(),
            limit.budget.as_ref().map(today).unwrap_or_default(),
        ]
    });
    let mut rows: Vec<[String; 6]> = [head].into_iter().chain(rows).collect();
    if limits.iter().all(|limit| limit.budget.is_none()) {
        rows[0][5].clear();
    }
    let wide = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths = [0, 1, 2, 3, 4].map(wide);
    rows.iter()
        .map(|[name, most, running, queued, by, today]| {
            let line = format!(
                "{name:<at$}  {most:>once$}  {running:>run$}  {queued:>wait$}  {by:<set$}  {today}",
                at = widths[0],
                once = widths[1],
                run = widths[2],
                wait = widths[3],
                set = widths[4],
            );
            line.trim_end().to_owned()
        })
        .collect()
}

/// What a lane has used today of what it may use in a day.
fn today(budget: &BudgetReport) -> String {
    let dollars = |dollars: f64| Usd::of(dollars).unwrap_or_default();
    let least = least(budget.at_least);
    let cost = budget.cost_usd.map(|most| {
        let used = dollars(budget.used_cost_usd);
        format!("{least}{used} of {}", dollars(most))
    });
    let tokens = budget
        .tokens
        .map(|most| format!("{least}{} of {most} tokens", budget.used_tokens));
    let turns = budget
        .turns
        .map(|most| format!("{} of {most} turns", budget.used_turns));
    let all: Vec<String> = [cost, tokens, turns].into_iter().flatten().collect();
    all.join(", ")
}

/// A limit in one line.
pub fn limit_line(limit: &LimitReport) -> String {
    let mut tasks: Vec<String> = limit.tasks.iter().map(|id| format!("#{id}")).collect();
    if tasks.len() > NAMED {
        let more = tasks.len() - NAMED;
        tasks.truncate(NAMED);
        tasks.push(format!("and {more} more"));
    }
    let tasks = if tasks.is_empty() {
        String::new()
    } else {
        format!(" ({})", tasks.join(" "))
    };
    let today = limit.budget.as_ref().map_or_else(String::new, |budget| {
        format!("; today (UTC) {}", today(budget))
    });
    format!(
        "{}: {} at once, set by {}; {} run{tasks}, {} wait{today}",
        limit.name,
        at_once(limit.most),
        by(limit.source),
        limit.running,
        limit.queued,
    )
}

fn at_once(most: Most) -> String {
    most.map_or_else(|| "no limit".into(), |most| most.to_string())
}

const fn by(source: LimitSource) -> &'static str {
    match source {
        LimitSource::Said => "wrangle limit",
        LimitSource::Config => "configuration",
    }
}
