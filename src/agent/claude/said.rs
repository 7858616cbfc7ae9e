//! What the model says: lines of a whole block each, and pieces of blocks before them.

use serde_json::Value;

use super::decode::{Claude, Dialect};
use super::state::{Open, Pending, put};
use super::usage::{answer_tokens, costs_more};
use crate::agent::common::{category, first, raw, text_at};
use crate::core::agent::event::{AgentEvent, Level, Meter, Part, Used, Words};

impl Claude {
    pub(super) fn assistant(&mut self, mut line: Value) -> Option<Vec<AgentEvent>> {
        let within = text_at(&line, "parent_tool_use_id").map(str::to_owned);
        let at = super::tools::said_at(&line);
        let error = text_at(&line, "error").unwrap_or_default().to_owned();
        let params = line
            .get_mut("api_error_params")
            .and_then(|params| params.get_mut("rate_limit_info"))
            .map(Value::take);
        let mut message = line.get_mut("message")?.take();
        let blocks = match message.get_mut("content")?.take() {
            Value::Array(blocks) => blocks,
            Value::String(text) => vec![serde_json::json!({"type": "text", "text": text})],
            _ => return None,
        };
        let model = text_at(&message, "model").unwrap_or_default();
        let mut events = Vec::new();
        if model == "<synthetic>" {
            // words of the program itself: of an error most times
            self.state.turn.error = first(&error, 100);
            if let Some(info) = params
                && !self.state.turn.limited
            {
                events.extend(self.rate_limit(&info).unwrap_or_default());
            }
            let level = if self.state.turn.error.is_empty() {
                Level::Info
            } else {
                Level::Error
            };
            let texts = blocks.iter().filter_map(|block| text_at(block, "text"));
            // what a command to the program printed is its result too
            self.state.turn.spoke |= level == Level::Info;
            events.extend(texts.map(|text| notice(level, text.to_owned())));
            return Some(events);
        }
        if within.is_none() {
            events.extend(self.model(model));
        }
        let id = text_at(&message, "id").unwrap_or_default();
        for block in blocks {
            self.block(block, id, within.as_deref(), at, &mut events);
        }
        // qwen-code tells of an answer once it is over
        let partial = self.dialect == Dialect::Claude;
        events.extend(self.answer_used((id, partial), model, &message));
        Some(events)
    }

    /// The model that answers, where that is news.
    pub(super) fn model(&mut self, name: &str) -> Option<AgentEvent> {
        // `claude-opus-4-1[1m]`: the model, and how it is asked
        let name = name.split('[').next().unwrap_or_default();
        if name.is_empty() || self.state.model.as_deref() == Some(name) {
            return None;
        }
        self.state.model = Some(first(name, 256));
        Some(AgentEvent::Model { name: name.into() })
    }

    /// What an answer of the model used, where that is news.
    fn answer_used(
        &mut self,
        (id, partial): (&str, bool),
        model: &str,
        message: &Value,
    ) -> Option<AgentEvent> {
        let tokens = answer_tokens(self.dialect, message);
        let (tokens, partial) = self.state.count(id, tokens, partial, costs_more(message))?;
        Some(AgentEvent::Used(Used {
            model: (!model.is_empty()).then(|| model.to_owned()),
            tokens,
            cost: None,
            meter: Meter::Call {
                key: id.to_owned(),
                partial,
            },
        }))
    }

    fn block(
        &mut self,
        mut block: Value,
        message: &str,
        within: Option<&str>,
        at: Option<u64>,
        events: &mut Vec<AgentEvent>,
    ) {
        let mut take = |name: &str| match block.get_mut(name).map(Value::take) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        match take("type").as_deref() {
            Some("text") => {
                let text = take("text").unwrap_or_default();
                // qwen-code has its errors said by the model
                if self.dialect == Dialect::Qwen && text.starts_with("[API Error") {
                    events.push(notice(Level::Error, text));
                } else if !text.is_empty() {
                    self.state.turn.spoke |= within.is_none();
                    events.push(AgentEvent::Text(self.whole(text, false, within)));
                }
            }
            Some("thinking") => {
                let text = take("thinking").unwrap_or_default();
                if !text.is_empty() {
                    events.push(AgentEvent::Thinking(self.whole(text, true, within)));
                }
            }
            // thinking that only the provider can read
            Some("redacted_thinking") => {}
            Some("tool_use" | "server_tool_use" | "mcp_tool_use") => {
                let (id, name) = (take("id").unwrap_or_default(), take("name"));
                let input = block.get_mut("input").map(Value::take).unwrap_or_default();
                let name = name.unwrap_or_else(|| "null".into());
                // a message that is told once more calls nothing anew
                if !self
                    .state
                    .told
                    .again(&[message, &id, &name, &input.to_string()])
                {
                    events.push(self.started(id, name, input, within, at));
                }
            }
            Some(kind) if kind.ends_with("_tool_result") => {
                events.extend(self.tool_result(&block, &Value::Null, at));
            }
            kind => {
                if let (Some(kind), Some(block)) = (kind, block.as_object_mut()) {
                    block.insert("type".into(), kind.into());
                }
                events.push(raw(block.to_string().as_bytes()));
            }
        }
    }

