//! `limit`: which limits there are, and what one is set to.

use super::connect::connect;
use super::json;
use super::out::{Out, lines};
use super::trouble::Trouble;
use crate::config::Paths;
use crate::core::limit::{Limit, LimitReport, meant};
use crate::core::wire::{Answer, Role};
use crate::verb::{Limits, limit_line, limit_table};

/// The verb.
pub(super) fn limits(paths: &Paths, asked: Limits) -> Result<u8, Trouble> {
    let (mut line, _) = connect(paths, &Role::Call)?;
    let number = line.ask(asked.request)?;
    let Some((Answer::Limits(all), _)) = line.answer(number, None)? else {
        return Err(Trouble::Failed(
            "the supervisor does not say which limits there are; try again".into(),
        ));
    };
    let shown: Vec<LimitReport> = match &asked.on {
        Some(on) => vec![one(&all, on)?],
        None => all,
    };
    if asked.json {
        let mut out = Out::new();
        for limit in &shown {
            out.line(&json::text(limit, "a limit")?)?;
        }
        out.flush()?;
        return Ok(0);
    }
    match (asked.on, shown.as_slice()) {
        (Some(_), [limit]) => lines(&[limit_line(limit)]),
        (_, shown) => lines(&limit_table(shown)),
    }
}

/// The limit that was asked about.
fn one(all: &[LimitReport], on: &Limit) -> Result<LimitReport, Trouble> {
    let name = on.to_string();
    if let Some(found) = all.iter().find(|limit| limit.name == name) {
        return Ok(found.clone());
    }
    let meant = meant(&name, all.iter().map(|limit| limit.name.as_str()));
    let meant = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
    Err(Trouble::Usage(format!(
        "nothing that is called {name} has a limit, or is in use{meant}"
    )))
}
