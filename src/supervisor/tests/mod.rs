//! Agents are heard from logs as they lie on disk.

mod hearing;
mod listener;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::core::agent::event::{AgentEvent, Level, Verdict};
use crate::core::agent::plan::Speech;
use crate::core::effect::Hear;
use crate::core::id::{RunId, TaskId};
use crate::core::input::Heard;
use crate::core::log::segment_name;
use crate::core::task::Exit;

/// A run's log, written as its shim writes it.
struct Log {
    home: TempDir,
    run: RunId,
    end: u64,
}

impl Log {
    fn of(task: u32) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            run: RunId {
                task: TaskId(task),
                number: 1,
            },
            end: 0,
        }
    }

    fn dir(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    fn segment(&self, offset: u64) -> PathBuf {
        self.home.path().join(segment_name(offset))
    }

    /// A segment of its own; its offset.
    fn begin(&mut self, bytes: impl AsRef<[u8]>) -> u64 {
        let offset = self.end;
        append(&self.segment(offset), bytes.as_ref());
        self.end += bytes.as_ref().len() as u64;
        offset
    }

    fn drop_segment(&self, offset: u64) {
        fs::remove_file(self.segment(offset)).unwrap();
    }

    /// All that was written is to be heard.
    fn hear(&self) -> Hear {
        Hear {
            run: self.run,
            speech: Speech::Claude,
            from: (0, Value::Null),
            upto: self.end,
            end: None,
        }
    }

    /// The same, and nothing follows.
    fn last(&self) -> Hear {
        Hear {
            end: Some(Exit::Code(0)),
            ..self.hear()
        }
    }
}

fn append(file: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .unwrap();
    file.write_all(bytes).unwrap();
}

/// A line of this text.
fn says(text: &str) -> String {
    let content = json!([{"type": "text", "text": text}]);
    let message = json!({"id": "m", "model": "opus", "content": content});
    format!("{}\n", json!({"type": "assistant", "message": message}))
}

/// The last line of a run that did what it was asked for.
fn done() -> String {
    let line = json!({
        "type": "result", "subtype": "success", "is_error": false, "result": "done",
        "session_id": "5e55", "num_turns": 1
    });
    format!("{line}\n")
}

/// What was said in text.
fn texts(heard: &[Heard]) -> Vec<&str> {
    let events = heard.iter().flat_map(|heard| &heard.events);
    events
        .filter_map(|event| match event {
            AgentEvent::Text(words) => Some(words.text.as_str()),
            _ => None,
        })
        .collect()
}

/// What is so bad that the activity log has it.
fn errors(heard: &[Heard]) -> Vec<&str> {
    let events = heard.iter().flat_map(|heard| &heard.events);
    events
        .filter_map(|event| match event {
            AgentEvent::Notice {
                level: Level::Error,
                text,
            } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// The last word on a run.
fn verdict(heard: &[Heard]) -> Option<&Verdict> {
    let mut events = heard.iter().flat_map(|heard| &heard.events).rev();
    events.find_map(|event| match event {
        AgentEvent::Result(verdict) => Some(verdict),
        _ => None,
    })
}
