//! What is on its way to an agent, until its shim has it: nothing that was said is lost
//! with the supervisor that was to pass it on.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::say::Say;
use crate::core::raw::Raw;

/// What an agent was told and its shim is not known to have. Stored with the run's story,
/// together with the decoder's state that follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Outbox {
    /// What is not yet in the agent's language, oldest first.
    says: VecDeque<Say>,
    /// What is, and is not known to have come to the shim.
    bytes: Raw,
    /// How many bytes came to the shim before those, since its run began.
    came: u64,
    /// Whether nothing follows: the input is to be ended behind them.
    ends: bool,
}

impl Outbox {
    /// Something is to be put into the agent's language.
    pub fn say(&mut self, say: Say) {
        self.says.push_back(say);
    }

    /// What was said first is in the agent's language, or can't be put into it.
    pub fn said(&mut self) -> Option<Say> {
        self.says.pop_front()
    }

    /// What waits to be put into the agent's language, oldest first.
    pub fn says(&self) -> impl Iterator<Item = &Say> {
        self.says.iter()
    }

    /// Whether a message waits to be put into the agent's language.
    pub fn holds_message(&self, wanted: u64) -> bool {
        let is_it = |say: &Say| matches!(say, Say::Message { number, .. } if *number == wanted);
        self.says.iter().any(is_it)
    }

    /// These bytes are ordered to be written to the agent.
    pub fn write(&mut self, bytes: &[u8]) {
        let mut all = std::mem::take(&mut self.bytes).into_bytes();
        all.extend_from_slice(bytes);
        self.bytes = Raw::from(all);
    }

    /// The end of the agent's input is ordered.
    pub const fn end(&mut self) {
        self.ends = true;
    }

    /// The shim reports that so many bytes came to it since its run began; `None`: one of
    /// a version that does not count them, which is taken to have all.
    pub fn came(&mut self, typed: Option<u64>) {
        let waiting = self.bytes.as_bytes().len() as u64;
        let all = self.came + waiting;
        let typed = typed.unwrap_or(all).min(all);
        if typed <= self.came {
            return;
        }
        let rest = self.bytes.as_bytes()[(typed - self.came) as usize..].to_vec();
        (self.bytes, self.came) = (Raw::from(rest), typed);
    }

    /// What is to be ordered once more by a supervisor that follows on one that died: the
    /// bytes that did not come, and whether the input ends behind them.
    pub fn rest(&self) -> (&[u8], bool) {
        (self.bytes.as_bytes(), self.ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u64) -> Say {
        Say::Message {
            number,
            text: "more".into(),
            id: String::new(),
        }
    }

    #[test]
    fn what_came_is_kept_no_longer_and_the_rest_is_told_from_there() {
        let mut outbox = Outbox::default();
        outbox.write(b"one\n");
        outbox.write(b"two\n");
        outbox.came(Some(0));
        assert_eq!(outbox.rest(), (b"one\ntwo\n".as_slice(), false));
        outbox.came(Some(4));
        assert_eq!(outbox.rest().0, b"two\n");
        // a report that is older says nothing
        outbox.came(Some(2));
        assert_eq!(outbox.rest().0, b"two\n");
        outbox.write(b"three\n");
        outbox.end();
        outbox.came(Some(6));
        assert_eq!(outbox.rest(), (b"o\nthree\n".as_slice(), true));
        // what was typed by others too is no reason to count past what is known
        outbox.came(Some(1000));
        assert_eq!(outbox.rest(), (b"".as_slice(), true));
        outbox.write(b"four\n");
        assert_eq!(outbox.rest().0, b"four\n");
    }

    #[test]
    fn a_shim_that_does_not_count_is_taken_to_have_all() {
        let mut outbox = Outbox::default();
        outbox.write(b"one\n");
        outbox.came(None);
        assert_eq!(outbox.rest().0, b"");
    }

    #[test]
    fn what_is_said_is_held_until_it_is_in_the_agents_language() {
        let mut outbox = Outbox::default();
        outbox.say(message(1));
        outbox.say(message(2));
        assert!(outbox.holds_message(1) && outbox.holds_message(2));
        outbox.said();
        assert!(!outbox.holds_message(1) && outbox.holds_message(2));
        assert!(outbox.says().eq(&[message(2)]));
        let stored = serde_json::to_value(&outbox).unwrap();
        assert_eq!(serde_json::from_value::<Outbox>(stored).unwrap(), outbox);
    }
}
