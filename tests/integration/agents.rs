//! Agents: real processes that speak as the genuine programs do, in their place in PATH.

mod cli;
mod heard;
mod wrong;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::herd::{Done, Herd, finish};

/// A herd that finds agents in a directory of the test's own, before all others.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) herd: Herd,
    bin: PathBuf,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with("")
    }

    pub(super) fn with(config: &str) -> Self {
        let herd = Herd::with(config);
        let bin = herd.dir().join("bin");
        fs::create_dir(&bin).unwrap();
        Self { herd, bin }
    }

    /// Puts a script in the place of a program. Its working directory is the task's.
    pub(super) fn install(&self, name: &str, script: &str) {
        let file = self.bin.join(name);
        let told = self.herd.dir().join("told");
        let head = format!("#!/bin/sh\nTOLD='{}'\n", told.display());
        // a script that is written while another is started could be busy: by rename it isn't
        let new = self.bin.join(format!(".{name}"));
        fs::write(&new, format!("{head}{script}\n")).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(&new, &file).unwrap();
    }

    /// What scripts put into `$TOLD`.
    pub(super) fn told(&self) -> String {
        fs::read_to_string(self.herd.dir().join("told")).unwrap_or_default()
    }

    fn path(&self) -> String {
        let rest = std::env::var("PATH").unwrap_or_default();
        format!("{}:{rest}", self.bin.display())
    }

    #[track_caller]
    pub(super) fn call(&self, args: &[&str]) -> Done {
        finish(
            self.herd
                .command(args)
                .env("PATH", self.path())
                .spawn()
                .unwrap(),
        )
    }

    #[track_caller]
    pub(super) fn ok(&self, args: &[&str]) -> String {
        self.call(args).ok()
    }

    /// Launches an agent; the task's number.
    #[track_caller]
    pub(super) fn run(&self, options: &[&str], prompt: &str) -> u64 {
        let args = [&["run", "--json", "--agent"], options, &[prompt]].concat();
        let text = self.ok(&args);
        let task: Value = serde_json::from_str(&text).unwrap();
        self.herd.remember();
        task["id"].as_u64().unwrap()
    }

    /// Says something to a task: another run may be started for it.
    #[track_caller]
    pub(super) fn send(&self, options: &[&str], text: &str) -> Done {
        let args = [&["send"], options, &["1", text]].concat();
        let done = self.call(&args);
        self.herd.remember();
        done
    }

    /// The task once it has ended.
    #[track_caller]
    pub(super) fn ended(&self, id: u64) -> Value {
        self.herd.wait_state(id, "ended")
    }
}

/// The path of a recording.
pub(super) fn recorded(case: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents");
    dir.join(case).display().to_string()
}

/// A shell command that prints these lines as claude prints them.
pub(super) fn says(lines: &[&str]) -> String {
    format!("cat <<'END'\n{}\nEND", lines.join("\n"))
}

pub(super) const INIT: &str = r#"{"type":"system","subtype":"init","session_id":"5e55-1","model":"claude-opus-5-5","cwd":"/","tools":[]}"#;

pub(super) const ASKS: &str = r#"{"type":"control_request","request_id":"r-1","request":{"subtype":"can_use_tool","tool_name":"Bash","input":{"command":"touch /opt/x"},"description":"Touch a file","permission_suggestions":[{"type":"addRules","rules":[{"toolName":"Bash","ruleContent":"touch /opt/x"}],"behavior":"allow","destination":"session"}],"tool_use_id":"t-1"}}"#;

pub(super) const TOOL: &str = r#"{"type":"assistant","message":{"id":"m-1","role":"assistant","model":"claude-opus-5-5","content":[{"type":"tool_use","id":"t-1","name":"Bash","input":{"command":"touch /opt/x"}}],"usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}},"parent_tool_use_id":null,"session_id":"5e55-1"}"#;

pub(super) const TOOL_DONE: &str = r#"{"type":"user","message":{"role":"user","content":[{"tool_use_id":"t-1","type":"tool_result","content":"ok","is_error":false}]},"parent_tool_use_id":null,"session_id":"5e55-1"}"#;

/// The last word of a turn, after which the conversation has read so many tokens in all.
pub(super) fn result(input: u64, ok: bool) -> String {
    let cost = input as f64 / 1e6;
    let subtype = if ok {
        "success"
    } else {
        "error_during_execution"
    };
    format!(
        r#"{{"type":"result","subtype":"{subtype}","is_error":{},"num_turns":1,"result":"done","session_id":"5e55-1","total_cost_usd":{cost},"usage":{{"input_tokens":{input},"output_tokens":0}},"modelUsage":{{"claude-opus-5-5":{{"inputTokens":{input},"outputTokens":0,"cacheReadInputTokens":0,"cacheCreationInputTokens":0,"costUSD":{cost}}}}}}}"#,
        !ok
    )
}

/// The next line that it is told goes into `$TOLD`.
pub(super) const HEARS: &str = "IFS= read -r line && printf '%s\\n' \"$line\" >>\"$TOLD\"";

/// Until nothing more is said to it.
pub(super) const LEAVES: &str = "cat >/dev/null";

/// A script of these parts.
pub(super) fn script(parts: &[&str]) -> String {
    parts.join("\n")
}
