//! What lanes may use in a day.

use std::collections::BTreeMap;

use super::agents::setting;
use super::doc::{Item, unknown};
use super::layer::{Own, Setting};
use crate::core::agent::plan::Budget;
use crate::core::agent::tokens::Usd;
use crate::core::limit::lane_name;

/// The keys of a lane's budget.
const KEYS: [&str; 3] = ["cost", "tokens", "turns"];

/// The largest amount of money that is believed, in dollars.
const MOST_COST: f64 = 1e6;

/// An amount of US dollars, as people write it: `2.50`, `$2.50`.
///
/// # Errors
/// A line that says how to write it.
pub fn parse_cost(text: &str) -> Result<Usd, String> {
    let bare = text.trim();
    let bare = bare.strip_prefix('$').unwrap_or(bare);
    let plain = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit() || c == '.');
    let dollars = bare.parse::<f64>().ok().filter(|_| plain);
    let wrong = || format!("{text:?} is no amount of dollars; write it as 2.50");
    money(dollars.ok_or_else(wrong)?)
}

fn money(dollars: f64) -> Result<Usd, String> {
    if dollars > MOST_COST {
        return Err(format!(
            "{dollars} dollars are too many; the most is {MOST_COST}"
        ));
    }
    Usd::of(dollars)
        .filter(|it| *it > Usd(0))
        .ok_or_else(|| format!("{dollars} dollars buy nothing; leave it out, or give more"))
}

/// A number of tokens, as people write it: `200000`, `200k`, `1.5M`.
///
/// # Errors
/// A line that says how to write it.
pub fn parse_tokens(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no number of tokens; write it as 200000, 200k or 1.5M");
    let bare = text.trim().replace('_', "");
    let (number, factor) = match bare.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1_000),
        None => match bare.strip_suffix('M') {
            Some(number) => (number, 1_000_000),
            None => (bare.as_str(), 1),
        },
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 6 {
        return Err(wrong());
    }
    let scaled: u64 = format!("{whole}{part:0<6}").parse().map_err(|_| wrong())?;
    let tokens = scaled.checked_mul(factor).ok_or_else(wrong)? / 1_000_000;
    match tokens {
        0 => Err(format!(
            "{text:?} is no tokens at all; leave it out, or give more"
        )),
        tokens => Ok(tokens),
    }
}

/// What each lane may use in a day; what is wrong is left out and told, a line each.
pub(super) fn of(own: &Own) -> (BTreeMap<String, Budget>, Vec<String>) {
    let mut budgets = BTreeMap::new();
    let mut problems = Vec::new();
    for (lane, Setting { value, source }) in own {
        match budget(value) {
            Ok(budget) => drop(budgets.insert(lane.clone(), budget)),
            Err(why) => problems.push(format!("{source}: budgets.{lane}{why}")),
        }
    }
    (budgets, problems)
}

fn budget(value: &toml::Value) -> Result<Budget, String> {
    let table = value.as_table().filter(|table| !table.is_empty());
    let table = table.ok_or(": write it as { cost = 5.00, tokens = \"2M\" }")?;
    let mut budget = Budget::default();
    for (key, value) in table {
        let within = |why: String| format!(".{key}: {why}");
        match (key.as_str(), value) {
            ("cost", toml::Value::Float(dollars)) => {
                budget.cost = Some(money(*dollars).map_err(within)?);
            }
            ("cost", toml::Value::Integer(dollars)) => {
                budget.cost = Some(money(*dollars as f64).map_err(within)?);
            }
            ("cost", toml::Value::String(text)) => {
                budget.cost = Some(parse_cost(text).map_err(within)?);
            }
            ("tokens", toml::Value::Integer(number)) => {
                let tokens = parse_tokens(&number.to_string()).map_err(within)?;
                budget.tokens = Some(tokens);
            }
            ("tokens", toml::Value::String(text)) => {
                budget.tokens = Some(parse_tokens(text).map_err(within)?);
            }
            ("turns", toml::Value::Integer(number)) => {
                let turns = u32::try_from(*number).ok().filter(|turns| *turns > 0);
                let wrong = || within(format!("{number} is no number of turns; give 1 or more"));
                budget.turns = Some(turns.ok_or_else(wrong)?);
            }
            ("cost", other) => {
                return Err(within(format!(
                    "{other} is no amount of dollars; write it as 2.50"
                )));
            }
            ("tokens", other) => {
                return Err(within(format!(
                    "{other} is no number of tokens; write it as 200000 or \"1.5M\""
                )));
            }
            ("turns", other) => {
                return Err(within(format!(
                    "{other} is no number of turns; write it as 50"
                )));
            }
            (other, _) => return Err(format!(": {}", unknown("", other, KEYS))),
        }
    }
    Ok(budget)
}

/// What a section `[budgets]` of a file says; `name` is the file.
pub(super) fn flatten(
    section: &Item,
    name: &str,
    own: &mut Own,
    say: &mut impl FnMut(usize, String),
) {
    let lanes = match section.table() {
        Ok(lanes) => lanes,
        Err(why) => return say(section.line, format!("budgets {why}")),
    };
    for item in lanes {
        match lane_name(&item.key) {
            Ok(lane) => drop(own.insert(lane, setting(item, name))),
            Err(why) => say(item.line, format!("budgets.{}: {why}", item.key)),
        }
    }
}
