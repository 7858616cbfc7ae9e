//! What a run used: counters of several kinds, made one figure.

mod figure;

use serde::{Deserialize, Serialize};

use super::bill::{Bill, Source};
use super::event::{Meter, Used};
use super::model::is_same;
use super::price::Prices;
use super::tokens::{Tokens, Usd};
pub use figure::{Figure, Figures};
use figure::{add, pay, read, sum};

/// So many answers of a model are told apart; one that is told of again after so many
/// others would count twice.
const RECENT: usize = 64;

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
    /// Whether it does.
    absorbed: bool,
    /// What the conversation had used when this run began, where the run says so: better
    /// than `base`, which has nothing of what those runs did not count.
    before: Figures,
    /// What single answers had used when the first counter covered them.
    own: Figures,
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

    /// Whether it showed that the counters of this run cover what earlier ones of the
    /// conversation did not count.
    pub const fn absorbs(&self) -> bool {
        self.absorbed
    }

    /// Has that count once: gives back what the counters stood at when this run began, for
    /// the last of those runs; nothing where that is not known, then it counts in this one.
    pub fn absorb(&mut self) -> Figures {
        self.absorbed = false;
        let dead = std::mem::take(&mut self.dead);
        // one counter of tokens alone: what those runs told of single answers is their part
        if self.before.is_empty()
            && self.session.len() == 1
            && let Some((model, figure)) = self.session.first_key_value()
            && figure.cost.is_none()
        {
            let base = self.base.get(model).copied().unwrap_or_default();
            let before = Figure::new(base.tokens + sum(&dead), None);
            self.before.insert(model.clone(), before);
        }
        self.before.clone()
    }

    /// A later run knows what the conversation had used when this one was over; where it
    /// does not tell, what was told of single answers counts there.
    pub fn counted(&mut self, by_now: Figures) {
        self.dead.clear();
        self.session.extend(by_now);
        self.cover();
    }

    /// Whether something was told of single answers that no counter covers.
    pub fn is_uncounted(&self) -> bool {
        !self.calls_alone().is_empty()
    }

    fn calls_alone(&self) -> Figures {
        let mut all = self.sum.clone();
        for call in self.calls.iter().filter(|call| !call.covered) {
            add(&mut all, &call.model, call.figure);
        }
        all
    }

    /// Whether the conversation's counters cover what earlier runs used and did not count. A
    /// run of claude's that was ended by SIGTERM is in the next one's figures, one that was
    /// killed is not (2.1.329). What was read, which single answers tell exactly, tells
    /// which, beside what stood there when this run began, where that is said.
    fn absorb_before(&mut self) {
        let known = |(model, figure): (&String, &Figure)| {
            let base = self.base.get(model).copied().unwrap_or_default();
            read(figure.beyond(base).tokens)
        };
        let told = self.before.iter().map(known).sum();
        self.absorbed |= covers(told, sum(&self.dead), Tokens::default());
    }

    /// The same by what a counter stands at when it is first told. Counters and answers are
    /// held against each other by the model's name, those of no such name all together: some
    /// counters have none, and behind a gateway models answer under others.
    fn absorb_told(&mut self, model: &str) {
        if self.dead.is_empty() || !self.before.is_empty() {
            return;
        }
        let own = &self.own;
        let has = |figures: &Figures, name: &str| figures.keys().any(|it| is_same(it, name));
        let answers = |name: &str| has(own, name) || has(&self.dead, name);
        let named = answers(model);
        // which counters, and which answers
        let counter = |name: &str| {
            if named {
                is_same(name, model)
            } else {
                !answers(name)
            }
        };
        let answer = |name: &str| {
            if named {
                is_same(name, model)
            } else {
                !has(&self.session, name)
            }
        };
        let of = |figures: &Figures| {
            let each = figures.iter().filter(|(name, _)| answer(name));
            each.fold(Tokens::default(), |all, (_, each)| all + each.tokens)
        };
        let told = self.session.iter().filter(|(name, _)| counter(name));
        let told = told.map(|(name, figure)| read(figure.beyond(self.start(name)).tokens));
        self.absorbed |= covers(told.sum(), of(&self.dead), of(own));
    }

    /// What the conversation has used when this run is over, as far as that was told: for
    /// the ledger of the next.
    pub fn session(&self) -> Figures {
        let mut all = self.base.clone();
        all.extend(self.before.clone());
        all.extend(self.session.clone());
        all
    }

    /// What a counter of the conversation stood at when this run began.
    fn start(&self, model: &str) -> Figure {
        let known = self.before.get(model).or_else(|| self.base.get(model));
        known.copied().unwrap_or_default()
    }

    /// Takes in what was told.
    pub fn take(&mut self, used: &Used) {
        let model = used.model.clone().unwrap_or_default();
        let figure = Figure::new(used.tokens, used.cost);
        match &used.meter {
            Meter::Session if figure.is_money() => drop(self.session.insert(model, figure)),
            Meter::Session => {
                // one that stands lower than before began anew with this run
                if self.start(&model).tokens.total() > figure.tokens.total() {
                    self.base.clear();
                    self.before.clear();
                }
                let last = self.session.get(&model).map(|last| last.tokens.total());
                if last.is_some_and(|last| last > figure.tokens.total()) {
                    self.leave_conversation();
                }
                if !self.dead.is_empty() && self.session.is_empty() {
                    self.own = self.calls_alone();
                }
                if self.session.insert(model.clone(), figure).is_none() {
                    self.absorb_told(&model);
                }
                self.cover();
            }
            Meter::Began => {
                if self.session.is_empty() {
                    self.before.insert(model, figure);
                    self.absorb_before();
                }
            }
            Meter::Run if figure.is_money() => drop(self.run.insert(model, figure)),
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
        self.before.clear();
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
        for (model, figure) in self.run.iter().filter(|(_, figure)| !figure.is_money()) {
            add(&mut all, model, *figure);
        }
        for (model, figure) in self.run.iter().filter(|(_, figure)| figure.is_money()) {
            pay(&mut all, model, *figure);
        }
        for (model, figure) in &self.left {
            add(&mut all, model, *figure);
        }
        all
    }

    /// What of it no counter of the run has, nor a conversation that it left.
    fn of_conversation(&self) -> Figures {
        let mut all = Figures::new();
        let (money, counters): (Vec<_>, Vec<_>) = self
            .session
            .iter()
            .partition(|(_, figure)| figure.is_money());
        for (model, figure) in counters {
            add(&mut all, model, figure.beyond(self.start(model)));
        }
        for (model, figure) in self.calls_alone() {
            add(&mut all, &model, figure);
        }
        for (model, figure) in money {
            pay(&mut all, model, figure.beyond(self.start(model)));
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
            let price = model.and_then(|model| prices.find(model));
            let untold = figure.untold();
            let told = figure.cost.map(|cost| (cost, Source::Agent));
            let priced = (!untold.is_zero()).then(|| match price {
                Some(price) if price.holds(untold) => (price.of(untold), Source::Prices),
                Some(price) => (price.of(untold), Source::Unknown),
                None => (Usd(0), Source::Unknown),
            });
            let each = told.into_iter().chain(priced);
            let (known, source) = each.fold((Usd(0), Source::Nothing), |all, each| {
                (all.0 + each.0, all.1.and(each.1))
            });
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

/// Whether so much that was read can be all that was answered, earlier and in this run.
fn covers(told: u64, dead: Tokens, own: Tokens) -> bool {
    !dead.is_zero() && told >= read(dead + own)
}

#[cfg(test)]
mod tests;
