//! What an agent is told over its standard input.

use serde::{Deserialize, Serialize};

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
    },
    /// A person says something meanwhile.
    Message {
        /// Counts up within the run, from 1.
        number: u64,
        /// What.
        text: String,
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
