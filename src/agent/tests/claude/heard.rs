//! What persons say to Claude Code, and how it tells that it took that in.

use super::*;

#[test]
fn what_the_program_puts_into_a_persons_mouth_is_no_word_of_theirs() {
    let mut decoder = claude();
    let synthetic = line(&mut decoder, &said("[Continue.]", "isSynthetic"));
    let text = "[Continue.]".into();
    assert_eq!(
        synthetic,
        [AgentEvent::Notice {
            level: Level::Info,
            text
        }]
    );
    let prompt = Say::Prompt {
        text: "go".into(),
        session: None,
        fork: false,
        dir: "/".into(),
        id: String::new(),
    };
    decoder.say(&prompt).unwrap();
    for (number, text) in [(1, "go on"), (2, "stop"), (3, "stop")] {
        let message = Say::Message {
            number,
            text: text.into(),
            id: String::new(),
        };
        decoder.say(&message).unwrap();
    }
    let saved = decoder.save();
    let mut decoder = decoder_of(&saved);
    for (text, message) in [
        ("go", Some(0)),
        ("stop", Some(2)),
        ("stop", Some(3)),
        ("go on", Some(1)),
        ("who said that?", None),
    ] {
        let events = line(&mut decoder, &said(text, "isReplay"));
        assert_eq!(
            events,
            [AgentEvent::Heard {
                message,
                text: text.into()
            }]
        );
    }
}

/// A command is not told of by its text, nor is what is said twice told apart by it.
#[test]
fn what_was_said_under_a_name_is_known_by_it() {
    let mut decoder = claude();
    for (number, text) in [(1, "/clear"), (2, "stop"), (3, "stop"), (4, "/cost")] {
        let message = Say::Message {
            number,
            text: text.into(),
            id: format!("id{number}"),
        };
        decoder.say(&message).unwrap();
    }
    let told = String::from_utf8(decoder.replies()).unwrap();
    let ids = told.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["uuid"].as_str().unwrap().to_owned()
    });
    assert_eq!(ids.collect::<Vec<_>>(), ["id1", "id2", "id3", "id4"]);
    let mut decoder = decoder_of(&decoder.save());
    let replay = |id: &str, content: &str| {
        json!({"type": "user", "uuid": id, "isReplay": true,
            "message": {"role": "user", "content": content}})
    };
    let lifecycle = |id: &str, state: &str| json!({"type": "command_lifecycle", "command_uuid": id, "state": state});
    let clear = "<command-name>/clear</command-name>\n  <command-args></command-args>";
    for (told, heard) in [
        (lifecycle("id1", "started"), None),
        (replay("id1", clear), Some((Some(1), "/clear"))),
        (lifecycle("id1", "completed"), None),
        (replay("id3", "stop"), Some((Some(3), "stop"))),
        (replay("older", "stop"), Some((Some(2), "stop"))),
        (lifecycle("id4", "completed"), Some((Some(4), ""))),
        (lifecycle("id4", "completed"), None),
    ] {
        let events = line(&mut decoder, &told);
        let wanted = heard.map(|(message, text)| AgentEvent::Heard {
            message,
            text: text.into(),
        });
        assert_eq!(events, Vec::from_iter(wanted), "{told}");
    }
}

/// Those that wait are taken in as one.
#[test]
fn messages_that_are_taken_in_together_are_each_known() {
    let block = |text: &str| json!({"type": "text", "text": text});
    let replay = |id: &str, texts: &[&str]| {
        let content: Vec<Value> = texts.iter().map(|text| block(text)).collect();
        json!({"type": "user", "uuid": id, "isReplay": true,
            "message": {"role": "user", "content": content}})
    };
    let all = replay("id3", &["one\n", "two\n", "three"]);
    for named in [true, false] {
        let mut decoder = claude();
        for (number, text) in [(1, "one"), (2, "two"), (3, "three")] {
            let message = Say::Message {
                number,
                text: text.into(),
                id: if named {
                    format!("id{number}")
                } else {
                    String::new()
                },
            };
            decoder.say(&message).unwrap();
        }
        let mut told = if named {
            vec![replay("id1", &["one"]), replay("id2", &["two"])]
        } else {
            Vec::new()
        };
        told.push(all.clone());
        let events: Vec<AgentEvent> = told.iter().flat_map(|it| line(&mut decoder, it)).collect();
        let heard = |number, text: &str| AgentEvent::Heard {
            message: Some(number),
            text: text.into(),
        };
        assert_eq!(
            events,
            [heard(1, "one"), heard(2, "two"), heard(3, "three")]
        );
    }
}

#[test]
fn it_is_told_in_its_own_language() {
    let mut decoder = claude();
    let message = Say::Message {
        number: 1,
        text: "two\nlines \"and\" more".into(),
        id: String::new(),
    };
    decoder.say(&message).unwrap();
    let told = reply(&mut decoder);
    let content = json!([{"type": "text", "text": "two\nlines \"and\" more"}]);
    assert_eq!(
        told,
        json!({"type": "user", "message": {"role": "user", "content": content}})
    );
    for id in ["wrangle-1", "wrangle-2"] {
        decoder.say(&Say::Interrupt).unwrap();
        let told = reply(&mut decoder);
        assert_eq!(told["request_id"], id);
        assert_eq!(told["request"], json!({"subtype": "interrupt"}));
    }
    decoder.say(&Say::Close).unwrap();
    assert_eq!(decoder.replies(), b"");
    let refused = json!({"type": "control_response", "response": {
        "subtype": "error", "request_id": "wrangle-1", "error": "no turn",
    }});
    let text = "it refused a request: no turn".into();
    assert_eq!(
        line(&mut decoder, &refused),
        [AgentEvent::Notice {
            level: Level::Warning,
            text
        }]
    );
}
