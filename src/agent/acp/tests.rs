//! Lines as gemini 0.61.0, opencode 1.18.33 and qwen 0.24.4 print them, cut down.

use serde_json::{Value, json};

use super::Acp;
use crate::agent::Decoder;
use crate::core::agent::event::{AgentEvent, Grant, Meter, Trouble, Verdict, Want};
use crate::core::agent::say::{Reply, Say};
use crate::core::agent::tokens::{Tokens, Usd};
use crate::core::agent::tool::{Category, FaultKind};
use crate::core::task::Exit;

/// A client, and what it says and hears. Before each line it is put by and loaded again, as
/// it is when a supervisor dies.
struct Talk {
    acp: Acp,
    /// Turns that it said had begun.
    turns: usize,
}

const ALL: &str = r#"{"loadSession":true,"sessionCapabilities":{"fork":{},"resume":{}}}"#;
const LOADS: &str = r#"{"loadSession":true}"#;

impl Talk {
    fn new() -> Self {
        Self {
            acp: Acp::new(&Value::Null),
            turns: 0,
        }
    }

    fn hear(&mut self, line: &str) -> Vec<AgentEvent> {
        self.acp = Acp::new(&self.acp.save());
        let mut events = self.acp.line(line.as_bytes());
        let told = events.len();
        events.retain(|event| *event != AgentEvent::TurnBegan);
        self.turns += told - events.len();
        events
    }

    fn said(&mut self) -> Vec<Value> {
        let said = String::from_utf8(self.acp.replies()).unwrap();
        assert!(said.is_empty() || said.ends_with('\n'));
        let lines = said.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    fn say(&mut self, say: &Say) -> Result<Vec<Value>, String> {
        self.acp.say(say)?;
        Ok(self.said())
    }

    fn greet(&mut self, session: Option<&str>, fork: bool, capabilities: &str) -> Vec<AgentEvent> {
        let prompt = Say::Prompt {
            text: "do it".into(),
            session: session.map(str::to_owned),
            fork,
            dir: "/proj".into(),
            id: String::new(),
        };
        let said = self.say(&prompt).unwrap();
        assert_eq!(said[0]["method"], "initialize");
        assert_eq!(said[0]["params"]["protocolVersion"], 1);
        assert_eq!(said[0]["params"]["clientCapabilities"]["terminal"], false);
        self.hear(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":{{"protocolVersion":1,"agentCapabilities":{capabilities}}}}}"#
        ))
    }

