//! What a counter stands at, and sums of such.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::core::agent::tokens::{Tokens, Usd};

/// What was used by a model, and what it cost where that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Figure {
    /// How many tokens.
    pub tokens: Tokens,
    /// What they cost, as far as that was told.
    pub cost: Option<Usd>,
    /// Those of them whose cost was not told, where that of others was.
    #[serde(default, skip_serializing_if = "is_zero")]
    untold: Tokens,
}

impl Figure {
    /// So many tokens, and what they cost where that is told.
    pub fn new(tokens: Tokens, cost: Option<Usd>) -> Self {
        Self {
            tokens,
            cost,
            untold: Tokens::default(),
        }
    }

    /// Those of the tokens whose cost was not told.
    pub(super) const fn untold(&self) -> Tokens {
        match self.cost {
            Some(_) => self.untold,
            None => self.tokens,
        }
    }

    /// A counter of money alone: the tokens it leaves to single answers.
    pub(super) fn is_money(&self) -> bool {
        self.tokens.is_zero() && self.cost.is_some()
    }

    /// By how much a counter rose.
    pub(super) fn beyond(self, base: Self) -> Self {
        let rose = |cost: Usd| cost.beyond(base.cost.unwrap_or_default());
        Self {
            tokens: self.tokens.beyond(base.tokens),
            cost: self.cost.map(rose),
            untold: self.untold.beyond(base.untold),
        }
    }
}

/// By model; those of one that is not named under the empty name.
pub type Figures = BTreeMap<String, Figure>;

fn is_zero(tokens: &Tokens) -> bool {
    tokens.is_zero()
}

/// How many tokens were read.
pub(super) fn read(tokens: Tokens) -> u64 {
    tokens.total() - tokens.output
}

pub(super) fn sum(figures: &Figures) -> Tokens {
    let each = figures.values();
    each.fold(Tokens::default(), |all, each| all + each.tokens)
}

pub(super) fn add(figures: &mut Figures, model: &str, more: Figure) {
    let figure = figures.entry(model.to_owned()).or_default();
    let cost = match (figure.cost, more.cost) {
        (None, None) => None,
        (one, two) => Some(one.unwrap_or_default() + two.unwrap_or_default()),
    };
    let untold = cost.map(|_| figure.untold() + more.untold());
    *figure = Figure {
        tokens: figure.tokens + more.tokens,
        cost,
        untold: untold.unwrap_or_default(),
    };
}

/// A counter of money alone is what all of the model's tokens cost.
pub(super) fn pay(figures: &mut Figures, model: &str, money: Figure) {
    let figure = figures.entry(model.to_owned()).or_default();
    *figure = Figure::new(figure.tokens, money.cost);
}
