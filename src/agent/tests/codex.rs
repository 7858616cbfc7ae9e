//! What codex prints, and what of it is easily misread.

use serde_json::{Value, json};

use crate::agent::unguarded as decoder;
use crate::core::agent::clock::{Clock, Day};
use crate::core::agent::event::{AgentEvent, LimitState, Limited, Meter, Trouble, Verdict};
use crate::core::agent::plan::Speech;
use crate::core::agent::tool::FaultKind;
use crate::core::task::Exit;
use crate::core::time::Timestamp;

/// The events of these lines and of the end.
fn told(lines: &[&str], exit: Exit) -> Vec<AgentEvent> {
    let mut codex = decoder(Speech::Codex, &Value::Null);
    let mut events = Vec::new();
    for line in lines {
        events.extend(codex.line(line.as_bytes()));
        // whoever goes on from here knows as much
        codex = decoder(Speech::Codex, &codex.save());
    }
    events.extend(codex.end(Some(exit)));
    events
}

fn verdict(events: &[AgentEvent]) -> &Verdict {
    let last = events.iter().rev().find_map(|event| match event {
        AgentEvent::Result(verdict) => Some(verdict),
        _ => None,
    });
    last.expect("a last word")
}

fn failed(message: &str) -> String {
    json!({"type": "turn.failed", "error": {"message": message}}).to_string()
}

fn limits(message: &str) -> Option<Limited> {
    let events = told(&[&failed(message)], Exit::Code(1));
    assert_eq!(verdict(&events).trouble, Some(Trouble::Limit), "{message}");
    events.into_iter().find_map(|event| match event {
        AgentEvent::Limit(limited) => Some(limited),
        _ => None,
    })
}

#[test]
fn usage_excludes_what_came_from_a_cache_and_counts_the_whole_thread() {
    let line = r#"{"type":"turn.completed","usage":{"input_tokens":18303,"cached_input_tokens":15003,"cache_write_input_tokens":300,"output_tokens":180,"reasoning_output_tokens":24}}"#;
    let events = told(&[line], Exit::Code(0));
    let AgentEvent::Used(used) = &events[0] else {
        panic!("{events:?}")
    };
    let tokens = used.tokens;
    assert_eq!((tokens.input, tokens.cache_read), (3000, 15003));
    assert_eq!((tokens.cache_write, tokens.output), (300, 180));
    assert_eq!((tokens.reasoning, tokens.total()), (24, 18483));
    assert_eq!((&used.meter, used.cost), (&Meter::Session, None));
}

#[test]
fn only_a_failed_turn_is_final() {
    let again = r#"{"type":"error","message":"Reconnecting... 2/5 (unexpected status 529 <unknown status code>: Overloaded)"}"#;
    let network = r#"{"type":"error","message":"Reconnecting... waiting for network (Connection failed: error sending request)"}"#;
    let older = r#"{"type":"error","message":"stream error: it broke; retrying 1/5 in 200ms…"}"#;
    let done = r#"{"type":"turn.completed","usage":{}}"#;
    let events = told(&[again, network, older, done], Exit::Code(0));
    let AgentEvent::Retrying {
        attempt,
        most,
        status,
        why,
        ..
    } = &events[0]
    else {
        panic!("{events:?}")
    };
    assert_eq!((*attempt, *most, *status), (Some(2), Some(5), Some(529)));
    assert!(why.starts_with("unexpected status 529"), "{why}");
    let AgentEvent::Retrying { attempt, why, .. } = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (*attempt, why.as_str()),
        (None, "Connection failed: error sending request")
    );
    let AgentEvent::Retrying {
        attempt, delay_ms, ..
    } = &events[2]
    else {
        panic!("{events:?}")
    };
    assert_eq!((*attempt, *delay_ms), (Some(1), Some(200)));
    assert!(verdict(&events).ok);
}

#[test]
fn an_error_names_the_trouble() {
    let cases = [
        ("unexpected status 401 Unauthorized: no", Trouble::Auth),
        ("unexpected status 403 Forbidden: no access", Trouble::Auth),
        (
            "Missing environment variable: `OPENAI_API_KEY`.",
            Trouble::Auth,
        ),
        (
            "exceeded retry limit, last status: 429 Too Many Requests, request id: r401",
            Trouble::Limit,
        ),
        ("unexpected status 429: insufficient_quota", Trouble::Quota),
        (
            "Quota exceeded. Check your plan and billing details.",
            Trouble::Quota,
        ),
        (
            "unexpected status 404 Not Found: no such model",
            Trouble::Request,
        ),
        (
            "The 'x' model is not supported when using Codex with a ChatGPT account.",
            Trouble::Request,
        ),
        (
            "We’re currently experiencing high demand, which may cause temporary errors.",
            Trouble::Provider,
        ),
        (
            "Selected model is at capacity. Please try a different model.",
            Trouble::Provider,
        ),
        (
            "stream disconnected before completion: x",
            Trouble::Provider,
        ),
        ("something else", Trouble::Other),
    ];
    for (message, trouble) in cases {
        let events = told(&[&failed(message)], Exit::Code(1));
        let verdict = verdict(&events);
        assert_eq!(
            (verdict.ok, verdict.trouble),
            (false, Some(trouble)),
            "{message}"
        );
        assert_eq!(verdict.text, message);
    }
}