    /// In the middle of its first turn.
    fn begun() -> Self {
        let mut talk = Self::new();
        talk.greet(None, false, ALL);
        talk.said();
        talk.hear(r#"{"jsonrpc":"2.0","id":2,"result":{"sessionId":"S1"}}"#);
        talk.said();
        talk
    }

    fn update(&mut self, update: &Value) -> Vec<AgentEvent> {
        let params = json!({"sessionId": "S1", "update": update});
        let line = json!({"jsonrpc": "2.0", "method": "session/update", "params": params});
        self.hear(&line.to_string())
    }

    fn text(&mut self, text: &str) -> Vec<AgentEvent> {
        let content = json!({"type": "text", "text": text});
        self.update(&json!({"sessionUpdate": "agent_message_chunk", "content": content}))
    }

    fn over(&mut self, id: u64, reason: &str) -> Vec<AgentEvent> {
        let line = json!({"jsonrpc": "2.0", "id": id, "result": {"stopReason": reason}});
        self.hear(&line.to_string())
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
    let mut verdicts = events.iter().filter_map(|event| match event {
        AgentEvent::Result(verdict) => Some(verdict),
        _ => None,
    });
    verdicts.next_back().expect("a result")
}

fn methods(said: &[Value]) -> Vec<&str> {
    let each = said.iter().map(|line| line["method"].as_str());
    each.map(|method| method.unwrap_or("reply")).collect()
}

#[test]
fn a_conversation_is_opened_and_the_prompt_asked() {
    let mut talk = Talk::new();
    assert!(talk.greet(None, false, ALL).is_empty());
    let said = talk.said();
    assert_eq!(methods(&said), ["session/new"]);
    assert_eq!(said[0]["params"], json!({"cwd": "/proj", "mcpServers": []}));
    let events = talk.hear(
        r#"{"jsonrpc":"2.0","id":2,"result":{"sessionId":"S1","models":{"currentModelId":"$runtime|openai|m1(openai)","availableModels":[{"modelId":"$runtime|openai|m1(openai)","name":"m1"}]}}}"#,
    );
    let session = AgentEvent::Session { id: "S1".into() };
    let model = AgentEvent::Model { name: "m1".into() };
    assert_eq!(events, [session, model]);
    let said = talk.said();
    assert_eq!(methods(&said), ["session/prompt"]);
    assert_eq!(said[0]["params"]["sessionId"], "S1");
    assert_eq!(said[0]["params"]["prompt"][0]["text"], "do it");
    talk.text("I will. ");
    talk.text("Done.");
    let events = talk.over(101, "end_turn");
    assert_eq!(events[0], AgentEvent::TurnEnded { complete: true });
    assert!(verdict(&events).ok);
    assert_eq!(verdict(&events).text, "I will. Done.");
    assert!(talk.said().is_empty());
    assert!(talk.acp.end(Some(Exit::Code(0))).is_empty());
}

#[test]
fn what_an_earlier_run_heard_is_not_told_again() {
    let mut talk = Talk::new();
    talk.greet(Some("S1"), false, LOADS);
    let said = talk.said();
    assert_eq!(methods(&said), ["session/load"]);
    assert_eq!(said[0]["params"]["sessionId"], "S1");
    assert_eq!(talk.text("old"), [AgentEvent::Session { id: "S1".into() }]);
    // gemini answers in the middle of it
    talk.hear(r#"{"jsonrpc":"2.0","id":2,"result":{"modes":{}}}"#);
    let said = talk.said();
    assert_eq!(methods(&said), ["_wrangle/fence"]);
    assert!(talk.text("old too").is_empty());
    let call = json!({"sessionUpdate": "tool_call", "toolCallId": "c", "status": "completed"});
    assert!(talk.update(&call).is_empty());
    let refusal =
        json!({"jsonrpc": "2.0", "id": said[0]["id"], "error": {"code": -32601, "message": "no"}});
    assert!(talk.hear(&refusal.to_string()).is_empty());
    assert_eq!(methods(&talk.said()), ["session/prompt"]);
    assert_eq!(talk.text("new").len(), 1);
}

#[test]
fn it_goes_on_without_a_replay_where_it_can_and_another_way_where_it_can() {
    let mut talk = Talk::new();
    talk.greet(Some("S1"), false, ALL);
    assert_eq!(methods(&talk.said()), ["session/resume"]);

    let mut talk = Talk::new();
    talk.greet(Some("S1"), true, ALL);
    assert_eq!(methods(&talk.said()), ["session/fork"]);
    let events = talk.hear(r#"{"jsonrpc":"2.0","id":2,"result":{"sessionId":"S2"}}"#);
    assert_eq!(events, [AgentEvent::Session { id: "S2".into() }]);
    assert_eq!(talk.said()[0]["params"]["sessionId"], "S2");

    let mut talk = Talk::new();
    let events = talk.greet(Some("S1"), true, LOADS);
    assert_eq!(
        verdict(&events).text,
        "it can't go another way from a conversation"
    );
    assert!(talk.said().is_empty());
}

#[test]
fn a_conversation_that_cannot_be_opened_is_a_failure() {
    let mut talk = Talk::new();
    talk.greet(None, false, ALL);
    let events = talk.hear(
        r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32000,"message":"Authentication required"}}"#,
    );
    assert_eq!(verdict(&events).trouble, Some(Trouble::Auth));
    assert_eq!(events.len(), 1, "there was no turn: {events:?}");

    let mut talk = Talk::new();
    talk.greet(Some("S1"), false, LOADS);
    talk.message(1, "and that");
    talk.said();
    let events = talk.hear(
        r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"Internal error","data":{"details":"No previous sessions found for this project."}}}"#,
    );
    assert_eq!(
        verdict(&events).text,
        "No previous sessions found for this project."
    );
    assert!(talk.said().is_empty());
}

