//! The languages of agents: one file each that makes [`AgentEvent`]s of what it prints,
//! and bytes of what it is told. Pure, and never failing: what is not understood is
//! [`AgentEvent::Raw`].

mod acp;
mod aider;
mod amid;
mod claude;
mod codex;
mod codex_server;
mod common;
mod field;
mod gemini;
mod guard;
mod limit;
mod opencode;
mod pattern;
mod plain;
mod rpc;
pub mod stream;
mod told;

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::core::agent::event::AgentEvent;
use crate::core::agent::plan::Speech;
use crate::core::agent::say::Say;
use crate::core::task::Exit;

/// What makes events of one run's output, line by line.
///
/// Its whole state is small, whatever it reads, and can be put by: a later supervisor goes
/// on from [`save`](Self::save) at the line where an earlier one was cut off.
pub trait Decoder: Send {
    /// One line of output, without its line feed; of the last one, what there is of it.
    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent>;

    /// No line follows; how the leader ended, where that is known. Tells at least an
    /// [`AgentEvent::Result`] where none was told in the run's last turn.
    fn end(&mut self, exit: Option<Exit>) -> Vec<AgentEvent>;

    /// Tells the agent something; what has to be written for it is then among the
    /// [`replies`](Self::replies).
    ///
    /// # Errors
    /// One line: why it can't be told that.
    fn say(&mut self, _: &Say) -> Result<(), String> {
        Err("it can't be spoken to while it runs".into())
    }

    /// What is to be written to the agent's standard input, whole lines; empty most of the
    /// time. Taken once: the next call has what came since.
    fn replies(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// Its state, for a later one of its kind.
    fn save(&self) -> Value;
}

/// What decodes a language, going on with a state that an earlier one put by. `Null` is
/// that of a run of which nothing was read; one that can't be read counts as that. Should
/// it panic, then its own run alone is not understood.
pub fn decoder(speech: Speech, saved: &Value) -> Box<dyn Decoder> {
    Box::new(guard::Guarded::new(saved, || unguarded(speech, saved)))
}

/// The same, which panics where it does: for who looks for that.
pub fn unguarded(speech: Speech, saved: &Value) -> Box<dyn Decoder> {
    use amid::Amid;
    use claude::{Claude, Dialect};

    match speech {
        Speech::Claude => Box::new(Amid(Claude::new(Dialect::Claude, saved))),
        Speech::Qwen => Box::new(Amid(Claude::new(Dialect::Qwen, saved))),
        Speech::Codex => Box::new(Amid(codex::Codex::new(saved))),
        Speech::Gemini => Box::new(Amid(gemini::Gemini::new(saved))),
        Speech::CodexServer => Box::new(Amid(codex_server::CodexServer::new(saved))),
        Speech::Acp => Box::new(Amid(acp::Acp::new(saved))),
        Speech::Opencode => Box::new(Amid(opencode::Opencode::new(saved))),
        Speech::Aider => Box::new(aider::Aider::new(saved)),
        Speech::Plain => Box::new(plain::Plain),
    }
}

/// What a piece of output comes to. What is no whole line is shown as it is.
pub fn decode(decoder: &mut dyn Decoder, piece: stream::Piece<'_>) -> Vec<AgentEvent> {
    match piece {
        stream::Piece::Line(line) => decoder.line(line),
        stream::Piece::Part(part) => vec![common::raw(part)],
    }
}
