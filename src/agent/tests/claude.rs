//! Traps of Claude Code's stream, one by one; and what it is told.

use serde_json::{Value, json};

use super::kit::cases;
use crate::agent::{Decoder, unguarded as decoder};
use crate::core::agent::event::{
    AgentEvent, Grant, Level, LimitState, Meter, Part, Trouble, Used, Verdict, Want,
};
use crate::core::agent::ledger::Ledger;
use crate::core::agent::plan::Speech;
use crate::core::agent::say::{Reply, Say};
use crate::core::agent::story::{Heard, Story};
use crate::core::agent::tokens::Usd;
use crate::core::agent::tool::FaultKind;
use crate::core::task::Exit;
use crate::core::time::Timestamp;

mod used;

fn claude() -> Box<dyn Decoder> {
    decoder(Speech::Claude, &Value::Null)
}

/// What a line comes to, but for how turns are counted: the recordings have that.
fn line(decoder: &mut Box<dyn Decoder>, line: &Value) -> Vec<AgentEvent> {
    let mut events = decoder.line(line.to_string().as_bytes());
    events.retain(|event| *event != AgentEvent::TurnBegan);
    events
}

/// What lines come to, told to one decoder.
fn lines(all: &[Value]) -> Vec<AgentEvent> {
    let mut decoder = claude();
    all.iter().flat_map(|one| line(&mut decoder, one)).collect()
}

