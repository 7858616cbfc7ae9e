//! The supervisor: the one process that owns every task.
//!
//! `entry` becomes the supervisor, `takeover` in place of one that runs and leaves by
//! `handover`; `hub` is the loop, `perform` the one place where effects are performed,
//! `serve` what clients say, `show` when screens are drawn; `shims` (with `outgoing` to
//! each) and `clients` hold the connections, `session` one client's screen, `outputs` the
//! bytes that screens show, `talks` the conversations, `colours` those of code in them, `notify` how terminals are told of what wants a person, `hearing` what agents say
//! (`listener`: one of them), `recover` what an earlier supervisor left, `reload` the
//! configuration read anew, `sweep` what a killed shim left, `trim` the cap on all logs,
//! `delete` what removed tasks leave, `hooks` what the configuration wants run when
//! something happens, `export` what screens want written.

mod clients;
mod clock;
mod colours;
mod delete;
mod entry;
mod event;
mod export;
mod handover;
mod hearing;
mod hooks;
mod hub;
mod listener;
mod log;
mod notify;
mod outgoing;
mod outputs;
mod perform;
mod problems;
mod recover;
mod reload;
mod serve;
mod session;
mod shims;
mod show;
mod sweep;
mod takeover;
mod talks;
mod trim;

#[cfg(test)]
mod tests;

pub use entry::{Start, main};
