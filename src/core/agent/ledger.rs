//! What a run used: counters of several kinds, made one figure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bill::{Bill, Source};
use super::event::{Meter, Used};
use super::price::Prices;
use super::tokens::{Tokens, Usd};

/// So many answers of a model are told apart; one that is told of again after so many
/// others would count twice.
const RECENT: usize = 64;

/// What was used by a model, and what it cost where that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Figure {
    /// How many tokens.
    pub tokens: Tokens,
    /// What they cost.
    pub cost: Option<Usd>,
}

/// By model; those of one that is not named under the empty name.
pub type Figures = BTreeMap<String, Figure>;

/// The counters of one run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    /// What the conversation had used when this run began.
    base: Figures,
    /// What it had used when that was last told.
    session: Figures,
    /// What this run had used when that was last told.
    run: Figures,
    /// Single answers since a counter that covers them was told: those that may be told of
    /// again, oldest first, and the sum of the rest.
    calls: Vec<Call>,
    sum: Figures,
    /// Whether some answer of that sum may have gone on, or of a conversation that was left.
    sum_partial: bool,
    left_partial: bool,
    /// Answers to earlier runs of the conversation that no counter covered: those runs were
    /// broken off. Whether this run's counter does shows when it is first told.
    dead: Figures,
    /// Whether it does: they are to count no more where they were told.
    pub absorbed: bool,
    /// What was used in conversations that this run left behind.
    left: Figures,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Call {
    key: String,
    model: String,
    figure: Figure,
    /// A counter covers it: it is told of once more, and counts no more.
    covered: bool,
    /// It may have gone on.
    #[serde(default)]
    partial: bool,
}

impl Ledger {
    /// The ledger of a run that goes on with a conversation which had used so much, and
    /// in earlier runs so much that was not counted.
    pub fn after(base: Figures, dead: Figures) -> Self {
        Self {
            base,
            dead,
            ..Self::default()
        }
    }

    /// What no counter covers: of this run, and of those before it.
    pub fn uncovered(&self) -> Figures {
        let mut all = self.dead.clone();
        for (model, figure) in self.calls_alone() {
            add(&mut all, &model, figure);
        }
        all
    }

    /// A later run's counter covers what was told of single answers.
    pub fn cover_calls(&mut self) {
        self.dead.clear();
        self.cover();
    }

    fn calls_alone(&self) -> Figures {
        let mut all = self.sum.clone();
        for call in self.calls.iter().filter(|call| !call.covered) {
            add(&mut all, &call.model, call.figure);
        }
        all
    }

    /// Whether a counter of the conversation, told the first time in this run, covers what
    /// earlier runs used and did not count. A run of claude's that was ended by SIGTERM is
    /// in the next one's figures, one that was killed is not (2.1.329): what was read, which
    /// single answers tell exactly, tells which.
    fn absorb(&mut self, model: &str, figure: Figure) {
        let Some(dead) = self.dead.get(model) else {
            return;
        };
        let read = |tokens: Tokens| tokens.total() - tokens.output;
        let base = self.base.get(model).copied().unwrap_or_default();
        let own = self.calls_alone().get(model).copied().unwrap_or_default();
        let told = read(figure.tokens.beyond(base.tokens));
        self.absorbed |= told >= read(own.tokens + dead.tokens) && !dead.tokens.is_zero();
    }

    /// What the conversation has used when this run is over, as far as that was told: for
    /// the ledger of the next.
    pub fn session(&self) -> Figures {
        let mut all = self.base.clone();
        all.extend(
            self.session
                .iter()
                .map(|(model, figure)| (model.clone(), *figure)),
        );
        all
    }

    /// Takes in what was told.
    pub fn take(&mut self, used: &Used) {
        let model = used.model.clone().unwrap_or_default();
        let figure = Figure {
            tokens: used.tokens,
            cost: used.cost,
        };
        match &used.meter {
            Meter::Session => {
                // one that stands lower than before began anew with this run
                let base = self.base.get(&model).copied().unwrap_or_default();
                if figure.tokens.is_zero() && figure.cost.is_some() {
                    // a counter of money alone: what single answers used it does not tell
                    self.session.insert(model, figure);
                    return;
                }
                if base.tokens.total() > figure.tokens.total() {
                    self.base.clear();
                }
                let last = self.session.get(&model).map(|last| last.tokens.total());
                if last.is_some_and(|last| last > figure.tokens.total()) {
                    self.leave_conversation();
                }
                if !self.session.contains_key(&model) {
                    self.absorb(&model, figure);
                }
                self.session.insert(model, figure);
                self.cover();
            }
            // what is known of earlier runs is better: it tells which of them were counted
            Meter::Began => {
                if self.dead.is_empty() && self.session.is_empty() {
                    self.base.entry(model).or_insert(figure);
                }
            }
            Meter::Run => {
                self.run.insert(model, figure);
                self.cover();
            }
            Meter::Call { key, partial } => self.call((key, *partial), model, figure),
        }
    }

