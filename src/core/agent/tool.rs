//! One call of a tool.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::time::Timestamp;

/// What kind of tool it is, whatever an agent calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Runs a command.
    Command,
    /// Reads a file.
    Read,
    /// Writes a whole file.
    Write,
    /// Changes a file.
    Edit,
    /// Looks for files, or for text in them.
    Search,
    /// Fetches from, or searches, the web.
    Web,
    /// Has a subagent do something.
    Agent,
    /// Keeps a list of what is to be done.
    Plan,
    /// Asks a person.
    Ask,
    /// Anything else.
    Other,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What kind of failure it is.
    pub kind: FaultKind,
    /// In one line.
    pub text: String,
}

/// What kind of failure a call's is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// There is no such file.
    FileNotFound,
    /// A person, a policy or the system did not allow it.
    PermissionDenied,
    /// It took too long.
    Timeout,
    /// A command ended with another code than 0, or by a signal.
    CommandFailed,
    /// It was called wrongly, or what it was to change is not there.
    SyntaxError,
    /// There is no such tool.
    UnknownTool,
    /// It was broken off.
    Cancelled,
    /// Anything else.
    Other,
}

impl FaultKind {
    /// The word of `--json`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::FileNotFound => "file_not_found",
            Self::PermissionDenied => "permission_denied",
            Self::Timeout => "timeout",
            Self::CommandFailed => "command_failed",
            Self::SyntaxError => "syntax_error",
            Self::UnknownTool => "unknown_tool",
            Self::Cancelled => "cancelled",
            Self::Other => "other",
        }
    }
}

/// A call as it is stored and as `wrangle tools --json` shows it. Fields are added, never
/// renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Which run of its task, from 1.
    pub run: u32,
    /// Counts the calls of the run, from 1.
    pub number: u32,
    /// What the agent calls the call.
    pub id: String,
    /// The conversation.
    pub session: Option<String>,
    /// The tool, as the agent names it.
    pub name: String,
    /// What kind of tool it is.
    pub category: Category,
    /// The call within which a subagent made this one.
    pub within: Option<String>,
    /// When it was heard of.
    pub started: Timestamp,
    /// When its end was; `None`: it goes on, or its end was never told.
    pub ended: Option<Timestamp>,
    /// How long it took, in milliseconds: as told, else between the two.
    pub duration_ms: Option<u64>,
    /// Why it failed, where it did.
    pub fault: Option<Fault>,
    /// Its exit code, for a command whose is told.
    pub exit_code: Option<i32>,
    /// What it was called with, bounded, what looks like a secret masked.
    pub input: Value,
    /// The file that it read, wrote or edited.
    pub file: Option<String>,
    /// Size of what it gave back, in bytes.
    pub output_bytes: u64,
}

impl ToolCall {
    /// Of what it was called with, what says most: the file, the command, what is looked
    /// for; else all of it.
    pub fn decisive(&self) -> String {
        if let Some(file) = &self.file {
            return file.clone();
        }
        let names = [
            "command",
            "cmd",
            "pattern",
            "query",
            "url",
            "path",
            "description",
            "prompt",
            "question",
        ];
        let named = names
            .into_iter()
            .find_map(|name| self.input.get(name)?.as_str());
        match (named, &self.input) {
            (Some(text), _) => text.to_owned(),
            (None, Value::Null) => String::new(),
            (None, Value::String(text)) => text.clone(),
            (None, other) => other.to_string(),
        }
    }

    /// Whether it ended well.
    pub const fn succeeded(&self) -> bool {
        self.ended.is_some() && self.fault.is_none()
    }
}
