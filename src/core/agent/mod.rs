//! Agents: what they say, what they are told, what they use. Words alone: which program
//! says them in which language is known to the room of decoders, not here.
//!
//! `event` what is heard of an agent, `clock` a time of day in it; `say` what it is told,
//! `outbox` what of that is on its way;
//! `tokens` what it used and what that cost, `price` where nobody says so, `model` by which
//! names, `ledger` how counters of several kinds become one figure; `tool` one call of a tool, `mask` what of
//! its arguments is kept, `secret` what is not; `plan` how an agent is run and spoken to, as it is stored with its
//! task; `story` what all that was heard of a run comes to, `asked` the questions in it, `message`
//! what persons said.

pub mod asked;
pub mod bill;
pub mod clock;
pub mod event;
pub mod ledger;
pub mod mask;
pub mod message;
mod model;
pub mod outbox;
pub mod plan;
pub mod price;
pub mod say;
mod secret;
pub mod story;
pub mod tokens;
pub mod tool;
