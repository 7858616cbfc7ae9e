//! The engine: everything that decides, nothing that acts.
//!
//! `herd` holds the tasks and takes inputs in; each other file is one concern:
//! `request` what clients ask, `life` what shims report, `stop` how things end,
//! `store` what waits for the disk, `recover` what a dead supervisor left, `cap` the bound on all logs together,
//! `index` who is active or wants a person, `why` the one-line reason of a state.

mod cap;
mod herd;
mod index;
mod life;
mod recover;
mod request;
mod stop;
mod store;
#[cfg(test)]
mod tests;
mod why;

pub use herd::{Engine, Rules};
pub use why::{Why, reason};
