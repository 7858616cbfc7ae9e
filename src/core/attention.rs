//! What a task wants of a person.

use serde::{Deserialize, Serialize};

/// What a task wants of a person; in the order of urgency, least first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// Nothing.
    #[default]
    None,
    /// It ended well and nobody has looked yet.
    FinishedUnread,
    /// It ended badly and nobody has looked yet.
    FailedUnread,
    /// It runs and has written nothing for longer than it was said that it would.
    Stalled,
}

impl Attention {
    /// Whether it is over once a person has the task before their eyes.
    pub const fn is_read_by_a_look(self) -> bool {
        matches!(self, Self::FinishedUnread | Self::FailedUnread)
    }

    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::FinishedUnread => "finished_unread",
            Self::FailedUnread => "failed_unread",
            Self::Stalled => "stalled",
        }
    }
}
