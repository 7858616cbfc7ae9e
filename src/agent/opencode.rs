//! `opencode run --format json`, version 1.18: parts of messages as they are finished.
//!
//! There is no first word and no last: the conversation is named by each event, the model by
//! none, and how it went follows from why the last step ended, from errors, and from the
//! exit. That it tries again is told nowhere. What a subagent used is told nowhere either:
//! its steps belong to a conversation of its own.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Decoder;
use super::common::{
    Tellings, category, fault_of, first, load, object, one_line, raw, trouble_by_status,
    trouble_of, without_result,
};
use super::field::{count, exit_code, message, output, text, whole};
use super::limit::reached;
use super::pattern::{pattern, uncoloured};
use crate::core::agent::event::{
    AgentEvent, Level, Limited, Meter, Part, Trouble, Used, Verdict, Words,
};
use crate::core::agent::tokens::{Tokens, Usd};
use crate::core::agent::tool::{Category, Fault, FaultKind};
use crate::core::task::Exit;
use crate::core::time::Timestamp;

/// What is kept of a message, in characters.
const KEPT: usize = 2000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Opencode {
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// The conversation, where it was told.
    session: String,
    /// Calls that were told of.
    calls: Tellings,
    /// Steps that ended without a name.
    steps: u64,
    /// Why the last step ended.
    reason: String,
    /// The last text.
    last: String,
    /// The permission that was refused in the last step.
    refused: String,
    /// The last error, and which trouble it is.
    error: String,
    trouble: Option<Trouble>,
    /// Whether the result was told.
    told: bool,
}

impl Opencode {
    pub(super) fn new(saved: &Value) -> Self {
        Self { state: load(saved) }
    }

    /// The events of a line that is an event; `None` where it means nothing.
    fn event(&mut self, event: &Value) -> Option<Vec<AgentEvent>> {
        let part = event.get("part").unwrap_or(&Value::Null);
        let words = || {
            Some(Words {
                key: part.get("id")?.as_str()?.to_owned(),
                text: part.get("text")?.as_str()?.to_owned(),
                part: Part::Whole,
                within: None,
            })
        };
        let events = match text(event, "type") {
            "step_start" => {
                self.state.reason.clear();
                self.state.refused.clear();
                Vec::new()
            }
            "text" => {
                let words = words()?;
                self.state.last = first(&words.text, KEPT);
                vec![AgentEvent::Text(words)]
            }
            "reasoning" => vec![AgentEvent::Thinking(words()?)],
            "tool_use" => self.tool(part)?,
            "step_finish" => self.step(part)?,
            "error" => self.failed(event)?,
            _ => return None,
        };
        let session = text(event, "sessionID");
        if session.is_empty() || session == self.state.session {
            return Some(events);
        }
        let began = self
            .state
            .session
            .is_empty()
            .then_some(AgentEvent::TurnBegan);
        session.clone_into(&mut self.state.session);
        let session = AgentEvent::Session { id: session.into() };
        Some([session].into_iter().chain(began).chain(events).collect())
    }

    /// A call of a tool, which 1.18 tells of only when it is over.
    fn tool(&mut self, part: &Value) -> Option<Vec<AgentEvent>> {
        let id = part.get("callID")?.as_str()?.to_owned();
        let name = part.get("tool")?.as_str()?;
        let state = part.get("state").filter(|state| state.is_object())?;
        let category = category(name);
        let input = state.get("input").cloned().unwrap_or_default();
        let metadata = state.get("metadata").unwrap_or(&Value::Null);
        let exit_code = exit_code(metadata, "exit");
        let error = message(state.get("error").unwrap_or(&Value::Null));
        let gave = output(state.get("output").unwrap_or(&Value::Null));
        let fault = fault(name, category, state, &gave, exit_code);
        if REFUSED.is_match(&error) && self.state.refused.is_empty() {
            self.state.refused = first(&error, KEPT);
        }
        let time = state.get("time").unwrap_or(&Value::Null);
        let began = count(time, "start").to_string();
        let parts = [text(part, "id"), &id, name, &began, &input.to_string()];
        let mut events = vec![AgentEvent::ToolStarted {
            id: id.clone(),
            name: name.to_owned(),
            category,
            input: input.clone(),
            within: None,
        }];
        // as its server tells of it, and other versions may here
        if matches!(text(state, "status"), "pending" | "running") {
            return Some(events);
        }
        if self.state.calls.again(&parts) {
            return Some(Vec::new());
        }
        if category == Category::Agent {
            let title = [text(&input, "subagent_type"), text(&input, "description")].map(one_line);
            let title = title.join(": ");
            events.extend([false, true].map(|ended| AgentEvent::Subagent {
                id: id.clone(),
                title: title.trim_start_matches(": ").to_owned(),
                ended,
            }));
        }
        events.push(AgentEvent::ToolEnded {
            id,
            fault,
            output: if gave.is_empty() { error } else { gave },
            duration_ms: count(time, "end").checked_sub(count(time, "start")),
            exit_code,
        });
        Some(events)
    }

