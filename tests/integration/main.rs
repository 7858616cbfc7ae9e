//! The real program on real processes: every promise tried from outside.
//!
//! Each test has a herd of its own ([`herd::Herd`]) that runs the real binary on the
//! process trees and writers of `tests/kit/tree.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that fails says so by a panic, one that is skipped by a line"
)]

#[path = "../kit/content.rs"]
mod content;

mod again;
mod agents;
mod agents_cli;
mod attach;
mod bounded;
mod completions;
mod config;
mod conversation;
mod crash;
mod detach;
mod events;
mod export;
mod failing_store;
mod first;
mod full_disk;
mod herd;
mod history;
mod hooks;
mod hooks_configured;
mod hostile;
mod keys;
mod kill;
mod matrix;
mod nothing_left;
mod old_data;
mod procs;
mod pty;
mod queue_cli;
mod queue_restart;
mod queue_run;
mod queue_times;
mod reboot;
mod recycled;
mod rooms;
mod shim_input;
mod soak;
mod supervise;
mod takeover;
mod truth;
mod verbs;
mod whole;
