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
    /// Its agent tries again by itself after an error of its provider.
    Retrying,
    /// It ended well and nobody has looked yet.
    FinishedUnread,
    /// It ended badly and nobody has looked yet.
    FailedUnread,
    /// A limit of its provider's is used up; it is parked until that is reset.
    LimitReached,
    /// It runs and has written nothing for longer than it was said that it would.
    Stalled,
    /// Its agent's key or login is missing or refused.
    AuthBroken,
    /// Its agent asks something and waits for the answer.
    Asking,
}

impl Attention {
    /// Whether it is over once a person has the task before their eyes.
    pub const fn is_read_by_a_look(self) -> bool {
        matches!(
            self,
            Self::FinishedUnread | Self::FailedUnread | Self::AuthBroken
        )
    }

    /// The word of the contract.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Retrying => "retrying",
            Self::FinishedUnread => "finished_unread",
            Self::FailedUnread => "failed_unread",
            Self::LimitReached => "limit_reached",
            Self::Stalled => "stalled",
            Self::AuthBroken => "auth_broken",
            Self::Asking => "asking",
        }
    }
}
