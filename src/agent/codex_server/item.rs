//! A piece of a turn.

use serde_json::{Map, Value, json};

use crate::agent::codex::Call;
use crate::agent::common::{first, one_line};
use crate::agent::field::text;
use crate::core::agent::event::{AgentEvent, Part, Words};

use super::client::State;

/// So many calls that began and did not end are known at once.
const MOST_CALLS: usize = 256;

/// What so many calls would change is remembered at once, each in so many bytes of JSON.
const MOST_CHANGES: usize = 16;
const LONGEST_CHANGE: usize = 16 << 10;

/// So many subagents are known by the call that began them.
const MOST_AGENTS: usize = 256;

impl State {
    /// An item began (`over` not) or is complete, in the thread of a subagent that the call
    /// `within` began.
    pub(super) fn item(
        &mut self,
        item: &Value,
        over: bool,
        within: Option<String>,
    ) -> Option<Vec<AgentEvent>> {
        let id = item.get("id")?.as_str()?;
        match item.get("type")?.as_str()? {
            "userMessage" => Some(self.arrived(text(item, "clientId"), over)),
            "agentMessage" => Some(if over {
                let said = item.get("text")?.as_str()?;
                if within.is_none() {
                    said.clone_into(&mut self.word);
                }
                vec![AgentEvent::Text(words(id, said, Part::Whole, within))]
            } else {
                Vec::new()
            }),
            "reasoning" => {
                let parts = item.get("summary").and_then(Value::as_array);
                let parts: Vec<&str> = parts
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let thought = (over && !parts.is_empty()).then(|| {
                    let all = parts.join("\n\n");
                    AgentEvent::Thinking(words(id, &all, Part::Whole, within))
                });
                Some(thought.into_iter().collect())
            }
            _ => self.call(id, item, over, within),
        }
    }

    /// What a call would change is remembered until it is over; of one that is too long for
    /// that, which files.
    fn remember_change(&mut self, id: &str, input: &Value) {
        if self.changes.len() >= MOST_CHANGES || id.len() > 256 {
            return;
        }
        let mut change = input.clone();
        if change.to_string().len() > LONGEST_CHANGE {
            let files: Vec<String> = files(input).into_iter().take(200).collect();
            change =
                json!({"files": files, "left out": "the changes are too long to be shown here"});
        }
        self.changes.insert(id.to_owned(), change);
    }

    fn call(
        &mut self,
        id: &str,
        item: &Value,
        over: bool,
        within: Option<String>,
    ) -> Option<Vec<AgentEvent>> {
        let item = as_of_exec(item)?;
        let kind = text(&item, "type");
        let call = Call::of(kind, &item)?;
        let mut events = Vec::new();
        let known = self.calls.iter().position(|open| open == id);
        let input = call.input.to_string();
        if over && self.over.again(&[id, &call.name, &input]) && known.is_none() {
            // its end is told once more
            return Some(events);
        }
        self.changes.remove(id);
        if !over && kind == "file_change" {
            self.remember_change(id, &call.input);
        }
        if known.is_none() {
            events.push(AgentEvent::ToolStarted {
                id: id.to_owned(),
                name: call.name,
                category: call.category,
                input: call.input,
                within,
            });
        }
        if over {
            if let Some(at) = known {
                self.calls.remove(at);
            }
            events.push(AgentEvent::ToolEnded {
                id: id.to_owned(),
                fault: call.fault,
                output: call.output,
                duration_ms: item.get("duration_ms").and_then(Value::as_u64),
                exit_code: call.exit_code,
            });
        } else if known.is_none() {
            if self.calls.len() == MOST_CALLS {
                self.calls.remove(0);
            }
            self.calls.push(id.to_owned());
        }
        if kind == "collab_tool_call" {
            self.subagents(id, &item, &mut events);
        }
        Some(events)
    }

    /// Which threads a call began, and which are through.
    fn subagents(&mut self, id: &str, item: &Value, events: &mut Vec<AgentEvent>) {
        let threads = item.get("receiver_thread_ids").and_then(Value::as_array);
        let spawned = matches!(text(item, "tool"), "spawnAgent" | "spawn_agent");
        for thread in threads.into_iter().flatten().filter_map(Value::as_str) {
            if !spawned || self.agents.contains_key(thread) || self.agents.len() == MOST_AGENTS {
                continue;
            }
            self.agents.insert(thread.to_owned(), id.to_owned());
            events.push(AgentEvent::Subagent {
                id: id.to_owned(),
                title: one_line(text(item, "prompt")),
                ended: false,
            });
        }
    }
}

/// A piece of text or all of it.
pub(super) fn words(key: &str, said: &str, part: Part, within: Option<String>) -> Words {
    Words {
        key: key.to_owned(),
        text: said.to_owned(),
        part,
        within,
    }
}

/// An item as `codex exec --json` has it: the same, in snake case.
fn as_of_exec(item: &Value) -> Option<Value> {
    let mut same = Map::new();
    for (key, value) in item.as_object()? {
        let value = match key.as_str() {
            "type" => match value.as_str()? {
                "collabAgentToolCall" => "collab_tool_call".into(),
                kind => snake(kind).into(),
            },
            "changes" => changes(value),
            "status" => value
                .as_str()
                .map_or(Value::Null, |status| snake(status).into()),
            _ => value.clone(),
        };
        same.insert(snake(key), value);
    }
    Some(Value::Object(same))
}

/// Which files a call would change.
pub(super) fn files(input: &Value) -> Vec<String> {
    let one = input.get("path").and_then(Value::as_str);
    let of = |name: &str| {
        input
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let all: Vec<String> = of("changes")
        .map(|change| text(change, "path"))
        .chain(of("files").filter_map(Value::as_str))
        .map(|path| first(path, 400))
        .collect();
    if all.is_empty() {
        return one.map(|path| first(path, 400)).into_iter().collect();
    }
    all
}

/// Its kind of a change is an object.
fn changes(changes: &Value) -> Value {
    let each = changes.as_array().into_iter().flatten();
    let each = each.map(|change| {
        let mut change = change.clone();
        if let Some(kind) = change.pointer("/kind/type").cloned() {
            change["kind"] = kind;
        }
        change
    });
    each.collect()
}

fn snake(word: &str) -> String {
    let mut snake = String::with_capacity(word.len() + 4);
    for letter in word.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
