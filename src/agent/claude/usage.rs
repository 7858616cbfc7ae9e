//! What was used: by an answer, by a run, by a conversation.

use std::collections::BTreeMap;

use serde_json::Value;

use super::decode::{Claude, Dialect};
use super::state::{Figure, put};
use crate::agent::field;
use crate::core::agent::event::{AgentEvent, Meter, Used};
use crate::core::agent::tokens::{Tokens, Usd};

/// What a message says that it used.
pub(super) fn answer_tokens(dialect: Dialect, message: &Value) -> Tokens {
    let Some(usage) = message.get("usage") else {
        return Tokens::default();
    };
    let count = |name| field::count(usage, name);
    let cache_read = count("cache_read_input_tokens");
    let input = count("input_tokens");
    let details = usage.get("output_tokens_details");
    Tokens {
        input: match dialect {
            Dialect::Claude => input,
            // there it includes what was cached
            Dialect::Qwen => input.saturating_sub(cache_read),
        },
        output: count("output_tokens"),
        cache_read,
        cache_write: count("cache_creation_input_tokens"),
        reasoning: details.map_or(0, |details| field::count(details, "thinking_tokens")),
    }
}

/// Whether an answer costs more than its tokens tell: what is kept in a cache for an hour,
/// and searches in the web, have prices of their own.
pub(super) fn costs_more(message: &Value) -> bool {
    let usage = message.get("usage").unwrap_or(&Value::Null);
    let counts = |of: &str, name: &str| usage.get(of).is_some_and(|of| field::count(of, name) > 0);
    counts("cache_creation", "ephemeral_1h_input_tokens")
        || counts("server_tool_use", "web_search_requests")
}

/// Counters of a result, by model.
fn by_model(told: &Value) -> BTreeMap<String, Figure> {
    let models = told.as_object().into_iter().flatten();
    let figures = models.map(|(model, told)| {
        let count = |name| field::count(told, name);
        let tokens = Tokens {
            input: count("inputTokens"),
            output: count("outputTokens"),
            cache_read: count("cacheReadInputTokens"),
            cache_write: count("cacheCreationInputTokens"),
            reasoning: count("thinkingTokens"),
        };
        let cost = told
            .get("costUSD")
            .and_then(Value::as_f64)
            .and_then(Usd::of);
        let name = model.split('[').next().unwrap_or_default();
        (name.to_owned(), Figure { tokens, cost })
    });
    let mut all: BTreeMap<String, Figure> = BTreeMap::new();
    for (model, figure) in figures {
        add(all.entry(model).or_default(), figure);
    }
    all
}

fn add(to: &mut Figure, more: Figure) {
    to.tokens += more.tokens;
    to.cost = match (to.cost, more.cost) {
        (Some(one), Some(two)) => Some(one + two),
        (one, two) => one.or(two),
    };
}

impl Claude {
    /// What a result says was used. Those of 2.1 say what the conversation used by now, runs
    /// before this one included; those of late say besides what was used since the last
    /// result: so it shows where a run began, and what it used where the program crashed,
    /// which sets the former to nothing.
    pub(super) fn result_used(&mut self, line: &Value) -> Vec<AgentEvent> {
        if self.dialect == Dialect::Qwen {
            return whole_conversation(line);
        }
        let mut told = by_model(line.get("modelUsage").unwrap_or(&Value::Null));
        let since = line.get("model_usage_since_last_result");
        let since = since.filter(|since| since.is_object()).map(by_model);
        if told.is_empty() {
            return match since {
                Some(since) => self.used_uncounted(since),
                None => self.turn_used(line),
            };
        }
        let total = line.get("total_cost_usd").and_then(Value::as_f64);
        let rest = total
            .and_then(Usd::of)
            .and_then(|total| settle(&mut told, total));
        if let Some(cost) = rest {
            let tokens = Tokens::default();
            let cost = Some(cost);
            told.insert(String::new(), Figure { tokens, cost });
        }
        let mut events = Vec::new();
        if let Some(since) = since.filter(|_| self.state.results == 0 && !self.state.per_run) {
            let before = told.iter().map(|(model, figure)| {
                let since = since.get(model).copied().unwrap_or_default();
                let tokens = figure.tokens.beyond(since.tokens);
                let cost = figure
                    .cost
                    .map(|cost| cost.beyond(since.cost.unwrap_or_default()));
                (model.clone(), Figure { tokens, cost })
            });
            let before = before.filter(|(_, figure)| !figure.tokens.is_zero());
            events.extend(before.map(|(model, figure)| used(model, figure, Meter::Began)));
        }
        let meter = if self.state.per_run {
            Meter::Run
        } else {
            Meter::Session
        };
        events.extend(
            told.into_iter()
                .map(|(model, figure)| used(model, figure, meter.clone())),
        );
        events
    }

