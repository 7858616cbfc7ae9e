//! A line, taken to where it is understood.

use serde_json::Value;

use super::asks::control_response;
use super::said::notice;
use super::state::State;
use super::turns::Step;
use crate::agent::Decoder;
use crate::agent::common::{load, raw, text_at, without_result};
use crate::core::agent::event::{AgentEvent, Level};
use crate::core::agent::say::Say;
use crate::core::task::Exit;

/// Whose stream it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agent) enum Dialect {
    /// Claude Code's.
    Claude,
    /// qwen-code's.
    Qwen,
}

/// See the module.
#[derive(Debug)]
pub(in crate::agent) struct Claude {
    pub(super) dialect: Dialect,
    pub(super) state: State,
    /// What is to be written to it.
    pub(super) replies: Vec<u8>,
}

impl Claude {
    /// With a state that was put by.
    pub(in crate::agent) fn new(dialect: Dialect, saved: &Value) -> Self {
        Self {
            dialect,
            state: load(saved),
            replies: Vec::new(),
        }
    }

    /// What a line comes to; `None` where it means nothing.
    fn understood(&mut self, line: &[u8]) -> Option<Vec<AgentEvent>> {
        let line = line.trim_ascii();
        match line.first()? {
            b'{' => self.object(serde_json::from_slice(line).ok()?),
            // `--output-format json --verbose`: all of it at once
            b'[' => {
                let lines: Vec<Value> = serde_json::from_slice(line).ok()?;
                if lines.iter().any(|line| text_at(line, "type").is_none()) {
                    return None;
                }
                let mut events = Vec::new();
                for line in lines {
                    let text = line.to_string();
                    events.extend(
                        self.object(line)
                            .unwrap_or_else(|| vec![raw(text.as_bytes())]),
                    );
                }
                Some(events)
            }
            _ => None,
        }
    }

    fn object(&mut self, line: Value) -> Option<Vec<AgentEvent>> {
        let step = Step::of(&line);
        let events = self.line_of_kind(line)?;
        let began = step.map_or(0, |step| self.turns_begun(step));
        let began = std::iter::repeat_n(AgentEvent::TurnBegan, began);
        Some(began.chain(events).collect())
    }

    fn line_of_kind(&mut self, line: Value) -> Option<Vec<AgentEvent>> {
        let kind = text_at(&line, "type")?;
        // subagents go on behind the result of a turn, which they don't begin
        let within = text_at(&line, "parent_tool_use_id").is_some();
        self.state.turn.open |= matches!(kind, "assistant" | "user") && !within;
        match kind {
            "system" => self.system(&line),
            "assistant" => self.assistant(line),
            "user" => self.user(&line),
            "stream_event" => self.stream_event(&line),
            "result" => self.result(&line),
            "rate_limit_event" => self.rate_limit(line.get("rate_limit_info")?),
            "control_request" => self.control_request(line),
            "control_response" => control_response(&line),
            "control_cancel_request" => {
                let request = text_at(&line, "request_id")?;
                Some(self.taken_back(|ask| ask.request == request))
            }
            "command_lifecycle" => Some(self.lifecycle(&line)),
            "conversation_reset" => {
                let why = text_at(&line, "trigger").map_or(String::new(), |it| format!(" ({it})"));
                let text = format!("a new conversation begins{why}");
                // a run that begins with it has not told yet which one it leaves
                let left = text_at(&line, "session_id").and_then(|id| self.session(id));
                Some(
                    left.into_iter()
                        .chain([notice(Level::Info, text)])
                        .collect(),
                )
            }
            "keep_alive" | "tool_progress" => Some(Vec::new()),
            _ => None,
        }
    }
}

impl Claude {
    /// How far something that was said under a name is (2.1.329). Most of it is told of by its
    /// text when it is taken in; what is not is through by then.
    fn lifecycle(&mut self, line: &Value) -> Vec<AgentEvent> {
        if text_at(line, "state") != Some("completed") {
            return Vec::new();
        }
        let id = text_at(line, "command_uuid").unwrap_or_default();
        let heard = self
            .state
            .taken_in_named(id)
            .map(|number| AgentEvent::Heard {
                message: Some(number),
                text: String::new(),
            });
        heard.into_iter().collect()
    }
}

impl Decoder for Claude {
    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        self.understood(line).unwrap_or_else(|| {
            let event = raw(line);
            if let AgentEvent::Raw { text } = &event
                && !text.starts_with('{')
            {
                self.state.no_event(text);
            }
            vec![event]
        })
    }

    fn end(&mut self, exit: Option<Exit>) -> Vec<AgentEvent> {
        if self.state.results > 0 && !self.state.turn.open {
            return Vec::new();
        }
        let mut verdict = without_result(exit, &self.state.last);
        let turns = self.state.turns.saturating_add(self.state.turn.counts);
        verdict.turns = (turns > 0).then_some(turns);
        vec![AgentEvent::Result(verdict)]
    }

    fn say(&mut self, say: &Say) -> Result<(), String> {
        self.tell(say)
    }

    fn replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    fn save(&self) -> Value {
        serde_json::to_value(&self.state).unwrap_or_default()
    }
}
