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
                Some((price.of(figure.tokens)?, Source::Prices))
            };
            let told = figure.cost.map(|cost| (cost, Source::Agent));
            let (cost, source) = told.or_else(priced).unzip();
            let bill = Bill {
                tokens: figure.tokens,
                cost,
                known: cost.unwrap_or_default(),
                source: source.unwrap_or(Source::Unknown),
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
mod tests {
    use super::*;
    use crate::core::agent::price::Price;

    fn used(meter: Meter, input: u64, cost: Option<u64>) -> Used {
        Used {
            model: Some("m".into()),
            tokens: Tokens {
                input,
                ..Tokens::default()
            },
            cost: cost.map(Usd),
            meter,
        }
    }

    fn figure(input: u64, cost: u64) -> Figure {
        let used = used(Meter::Session, input, Some(cost));
        Figure {
            tokens: used.tokens,
            cost: used.cost,
        }
    }

    fn call(key: &str) -> Meter {
        Meter::Call {
            key: key.into(),
            partial: false,
        }
    }

    fn total(ledger: &Ledger) -> (u64, Option<u64>) {
        let bill = ledger.bill(&Prices::default(), None);
        (bill.tokens.input, bill.cost.map(|cost| cost.0))
    }

    #[test]
    fn an_answer_told_of_twice_counts_once_and_a_counter_covers_it() {
        let mut ledger = Ledger::default();
        ledger.take(&used(call("a"), 10, None));
        ledger.take(&used(call("a"), 12, None));
        ledger.take(&used(call("b"), 5, None));
        assert_eq!(total(&ledger), (17, None));
        ledger.take(&used(Meter::Session, 17, Some(170)));
        assert_eq!(total(&ledger), (17, Some(170)));
        ledger.take(&used(call("b"), 5, None));
        assert_eq!(total(&ledger), (17, Some(170)), "told once more");
        ledger.take(&used(call("c"), 3, Some(30)));
        assert_eq!(total(&ledger), (20, Some(200)));
    }

    #[test]
    fn a_counter_of_the_conversation_counts_from_where_the_run_began() {
        let mut first = Ledger::default();
        first.take(&used(Meter::Session, 100, Some(1000)));
        let mut second = Ledger::after(first.session(), Figures::new());
        assert_eq!(total(&second), (0, None));
        second.take(&used(Meter::Session, 130, Some(1300)));
        assert_eq!(total(&second), (30, Some(300)));
        let silent = Ledger::after(second.session(), Figures::new());
        let mut fourth = Ledger::after(silent.session(), Figures::new());
        fourth.take(&used(Meter::Session, 131, Some(1310)));
        assert_eq!(total(&fourth), (1, Some(10)));
        let mut anew = Ledger::after(fourth.session(), Figures::new());
        anew.take(&used(Meter::Session, 7, Some(70)));
        assert_eq!(total(&anew), (7, Some(70)), "it began anew");
    }

    #[test]
    fn what_a_broken_off_run_used_counts_once_whether_the_next_counter_has_it_or_not() {
        for (told, absorbed, sum) in [(130, false, 150), (150, true, 150)] {
            let mut first = Ledger::default();
            first.take(&used(Meter::Session, 100, Some(1000)));
            let mut dead = Ledger::after(first.session(), first.uncovered());
            dead.take(&used(call("a"), 20, None));
            let mut next = Ledger::after(dead.session(), dead.uncovered());
            next.take(&used(call("b"), 30, None));
            next.take(&used(Meter::Session, told, Some(told * 10)));
            assert_eq!(next.absorbed, absorbed);
            if absorbed {
                dead.cover_calls();
            }
            let all = [first, dead, next].map(|ledger| total(&ledger).0);
            assert_eq!(all.iter().sum::<u64>(), sum, "{all:?}");
        }
    }

    #[test]
    fn a_conversation_that_began_elsewhere_counts_from_where_it_is_said_to_have_been() {
        let mut elsewhere = Ledger::default();
        elsewhere.take(&used(Meter::Began, 100, Some(1000)));
        elsewhere.take(&used(Meter::Session, 130, Some(1300)));
        assert_eq!(total(&elsewhere), (30, Some(300)));
        let mut next = Ledger::after(elsewhere.session(), elsewhere.uncovered());
        next.take(&used(Meter::Began, 120, Some(1200)));
        next.take(&used(Meter::Session, 131, Some(1310)));
        assert_eq!(total(&next), (1, Some(10)), "known better here");
    }

    #[test]
    fn a_run_that_goes_on_in_another_conversation_counts_both() {
        let mut ledger =
            Ledger::after([("m".to_owned(), figure(100, 1000))].into(), Figures::new());
        ledger.take(&used(Meter::Session, 120, Some(1200)));
        ledger.take(&used(call("a"), 5, Some(50)));
        ledger.leave_conversation();
        assert_eq!(
            total(&ledger),
            (25, Some(250)),
            "nothing is told of the next"
        );
        // told once more, it counts no more; more than the last counter is no sign of it
        ledger.take(&used(call("a"), 5, Some(50)));
        ledger.take(&used(Meter::Session, 130, Some(1300)));
        assert_eq!(total(&ledger), (155, Some(1550)));
        let mut next = Ledger::after(ledger.session(), ledger.uncovered());
        next.take(&used(Meter::Session, 131, Some(1310)));
        assert_eq!(total(&next), (1, Some(10)));
    }

    #[test]
    fn an_answer_that_is_not_told_in_full_is_partial_until_it_is_or_is_covered() {
        let begun = |key: &str| Meter::Call {
            key: key.into(),
            partial: true,
        };
        let mut ledger = Ledger::default();
        ledger.take(&used(begun("a"), 10, None));
        assert!(ledger.is_partial());
        ledger.take(&used(call("a"), 12, None));
        assert!(!ledger.is_partial());
        for n in 0..1000 {
            ledger.take(&used(begun(&n.to_string()), 1, None));
        }
        for n in 0..1000 {
            ledger.take(&used(call(&format!("other {n}")), 1, None));
        }
        assert!(ledger.is_partial(), "those that are forgotten were");
        ledger.take(&used(Meter::Session, 5000, Some(5)));
        assert!(!ledger.is_partial());
        ledger.take(&used(begun("b"), 10, None));
        ledger.leave_conversation();
        ledger.take(&used(Meter::Session, 5, Some(5)));
        assert!(ledger.is_partial(), "nobody will tell any more");
    }

    #[test]
    fn a_counter_that_falls_began_anew() {
        let mut ledger = Ledger::default();
        for (input, sum) in [(50, 50), (10, 60), (20, 70), (20, 70)] {
            ledger.take(&used(Meter::Session, input, Some(input * 10)));
            assert_eq!(total(&ledger), (sum, Some(sum * 10)));
        }
    }

    #[test]
    fn a_counter_of_money_alone_leaves_the_tokens_to_single_answers() {
        let mut first = Ledger::default();
        first.take(&used(Meter::Session, 0, Some(100)));
        first.take(&used(call("a"), 20, None));
        first.take(&used(Meter::Session, 0, Some(150)));
        first.take(&used(call("b"), 30, None));
        assert_eq!(total(&first), (50, Some(150)));
        let mut next = Ledger::after(first.session(), Figures::new());
        next.take(&used(Meter::Session, 0, Some(190)));
        next.take(&used(call("c"), 7, None));
        assert_eq!(total(&next), (7, Some(40)));
    }

    #[test]
    fn many_answers_are_all_counted() {
        let mut ledger = Ledger::default();
        for n in 0..1000 {
            ledger.take(&used(call(&n.to_string()), 1, Some(2)));
        }
        assert_eq!(total(&ledger), (1000, Some(2000)));
        assert!(ledger.calls.len() <= RECENT);
    }

    #[test]
    fn a_cost_is_told_or_looked_up_or_not_known() {
        let mut ledger = Ledger::default();
        ledger.take(&used(Meter::Run, 10, None));
        let prices = Prices {
            date: "2026-11-20".into(),
            models: [(
                "m".to_owned(),
                Price {
                    input: 3000,
                    ..Price::default()
                },
            )]
            .into(),
        };
        let bill = ledger.bill(&prices, None);
        assert_eq!((bill.cost, bill.source), (Some(Usd(30)), Source::Prices));
        let bill = ledger.bill(&Prices::default(), None);
        assert_eq!((bill.cost, bill.source), (None, Source::Unknown));
        let mut nameless = Ledger::default();
        nameless.take(&Used {
            model: None,
            ..used(Meter::Run, 10, None)
        });
        assert_eq!(nameless.bill(&prices, Some("m")).cost, Some(Usd(30)));
        assert_eq!(nameless.bill(&prices, None).cost, None);
        let nothing = Ledger::default().bill(&prices, None);
        assert_eq!((nothing.cost, nothing.source), (None, Source::Nothing));
    }
}
