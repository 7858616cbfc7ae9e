//! Any text: what nothing is known of.

use serde_json::Value;

use super::Decoder;
use super::common::{by_exit, raw};
use crate::core::agent::event::AgentEvent;
use crate::core::task::Exit;

/// Each line is shown as it is; how it exits says whether it did what was asked for.
#[derive(Debug, Default)]
pub(super) struct Plain;

impl Decoder for Plain {
    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        vec![raw(line)]
    }

    fn end(&mut self, exit: Option<Exit>) -> Vec<AgentEvent> {
        vec![AgentEvent::Result(by_exit(exit))]
    }

    fn save(&self) -> Value {
        Value::Null
    }
}
