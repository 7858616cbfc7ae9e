//! What works on this machine, and where things lie. Starts nothing, changes nothing.
//! `report` prints what `kernel`, `herd`, `terminal` and `agents` find.

mod agents;
mod herd;
mod kernel;
mod report;
mod terminal;

pub use report::doctor;
