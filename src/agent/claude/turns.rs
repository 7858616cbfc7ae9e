//! How many turns a turn counts as before its result says so.

use serde_json::Value;

use super::decode::{Claude, Dialect};
use crate::agent::common::text_at;

/// What of a line of the top loop has to do with turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The model begins an answer.
    Begins,
    /// It says something.
    Says,
    /// The user's side does: what a tool gave back, or words that the program put there.
    Hears,
}

impl Step {
    pub(super) fn of(line: &Value) -> Option<Self> {
        let is = |name| line.get(name).and_then(Value::as_bool) == Some(true);
        if text_at(line, "parent_tool_use_id").is_some() {
            return None;
        }
        match text_at(line, "type")? {
            // words of the program itself may answer a command of its own, which is no turn
            "assistant" => {
                let model = line.get("message")?.get("model");
                let own = model.and_then(Value::as_str) == Some("<synthetic>");
                (!own).then_some(Self::Says)
            }
            // what a person said is told once more as it is taken in
            "user" => (!is("isReplay")).then_some(Self::Hears),
            "stream_event" => {
                let event = line.get("event")?;
                (text_at(event, "type") == Some("message_start")).then_some(Self::Begins)
            }
            _ => None,
        }
    }
}

impl Claude {
    /// How many turns begin with a line, as `num_turns` of the result counts them: the first
    /// line begins one. In Claude Code each line of the user's side begins one more, be it
    /// one of several calls that were made at once; in qwen-code all of them between two
    /// answers do together.
    pub(super) fn turns_begun(&mut self, step: Step) -> usize {
        let turn = &mut self.state.turn;
        let more = match step {
            Step::Begins => false,
            Step::Says => {
                turn.answered = true;
                false
            }
            Step::Hears => {
                let answered = std::mem::take(&mut turn.answered);
                answered || self.dialect == Dialect::Claude
            }
        };
        let begun = u8::from(more) + u8::from(turn.counts == 0);
        turn.counts = turn.counts.saturating_add(begun.into());
        begun.into()
    }
}
