//! `codex exec --json`, versions 0.80 to 0.169: threads, turns, and items of a turn.
//!
//! Usage counts the whole thread, and is told at the end of a turn alone; the model, what
//! it cost and how long a call took are never told. A call that was refused may be told of
//! on standard error alone, and one that goes on when the turn ends not at all.
//!
//! `thread` decodes it; `call` an item that is a call of a tool; `words` what its errors say.

mod call;
mod thread;
mod words;

pub(super) use call::Call;
pub(super) use thread::Codex;
pub(super) use words::{retrying, trouble};
