//! A decoder that fails takes nobody along: what it panics at, and all after that, is shown
//! as it is, and its run ends as one that was not understood.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use super::Decoder;
use super::common::{first, raw};
use crate::core::agent::event::{AgentEvent, Level, Trouble, Verdict};
use crate::core::agent::say::Say;
use crate::core::task::Exit;

/// Under this name a state that was put by says that its decoder failed, and of what.
const FAILED: &str = "decoder_failed";

/// A decoder, until it panics.
pub(super) struct Guarded {
    /// `Err`: it did; what it said then.
    decoder: Result<Box<dyn Decoder>, String>,
    /// It panicked where nothing could be told: told with what comes next.
    untold: bool,
}

impl Guarded {
    /// One that goes on with `saved`, as `begin` makes it.
    pub(super) fn new(saved: &Value, begin: impl FnOnce() -> Box<dyn Decoder>) -> Self {
        let failed = saved.get(FAILED).and_then(Value::as_str);
        let decoder = failed.map_or_else(|| caught(begin), |why| Err(why.to_owned()));
        Self {
            untold: failed.is_none() && decoder.is_err(),
            decoder,
        }
    }

    /// What the decoder makes of something; `None` where it fails, or has failed.
    fn with<T>(&mut self, ask: impl FnOnce(&mut dyn Decoder) -> T) -> Option<T> {
        let decoder = self.decoder.as_mut().ok()?;
        match caught(|| ask(decoder.as_mut())) {
            Ok(told) => Some(told),
            Err(why) => {
                self.decoder = Err(why);
                self.untold = true;
                None
            }
        }
    }

    fn trouble(&mut self) -> Option<AgentEvent> {
        let why = self.decoder.as_ref().err()?;
        let text = format!("{}; it is shown as it is", not_understood(why));
        std::mem::take(&mut self.untold).then_some(AgentEvent::Notice {
            level: Level::Error,
            text,
        })
    }
}

impl Decoder for Guarded {
    fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        if let Some(events) = self.with(|decoder| decoder.line(line)) {
            return events;
        }
        self.trouble().into_iter().chain([raw(line)]).collect()
    }

    fn end(&mut self, exit: Option<Exit>) -> Vec<AgentEvent> {
        if let Some(events) = self.with(|decoder| decoder.end(exit)) {
            return events;
        }
        let why = self.decoder.as_ref().err();
        let verdict = AgentEvent::Result(Verdict {
            ok: false,
            text: not_understood(why.map_or("", String::as_str)),
            trouble: Some(Trouble::Other),
            turns: None,
        });
        self.trouble().into_iter().chain([verdict]).collect()
    }

    fn say(&mut self, say: &Say) -> Result<(), String> {
        if let Some(said) = self.with(|decoder| decoder.say(say)) {
            return said;
        }
        let why = self.decoder.as_ref().err();
        Err(not_understood(why.map_or("", String::as_str)))
    }

    fn replies(&mut self) -> Vec<u8> {
        self.with(|decoder| decoder.replies()).unwrap_or_default()
    }

    fn save(&self) -> Value {
        let saved = match &self.decoder {
            Ok(decoder) => caught(|| decoder.save()),
            Err(why) => Err(why.clone()),
        };
        saved.unwrap_or_else(|why| json!({ FAILED: why }))
    }
}

fn not_understood(why: &str) -> String {
    format!("what it says is not understood, its decoder failed: {why}")
}

/// What a panic says instead.
fn caught<T>(ask: impl FnOnce() -> T) -> Result<T, String> {
    // nothing of what was half changed is looked at again
    catch_unwind(AssertUnwindSafe(ask)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        first(text.unwrap_or("a panic"), 200)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics at what it is told to.
    struct Fragile(u64);

    impl Decoder for Fragile {
        fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
            assert_ne!(line, b"line", "a bad line");
            self.0 += 1;
            vec![AgentEvent::Model {
                name: self.0.to_string(),
            }]
        }

        fn end(&mut self, exit: Option<Exit>) -> Vec<AgentEvent> {
            assert_ne!(exit, None, "a bad end");
            Vec::new()
        }

        fn say(&mut self, say: &Say) -> Result<(), String> {
            assert_ne!(*say, Say::Close, "a bad word");
            Ok(())
        }

        fn replies(&mut self) -> Vec<u8> {
            b"reply".to_vec()
        }

        fn save(&self) -> Value {
            assert_ne!(self.0, 3, "a bad state");
            self.0.into()
        }
    }

    fn fragile(saved: &Value) -> Guarded {
        Guarded::new(saved, || {
            assert_ne!(*saved, Value::from("bad"), "a bad beginning");
            Box::new(Fragile(saved.as_u64().unwrap_or_default()))
        })
    }

    fn model(name: &str) -> Vec<AgentEvent> {
        vec![AgentEvent::Model { name: name.into() }]
    }

    fn texts(events: &[AgentEvent]) -> Vec<String> {
        let text = |event: &AgentEvent| match event {
            AgentEvent::Notice { level, text } if *level == Level::Error => text.clone(),
            AgentEvent::Raw { text } => text.clone(),
            AgentEvent::Result(verdict) if !verdict.ok => verdict.text.clone(),
            other => panic!("{other:?}"),
        };
        events.iter().map(text).collect()
    }

    #[test]
    fn a_decoder_that_does_not_fail_is_as_without_guard() {
        let mut decoder = fragile(&Value::Null);
        assert_eq!(decoder.line(b"a"), model("1"));
        assert_eq!(
            (decoder.replies(), decoder.save()),
            (b"reply".to_vec(), 1.into())
        );
        assert_eq!(decoder.say(&Say::Interrupt), Ok(()));
        assert_eq!(fragile(&decoder.save()).line(b"b"), model("2"));
        assert_eq!(decoder.end(Some(Exit::Code(0))), Vec::new());
    }

    #[test]
    fn what_a_decoder_fails_at_and_all_after_that_is_shown_as_it_is() {
        let mut decoder = fragile(&Value::Null);
        let events = decoder.line(b"line");
        let told = texts(&events);
        assert!(told[0].contains("a bad line"), "{told:?}");
        assert_eq!(told[1..], ["line"]);
        assert_eq!(texts(&decoder.line(b"a")), ["a"], "said once");
        assert!(
            decoder
                .say(&Say::Interrupt)
                .unwrap_err()
                .contains("a bad line")
        );
        assert_eq!(decoder.replies(), b"");
        // a later supervisor does not begin in the middle of a conversation
        let mut later = fragile(&decoder.save());
        assert_eq!(texts(&later.line(b"b")), ["b"]);
        let events = later.end(Some(Exit::Code(0)));
        let told = texts(&events);
        assert!(
            told.len() == 1 && told[0].contains("a bad line"),
            "{told:?}"
        );
    }

    #[test]
    fn wherever_a_decoder_fails_its_run_ends_as_one_that_was_not_understood() {
        let end = |mut decoder: Guarded| {
            let events = decoder.end(None);
            let told = texts(&events).join("|");
            assert!(
                matches!(events.last(), Some(AgentEvent::Result(_))),
                "{told}"
            );
            told
        };
        assert!(end(fragile(&Value::Null)).contains("a bad end"));
        assert!(end(fragile(&"bad".into())).contains("a bad beginning"));
        let mut talking = fragile(&Value::Null);
        talking.say(&Say::Close).unwrap_err();
        assert!(end(talking).contains("a bad word"));
        assert!(end(fragile(&fragile(&3.into()).save())).contains("a bad state"));
    }
}
