//! Claude Code's `stream-json`, as 2.1.329 prints and takes it, and qwen-code's dialect of
//! it (0.24.4).
//!
//! `decode` takes a line to where it is understood: `said` text, thinking and calls of
//! tools; `tools` what tools gave back, and other lines of the user's side; `system` what
//! the program says of itself; `asks` what it asks a person; `turns` counts them, `outcome`
//! is the end of one; `usage` what was used; `limit` what is left. `talk` is what it is
//! told. `state` is what of a run has to be known to understand its next line.

mod asks;
mod decode;
mod limit;
mod outcome;
mod said;
mod state;
mod system;
mod talk;
mod tools;
mod turns;
mod usage;

pub(super) use decode::{Claude, Dialect};
