//! What Claude Code says was used, and what that comes to.

use super::*;

#[test]
fn a_message_in_several_lines_is_counted_once_and_its_first_figure_is_no_last_one() {
    let delta = json!({
        "type": "stream_event", "api_message_id": "m",
        "event": {"type": "message_delta", "usage": {"input_tokens": 10, "output_tokens": 50}},
    });
    let events = lines(&[
        says("m", &text("a"), 1),
        says("m", &call("t", "Bash"), 1),
        delta,
        says("m", &call("u", "Bash"), 1),
        says("n", &text("b"), 1),
    ]);
    let told: Vec<(Meter, u64)> = used(&events)
        .iter()
        .map(|used| (used.meter.clone(), used.tokens.output))
        .collect();
    let call = |key: &str, partial| Meter::Call {
        key: key.into(),
        partial,
    };
    let wanted = [
        (call("m", true), 1),
        (call("m", false), 50),
        (call("n", true), 1),
    ];
    assert_eq!(told, wanted);
}

fn models(costs: &[(&str, f64)]) -> Value {
    let each = costs.iter().map(|(model, cost)| {
        let told = json!({"inputTokens": 5, "outputTokens": 1, "costUSD": cost});
        ((*model).to_owned(), told)
    });
    Value::Object(each.collect())
}

#[test]
fn the_cost_of_all_is_the_bill() {
    let bill = |costs: &[(&str, f64)], total: f64| {
        let line = result(&json!({"modelUsage": models(costs), "total_cost_usd": total}));
        let events = lines(&[line]);
        let costs = used(&events).into_iter().map(|used| {
            assert_eq!(used.meter, Meter::Session);
            (used.model.clone().unwrap_or_default(), used.cost.unwrap())
        });
        costs.collect::<Vec<(String, Usd)>>()
    };
    let same = bill(&[("a", 0.1), ("b", 0.2)], 0.1 + 0.2);
    assert_eq!(
        same,
        [
            ("a".into(), Usd(100_000_000)),
            ("b".into(), Usd(200_000_000))
        ]
    );
    let more = bill(&[("a", 0.1)], 0.15);
    assert_eq!(
        more,
        [
            (String::new(), Usd(50_000_000)),
            ("a".into(), Usd(100_000_000))
        ]
    );
    let less = bill(&[("a", 0.1), ("b", 0.2)], 0.25);
    assert_eq!(
        less,
        [
            ("a".into(), Usd(100_000_000)),
            ("b".into(), Usd(150_000_000))
        ]
    );
}

#[test]
fn counters_are_those_of_the_run_before_2_1_and_in_one_that_crashed() {
    let old = json!({
        "type": "system", "subtype": "init", "session_id": "S", "claude_code_version": "2.0.76",
    });
    let told = result(&json!({"modelUsage": models(&[("a", 0.1)]), "total_cost_usd": 0.1}));
    let events = lines(&[old, told.clone()]);
    assert_eq!(used(&events)[0].meter, Meter::Run);
    assert_eq!(used(&lines(&[told]))[0].meter, Meter::Session);
    let crashed = result(&json!({
        "subtype": "error_during_execution", "is_error": true, "modelUsage": {},
        "total_cost_usd": 0, "model_usage_since_last_result": models(&[("a", 0.1)]), "uuid": "r",
    }));
    let events = lines(&[crashed.clone(), crashed]);
    let costs: Vec<_> = used(&events)
        .iter()
        .map(|used| (used.meter.clone(), used.cost))
        .collect();
    let once = (Meter::Run, Some(Usd(100_000_000)));
    assert_eq!(costs, [once], "told twice, it counts once");
}

#[test]
fn a_result_without_models_still_has_a_cost() {
    let turn = |cost: f64| {
        let usage = json!({"input_tokens": 7, "output_tokens": 3});
        result(&json!({"usage": usage, "total_cost_usd": cost}))
    };
    let events = lines(&[says("m", &text("a"), 1), turn(0.1), turn(0.3)]);
    let mut ledger = Ledger::default();
    for used in used(&events) {
        ledger.take(used);
    }
    let figure = ledger.figures()["opus"];
    assert_eq!((figure.tokens.input, figure.tokens.output), (14, 6));
    assert_eq!(figure.cost, Some(Usd(300_000_000)));
}

