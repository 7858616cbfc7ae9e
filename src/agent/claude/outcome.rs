//! The end of a turn, and how it ended.

use serde_json::Value;

use super::decode::Claude;
use super::said::notice;
use super::state::Turn;
use crate::agent::common::{first, text_at, trouble_by_status, trouble_of};
use crate::core::agent::event::{AgentEvent, Level, Part, Trouble, Verdict, Words};

impl Claude {
    pub(super) fn result(&mut self, line: &Value) -> Option<Vec<AgentEvent>> {
        let subtype = text_at(line, "subtype")?;
        let id = text_at(line, "uuid").unwrap_or_default();
        if !id.is_empty() && id == self.state.result {
            // told once more
            return Some(Vec::new());
        }
        let failed = line.get("is_error").and_then(Value::as_bool) == Some(true);
        let ok = subtype == "success" && !failed;
        let turns = line.get("num_turns").and_then(Value::as_u64);
        let turns = turns.map(|turns| u32::try_from(turns).unwrap_or(u32::MAX));
        let mut events = Vec::new();
        if self.state.session.is_none() && turns != Some(0) {
            // the only line of `--output-format json`; of one that never began, it is a name
            // that nothing goes by
            events.extend(text_at(line, "session_id").and_then(|id| self.session(id)));
        }
        events.extend(self.result_used(line));
        events.extend(self.refusals(line));
        let text = word(line);
        if ok && !self.state.turn.spoke && !text.is_empty() {
            events.push(AgentEvent::Text(Words {
                key: self.state.text_key(),
                text: text.clone(),
                part: Part::Whole,
                within: None,
            }));
        }
        let reason = text_at(line, "terminal_reason").unwrap_or_default();
        let trouble = (!ok).then(|| self.trouble(line, subtype, reason, &text));
        if trouble == Some(Trouble::Limit) {
            events.extend(self.limit_told(&text));
        }
        if turns != Some(0) {
            events.push(AgentEvent::TurnEnded {
                complete: trouble != Some(Trouble::Interrupted),
            });
        }
        let counted = self.state.turn.counts;
        let counts = match turns {
            // it broke down before it could say
            Some(0) if !ok => counted,
            Some(turns) => turns,
            None => counted.max(1),
        };
        self.state.turns = self.state.turns.saturating_add(counts);
        self.state.results = self.state.results.saturating_add(1);
        self.state.result = first(id, 256);
        self.state.turn = Turn::default();
        events.push(AgentEvent::Result(Verdict {
            ok,
            text: match (text.is_empty(), trouble) {
                (true, Some(Trouble::Interrupted)) => "it was interrupted".into(),
                (true, Some(_)) => subtype.replace('_', " "),
                _ => text,
            },
            trouble,
            turns: turns.map(|_| self.state.turns),
        }));
        Some(events)
    }

    /// Calls that were not allowed, of which no line of their own told.
    fn refusals(&self, line: &Value) -> Vec<AgentEvent> {
        let all = line.get("permission_denials").and_then(Value::as_array);
        // with all lines there, what a tool gave back tells of it
        if self.state.turn.open {
            return Vec::new();
        }
        let each = all.into_iter().flatten().map(|denial| {
            let tool = text_at(denial, "tool_name").unwrap_or("a tool");
            notice(Level::Warning, format!("not allowed: {tool}"))
        });
        each.collect()
    }

    fn trouble(&self, line: &Value, subtype: &str, reason: &str, text: &str) -> Trouble {
        if matches!(subtype, "error_max_turns" | "error_max_budget_usd")
            || matches!(reason, "max_turns" | "budget_exhausted")
        {
            return Trouble::Bound;
        }
        if reason.starts_with("aborted") {
            return Trouble::Interrupted;
        }
        let by_words = trouble_of(text);
        if by_words == Some(Trouble::Quota) {
            return Trouble::Quota;
        }
        let status = line.get("api_error_status").and_then(Value::as_u64);
        let by_status = status
            .and_then(|status| u16::try_from(status).ok())
            .or_else(|| status_in(text))
            .and_then(trouble_by_status);
        let by_error = match self.state.turn.error.as_str() {
            "authentication_failed" | "oauth_org_not_allowed" => Some(Trouble::Auth),
            "billing_error" => Some(Trouble::Quota),
            "rate_limit" => Some(Trouble::Limit),
            "invalid_request" | "model_not_found" => Some(Trouble::Request),
            "server_error" | "overloaded" => Some(Trouble::Provider),
            "max_output_tokens" => Some(Trouble::Other),
            _ => None,
        };
        let refused = text.contains("safeguards") || reason == "prompt_too_long";
        by_status
            .or(by_error)
            .or(refused.then_some(Trouble::Request))
            .or(by_words)
            .unwrap_or(if reason == "api_error" {
                Trouble::Provider
            } else {
                Trouble::Other
            })
    }
}

/// What a result says in words.
fn word(line: &Value) -> String {
    if let Some(text) = text_at(line, "result") {
        return text.to_owned();
    }
    if let Some(error) = line
        .get("error")
        .and_then(|error| text_at(error, "message"))
    {
        return error.to_owned();
    }
    let errors = line.get("errors").and_then(Value::as_array);
    let errors = errors
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        // for those who build it
        .filter(|error| !error.starts_with("[ede_diagnostic]"));
    errors.collect::<Vec<_>>().join("\n")
}

/// The status of `API Error: 400 ...`.
fn status_in(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("API Error: ")?;
    rest.split_whitespace().next()?.parse().ok()
}
