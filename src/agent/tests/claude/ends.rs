//! How turns and runs of Claude Code end: results, errors, limits.

use super::*;

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
