//! An item that is a call of a tool.

use serde_json::{Value, json};

use crate::agent::common::{category, fault_of};
use crate::agent::field::{exit_code, message, output, text};
use crate::core::agent::tool::{Category, Fault, FaultKind};

/// What of it is told.
pub(in crate::agent) struct Call {
    pub(in crate::agent) name: String,
    pub(in crate::agent) category: Category,
    pub(in crate::agent) input: Value,
    pub(in crate::agent) output: String,
    pub(in crate::agent) fault: Option<Fault>,
    pub(in crate::agent) exit_code: Option<i32>,
}

impl Call {
    /// `None` where it is no call that is known of.
    pub(in crate::agent) fn of(kind: &str, item: &Value) -> Option<Self> {
        let failed = matches!(text(item, "status"), "failed" | "declined");
        let mut call = Self {
            name: kind.to_owned(),
            category: category(kind),
            input: Value::Null,
            output: String::new(),
            fault: None,
            exit_code: None,
        };
        match kind {
            "command_execution" => {
                let command = item.get("command")?.as_str()?;
                let command = unwrapped(command).unwrap_or_else(|| command.to_owned());
                call.output = output(item.get("aggregated_output").unwrap_or(&Value::Null));
                call.exit_code = exit_code(item, "exit_code");
                if failed || call.exit_code.is_some_and(|code| code != 0) {
                    call.fault = Some(command_fault(item, &command, &call));
                }
                call.input = json!({ "command": command });
            }
            "file_change" => {
                let changes = item.get("changes")?.as_array()?;
                if let [change] = changes.as_slice() {
                    call.input =
                        json!({"path": text(change, "path"), "kind": text(change, "kind")});
                    // the app-server alone tells it
                    if let Some(diff) = change.get("diff") {
                        call.input["diff"] = diff.clone();
                    }
                    if text(change, "kind") == "add" {
                        call.category = Category::Write;
                    }
                } else {
                    let path = changes.first().map_or("", |change| text(change, "path"));
                    call.input = json!({"path": path, "changes": changes});
                }
                call.fault = failed.then(|| fault_of(call.category, "", None));
            }
            "mcp_tool_call" => {
                call.name = format!("{}.{}", text(item, "server"), item.get("tool")?.as_str()?);
                call.input = item.get("arguments").cloned().unwrap_or_default();
                let error = message(item.get("error").unwrap_or(&Value::Null));
                let result = item.get("result").unwrap_or(&Value::Null);
                call.output = output(result.get("content").unwrap_or(result));
                if failed || !error.is_empty() {
                    let why = if error.is_empty() {
                        &call.output
                    } else {
                        &error
                    };
                    call.fault = Some(fault_of(Category::Other, why, None));
                }
            }
            "collab_tool_call" => {
                item.get("tool")?.as_str()?.clone_into(&mut call.name);
                call.input = json!({
                    "prompt": item.get("prompt"),
                    "receiver_thread_ids": item.get("receiver_thread_ids"),
                });
                call.fault = failed.then(|| fault_of(Category::Agent, "", None));
            }
            "web_search" => {
                call.input = json!({"query": item.get("query")?, "action": item.get("action")});
                call.output = output(item.get("results").unwrap_or(&Value::Null));
            }
            "todo_list" => call.input = json!({"items": item.get("items")?}),
            _ => return None,
        }
        Some(call)
    }
}

/// Why a command failed. One that only reads a file fails for want of it.
fn command_fault(item: &Value, command: &str, call: &Call) -> Fault {
    let mut fault = fault_of(Category::Command, &call.output, call.exit_code);
    let first_word = command.split_whitespace().next().unwrap_or_default();
    let reads = matches!(
        first_word,
        "cat" | "head" | "tail" | "sed" | "nl" | "less" | "more" | "bat" | "wc"
    ) && !command.contains(['|', ';', '&', '>', '\n', '`', '$']);
    if reads && call.output.contains("No such file or directory") {
        fault.kind = FaultKind::FileNotFound;
    } else if reads && call.output.contains("Permission denied") {
        fault.kind = FaultKind::PermissionDenied;
    }
    if text(item, "status") == "declined" {
        fault.kind = FaultKind::PermissionDenied;
    }
    if call.output.trim().is_empty() {
        fault.text = match call.exit_code {
            Some(code) => format!("it exited with code {code}"),
            None => "it was not allowed, or did not run".into(),
        };
    }
    fault
}

/// The command that a shell was given as its one argument.
fn unwrapped(command: &str) -> Option<String> {
    let (shell, rest) = command.split_once(" -lc ").or(command.split_once(" -c "))?;
    let name = shell.rsplit('/').next()?;
    if !matches!(name, "bash" | "sh" | "zsh" | "dash" | "fish") {
        return None;
    }
    match shlex::split(rest)?.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}
