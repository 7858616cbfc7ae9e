//! wrangle launches, watches and revokes a herd of coding agents, and any other
//! long command, from one terminal.
//!
//! # Three roles, one binary
//! - The **supervisor** ([`supervisor`]) owns every task: one loop, one [`core::engine`].
//! - A **shim** per task ([`shim`]) owns one process tree and its output.
//! - Thin **clients** ([`client`]): a terminal that shows the screen, or one CLI call.
//!
//! Each can die without taking another along.
//!
//! # Rooms
//! | room | what | may use |
//! |---|---|---|
//! | [`core`] | pure: words of the product, the engine that decides | nobody |
//! | [`sys`] | what the kernel is asked: processes, sockets | `core` |
//! | [`shim`] | one process tree: spawn, reap, sweep, log | `core`, `sys` |
//! | [`output`] | reading logs: bytes, lines, search | `core` |
//! | [`agent`] | the languages of agents, a file each | `core` |
//! | [`store`] | the database, on a thread of its own | `core`, `sys`, `output` |
//! | [`config`] | layers, validation, paths | `core` |
//! | [`verb`] | every verb once, for CLI and command bar | `core`, `config` |
//! | [`screen`] | a client's state, and `view`, which is pure | `core`, `output`, `agent`, `config`, `verb` |
//! | [`client`] | attach relay, calls, `doctor` | `core`, `sys`, `output`, `store` (to look it over), `config`, `verb`, and of `screen` what checks keys and colours |
//! | [`supervisor`] | the loop that performs effects | all but `client` |
//!
//! # Invariants
//! - A task is `running` only while its shim says that its leader lives.
//! - `ended` follows the kernel's ECHILD, never a scan that found nothing.
//! - Intent is stored before the act: effects that must wait travel inside
//!   [`core::effect::Effect::Store`].
//! - The log is written before anyone is told of the bytes, an outcome stored before any
//!   call is answered with it ([`core::engine`], `hold_back`).
//! - What a supervisor leaves, by SIGKILL or by a takeover, the next one finds: shims go on.
//! - Nothing is signalled by a bare pid: pid and start time, by pidfd.

pub mod agent;
pub mod client;
pub mod config;
pub mod core;
pub mod output;
pub mod screen;
pub mod shim;
pub mod store;
pub mod supervisor;
pub mod sys;
pub mod verb;
