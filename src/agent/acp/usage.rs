//! What a turn used, in the ways that agents tell it.

use serde_json::Value;

use crate::agent::field::whole;
use crate::core::agent::event::{AgentEvent, Meter, Used};
use crate::core::agent::tokens::{Tokens, Usd};

/// Of figures as the protocol has them. Whether the input has those from the cache in it and
/// the output the thinking is told by the total alone: qwen's have, opencode's have not.
pub(super) fn tokens(usage: &Value) -> Option<Tokens> {
    let figure = |name: &str| usage.get(name).and_then(whole);
    let input = figure("inputTokens")?;
    let output = figure("outputTokens")?;
    let cache_read = figure("cachedReadTokens").unwrap_or(0);
    let cache_write = figure("cachedWriteTokens").unwrap_or(0);
    let thought = figure("thoughtTokens").unwrap_or(0);
    let cached = cache_read.saturating_add(cache_write);
    let beside = figure("totalTokens").map_or(cached.saturating_add(thought), |total| {
        total.saturating_sub(input.saturating_add(output))
    });
    let (cache_is_beside, thought_is_beside) = if beside == 0 {
        (false, false)
    } else if beside == thought {
        (false, true)
    } else {
        (true, beside != cached)
    };
    Some(Tokens {
        input: if cache_is_beside {
            input
        } else {
            input.saturating_sub(cached)
        },
        output: if thought_is_beside {
            output.saturating_add(thought)
        } else {
            output
        },
        cache_read,
        cache_write,
        reasoning: thought,
    })
}

/// Of one answer of the model, or of a turn of which no more is told.
pub(super) fn used(model: Option<String>, tokens: Tokens, key: String) -> AgentEvent {
    AgentEvent::Used(Used {
        model,
        tokens,
        cost: None,
        meter: Meter::Call {
            key,
            partial: false,
        },
    })
}

/// What the response to a prompt tells of its turn: `usage`, or gemini's quota by model,
/// whose input has those from the cache in it and does not say how many they are.
pub(super) fn of_turn(result: &Value, turn: u64) -> Vec<AgentEvent> {
    if let Some(tokens) = result.get("usage").and_then(tokens) {
        return vec![used(None, tokens, format!("turn-{turn}"))];
    }
    let quota = result.pointer("/_meta/quota/model_usage");
    let each = quota.and_then(Value::as_array).into_iter().flatten();
    each.filter_map(|entry| {
        let model = entry.get("model")?.as_str()?;
        let count = entry.get("token_count")?;
        let tokens = Tokens {
            input: whole(count.get("input_tokens")?)?,
            output: whole(count.get("output_tokens")?)?,
            ..Tokens::default()
        };
        let key = format!("turn-{turn} {model}");
        Some(used(Some(model.to_owned()), tokens, key))
    })
    .collect()
}

/// What the conversation cost so far, as a `usage_update` has it.
pub(super) fn cost(update: &Value) -> Option<AgentEvent> {
    let cost = update.get("cost")?;
    let dollars = cost.get("currency").and_then(Value::as_str) == Some("USD");
    let amount = cost.get("amount")?.as_f64().filter(|_| dollars)?;
    Some(AgentEvent::Used(Used {
        model: None,
        tokens: Tokens::default(),
        cost: Some(Usd::of(amount)?),
        meter: Meter::Session,
    }))
}
