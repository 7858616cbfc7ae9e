//! What Claude Code asks, and how that is answered.

use super::*;

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
