//! What happened to which task, as it happens where that is asked; and what was written.
//!
//! | file | what |
//! |---|---|
//! | `follow` | what is asked of the supervisor, and what its answers come to |
//! | `lines` | a run's output as lines |
//! | `print` | an event in one line |

mod follow;
mod lines;
mod print;
#[cfg(test)]
mod tests;

pub(super) use follow::events;
