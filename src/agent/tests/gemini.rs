//! What gemini prints, and what of it is easily misread.

use serde_json::{Value, json};

use crate::agent::unguarded as decoder;
use crate::core::agent::event::{AgentEvent, Meter, Part, Trouble, Verdict};
use crate::core::agent::plan::Speech;
use crate::core::agent::tokens::Tokens;
use crate::core::agent::tool::FaultKind;
use crate::core::task::Exit;
use crate::core::time::Timestamp;

/// The events of these lines and of the end.
fn told(lines: &[&str], exit: Exit) -> Vec<AgentEvent> {
    let mut gemini = decoder(Speech::Gemini, &Value::Null);
    let mut events = Vec::new();
    for line in lines {
        events.extend(gemini.line(line.as_bytes()));
        // whoever goes on from here knows as much
        gemini = decoder(Speech::Gemini, &gemini.save());
    }
    events.extend(gemini.end(Some(exit)));
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
    json!({"type": "result", "timestamp": "2026-11-21T03:00:00.000Z", "status": "error",
        "error": {"type": "unknown", "message": message}, "stats": {}})
    .to_string()
}

fn says(text: &str) -> String {
    json!({"type": "message", "role": "assistant", "content": text, "delta": true}).to_string()
}

const DONE: &str = r#"{"type":"result","status":"success","stats":{}}"#;

#[test]
fn a_message_ends_where_something_else_follows() {
    let user = r#"{"type":"message","role":"user","content":"hi"}"#;
    let tool = r#"{"type":"tool_use","tool_name":"glob","tool_id":"g","parameters":{}}"#;
    let lines = [
        user,
        &says("a"),
        &says("b"),
        "Ripgrep is not available.",
        &says("c"),
        tool,
        &says("d"),
        DONE,
    ];
    let events = told(&lines, Exit::Code(0));
    let texts: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            AgentEvent::Text(words) => {
                assert_eq!(words.part, Part::Piece);
                Some((words.key.as_str(), words.text.as_str()))
            }
            _ => None,
        })
        .collect();
    let (first, second) = ("message_1", "message_2");
    assert_eq!(
        texts,
        [(first, "a"), (first, "b"), (first, "c"), (second, "d")]
    );
    assert_eq!(
        (verdict(&events).ok, verdict(&events).text.as_str()),
        (true, "d")
    );
}

#[test]
fn usage_is_told_by_model_and_thoughts_stand_in_the_sum_alone() {
    let init = r#"{"type":"init","session_id":"s","model":"auto"}"#;
    let result = r#"{"type":"result","status":"success","stats":{"total_tokens":44079,"input_tokens":43515,"output_tokens":500,"cached":35015,"input":8500,"models":{"lite":{"total_tokens":6057,"input_tokens":6000,"output_tokens":50,"cached":5000,"input":1000},"flash":{"total_tokens":38022,"input_tokens":37515,"output_tokens":450,"cached":30015,"input":7500},"idle":{"total_tokens":0}}}}"#;
    let events = told(&[init, result], Exit::Code(0));
    let model = AgentEvent::Model {
        name: "flash".into(),
    };
    assert!(events.contains(&model), "the one that answered: {events:?}");
    let used: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            AgentEvent::Used(used) => Some(used),
            _ => None,
        })
        .collect();
    let [flash, lite] = used.as_slice() else {
        panic!("{used:?}")
    };
    assert_eq!(
        (flash.model.as_deref(), &flash.meter),
        (Some("flash"), &Meter::Run)
    );
    let tokens = flash.tokens;
    assert_eq!((tokens.input, tokens.cache_read), (7500, 30015));
    assert_eq!((tokens.output, tokens.reasoning), (507, 57));
    assert_eq!(tokens.total() + lite.tokens.total(), 44079);
}

