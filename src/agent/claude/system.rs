//! What the program says of itself.

use serde_json::Value;

use super::decode::{Claude, Dialect};
use super::said::notice;
use super::state::put;
use crate::agent::common::{first, one_line, text_at};
use crate::core::agent::event::{AgentEvent, Level};

impl Claude {
    pub(super) fn system(&mut self, line: &Value) -> Option<Vec<AgentEvent>> {
        // qwen-code has it one level down
        let told = line.get("data").filter(|data| data.is_object());
        let told = told.unwrap_or(line);
        let info = |text: String| Some(vec![notice(Level::Info, text)]);
        match text_at(line, "subtype")? {
            "init" => Some(self.init(line)),
            "api_retry" => {
                self.state.turn.open = true;
                Some(vec![retrying(told)])
            }
            "retry" if self.dialect == Dialect::Qwen => Some(vec![AgentEvent::Retrying {
                attempt: None,
                most: None,
                delay_ms: None,
                status: None,
                why: "the answer broke off".into(),
            }]),
            "permission_denied" => {
                self.state.turn.denied += 1;
                let tool = text_at(told, "tool_name").unwrap_or("a tool");
                let why = text_at(told, "decision_reason").or_else(|| text_at(told, "message"));
                let why = why.map_or_else(String::new, |why| format!(": {}", one_line(why)));
                Some(vec![notice(
                    Level::Warning,
                    format!("not allowed: {tool}{why}"),
                )])
            }
            "status" => {
                let mode = text_at(told, "permissionMode").map(|mode| format!("mode: {mode}"));
                let status = text_at(told, "status").filter(|status| *status != "requesting");
                match mode.or_else(|| status.map(str::to_owned)) {
                    Some(text) => info(text),
                    None => Some(Vec::new()),
                }
            }
            "compact_boundary" => info(compacted(told)),
            "hook_response" => Some(vec![hook(told)]),
            "informational" => {
                let level = match text_at(told, "level") {
                    Some("error") => Level::Error,
                    Some("warning") => Level::Warning,
                    _ => Level::Info,
                };
                Some(vec![notice(level, text_at(told, "content")?.to_owned())])
            }
            "task_started" => Some(self.task_started(told)),
            "task_notification" => Some(self.task_ended(told)),
            "task_updated" => Some(self.task_updated(told)),
            "task_progress"
            | "background_tasks_changed"
            | "hook_started"
            | "hook_progress"
            | "thinking_tokens"
            | "session_state_changed" => Some(Vec::new()),
            _ => None,
        }
    }

    fn init(&mut self, line: &Value) -> Vec<AgentEvent> {
        self.state.turn.open = true;
        let mut events = Vec::new();
        if let Some(version) = text_at(line, "claude_code_version") {
            // 2.0.76 counted anew with each run
            let old = ["0.", "1.", "2.0."];
            self.state.per_run = old.iter().any(|old| version.starts_with(old));
        }
        events.extend(text_at(line, "session_id").and_then(|id| self.session(id)));
        events.extend(text_at(line, "model").and_then(|model| self.model(model)));
        events
    }

    /// The conversation, where that is news.
    pub(super) fn session(&mut self, id: &str) -> Option<AgentEvent> {
        if id.is_empty() || self.state.session.as_deref() == Some(id) {
            return None;
        }
        self.state.session = Some(first(id, 256));
        Some(AgentEvent::Session { id: id.to_owned() })
    }

    /// Something that goes on in the background: a subagent, or a command.
    fn task_started(&mut self, told: &Value) -> Vec<AgentEvent> {
        let title = one_line(text_at(told, "description").unwrap_or_default());
        let call = text_at(told, "tool_use_id").or_else(|| text_at(told, "task_id"));
        let call = call.unwrap_or_default();
        let agent = text_at(told, "subagent_type").is_some()
            || text_at(told, "task_type").is_some_and(|kind| kind.contains("agent"));
        // a command that is waited for is a call as any other
        let waited = told.get("is_backgrounded").and_then(Value::as_bool) == Some(false);
        if !agent && waited {
            let task = text_at(told, "task_id").unwrap_or_default();
            put(&mut self.state.waited, task, title);
            return Vec::new();
        }
        if !agent {
            return vec![in_background(&title)];
        }
        put(&mut self.state.agents, call, title.clone());
        vec![AgentEvent::Subagent {
            id: call.to_owned(),
            title,
            ended: false,
        }]
    }

