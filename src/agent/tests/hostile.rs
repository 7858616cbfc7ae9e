//! Whatever is fed to a decoder, it takes it: nothing is lost, nothing grows, and it makes
//! no difference where it was cut or put by.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::kit::{ALL, cases, heard};
use crate::agent::stream::Lines;
use crate::agent::{decode, unguarded as decoder};
use crate::core::agent::event::AgentEvent;
use crate::core::agent::plan::Speech;
use crate::core::agent::say::{Reply, Say};

/// Every line of every recording.
static RECORDED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let lines = cases().into_iter().flat_map(|case| {
        let lines: Vec<Vec<u8>> = case
            .bytes
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        lines
    });
    lines.filter(|line| line.len() < 20_000).collect()
});

/// Puts another value in the place of one of the leaves, counted through.
fn replace(value: &mut Value, at: &mut usize, odd: &Value) -> bool {
    match value {
        Value::Array(list) if !list.is_empty() => {
            list.iter_mut().any(|item| replace(item, at, odd))
        }
        Value::Object(map) if !map.is_empty() => {
            map.values_mut().any(|item| replace(item, at, odd))
        }
        leaf => {
            let here = *at == 0;
            if here {
                *leaf = odd.clone();
            } else {
                *at -= 1;
            }
            here
        }
    }
}

fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(Value::from(vec![Value::Null])),
        Just(serde_json::json!({"type": "text", "text": {}})),
    ]
}

fn recorded() -> impl Strategy<Value = Vec<u8>> {
    any::<Index>().prop_map(|at| at.get(&RECORDED).clone())
}

/// A line: recorded, cut off, with a byte or a value changed, or anything.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let cut = (recorded(), any::<Index>()).prop_map(|(mut line, at)| {
        line.truncate(at.index(line.len() + 1));
        line
    });
    let flipped = (recorded(), any::<Index>(), any::<u8>()).prop_map(|(mut line, at, byte)| {
        if !line.is_empty() && byte != b'\n' {
            let at = at.index(line.len());
            line[at] = byte;
        }
        line
    });
    let changed = (recorded(), any::<Index>(), odd()).prop_map(|(line, at, odd)| {
        let Ok(mut value) = serde_json::from_slice::<Value>(&line) else {
            return line;
        };
        replace(&mut value, &mut at.index(40), &odd);
        value.to_string().into_bytes()
    });
    let noise = prop::collection::vec(any::<u8>(), 0..60)
        .prop_map(|bytes| bytes.into_iter().filter(|byte| *byte != b'\n').collect());
    let text = "\\PC{0,60}".prop_map(String::into_bytes);
    prop_oneof![4 => recorded(), 2 => cut, 2 => flipped, 6 => changed, 1 => noise, 1 => text]
}

fn lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(line(), 0..30)
}

fn speech() -> impl Strategy<Value = Speech> {
    prop::sample::select(ALL.to_vec())
}

fn borrowed(lines: &[Vec<u8>]) -> Vec<&[u8]> {
    lines.iter().map(Vec::as_slice).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_state_that_is_put_by_goes_on_as_if_it_had_not_been(
        speech in speech(),
        lines in lines(),
        cuts in any::<u64>(),
    ) {
        let lines = borrowed(&lines);
        let whole = heard(speech, &lines, |_| false);
        prop_assert_eq!(&heard(speech, &lines, |_| true), &whole);
        prop_assert_eq!(&heard(speech, &lines, |at| cuts >> (at % 64) & 1 == 1), &whole);
    }

    #[test]
    fn a_line_that_is_no_json_is_shown_as_it_is(
        speech in speech(),
        before in lines(),
        text in "[^{\\[\n\r][^\n\r]{0,60}",
    ) {
        let mut decoder = decoder(speech, &Value::Null);
        for line in &before {
            decoder.line(line);
        }
        let shown = decoder.line(text.as_bytes()).into_iter().any(|event| match event {
            AgentEvent::Raw { text: raw } => raw == text,
            AgentEvent::Text(words) => words.text.contains(text.trim()),
            AgentEvent::Notice { text: notice, .. } => notice.contains(text.trim()),
            _ => false,
        });
        let blank = text.trim().is_empty() || serde_json::from_str::<Value>(&text).is_ok();
        prop_assert!(shown || blank || speech == Speech::Aider, "{speech:?}: {text:?}");
    }

    #[test]
    fn bytes_come_to_the_same_however_they_are_cut(
        speech in speech(),
        lines in lines(),
        sizes in prop::collection::vec(1_usize..3000, 1..20),
    ) {
        let bytes = lines.join(&b'\n');
        let mut whole = decoder(speech, &Value::Null);
        let mut expected = Vec::new();
        let mut all = Lines::at(0);
        all.feed(&bytes, |piece| expected.extend(decode(whole.as_mut(), piece)));
        all.finish(|piece| expected.extend(decode(whole.as_mut(), piece)));
        let mut parts = decoder(speech, &Value::Null);
        let (mut rest, mut events, mut cutter) = (bytes.as_slice(), Vec::new(), Lines::at(0));
        for size in sizes.iter().cycle() {
            let (chunk, after) = rest.split_at(rest.len().min(*size));
            cutter.feed(chunk, |piece| events.extend(decode(parts.as_mut(), piece)));
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        cutter.finish(|piece| events.extend(decode(parts.as_mut(), piece)));
        prop_assert_eq!(events, expected);
        prop_assert_eq!(parts.save(), whole.save());
    }

    #[test]
    fn what_is_said_to_it_is_whole_lines(
        speech in speech(),
        lines in lines(),
        text in "\\PC{0,40}\n\\PC{0,9}",
    ) {
        let mut decoder = decoder(speech, &Value::Null);
        let prompt = Say::Prompt {
            text: text.clone(),
            session: None,
            fork: false,
            dir: "/".into(),
            id: text.clone(),
        };
        let mut says = vec![prompt, Say::Message { number: 1, text: text.clone(), id: text.clone() }];
        for line in &lines {
            for event in decoder.line(line) {
                if let AgentEvent::Asks(question) = event {
                    let answer = Reply::Text { text: text.clone() };
                    says.push(Say::Answer { request: question.request, answer });
                }
            }
        }
        says.extend([Say::Interrupt, Say::Close]);
        for say in &says {
            // some can't be told that
            let _told = decoder.say(say);
        }
        let bytes = decoder.replies();
        prop_assert!(bytes.is_empty() || bytes.ends_with(b"\n"));
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let json: Result<Value, _> = serde_json::from_slice(line);
            prop_assert!(json.is_ok(), "{}", String::from_utf8_lossy(line));
        }
        prop_assert_eq!(decoder.replies(), b"");
    }
}

