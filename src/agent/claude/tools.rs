//! Lines of the user's side: what tools gave back, what persons said, what the program puts
//! into their mouths.

use std::time::UNIX_EPOCH;

use serde_json::Value;

use super::decode::Claude;
use super::said::notice;
use super::state::Ask;
use crate::agent::common::{fault_of, one_line, text_at};
use crate::core::agent::event::{AgentEvent, Level};
use crate::core::agent::tool::{Category, Fault, FaultKind};

/// When a line says that it was written, in milliseconds since the epoch.
pub(super) fn said_at(line: &Value) -> Option<u64> {
    let time = humantime::parse_rfc3339(text_at(line, "timestamp")?).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

impl Claude {
    pub(super) fn user(&mut self, line: &Value) -> Option<Vec<AgentEvent>> {
        let content = line.get("message")?.get("content")?;
        let mut events = Vec::new();
        let mut said = Vec::new();
        match content {
            Value::String(text) => said.push(text.clone()),
            Value::Array(blocks) => {
                for block in blocks {
                    match text_at(block, "type")? {
                        "tool_result" => {
                            events.extend(self.tool_result(block, line, said_at(line)));
                        }
                        "text" => said.push(text_at(block, "text")?.to_owned()),
                        kind => said.push(format!("[{kind}]")),
                    }
                }
            }
            _ => return None,
        }
        events.extend(self.said(line, said));
        Some(events)
    }

    /// Text on the user's side. That of a subagent's is what it was called with.
    fn said(&mut self, line: &Value, texts: Vec<String>) -> Vec<AgentEvent> {
        let is = |name| line.get(name).and_then(Value::as_bool) == Some(true);
        if text_at(line, "parent_tool_use_id").is_some() {
            return Vec::new();
        }
        if is("isReplay") && !is("isSynthetic") {
            let id = text_at(line, "uuid").unwrap_or_default();
            return self.heard(id, texts);
        }
        let text = texts.join("\n");
        if text.is_empty() {
            return Vec::new();
        }
        let level = if text.starts_with("[Request interrupted") {
            Level::Warning
        } else {
            Level::Info
        };
        vec![notice(level, one_line(&text))]
    }

    /// What persons said is taken in. Messages that waited are taken in as one, a block each
    /// and a line feed behind each but the last, which the line bears the name of; those
    /// that have names are told of by themselves before (2.1.329).
    fn heard(&mut self, id: &str, texts: Vec<String>) -> Vec<AgentEvent> {
        let last = texts.len().saturating_sub(1);
        let mut events = Vec::new();
        for (at, mut text) in texts.into_iter().enumerate() {
            if at < last && text.ends_with('\n') {
                text.pop();
            }
            if text.is_empty() || (at < last && self.state.is_heard(&text)) {
                continue;
            }
            let id = if at == last { id } else { "" };
            self.state.hear(&text);
            events.push(AgentEvent::Heard {
                message: self.state.taken_in(id, &text),
                text: command(&text).unwrap_or(text),
            });
        }
        events
    }

    /// What a tool gave back; `line` is that which tells of it.
    pub(super) fn tool_result(
        &mut self,
        block: &Value,
        line: &Value,
        at: Option<u64>,
    ) -> Vec<AgentEvent> {
        let id = text_at(block, "tool_use_id").unwrap_or_default();
        let open = self.state.calls.remove(id);
        let content = block.get("content").unwrap_or(&Value::Null);
        let output = gave(content);
        let extra = line.get("tool_use_result").unwrap_or(&Value::Null);
        let interrupted = extra.get("interrupted").and_then(Value::as_bool) == Some(true);
        let failed = block.get("is_error").and_then(Value::as_bool) == Some(true)
            || output.starts_with("<tool_use_error>")
            // of the provider's own tools: `web_search_tool_result_error`
            || text_at(content, "type").is_some_and(|kind| kind.ends_with("_error"))
            || interrupted;
        let category = open.as_ref().map_or(Category::Other, |open| open.category);
        let code = exit_code(category, &output);
        let fault = failed.then(|| {
            let refused = refused(line, id);
            let fault = fault_of(category, reason(&output), code);
            Fault {
                kind: refused.unwrap_or(if interrupted && fault.kind != FaultKind::Timeout {
                    FaultKind::Cancelled
                } else {
                    fault.kind
                }),
                ..fault
            }
        });
        let lasted = || at?.checked_sub(open.as_ref()?.at?);
        let told = ["durationMs", "totalDurationMs"]
            .iter()
            .find_map(|name| extra.get(name)?.as_u64());
        let mut events = self.taken_back(|ask: &Ask| ask.call == id);
        events.push(AgentEvent::ToolEnded {
            id: id.to_owned(),
            fault,
            output,
            duration_ms: told.or_else(lasted),
            exit_code: code,
        });
        events
    }
}

/// A command to the program itself as it was typed, where a text tells of one:
/// `<command-name>/clear</command-name> ... <command-args></command-args>` (2.1.329).
fn command(text: &str) -> Option<String> {
    let between = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once(&format!("</{tag}>"))?.0.trim())
    };
    let name = between("command-name").filter(|_| text.starts_with("<command-name>"))?;
    let args = between("command-args").unwrap_or_default();
    Some(format!("{name} {args}").trim_end().to_owned())
}

/// What a tool gave back, as text.
fn gave(content: &Value) -> String {
    match content {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            let texts = blocks.iter().map(|block| {
                text_at(block, "text").map_or_else(
                    || format!("[{}]", text_at(block, "type").unwrap_or("?")),
                    str::to_owned,
                )
            });
            texts.collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

/// Where in what a failed tool gave back it says why.
fn reason(output: &str) -> &str {
    let text = output.trim_start_matches("<tool_use_error>");
    let text = text.trim_end_matches("</tool_use_error>");
    // qwen-code lays out what a command did
    if text.starts_with("Command: ") {
        let told = |name: &str| {
            let mut lines = text.lines();
            lines.find(|line| line.starts_with(name) && !line.ends_with("(none)"))
        };
        return told("Error: ")
            .or_else(|| told("Exit Code: "))
            .unwrap_or(text);
    }
    text
}

/// The exit code of a command, as the text for the model has it: `Exit code 3` in front in
/// Claude Code, `Exit Code: 3` on a line of its own in qwen-code.
fn exit_code(category: Category, output: &str) -> Option<i32> {
    if category != Category::Command {
        return None;
    }
    let front = output.strip_prefix("Exit code ");
    let front = front.and_then(|rest| rest.lines().next());
    front
        .or_else(|| {
            let mut lines = output.lines().rev().take(8);
            lines.find_map(|line| line.strip_prefix("Exit Code: "))
        })
        .and_then(|code| code.trim().parse().ok())
}

/// Whether the call was not made because somebody or something did not allow it.
fn refused(line: &Value, id: &str) -> Option<FaultKind> {
    let all = line.get("tool_result_meta")?.as_array()?;
    let meta = all.iter().find(|meta| text_at(meta, "id") == Some(id))?;
    let decision = meta.get("permission_decision");
    let rejected = decision.and_then(|decision| text_at(decision, "decision")) == Some("reject");
    match text_at(meta, "non_execution_kind") {
        Some("user-rejected") if !rejected => Some(FaultKind::Cancelled),
        Some("permission-rule") => Some(FaultKind::PermissionDenied),
        _ => rejected.then_some(FaultKind::PermissionDenied),
    }
}