/// How a call of a tool ended.
fn call(name: &str, result: &Value) -> (Option<FaultKind>, Option<i32>, Option<u64>) {
    let began = json!({"type": "tool_use", "timestamp": "2026-11-21T03:00:00.000Z",
        "tool_name": name, "tool_id": "t", "parameters": {}});
    let mut ended = json!({"type": "tool_result", "timestamp": "2026-11-21T03:00:01.500Z",
        "tool_id": "t"});
    let fields = result.as_object().unwrap().clone();
    ended.as_object_mut().unwrap().extend(fields);
    let events = told(
        &[&began.to_string(), &ended.to_string(), DONE],
        Exit::Code(0),
    );
    let ended = events.iter().find_map(|event| match event {
        AgentEvent::ToolEnded {
            fault,
            exit_code,
            duration_ms,
            ..
        } => Some((
            fault.as_ref().map(|fault| fault.kind),
            *exit_code,
            *duration_ms,
        )),
        _ => None,
    });
    ended.expect("an end")
}

#[test]
fn a_command_that_failed_is_told_of_as_a_success() {
    let shell = |output: &str| {
        let (fault, code, lasted) = call(
            "run_shell_command",
            &json!({"status": "success", "output": output}),
        );
        assert_eq!(lasted, Some(1500));
        (fault, code)
    };
    let failed = Some(FaultKind::CommandFailed);
    assert_eq!(shell("Command exited with code: 7"), (failed, Some(7)));
    assert_eq!(
        shell("Output: x\nExit Code: 3\nProcess Group PGID: 12"),
        (failed, Some(3))
    );
    assert_eq!(shell("x\nExit Code: 2\n"), (failed, Some(2)));
    assert_eq!(shell("Output: x\nExit Code: 0"), (None, Some(0)));
    assert_eq!(shell("Exit Code: 3\nwas what it printed"), (None, None));
    assert_eq!(shell("see:\nCommand exited with code: 7"), (None, None));
    assert_eq!(shell("Command terminated by signal: 9"), (failed, None));
    assert_eq!(
        shell("Command cancelled by user."),
        (Some(FaultKind::Cancelled), None)
    );
    assert_eq!(shell("fine"), (None, None));
    let (read, ..) = call(
        "read_file",
        &json!({"status": "success", "output": "Exit Code: 3"}),
    );
    assert_eq!(read, None, "only a command has an exit code");
}

#[test]
fn a_failed_call_says_why() {
    let of = |kind: &str, message: &str| {
        let error = json!({"type": kind, "message": message});
        call(
            "replace",
            &json!({"status": "error", "output": "Error", "error": error}),
        )
        .0
    };
    assert_eq!(
        of("file_not_found", "File not found: x"),
        Some(FaultKind::FileNotFound)
    );
    assert_eq!(
        of("edit_no_occurrence_found", "no match"),
        Some(FaultKind::SyntaxError)
    );
    assert_eq!(
        of("tool_not_registered", "Tool \"x\" not found."),
        Some(FaultKind::UnknownTool)
    );
    assert_eq!(
        of("path_not_in_workspace", "/x"),
        Some(FaultKind::PermissionDenied)
    );
    assert_eq!(
        of("unhandled_exception", "it timed out"),
        Some(FaultKind::Timeout)
    );
    assert_eq!(of("unhandled_exception", "what"), Some(FaultKind::Other));
    let (bare, ..) = call("replace", &json!({"status": "error"}));
    assert_eq!(bare, Some(FaultKind::Other));
}

