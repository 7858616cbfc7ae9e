//! The Agent Client Protocol, version 1: JSON-RPC over standard input and output. One client
//! for gemini 0.61.0 (`--acp`), opencode 1.18.33 (`acp`) and qwen 0.24.4 (`--acp`).
//!
//! `client` what comes in, one turn after the other; `talk` what a person says; `update` what
//! is told of a turn while it goes on; `ask` what a person is asked; `usage` tokens and money.

mod ask;
mod client;
mod talk;
mod update;
mod usage;

#[cfg(test)]
mod tests;

pub(super) use client::Acp;
