//! JSON-RPC 2.0, a message a line, as the Agent Client Protocol and codex's app-server
//! speak it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::common::{one_line, raw};
use crate::core::agent::event::AgentEvent;

/// The code of an error that tells that a method is not known.
const NO_SUCH_METHOD: i32 = -32601;

/// What a line says. Parameters that are left out are `Null`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Message<'a> {
    /// It wants an answer.
    Request {
        method: &'a str,
        id: &'a Value,
        params: &'a Value,
    },
    /// It wants none.
    Notice { method: &'a str, params: &'a Value },
    /// What one of our requests came to.
    Response { id: &'a Value, result: &'a Value },
    /// What was wrong with it.
    Refusal { id: &'a Value, error: &'a Value },
}

/// The message that an object is; `None` where it is none.
pub(super) fn message(object: &Map<String, Value>) -> Option<Message<'_>> {
    let params = object.get("params").unwrap_or(&Value::Null);
    let method = object.get("method").and_then(Value::as_str);
    Some(match (method, object.get("id")) {
        (Some(method), Some(id)) => Message::Request { method, id, params },
        (Some(method), None) => Message::Notice { method, params },
        (None, Some(id)) => match object.get("error") {
            Some(error) => Message::Refusal { id, error },
            None => Message::Response {
                id,
                result: object.get("result")?,
            },
        },
        (None, None) => return None,
    })
}

/// A line that says nothing. Words among them may be why an agent ends: the last is kept.
pub(super) fn aside(line: &[u8], last: &mut String) -> AgentEvent {
    let event = raw(line);
    if let AgentEvent::Raw { text } = &event
        && !text.trim().is_empty()
        && !text.starts_with('{')
    {
        *last = one_line(text);
    }
    event
}

/// What is to be written, whole lines. codex's app-server (0.169.0) does without the
/// version that the standard has in every message: `VERSION` says whether it is there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Outgoing<const VERSION: bool>(String);

impl<const VERSION: bool> Outgoing<VERSION> {
    /// Asks for something; the answer bears this id.
    pub(super) fn ask(&mut self, id: impl Into<Value>, method: &str, params: &Value) {
        self.write(json!({"id": id.into(), "method": method, "params": params}));
    }

    /// Says something that wants no answer.
    pub(super) fn tell(&mut self, method: &str, params: Option<&Value>) {
        let mut message = json!({"method": method});
        if let Some(params) = params {
            message["params"] = params.clone();
        }
        self.write(message);
    }

    /// Answers a request.
    pub(super) fn reply(&mut self, id: &Value, result: &Value) {
        self.write(json!({"id": id, "result": result}));
    }

    /// Says that a request is of a kind nobody answers here.
    pub(super) fn refuse(&mut self, id: &Value, method: &str) {
        let text = format!("{method} is not supported");
        let error = json!({"code": NO_SUCH_METHOD, "message": text});
        self.write(json!({"id": id, "error": error}));
    }

    /// All of it: it counts as written.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0).into_bytes()
    }

    fn write(&mut self, mut message: Value) {
        if VERSION {
            message["jsonrpc"] = "2.0".into();
        }
        self.0.push_str(&message.to_string());
        self.0.push('\n');
    }
}