/// A line after which another call, another question, another message is open, as much as
/// there is of each.
fn never_ending(speech: Speech, n: usize) -> Vec<Vec<u8>> {
    let recorded = cases().into_iter().filter(|case| case.speech == speech);
    let mut lines = Vec::new();
    for case in recorded {
        let text = String::from_utf8_lossy(&case.bytes).into_owned();
        // what follows closes what is open only where it bears the same name
        let text = text.replace("_mock_", &format!("_{n}_{}_", "x".repeat(100)));
        lines.extend(text.lines().map(|line| line.as_bytes().to_vec()));
    }
    lines
}

#[test]
fn a_state_stays_small_whatever_is_read() {
    for speech in ALL {
        let mut decoder = decoder(speech, &Value::Null);
        for n in 0..12 {
            for line in never_ending(speech, n) {
                decoder.line(&line);
            }
            decoder.line("no event at all, and long ".repeat(2000).as_bytes());
        }
        let saved = decoder.save().to_string().len();
        assert!(saved < 256 << 10, "{speech:?}: {saved} bytes");
    }
}

#[test]
fn a_line_of_twenty_megabytes_is_a_line_like_any_other() {
    let long = "x".repeat(20 << 20);
    let line = format!(
        r#"{{"type":"assistant","message":{{"id":"m","model":"c","content":[{{"type":"text","text":"{long}"}}]}}}}"#
    );
    for speech in ALL {
        let mut decoder = decoder(speech, &Value::Null);
        let events = decoder.line(line.as_bytes());
        let text = events.iter().find_map(|event| match event {
            AgentEvent::Text(words) => Some(words.text.len()),
            AgentEvent::Raw { text } => Some(text.len()),
            _ => None,
        });
        assert!(text >= Some(20 << 20), "{speech:?}: {text:?}");
        let saved = decoder.save().to_string().len();
        assert!(saved < 4096, "{speech:?}: {saved} bytes");
    }
}

#[test]
fn bytes_that_are_no_text_are_shown_as_far_as_they_can_be() {
    let line: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').collect();
    for speech in ALL {
        let events = decoder(speech, &Value::Null).line(&line);
        let shown = events.iter().any(|event| match event {
            AgentEvent::Raw { text } => text.contains('\u{fffd}') && text.contains("abc"),
            AgentEvent::Text(words) => words.text.contains("abc"),
            _ => false,
        });
        assert!(shown, "{speech:?}: {events:?}");
    }
}

#[test]
fn json_that_is_nested_too_deep_is_shown_as_it_is() {
    let line = format!("{}{}", r#"{"type":"#.repeat(5000), "}".repeat(5000));
    for speech in ALL {
        let events = decoder(speech, &Value::Null).line(line.as_bytes());
        let raw = matches!(events.as_slice(), [AgentEvent::Raw { text }] if *text == line);
        assert!(
            raw || speech == Speech::Aider,
            "{speech:?}: {} events",
            events.len()
        );
    }
}

#[test]
fn a_state_that_is_none_is_begun_afresh() {
    for speech in ALL {
        let fresh = decoder(speech, &Value::Null).save();
        for saved in [Value::from("x"), Value::from(vec![1, 2]), Value::from(7)] {
            assert_eq!(decoder(speech, &saved).save(), fresh, "{speech:?}");
        }
    }
}

#[test]
fn a_run_that_tells_no_result_ends_with_one_that_is_no_success() {
    for speech in ALL {
        for exit in [None, Some(crate::core::task::Exit::Signal(9))] {
            let events = decoder(speech, &Value::Null).end(exit);
            let failed = events.iter().any(|event| {
                matches!(event, AgentEvent::Result(verdict) if !verdict.ok && verdict.trouble.is_some())
            });
            assert!(failed, "{speech:?}: {events:?}");
        }
    }
}