#[test]
fn a_usage_limit_says_when_it_is_over() {
    let hit = "You've hit your usage limit.";
    let today = limits(&format!(
        "{hit} Upgrade to Pro (https://x.y/z), or try again at 3:05 PM."
    ));
    let clock = |day| Clock {
        day,
        minute: 905,
        zone: None,
    };
    let expected = Limited {
        state: LimitState::Reached,
        which: "usage limit".into(),
        resets: None,
        resets_in_ms: None,
        clock: Some(clock(None)),
        used: None,
    };
    assert_eq!(today, Some(expected.clone()));
    let later = limits(&format!(
        "{hit} Visit x to purchase more credits or try again at Mar 1st, 2027 3:05 PM."
    ));
    assert_eq!(
        later.unwrap().clock,
        Some(clock(Some(Day::Date(2027, 3, 1))))
    );
    for (text, minutes) in [
        ("Try again in 2 hours 5 minutes.", 125),
        ("Try again in 3 days 1 hour.", 3 * 1440 + 60),
        ("Try again in less than a minute.", 1),
    ] {
        let limited = limits(&format!("{hit} {text}")).unwrap();
        assert_eq!(limited.resets_in_ms, Some(minutes * 60_000), "{text}");
    }
    let unknown = limits(&format!("{hit} Try again later.")).unwrap();
    assert_eq!((unknown.clock, unknown.resets_in_ms), (None, None));
    assert_eq!(
        limits("exceeded retry limit, last status: 429 Too Many Requests"),
        None
    );
}

#[test]
fn the_providers_own_answer_knows_better_when_a_limit_is_over() {
    let log = r#"2026-03-04T17:48:31.564826Z ERROR codex_api::endpoint::responses: error=http 429 Too Many Requests: Some("{\"error\":{\"type\":\"usage_limit_reached\",\"resets_at\":1773113950,\"resets_in_seconds\":467439}}")"#;
    let failed = failed("You've hit your usage limit. Try again at Mar 10th, 2026 3:39 AM.");
    let events = told(&[log, &failed], Exit::Code(1));
    let limited = events.iter().find_map(|event| match event {
        AgentEvent::Limit(limited) => Some(limited),
        _ => None,
    });
    assert_eq!(limited.unwrap().resets, Some(Timestamp(1_773_113_950_000)));
}

