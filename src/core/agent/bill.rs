//! What was used, and what that cost, in one figure each.

use serde::{Deserialize, Serialize};

use super::tokens::{Tokens, Usd};

/// What was used, and what that cost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bill {
    /// How many tokens.
    pub tokens: Tokens,
    /// What they cost; `None`: not known.
    pub cost: Option<Usd>,
    /// What they are known to have cost at least: all of it, where that is known.
    #[serde(default)]
    pub known: Usd,
    /// Who says so.
    pub source: Source,
    /// Whether it may be more: what a run used that was broken off was not told in full.
    #[serde(default)]
    pub at_least: bool,
}

/// What stands before a figure, where that may be more.
pub const fn least(at_least: bool) -> &'static str {
    if at_least { "at least " } else { "" }
}

/// Who says what something cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Nothing was used.
    #[default]
    Nothing,
    /// The agent.
    Agent,
    /// The table of prices.
    Prices,
    /// Partly one, partly the other.
    Both,
    /// Nobody: the price of some model is not known.
    Unknown,
}

impl Source {
    /// The word of `--json`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Agent => "agent",
            Self::Prices => "prices",
            Self::Both => "both",
            Self::Unknown => "unknown",
        }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Nothing, it) | (it, Self::Nothing) => it,
            (Self::Agent, Self::Agent) => Self::Agent,
            (Self::Prices, Self::Prices) => Self::Prices,
            _ => Self::Both,
        }
    }
}

impl Bill {
    /// This and that together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let source = self.source.and(other.source);
        let cost = match (self.cost, other.cost) {
            (Some(one), Some(two)) => Some(one + two),
            // what used nothing costs nothing
            (one, None) if other.tokens.is_zero() => one,
            (None, two) if self.tokens.is_zero() => two,
            _ => None,
        };
        Self {
            tokens: self.tokens + other.tokens,
            cost,
            known: self.known + other.known,
            source,
            at_least: self.at_least || other.at_least,
        }
    }
}
