//! What a person said that has not come to an agent yet, as the protocols of JSON-RPC keep it.

use serde::{Deserialize, Serialize};

/// What is to be asked first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Begin {
    pub(super) text: String,
    /// The conversation to go on with.
    pub(super) session: Option<String>,
    pub(super) fork: bool,
    pub(super) dir: String,
}

/// A message that waits until it can be said, or has not arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    /// `None`: a reason for a refusal, for which the protocols have no place.
    pub(super) number: Option<u64>,
    pub(super) text: String,
}

impl Waiting {
    /// Whether it is a reason for a refusal.
    pub(super) const fn is_reason(&self) -> bool {
        self.number.is_none()
    }
}
