//! Tokens, and limits of the provider's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agent::field::count;
use crate::core::agent::event::{AgentEvent, LimitState, Limited, Meter, Used};
use crate::core::agent::tokens::Tokens;
use crate::core::time::Timestamp;

/// From so much of a limit on it is near, in percent.
const NEAR: f64 = 90.0;

/// So many threads are told apart.
const MOST_THREADS: usize = 256;

/// What was used so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Meters {
    /// Where the counters of threads stand; they go on over runs and forks.
    threads: BTreeMap<String, Tokens>,
    /// What this run used, over all its threads.
    run: Tokens,
    /// When the limit that is used most is reset, in seconds since the epoch.
    pub(super) resets: Option<u64>,
}

impl Meters {
    /// A counter was told; `now` whether it is of the turn that goes on, else it says where
    /// a thread stood that is gone on with. `inherits`: the thread may have begun before.
    pub(super) fn told(
        &mut self,
        thread: &str,
        usage: &Value,
        now: bool,
        inherits: bool,
    ) -> Option<AgentEvent> {
        let total = tokens(usage.get("total")?);
        if self.threads.len() == MOST_THREADS && !self.threads.contains_key(thread) {
            self.threads.pop_first();
        }
        let before = self.threads.insert(thread.to_owned(), total);
        if !now {
            return None;
        }
        let more = match before {
            Some(before) => total.beyond(before),
            None if inherits => tokens(usage.get("last")?),
            None => total,
        };
        self.run += more;
        Some(AgentEvent::Used(Used {
            model: None,
            tokens: self.run,
            cost: None,
            meter: Meter::Run,
        }))
    }

    /// `account/rateLimits/updated`: of its windows the one that is used most.
    pub(super) fn limits(&mut self, limits: &Value) -> Option<AgentEvent> {
        let windows = ["primary", "secondary"].map(|name| limits.get(name));
        let used = |window: &Value| window.get("usedPercent").and_then(Value::as_f64);
        let told = windows.into_iter().flatten();
        let told = told.filter_map(|window| Some((used(window)?, window)));
        let (percent, window) = told.max_by(|(one, _), (two, _)| one.total_cmp(two))?;
        self.resets = window.get("resetsAt").and_then(Value::as_u64);
        let over = limits
            .get("rateLimitReachedType")
            .is_some_and(Value::is_string);
        let state = if over || percent >= 100.0 {
            LimitState::Reached
        } else if percent >= NEAR {
            LimitState::Near
        } else {
            LimitState::Open
        };
        let which = match count(window, "windowDurationMins") {
            300 => "five-hour limit".to_owned(),
            10_080 => "weekly limit".to_owned(),
            0 => "usage limit".to_owned(),
            minutes if minutes % 60 == 0 => format!("{}-hour limit", minutes / 60),
            minutes => format!("{minutes}-minute limit"),
        };
        Some(AgentEvent::Limit(Limited {
            state,
            which,
            resets: self.resets.map(at),
            resets_in_ms: None,
            clock: None,
            used: Some(percent / 100.0),
        }))
    }
}

/// Seconds since the epoch.
pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp(seconds.saturating_mul(1000))
}

fn tokens(told: &Value) -> Tokens {
    let cached = count(told, "cachedInputTokens");
    let written = count(told, "cacheWriteInputTokens");
    Tokens {
        input: count(told, "inputTokens")
            .saturating_sub(cached)
            .saturating_sub(written),
        output: count(told, "outputTokens"),
        cache_read: cached,
        cache_write: written,
        reasoning: count(told, "reasoningOutputTokens"),
    }
}