#[test]
fn messages_wait_for_the_turn_to_end() {
    let mut talk = Talk::begun();
    assert!(talk.message(1, "first").is_empty());
    assert!(talk.message(2, "second").is_empty());
    assert!(verdict(&talk.over(101, "end_turn")).ok);
    let said = talk.said();
    assert_eq!(methods(&said), ["session/prompt"]);
    assert_eq!(said[0]["params"]["prompt"][0]["text"], "first");
    let heard = |number| AgentEvent::Heard {
        message: Some(number),
        text: if number == 1 { "first" } else { "second" }.into(),
    };
    assert_eq!(talk.text("yes")[0], heard(1));
    assert_eq!(talk.text(" indeed").len(), 1, "told once");
    talk.over(102, "end_turn");
    assert_eq!(talk.said()[0]["params"]["prompt"][0]["text"], "second");
    assert_eq!(talk.over(103, "end_turn")[0], heard(2));
    assert_eq!(talk.turns, 3);
    // nothing goes on: it is asked at once
    assert_eq!(methods(&talk.message(3, "third")), ["session/prompt"]);
    talk.text("well");
    talk.text("then");
    assert_eq!(talk.turns, 4, "in its midst");
}

#[test]
fn qwen_takes_messages_between_its_calls() {
    let mut talk = Talk::begun();
    let drain = r#"{"jsonrpc":"2.0","id":7,"method":"craft/drainMidTurnQueue","params":{}}"#;
    assert!(talk.hear(drain).is_empty());
    let none = json!({"messages": [], "hasQueuedPrompt": false});
    assert_eq!(talk.said()[0]["result"], none);
    talk.message(1, "hurry");
    let events = talk.hear(drain);
    assert!(matches!(
        &events[..],
        [AgentEvent::Heard {
            message: Some(1),
            ..
        }]
    ));
    assert_eq!(talk.said()[0]["result"]["messages"], json!(["hurry"]));
    talk.over(101, "end_turn");
    assert!(talk.said().is_empty(), "it was taken already");
}

