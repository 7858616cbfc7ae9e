//! The events of a thread.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::Call;
use super::words::{LOGGED, RESETS_AT, is_fatal, retrying, trouble};
use crate::agent::Decoder;
use crate::agent::common::{Tellings, first, load, object, one_line, raw, without_result};
use crate::agent::field::{count, message, text};
use crate::agent::limit::reached;
use crate::core::agent::event::{AgentEvent, Level, Meter, Part, Trouble, Used, Verdict, Words};
use crate::core::agent::tokens::Tokens;
use crate::core::agent::tool::Category;
use crate::core::task::Exit;
use crate::core::time::Timestamp;

/// So many calls that began and did not end are known at once.
const MOST_OPEN: usize = 256;

/// So many subagents are known by the call that began them.
const MOST_AGENTS: usize = 256;

/// What is kept of a message, in characters.
const KEPT: usize = 2000;

/// Decodes it.
#[derive(Debug, Default)]
pub(in crate::agent) struct Codex {
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// Calls that began and did not end.
    open: VecDeque<String>,
    /// Those that ended.
    over: Tellings,
    /// Which call began a subagent, by its thread.
    agents: BTreeMap<String, String>,
    /// The last text of the turn.
    last: String,
    /// The last error, be it that it tries again.
    error: String,
    /// When a limit is reset, in seconds since the epoch, as standard error has it.
    resets: Option<u64>,
    /// Whether it was told how the last turn ended.
    told: bool,
}

impl Codex {
    pub(in crate::agent) fn new(saved: &Value) -> Self {
        Self { state: load(saved) }
    }

    /// The events of a line that is an event; `None` where it means nothing.
    fn event(&mut self, event: &Value) -> Option<Vec<AgentEvent>> {
        Some(match text(event, "type") {
            "thread.started" => vec![AgentEvent::Session {
                id: event.get("thread_id")?.as_str()?.to_owned(),
            }],
            "turn.started" => {
                self.state.told = false;
                self.state.last.clear();
                self.state.error.clear();
                vec![AgentEvent::TurnBegan]
            }
            "item.started" => self.item(event.get("item")?, Moment::Begun)?,
            "item.updated" => self.item(event.get("item")?, Moment::Amid)?,
            "item.completed" => self.item(event.get("item")?, Moment::Over)?,
            "turn.completed" => self.completed(event.get("usage").unwrap_or(&Value::Null)),
            "turn.failed" => {
                let why = message(event.get("error").unwrap_or(&Value::Null));
                self.failed(why)
            }
            "error" => {
                let why = event.get("message")?.as_str()?;
                self.state.error = first(why, KEPT);
                vec![retrying(why).unwrap_or_else(|| AgentEvent::Notice {
                    level: Level::Error,
                    text: why.to_owned(),
                })]
            }
            _ => return None,
        })
    }

    fn completed(&mut self, usage: &Value) -> Vec<AgentEvent> {
        self.state.told = true;
        let (cached, written) = (
            count(usage, "cached_input_tokens"),
            count(usage, "cache_write_input_tokens"),
        );
        let tokens = Tokens {
            input: count(usage, "input_tokens")
                .saturating_sub(cached)
                .saturating_sub(written),
            output: count(usage, "output_tokens"),
            cache_read: cached,
            cache_write: written,
            reasoning: count(usage, "reasoning_output_tokens"),
        };
        let used = usage.is_object().then_some(AgentEvent::Used(Used {
            model: None,
            tokens,
            cost: None,
            meter: Meter::Session,
        }));
        let rest = [
            AgentEvent::TurnEnded { complete: true },
            AgentEvent::Result(Verdict {
                ok: true,
                text: self.state.last.clone(),
                trouble: None,
                turns: None,
            }),
        ];
        used.into_iter().chain(rest).collect()
    }

    fn failed(&mut self, why: String) -> Vec<AgentEvent> {
        self.state.told = true;
        let why = if why.is_empty() {
            self.state.error.clone()
        } else {
            why
        };
        let mut events: Vec<_> = self.limit(&why).into_iter().collect();
        events.push(AgentEvent::TurnEnded { complete: false });
        events.push(AgentEvent::Result(Verdict {
            ok: false,
            trouble: Some(trouble(&why).unwrap_or(Trouble::Other)),
            text: why,
            turns: None,
        }));
        events
    }

    /// The limit that an error says is used up.
    fn limit(&self, why: &str) -> Option<AgentEvent> {
        let mut limited = (trouble(why) == Some(Trouble::Limit))
            .then(|| reached(why))
            .flatten()?;
        if let Some(resets) = self.state.resets {
            limited.resets = Some(Timestamp(resets.saturating_mul(1000)));
        }
        Some(AgentEvent::Limit(limited))
    }

