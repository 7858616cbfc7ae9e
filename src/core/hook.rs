//! What supervisor and helper say to each other about a hook: a command that the
//! configuration wants run when something happens.

use serde::{Deserialize, Serialize};

use super::raw::Raw;
use super::task::Exit;

/// Everything a helper needs to run a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// What it is for, in a few words: `ended of task 3`.
    pub title: String,
    /// Program and arguments.
    pub argv: Vec<Raw>,
    /// Variables besides the helper's own.
    pub env: Vec<(Raw, Raw)>,
    /// What it reads from its standard input.
    pub input: Raw,
    /// When everything of it is ended, in milliseconds from its start.
    pub timeout_ms: u64,
    /// The file to which its output is added.
    pub log: Raw,
}

/// How a hook went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// How its first process ended.
    pub exit: Option<Exit>,
    /// Why it could not be started.
    pub failed: Option<String>,
    /// Something of it still lived at the limit, and was ended.
    pub timed_out: bool,
}

impl Ran {
    /// What was wrong with it; `None`: nothing.
    pub fn complaint(&self) -> Option<String> {
        match (&self.failed, self.exit) {
            (Some(why), _) => Some(why.clone()),
            (None, Some(Exit::Code(0))) if !self.timed_out => None,
            (None, Some(Exit::Code(0))) => {
                Some("what it left in the background was ended at its time limit".into())
            }
            (None, _) if self.timed_out => Some("ended at its time limit".into()),
            (None, Some(Exit::Code(code))) => Some(format!("exit code {code}")),
            (None, Some(Exit::Signal(signal))) => Some(format!("ended by signal {signal}")),
            (None, None) => Some("nobody knows how it ended".into()),
        }
    }
}
