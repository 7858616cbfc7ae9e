//! The screen by its keys and by its looks, over a herd made of inputs alone.

mod agents;
mod chaos;
mod configure;
mod filter;
mod herd;
mod history;
mod incremental;
mod keys;
mod limits;
mod looks;
mod place;
mod queue;
mod queue_looks;
mod talk;

use herd::{Desk, key};
