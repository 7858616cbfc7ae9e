//! What tokens cost where the agent does not say so itself.

use std::collections::BTreeMap;

use super::model::{undated, unprovided};
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
    /// It holds while no more tokens than this were read; `None`: always.
    pub upto: Option<u64>,
}

impl Price {
    /// Whether so many cost no more than [`Self::of`] says.
    pub fn holds(self, tokens: Tokens) -> bool {
        let read = tokens.total() - tokens.output;
        self.upto.is_none_or(|most| read <= most)
    }

    /// What these cost; where the price does not hold for so many, what they cost at least.
    pub fn of(self, tokens: Tokens) -> Usd {
        let Tokens {
            input,
            output,
            cache_read,
            cache_write,
            reasoning: _,
        } = tokens;
        let product = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let trillionths = product(input, self.input)
            + product(output, self.output)
            + product(cache_read, self.cache_read)
            + product(cache_write, self.cache_write);
        let billionths = trillionths.saturating_add(500) / 1000;
        Usd(u64::try_from(billionths).unwrap_or(u64::MAX))
    }
}

impl Prices {
    /// The price of a model: under its very name, else under the longest beginning of it.
    /// A provider before a `/` is no part of the name, nor is the day of a snapshot at its
    /// end.
    pub fn find(&self, model: &str) -> Option<Price> {
        let bare = unprovided(model);
        let names = [model, bare, undated(bare)];
        let exact = names.into_iter().find_map(|name| self.models.get(name));
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
        assert_eq!(found("gpt-5-2026-01-01"), Some(1));
        assert_eq!(found("gpt-5-2026-1-1"), Some(2));
        assert_eq!(found("gpt-5-mini-high"), Some(3));
        assert_eq!(found("gpt-4"), None);
        assert_eq!(found("gpt-5-20260131"), Some(1));
        assert_eq!(found("gpt-5-mini-x"), Some(3));
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
        assert!(price.holds(tokens));
        let bounded = Price {
            upto: Some(999_999),
            ..price
        };
        assert_eq!(bounded.of(tokens), price.of(tokens));
        assert!(!bounded.holds(tokens));
    }
}
