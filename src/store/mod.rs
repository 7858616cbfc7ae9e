//! The database: tasks, their runs, what happened to them, what clients want remembered.
//!
//! One thread owns it and does what is asked of it in order; everything asked meanwhile
//! goes into one transaction. `db` opens and migrates (`lie`, `layout`: what can be a
//! database of ours), `write` is the thread, `keep` notices what is done to the files
//! meanwhile (`place`) and begins another database (`anew`), `rows` says which column
//! holds what (`waits`, `happened`, `tools`: of the queue, of the activity log, of calls of
//! tools), `load` reads all of it at start, `salvage` lists from the log directories what a damaged or missing
//! database no longer tells (`waiting`: what had not begun).
//!
//! Stored means handed to the kernel (WAL, `synchronous = NORMAL`,
//! <https://sqlite.org/pragma.html#pragma_synchronous>): it survives the death of every
//! process of ours; a power cut may cost the last writes, never the whole.

#[cfg(test)]
mod agents;
mod anew;
mod db;
mod happened;
mod keep;
mod layout;
mod lie;
mod load;
#[cfg(test)]
mod mishaps;
mod place;
mod rows;
mod salvage;
#[cfg(test)]
mod senseless;
#[cfg(test)]
mod starts;
#[cfg(test)]
mod tests;
mod tools;
mod waiting;
mod waits;
mod write;

pub use db::{Flaw, check, newest};
pub use keep::Mended;
pub use load::Loaded;
pub use write::{Done, Read, Store};
