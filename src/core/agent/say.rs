//! What an agent is told over its standard input.

use serde::{Deserialize, Serialize};

use crate::core::id::RunId;
use crate::core::mix::mixed;
use crate::core::time::Timestamp;

/// What names something that is said to an agent, among all that anybody ever says to one: a
/// UUID (RFC 9562, version 8). `number` is its number in the run, 0 for the prompt. The same
/// each time it is said, so that an agent told twice can tell.
pub fn id(run: RunId, number: u64, at: Timestamp) -> String {
    let run = (u64::from(run.task.0) << 32) | u64::from(run.number);
    let (high, low) = (mixed(run ^ mixed(at.0)), mixed(number ^ mixed(run)));
    format!(
        "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff,
    )
}

/// Something that an agent is told while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Say {
    /// Begin: with this prompt, in this conversation or a new one.
    Prompt {
        /// What it is asked.
        text: String,
        /// The conversation to go on with.
        session: Option<String>,
        /// Whether to go another way from there, leaving that one as it is.
        fork: bool,
        /// The directory that it works in, for those that want to be told: as text, what is
        /// no UTF-8 of it replaced.
        dir: String,
        /// See [`id`].
        #[serde(default)]
        id: String,
    },
    /// A person says something meanwhile.
    Message {
        /// Counts up within the run, from 1.
        number: u64,
        /// What.
        text: String,
        /// See [`id`].
        #[serde(default)]
        id: String,
    },
    /// A person answers a question.
    Answer {
        /// Which.
        request: String,
        /// How.
        answer: Reply,
    },
    /// Break off the turn, and wait for what comes next.
    Interrupt,
    /// Nothing more will be said: end when you are through. Its standard input is ended
    /// only when no turn goes on: some break theirs off at that.
    Close,
}

/// An answer to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Leave is given, this once.
    Allow,
    /// And from now on.
    AllowAlways,
    /// Leave is not given.
    Deny {
        /// Why, for the agent.
        why: String,
    },
    /// A choice by its id or label, or any text.
    Text {
        /// What.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::TaskId;

    #[test]
    fn what_is_said_has_a_name_of_its_own() {
        let of = |task, run, number, at| {
            let run = RunId {
                task: TaskId(task),
                number: run,
            };
            id(run, number, Timestamp(at))
        };
        let same = of(1, 1, 1, 7);
        assert_eq!(of(1, 1, 1, 7), same);
        let form = regex::Regex::new(
            "^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        );
        let mut all = std::collections::BTreeSet::new();
        for (task, run, number, at) in
            (0..10_000).map(|n| (n / 1000, n / 100 % 10, n % 10, n / 10 % 10))
        {
            let id = of(task, run, number.into(), at.into());
            assert!(form.as_ref().unwrap().is_match(&id), "{id}");
            all.insert(id);
        }
        assert_eq!(all.len(), 10_000);
    }
}
