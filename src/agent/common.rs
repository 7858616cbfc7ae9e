//! What decoders have in common: lines of JSON, and what words of agents and of their
//! providers mean.

use std::collections::VecDeque;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::core::agent::event::{AgentEvent, Trouble, Verdict};
use crate::core::agent::tool::{Category, Fault, FaultKind};
use crate::core::task::Exit;

/// So many tellings of calls are remembered.
const TELLINGS: usize = 256;

/// A line that means nothing.
pub(super) fn raw(line: &[u8]) -> AgentEvent {
    AgentEvent::Raw {
        text: String::from_utf8_lossy(line).into_owned(),
    }
}

/// A line that is a JSON object.
pub(super) fn object(line: &[u8]) -> Option<Map<String, Value>> {
    // most lines that are none are told by their first byte
    line.trim_ascii_start()
        .starts_with(b"{")
        .then(|| serde_json::from_slice(line).ok())
        .flatten()
}

/// A decoder's state as it was put by; a new one where that can't be read.
pub(super) fn load<S: DeserializeOwned + Default>(saved: &Value) -> S {
    S::deserialize(saved).unwrap_or_default()
}

/// FNV-1a: the same in every build, as it is put by.
pub(super) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The last calls of tools that were told of, so that one that is told of once more is known,
/// be it over by then. A name alone tells none apart: some agents use it again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Tellings(VecDeque<u64>);

impl Tellings {
    /// Whether a call of which this is known was told of before; remembers it.
    pub(super) fn again(&mut self, parts: &[&str]) -> bool {
        let known = self.knows(parts);
        if !known {
            if self.0.len() == TELLINGS {
                self.0.pop_front();
            }
            self.0.push_back(hash(&parts.join("\0")));
        }
        known
    }

    /// Whether it was.
    pub(super) fn knows(&self, parts: &[&str]) -> bool {
        self.0.contains(&hash(&parts.join("\0")))
    }

    /// It may be told of anew.
    pub(super) fn forget(&mut self, parts: &[&str]) {
        let known = hash(&parts.join("\0"));
        self.0.retain(|telling| *telling != known);
    }
}

/// A text that an object has under a name.
pub(super) fn text_at<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

/// The first line of a text that has something in it, up to 200 characters of it.
pub(super) fn one_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    first(line.unwrap_or_default(), 200)
}

