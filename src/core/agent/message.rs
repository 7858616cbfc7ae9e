//! What persons say to an agent, and how far that comes.

use serde::{Deserialize, Serialize};

use super::story::{Stage, Story};
use crate::core::time::Timestamp;

/// So many messages of persons are kept: the last ones, and all that are under way.
const MOST_MESSAGES: usize = 32;

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

impl Story {
    /// A person says something: on record before it is written, as its number. `None`:
    /// too much of what was said before is under way.
    pub fn say(&mut self, text: &str, now: Timestamp) -> Option<u64> {
        if self.messages.len() == MOST_MESSAGES {
            let through = |message: &Message| !message.state.is_under_way();
            let oldest = self.messages.iter().position(through)?;
            self.messages.remove(oldest);
        }
        self.said += 1;
        self.messages.push(Message {
            number: self.said,
            text: text.to_owned(),
            at: now,
            state: Delivery::Sent,
        });
        Some(self.said)
    }

    /// How far a message came; one that has arrived stays so.
    pub fn came(&mut self, number: u64, state: Delivery) {
        let message = self
            .messages
            .iter_mut()
            .find(|message| message.number == number);
        if let Some(message) = message
            && message.state != Delivery::Delivered
        {
            message.state = state;
        }
    }

    /// It says that it has taken one in.
    pub(super) fn delivered(&mut self, number: Option<u64>) {
        let due = |message: &&mut Message| match number {
            Some(number) => message.number == number,
            // where it does not say which: the oldest that was written to it
            None => message.state == Delivery::Queued,
        };
        if let Some(message) = self.messages.iter_mut().find(due) {
            message.state = Delivery::Delivered;
        }
    }

    /// Whether something that a person said is under way.
    pub fn is_owed_an_answer(&self) -> bool {
        self.messages
            .iter()
            .any(|message| message.state.is_under_way())
    }

    /// What was said last and refused, oldest first: nobody else says it again.
    pub fn refused(&self) -> &[Message] {
        let refused = |message: &Message| matches!(message.state, Delivery::Refused(_));
        let heard = self.messages.iter().rposition(|message| !refused(message));
        &self.messages[heard.map_or(0, |at| at + 1)..]
    }

    /// What was said and not yet written, as one message.
    pub fn unsaid(&self) -> Option<String> {
        let sent = |message: &&Message| message.state == Delivery::Sent;
        let texts = self.messages.iter().filter(sent);
        let texts: Vec<&str> = texts.map(|message| message.text.as_str()).collect();
        (!texts.is_empty()).then(|| texts.join("\n\n"))
    }

    /// What was said and not yet written, to be said to another run.
    pub fn take_unsaid(&mut self) -> Vec<Message> {
        let sent = |message: &mut Message| message.state == Delivery::Sent;
        self.messages.extract_if(.., sent).collect()
    }

    /// What was said and not yet written came so far.
    pub fn sent_came(&mut self, state: &Delivery) {
        for message in &mut self.messages {
            if message.state == Delivery::Sent {
                message.state = state.clone();
            }
        }
    }

    /// Something is written to the agent: all that it was told by then and that is in its
    /// language is among it.
    pub fn wrote(&mut self) {
        if self.stage != Stage::Prompted {
            return;
        }
        for message in &mut self.messages {
            if message.state == Delivery::Sent && !self.outbox.holds_message(message.number) {
                message.state = Delivery::Queued;
            }
        }
    }

    /// The run is over: what it had not taken in it will not. Where it goes on after a limit,
    /// that begins the next one.
    pub(super) fn give_up_queued(&mut self) {
        let goes_on = self.parks_until().is_some();
        for message in &mut self.messages {
            if message.state == Delivery::Queued {
                message.state = if goes_on {
                    Delivery::Sent
                } else {
                    Delivery::Refused("the run ended before it was taken in".into())
                };
            }
        }
    }
}
