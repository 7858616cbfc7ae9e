//! What is told of a turn while it goes on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::usage;
use crate::agent::common::{Tellings, category, fault_of};
use crate::agent::field::text;
use crate::core::agent::event::{AgentEvent, Level, Part, Words};
use crate::core::agent::tool::{Category, Fault, FaultKind};

/// So many calls of tools that go on are known at once.
const MOST_CALLS: usize = 256;

/// What opencode 1.18.33 puts behind the output of a command that was broken off, which it
/// says to be complete.
const ABORTED: &str = "<shell_metadata>\nUser aborted the command";

/// Of a turn's last text so many bytes are kept.
const LONGEST_WORD: usize = 4096;

/// What is known of the turn that goes on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Turn {
    /// Calls of tools that go on.
    calls: BTreeMap<String, Call>,
    /// Those that ended.
    ended: Tellings,
    /// The last text, or the beginning of it.
    pub(super) word: String,
    /// Whose text that is; `None`: something else came after it.
    speaker: Option<String>,
    /// Answers of the model whose usage was told one by one, over all turns.
    pub(super) answers: u64,
    /// Whether there were such in this turn.
    pub(super) counted: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Call {
    /// As it was first told: opencode puts the command in its place.
    name: String,
    category: Category,
    /// How much of what it is called with was told.
    told: usize,
    /// A person refused it.
    refused: bool,
}

impl Turn {
    /// One `session/update`; `None` where it means nothing here.
    pub(super) fn update(&mut self, update: &Value) -> Option<Vec<AgentEvent>> {
        let kind = update.get("sessionUpdate")?.as_str()?;
        Some(match kind {
            "agent_message_chunk" => return self.text(update),
            "agent_thought_chunk" => {
                self.speaker = None;
                vec![AgentEvent::Thinking(words(update)?)]
            }
            "tool_call" | "tool_call_update" => return self.call(update),
            "plan" => vec![AgentEvent::Notice {
                level: Level::Info,
                text: plan(update)?,
            }],
            "usage_update" => usage::cost(update).into_iter().collect(),
            "config_option_update" => model(update).into_iter().collect(),
            "user_message_chunk"
            | "available_commands_update"
            | "current_mode_update"
            | "session_info_update" => Vec::new(),
            _ => return None,
        })
    }

    fn text(&mut self, update: &Value) -> Option<Vec<AgentEvent>> {
        let words = words(update)?;
        let mut events = Vec::new();
        if let Some(tokens) = update.pointer("/_meta/usage").and_then(usage::tokens) {
            self.answers += 1;
            self.counted = true;
            events.push(usage::used(
                None,
                tokens,
                format!("answer-{}", self.answers),
            ));
        }
        if words.text.is_empty() {
            return Some(events);
        }
        if words.within.is_none() {
            if self.speaker.as_ref() != Some(&words.key) {
                self.word.clear();
                self.speaker = Some(words.key.clone());
            }
            let room = LONGEST_WORD.saturating_sub(self.word.len());
            self.word.push_str(bounded(&words.text, room));
        }
        events.insert(0, AgentEvent::Text(words));
        Some(events)
    }

    /// A call, told of for the first time or once more.
    fn call(&mut self, call: &Value) -> Option<Vec<AgentEvent>> {
        let id = call.get("toolCallId")?.as_str()?.to_owned();
        if text(call, "sessionUpdate") == "tool_call" {
            // what is named so begins, be it under a name that was in use before
            self.ended.forget(&[&id]);
        } else if self.ended.knows(&[&id]) && !self.calls.contains_key(&id) {
            return Some(Vec::new());
        }
        let mut events: Vec<AgentEvent> = self.begun(call).into_iter().collect();
        let failed = match call.get("status").and_then(Value::as_str) {
            Some("completed") => false,
            Some("failed") => true,
            _ => return Some(events),
        };
        let begun = self.calls.remove(&id)?;
        self.ended.again(&[&id]);
        let output = output(call);
        let exit_code = exit_code(call, begun.category, &output);
        let fault = fault(&begun, failed, exit_code, &output);
        events.push(AgentEvent::ToolEnded {
            id,
            fault,
            output,
            duration_ms: None,
            exit_code,
        });
        Some(events)
    }

