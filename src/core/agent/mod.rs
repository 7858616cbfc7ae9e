//! Agents: what they say, what they are told, what they use. Words alone: which program
//! says them in which language is known to the room of decoders, not here.
//!
//! `event` what is heard of an agent; `say` what it is told; `tokens` what it used and what
//! that cost; `tool` one call of a tool; `plan` how an agent is run and spoken to, as it is
//! stored with its task.

pub mod event;
pub mod plan;
pub mod say;
pub mod tokens;
pub mod tool;