    fn item(&mut self, item: &Value, moment: Moment) -> Option<Vec<AgentEvent>> {
        let id = item.get("id")?.as_str()?;
        let kind = item.get("type")?.as_str()?;
        let words = |text: &str| Words {
            key: id.to_owned(),
            text: text.to_owned(),
            part: Part::Whole,
            within: None,
        };
        Some(match kind {
            "agent_message" => {
                let text = item.get("text")?.as_str()?;
                self.state.last = first(text, KEPT);
                vec![AgentEvent::Text(words(text))]
            }
            "reasoning" => vec![AgentEvent::Thinking(words(item.get("text")?.as_str()?))],
            "error" => vec![AgentEvent::Notice {
                level: Level::Warning,
                text: item.get("message")?.as_str()?.to_owned(),
            }],
            _ => {
                let call = Call::of(kind, item)?;
                let mut events = self.call(id, &call, moment);
                if kind == "collab_tool_call" {
                    self.subagents(id, item, moment, &mut events);
                }
                events
            }
        })
    }

    /// A call of a tool began, goes on, or ended.
    fn call(&mut self, id: &str, call: &Call, moment: Moment) -> Vec<AgentEvent> {
        let mut events = Vec::new();
        let at = self.state.open.iter().position(|open| open == id);
        let input = call.input.to_string();
        let parts = [id, call.name.as_str(), input.as_str()];
        match (moment, at) {
            // its end is told once more
            (Moment::Over | Moment::Amid, None) if self.state.over.knows(&parts) => return events,
            (Moment::Over, _) => {
                self.state.over.again(&parts);
            }
            _ => {}
        }
        // what a list of plans has in it changes as it goes on, what is searched for is known
        // when it was; what others have does not change
        let searched = moment == Moment::Over && call.category == Category::Web;
        let planned = moment == Moment::Amid && call.category == Category::Plan;
        if at.is_none() || searched || planned {
            events.push(AgentEvent::ToolStarted {
                id: id.to_owned(),
                name: call.name.clone(),
                category: call.category,
                input: call.input.clone(),
                within: None,
            });
        }
        match (moment, at) {
            (Moment::Over, _) => {
                if let Some(at) = at {
                    self.state.open.remove(at);
                }
                events.push(AgentEvent::ToolEnded {
                    id: id.to_owned(),
                    fault: call.fault.clone(),
                    output: call.output.clone(),
                    duration_ms: None,
                    exit_code: call.exit_code,
                });
            }
            (_, None) => {
                if self.state.open.len() == MOST_OPEN {
                    self.state.open.pop_front();
                }
                self.state.open.push_back(id.to_owned());
            }
            (_, Some(_)) => {}
        }
        events
    }

    /// What a call says of subagents: those that it began, and those that are through.
    fn subagents(&mut self, id: &str, item: &Value, moment: Moment, events: &mut Vec<AgentEvent>) {
        let threads = item.get("receiver_thread_ids").and_then(Value::as_array);
        let title = one_line(text(item, "prompt"));
        if moment == Moment::Over && text(item, "tool") == "spawn_agent" {
            for thread in threads.into_iter().flatten().filter_map(Value::as_str) {
                if self.state.agents.len() < MOST_AGENTS {
                    self.state.agents.insert(thread.to_owned(), id.to_owned());
                }
                events.push(AgentEvent::Subagent {
                    id: id.to_owned(),
                    title: title.clone(),
                    ended: false,
                });
            }
        }
        let states = item.get("agents_states").and_then(Value::as_object);
        for (thread, state) in states.into_iter().flatten() {
            let through = !matches!(text(state, "status"), "pending_init" | "running" | "");
            if let Some(id) = through.then(|| self.state.agents.remove(thread)).flatten() {
                events.push(AgentEvent::Subagent {
                    id,
                    title: one_line(text(state, "message")),
                    ended: true,
                });
            }
        }
    }

    /// A line of standard error.
    fn plain(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let words = String::from_utf8_lossy(&line[..line.len().min(8 * KEPT)]);
        let words = words.trim();
        if let Some(found) = RESETS_AT.captures(words) {
            self.state.resets = found[1].parse().ok();
        }
        if let Some(found) = LOGGED.captures(words) {
            // what a thread that is gone can't write down is nobody's concern
            if !found[1].contains("failed to record rollout items") {
                return vec![AgentEvent::Notice {
                    level: Level::Warning,
                    text: found[1].to_owned(),
                }];
            }
        } else if is_fatal(words) {
            self.state.error = first(words, KEPT);
        }
        vec![raw(line)]
    }
}

impl Decoder for Codex {
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
        let why = std::mem::take(&mut self.state.error);
        let mut verdict = without_result(exit, &why);
        if verdict.trouble == Some(Trouble::Other) {
            verdict.trouble = trouble(&why).or(verdict.trouble);
        }
        let limit = self.limit(&why);
        limit
            .into_iter()
            .chain([AgentEvent::Result(verdict)])
            .collect()
    }

    fn save(&self) -> Value {
        json!(self.state)
    }
}

/// What of an item is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Begun,
    Amid,
    Over,
}
