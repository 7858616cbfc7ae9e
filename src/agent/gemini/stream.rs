//! The events of a run.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::words::{
    api_error, command_fault, delay, is_fatal, retrying, told_fault, trouble_by_exit,
};
use crate::agent::Decoder;
use crate::agent::common::{
    Tellings, category, first, load, object, one_line, raw, without_result,
};
use crate::agent::field::{count, message, output, text};
use crate::agent::pattern::uncoloured;
use crate::core::agent::event::{
    AgentEvent, Level, Limited, Meter, Part, Trouble, Used, Verdict, Words,
};
use crate::core::agent::tokens::Tokens;
use crate::core::agent::tool::Category;
use crate::core::task::Exit;
use crate::core::time::Timestamp;

/// So many calls that began and did not end are known at once.
const MOST_OPEN: usize = 256;

/// What is kept of a message, in characters.
const KEPT: usize = 2000;

/// Decodes it.
#[derive(Debug, Default)]
pub(in crate::agent) struct Gemini {
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// Messages of the agent so far: what names one.
    messages: u64,
    /// Whether the last of them goes on.
    amid: bool,
    /// The beginning of it.
    last: String,
    /// Calls that began and did not end.
    open: VecDeque<Open>,
    /// Those that began.
    begun: Tellings,
    /// The model was left to it.
    auto: bool,
    /// The last error that was told of.
    error: String,
    /// The attempt that failed, where how long it waits is told further down.
    attempt: Option<u32>,
    /// Whether the result was told.
    told: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Open {
    id: String,
    category: Category,
    began: Option<u64>,
}

impl Gemini {
    pub(in crate::agent) fn new(saved: &Value) -> Self {
        Self { state: load(saved) }
    }

    /// The events of a line that is an event; `None` where it means nothing.
    fn event(&mut self, event: &Value) -> Option<Vec<AgentEvent>> {
        let events = match text(event, "type") {
            "init" => self.init(event)?,
            "message" => return self.message(event),
            "tool_use" => self.tool_use(event)?,
            "tool_result" => self.tool_result(event)?,
            "error" => {
                let message = event.get("message")?.as_str()?;
                self.state.error = first(message, KEPT);
                vec![AgentEvent::Notice {
                    level: match text(event, "severity") {
                        "error" => Level::Error,
                        "info" => Level::Info,
                        _ => Level::Warning,
                    },
                    text: message.to_owned(),
                }]
            }
            "result" => self.result(event)?,
            _ => return None,
        };
        // nothing marks the end of a message but that something else follows
        self.state.amid = false;
        Some(events)
    }

    fn init(&mut self, event: &Value) -> Option<Vec<AgentEvent>> {
        let mut events = vec![AgentEvent::Session {
            id: event.get("session_id")?.as_str()?.to_owned(),
        }];
        let model = text(event, "model");
        self.state.auto = model.is_empty() || model.starts_with("auto");
        if !self.state.auto {
            events.push(AgentEvent::Model { name: model.into() });
        }
        self.state.told = false;
        events.push(AgentEvent::TurnBegan);
        Some(events)
    }

    fn message(&mut self, event: &Value) -> Option<Vec<AgentEvent>> {
        let content = event.get("content")?.as_str()?;
        if text(event, "role") == "user" {
            self.state.amid = false;
            return Some(vec![AgentEvent::Heard {
                message: None,
                text: content.to_owned(),
            }]);
        }
        if text(event, "role") != "assistant" {
            return None;
        }
        let piece = event.get("delta").and_then(Value::as_bool) == Some(true);
        if !(piece && self.state.amid) {
            self.state.messages += 1;
            self.state.last.clear();
        }
        self.state.amid = piece;
        self.state.error.clear();
        let room = KEPT.saturating_sub(self.state.last.len());
        self.state.last.extend(content.chars().take(room));
        Some(vec![AgentEvent::Text(Words {
            key: format!("message_{}", self.state.messages),
            text: content.to_owned(),
            part: if piece { Part::Piece } else { Part::Whole },
            within: None,
        })])
    }