    /// A step ended: an answer of the model, and the calls that it asked for.
    fn step(&mut self, part: &Value) -> Option<Vec<AgentEvent>> {
        let told = part.get("tokens").filter(|tokens| tokens.is_object());
        let cost = part.get("cost").and_then(Value::as_f64).and_then(Usd::of);
        let reason = text(part, "reason");
        if reason.is_empty() && told.is_none() && cost.is_none() {
            return None;
        }
        reason.clone_into(&mut self.state.reason);
        self.state.error.clear();
        self.state.trouble = None;
        let key = match text(part, "id") {
            "" => {
                self.state.steps += 1;
                format!("step_{}", self.state.steps)
            }
            id => id.to_owned(),
        };
        let tokens = told.map(tokens).unwrap_or_default();
        // a model that its list has no price of costs 0 there: that is nobody's word
        let cost = cost.filter(|cost| cost.0 > 0 || tokens.is_zero());
        if told.is_none() && cost.is_none() {
            return Some(Vec::new());
        }
        Some(vec![AgentEvent::Used(Used {
            model: None,
            tokens,
            cost,
            meter: Meter::Call {
                key,
                partial: false,
            },
        })])
    }

    fn failed(&mut self, event: &Value) -> Option<Vec<AgentEvent>> {
        let error = event.get("error").filter(|error| error.is_object())?;
        let data = error.get("data").unwrap_or(&Value::Null);
        let name = text(error, "name");
        let told = message(data);
        let told = if told.is_empty() {
            message(error)
        } else {
            told
        };
        let status = u16::try_from(count(data, "statusCode")).ok();
        let body = text(data, "responseBody");
        let words = format!("{told}\n{}", first(body, KEPT));
        let limited = reached(&words);
        self.state.trouble = match name {
            "MessageAbortedError" => Some(Trouble::Interrupted),
            "ProviderAuthError" => Some(Trouble::Auth),
            "ContextOverflowError" => Some(Trouble::Request),
            "MessageOutputLengthError" => Some(Trouble::Bound),
            _ => match trouble_of(&words) {
                Some(Trouble::Quota) => Some(Trouble::Quota),
                by_words => status.and_then(trouble_by_status).or(by_words),
            },
        };
        if UNKNOWN.is_match(&told) {
            self.state.trouble = Some(Trouble::Request);
        }
        self.state.error = first(if told.is_empty() { name } else { &told }, KEPT);
        let limited = limited
            .filter(|_| self.state.trouble == Some(Trouble::Limit))
            .map(|limited| AgentEvent::Limit(settled(limited, body, data, event)));
        let notice = AgentEvent::Notice {
            level: Level::Error,
            text: self.state.error.clone(),
        };
        Some(limited.into_iter().chain([notice]).collect())
    }

    /// A line of standard error.
    fn plain(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let words = String::from_utf8_lossy(&line[..line.len().min(8 * KEPT)]);
        let words = uncoloured(words.trim());
        if let Some(asked) = words.strip_prefix("! ") {
            if asked.starts_with("permission requested") {
                self.state.refused = first(asked, KEPT);
            }
            return vec![AgentEvent::Notice {
                level: Level::Warning,
                text: asked.to_owned(),
            }];
        }
        if let Some(error) = words.strip_prefix("Error: ") {
            self.state.error = first(error, KEPT);
            let refused = UNKNOWN.is_match(error).then_some(Trouble::Request);
            self.state.trouble = refused.or_else(|| trouble_of(error));
        }
        vec![raw(line)]
    }

    /// How it went, by why the last step ended.
    fn verdict(&self, exit: Option<Exit>) -> Verdict {
        let state = &self.state;
        let not = |text: String, trouble| Verdict {
            ok: false,
            text,
            trouble: Some(trouble),
            turns: None,
        };
        if !state.error.is_empty() || exit != Some(Exit::Code(0)) {
            let mut verdict = without_result(exit, &state.error);
            if verdict.trouble != Some(Trouble::Interrupted) {
                verdict.trouble = state.trouble.or(verdict.trouble);
            }
            return verdict;
        }
        match state.reason.as_str() {
            "stop" => Verdict {
                ok: true,
                text: state.last.clone(),
                trouble: None,
                turns: None,
            },
            _ if !state.refused.is_empty() => not(
                format!("it stopped: a permission was refused ({})", state.refused),
                Trouble::Other,
            ),
            "length" => not(
                "its answer was cut off: it got too long".into(),
                Trouble::Bound,
            ),
            "content-filter" => not("its answer was filtered out".into(), Trouble::Request),
            "" => without_result(exit, ""),
            reason => not(
                format!("it stopped after a step that ended with {reason}"),
                Trouble::Other,
            ),
        }
    }
}

