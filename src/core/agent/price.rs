//! What tokens cost where the agent does not say so itself.

use std::collections::BTreeMap;

use super::tokens::{Tokens, Usd};

/// Prices of models, as of a day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// The day on which they were looked up, as `2026-11-20`.
    pub date: String,
    /// By the name of the model, or by the beginning of it where it ends in `*`.
    pub models: BTreeMap<String, Price>,
}

/// Prices of one model, in millionths of a US dollar for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Price {
    /// A token read.
    pub input: u64,
    /// A token written.
    pub output: u64,
    /// A token read from a cache.
    pub cache_read: u64,
    /// A token read and put into a cache.
    pub cache_write: u64,
}

impl Price {
    /// What these cost.
    pub const fn of(self, tokens: Tokens) -> Usd {
        let Tokens {
            input,
            output,
            cache_read,
            cache_write,
            reasoning: _,
        } = tokens;
        let trillionths = input as u128 * self.input as u128
            + output as u128 * self.output as u128
            + cache_read as u128 * self.cache_read as u128
            + cache_write as u128 * self.cache_write as u128;
        let billionths = trillionths.saturating_add(500) / 1000;
        if billionths > u64::MAX as u128 {
            return Usd(u64::MAX);
        }
        Usd(billionths as u64)
    }
}

impl Prices {
    /// The price of a model: under its very name, else under the longest beginning of it.
    /// A provider before a `/` is no part of the name.
    pub fn find(&self, model: &str) -> Option<Price> {
        let bare = model.rsplit('/').next().unwrap_or(model);
        let exact = self.models.get(model).or_else(|| self.models.get(bare));
        let beginning = || {
            let each = self.models.iter().filter_map(|(name, price)| {
                let start = name.strip_suffix('*')?;
                bare.starts_with(start).then_some((start.len(), price))
            });
            each.max_by_key(|(length, _)| *length)
                .map(|(_, price)| price)
        };
        exact.or_else(beginning).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_of_a_name_counts_and_no_guess() {
        let price = |input| Price {
            input,
            ..Price::default()
        };
        let models = [("gpt-5", 1), ("gpt-5*", 2), ("gpt-5-mini*", 3)];
        let prices = Prices {
            date: "2026-11-20".into(),
            models: models
                .map(|(name, each)| (name.to_owned(), price(each)))
                .into(),
        };
        let found = |model| prices.find(model).map(|price| price.input);
        assert_eq!(found("gpt-5"), Some(1));
        assert_eq!(found("openai/gpt-5"), Some(1));
        assert_eq!(found("gpt-5-2026-01-01"), Some(2));
        assert_eq!(found("gpt-5-mini-high"), Some(3));
        assert_eq!(found("gpt-4"), None);
        let tokens = Tokens {
            input: 1_000_000,
            output: 10,
            ..Tokens::default()
        };
        let price = Price {
            input: 1_250_000,
            output: 10_000_000,
            ..Price::default()
        };
        assert_eq!(price.of(tokens), Usd(1_250_100_000));
    }
}
