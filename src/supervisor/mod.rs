//! The supervisor: the one process that owns every task.
//!
//! `entry` becomes the supervisor, `hub` is the loop and the one place where effects
//! are performed, `serve` what clients say, `show` when screens are drawn; `shims` and `clients` hold the connections, `session` one client's
//! screen, `outputs` the bytes that screens show, `recover` what an earlier supervisor
//! left, `reload` the configuration read anew, `sweep` what a killed shim left, `trim` the cap on all logs.

mod clients;
mod entry;
mod event;
mod hub;
mod log;
mod outputs;
mod recover;
mod reload;
mod serve;
mod session;
mod shims;
mod show;
mod sweep;
mod trim;

pub use entry::main;