    /// What a result says that names no models, as those of 1.0 did: what its turn used, and
    /// what the run cost.
    fn turn_used(&mut self, line: &Value) -> Vec<AgentEvent> {
        let cost = line.get("total_cost_usd").and_then(Value::as_f64);
        let cost = cost.and_then(Usd::of).filter(|cost| cost.0 > 0);
        let model = self.state.model.clone().unwrap_or_default();
        let mut figure = self.state.used.get(&model).copied().unwrap_or_default();
        figure.tokens += answer_tokens(self.dialect, line);
        figure.cost = cost;
        if figure.tokens.is_zero() && cost.is_none() {
            return Vec::new();
        }
        put(&mut self.state.used, &model, figure);
        vec![used(model, figure, Meter::Run)]
    }

    /// What the run used that no counter of the conversation has.
    fn used_uncounted(&mut self, since: BTreeMap<String, Figure>) -> Vec<AgentEvent> {
        for (model, figure) in since {
            let mut sum = self.state.used.get(&model).copied().unwrap_or_default();
            add(&mut sum, figure);
            put(&mut self.state.used, &model, sum);
        }
        let all = self.state.used.iter();
        let all = all.map(|(model, figure)| used(model.clone(), *figure, Meter::Run));
        all.collect()
    }
}

fn used(model: String, figure: Figure, meter: Meter) -> AgentEvent {
    AgentEvent::Used(Used {
        model: (!model.is_empty()).then_some(model),
        tokens: figure.tokens,
        cost: figure.cost,
        meter,
    })
}

/// Has figures agree with the cost of all, which is the bill: gives back what of it belongs
/// to no model.
fn settle(figures: &mut BTreeMap<String, Figure>, total: Usd) -> Option<Usd> {
    let sum = figures
        .values()
        .filter_map(|figure| figure.cost)
        .fold(Usd::default(), |sum, cost| sum + cost);
    let untold = |figure: &&mut Figure| figure.cost.is_none() && !figure.tokens.is_zero();
    let mut untold: Vec<_> = figures.values_mut().filter(untold).collect();
    untold.sort_by_key(|figure| figure.tokens.total());
    if total > Usd(0)
        && let Some(most) = untold.pop()
    {
        // what the others leave is theirs together; whose of them is not told
        most.cost = Some(total.beyond(sum));
        for figure in untold {
            figure.cost = Some(Usd(0));
        }
        return None;
    }
    // each of them is rounded
    let rounded = figures.len() as u64 + 1;
    if total.beyond(sum).0 > rounded {
        return Some(total.beyond(sum));
    }
    let most = figures.values_mut().max_by_key(|figure| figure.cost);
    if let Some(Figure {
        cost: Some(cost), ..
    }) = most
        && sum.beyond(total).0 > rounded
    {
        *cost = cost.beyond(sum.beyond(total));
    }
    None
}

/// qwen-code counts over the conversation, and over all models.
fn whole_conversation(line: &Value) -> Vec<AgentEvent> {
    let tokens = answer_tokens(Dialect::Qwen, line);
    // nothing: no answer came, and what was before is not told
    if tokens.is_zero() {
        return Vec::new();
    }
    vec![AgentEvent::Used(Used {
        model: None,
        tokens,
        cost: None,
        meter: Meter::Session,
    })]
}
