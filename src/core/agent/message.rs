//! What persons say to an agent, and how far that comes.

use serde::{Deserialize, Serialize};

use crate::core::time::Timestamp;

/// What a person said while it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Counts up within the run, from 1.
    pub number: u64,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// How far it came.
    pub state: Delivery,
}

/// How far a message came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It is on record, and on its way.
    Sent,
    /// It is written to the agent, which has not said that it took it in.
    Queued,
    /// The agent has taken it in.
    Delivered,
    /// It will never be; why.
    Refused(String),
}

impl Delivery {
    /// Whether it may yet be taken in.
    pub const fn is_under_way(&self) -> bool {
        matches!(self, Self::Sent | Self::Queued)
    }

    /// The word of `--json`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Refused(_) => "refused",
        }
    }
}
