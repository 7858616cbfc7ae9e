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

mod asks;
mod ends;
mod heard;
mod tools;
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

fn said(text: &str, flag: &str) -> Value {
    let mut line =
        json!({"type": "user", "message": {"content": [{"type": "text", "text": text}]}});
    line[flag] = true.into();
    line
}

/// The only line that is to be written to it.
fn reply(decoder: &mut Box<dyn Decoder>) -> Value {
    let bytes = decoder.replies();
    assert_eq!(String::from_utf8_lossy(&bytes).lines().count(), 1);
    serde_json::from_slice(&bytes).unwrap()
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