#[test]
fn leave_is_asked_for_and_given() {
    let ask = r#"{"jsonrpc":"2.0","id":0,"method":"session/request_permission","params":{"sessionId":"S1","options":[{"optionId":"proceed_always","name":"Allow for this session","kind":"allow_always"},{"optionId":"proceed_once","name":"Allow","kind":"allow_once"},{"optionId":"cancel","name":"Reject","kind":"reject_once"}],"toolCall":{"toolCallId":"run_shell_command__run_shell_command_1_0","status":"pending","title":"touch x","content":[{"type":"content","content":{"type":"text","text":"[current working directory /proj] (Touch)"}}],"locations":[],"kind":"execute"}}}"#;
    let mut talk = Talk::begun();
    let events = talk.hear(ask);
    let [
        AgentEvent::ToolStarted {
            category, input, ..
        },
        AgentEvent::Asks(question),
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(*category, Category::Command);
    assert_eq!(*input, json!({"command": "touch x"}));
    let Want::Permission { tool, call, .. } = &question.want else {
        panic!("{question:?}");
    };
    assert_eq!(tool, "run_shell_command");
    assert_eq!(
        call.as_deref(),
        Some("run_shell_command__run_shell_command_1_0")
    );
    assert_eq!(question.request, "0");
    assert!(
        question.text.starts_with("touch x\n[current"),
        "{}",
        question.text
    );
    let grants: Vec<Option<Grant>> = question.choices.iter().map(|it| it.grants).collect();
    assert_eq!(
        grants,
        [Some(Grant::Always), Some(Grant::Once), Some(Grant::Deny)]
    );

    let going = json!({"sessionUpdate": "tool_call_update", "status": "in_progress", "toolCallId": "run_shell_command__run_shell_command_1_0"});
    assert!(talk.update(&going).is_empty(), "it still asks");
    let wrong = talk.answer(
        "0",
        Reply::Text {
            text: "maybe".into(),
        },
    );
    assert_eq!(
        wrong.unwrap_err(),
        "it offers no such answer, but: Allow for this session, Allow, Reject"
    );
    let chosen = |said: Vec<Value>| {
        assert_eq!(said[0]["id"], 0);
        said[0]["result"]["outcome"]["optionId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        chosen(talk.answer("0", Reply::Allow).unwrap()),
        "proceed_once"
    );
    assert!(talk.answer("0", Reply::Allow).is_err(), "it is answered");
    let request = "0".to_owned();
    assert_eq!(talk.text("so")[0], AgentEvent::Answered { request });

    talk.hear(ask);
    assert_eq!(
        chosen(talk.answer("0", Reply::AllowAlways).unwrap()),
        "proceed_always"
    );
    talk.hear(ask);
    let text = "reject".into();
    assert_eq!(
        chosen(talk.answer("0", Reply::Text { text }).unwrap()),
        "cancel"
    );
}

#[test]
fn a_refused_call_has_failed_and_the_reason_is_said() {
    let mut talk = Talk::begun();
    talk.hear(r#"{"jsonrpc":"2.0","id":"x","method":"session/request_permission","params":{"options":[{"optionId":"no","name":"Reject","kind":"reject_once"}],"toolCall":{"toolCallId":"c1","title":"touch x","kind":"execute"}}}"#);
    let why = "not that file".to_owned();
    let said = talk.answer("x", Reply::Deny { why }).unwrap();
    assert_eq!(said[0]["result"]["outcome"]["optionId"], "no");
    let events = talk.over(101, "end_turn");
    let fault = events.iter().find_map(|event| match event {
        AgentEvent::ToolEnded { fault, .. } => fault.as_ref(),
        _ => None,
    });
    assert_eq!(fault.unwrap().kind, FaultKind::PermissionDenied);
    let through = |event: &AgentEvent| matches!(event, AgentEvent::Result(_));
    assert!(
        !events.iter().any(through),
        "the reason is still to be said"
    );
    assert_eq!(
        talk.said()[0]["params"]["prompt"][0]["text"],
        "not that file"
    );
    // which is no message of a person's, to be reported as delivered
    assert!(
        !talk
            .text("ok")
            .iter()
            .any(|event| matches!(event, AgentEvent::Heard { .. }))
    );
    assert_eq!(talk.turns, 1, "it is the same turn");
}

#[test]
fn questions_of_qwen_are_answered_by_text() {
    let ask = r#"{"jsonrpc":"2.0","id":3,"method":"session/request_permission","params":{"options":[{"optionId":"proceed_once","name":"Submit","kind":"allow_once"},{"optionId":"cancel","name":"Cancel","kind":"reject_once"}],"toolCall":{"toolCallId":"c1","title":"Ask user 1 question","kind":"think","rawInput":{"questions":[{"question":"Which color?","options":[{"label":"Red"},{"label":"Blue"}]}]},"_meta":{"toolName":"ask_user_question"}}}}"#;
    let mut talk = Talk::begun();
    let events = talk.hear(ask);
    let Some(AgentEvent::Asks(question)) = events.last() else {
        panic!("{events:?}");
    };
    assert_eq!(question.want, Want::Answer);
    assert_eq!(question.text, "Which color?");
    let labels: Vec<&str> = question
        .choices
        .iter()
        .map(|it| it.label.as_str())
        .collect();
    assert_eq!(labels, ["Red", "Blue"]);
    assert!(talk.answer("3", Reply::Allow).is_err());
    let said = talk
        .answer(
            "3",
            Reply::Text {
                text: "blue".into(),
            },
        )
        .unwrap();
    assert_eq!(
        said[0]["result"],
        json!({"outcome": {"outcome": "selected", "optionId": "proceed_once"}, "answers": {"0": "Blue"}})
    );
}

#[test]
fn an_interrupt_takes_back_what_is_asked() {
    let mut talk = Talk::begun();
    talk.hear(r#"{"jsonrpc":"2.0","id":5,"method":"session/request_permission","params":{"options":[],"toolCall":{"toolCallId":"c1","title":"touch x"}}}"#);
    talk.message(1, "rather that");
    let said = talk.say(&Say::Interrupt).unwrap();
    assert_eq!(methods(&said), ["session/cancel", "reply"]);
    assert_eq!(said[1]["result"]["outcome"]["outcome"], "cancelled");
    let events = talk.over(101, "cancelled");
    assert_eq!(
        events[0],
        AgentEvent::Answered {
            request: "5".into()
        }
    );
    assert_eq!(verdict(&events).trouble, Some(Trouble::Interrupted));
    assert_eq!(talk.said()[0]["params"]["prompt"][0]["text"], "rather that");
    talk.over(102, "end_turn");
    assert!(talk.say(&Say::Interrupt).is_err(), "no turn goes on");
}

#[test]
fn no_request_is_left_without_an_answer() {
    let mut talk = Talk::begun();
    let line = r#"{"jsonrpc":"2.0","id":3,"method":"fs/write_text_file","params":{"path":"/x"}}"#;
    assert_eq!(talk.hear(line), [AgentEvent::Raw { text: line.into() }]);
    let said = talk.said();
    assert_eq!(
        (&said[0]["id"], &said[0]["error"]["code"]),
        (&json!(3), &json!(-32601))
    );
    let line = r#"{"jsonrpc":"2.0","id":4,"method":"session/request_permission","params":{}}"#;
    talk.hear(line);
    assert_eq!(talk.said()[0]["result"]["outcome"]["outcome"], "cancelled");
}

#[test]
fn a_call_is_told_of_once_with_all_it_is_called_with() {
    let mut talk = Talk::begun();
    // opencode
    let call = |update: &str, rest: Value| {
        let mut call = json!({"sessionUpdate": update, "toolCallId": "c1", "kind": "execute"});
        call.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        call
    };
    let pending = json!({"title": "bash", "status": "pending", "rawInput": {"cwd": "/proj"}});
    let events = talk.update(&call("tool_call", pending));
    assert!(matches!(&events[..], [AgentEvent::ToolStarted { name, .. }] if name == "bash"));
    let going = json!({"title": "exit 7", "status": "in_progress", "rawInput": {"cwd": "/proj", "command": "exit 7"}});
    let events = talk.update(&call("tool_call_update", going.clone()));
    let [AgentEvent::ToolStarted { input, .. }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(input["command"], "exit 7");
    assert!(talk.update(&call("tool_call_update", going)).is_empty());
    let done = json!({"title": "exit 7", "status": "completed", "content": [{"type": "content", "content": {"type": "text", "text": "(no output)"}}], "rawOutput": {"metadata": {"exit": 7}}});
    let events = talk.update(&call("tool_call_update", done.clone()));
    let [
        AgentEvent::ToolEnded {
            fault: Some(fault),
            exit_code: Some(7),
            ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(fault.kind, FaultKind::CommandFailed);
    // its end is told once more
    assert!(
        talk.update(&call("tool_call_update", done.clone()))
            .is_empty()
    );
    // what begins under its name is another: none is lost, none ends twice
    let events = talk.update(&call("tool_call", done.clone()));
    assert!(matches!(
        &events[..],
        [AgentEvent::ToolStarted { .. }, AgentEvent::ToolEnded { .. }]
    ));
    assert!(talk.update(&call("tool_call_update", done)).is_empty());
}

#[test]
fn qwen_writes_the_exit_code_into_the_text() {
    let mut talk = Talk::begun();
    let text = "Command: ls x\nDirectory: (root)\nOutput: ls: cannot access 'x'\nError: (none)\nExit Code: 2\nSignal: (none)\nProcess Group PGID: 9";
    let call = json!({"sessionUpdate": "tool_call_update", "toolCallId": "c1", "status": "failed", "content": [{"type": "content", "content": {"type": "text", "text": text}}], "_meta": {"toolName": "run_shell_command", "parentToolCallId": "c0"}});
    let events = talk.update(&call);
    let [
        AgentEvent::ToolStarted { within, .. },
        AgentEvent::ToolEnded {
            fault: Some(fault),
            exit_code,
            ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!((*exit_code, within.as_deref()), (Some(2), Some("c0")));
    assert_eq!(fault.text, "ls: cannot access 'x'");
}

fn used(events: &[AgentEvent]) -> (Tokens, Option<Usd>, &Meter) {
    let each = events.iter().filter_map(|event| match event {
        AgentEvent::Used(used) => Some((used.tokens, used.cost, &used.meter)),
        _ => None,
    });
    let all: Vec<_> = each.collect();
    assert_eq!(all.len(), 1, "{events:?}");
    all[0]
}

#[test]
fn tokens_are_each_counted_once() {
    let expected = Tokens {
        input: 1000,
        output: 50,
        cache_read: 5000,
        cache_write: 0,
        reasoning: 7,
    };
    // qwen tells of each answer: input with those from the cache, output with the thinking
    let mut talk = Talk::begun();
    let usage = json!({"inputTokens": 6000, "outputTokens": 50, "totalTokens": 6050, "thoughtTokens": 7, "cachedReadTokens": 5000});
    let content = json!({"type": "text", "text": ""});
    let chunk = json!({"sessionUpdate": "agent_message_chunk", "content": content, "_meta": {"usage": usage}});
    let first = talk.update(&chunk);
    let second = talk.update(&chunk);
    assert_eq!((used(&first).0, used(&second).0), (expected, expected));
    assert_ne!(used(&first).2, used(&second).2);

    // opencode tells of the turn, without them, and what the conversation cost so far
    let mut talk = Talk::begun();
    let cost = json!({"amount": 0.0032, "currency": "USD"});
    let events = talk.update(
        &json!({"sessionUpdate": "usage_update", "used": 6000, "size": 200_000, "cost": cost}),
    );
    assert_eq!(
        used(&events),
        (Tokens::default(), Some(Usd(3_200_000)), &Meter::Session)
    );
    let usage = json!({"inputTokens": 1000, "outputTokens": 43, "totalTokens": 6050, "thoughtTokens": 7, "cachedReadTokens": 5000});
    let line =
        json!({"jsonrpc": "2.0", "id": 101, "result": {"stopReason": "end_turn", "usage": usage}});
    assert_eq!(used(&talk.hear(&line.to_string())).0, expected);

    // gemini tells of the turn by model, and not what was cached
    let mut talk = Talk::begun();
    let entry = json!({"model": "g", "token_count": {"input_tokens": 6000, "output_tokens": 50}});
    let line = json!({"jsonrpc": "2.0", "id": 101, "result": {"stopReason": "end_turn", "_meta": {"quota": {"model_usage": [entry]}}}});
    let events = talk.hear(&line.to_string());
    assert_eq!((used(&events).0.input, used(&events).0.output), (6000, 50));
}

#[test]
fn a_run_that_ends_in_mid_turn_has_failed() {
    let mut talk = Talk::begun();
    talk.update(&json!({"sessionUpdate": "tool_call", "toolCallId": "c1", "title": "bash"}));
    assert!(matches!(
        &talk.hear("panic: out of memory")[..],
        [AgentEvent::Raw { .. }]
    ));
    let events = talk.acp.end(Some(Exit::Signal(9)));
    assert!(matches!(&events[0], AgentEvent::ToolEnded { .. }));
    assert_eq!(verdict(&events).text, "panic: out of memory");
    assert_eq!(verdict(&events).trouble, Some(Trouble::Interrupted));

    let mut unopened = Talk::new();
    assert!(!verdict(&unopened.acp.end(Some(Exit::Code(0)))).ok);
}

#[test]
fn errors_of_a_provider_are_told_apart() {
    for (error, trouble) in [
        (
            json!({"code": -32603, "message": "Internal error", "data": {"details": "401 invalid x-api-key"}}),
            Trouble::Auth,
        ),
        (
            json!({"code": -32603, "message": "Internal error: messages: something is wrong", "data": {}}),
            Trouble::Other,
        ),
        (
            json!({"code": 429, "message": "You exceeded your current quota, please check your plan and billing details"}),
            Trouble::Quota,
        ),
        (
            json!({"code": 500, "message": "fetch failed"}),
            Trouble::Provider,
        ),
    ] {
        let mut talk = Talk::begun();
        let line = json!({"jsonrpc": "2.0", "id": 101, "error": error});
        let events = talk.hear(&line.to_string());
        assert_eq!(verdict(&events).trouble, Some(trouble), "{line}");
        assert!(!verdict(&events).ok);
    }
}

/// Gemini CLI 0.61 for people who have logged in.
#[test]
fn a_quota_that_is_reset_at_a_time_is_a_limit() {
    let mut talk = Talk::begun();
    let error = json!({"code": 429, "message": "You have exhausted your daily quota on this model. Your quota will reset after 5h33m10s."});
    let line = json!({"jsonrpc": "2.0", "id": 101, "error": error});
    let events = talk.hear(&line.to_string());
    assert_eq!(verdict(&events).trouble, Some(Trouble::Limit));
    let limits: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            AgentEvent::Limit(limited) => limited.resets_in_ms,
            _ => None,
        })
        .collect();
    assert_eq!(limits, [((5 * 60 + 33) * 60 + 10) * 1000]);
}
