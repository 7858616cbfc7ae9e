//! What an agent said and did, as a conversation to be read.
//!
//! | file | what |
//! |---|---|
//! | `kept` | a text of which beginning and end are kept |
//! | `item` | an event made small: what a thread prepares of it |
//! | `call` | a call of a tool, for people: what decides, what it changes |
//! | `diff` | what an edit changes, line by line |
//! | [`talk`] | the blocks of a conversation, folded from items |
//! | `ends` | the last word of a run, and what goes on no longer |
//! | `answers` | which of its questions were answered, and what |
//! | `lines` | lines with marks before them, broken into rows of a width |
//! | `markdown`, `table` | an agent's text as lines |
//! | [`colours`] | what the words of code are, by its language |
//! | `lay` | a block as lines |
//! | `pane` | one client's view of a conversation: follow, scroll |
//! | `fold` | what of it is unfolded, and what is left out |
//! | `sight` | the rows of it that are in view |
//! | `seek` | every line that a pattern matches, newest first |
//!
//! Only blocks in view are laid out, and what is held of a conversation is bounded: the
//! log is the truth, and the raw output shows all of it.

mod answers;
mod call;
pub mod colours;
mod diff;
mod ends;
mod fold;
mod item;
mod kept;
mod lay;
mod lines;
mod markdown;
mod pane;
mod seek;
mod sight;
mod table;
pub mod talk;
#[cfg(test)]
mod tests;

pub use colours::Colours;
pub(super) use fold::Only;
pub use item::{Item, item};
pub(super) use lay::Ink;
pub(super) use pane::TalkPane;
pub use talk::{Progress, Transcript};