    /// That a call began, where that was not told yet, or not with all it is called with.
    pub(super) fn begun(&mut self, call: &Value) -> Option<AgentEvent> {
        self.speaker = None;
        let id = call.get("toolCallId")?.as_str()?.to_owned();
        let input = input(call);
        let told = weight(&input);
        if let Some(known) = self.calls.get_mut(&id) {
            if told <= known.told {
                return None;
            }
            known.told = told;
        } else {
            while self.calls.len() >= MOST_CALLS {
                self.calls.pop_first();
            }
            let begun = Call {
                name: tool(call),
                category: kind(call),
                told,
                refused: false,
            };
            self.calls.insert(id.clone(), begun);
        }
        let within = call.pointer("/_meta/parentToolCallId");
        let begun = self.calls.get(&id)?;
        Some(AgentEvent::ToolStarted {
            name: begun.name.clone(),
            category: begun.category,
            input,
            within: within.and_then(Value::as_str).map(str::to_owned),
            id,
        })
    }

    /// A person refused a call: gemini says no more of it.
    pub(super) fn refuse(&mut self, call: &str) {
        if let Some(call) = self.calls.get_mut(call) {
            call.refused = true;
        }
    }

    /// The turn is over: what was not told to have ended ends with it.
    pub(super) fn over(&mut self) -> Vec<AgentEvent> {
        self.speaker = None;
        self.counted = false;
        let left = std::mem::take(&mut self.calls);
        for id in left.keys() {
            self.ended.again(&[id]);
        }
        left.into_iter()
            .map(|(id, call)| AgentEvent::ToolEnded {
                id,
                fault: Some(if call.refused {
                    refused()
                } else {
                    Fault {
                        kind: FaultKind::Cancelled,
                        text: "the turn ended before the call did".into(),
                    }
                }),
                output: String::new(),
                duration_ms: None,
                exit_code: None,
            })
            .collect()
    }
}

