//! The shim: owns one process tree and its output. Synchronous and small; it must
//! never fail, because what it holds can't be found again.
//!
//! `hook` is a smaller kind: it runs a hook within its time limit.
//!
//! `entry` takes the launch, `host` is the loop, `leader` starts the first process, `tree` signals and reaps,
//! `pump` moves output and input, `log` writes within the cap, `record` keeps intent and end on disk, `link` talks to the supervisor,
//! `signals` says which are obeyed.

mod entry;
mod hook;
mod host;
mod leader;
mod link;
mod log;
mod pump;
mod record;
mod signals;
mod tree;

pub use entry::main;
pub use hook::main as hook;
