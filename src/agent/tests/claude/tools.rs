//! Calls of tools, as Claude Code tells of them.

use super::*;

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
        let events = super::super::kit::heard(Speech::Claude, &lines, |_| true);
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