/// So many characters of a text, and an ellipsis where there are more.
pub(super) fn first(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// How a run ended whose output says nothing about it: by its exit alone.
pub(super) fn by_exit(exit: Option<Exit>) -> Verdict {
    let ok = exit == Some(Exit::Code(0));
    Verdict {
        ok,
        text: if ok { String::new() } else { ended(exit) },
        trouble: (!ok).then(|| broken_off(exit).unwrap_or(Trouble::Other)),
        turns: None,
    }
}

/// How a run ended that should have said how, and did not. `last` is what it printed last
/// that was no event: what there is of an explanation.
pub(super) fn without_result(exit: Option<Exit>, last: &str) -> Verdict {
    let trouble = broken_off(exit).or_else(|| trouble_of(last));
    Verdict {
        ok: false,
        text: if last.is_empty() {
            format!("{} without a result", ended(exit))
        } else {
            last.to_owned()
        },
        trouble: Some(trouble.unwrap_or(Trouble::Other)),
        turns: None,
    }
}

fn ended(exit: Option<Exit>) -> String {
    match exit {
        None => "it ended".into(),
        Some(Exit::Code(code)) => format!("it exited with code {code}"),
        Some(Exit::Signal(signal)) => format!("signal {signal} ended it"),
    }
}

/// Whether a signal ended it, or it says by its code that one did.
fn broken_off(exit: Option<Exit>) -> Option<Trouble> {
    let signal = match exit? {
        Exit::Signal(signal) => signal,
        Exit::Code(code) => code - 128,
    };
    matches!(signal, 1 | 2 | 9 | 15).then_some(Trouble::Interrupted)
}

/// Which trouble an HTTP status of a provider means.
pub(super) const fn trouble_by_status(status: u16) -> Option<Trouble> {
    match status {
        401 | 403 => Some(Trouble::Auth),
        402 => Some(Trouble::Quota),
        429 => Some(Trouble::Limit),
        400 | 404 | 413 | 422 => Some(Trouble::Request),
        408 | 500..=599 => Some(Trouble::Provider),
        _ => None,
    }
}

/// What messages of agents and providers have in them, by what it means; the first that
/// fits counts. Compared in lower case.
const WORDS: [(Trouble, &[&str]); 6] = [
    (
        Trouble::Quota,
        &[
            "credit balance",
            "insufficient_quota",
            "exceeded your current quota",
            "billing",
            "payment required",
            "out of credits",
            "spend cap",
            "to use codex with your chatgpt plan",
        ],
    ),
    (
        Trouble::Limit,
        &[
            "usage limit",
            "rate limit",
            "rate_limit",
            "hit your",
            "limit reached",
            "resource_exhausted",
            "quota exceeded",
            "too many requests",
            "429",
        ],
    ),
    (
        Trouble::Auth,
        &[
            "not logged in",
            "please run /login",
            "invalid api key",
            "incorrect api key",
            "invalid x-api-key",
            "api key not valid",
            "api_key_invalid",
            "missing api key",
            "no api key",
            "authentication",
            "unauthorized",
            "unauthenticated",
            "oauth token",
            "forbidden",
            "missing environment variable",
            "api_key environment variable",
            "auth method",
            "refresh token",
            "401",
        ],
    ),
    (
        Trouble::Provider,
        &[
            "overloaded",
            "connection refused",
            "connection error",
            "econnrefused",
            "econnreset",
            "enotfound",
            "etimedout",
            "fetch failed",
            "stream disconnected",
            "internal server error",
            "service unavailable",
            "bad gateway",
            "high demand",
            "at capacity",
            "connection failed",
        ],
    ),
    (
        Trouble::Request,
        &[
            "prompt is too long",
            "context window",
            "context length",
            "issue with the selected model",
            "model not found",
            "model_not_found",
            "not_found_error",
            "unknown model",
            "is not supported when using",
            "invalid_request",
            "unknown option",
            "no conversation found",
            "requires a valid session id",
            "cannot be used with root",
            "unknown argument",
            "unexpected argument",
            "no rollout found",
            "no prompt provided",
        ],
    ),
    (
        Trouble::Interrupted,
        &["request interrupted", "operation cancelled", "aborted by"],
    ),
];

/// Which trouble a message of an agent or of its provider means, where its words tell.
pub(super) fn trouble_of(text: &str) -> Option<Trouble> {
    let text = first(text, 4000).to_lowercase();
    WORDS
        .iter()
        .find(|(_, words)| words.iter().any(|word| has(&text, word)))
        .map(|(trouble, _)| *trouble)
}

/// Whether it is in there, and no digit stands beside it where it is a number.
fn has(text: &str, word: &str) -> bool {
    let number = word.bytes().all(|byte| byte.is_ascii_digit());
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    text.match_indices(word).any(|(at, _)| {
        let bytes = text.as_bytes();
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        !number || !(digit(before) || digit(bytes.get(at + word.len())))
    })
}

/// What kind of tool a name means, whichever agent's it is.
pub(super) fn category(name: &str) -> Category {
    match name {
        "Bash" | "BashOutput" | "KillShell" | "KillBash" | "PowerShell" | "bash" | "shell"
        | "exec_command" | "run_shell_command" | "command_execution" | "monitor" => {
            Category::Command
        }
        "Read" | "NotebookRead" | "read" | "read_file" | "read_many_files" | "view_image" => {
            Category::Read
        }
        "Write" | "write" | "write_file" => Category::Write,
        "Edit" | "MultiEdit" | "NotebookEdit" | "edit" | "multiedit" | "replace" | "patch"
        | "apply_patch" | "file_change" | "notebook_edit" => Category::Edit,
        "Glob"
        | "Grep"
        | "LS"
        | "LSP"
        | "ToolSearch"
        | "glob"
        | "grep"
        | "list"
        | "ls"
        | "list_directory"
        | "search_file_content"
        | "grep_search"
        | "tool_search" => Category::Search,
        "WebFetch" | "WebSearch" | "webfetch" | "websearch" | "web_fetch" | "web_search"
        | "google_web_search" => Category::Web,
        "Task" | "Agent" | "task" | "agent" | "invoke_agent" | "collab_tool_call"
        | "SendMessage" | "send_message" => Category::Agent,
        "TodoWrite" | "TodoRead" | "TaskCreate" | "TaskUpdate" | "TaskList" | "TaskGet"
        | "EnterPlanMode" | "ExitPlanMode" | "todowrite" | "todoread" | "todo_write"
        | "todo_list" | "write_todos" | "update_plan" | "exit_plan_mode" => Category::Plan,
        "AskUserQuestion" | "ask_user" | "ask_user_question" | "question" => Category::Ask,
        _ => Category::Other,
    }
}

/// What messages of tools have in them, by what it means; the first that fits counts.
/// Compared in lower case.
const FAULTS: [(FaultKind, &[&str]); 6] = [
    (
        FaultKind::UnknownTool,
        &[
            "no such tool available",
            "not found in registry",
            "unknown tool",
            "tool not found",
            "unavailable tool",
            "unsupported call",
        ],
    ),
    (
        FaultKind::Cancelled,
        &[
            "doesn't want to proceed",
            "doesn't want to take this action",
            "interrupted by user",
            "user rejected",
            "cancelled",
            "canceled",
            "aborted",
        ],
    ),
    (
        FaultKind::PermissionDenied,
        &[
            "permission denied",
            "permission to use",
            "permission for this tool",
            "requested permissions",
            "requires approval",
            "operation not permitted",
            "eacces",
            "eperm",
            "rejected permission",
            "denied by policy",
            "has been denied",
            "was denied",
            "permission was declined",
            "requires permission",
        ],
    ),
    (
        FaultKind::Timeout,
        &["timed out", "timeout", "deadline exceeded", "etimedout"],
    ),
    (
        FaultKind::FileNotFound,
        &[
            "file does not exist",
            "does not exist",
            "no such file",
            "file not found",
            "enoent",
            "path not found",
        ],
    ),
    (
        FaultKind::SyntaxError,
        &[
            "inputvalidationerror",
            "invalid arguments",
            "invalid parameter",
            "invalid tool parameters",
            "missing required",
            "required parameter",
            "must have required property",
            "params must have",
            "string to replace not found",
            "oldstring not found",
            "could not find the string",
            "0 occurrences found",
            "failed to edit",
            "matches of the string to replace",
            "has not been read",
            "verification failed",
            "failed to parse",
            "syntax error",
        ],
    ),
];

/// Why a call of a tool failed, by what it gave back. What a command prints says little of
/// that: there its exit code is what counts.
pub(super) fn fault_of(category: Category, text: &str, exit_code: Option<i32>) -> Fault {
    let line = one_line(text);
    let lower = first(text, 2000).to_lowercase();
    let found = FAULTS
        .iter()
        .find(|(_, words)| words.iter().any(|word| lower.contains(word)))
        .map(|(kind, _)| *kind);
    let kind = match exit_code {
        Some(code) if code != 0 => match found {
            Some(FaultKind::Timeout | FaultKind::Cancelled) if code == 124 || code > 128 => found,
            _ => Some(FaultKind::CommandFailed),
        },
        _ => found,
    };
    Fault {
        kind: kind.unwrap_or(if category == Category::Command {
            FaultKind::CommandFailed
        } else {
            FaultKind::Other
        }),
        text: if line.is_empty() {
            "it failed and gave no reason".into()
        } else {
            line
        },
    }
}