fn says(id: &str, block: &Value, output: u64) -> Value {
    json!({"type": "assistant", "message": {
        "id": id, "model": "opus", "content": [block],
        "usage": {"input_tokens": 10, "output_tokens": output},
    }})
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn call(id: &str, name: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": name, "input": {}})
}

fn gave(id: &str, more: &Value) -> Value {
    let mut block = json!({"type": "tool_result", "tool_use_id": id});
    for (key, value) in more.as_object().unwrap() {
        block[key] = value.clone();
    }
    json!({"type": "user", "message": {"content": [block]}})
}

fn result(more: &Value) -> Value {
    let mut line =
        json!({"type": "result", "subtype": "success", "is_error": false, "num_turns": 1});
    for (key, value) in more.as_object().unwrap() {
        line[key] = value.clone();
    }
    line
}

fn used(events: &[AgentEvent]) -> Vec<&Used> {
    let each = events.iter().filter_map(|event| match event {
        AgentEvent::Used(used) => Some(used),
        _ => None,
    });
    each.collect()
}

fn verdicts(events: &[AgentEvent]) -> Vec<&Verdict> {
    let each = events.iter().filter_map(|event| match event {
        AgentEvent::Result(verdict) => Some(verdict),
        _ => None,
    });
    each.collect()
}

fn faults(events: &[AgentEvent]) -> Vec<Option<FaultKind>> {
    let each = events.iter().filter_map(|event| match event {
        AgentEvent::ToolEnded { fault, .. } => Some(fault.as_ref().map(|fault| fault.kind)),
        _ => None,
    });
    each.collect()
}

#[test]
fn the_kind_of_a_line_may_stand_anywhere_in_it() {
    let events =
        claude().line(br#"{"num_turns":1,"is_error":false,"subtype":"success","type":"result"}"#);
    assert!(verdicts(&events)[0].ok);
    let events =
        claude().line(b"  {\"session_id\":\"S\",\"subtype\":\"init\",\"type\":\"system\"}\r");
    assert_eq!(events, [AgentEvent::Session { id: "S".into() }]);
}

#[test]
fn a_result_is_not_the_end_and_turns_add_up() {
    let init = json!({"type": "system", "subtype": "init", "session_id": "S", "model": "opus[1m]"});
    let mut decoder = claude();
    let mut events = Vec::new();
    for turns in [2, 1] {
        events.extend(line(&mut decoder, &init));
        events.extend(line(&mut decoder, &says("m", &text("a"), 1)));
        events.extend(line(&mut decoder, &result(&json!({"num_turns": turns}))));
    }
    let turns: Vec<_> = verdicts(&events)
        .iter()
        .map(|verdict| verdict.turns)
        .collect();
    assert_eq!(turns, [Some(2), Some(3)]);
    let named = |event: &&AgentEvent| {
        matches!(event, AgentEvent::Session { .. } | AgentEvent::Model { .. })
    };
    assert_eq!(events.iter().filter(named).count(), 2, "told once each");
    let mut late = says("s", &text("still counting"), 1);
    late["parent_tool_use_id"] = "T".into();
    let state = json!({"type": "stream_event", "event": {"type": "goal_state"}});
    let changed = json!({"type": "system", "subtype": "background_tasks_changed"});
    for after in [late, state, changed] {
        line(&mut decoder, &after);
        assert_eq!(decoder.end(Some(Exit::Code(0))), [], "{after}");
    }
    line(&mut decoder, &init);
    let end = decoder.end(Some(Exit::Code(143)));
    let verdict = verdicts(&end)[0].clone();
    assert_eq!(
        (verdict.ok, verdict.trouble),
        (false, Some(Trouble::Interrupted))
    );
}

#[test]
fn an_error_of_the_provider_is_no_word_of_the_model() {
    let said = json!({"type": "assistant", "error": "server_error", "message": {
        "id": "x", "model": "<synthetic>", "content": [text("API Error: it is down")],
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }});
    let failed = result(&json!({
        "is_error": true, "result": "API Error: it is down", "terminal_reason": "api_error",
    }));
    let events = lines(&[said, failed]);
    let notice = AgentEvent::Notice {
        level: Level::Error,
        text: "API Error: it is down".into(),
    };
    let verdict = AgentEvent::Result(Verdict {
        ok: false,
        text: "API Error: it is down".into(),
        trouble: Some(Trouble::Provider),
        turns: Some(1),
    });
    assert_eq!(
        events,
        [notice, AgentEvent::TurnEnded { complete: true }, verdict]
    );
}

#[test]
fn a_result_names_its_trouble() {
    let failed = |more: Value| {
        let mut more = more;
        more["is_error"] = true.into();
        let events = lines(&[result(&more)]);
        verdicts(&events)[0].trouble.unwrap()
    };
    let cases = [
        (
            json!({"api_error_status": 401, "result": "Invalid API key"}),
            Trouble::Auth,
        ),
        (
            json!({"result": "Not logged in · Please run /login"}),
            Trouble::Auth,
        ),
        (
            json!({"api_error_status": 429, "result": "Request rejected"}),
            Trouble::Limit,
        ),
        (
            json!({"api_error_status": 400, "result": "Credit balance is too low"}),
            Trouble::Quota,
        ),
        (
            json!({"api_error_status": 404, "result": "no such model"}),
            Trouble::Request,
        ),
        (
            json!({"api_error_status": 529, "result": "Overloaded"}),
            Trouble::Provider,
        ),
        (
            json!({"result": "Claude AI usage limit reached|1760000000"}),
            Trouble::Limit,
        ),
        (
            json!({"result": "There's an issue with the selected model (x). It may not exist"}),
            Trouble::Request,
        ),
        (json!({"result": "API Error: 500 {}"}), Trouble::Provider),
        (
            json!({"terminal_reason": "api_error", "result": "?"}),
            Trouble::Provider,
        ),
        (json!({"subtype": "error_max_turns"}), Trouble::Bound),
        (json!({"subtype": "error_max_budget_usd"}), Trouble::Bound),
        (
            json!({"subtype": "error_during_execution", "terminal_reason": "aborted_tools"}),
            Trouble::Interrupted,
        ),
        (
            json!({"errors": ["No conversation found with session ID: x"]}),
            Trouble::Request,
        ),
        (json!({"subtype": "error_during_execution"}), Trouble::Other),
    ];
    for (line, trouble) in cases {
        assert_eq!(failed(line.clone()), trouble, "{line}");
    }
}

#[test]
fn a_call_counts_once_however_often_it_is_told_and_another_under_its_name_counts_too() {
    let run = |name: &str, command: &str| json!({"type": "tool_use", "id": "call_0", "name": name, "input": {"command": command}});
    let (first, gave) = (
        says("m1", &run("Bash", "ls"), 1),
        gave("call_0", &json!({})),
    );
    for (all, calls) in [
        (vec![&first, &first, &gave], 1),
        (vec![&first, &gave, &first, &gave], 1),
        (vec![&first, &gave, &gave], 1),
        (
            vec![&first, &gave, &says("m2", &run("Bash", "ls"), 1), &gave],
            2,
        ),
        (
            vec![&first, &says("m1", &run("Bash", "cat"), 1), &gave, &gave],
            2,
        ),
        (
            vec![&first, &gave, &says("m1", &run("Read", "ls"), 1), &gave],
            2,
        ),
    ] {
        // put by before each line
        let lines: Vec<Vec<u8>> = all.iter().map(|line| line.to_string().into()).collect();
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let events = super::kit::heard(Speech::Claude, &lines, |_| true);
        let mut story = Story::default();
        let mut heard = Heard::default();
        for event in &events {
            story.take(event, 1, Timestamp::default(), &mut heard);
        }
        assert_eq!(
            (story.tools_called, story.tools_failed),
            (calls, 0),
            "{all:?}"
        );
        assert_eq!(story.open, [], "{all:?}");
        let numbers: std::collections::BTreeSet<u32> =
            heard.calls.iter().map(|call| call.number).collect();
        assert_eq!(numbers.len(), calls as usize, "as they are stored");
    }
}

#[test]
fn tools_end_in_any_order_and_an_absent_error_is_none() {
    let events = lines(&[
        says("m", &call("a", "Bash"), 1),
        says("m", &call("b", "Read"), 1),
        says("m", &call("a", "Bash"), 1),
        gave(
            "b",
            &json!({"content": [{"type": "text", "text": "x"}, {"type": "image"}]}),
        ),
        gave(
            "a",
            &json!({"content": "Exit code 3\nboom", "is_error": true}),
        ),
        gave("nobody", &json!({"content": null})),
    ]);
    let started = |event: &&AgentEvent| matches!(event, AgentEvent::ToolStarted { .. });
    assert_eq!(events.iter().filter(started).count(), 2);
    assert_eq!(
        faults(&events),
        [None, Some(FaultKind::CommandFailed), None]
    );
    let told = events.iter().filter_map(|event| match event {
        AgentEvent::ToolEnded {
            output, exit_code, ..
        } => Some((output.as_str(), *exit_code)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert_eq!(
        told,
        [
            ("x\n[image]", None),
            ("Exit code 3\nboom", Some(3)),
            ("", None)
        ]
    );
}

#[test]
fn a_call_that_was_not_allowed_is_no_failure_of_the_tool() {
    let refused = |meta: Value| {
        let mut told = gave("a", &json!({"content": "not that one", "is_error": true}));
        told["tool_result_meta"] = json!([meta]);
        faults(&lines(&[says("m", &call("a", "Bash"), 1), told]))
    };
    let rejected = json!({"id": "a", "permission_decision": {"decision": "reject"}});
    assert_eq!(refused(rejected), [Some(FaultKind::PermissionDenied)]);
    let broken_off = json!({"id": "a", "non_execution_kind": "user-rejected"});
    assert_eq!(refused(broken_off), [Some(FaultKind::Cancelled)]);
    let other = json!({"id": "b", "permission_decision": {"decision": "reject"}});
    assert_eq!(refused(other), [Some(FaultKind::CommandFailed)]);
    let denied = json!({
        "type": "system", "subtype": "permission_denied", "tool_name": "Write", "message": "no",
    });
    let text = "not allowed: Write: no".into();
    assert_eq!(
        lines(&[denied]),
        [AgentEvent::Notice {
            level: Level::Warning,
            text
        }]
    );
}

#[test]
fn a_retry_is_shown_with_all_that_is_told_of_it() {
    let retry = json!({
        "type": "system", "subtype": "api_retry", "attempt": 2, "max_retries": 10,
        "retry_delay_ms": 1162.5, "error_status": 429, "error": "rate_limit",
    });
    let expected = AgentEvent::Retrying {
        attempt: Some(2),
        most: Some(10),
        delay_ms: Some(1162),
        status: Some(429),
        why: "too many requests".into(),
    };
    assert_eq!(lines(&[retry]), [expected]);
}

fn said(text: &str, flag: &str) -> Value {
    let mut line =
        json!({"type": "user", "message": {"content": [{"type": "text", "text": text}]}});
    line[flag] = true.into();
    line
}

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

/// As 2.1.329 does on `/clear` before the first turn of a run.
#[test]
fn a_run_that_leaves_its_conversation_at_once_tells_which() {
    let mut decoder = claude();
    let reset = json!({"type": "conversation_reset", "trigger": "clear", "session_id": "old"});
    let session = |id: &str| AgentEvent::Session { id: id.into() };
    assert_eq!(line(&mut decoder, &reset)[0], session("old"));
    let init = json!({"type": "system", "subtype": "init", "session_id": "new"});
    assert_eq!(line(&mut decoder, &init), [session("new")]);
    let reset = json!({"type": "conversation_reset", "session_id": "new"});
    let events = line(&mut decoder, &reset);
    assert!(
        matches!(events[..], [AgentEvent::Notice { .. }]),
        "{events:?}"
    );
}

#[test]
fn an_event_behind_words_of_standard_error_is_one() {
    let mut decoder = claude();
    let done = result(&json!({"is_error": false, "result": "done"}));
    let events = decoder.line(format!("\u{1b}[2K 50 % {done}").as_bytes());
    assert!(matches!(&events[0], AgentEvent::Raw { text } if text.ends_with("50 % ")));
    assert!(matches!(events.last(), Some(AgentEvent::Result(verdict)) if verdict.ok));
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
fn words_of_the_program_are_no_error_where_it_calls_them_none() {
    let said = json!({"type": "assistant", "message": {
        "id": "x", "model": "<synthetic>", "content": [text("No response requested.")],
    }});
    let text = "No response requested.".into();
    assert_eq!(
        lines(&[said]),
        [AgentEvent::Notice {
            level: Level::Info,
            text
        }]
    );
}

fn decoder_of(saved: &Value) -> Box<dyn Decoder> {
    decoder(Speech::Claude, saved)
}

#[test]
fn what_a_subagent_says_and_does_stands_within_the_call_that_began_it() {
    let within = |mut line: Value| {
        line["parent_tool_use_id"] = "T".into();
        line
    };
    let events = lines(&[
        within(says("m", &text("counting"), 1)),
        within(says("m", &call("c", "Bash"), 1)),
        within(said("count them", "x")),
        json!({
            "type": "system", "subtype": "task_started", "task_id": "k", "tool_use_id": "T",
            "description": "Count", "task_type": "local_agent",
        }),
        json!({"type": "system", "subtype": "task_notification", "tool_use_id": "T", "status": "failed"}),
    ]);
    let inside = |event: &AgentEvent| match event {
        AgentEvent::Text(words) => words.within.as_deref() == Some("T"),
        AgentEvent::ToolStarted { within, .. } => within.as_deref() == Some("T"),
        _ => false,
    };
    assert_eq!(events.iter().filter(|event| inside(event)).count(), 2);
    let subagent = |ended| AgentEvent::Subagent {
        id: "T".into(),
        title: "Count".into(),
        ended,
    };
    assert!(events.contains(&subagent(false)) && events.contains(&subagent(true)));
    let notice = AgentEvent::Notice {
        level: Level::Warning,
        text: "subagent failed: Count".into(),
    };
    assert!(events.contains(&notice), "{events:?}");
}

#[test]
fn a_limit_says_how_far_it_is_and_when_it_is_reset() {
    let limit = |info: Value| {
        let events = lines(&[json!({"type": "rate_limit_event", "rate_limit_info": info})]);
        match events.as_slice() {
            [AgentEvent::Limit(limited)] => {
                let resets = limited.resets.map(|at| at.0);
                (limited.state, limited.which.clone(), resets, limited.used)
            }
            other => panic!("{other:?}"),
        }
    };
    let rejected = json!({
        "status": "rejected", "resetsAt": 1_795_234_865, "rateLimitType": "five_hour",
        "unifiedWindows": {"five_hour": {"utilization": 1.0}},
    });
    let told = (
        LimitState::Reached,
        "five-hour limit".into(),
        Some(1_795_234_865_000),
        Some(1.0),
    );
    assert_eq!(limit(rejected), told);
    let near = json!({
        "status": "allowed_warning", "rateLimitType": "seven_day_opus", "utilization": 0.8,
        "unifiedWindows": {"seven_day_opus": {"resetsAt": 5}},
    });
    let told = (
        LimitState::Near,
        "weekly opus limit".into(),
        Some(5000),
        Some(0.8),
    );
    assert_eq!(limit(near), told);
    let paid = json!({"status": "rejected", "isUsingOverage": true});
    assert_eq!(limit(paid).0, LimitState::Near);
    assert_eq!(limit(json!({"status": "allowed"})).0, LimitState::Open);
}

#[test]
fn a_limit_that_only_words_tell_of_is_one() {
    let told = |text: &str| {
        let line = result(&json!({"is_error": true, "api_error_status": 429, "result": text}));
        let events = lines(&[line]);
        events.into_iter().find_map(|event| match event {
            AgentEvent::Limit(limited) => Some(limited),
            _ => None,
        })
    };
    let limited = told("Claude AI usage limit reached|1760000000").unwrap();
    assert_eq!(limited.resets, Some(Timestamp(1_760_000_000_000)));
    assert_eq!(
        (limited.state, limited.which.as_str()),
        (LimitState::Reached, "usage limit")
    );
    let limited = told("You've hit your 5-hour limit · resets 4:21am (UTC)").unwrap();
    assert_eq!(limited.clock.unwrap().minute, 4 * 60 + 21);
    assert_eq!(limited.which, "five-hour limit");
    assert_eq!(told("Request rejected (429) · try again later"), None);
}

#[test]
fn a_limit_whose_event_tells_no_time_is_told_by_the_words() {
    for resets in [json!(null), json!("soon"), json!(-1)] {
        let info = json!({
            "status": "rejected", "rateLimitType": "five_hour", "resetsAt": resets,
        });
        let words = "You've hit your 5-hour limit · resets 4:21am (Asia/Tokyo)";
        let events = lines(&[
            json!({"type": "rate_limit_event", "rate_limit_info": info}),
            result(&json!({"is_error": true, "api_error_status": 429, "result": words})),
        ]);
        let clocks: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                AgentEvent::Limit(limited) => Some(limited.clock.clone()),
                _ => None,
            })
            .collect();
        let [None, Some(clock)] = clocks.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(
            (clock.minute, clock.zone.as_deref()),
            (261, Some("Asia/Tokyo"))
        );
    }
}

#[test]
fn pieces_and_the_whole_of_a_text_have_one_key() {
    let event = |event: Value| json!({"type": "stream_event", "event": event});
    let begin =
        |kind: &str| event(json!({"type": "content_block_start", "content_block": {"type": kind}}));
    let piece = |text: &str| {
        let delta = json!({"type": "text_delta", "text": text});
        event(json!({"type": "content_block_delta", "delta": delta}))
    };
    let thought = event(json!({
        "type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"},
    }));
    let events = lines(&[
        begin("thinking"),
        thought,
        says("m", &json!({"type": "thinking", "thinking": "hm"}), 0),
        begin("text"),
        piece("a"),
        piece("b"),
        says("m", &text("ab"), 0),
        // whose pieces are another's
        says("m", &text("cd"), 0),
        piece("lost its beginning"),
    ]);
    let words = events.iter().filter_map(|event| match event {
        AgentEvent::Text(words) | AgentEvent::Thinking(words) => {
            Some((words.key.as_str(), words.part, words.text.as_str()))
        }
        _ => None,
    });
    let expected = [
        ("1", Part::Piece, "hm"),
        ("1", Part::Whole, "hm"),
        ("2", Part::Piece, "a"),
        ("2", Part::Piece, "b"),
        ("2", Part::Whole, "ab"),
        ("3", Part::Whole, "cd"),
        ("4", Part::Piece, "lost its beginning"),
    ];
    assert_eq!(words.collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_not_known_is_shown_as_it_is() {
    let unknown = [
        json!({"type": "brand_new", "x": 1}),
        json!({"type": "system", "subtype": "brand_new"}),
        json!({"type": "stream_event", "event": {"type": "brand_new"}}),
        json!({"type": "user", "message": {"content": 7}}),
        json!({"type": "result"}),
        json!({"type": "rate_limit_event", "rate_limit_info": {"status": "brand_new"}}),
        json!({"no": "type"}),
        json!([{"type": "system", "subtype": "status"}, {"no": "type"}]),
    ];
    for line in unknown {
        let text = line.to_string();
        assert_eq!(claude().line(text.as_bytes()), [AgentEvent::Raw { text }]);
    }
    let block = json!({"source": 1, "type": "brand_new"});
    let events = lines(&[says("m", &block, 0)]);
    let text = block.to_string();
    assert_eq!(events[1], AgentEvent::Raw { text }, "{events:?}");
}

#[test]
fn what_happens_beside_the_conversation_is_noted() {
    let noted = |line: Value| match lines(&[line]).pop() {
        Some(AgentEvent::Notice { level, text }) => (level, text),
        other => panic!("{other:?}"),
    };
    let compact = json!({
        "type": "system", "subtype": "compact_boundary",
        "compact_metadata": {"trigger": "auto", "pre_tokens": 150_000},
    });
    let text = "the conversation was shortened (auto): it had 150000 tokens";
    assert_eq!(noted(compact), (Level::Info, text.into()));
    let hook = json!({
        "type": "system", "subtype": "hook_response", "hook_name": "Stop", "outcome": "error",
        "stderr": "boom\n",
    });
    assert_eq!(
        noted(hook),
        (Level::Warning, "hook Stop ended as error: boom".into())
    );
    let background = json!({
        "type": "system", "subtype": "task_started", "task_type": "local_bash", "description": "Serve",
    });
    assert_eq!(
        noted(background),
        (Level::Info, "in the background now: Serve".into())
    );
}

#[test]
fn a_command_that_is_waited_for_is_not_in_the_background_until_it_goes_there() {
    let told = |subtype: &str, more: Value| {
        let mut line = json!({
            "type": "system", "subtype": subtype, "task_id": "b1", "tool_use_id": "T",
        });
        let more = more.as_object().unwrap().clone();
        line.as_object_mut().unwrap().extend(more);
        line
    };
    let started = told(
        "task_started",
        json!({"task_type": "local_bash", "description": "Tick", "is_backgrounded": false}),
    );
    let ended = |status: &str| {
        let more = json!({"status": status, "summary": "Tick", "output_file": ""});
        told("task_notification", more)
    };
    for status in ["completed", "failed", "stopped"] {
        assert_eq!(lines(&[started.clone(), ended(status)]), []);
    }
    let gone = told("task_updated", json!({"patch": {"is_backgrounded": true}}));
    let notices: Vec<String> = lines(&[started, gone, ended("stopped")])
        .into_iter()
        .filter_map(|event| match event {
            AgentEvent::Notice { text, .. } => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(
        notices,
        [
            "in the background now: Tick",
            "in the background, stopped: Tick"
        ]
    );
}

#[test]
fn the_one_line_of_json_output_has_all_of_it() {
    let only = result(&json!({"session_id": "S", "result": "Done.", "num_turns": 3}));
    let events = lines(std::slice::from_ref(&only));
    assert_eq!(events[0], AgentEvent::Session { id: "S".into() });
    let said =
        |event: &&AgentEvent| matches!(event, AgentEvent::Text(words) if words.text == "Done.");
    assert_eq!(events.iter().filter(said).count(), 1);
    let events = lines(&[says("m", &text("Done."), 0), only]);
    assert_eq!(events.iter().filter(said).count(), 1, "said once");
    let nameless = result(&json!({"session_id": "S", "num_turns": 0, "is_error": true}));
    let session = |event: &AgentEvent| matches!(event, AgentEvent::Session { .. });
    assert!(!lines(&[nameless]).iter().any(session), "it never began");
}

#[test]
fn a_run_that_printed_no_result_is_explained_by_what_else_it_printed() {
    let mut decoder = claude();
    decoder.line(b"warning: something");
    decoder.line(b"");
    decoder.line(b"error: unknown option '--nope'");
    let end = decoder.end(Some(Exit::Code(1)));
    let verdict = verdicts(&end)[0];
    assert_eq!(verdict.trouble, Some(Trouble::Request));
    assert_eq!(
        verdict.text,
        "warning: something\nerror: unknown option '--nope'"
    );
}

fn asks(tool: &str, input: &Value, more: &Value) -> Value {
    let mut request = json!({
        "subtype": "can_use_tool", "tool_name": tool, "tool_use_id": "T", "input": input,
    });
    for (key, value) in more.as_object().unwrap() {
        request[key] = value.clone();
    }
    json!({"type": "control_request", "request_id": "R", "request": request})
}

fn answer(decoder: &mut Box<dyn Decoder>, request: &str, answer: Reply) -> Result<(), String> {
    let request = request.into();
    decoder.say(&Say::Answer { request, answer })
}

/// The only line that is to be written to it.
fn reply(decoder: &mut Box<dyn Decoder>) -> Value {
    let bytes = decoder.replies();
    assert_eq!(String::from_utf8_lossy(&bytes).lines().count(), 1);
    serde_json::from_slice(&bytes).unwrap()
}

fn suggestions() -> Value {
    json!({"blocked_path": "/opt", "permission_suggestions": [
        {"type": "addRules", "rules": [{"toolName": "Bash", "ruleContent": "ls"}], "behavior": "allow"},
        {"type": "addDirectories", "directories": ["/opt"]},
        {"type": "setMode", "mode": "acceptEdits"},
    ]})
}

#[test]
fn leave_is_asked_for_with_what_can_be_answered() {
    let events = lines(&[asks("Bash", &json!({"command": "ls /opt"}), &suggestions())]);
    let [AgentEvent::Asks(question)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(
        (question.request.as_str(), question.answerable),
        ("R", true)
    );
    assert_eq!(question.text, "Bash: ls /opt\noutside: /opt");
    let choices = question.choices.iter();
    let choices: Vec<_> = choices
        .map(|choice| (choice.label.as_str(), choice.grants))
        .collect();
    let expected = [
        ("allow", Some(Grant::Once)),
        ("always allow Bash(ls), /opt", Some(Grant::Always)),
        ("deny", Some(Grant::Deny)),
    ];
    assert_eq!(choices, expected);
    let Want::Permission { tool, call, .. } = &question.want else {
        panic!("{question:?}");
    };
    assert_eq!((tool.as_str(), call.as_deref()), ("Bash", Some("T")));
}

#[test]
fn leave_is_given_or_not_also_by_a_later_decoder() {
    let asked = asks("Bash", &json!({"command": "ls"}), &suggestions());
    let answered = |answer_with: Reply| {
        let mut decoder = claude();
        line(&mut decoder, &asked);
        let mut decoder = crate::agent::decoder(Speech::Claude, &decoder.save());
        answer(&mut decoder, "R", answer_with).unwrap();
        let again = answer(&mut decoder, "R", Reply::Allow);
        assert_eq!(again, Err("it has its answer already".into()));
        let reply = reply(&mut decoder);
        assert_eq!(reply["type"], "control_response");
        assert_eq!(reply["response"]["subtype"], "success");
        assert_eq!(reply["response"]["request_id"], "R");
        reply["response"]["response"].clone()
    };
    let once = json!({"behavior": "allow", "updatedInput": {"command": "ls"}});
    assert_eq!(answered(Reply::Allow), once);
    assert_eq!(
        answered(Reply::Text {
            text: " Allow ".into()
        }),
        once
    );
    let always = answered(Reply::AllowAlways);
    let rules: Vec<&Value> = always["updatedPermissions"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    let kinds: Vec<&str> = rules
        .iter()
        .map(|rule| rule["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["addRules", "addDirectories"],
        "not the mode of everything"
    );
    assert_eq!(
        answered(Reply::Text {
            text: "always".into()
        }),
        always
    );
    let no = |why: &str| json!({"behavior": "deny", "message": why});
    assert_eq!(
        answered(Reply::Deny {
            why: "too slow".into()
        }),
        no("too slow")
    );
    let instead = "use find instead";
    assert_eq!(
        answered(Reply::Text {
            text: instead.into()
        }),
        no(instead)
    );
    let silent = answered(Reply::Deny { why: String::new() });
    assert_eq!(silent["message"], "The user did not allow this.");
}

#[test]
fn a_question_is_no_longer_open_once_its_call_ends_or_it_is_taken_back() {
    let asked = asks("Bash", &json!({}), &json!({}));
    let gone = AgentEvent::Answered {
        request: "R".into(),
    };
    let events = lines(&[asked.clone(), gave("T", &json!({"content": "x"}))]);
    assert_eq!(events[1], gone);
    let back = json!({"type": "control_cancel_request", "request_id": "R"});
    assert_eq!(lines(&[asked.clone(), back.clone()])[1], gone);
    let mut decoder = claude();
    line(&mut decoder, &asked);
    line(&mut decoder, &back);
    assert!(answer(&mut decoder, "R", Reply::Allow).is_err());
    assert_eq!(decoder.replies(), b"");
}

#[test]
fn an_input_too_long_to_be_remembered_is_left_to_the_agent() {
    let long = json!({"content": "x".repeat(100_000)});
    let mut decoder = claude();
    line(&mut decoder, &asks("Write", &long, &json!({})));
    assert!(decoder.save().to_string().len() < 2000);
    answer(&mut decoder, "R", Reply::Allow).unwrap();
    assert_eq!(
        reply(&mut decoder)["response"]["response"],
        json!({"behavior": "allow"})
    );
}

#[test]
fn a_question_too_long_to_be_remembered_can_be_denied() {
    let one = |text: &str| json!({"question": text, "options": [{"label": "y"}]});
    let many: Vec<Value> = (0..17).map(|at| one(&at.to_string())).collect();
    for questions in [json!([one(&"x".repeat(100_000))]), json!(many)] {
        let input = json!({ "questions": questions });
        let mut decoder = claude();
        let events = line(&mut decoder, &asks("AskUserQuestion", &input, &json!({})));
        let [AgentEvent::Asks(asked)] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert!(
            asked.answerable && asked.text.contains("deny it"),
            "{asked:?}"
        );
        assert_eq!(asked.choices.len(), 1);
        assert!(decoder.save().to_string().len() < 3000);
        for reply in [Reply::Text { text: "y".into() }, Reply::Allow] {
            let why = answer(&mut decoder, "R", reply).unwrap_err();
            assert!(why.contains("deny it"), "{why}");
        }
        assert_eq!(decoder.replies(), b"");
        let mut decoder = decoder_of(&decoder.save());
        let deny = Reply::Deny {
            why: "shorter".into(),
        };
        answer(&mut decoder, "R", deny).unwrap();
        assert_eq!(
            reply(&mut decoder)["response"]["response"],
            json!({"behavior": "deny", "message": "shorter"})
        );
    }
}

#[test]
fn several_questions_are_answered_one_by_one_and_together() {
    let option = |label: &str| json!({"label": label, "description": "d"});
    let input = json!({"questions": [
        {"question": "Which color?", "options": [option("Red"), option("Blue")]},
        {"question": "What else?", "options": [option("Tea"), option("Cake")], "multiSelect": true},
    ]});
    let mut decoder = claude();
    let events = line(&mut decoder, &asks("AskUserQuestion", &input, &json!({})));
    let asked = events.iter().map(|event| match event {
        AgentEvent::Asks(question) => (question.request.as_str(), question.text.as_str()),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        asked.collect::<Vec<_>>(),
        [("R#1", "Which color?"), ("R#2", "What else?")]
    );
    let say = |text: &str| Reply::Text { text: text.into() };
    assert!(answer(&mut decoder, "R#1", Reply::Allow).is_err());
    answer(&mut decoder, "R#2", say("cake, tea")).unwrap();
    assert_eq!(decoder.replies(), b"", "not yet");
    let mut decoder = decoder_of(&decoder.save());
    answer(&mut decoder, "R#1", say("green")).unwrap();
    let told = reply(&mut decoder)["response"]["response"].clone();
    assert_eq!(told["behavior"], "allow");
    assert_eq!(told["updatedInput"]["questions"], input["questions"]);
    let answers = json!({"Which color?": "green", "What else?": "Cake, Tea"});
    assert_eq!(told["updatedInput"]["answers"], answers);
    let events = line(&mut decoder, &gave("T", &json!({"content": "answered"})));
    let gone = |request: &str| AgentEvent::Answered {
        request: request.into(),
    };
    assert_eq!(events[..2], [gone("R#1"), gone("R#2")]);
}

#[test]
fn what_it_asks_that_nobody_knows_is_refused_so_that_it_goes_on() {
    let mut decoder = claude();
    let request = json!({
        "type": "control_request", "request_id": "E", "request": {"subtype": "elicitation"},
    });
    let events = line(&mut decoder, &request);
    assert!(matches!(
        &events[0],
        AgentEvent::Notice {
            level: Level::Warning,
            ..
        }
    ));
    let told = reply(&mut decoder);
    assert_eq!(told["response"]["subtype"], "error");
    assert_eq!(told["response"]["request_id"], "E");
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

#[test]
fn qwen_code_counts_what_was_cached_twice_and_blames_the_model_for_errors() {
    let mut decoder = decoder(Speech::Qwen, &Value::Null);
    let said = json!({"type": "assistant", "message": {
        "id": "m", "model": "q", "content": [text("[API Error: 400 no]")],
        "usage": {"input_tokens": 6000, "output_tokens": 50, "cache_read_input_tokens": 5000},
    }});
    let events = line(&mut decoder, &said);
    let notice = |event: &AgentEvent| {
        matches!(
            event,
            AgentEvent::Notice {
                level: Level::Error,
                ..
            }
        )
    };
    assert!(events.iter().any(notice));
    let tokens = used(&events)[0].tokens;
    assert_eq!((tokens.input, tokens.cache_read), (1000, 5000));
    let failed = json!({
        "type": "result", "subtype": "error_during_execution", "is_error": true, "num_turns": 1,
        "error": {"message": "[API Error: 400 no]"}, "usage": {"input_tokens": 0},
    });
    let events = line(&mut decoder, &failed);
    assert_eq!(
        used(&events),
        Vec::<&Used>::new(),
        "a counter of nothing counts nothing"
    );
    assert_eq!(verdicts(&events)[0].trouble, Some(Trouble::Request));
}
