//! Events behind words: standard error is the same stream as standard output, and what is
//! written there without a line feed, such as progress, stands before the next event.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::Decoder;
use crate::core::agent::event::AgentEvent;
use crate::core::agent::say::Say;
use crate::core::task::Exit;

/// So many places of a line are tried.
const MOST_TRIES: usize = 8;

/// A decoder of lines of JSON, which finds those that stand behind something else.
pub(super) struct Amid<D>(pub(super) D);

impl<D: Decoder> Decoder for Amid<D> {
    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let Some(at) = begin(line) else {
            return self.0.line(line);
        };
        let (words, event) = line.split_at(at);
        let mut events = self.0.line(words);
        events.extend(self.0.line(event));
        events
    }

    fn end(&mut self, exit: Option<Exit>) -> Vec<AgentEvent> {
        self.0.end(exit)
    }

    fn say(&mut self, say: &Say) -> Result<(), String> {
        self.0.say(say)
    }

    fn replies(&mut self) -> Vec<u8> {
        self.0.replies()
    }

    fn save(&self) -> Value {
        self.0.save()
    }
}

/// What events have and other objects lack, such as a provider's error in a line for people:
/// a type, or what makes a message of JSON-RPC.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: Option<IgnoredAny>,
    method: Option<IgnoredAny>,
    id: Option<IgnoredAny>,
}

/// Where in a line that begins otherwise an event begins that reaches to its end.
fn begin(line: &[u8]) -> Option<usize> {
    if matches!(line.trim_ascii_start().first()?, b'{' | b'[') {
        return None;
    }
    let begins = memchr::memmem::find_iter(line, b"{\"");
    let is_event = |at: &usize| {
        let event: Result<Event, _> = serde_json::from_slice(&line[*at..]);
        event.is_ok_and(|it| it.kind.is_some() || it.method.is_some() || it.id.is_some())
    };
    begins.take(MOST_TRIES).find(is_event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_begins_where_an_object_does_that_reaches_to_the_end() {
        for (line, at) in [
            (r#"{"type":"a"}"#, None),
            (r#" {"type":"a"}"#, None),
            (r#"[{"type":"a"}]"#, None),
            (r#"loading 50 %{"type":"a"}"#, Some(12)),
            (r#"{} {"a {"type":"a"} "#, None),
            (r#"x {"a {"type":"a"} "#, Some(6)),
            (r#"x {"type":"a"} y"#, None),
            (r#"ApiError: {"error":{"type":"a"}}"#, None),
            (r#"x{"jsonrpc":"2.0","method":"m"}"#, Some(1)),
            (r#"x{"id":"1","result":{}}"#, Some(1)),
            (r#"x {"type":"#, None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(begin(line.as_bytes()), at, "{line}");
        }
    }
}
