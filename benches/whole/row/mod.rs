//! The rows of the table, a file each.

mod agent;
mod fifty_writers;
mod first_frame;
mod history;
mod idle;
mod key;
mod launch;
mod memory;
mod one_writer;
mod queue;
mod revoke;
mod store;

use super::figure::Figure;
use super::{Outcome, Scale};

/// A row.
pub(crate) struct Row {
    /// By which it is chosen.
    pub(crate) name: &'static str,
    /// What it measures.
    pub(crate) about: &'static str,
    /// Measures.
    pub(crate) run: fn(Scale) -> Outcome<Vec<Figure>>,
}

/// All rows.
pub(crate) const ALL: &[Row] = &[
    one_writer::ROW,
    fifty_writers::ROW,
    key::ROW,
    agent::ROW,
    idle::ROW,
    memory::ROW,
    first_frame::ROW,
    launch::ROW,
    revoke::ROW,
    store::ROW,
    history::ROW,
    queue::ROW,
];