impl Decoder for Opencode {
    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        match object(line) {
            None => self.plain(line),
            Some(event) => self
                .event(&Value::Object(event))
                .unwrap_or_else(|| vec![raw(line)]),
        }
    }

    fn end(&mut self, exit: Option<Exit>) -> Vec<AgentEvent> {
        if std::mem::replace(&mut self.state.told, true) {
            return Vec::new();
        }
        let verdict = self.verdict(exit);
        let turn = (!self.state.session.is_empty()).then_some(AgentEvent::TurnEnded {
            complete: verdict.ok,
        });
        turn.into_iter()
            .chain([AgentEvent::Result(verdict)])
            .collect()
    }

    fn save(&self) -> Value {
        json!(self.state)
    }
}

/// Tokens of a step: those from and into a cache stand beside the input, and reasoning beside
/// the output, unless the sum says that it is in there.
fn tokens(told: &Value) -> Tokens {
    let cache = told.get("cache").unwrap_or(&Value::Null);
    let mut tokens = Tokens {
        input: count(told, "input"),
        output: count(told, "output"),
        cache_read: count(cache, "read"),
        cache_write: count(cache, "write"),
        reasoning: count(told, "reasoning"),
    };
    if told.get("total").and_then(whole) != Some(tokens.total()) {
        tokens.output = tokens.output.saturating_add(tokens.reasoning);
    }
    tokens
}

/// Why a call failed, where it did. A command that failed is told of as completed, and so
/// is a call of a tool that there is not.
fn fault(
    name: &str,
    category: Category,
    state: &Value,
    gave: &str,
    exit_code: Option<i32>,
) -> Option<Fault> {
    let error = message(state.get("error").unwrap_or(&Value::Null));
    if name == "invalid" {
        let mut fault = fault_of(category, gave, None);
        if fault.kind == FaultKind::Other {
            fault.kind = FaultKind::SyntaxError;
        }
        return Some(fault);
    }
    if text(state, "status") == "completed" {
        let timed_out = category == Category::Command && TIMED_OUT.is_match(gave);
        let failed = timed_out || exit_code.is_some_and(|code| code != 0);
        return failed.then(|| {
            let mut fault = fault_of(category, gave, exit_code);
            if timed_out {
                fault.kind = FaultKind::Timeout;
            } else if gave.trim().is_empty() || gave == "(no output)" {
                let code = exit_code.unwrap_or_default();
                fault.text = format!("it exited with code {code}");
            }
            fault
        });
    }
    let mut fault = fault_of(category, &error, exit_code);
    if REFUSED.is_match(&error) {
        fault.kind = FaultKind::PermissionDenied;
    } else if error.contains("Could not find oldString") {
        fault.kind = FaultKind::SyntaxError;
    }
    Some(fault)
}

/// With a point in time, where the provider's answer or a header of it names one.
fn settled(mut limited: Limited, body: &str, data: &Value, event: &Value) -> Limited {
    let found = |of: &Regex| -> Option<u64> { of.captures(body)?[1].parse().ok() };
    let said = Timestamp(count(event, "timestamp"));
    let header = data
        .get("responseHeaders")
        .map(|headers| text(headers, "retry-after"));
    let after = found(&RESETS_IN)
        .or_else(|| header?.parse().ok())
        .map(|seconds| said.plus(Duration::from_secs(seconds)))
        .or_else(|| {
            let ms = limited.resets_in_ms?;
            Some(said.plus(Duration::from_millis(ms)))
        })
        .filter(|_| said.0 > 0);
    let at = found(&RESETS_AT).map(|seconds| Timestamp(seconds.saturating_mul(1000)));
    limited.resets = at.or(after);
    if limited.resets.is_some() {
        (limited.resets_in_ms, limited.clock) = (None, None);
    }
    limited
}

static RESETS_AT: LazyLock<Regex> = LazyLock::new(|| pattern(r#""resets_at":\s*(\d{9,11})\b"#));

static RESETS_IN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#""resets_in_seconds":\s*(\d{1,8})\b"#));

/// What a call fails with that was not allowed.
static REFUSED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)rejected permission|prevents you from using|permission denied by")
});

static UNKNOWN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:(?:Model|Provider|Session|Agent) not found|You must provide)"));

/// What stands below the output of a command that took too long.
static TIMED_OUT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)<(?:bash|shell)_metadata>.*(?:timeout|timed out)"));
