//! How far the provider's limits are used up.

use serde_json::Value;

use super::decode::Claude;
use crate::agent::common::text_at;
use crate::agent::limit::{moment, reached};
use crate::core::agent::event::{AgentEvent, LimitState, Limited};

impl Claude {
    pub(super) fn rate_limit(&mut self, info: &Value) -> Option<Vec<AgentEvent>> {
        let overage = info.get("isUsingOverage").and_then(Value::as_bool) == Some(true);
        let state = match text_at(info, "status")? {
            "allowed" => LimitState::Open,
            "allowed_warning" => LimitState::Near,
            // what is beyond it is answered too, for money
            "rejected" if overage => LimitState::Near,
            "rejected" => LimitState::Reached,
            _ => return None,
        };
        let kind = text_at(info, "rateLimitType").unwrap_or_default();
        let window = info.get("unifiedWindows").and_then(|all| all.get(kind));
        let resets = |of: &Value| of.get("resetsAt").and_then(moment);
        let used = |of: &Value| of.get("utilization")?.as_f64();
        let resets = resets(info).or_else(|| resets(window?));
        // a text may still tell when
        self.state.turn.limited |= state == LimitState::Reached && resets.is_some();
        Some(vec![AgentEvent::Limit(Limited {
            state,
            which: which(kind),
            resets,
            resets_in_ms: None,
            clock: None,
            used: used(info).or_else(|| used(window?)),
        })])
    }

    /// A limit of which only a text for people tells.
    pub(super) fn limit_told(&mut self, text: &str) -> Option<AgentEvent> {
        if self.state.turn.limited {
            return None;
        }
        // `Claude AI usage limit reached|1760000000`
        let at = text.rsplit_once('|').and_then(|(_, seconds)| {
            let seconds: u64 = seconds.trim().parse().ok()?;
            moment(&seconds.into())
        });
        let told = reached(text)?;
        if told.clock.is_none() && told.resets_in_ms.is_none() && at.is_none() {
            return None;
        }
        self.state.turn.limited = true;
        Some(AgentEvent::Limit(Limited { resets: at, ..told }))
    }
}

/// A limit's name, for people.
fn which(kind: &str) -> String {
    match kind {
        "five_hour" => "five-hour limit".into(),
        "seven_day" => "weekly limit".into(),
        "" => "usage limit".into(),
        "overage" => "extra usage limit".into(),
        _ => match kind.strip_prefix("seven_day_") {
            Some(model) => format!("weekly {model} limit"),
            None => format!("{} limit", kind.replace('_', " ")),
        },
    }
}
