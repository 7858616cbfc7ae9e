//! `codex app-server`, version 0.169: JSON-RPC over standard input and output, without the
//! version of it in each message. Items of a turn are those of `codex exec --json`.
//!
//! What it is told joins the turn that goes on, and is told to have; what a turn used is told
//! after each answer of the model, for a subagent's thread by itself.
//!
//! `client` what comes in; `talk` what a person says; `ask` what a person is asked; `item` a
//! piece of a turn; `usage` tokens and limits.

mod ask;
mod client;
mod item;
mod talk;
mod usage;

#[cfg(test)]
mod tests;

pub(super) use client::CodexServer;