    fn tool_use(&mut self, event: &Value) -> Option<Vec<AgentEvent>> {
        let id = event.get("tool_id")?.as_str()?.to_owned();
        let name = event.get("tool_name")?.as_str()?.to_owned();
        let input = event.get("parameters").cloned().unwrap_or_default();
        let category = category(&name);
        let parts = [&id, &name, text(event, "timestamp"), &input.to_string()];
        if self.state.begun.again(&parts) {
            return Some(Vec::new());
        }
        if self.state.open.len() == MOST_OPEN {
            self.state.open.pop_front();
        }
        self.state.open.push_back(Open {
            id: id.clone(),
            category,
            began: said(event).map(|at| at.0),
        });
        let agent = (category == Category::Agent).then(|| {
            let title = [text(&input, "agent_name"), text(&input, "prompt")].map(one_line);
            AgentEvent::Subagent {
                id: id.clone(),
                title: title.join(": ").trim_start_matches(": ").to_owned(),
                ended: false,
            }
        });
        let started = AgentEvent::ToolStarted {
            id,
            name,
            category,
            input,
            within: None,
        };
        Some([started].into_iter().chain(agent).collect())
    }

    fn tool_result(&mut self, event: &Value) -> Option<Vec<AgentEvent>> {
        let id = event.get("tool_id")?.as_str()?.to_owned();
        let at = self.state.open.iter().position(|open| open.id == id);
        let open = at.and_then(|at| self.state.open.remove(at));
        let category = open.as_ref().map_or(Category::Other, |open| open.category);
        let output = output(event.get("output").unwrap_or(&Value::Null));
        let (fault, exit_code) = if text(event, "status") == "success" {
            if category == Category::Command {
                command_fault(&output)
            } else {
                (None, None)
            }
        } else {
            let error = event.get("error").unwrap_or(&Value::Null);
            (Some(told_fault(category, error, &output)), None)
        };
        let began = open.and_then(|open| open.began);
        let agent = (category == Category::Agent).then(|| AgentEvent::Subagent {
            id: id.clone(),
            title: String::new(),
            ended: true,
        });
        let ended = AgentEvent::ToolEnded {
            id,
            fault,
            output,
            duration_ms: said(event)
                .zip(began)
                .map(|(now, began)| now.0.saturating_sub(began)),
            exit_code,
        };
        Some(agent.into_iter().chain([ended]).collect())
    }

    fn result(&mut self, event: &Value) -> Option<Vec<AgentEvent>> {
        let ok = event.get("status")?.as_str()? == "success";
        self.state.told = true;
        let mut events = self.used(event.get("stats").unwrap_or(&Value::Null));
        if ok {
            events.push(AgentEvent::TurnEnded { complete: true });
            events.push(AgentEvent::Result(Verdict {
                ok,
                text: self.state.last.clone(),
                trouble: None,
                turns: None,
            }));
            return Some(events);
        }
        let error = event.get("error").unwrap_or(&Value::Null);
        let told = message(error);
        let error = api_error(if told.is_empty() {
            &self.state.error
        } else {
            &told
        });
        if let Some(limited) = error.limit() {
            events.push(AgentEvent::Limit(settled(limited, said(event))));
        }
        events.push(AgentEvent::TurnEnded { complete: false });
        events.push(AgentEvent::Result(Verdict {
            ok,
            trouble: Some(error.trouble().unwrap_or(Trouble::Other)),
            text: error.text,
            turns: None,
        }));
        Some(events)
    }