/// The call's name, and how it ended.
fn call(item: &Value) -> (String, Option<FaultKind>, Option<i32>) {
    let line = json!({"type": "item.completed", "item": item}).to_string();
    let events = told(&[&line], Exit::Code(0));
    match &events[..2] {
        [
            AgentEvent::ToolStarted { name, .. },
            AgentEvent::ToolEnded {
                fault, exit_code, ..
            },
        ] => (
            name.clone(),
            fault.as_ref().map(|fault| fault.kind),
            *exit_code,
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failed_call_says_why() {
    let run = |command: &str, output: &str, code: Option<i32>, status: &str| {
        let (_, fault, exit) = call(&json!({
            "id": "item_1", "type": "command_execution", "status": status,
            "command": format!("/bin/bash -lc '{command}'"),
            "aggregated_output": output, "exit_code": code,
        }));
        assert_eq!(exit, code);
        fault
    };
    let missing = "cat: x: No such file or directory\n";
    assert_eq!(
        run("cat x", missing, Some(1), "failed"),
        Some(FaultKind::FileNotFound)
    );
    assert_eq!(
        run("cat x | wc", missing, Some(1), "failed"),
        Some(FaultKind::CommandFailed)
    );
    assert_eq!(
        run("make", missing, Some(2), "failed"),
        Some(FaultKind::CommandFailed)
    );
    assert_eq!(
        run("exit 7", "", Some(7), "completed"),
        Some(FaultKind::CommandFailed)
    );
    assert_eq!(
        run("rm -rf /", "", None, "declined"),
        Some(FaultKind::PermissionDenied)
    );
    assert_eq!(run("true", "", Some(0), "completed"), None);
    let mcp = json!({
        "id": "item_2", "type": "mcp_tool_call", "server": "docs", "tool": "find",
        "arguments": {"q": 1}, "result": null, "error": {"message": "timed out"}, "status": "failed",
    });
    assert_eq!(
        call(&mcp),
        ("docs.find".into(), Some(FaultKind::Timeout), None)
    );
    let search = json!({"id": "ws_1", "type": "web_search", "query": "rust"});
    assert_eq!(call(&search), ("web_search".into(), None, None));
}

#[test]
fn a_list_of_plans_is_one_call_that_changes() {
    let list = |kind: &str, done: bool| {
        json!({"type": kind, "item": {"id": "i", "type": "todo_list",
            "items": [{"text": "look", "completed": done}]}})
        .to_string()
    };
    let events = told(
        &[
            &list("item.started", false),
            &list("item.updated", true),
            &list("item.completed", true),
        ],
        Exit::Code(0),
    );
    let inputs: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            AgentEvent::ToolStarted { input, .. } => Some(&input["items"][0]["completed"]),
            _ => None,
        })
        .collect();
    assert_eq!(inputs, [false, true]);
    let ends = events
        .iter()
        .filter(|event| matches!(event, AgentEvent::ToolEnded { .. }));
    assert_eq!(ends.count(), 1);
}

#[test]
fn a_subagent_is_known_by_the_call_that_began_it() {
    let spawn = r#"{"type":"item.completed","item":{"id":"item_1","type":"collab_tool_call","tool":"spawn_agent","sender_thread_id":"a","receiver_thread_ids":["b"],"prompt":"count\nfiles","agents_states":{"b":{"status":"running","message":null}},"status":"completed"}}"#;
    let wait = r#"{"type":"item.completed","item":{"id":"item_2","type":"collab_tool_call","tool":"wait","sender_thread_id":"a","receiver_thread_ids":["b"],"prompt":null,"agents_states":{"b":{"status":"completed","message":"3 files"}},"status":"completed"}}"#;
    let events = told(&[spawn, wait, wait], Exit::Code(0));
    let agents: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            AgentEvent::Subagent { id, title, ended } => {
                Some((id.as_str(), title.as_str(), *ended))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        agents,
        [("item_1", "count", false), ("item_1", "3 files", true)]
    );
}

#[test]
fn standard_error_explains_what_the_stream_does_not() {
    let unknown = "Error: thread/resume: thread/resume failed: no rollout found for thread id 1 (code -32600)";
    let events = told(&[unknown], Exit::Code(1));
    assert_eq!(
        events[0],
        AgentEvent::Raw {
            text: unknown.into()
        }
    );
    assert_eq!(verdict(&events).trouble, Some(Trouble::Request));
    assert_eq!(verdict(&events).text, unknown);
    let refused = "2026-11-21T03:30:22.961745Z ERROR codex_core::tools::router: error=patch rejected: writing is blocked";
    let events = told(&[refused], Exit::Signal(15));
    let AgentEvent::Notice { text, .. } = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(text, "patch rejected: writing is blocked");
    assert_eq!(verdict(&events).trouble, Some(Trouble::Interrupted));
}

#[test]
fn what_is_not_understood_is_shown_as_it_is() {
    for line in [
        "",
        "null",
        "{",
        r#"{"type":7}"#,
        r#"{"type":"item.started"}"#,
        r#"{"type":"item.started","item":{"id":1,"type":"agent_message","text":"x"}}"#,
        r#"{"type":"item.completed","item":{"id":"i","type":"command_execution","command":[]}}"#,
        r#"{"type":"item.completed","item":{"id":"i","type":"hologram"}}"#,
        r#"{"type":"thread.started","thread_id":null}"#,
        r#"{"type":"error","message":{}}"#,
        r#"{"type":"turn.paused"}"#,
    ] {
        let events = told(&[line], Exit::Code(1));
        assert_eq!(events[0], AgentEvent::Raw { text: line.into() });
        assert!(!verdict(&events).ok);
    }
}

#[test]
fn what_is_searched_for_is_known_when_it_was() {
    let item = |kind: &str, query: &str| {
        json!({"type": kind, "item": {"id": "i", "type": "web_search", "query": query}}).to_string()
    };
    let lines = [item("item.started", ""), item("item.completed", "rust")];
    let events = told(&lines.each_ref().map(String::as_str), Exit::Code(0));
    let inputs = events.iter().filter_map(|event| match event {
        AgentEvent::ToolStarted { input, .. } => input["query"].as_str(),
        _ => None,
    });
    assert_eq!(inputs.collect::<Vec<_>>(), ["", "rust"]);
}