    /// The run goes on in another conversation, whose counters begin anew: what it used by
    /// now it did use.
    pub fn leave_conversation(&mut self) {
        for (model, figure) in self.of_conversation() {
            add(&mut self.left, &model, figure);
        }
        self.left_partial = self.is_partial();
        self.cover();
        self.base.clear();
        self.session.clear();
        self.dead.clear();
    }

    /// Whether some answer is not known to have been told of in full.
    pub fn is_partial(&self) -> bool {
        let partial = |call: &Call| call.partial && !call.covered;
        self.sum_partial || self.left_partial || self.calls.iter().any(partial)
    }

    fn cover(&mut self) {
        self.sum.clear();
        self.sum_partial = false;
        for call in &mut self.calls {
            call.covered = true;
        }
    }

    fn call(&mut self, (key, partial): (&str, bool), model: String, figure: Figure) {
        if let Some(call) = self.calls.iter_mut().find(|call| call.key == key) {
            call.model = model;
            call.figure = figure;
            call.partial = partial;
            return;
        }
        if self.calls.len() == RECENT {
            let oldest = self.calls.remove(0);
            if !oldest.covered {
                self.sum_partial |= oldest.partial;
                add(&mut self.sum, &oldest.model, oldest.figure);
            }
        }
        self.calls.push(Call {
            key: key.to_owned(),
            model,
            figure,
            covered: false,
            partial,
        });
    }

    /// What this run used, by model.
    pub fn figures(&self) -> Figures {
        let mut all = self.of_conversation();
        for (model, figure) in self.run.iter().chain(&self.left) {
            add(&mut all, model, *figure);
        }
        all
    }

    /// What of it no counter of the run has, nor a conversation that it left.
    fn of_conversation(&self) -> Figures {
        let mut all = Figures::new();
        for (model, figure) in &self.session {
            let base = self.base.get(model).copied().unwrap_or_default();
            let beyond = Figure {
                tokens: figure.tokens.beyond(base.tokens),
                cost: figure
                    .cost
                    .map(|cost| cost.beyond(base.cost.unwrap_or_default())),
            };
            add(&mut all, model, beyond);
        }
        for (model, figure) in self.calls_alone() {
            add(&mut all, &model, figure);
        }
        for (model, figure) in &self.session {
            let base = self.base.get(model).and_then(|figure| figure.cost);
            if let Some(cost) = figure.cost.filter(|_| figure.tokens.is_zero()) {
                let cost = cost.beyond(base.unwrap_or_default());
                all.entry(model.clone()).or_default().cost = Some(cost);
            }
        }
        all.retain(|_, figure| !figure.tokens.is_zero() || figure.cost.is_some());
        all
    }

    /// What this run used and what it cost: as the agent says, else by the table; a model
    /// that nobody named is taken to be `usual`.
    pub fn bill(&self, prices: &Prices, usual: Option<&str>) -> Bill {
        let each = self.bills(prices, usual).into_iter();
        each.fold(Bill::default(), |all, (_, each)| all.and(&each))
    }

    /// The same by model; one that nobody named, nor usually answers, has none.
    pub fn bills(&self, prices: &Prices, usual: Option<&str>) -> Vec<(Option<String>, Bill)> {
        let each = self.figures().into_iter().map(|(model, figure)| {
            let model = (!model.is_empty()).then_some(model.as_str()).or(usual);
            let priced = || {
                let price = prices.find(model?)?;
                let source = price.holds(figure.tokens).then_some(Source::Prices);
                Some((price.of(figure.tokens), source.unwrap_or(Source::Unknown)))
            };
            let told = figure.cost.map(|cost| (cost, Source::Agent));
            let (known, source) = told.or_else(priced).unwrap_or((Usd(0), Source::Unknown));
            let bill = Bill {
                tokens: figure.tokens,
                cost: (source != Source::Unknown).then_some(known),
                known,
                source,
                at_least: false,
            };
            (model.map(str::to_owned), bill)
        });
        each.collect()
    }
}

fn add(figures: &mut Figures, model: &str, more: Figure) {
    let known = figures.contains_key(model);
    let figure = figures.entry(model.to_owned()).or_default();
    let had = figure.tokens.is_zero() && figure.cost.is_none();
    figure.tokens += more.tokens;
    figure.cost = match (figure.cost, more.cost) {
        (Some(one), Some(two)) => Some(one + two),
        (None, cost) if !known || had => cost,
        (cost, None) if more.tokens.is_zero() => cost,
        _ => None,
    };
}

#[cfg(test)]
mod tests;
