//! What opencode prints, and what of it is easily misread.

use serde_json::{Value, json};

use crate::agent::unguarded as decoder;
use crate::core::agent::event::{AgentEvent, Meter, Trouble, Used, Verdict};
use crate::core::agent::plan::Speech;
use crate::core::agent::tokens::Usd;
use crate::core::agent::tool::FaultKind;
use crate::core::task::Exit;
use crate::core::time::Timestamp;

/// The events of these lines and of the end.
fn told(lines: &[&str], exit: Exit) -> Vec<AgentEvent> {
    let mut opencode = decoder(Speech::Opencode, &Value::Null);
    let mut events = Vec::new();
    for line in lines {
        events.extend(opencode.line(line.as_bytes()));
        // whoever goes on from here knows as much
        opencode = decoder(Speech::Opencode, &opencode.save());
    }
    events.extend(opencode.end(Some(exit)));
    events
}

fn verdict(events: &[AgentEvent]) -> &Verdict {
    let last = events.iter().rev().find_map(|event| match event {
        AgentEvent::Result(verdict) => Some(verdict),
        _ => None,
    });
    last.expect("a last word")
}

fn step(reason: &str, tokens: &Value, cost: f64) -> String {
    json!({"type": "step_finish", "timestamp": 1_795_230_000_000_u64, "sessionID": "ses_1",
        "part": {"id": "prt_1", "reason": reason, "tokens": tokens, "cost": cost}})
    .to_string()
}

fn error(name: &str, data: &Value) -> String {
    json!({"type": "error", "timestamp": 1_795_230_000_000_u64, "sessionID": "ses_1",
        "error": {"name": name, "data": data}})
    .to_string()
}

fn used(tokens: &Value, cost: f64) -> Used {
    let events = told(&[&step("stop", tokens, cost)], Exit::Code(0));
    let used = events.iter().find_map(|event| match event {
        AgentEvent::Used(used) => Some(used.clone()),
        _ => None,
    });
    used.expect("usage")
}

#[test]
fn a_step_is_counted_with_its_reasoning_beside_or_within_the_output() {
    let beside = json!({"total": 6253, "input": 1000, "output": 43, "reasoning": 7,
        "cache": {"read": 5000, "write": 203}});
    let of = used(&beside, 0.005_25);
    assert_eq!(
        (of.tokens.input, of.tokens.output, of.tokens.reasoning),
        (1000, 50, 7)
    );
    assert_eq!((of.tokens.cache_read, of.tokens.cache_write), (5000, 203));
    assert_eq!((of.tokens.total(), of.cost), (6253, Some(Usd(5_250_000))));
    assert_eq!(
        of.meter,
        Meter::Call {
            key: "prt_1".into(),
            partial: false,
        }
    );
    let within = json!({"total": 1050, "input": 1000, "output": 50, "reasoning": 7});
    assert_eq!(used(&within, 0.0).tokens.output, 50);
    let older = json!({"input": 1000, "output": 43, "reasoning": 7});
    assert_eq!(used(&older, 0.0).tokens.output, 50);
}

#[test]
fn a_cost_of_nothing_for_tokens_is_nobodys_word() {
    let some = json!({"total": 10, "input": 10});
    assert_eq!(used(&some, 0.0).cost, None);
    assert_eq!(used(&some, 0.1).cost, Some(Usd(100_000_000)));
    assert_eq!(used(&json!({}), 0.0).cost, Some(Usd(0)));
}

#[test]
fn only_a_last_step_that_stops_is_a_success() {
    let of = |lines: &[&str], exit| verdict(&told(lines, exit)).clone();
    let none = json!({});
    let (stop, calls) = (step("stop", &none, 0.0), step("tool-calls", &none, 0.0));
    assert!(of(&[&calls, &stop], Exit::Code(0)).ok);
    assert!(!of(&[&stop, &calls], Exit::Code(0)).ok);
    assert!(!of(&[&stop], Exit::Code(1)).ok);
    assert!(!of(&[], Exit::Code(0)).ok);
    let long = of(&[&step("length", &none, 0.0)], Exit::Code(0));
    assert_eq!((long.ok, long.trouble), (false, Some(Trouble::Bound)));
    let begun = r#"{"type":"step_start","sessionID":"ses_1","part":{}}"#;
    let cut = of(&[&stop, begun], Exit::Code(0));
    assert_eq!((cut.ok, cut.trouble), (false, Some(Trouble::Other)));
    let killed = of(&[&calls], Exit::Signal(15));
    assert_eq!(
        (killed.ok, killed.trouble),
        (false, Some(Trouble::Interrupted))
    );
    let broken = error("UnknownError", &json!({"message": "it broke"}));
    let failed = of(&[&stop, &broken], Exit::Code(0));
    assert_eq!((failed.ok, failed.text.as_str()), (false, "it broke"));
    assert!(of(&[&broken, &stop], Exit::Code(0)).ok, "it went on");
}