    fn started(
        &mut self,
        id: String,
        name: String,
        input: Value,
        within: Option<&str>,
        at: Option<u64>,
    ) -> AgentEvent {
        let category = category(&name);
        put(&mut self.state.calls, &id, Open { category, at });
        AgentEvent::ToolStarted {
            id,
            name,
            category,
            input,
            within: within.map(str::to_owned),
        }
    }

    /// A whole text: the one that was told of in pieces, where one of its kind was.
    fn whole(&mut self, text: String, thinking: bool, within: Option<&str>) -> Words {
        let slot = within.unwrap_or_default();
        let key = match self.state.pending.get(slot) {
            Some(pending) if pending.thinking == thinking => {
                let pending = self.state.pending.remove(slot);
                pending.map_or_else(String::new, |pending| pending.key)
            }
            _ => self.state.text_key(),
        };
        Words {
            key,
            text,
            part: Part::Whole,
            within: within.map(str::to_owned),
        }
    }

    pub(super) fn stream_event(&mut self, line: &Value) -> Option<Vec<AgentEvent>> {
        let within = text_at(line, "parent_tool_use_id");
        let event = line.get("event")?;
        let one = |event: Option<AgentEvent>| Some(event.into_iter().collect());
        match text_at(event, "type")? {
            "message_start" => {
                let message = event.get("message")?;
                self.state.turn.open |= within.is_none();
                self.state.pending.remove(within.unwrap_or_default());
                let model = text_at(message, "model").unwrap_or_default();
                one(self.answer_used((text_at(message, "id")?, true), model, message))
            }
            "content_block_start" => {
                let block = event.get("content_block")?;
                let thinking = match text_at(block, "type")? {
                    "text" => false,
                    "thinking" => true,
                    _ => return Some(Vec::new()),
                };
                let begun = text_at(block, if thinking { "thinking" } else { "text" });
                let key = self.state.text_key();
                let pending = Pending { key, thinking };
                put(&mut self.state.pending, within.unwrap_or_default(), pending);
                one(self.piece(begun.unwrap_or_default(), thinking, within))
            }
            "content_block_delta" => {
                let delta = event.get("delta")?;
                match text_at(delta, "type")? {
                    "text_delta" => one(self.piece(text_at(delta, "text")?, false, within)),
                    "thinking_delta" => one(self.piece(text_at(delta, "thinking")?, true, within)),
                    "input_json_delta" | "signature_delta" | "citations_delta" => Some(Vec::new()),
                    _ => None,
                }
            }
            "message_delta" => {
                let id = text_at(line, "api_message_id");
                let known =
                    id.is_some_and(|id| self.state.counted.iter().any(|counted| counted.key == id));
                let id = id.filter(|_| known).map(str::to_owned);
                let model = self.state.model.clone().unwrap_or_default();
                one(id.and_then(|id| self.answer_used((&id, false), &model, event)))
            }
            "content_block_stop" | "message_stop" | "ping" | "goal_state" => Some(Vec::new()),
            _ => None,
        }
    }

    fn piece(&mut self, text: &str, thinking: bool, within: Option<&str>) -> Option<AgentEvent> {
        if text.is_empty() {
            return None;
        }
        let slot = within.unwrap_or_default();
        let pending = self.state.pending.get(slot);
        let key = if let Some(pending) = pending.filter(|pending| pending.thinking == thinking) {
            pending.key.clone()
        } else {
            // its beginning was not heard
            let key = self.state.text_key();
            let pending = Pending {
                key: key.clone(),
                thinking,
            };
            put(&mut self.state.pending, slot, pending);
            key
        };
        self.state.turn.spoke |= within.is_none() && !thinking;
        let words = Words {
            key,
            text: text.into(),
            part: Part::Piece,
            within: within.map(str::to_owned),
        };
        Some(if thinking {
            AgentEvent::Thinking(words)
        } else {
            AgentEvent::Text(words)
        })
    }
}

/// A line for people.
pub(super) fn notice(level: Level, text: String) -> AgentEvent {
    AgentEvent::Notice { level, text }
}