/// As much of a text as there is room for.
fn bounded(text: &str, room: usize) -> &str {
    let mut end = room.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Why a call failed, where it did.
fn fault(call: &Call, failed: bool, exit_code: Option<i32>, output: &str) -> Option<Fault> {
    if call.category == Category::Command && output.contains(ABORTED) {
        return Some(Fault {
            kind: FaultKind::Cancelled,
            text: "it was broken off".into(),
        });
    }
    let code = exit_code.filter(|code| *code != 0);
    if !failed && code.is_none() {
        return None;
    }
    if call.refused {
        return Some(refused());
    }
    let said = exit_code.map_or(output, |_| printed(output));
    let mut fault = fault_of(call.category, said, exit_code);
    if let Some(code) = code.filter(|_| said.trim().is_empty()) {
        fault.text = format!("it exited with code {code}");
    }
    Some(fault)
}

fn refused() -> Fault {
    Fault {
        kind: FaultKind::PermissionDenied,
        text: "a person refused it".into(),
    }
}

/// A piece of a message.
fn words(update: &Value) -> Option<Words> {
    let content = update.get("content")?;
    let words = match content.get("type")?.as_str()? {
        "text" => content.get("text")?.as_str()?.to_owned(),
        "resource_link" => content.get("uri")?.as_str()?.to_owned(),
        other => format!("[{other}]"),
    };
    let within = update.pointer("/_meta/parentToolCallId");
    Some(Words {
        key: text(update, "messageId").to_owned(),
        text: words,
        part: Part::Piece,
        within: within.and_then(Value::as_str).map(str::to_owned),
    })
}

/// Which model answers, as the options of a session have it.
pub(super) fn model(options: &Value) -> Option<AgentEvent> {
    let named = options.get("models").and_then(|models| {
        let id = models.get("currentModelId")?.as_str()?;
        let known = models.get("availableModels").and_then(Value::as_array);
        let known = known.into_iter().flatten();
        // qwen's ids are made of how it gets at a model; its names are the model's
        let mut same = known.filter(|model| model.get("modelId").is_some_and(|it| it == id));
        let name = same.next().and_then(|model| model.get("name")?.as_str());
        Some(name.filter(|_| id.starts_with('$')).unwrap_or(id))
    });
    let chosen = || {
        let options = options.get("configOptions")?.as_array()?;
        let mut models = options
            .iter()
            .filter(|option| option.get("category").is_some_and(|it| it == "model"));
        models.next()?.get("currentValue")?.as_str()
    };
    let name = named.or_else(chosen)?.to_owned();
    Some(AgentEvent::Model { name })
}

fn plan(update: &Value) -> Option<String> {
    let entries = update.get("entries")?.as_array()?;
    let each = entries.iter().map(|entry| {
        let mark = match entry.get("status").and_then(Value::as_str) {
            Some("completed") => "✓",
            Some("in_progress") => "▸",
            _ => "·",
        };
        format!("{mark} {}", text(entry, "content"))
    });
    Some(each.collect::<Vec<_>>().join("\n"))
}

/// The tool's name: qwen says it, opencode has it for a title at first, gemini puts it in
/// front of the id; else what kind of tool it is.
pub(super) fn tool(call: &Value) -> String {
    let is_name = |word: &&str| {
        let mut bytes = word.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let said = call.pointer("/_meta/toolName").and_then(Value::as_str);
    let before = || call.get("toolCallId")?.as_str()?.split_once("__");
    let before = || before().map(|(name, _)| name).filter(is_name);
    let title = || call.get("title")?.as_str().filter(is_name);
    let kind = || call.get("kind")?.as_str();
    let name = said.or_else(before).or_else(title).or_else(kind);
    name.unwrap_or("tool").to_owned()
}

fn kind(call: &Value) -> Category {
    match category(&tool(call)) {
        Category::Other => match call.get("kind").and_then(Value::as_str) {
            Some("execute") => Category::Command,
            Some("read") => Category::Read,
            Some("edit") => Category::Edit,
            Some("search") => Category::Search,
            Some("fetch") => Category::Web,
            _ => Category::Other,
        },
        known => known,
    }
}

/// What a call is called with; where that is not told, what its title and its place come to.
pub(super) fn input(call: &Value) -> Value {
    let raw = call.get("rawInput").and_then(Value::as_object);
    if let Some(raw) = raw.filter(|raw| raw.keys().any(|key| key != "cwd")) {
        return Value::Object(raw.clone());
    }
    let mut input = Map::new();
    // gemini's title is the command; those of the others are the tool's name, at first
    let title = text(call, "title");
    if raw.is_none() && kind(call) == Category::Command && !title.is_empty() {
        input.insert("command".into(), title.into());
    }
    if let Some(path) = call.pointer("/locations/0/path").filter(|_| raw.is_none()) {
        input.insert("file_path".into(), path.clone());
    }
    if let Some(diff) = diff(call) {
        input.extend(diff);
    }
    Value::Object(input)
}

/// What an edit changes, where it is shown and not told.
fn diff(call: &Value) -> Option<Map<String, Value>> {
    let content = call.get("content")?.as_array()?;
    let diff = content
        .iter()
        .find(|part| part.get("type").is_some_and(|it| it == "diff"))?;
    let new = diff.get("newText")?;
    let old = diff.get("oldText").and_then(Value::as_str);
    let change = match old.filter(|old| !old.is_empty()) {
        None => json!({"content": new}),
        Some(old) => json!({"old_string": old, "new_string": new}),
    };
    let Value::Object(mut change) = change else {
        return None;
    };
    change.insert("file_path".into(), diff.get("path")?.clone());
    Some(change)
}

/// How much there is of what a call is called with.
fn weight(input: &Value) -> usize {
    input
        .as_object()
        .map_or(0, |input| input.keys().filter(|key| *key != "cwd").count())
}

/// The texts among what a call shows.
pub(super) fn texts(call: &Value) -> impl Iterator<Item = &str> {
    let content = call.get("content").and_then(Value::as_array);
    let each = content.into_iter().flatten();
    each.filter_map(|part| part.pointer("/content/text")?.as_str())
}

fn output(call: &Value) -> String {
    let shown: Vec<&str> = texts(call).collect();
    if !shown.is_empty() {
        return shown.join("\n");
    }
    let raw = call.get("rawOutput");
    let field = |name: &str| raw?.get(name)?.as_str();
    let said = raw.and_then(Value::as_str);
    let said = said.or_else(|| field("error"));
    said.or_else(|| field("output"))
        .unwrap_or_default()
        .to_owned()
}

/// opencode's metadata has it, qwen writes it into the text.
fn exit_code(call: &Value, category: Category, output: &str) -> Option<i32> {
    if category != Category::Command {
        return None;
    }
    let told = call
        .pointer("/rawOutput/metadata/exit")
        .and_then(Value::as_i64);
    let told = told.and_then(|code| i32::try_from(code).ok());
    told.or_else(|| {
        let mut lines = output.lines().rev();
        lines.find_map(|line| line.strip_prefix("Exit Code: ")?.trim().parse().ok())
    })
}

/// Of what qwen shows of a command, what that printed.
fn printed(output: &str) -> &str {
    let Some((_, after)) = output.split_once("\nOutput: ") else {
        return output;
    };
    let end = after.rfind("\nError: ").unwrap_or(after.len());
    let printed = after[..end].trim();
    if printed == "(empty)" { "" } else { printed }
}