    /// What it used by each model, and which of them answered where that was left to it.
    fn used(&self, stats: &Value) -> Vec<AgentEvent> {
        let mut used: Vec<Used> = match stats.get("models").and_then(Value::as_object) {
            Some(models) if !models.is_empty() => models
                .iter()
                .map(|(model, stats)| used(Some(model.clone()), stats))
                .collect(),
            _ => Vec::new(),
        };
        used.retain(|used| !used.tokens.is_zero());
        if used.is_empty() {
            used.push(self::used(None, stats));
            used.retain(|used| !used.tokens.is_zero());
        }
        // one that chooses which of them answers reads much, and writes a word
        let most = used.iter().max_by_key(|used| used.tokens.output);
        let model = most
            .filter(|_| self.state.auto)
            .and_then(|used| used.model.clone())
            .map(|name| AgentEvent::Model { name });
        let used = used.into_iter().map(AgentEvent::Used);
        model.into_iter().chain(used).collect()
    }

    /// A line of standard error.
    fn plain(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let words = String::from_utf8_lossy(&line[..line.len().min(8 * KEPT)]);
        let words = uncoloured(words.trim());
        if let Some(event) = retrying(&words) {
            if let AgentEvent::Retrying {
                attempt,
                delay_ms,
                why,
                ..
            } = &event
            {
                self.state.attempt = attempt.filter(|_| delay_ms.is_none());
                self.state.error.clone_from(why);
            }
            return vec![event];
        }
        if let Some((attempt, delay_ms)) = self.state.attempt.zip(delay(&words)) {
            self.state.attempt = None;
            return vec![AgentEvent::Retrying {
                attempt: Some(attempt),
                most: None,
                delay_ms: Some(delay_ms),
                status: None,
                why: self.state.error.clone(),
            }];
        }
        if is_fatal(&words) {
            self.state.error = first(&words, KEPT);
        }
        vec![raw(line)]
    }
}

impl Decoder for Gemini {
    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        match object(line) {
            None => self.plain(line),
            Some(event) => self
                .event(&Value::Object(event))
                .unwrap_or_else(|| vec![raw(line)]),
        }
    }

    fn end(&mut self, exit: Option<Exit>) -> Vec<AgentEvent> {
        if self.state.told {
            return Vec::new();
        }
        self.state.told = true;
        let error = api_error(&std::mem::take(&mut self.state.error));
        let mut verdict = without_result(exit, &error.text);
        if verdict.trouble != Some(Trouble::Interrupted) {
            let known = error.trouble().or_else(|| trouble_by_exit(exit));
            verdict.trouble = known.or(verdict.trouble);
        }
        let limit = error.limit().map(AgentEvent::Limit);
        limit
            .into_iter()
            .chain([AgentEvent::Result(verdict)])
            .collect()
    }

    fn save(&self) -> Value {
        json!(self.state)
    }
}

/// When it was said, as the event has it.
fn said(event: &Value) -> Option<Timestamp> {
    let at: jiff::Timestamp = text(event, "timestamp").parse().ok()?;
    u64::try_from(at.as_millisecond()).ok().map(Timestamp)
}

/// With a point in time, where it is told when a while was named.
fn settled(mut limited: Limited, said: Option<Timestamp>) -> Limited {
    if let Some((said, ms)) = said.zip(limited.resets_in_ms) {
        limited.resets = Some(said.plus(Duration::from_millis(ms)));
        limited.resets_in_ms = None;
    }
    limited
}

/// What was used by a model. Its thoughts are in the sum alone, beside what it read and wrote.
fn used(model: Option<String>, stats: &Value) -> Used {
    let (read, written, cached, total) = match stats.get("tokens") {
        // as `--output-format json` has it
        Some(tokens) => (
            count(tokens, "prompt"),
            count(tokens, "candidates"),
            count(tokens, "cached"),
            count(tokens, "total"),
        ),
        None => (
            count(stats, "input_tokens"),
            count(stats, "output_tokens"),
            count(stats, "cached"),
            count(stats, "total_tokens"),
        ),
    };
    let thoughts = total.saturating_sub(read).saturating_sub(written);
    Used {
        model,
        tokens: Tokens {
            input: read.saturating_sub(cached),
            output: written.saturating_add(thoughts),
            cache_read: cached,
            cache_write: 0,
            reasoning: thoughts,
        },
        cost: None,
        meter: Meter::Run,
    }
}