#[test]
fn an_error_names_the_trouble() {
    let cases = [
        (
            r#"[API Error: {"error":{"code":400,"message":"something is wrong","status":"INVALID_ARGUMENT"}}]"#,
            Trouble::Request,
            "something is wrong",
        ),
        (
            r#"[API Error: {"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#,
            Trouble::Auth,
            "API key not valid. Please pass a valid API key.",
        ),
        (
            r#"[API Error: {"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}]"#,
            Trouble::Auth,
            "no",
        ),
        (
            r#"[API Error: {"error":{"code":404,"message":"models/x is not found for API version v1beta","status":"NOT_FOUND"}}]"#,
            Trouble::Request,
            "models/x is not found for API version v1beta",
        ),
        (
            "[API Error: You exceeded your current quota, please check your plan and billing details.]",
            Trouble::Quota,
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        (
            "[API Error: This request would exceed your account's rate limit.]\nPlease wait.",
            Trouble::Limit,
            "This request would exceed your account's rate limit.\nPlease wait.",
        ),
        (
            "[API Error: exception TypeError: fetch failed sending request]",
            Trouble::Provider,
            "fetch failed sending request",
        ),
        ("what", Trouble::Other, "what"),
    ];
    for (message, trouble, text) in cases {
        let events = told(&[&failed(message)], Exit::Code(1));
        let verdict = verdict(&events);
        assert_eq!(
            (verdict.ok, verdict.trouble),
            (false, Some(trouble)),
            "{message}"
        );
        assert_eq!(verdict.text, text);
        assert!(
            !events
                .iter()
                .any(|event| matches!(event, AgentEvent::Limit(_))),
            "{message}"
        );
    }
}

#[test]
fn a_quota_says_when_it_is_reset() {
    let resets = |message: &str| {
        let events = told(&[&failed(message)], Exit::Code(1));
        assert_eq!(verdict(&events).trouble, Some(Trouble::Limit), "{message}");
        events.into_iter().find_map(|event| match event {
            AgentEvent::Limit(limited) => Some(limited.resets),
            _ => None,
        })
    };
    let began = 1_795_230_000_000;
    assert_eq!(
        resets(
            "[API Error: You have exhausted your capacity on this model. Your quota will reset after 2h5m3s.]"
        ),
        Some(Some(Timestamp(began + 7_503_000)))
    );
    assert_eq!(
        resets("You exceeded your current quota, please check your plan.\nPlease retry in 57.5s."),
        Some(Some(Timestamp(began + 57_500)))
    );
    assert_eq!(
        resets("You have exhausted your daily quota on this model."),
        Some(None)
    );
}

#[test]
fn retries_are_told_on_standard_error_alone() {
    let lines = [
        r#"Attempt 1 failed with status 429. Retrying with backoff... _ApiError: {"error":{"code":429,"message":"rate limit","status":"RESOURCE_EXHAUSTED"}}"#,
        "    at throwErrorIfNotOK (file:///x.js:1:2)",
        "Attempt 2 failed. Retrying with backoff... Error: exception TypeError: fetch failed sending request",
        "Attempt 3 failed: You have exhausted your capacity on this model. Your quota will reset after 1s.. Retrying after 1234ms...",
        "Attempt 4 failed: You exceeded your current quota",
        "Suggested retry after 57s.. Retrying after 65901ms...",
        "Attempt 10 failed: You exceeded your current quota. Max attempts reached",
    ];
    let events = told(&lines, Exit::Signal(9));
    let retries: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            AgentEvent::Retrying {
                attempt,
                status,
                delay_ms,
                why,
                ..
            } => Some((attempt.unwrap(), *status, *delay_ms, why.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(retries.len(), 5, "the last attempt is followed by none");
    assert_eq!(retries[0], (2, Some(429), None, "rate limit"));
    assert_eq!(retries[1], (3, None, None, "fetch failed sending request"));
    assert_eq!((retries[2].0, retries[2].2), (4, Some(1234)));
    assert_eq!(
        retries[3],
        (5, None, None, "You exceeded your current quota")
    );
    assert_eq!(
        retries[4],
        (5, None, Some(65901), "You exceeded your current quota")
    );
    assert_eq!(verdict(&events).trouble, Some(Trouble::Interrupted));
}

#[test]
fn no_result_is_no_success_whatever_the_exit() {
    let of = |lines: &[&str], exit| verdict(&told(lines, exit)).clone();
    let mute = of(&[&says("word")], Exit::Code(0));
    assert_eq!((mute.ok, mute.trouble), (false, Some(Trouble::Other)));
    let key = of(
        &["When using Gemini API, you must specify the GEMINI_API_KEY environment variable."],
        Exit::Code(41),
    );
    assert_eq!(key.trouble, Some(Trouble::Auth));
    assert!(key.text.contains("GEMINI_API_KEY"), "{}", key.text);
    let untrusted = of(
        &["\x1b[31mGemini CLI is not running in a trusted directory.\x1b[0m"],
        Exit::Code(55),
    );
    assert_eq!(untrusted.trouble, Some(Trouble::Request));
    assert_eq!(
        untrusted.text,
        "Gemini CLI is not running in a trusted directory."
    );
    assert_eq!(of(&[], Exit::Code(53)).trouble, Some(Trouble::Bound));
    assert_eq!(of(&[], Exit::Code(173)).trouble, Some(Trouble::Limit));
    assert_eq!(of(&[], Exit::Code(247)).trouble, Some(Trouble::Provider));
    let quota = "Error when talking to Gemini API Full report available at: /tmp/x.json TerminalQuotaError: You have exhausted your capacity on this model. Your quota will reset after 1h49m8s.";
    let events = told(&[quota], Exit::Code(1));
    assert_eq!(
        verdict(&events).text,
        "You have exhausted your capacity on this model. Your quota will reset after 1h49m8s."
    );
    let limit = events.iter().find_map(|event| match event {
        AgentEvent::Limit(limited) => limited.resets_in_ms,
        _ => None,
    });
    assert_eq!(limit, Some(6_548_000));
}

#[test]
fn a_result_of_an_error_is_no_success_though_it_exits_with_0() {
    let error =
        r#"{"type":"error","severity":"error","message":"The model returned an empty response."}"#;
    let result = r#"{"type":"result","status":"error","stats":{"total_tokens":5}}"#;
    let verdict = verdict(&told(&[error, result], Exit::Code(0))).clone();
    assert_eq!(
        (verdict.ok, verdict.text.as_str()),
        (false, "The model returned an empty response.")
    );
}

#[test]
fn what_is_not_understood_is_shown_as_it_is() {
    for line in [
        "",
        "[]",
        r#"{"type":"init","session_id":5}"#,
        r#"{"type":"message","role":"assistant","content":["x"]}"#,
        r#"{"type":"message","role":"oracle","content":"x"}"#,
        r#"{"type":"tool_use","tool_name":"x"}"#,
        r#"{"type":"tool_result","tool_id":{}}"#,
        r#"{"type":"result"}"#,
        r#"{"type":"thought","text":"x"}"#,
    ] {
        let events = told(&[line], Exit::Code(1));
        assert_eq!(events[0], AgentEvent::Raw { text: line.into() });
        assert!(!verdict(&events).ok);
    }
}

#[test]
fn usage_in_another_shape_is_read_or_else_the_sums_beside_it_are() {
    let tokens = json!({"prompt": 10, "candidates": 3, "cached": 4, "thoughts": 2, "total": 15});
    for models in [json!({"m": {"tokens": tokens}}), json!({"m": {"odd": 1}})] {
        let stats = json!({"models": models, "input_tokens": 10.0, "output_tokens": 3.0,
            "cached": 4.0, "total_tokens": 15.0});
        let done = json!({"type": "result", "status": "success", "stats": stats}).to_string();
        let events = told(&[&done], Exit::Code(0));
        let used: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                AgentEvent::Used(used) => Some(used.tokens),
                _ => None,
            })
            .collect();
        let wanted = Tokens {
            input: 6,
            output: 5,
            cache_read: 4,
            cache_write: 0,
            reasoning: 2,
        };
        assert_eq!(used, [wanted], "{models}");
    }
}