    /// A command that was waited for may go on in the background, as when it takes too long.
    fn task_updated(&mut self, told: &Value) -> Vec<AgentEvent> {
        let patch = told.get("patch").and_then(|it| it.get("is_backgrounded"));
        if patch.and_then(Value::as_bool) != Some(true) {
            return Vec::new();
        }
        let task = text_at(told, "task_id").unwrap_or_default();
        let title = self.state.waited.remove(task);
        title.iter().map(|title| in_background(title)).collect()
    }

    fn task_ended(&mut self, told: &Value) -> Vec<AgentEvent> {
        let task = text_at(told, "task_id").unwrap_or_default();
        // its call says how it ended
        if self.state.waited.remove(task).is_some() {
            return Vec::new();
        }
        let call = text_at(told, "tool_use_id").or_else(|| text_at(told, "task_id"));
        let call = call.unwrap_or_default();
        let status = text_at(told, "status").unwrap_or("completed");
        let level = if status == "failed" {
            Level::Warning
        } else {
            Level::Info
        };
        let Some(title) = self.state.agents.remove(call) else {
            let mut summary = one_line(text_at(told, "summary").unwrap_or_default());
            if status != "completed" || summary.is_empty() {
                summary = format!("in the background, {status}: {summary}");
            }
            return vec![notice(level, summary)];
        };
        let mut events = Vec::new();
        if status != "completed" {
            events.push(notice(level, format!("subagent {status}: {title}")));
        }
        events.push(AgentEvent::Subagent {
            id: call.to_owned(),
            title,
            ended: true,
        });
        events
    }
}

fn in_background(title: &str) -> AgentEvent {
    notice(Level::Info, format!("in the background now: {title}"))
}

fn retrying(told: &Value) -> AgentEvent {
    let number = |name| told.get(name).and_then(Value::as_u64);
    let small = |name| number(name).and_then(|number| u32::try_from(number).ok());
    let status = number("error_status").and_then(|status| u16::try_from(status).ok());
    let error = text_at(told, "error").unwrap_or("unknown");
    let why = match (error, status) {
        ("authentication_failed", _) => "its key or login is refused".into(),
        ("rate_limit", _) => "too many requests".into(),
        ("unknown", None) => "no connection to the provider".into(),
        (error, _) => error.replace('_', " "),
    };
    AgentEvent::Retrying {
        attempt: small("attempt"),
        most: small("max_retries"),
        delay_ms: told.get("retry_delay_ms").and_then(|delay| {
            let whole = delay.as_u64();
            whole.or_else(|| delay.as_f64().map(|delay| delay as u64))
        }),
        status,
        why,
    }
}

fn compacted(told: &Value) -> String {
    let about = told.get("compact_metadata").unwrap_or(told);
    let trigger = text_at(about, "trigger").map_or(String::new(), |it| format!(" ({it})"));
    match about.get("pre_tokens").and_then(Value::as_u64) {
        Some(tokens) => {
            format!("the conversation was shortened{trigger}: it had {tokens} tokens")
        }
        None => format!("the conversation was shortened{trigger}"),
    }
}

fn hook(told: &Value) -> AgentEvent {
    let name = text_at(told, "hook_name").unwrap_or("?");
    let said = ["output", "stderr", "stdout"]
        .iter()
        .filter_map(|from| text_at(told, from))
        .map(one_line)
        .find(|said| !said.is_empty());
    let said = said.map_or(String::new(), |said| format!(": {said}"));
    match text_at(told, "outcome") {
        None | Some("success") => notice(Level::Info, format!("hook {name}{said}")),
        Some(outcome) => notice(
            Level::Warning,
            format!("hook {name} ended as {outcome}{said}"),
        ),
    }
}
