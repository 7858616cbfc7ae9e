//! Records on disk: a directory per task, in it `task.json` and a directory per run.
//!
//! Writes go through one thread, in order. A record replaces its file by rename, so
//! a reader, or a crash, sees the old one or the new one whole.

mod load;
#[cfg(test)]
mod tests;
mod write;

pub use load::{Loaded, load};
pub use write::{Done, Store};

/// The file that holds a task's record.
const FILE: &str = "task.json";
