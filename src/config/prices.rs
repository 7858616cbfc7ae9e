//! The table of prices.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::core::agent::price::{Price, Prices};

/// The table as it comes with the program.
pub const PRICES: &str = include_str!("../../assets/prices.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    date: String,
    models: BTreeMap<String, Row>,
}

/// US dollars for a million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    input: f64,
    output: f64,
    cache_read: f64,
    cache_write: f64,
    upto: Option<u64>,
}

/// Reads a table of prices.
///
/// # Errors
/// A line that says what is wrong, and where.
pub fn prices(text: &str) -> Result<Prices, String> {
    let table: Table = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut models = BTreeMap::new();
    for (name, row) in table.models {
        let price = |dollars: f64, what| {
            let millionths = (dollars * 1e6).round();
            let in_range = (0.0..1e12).contains(&millionths);
            in_range
                .then_some(millionths as u64)
                .ok_or_else(|| format!("{name}: {what} = {dollars} is no price"))
        };
        let price = Price {
            input: price(row.input, "input")?,
            output: price(row.output, "output")?,
            cache_read: price(row.cache_read, "cache_read")?,
            cache_write: price(row.cache_write, "cache_write")?,
            upto: row.upto,
        };
        models.insert(name, price);
    }
    Ok(Prices {
        date: table.date,
        models,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::agent::tokens::{Tokens, Usd};

    #[test]
    fn the_table_that_comes_along_is_whole_and_says_what_an_agent_says() {
        let prices = prices(PRICES).unwrap();
        assert!(prices.models.len() > 50);
        assert_eq!(prices.date.len(), 10);
        // as Claude Code 2.1.329 billed it
        let tokens = Tokens {
            input: 3300,
            output: 180,
            cache_read: 15_003,
            cache_write: 603,
            reasoning: 0,
        };
        let price = prices.find("claude-opus-5-5").unwrap();
        assert_eq!(price.of(tokens), Usd(22_815_600));
    }

    #[test]
    fn nonsense_is_named() {
        for (text, part) in [
            ("date = 1", "date"),
            ("date = ''\n[models]\nm = { input = 1 }", "output"),
            (
                "date = ''\n[models]\nm = { input = -1, output = 1, cache_read = 1, cache_write = 1 }",
                "m: input = -1 is no price",
            ),
        ] {
            let error = prices(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
