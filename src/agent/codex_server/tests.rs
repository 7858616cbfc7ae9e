//! Lines as codex 0.169.0 prints them, cut down.

#![allow(
    clippy::needless_pass_by_value,
    reason = "JSON made for the call alone"
)]

use serde_json::{Value, json};

use super::CodexServer;
use crate::agent::Decoder;
use crate::core::agent::event::{AgentEvent, LimitState, Meter, Trouble, Verdict, Want};
use crate::core::agent::say::{Reply, Say};
use crate::core::agent::tokens::Tokens;
use crate::core::agent::tool::{Category, FaultKind};
use crate::core::task::Exit;

/// A client, put by and loaded again before each line.
struct Talk {
    codex: CodexServer,
}

impl Talk {
    fn hear(&mut self, line: &Value) -> Vec<AgentEvent> {
        self.codex = CodexServer::new(&self.codex.save());
        self.codex.line(line.to_string().as_bytes())
    }

    fn said(&mut self) -> Vec<Value> {
        let said = String::from_utf8(self.codex.replies()).unwrap();
        let lines = said.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    fn say(&mut self, say: &Say) -> Result<Vec<Value>, String> {
        self.codex.say(say)?;
        Ok(self.said())
    }

    fn greet(session: Option<&str>, fork: bool) -> Self {
        let mut talk = Self {
            codex: CodexServer::new(&Value::Null),
        };
        let prompt = Say::Prompt {
            text: "do it".into(),
            session: session.map(str::to_owned),
            fork,
            dir: "/proj".into(),
            id: String::new(),
        };
        assert_eq!(talk.say(&prompt).unwrap()[0]["method"], "initialize");
        talk.hear(&json!({"id": "initialize", "result": {"userAgent": "codex"}}));
        talk
    }

    /// In the middle of its first turn.
    fn begun() -> Self {
        let mut talk = Self::greet(None, false);
        talk.said();
        talk.hear(&json!({"id": "open", "result": {"thread": {"id": "T"}, "model": "m"}}));
        talk.said();
        talk.turn("t1");
        talk
    }

    fn turn(&mut self, id: &str) {
        self.hear(&json!({"id": "turn", "result": {"turn": {"id": id}}}));
        self.told("turn/started", json!({"turn": {"id": id}}));
    }

    fn told(&mut self, method: &str, params: Value) -> Vec<AgentEvent> {
        self.told_in("T", method, params)
    }

    fn told_in(&mut self, thread: &str, method: &str, mut params: Value) -> Vec<AgentEvent> {
        params["threadId"] = thread.into();
        self.hear(&json!({"method": method, "params": params}))
    }

    fn item(&mut self, when: &str, item: Value) -> Vec<AgentEvent> {
        self.told(when, json!({ "item": item }))
    }

    fn over(&mut self, status: &str, error: Value) -> Vec<AgentEvent> {
        let turn = json!({"id": "t1", "status": status, "error": error});
        self.told("turn/completed", json!({ "turn": turn }))
    }

    fn message(&mut self, number: u64, text: &str) -> Vec<Value> {
        let text = text.into();
        self.say(&Say::Message {
            number,
            text,
            id: String::new(),
        })
        .unwrap()
    }

    fn answer(&mut self, request: &str, answer: Reply) -> Result<Vec<Value>, String> {
        let request = request.into();
        self.say(&Say::Answer { request, answer })
    }
}

fn verdict(events: &[AgentEvent]) -> &Verdict {
    let found = events.iter().rev().find_map(|event| match event {
        AgentEvent::Result(verdict) => Some(verdict),
        _ => None,
    });
    found.expect("a result")
}

fn methods(said: &[Value]) -> Vec<&str> {
    let each = said.iter().map(|line| line["method"].as_str());
    each.map(|method| method.unwrap_or("reply")).collect()
}

#[test]
fn a_thread_is_opened_and_the_prompt_asked() {
    let mut talk = Talk::greet(None, false);
    let said = talk.said();
    assert_eq!(methods(&said), ["initialized", "thread/start"]);
    assert_eq!(said[1]["params"]["cwd"], "/proj");
    let events =
        talk.hear(&json!({"id": "open", "result": {"thread": {"id": "T"}, "model": "gpt"}}));
    let session = AgentEvent::Session { id: "T".into() };
    let model = AgentEvent::Model { name: "gpt".into() };
    assert_eq!(events, [session, model]);
    let said = talk.said();
    assert_eq!(methods(&said), ["turn/start"]);
    assert_eq!(said[0]["params"]["input"][0]["text"], "do it");
    let turn = json!({"turn": {"id": "t1"}});
    let response = talk.hear(&json!({"id": "turn", "result": turn}));
    assert_eq!(response, [AgentEvent::TurnBegan]);
    assert_eq!(talk.told("turn/started", turn), [], "told once");
    talk.item(
        "item/completed",
        json!({"type": "agentMessage", "id": "m", "text": "Done."}),
    );
    let events = talk.over("completed", Value::Null);
    assert_eq!(events[0], AgentEvent::TurnEnded { complete: true });
    assert_eq!(
        (verdict(&events).ok, &*verdict(&events).text),
        (true, "Done.")
    );
    assert!(talk.codex.end(Some(Exit::Code(0))).is_empty());

    assert_eq!(
        methods(&Talk::greet(Some("T"), false).said())[1],
        "thread/resume"
    );
    assert_eq!(
        methods(&Talk::greet(Some("T"), true).said())[1],
        "thread/fork"
    );
    let error = json!({"code": -32600, "message": "no rollout found for thread id T"});
    let mut gone = Talk::greet(Some("T"), false);
    let events = gone.hear(&json!({"id": "open", "error": error}));
    assert_eq!(verdict(&events).text, "no rollout found for thread id T");
    assert_eq!(events.len(), 1, "there was no turn");
}

#[test]
fn messages_join_the_turn_and_none_is_lost_with_it() {
    let mut talk = Talk::begun();
    let said = talk.message(1, "hurry");
    assert_eq!(methods(&said), ["turn/steer"]);
    assert_eq!(said[0]["params"]["expectedTurnId"], "t1");
    talk.message(2, "really");
    let user = |number: u64| json!({"type": "userMessage", "id": "u", "clientId": format!("wrangle-{number}")});
    let events = talk.item("item/started", user(1));
    let heard = |number, text: &str| AgentEvent::Heard {
        message: Some(number),
        text: text.into(),
    };
    assert_eq!(events, [heard(1, "hurry")]);
    assert!(talk.item("item/completed", user(1)).is_empty(), "told once");
    // the second did not get in: it is a turn of its own
    talk.over("interrupted", Value::Null);
    let said = talk.said();
    assert_eq!(methods(&said), ["turn/start"]);
    assert_eq!(said[0]["params"]["input"][0]["text"], "really");
    assert!(talk.message(3, "later").is_empty(), "until it has a name");
    talk.turn("t2");
    assert_eq!(methods(&talk.said()), ["turn/steer"]);
    assert_eq!(talk.item("item/started", user(2)), [heard(2, "really")]);
    talk.over("completed", Value::Null);
    let said = talk.said();
    assert_eq!(said[0]["params"]["input"][0]["text"], "later");
}

#[test]
fn a_message_that_comes_too_late_for_a_turn_is_said_after_it() {
    let mut talk = Talk::begun();
    talk.message(1, "late");
    talk.over("completed", Value::Null);
    assert_eq!(methods(&talk.said()), ["turn/start"]);
    // its own refusal comes after that: it is under way already
    let error = json!({"code": -32600, "message": "no active turn to steer"});
    talk.turn("t2");
    talk.hear(&json!({"id": "wrangle-1", "error": error}));
    assert!(talk.said().is_empty());
}

#[test]
fn a_turn_is_broken_off() {
    let mut talk = Talk::begun();
    let command = json!({"type": "commandExecution", "id": "c", "command": "sleep 9", "status": "inProgress"});
    talk.item("item/started", command);
    let said = talk.say(&Say::Interrupt).unwrap();
    assert_eq!(said[0]["params"], json!({"threadId": "T", "turnId": "t1"}));
    let events = talk.over("interrupted", Value::Null);
    assert!(
        matches!(&events[0], AgentEvent::ToolEnded { fault: Some(fault), .. } if fault.kind == FaultKind::Cancelled)
    );
    assert_eq!(verdict(&events).trouble, Some(Trouble::Interrupted));
    assert!(talk.say(&Say::Interrupt).is_err());
}

#[test]
fn leave_is_asked_for_and_given() {
    let ask = json!({"method": "item/commandExecution/requestApproval", "id": 0, "params": {"threadId": "T", "itemId": "c", "reason": "May I?", "command": "touch /x", "cwd": "/proj"}});
    let mut talk = Talk::begun();
    let events = talk.hear(&ask);
    let [AgentEvent::Asks(question)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(question.text, "touch /x\nMay I?");
    assert!(matches!(&question.want, Want::Permission { call: Some(call), .. } if call == "c"));
    let decided = |said: Vec<Value>| said[0]["result"]["decision"].as_str().unwrap().to_owned();
    assert_eq!(decided(talk.answer("0", Reply::Allow).unwrap()), "accept");
    let events = talk.told("serverRequest/resolved", json!({"requestId": 0}));
    assert_eq!(
        events,
        [AgentEvent::Answered {
            request: "0".into()
        }]
    );
    talk.hear(&ask);
    assert_eq!(
        decided(talk.answer("0", Reply::AllowAlways).unwrap()),
        "acceptForSession"
    );
    talk.hear(&ask);
    let text = "cancel".into();
    assert_eq!(
        decided(talk.answer("0", Reply::Text { text }).unwrap()),
        "cancel"
    );
    talk.hear(&ask);
    let why = "not there".into();
    let said = talk.answer("0", Reply::Deny { why }).unwrap();
    assert_eq!(methods(&said), ["reply", "turn/steer"]);
    assert_eq!(said[0]["result"]["decision"], "decline");
    assert_eq!(said[1]["params"]["input"][0]["text"], "not there");

    let more = json!({"method": "item/permissions/requestApproval", "id": 1, "params": {"permissions": {"network": {"enabled": true}}}});
    talk.hear(&more);
    let said = talk.answer("1", Reply::Allow).unwrap();
    assert_eq!(said[0]["result"]["permissions"]["network"]["enabled"], true);
}

#[test]
fn questions_are_answered_by_text() {
    let ask = json!({"method": "item/tool/requestUserInput", "id": 2, "params": {"questions": [
        {"id": "color", "question": "Which color?", "options": [{"label": "Red"}, {"label": "Blue"}]},
        {"id": "size", "question": "Which size?", "options": null},
    ]}});
    let mut talk = Talk::begun();
    let events = talk.hear(&ask);
    assert!(
        matches!(&events[..], [AgentEvent::Asks(question)] if question.text == "Which color?\nWhich size?")
    );
    assert!(talk.answer("2", Reply::Allow).is_err());
    let one = Reply::Text { text: "red".into() };
    assert_eq!(
        talk.answer("2", one).unwrap_err(),
        "it asks 2 things: answer each on a line"
    );
    let both = Reply::Text {
        text: "red\nhuge".into(),
    };
    assert_eq!(
        talk.answer("2", both).unwrap()[0]["result"],
        json!({"answers": {"color": {"answers": ["Red"]}, "size": {"answers": ["huge"]}}})
    );
}

#[test]
fn no_request_is_left_without_an_answer() {
    let mut talk = Talk::begun();
    let line = json!({"method": "attestation/generate", "id": 9, "params": {}});
    assert_eq!(
        talk.hear(&line),
        [AgentEvent::Raw {
            text: line.to_string()
        }]
    );
    let said = talk.said();
    assert_eq!(
        (&said[0]["id"], &said[0]["error"]["code"]),
        (&json!(9), &json!(-32601))
    );
}

#[test]
fn items_are_calls_of_tools() {
    let mut talk = Talk::begun();
    let item = json!({"type": "commandExecution", "id": "c", "command": "/bin/bash -lc 'exit 3'", "status": "failed", "aggregatedOutput": "boom\n", "exitCode": 3, "durationMs": 12});
    let events = talk.item("item/completed", item);
    let [
        AgentEvent::ToolStarted {
            input, category, ..
        },
        AgentEvent::ToolEnded {
            fault: Some(fault),
            duration_ms,
            exit_code,
            ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(
        (&input["command"], *category),
        (&json!("exit 3"), Category::Command)
    );
    assert_eq!((*duration_ms, *exit_code), (Some(12), Some(3)));
    assert_eq!(
        (fault.kind, &*fault.text),
        (FaultKind::CommandFailed, "boom")
    );
    let item = json!({"type": "fileChange", "id": "f", "status": "completed", "changes": [{"path": "/proj/notes.md", "kind": {"type": "add"}, "diff": "# Notes\n"}]});
    let events = talk.item("item/completed", item);
    assert!(matches!(
        &events[0],
        AgentEvent::ToolStarted {
            category: Category::Write,
            ..
        }
    ));
}

#[test]
fn what_files_it_would_change_is_asked_with_the_changes() {
    let change =
        |path: &str, diff: &str| json!({"path": path, "kind": {"type": "update"}, "diff": diff});
    let long = "+x\n".repeat(20_000);
    let cases = [
        (json!([change("/a", "+1")]), "change /a", "+1"),
        (
            json!([change("/a", "+1"), change("/b", "+2")]),
            "change /a, /b",
            "+2",
        ),
        (json!([change("/a", &long)]), "change /a", "too long"),
        (json!([]), "change files", ""),
    ];
    for (changes, wish, part) in cases {
        let mut talk = Talk::begun();
        if changes != json!([]) {
            let item = json!({"type": "fileChange", "id": "f", "status": "inProgress", "changes": changes});
            talk.item("item/started", item);
        }
        let params = json!({"threadId": "T", "turnId": "t1", "itemId": "f", "reason": "why"});
        let asked = talk
            .hear(&json!({"id": 7, "method": "item/fileChange/requestApproval", "params": params}));
        let [AgentEvent::Asks(question)] = asked.as_slice() else {
            panic!("{asked:?}");
        };
        assert_eq!(question.text, format!("{wish}\nwhy"));
        let Want::Permission { input, .. } = &question.want else {
            panic!("{question:?}");
        };
        assert!(input.to_string().contains(part), "{input}");
        let item =
            json!({"type": "fileChange", "id": "f", "status": "completed", "changes": changes});
        talk.item("item/completed", item);
        assert!(talk.codex.save()["changes"].as_object().unwrap().is_empty());
    }
}

fn usage(total: [u64; 2], last: [u64; 2], turn: &str) -> Value {
    let counts = |[input, output]: [u64; 2]| json!({"inputTokens": input, "cachedInputTokens": input / 2, "outputTokens": output, "reasoningOutputTokens": 1, "totalTokens": input + output});
    json!({"turnId": turn, "tokenUsage": {"total": counts(total), "last": counts(last)}})
}

fn used(events: &[AgentEvent]) -> (u64, u64, u64) {
    let [AgentEvent::Used(used)] = events else {
        panic!("{events:?}");
    };
    assert_eq!((&used.meter, used.cost), (&Meter::Run, None));
    let Tokens {
        input,
        output,
        cache_read,
        ..
    } = used.tokens;
    (input, cache_read, output)
}

#[test]
fn a_run_counts_what_it_used_in_all_its_threads_and_nothing_before() {
    let mut talk = Talk::begun();
    let method = "thread/tokenUsage/updated";
    let events = talk.told(method, usage([1000, 50], [1000, 50], "t1"));
    assert_eq!(used(&events), (500, 500, 50));
    let spawn = json!({"type": "collabAgentToolCall", "id": "s", "tool": "spawnAgent", "status": "completed", "receiverThreadIds": ["C"], "prompt": "count"});
    let events = talk.item("item/completed", spawn);
    assert!(
        matches!(&events[2], AgentEvent::Subagent { ended: false, .. }),
        "{events:?}"
    );
    let events = talk.told_in("C", method, usage([200, 10], [200, 10], "c1"));
    assert_eq!(used(&events), (600, 600, 60));
    let said = json!({"type": "agentMessage", "id": "x", "text": "7"});
    let events = talk.told_in("C", "item/completed", json!({ "item": said }));
    assert!(
        matches!(&events[..], [AgentEvent::Text(words)] if words.within.as_deref() == Some("s"))
    );
    let events = talk.told(method, usage([3000, 90], [2000, 40], "t1"));
    assert_eq!(used(&events), (1600, 1600, 100));

    // one that goes on is told where it stood, a fork is not
    for told in [true, false] {
        let mut talk = Talk::greet(Some("T"), !told);
        talk.hear(&json!({"id": "open", "result": {"thread": {"id": "T"}}}));
        if told {
            assert!(
                talk.told(method, usage([3000, 90], [2000, 40], "t1"))
                    .is_empty()
            );
        }
        talk.turn("t2");
        let events = talk.told(method, usage([3100, 95], [100, 5], "t2"));
        assert_eq!(used(&events), (50, 50, 5));
    }
}

#[test]
fn limits_and_errors_are_told_apart() {
    let mut talk = Talk::begun();
    let limits = json!({"primary": {"usedPercent": 42, "windowDurationMins": 300, "resetsAt": 1_800_000_000}, "secondary": {"usedPercent": 95, "windowDurationMins": 10080, "resetsAt": 1_800_000_500}});
    let events = talk.told(
        "account/rateLimits/updated",
        json!({ "rateLimits": limits }),
    );
    let [AgentEvent::Limit(limit)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(
        (limit.state, &*limit.which),
        (LimitState::Near, "weekly limit")
    );
    assert_eq!(limit.resets.unwrap().0, 1_800_000_500_000);
    let none = json!({"primary": null, "secondary": null});
    assert!(
        talk.told("account/rateLimits/updated", json!({ "rateLimits": none }))
            .is_empty()
    );

    let error = json!({"message": "Reconnecting... 2/5", "codexErrorInfo": {"responseStreamDisconnected": {"httpStatusCode": 401}}, "additionalDetails": "unexpected status 401 Unauthorized"});
    let events = talk.told("error", json!({"error": error, "willRetry": true}));
    let [
        AgentEvent::Retrying {
            attempt,
            most,
            status,
            why,
            ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!((*attempt, *most, *status), (Some(2), Some(5), Some(401)));
    assert_eq!(why, "unexpected status 401 Unauthorized");

    for (info, message, trouble) in [
        (
            json!({"httpConnectionFailed": {"httpStatusCode": 401}}),
            "unexpected status 401",
            Trouble::Auth,
        ),
        (
            json!({"responseTooManyFailedAttempts": {"httpStatusCode": 429}}),
            "exceeded retry limit",
            Trouble::Limit,
        ),
        (
            json!("internalServerError"),
            "high demand",
            Trouble::Provider,
        ),
        (
            json!("usageLimitExceeded"),
            "You've hit your usage limit. Try again in 2 hours.",
            Trouble::Limit,
        ),
        (json!("other"), "what", Trouble::Other),
    ] {
        let mut talk = Talk::begun();
        let events = talk.over(
            "failed",
            json!({"message": message, "codexErrorInfo": info}),
        );
        assert_eq!(verdict(&events).trouble, Some(trouble), "{message}");
        let limited = events
            .iter()
            .any(|event| matches!(event, AgentEvent::Limit(_)));
        assert_eq!(limited, message.contains("usage limit"));
    }
}

#[test]
fn a_run_that_ends_in_mid_turn_has_failed() {
    let mut talk = Talk::begun();
    talk.codex.line(b"Error: out of memory");
    let events = talk.codex.end(Some(Exit::Code(1)));
    assert_eq!(verdict(&events).text, "Error: out of memory");
}