#[test]
fn a_refused_permission_is_named() {
    let call = json!({"type": "tool_use", "sessionID": "ses_1", "part": {"tool": "bash",
        "callID": "c", "state": {"status": "error", "input": {"command": "touch /opt/x"},
        "error": "The user rejected permission to use this specific tool call."}}})
    .to_string();
    let asked =
        "\x1b[93m\x1b[1m! \x1b[0mpermission requested: external_directory (/opt/*); auto-rejecting";
    let lines = [asked, &call, &step("tool-calls", &json!({}), 0.0)];
    let events = told(&lines, Exit::Code(0));
    let of = verdict(&events);
    assert_eq!((of.ok, of.trouble), (false, Some(Trouble::Other)));
    assert_eq!(
        of.text,
        "it stopped: a permission was refused (permission requested: external_directory (/opt/*); auto-rejecting)"
    );
    let fault = events.iter().find_map(|event| match event {
        AgentEvent::ToolEnded { fault, .. } => fault.as_ref(),
        _ => None,
    });
    assert_eq!(fault.unwrap().kind, FaultKind::PermissionDenied);
}

/// How a call of a tool ended: why it failed, its exit code, how long it took.
fn call(tool: &str, state: &Value) -> (Option<FaultKind>, Option<i32>, Option<u64>) {
    let line = json!({"type": "tool_use", "sessionID": "ses_1",
        "part": {"tool": tool, "callID": "c", "state": state}})
    .to_string();
    let events = told(&[&line], Exit::Code(0));
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
fn a_call_is_told_of_at_its_end_and_says_why_it_failed() {
    let time = json!({"start": 1000, "end": 1102});
    let bash = |exit: Value, output: &str| {
        call(
            "bash",
            &json!({"status": "completed", "output": output, "time": time,
            "metadata": {"exit": exit}}),
        )
    };
    assert_eq!(bash(json!(0), "x"), (None, Some(0), Some(102)));
    assert_eq!(
        bash(json!(7), "(no output)"),
        (Some(FaultKind::CommandFailed), Some(7), Some(102))
    );
    let late = "x\n\n<bash_metadata>\nbash tool terminated command after exceeding timeout 5 ms\n</bash_metadata>";
    assert_eq!(bash(Value::Null, late).0, Some(FaultKind::Timeout));
    let failed =
        |tool: &str, error: &str| call(tool, &json!({"status": "error", "error": error})).0;
    assert_eq!(
        failed("read", "File not found: /x"),
        Some(FaultKind::FileNotFound)
    );
    assert_eq!(
        failed(
            "edit",
            "Could not find oldString in the file. It must match."
        ),
        Some(FaultKind::SyntaxError)
    );
    let invalid =
        |output: &str| call("invalid", &json!({"status": "completed", "output": output})).0;
    assert_eq!(
        invalid("Model tried to call unavailable tool 'Bash'."),
        Some(FaultKind::UnknownTool)
    );
    assert_eq!(
        invalid("The arguments provided to the tool are invalid"),
        Some(FaultKind::SyntaxError)
    );
}

#[test]
fn an_error_names_the_trouble_and_the_reset_of_a_limit() {
    let api = |message: &str, status: u64, body: &str| {
        let data = json!({"message": message, "statusCode": status, "responseBody": body});
        told(&[&error("APIError", &data)], Exit::Code(1))
    };
    let cases = [
        ("no", 401, "", Trouble::Auth),
        ("no", 400, "", Trouble::Request),
        ("Internal server error", 500, "", Trouble::Provider),
        (
            "This request would exceed your account's rate limit.",
            429,
            "",
            Trouble::Limit,
        ),
        (
            "no",
            429,
            r#"{"error":{"code":"insufficient_quota"}}"#,
            Trouble::Quota,
        ),
    ];
    for (message, status, body, trouble) in cases {
        let events = api(message, status, body);
        assert_eq!(
            verdict(&events).trouble,
            Some(trouble),
            "{message} {status} {body}"
        );
        assert_eq!(verdict(&events).text, message);
        assert!(
            !events
                .iter()
                .any(|event| matches!(event, AgentEvent::Limit(_)))
        );
    }
    let limit = |body: &str| {
        let events = api("The usage limit has been reached", 429, body);
        assert_eq!(verdict(&events).trouble, Some(Trouble::Limit));
        events.into_iter().find_map(|event| match event {
            AgentEvent::Limit(limited) => Some(limited.resets),
            _ => None,
        })
    };
    let at = r#"{"error":{"type":"usage_limit_reached","resets_at":1795240000,"resets_in_seconds":10000}}"#;
    assert_eq!(limit(at), Some(Some(Timestamp(1_795_240_000_000))));
    let after = r#"{"error":{"type":"usage_limit_reached","resets_in_seconds":60}}"#;
    assert_eq!(limit(after), Some(Some(Timestamp(1_795_230_060_000))));
    assert_eq!(limit(""), Some(None));
    let unknown = error("UnknownError", &json!({"message": "Model not found: a/b."}));
    assert_eq!(
        verdict(&told(&[&unknown], Exit::Code(1))).trouble,
        Some(Trouble::Request)
    );
    let plain = told(
        &["\x1b[91m\x1b[1mError: \x1b[0mYou must provide a message or a command"],
        Exit::Code(1),
    );
    assert_eq!(verdict(&plain).trouble, Some(Trouble::Request));
    assert_eq!(
        verdict(&plain).text,
        "You must provide a message or a command"
    );
}

#[test]
fn the_conversation_is_named_once() {
    let step = step("stop", &json!({}), 0.0);
    let events = told(&[&step, &step], Exit::Code(0));
    let named = events
        .iter()
        .filter(|event| matches!(event, AgentEvent::Session { .. }));
    assert_eq!(named.count(), 1);
}

#[test]
fn what_is_not_understood_is_shown_as_it_is() {
    for line in [
        "",
        "{}",
        r#"{"type":"text","part":{"id":"p"}}"#,
        r#"{"type":"text","sessionID":5}"#,
        r#"{"type":"tool_use","part":{"callID":"c","tool":"bash"}}"#,
        r#"{"type":"tool_use","part":{"callID":"c","tool":"bash","state":3}}"#,
        r#"{"type":"step_finish","part":[]}"#,
        r#"{"type":"error","error":"x"}"#,
        r#"{"type":"snapshot","part":{}}"#,
    ] {
        let events = told(&[line], Exit::Code(1));
        assert_eq!(events[0], AgentEvent::Raw { text: line.into() });
        assert!(!verdict(&events).ok);
    }
}

#[test]
fn a_step_that_lacks_something_still_tells_the_rest() {
    let line = |part: Value| {
        json!({"type": "step_finish", "sessionID": "ses_1", "part": part}).to_string()
    };
    for (part, wanted) in [
        (
            json!({"tokens": {"input": 10.0, "output": 2.0}, "cost": 0.5}),
            Some((10, 0.5)),
        ),
        (
            json!({"reason": "stop", "tokens": null, "cost": 0.5}),
            Some((0, 0.5)),
        ),
        (json!({"reason": "stop", "tokens": null}), None),
        (json!({}), None),
    ] {
        let events = told(&[&line(part.clone())], Exit::Code(0));
        let used = events.iter().find_map(|event| match event {
            AgentEvent::Used(used) => Some((used.tokens.input, used.cost)),
            _ => None,
        });
        let wanted = wanted.map(|(input, cost): (u64, f64)| (input, Usd::of(cost)));
        assert_eq!(used, wanted, "{part}");
    }
}

#[test]
fn a_call_that_is_told_of_as_it_goes_on_has_not_ended() {
    let line = |state: Value| {
        json!({"type": "tool_use", "sessionID": "ses_1",
            "part": {"id": "p", "callID": "c", "tool": "bash", "state": state}})
        .to_string()
    };
    let input = json!({"command": "false"});
    let lines = [
        line(json!({"status": "pending", "input": {}})),
        line(json!({"status": "running", "input": input})),
        line(json!({"status": "completed", "input": input, "output": "",
            "metadata": {"exit": 1.0}})),
    ];
    let events = told(&lines.each_ref().map(String::as_str), Exit::Code(0));
    let ended = events.iter().filter_map(|event| match event {
        AgentEvent::ToolEnded { exit_code, .. } => Some(*exit_code),
        _ => None,
    });
    assert_eq!(ended.collect::<Vec<_>>(), [Some(1)]);
}