#[test]
fn a_conversation_begun_elsewhere_is_not_billed_to_the_run_that_goes_on_with_it() {
    let recorded = cases();
    for name in ["resume_2", "continue_3"] {
        let mut all = recorded.iter();
        let case = all
            .find(|case| case.cli == "claude" && case.name == name)
            .unwrap();
        let mut ledger = Ledger::default();
        let events = case.events().into_iter().map(|(_, event)| event);
        for used in used(&events.collect::<Vec<_>>()) {
            ledger.take(used);
        }
        let figure = ledger.figures()["claude-opus-5-5"];
        let totals = case.totals.as_ref().unwrap();
        assert_eq!(figure.tokens, totals.tokens, "{name}");
        assert_eq!(figure.cost.map(|cost| cost.0), totals.nanodollars, "{name}");
    }
}

#[test]
fn what_the_models_costs_leave_of_the_bill_is_that_of_the_one_that_tells_none() {
    let mut models = models(&[("a", 0.1), ("b", 0.1), ("c", 0.1)]);
    models["b"].as_object_mut().unwrap().remove("costUSD");
    models["c"].as_object_mut().unwrap().remove("costUSD");
    models["c"]["inputTokens"] = json!(7);
    let told = result(&json!({"modelUsage": models, "total_cost_usd": 0.25}));
    let events = lines(&[told]);
    let costs = used(&events).into_iter();
    let costs = costs.map(|used| {
        (
            used.model.as_deref().unwrap_or_default(),
            used.cost.unwrap().0,
        )
    });
    assert_eq!(
        costs.collect::<Vec<_>>(),
        [("a", 100_000_000), ("b", 0), ("c", 150_000_000)]
    );
}

/// What is cached for an hour, and what is searched for, has a price of its own.
#[test]
fn an_answer_that_costs_more_than_its_tokens_is_partial_until_a_result_covers_it() {
    for (usage, partial) in [
        (
            json!({"input_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 2}}),
            true,
        ),
        (
            json!({"input_tokens": 5, "server_tool_use": {"web_search_requests": 1}}),
            true,
        ),
        (
            json!({"input_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 0}}),
            false,
        ),
    ] {
        let start = json!({"type": "stream_event", "event": {"type": "message_start",
            "message": {"id": "m", "model": "a", "usage": usage}}});
        let delta = json!({"type": "stream_event", "api_message_id": "m", "event":
            {"type": "message_delta", "usage": {"input_tokens": 5, "output_tokens": 3}}});
        let events = lines(&[start, delta]);
        let last = used(&events).into_iter().next_back().unwrap();
        assert!(
            matches!(&last.meter, Meter::Call { partial: told, .. } if *told == partial),
            "{usage} {last:?}"
        );
    }
}

#[test]
fn a_result_that_is_told_again_or_of_a_command_takes_no_turns() {
    let turn = result(&json!({"num_turns": 3, "uuid": "r"}));
    let compact = result(&json!({"num_turns": 0, "uuid": "s"}));
    let summary = json!({"type": "user", "isSynthetic": true,
        "message": {"role": "user", "content": "This session is continued"}});
    let events = lines(&[turn.clone(), turn, summary, compact]);
    let turns: Vec<_> = verdicts(&events).iter().map(|it| it.turns).collect();
    assert_eq!(turns, [Some(3), Some(3)]);
}

#[test]
fn a_tool_of_the_providers_that_fails_has_failed() {
    let call = says(
        "m",
        &json!({"type": "server_tool_use", "id": "s", "name": "web_search",
        "input": {"query": "q"}}),
        1,
    );
    let failed = says(
        "m",
        &json!({"type": "web_search_tool_result", "tool_use_id": "s",
        "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}}),
        1,
    );
    assert_eq!(faults(&lines(&[call, failed])), [Some(FaultKind::Other)]);
}
