//! Feeds a decoder anything, and holds it to what decoders promise. From the root of the
//! repository, with `cargo install cargo-fuzz`:
//!
//! ```sh
//! tests/fuzz/run 300            # each decoder for five minutes, seeded with all recordings
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz claude
//! ```

use serde_json::Value;
use wrangle::agent::stream::{Lines, Piece};
use wrangle::agent::{Decoder, decode, unguarded as decoder};
use wrangle::core::agent::event::AgentEvent;
use wrangle::core::agent::plan::Speech;
use wrangle::core::agent::say::{Reply, Say};
use wrangle::core::agent::story::{Heard, Story};
use wrangle::core::task::Exit;
use wrangle::core::time::Timestamp;

/// No state is larger than this, in bytes of JSON.
const LARGEST: usize = 4 << 20;

/// Feeds it all lines, once in a go, once cut into chunks with its state put by now and then.
pub fn feed(speech: Speech, data: &[u8]) {
    // the first bytes say how the rest is cut
    let (&cut, data) = data.split_first().unwrap_or((&1, data));
    let mut whole = decoder(speech, &Value::Null);
    let mut expected = Vec::new();
    let mut lines = Lines::at(0);
    let mut line = |piece: Piece<'_>| expected.extend(decode(whole.as_mut(), piece));
    lines.feed(data, &mut line);
    lines.finish(&mut line);
    assert_eq!(lines.next(), data.len() as u64);

    let mut parts = decoder(speech, &Value::Null);
    let mut events = Vec::new();
    let mut lines = Lines::at(0);
    for chunk in data.chunks(usize::from(cut).max(1) * 7) {
        lines.feed(chunk, |piece| events.extend(decode(parts.as_mut(), piece)));
        // as it is stored
        let saved = parts.save().to_string();
        assert!(saved.len() < LARGEST);
        let saved = serde_json::from_str(&saved).expect("what it put by is JSON");
        parts = decoder(speech, &saved);
    }
    lines.finish(|piece| events.extend(decode(parts.as_mut(), piece)));
    assert_eq!(events, expected);

    expected.extend(whole.end(Some(Exit::Code(i32::from(cut)))));
    let told = |event: &AgentEvent| matches!(event, AgentEvent::Result(_));
    assert!(expected.iter().any(told), "it tells how it ended");
    answer(whole.as_mut(), &expected, data);
    hear(&expected);
}

/// Answers all that it asks, and says a little more: whole lines come of that.
fn answer(decoder: &mut dyn Decoder, events: &[AgentEvent], data: &[u8]) {
    let text = String::from_utf8_lossy(&data[..data.len().min(100)]).into_owned();
    for event in events {
        if let AgentEvent::Asks(question) = event {
            let choice = question.choices.first().map(|choice| choice.id.clone());
            let answers = [
                Reply::Text {
                    text: choice.unwrap_or_default(),
                },
                Reply::Text { text: text.clone() },
                Reply::AllowAlways,
                Reply::Deny { why: text.clone() },
            ];
            for answer in answers {
                let request = question.request.clone();
                let _ = decoder.say(&Say::Answer { request, answer });
            }
        }
    }
    let says = [
        Say::Message {
            number: 1,
            text,
            id: String::new(),
        },
        Say::Interrupt,
        Say::Close,
    ];
    for say in says {
        let _ = decoder.say(&say);
    }
    let replies = decoder.replies();
    assert!(replies.is_empty() || replies.ends_with(b"\n"));
}

/// What it tells can be taken in.
fn hear(events: &[AgentEvent]) {
    let (mut story, mut heard) = (Story::default(), Heard::default());
    for event in events {
        story.take(event, 1, Timestamp(1), &mut heard);
    }
    story.end(Timestamp(2), &mut heard);
    assert!(story.tools_failed <= story.tools_called);
}
