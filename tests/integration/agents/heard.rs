//! What agents say is heard, answered and kept, whoever dies.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{ASKS, Bench, HEARS, INIT, LEAVES, TOOL, TOOL_DONE, result, says, script};
use crate::procs::wait_until;

/// Asks for leave, and says what it was told.
fn asking() -> String {
    script(&[
        HEARS,
        &says(&[INIT, TOOL, ASKS]),
        HEARS,
        &says(&[TOOL_DONE, &result(10, true)]),
        LEAVES,
    ])
}

#[test]
fn only_its_own_word_and_exit_code_together_are_a_success() {
    for (last, exit, outcome) in [
        (result(1, true), 0, "succeeded"),
        (result(1, true), 3, "failed"),
        (result(1, false), 0, "failed"),
        (String::new(), 0, "failed"),
        // cut off in the middle of its last word
        (result(1, true)[..40].to_owned(), 0, "failed"),
    ] {
        let bench = Bench::new();
        let lines = format!("{}\nprintf '%s' '{last}'\nexit {exit}", says(&[INIT]));
        bench.install("claude", &script(&[HEARS, &lines]));
        let id = bench.run(&["claude"], "x");
        let task = bench.ended(id);
        assert_eq!(task["outcome"], outcome, "{last} {exit}: {task}");
        let code = bench.call(&["wait", "1"]).code;
        assert_eq!(code == 0, outcome == "succeeded", "{task}");
    }
}

#[test]
fn a_question_is_shown_and_answered() {
    for (words, part) in [
        (&["allow"][..], "\"behavior\":\"allow\""),
        (&["always"], "updatedPermissions"),
        (&["deny", "not", "there"], "not there"),
        (&["use /tmp instead"], "use /tmp instead"),
    ] {
        let bench = Bench::new();
        bench.install("claude", &asking());
        let id = bench.run(&["claude"], "touch it");
        let task = bench
            .herd
            .wait_task(id, "asks", |task| task["attention"] == "asking");
        assert_eq!(task["asks"]["kind"], "permission");
        let text = bench.ok(&["ls", "--attention"]);
        assert!(text.contains("asking") && text.contains("Bash"), "{text}");
        let shown = bench.ok(&["show", "1"]);
        assert!(shown.contains("asks"), "{shown}");
        let wrong = ["answer", "--question", "7", "1", "allow"];
        bench.call(&wrong).fails(1, "no longer open");
        let said = bench.ok(&[&["answer", "1", "--question", "1"], words].concat());
        assert!(said.contains("question 1: Bash: "), "{said}");
        let task = bench.ended(id);
        assert_eq!(task["outcome"], "succeeded", "{task}");
        assert!(bench.told().contains(part), "no {part}: {}", bench.told());
        let events = bench.ok(&["events"]);
        let noted = "question 1: Bash: ";
        let answered = events.lines().find(|line| line.contains(noted));
        assert!(
            answered.is_some_and(|line| line.ends_with("by person")),
            "{events}"
        );
        let exported = bench.ok(&["export", "1"]);
        assert!(exported.contains("- question 1: `Bash: "), "{exported}");
        let late = bench.call(&["answer", "1", "allow"]);
        late.fails(1, "asks nothing");
    }
}

#[test]
fn a_question_outlives_its_supervisor() {
    let bench = Bench::new();
    bench.install("claude", &asking());
    let id = bench.run(&["claude"], "touch it");
    let asks = |task: &Value| task["attention"] == "asking";
    bench.herd.wait_task(id, "asks", asks);
    bench.herd.kill_supervisor();
    bench.herd.wait_task(id, "asks still", asks);
    bench.ok(&["answer", "1", "allow"]);
    let task = bench.ended(id);
    assert_eq!(task["outcome"], "succeeded", "{task}");
    // what was heard before and after counts once
    assert_eq!(task["tokens"]["input"], 10, "{task}");
    assert_eq!(task["tools_called"], 1, "{task}");
    let calls = bench.herd.json(&["tools", "1", "--json"]);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["success"], true);
}

#[test]
fn a_message_to_one_that_has_ended_goes_on_with_the_conversation() {
    let bench = Bench::new();
    let script = script(&[
        "printf '%s ' \"$@\" >>\"$TOLD\"",
        HEARS,
        "case \"$*\" in *--resume*) n=30;; *) n=10;; esac",
        &says(&[INIT]),
        "cat <<END",
        &result(0, true).replace(":0,", ":$n,"),
        "END",
        LEAVES,
    ]);
    bench.install("claude", &script);
    let id = bench.run(&["claude"], "begin");
    assert_eq!(bench.ended(id)["tokens"]["input"], 10);
    let done = bench.send(&[], "and go on");
    assert_eq!(done.code, 0, "{done:?}");
    let task = bench.herd.wait_task(id, "has run twice", |task| {
        task["run"] == 2 && task["state"] == "ended"
    });
    assert_eq!(task["outcome"], "succeeded", "{task}");
    // the counter is the conversation's: 30 in all, 20 of them this run's
    assert_eq!(task["tokens"]["input"], 30, "{task}");
    let runs: Vec<&Value> = task["runs"].as_array().unwrap().iter().collect();
    assert_eq!(runs[1]["tokens"]["input"], 20, "{task}");
    let told = bench.told();
    assert!(
        told.contains("--resume 5e55-1") && told.contains("and go on"),
        "{told}"
    );
    assert!(!told.contains("--fork-session"), "{told}");
    bench.send(&["--fork"], "otherwise");
    bench.herd.wait_task(id, "has run three times", |task| {
        task["run"] == 3 && task["state"] == "ended"
    });
    assert!(bench.told().contains("--fork-session"), "{}", bench.told());
}

#[test]
fn what_the_registry_gives_an_agent_it_has_in_every_run() {
    let bench = Bench::with(
        "[agents.claude]\nenv = { GIVEN = 'by-profile' }\n[agents.claude.permissions]\nwary = { args = [], env = { GUARD = 'by-mode' } }\n",
    );
    let told = "printf '%s %s\\n' \"$GIVEN\" \"$GUARD\" >>\"$TOLD\"";
    let script = script(&[told, &says(&[INIT, &result(1, true)]), LEAVES]);
    bench.install("claude", &script);
    let id = bench.run(&["claude", "--permission", "wary"], "begin");
    bench.ended(id);
    for (run, again) in [(2, &["send", "1", "go on"][..]), (3, &["retry", "1"])] {
        bench.herd.kill_supervisor();
        bench.ok(again);
        bench.herd.wait_task(id, "has run again", |task| {
            task["run"] == run && task["state"] == "ended"
        });
    }
    assert_eq!(bench.told(), "by-profile by-mode\n".repeat(3));
}

#[test]
fn a_message_during_a_run_arrives_and_a_turn_can_be_broken_off() {
    let bench = Bench::new();
    let script = script(&[
        HEARS,
        &says(&[INIT, TOOL]),
        // the interrupt, then what comes next
        HEARS,
        &says(&[&result(5, false)]),
        HEARS,
        &says(&[
            r#"{"type":"user","message":{"role":"user","content":"otherwise"},"isReplay":true}"#,
        ]),
        &says(&[&result(9, true)]),
        LEAVES,
    ]);
    bench.install("claude", &script);
    let id = bench.run(&["claude"], "begin");
    bench
        .herd
        .wait_task(id, "calls a tool", |task| task["tools_called"] == 1);
    bench.ok(&["send", "--interrupt", "1"]);
    let waits = bench
        .herd
        .wait_task(id, "waits", |task| task["attention"] == "asking");
    assert_eq!(waits["state"], "running");
    assert_eq!(bench.send(&[], "otherwise").code, 0);
    let task = bench.ended(id);
    assert_eq!(task["outcome"], "succeeded", "{task}");
    assert_eq!(task["messages"][0]["state"], "delivered", "{task}");
    let told = bench.told();
    assert!(
        told.contains("interrupt") && told.contains("otherwise"),
        "{told}"
    );
}

#[test]
fn a_limit_parks_it_and_its_lane_waits() {
    let bench = Bench::new();
    let resets = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        + 3600;
    let limit = format!(
        r#"{{"type":"rate_limit_event","rate_limit_info":{{"status":"rejected","resetsAt":{resets},"rateLimitType":"five_hour"}},"session_id":"5e55-1"}}"#
    );
    let script = script(&[HEARS, &says(&[INIT, &limit, &result(1, false)]), "exit 1"]);
    bench.install("claude", &script);
    let id = bench.run(&["claude", "--share"], "much");
    let task = bench.herd.wait_state(id, "parked");
    assert_eq!(task["attention"], "limit_reached");
    let reason = task["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("parked until") && reason.contains("five-hour"),
        "{reason}"
    );
    let second = bench.run(&["claude", "--share"], "more");
    bench.herd.kill_supervisor();
    assert_eq!(bench.herd.task(id)["state"], "parked");
    let waits = bench.herd.task(second);
    assert_eq!(waits["state"], "queued");
    assert!(waits["reason"].as_str().unwrap().contains("#1"), "{waits}");
    // another lane is free
    let third = bench.run(&["claude", "--share", "--lane", "spare"], "little");
    bench.herd.wait_state(third, "parked");
    bench.ok(&["revoke", "1", "3"]);
    // the limit is the provider's, not the task's
    let waits = bench.herd.task(second);
    assert_eq!(waits["state"], "queued");
    assert!(waits["reason"].as_str().unwrap().contains("#1"), "{waits}");
    bench.ok(&["retry", "1"]);
    // it starts, and comes to the same limit
    bench.herd.wait_state(second, "parked");
}

#[test]
fn a_budget_that_is_used_up_stops_it() {
    let bench = Bench::new();
    // in the middle of its work
    let costs = TOOL.replace("\"input_tokens\":10", "\"input_tokens\":3000000");
    let script = script(&[HEARS, &says(&[INIT, &costs]), "sleep 100 & wait"]);
    bench.install("claude", &script);
    let id = bench.run(&["claude", "--max-cost", "2.50", "--grace", "100ms"], "x");
    let task = bench.ended(id);
    assert_eq!(task["outcome"], "revoked", "{task}");
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains(" of $2.50"), "{reason}");
    assert_ne!(bench.call(&["wait", "1"]).code, 0);
}

#[test]
fn a_turn_too_many_is_stopped_in_its_middle() {
    let bench = Bench::new();
    let turn = |n: &str| {
        let lines = [TOOL, TOOL_DONE].map(|line| line.replace("m-1", n).replace("t-1", n));
        lines.join("\n")
    };
    let amid = TOOL.replace("m-1", "m-3").replace("t-1", "m-3");
    let script = script(&[
        HEARS,
        &says(&[INIT, &turn("m-1")]),
        &says(&[&turn("m-2"), &amid]),
        "sleep 100 & wait",
    ]);
    bench.install("claude", &script);
    let id = bench.run(&["claude", "--max-turns", "2", "--grace", "100ms"], "x");
    let task = bench.ended(id);
    assert_eq!(task["outcome"], "revoked", "{task}");
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("3 of 2 turns"), "{reason}");
    assert_eq!(
        (&task["turns"], &task["tools_called"]),
        (&3.into(), &3.into())
    );
    assert_eq!(task["tokens"]["input"], 30, "{task}");
    // what it is stopped by is ours: its own bound would be a failure of its
    assert!(!task["command"].as_str().unwrap().contains("max-turns"));
    // one that stays within it is left alone
    let whole = [INIT, &turn("m-1"), &result(20, true)].map(str::to_owned);
    let whole = says(&whole.each_ref().map(String::as_str));
    bench.install("claude", &super::script(&[HEARS, &whole, LEAVES]));
    let id = bench.run(&["claude", "--max-turns", "2"], "x");
    let task = bench.ended(id);
    assert_eq!(task["outcome"], "succeeded", "{task}");
}

#[test]
fn a_success_stays_one_whose_last_word_crosses_its_budget() {
    let bench = Bench::new();
    let script = script(&[HEARS, &says(&[INIT, &result(3_000_000, true)]), LEAVES]);
    bench.install("claude", &script);
    let id = bench.run(&["claude", "--max-cost", "2.50"], "x");
    let task = bench.ended(id);
    assert_eq!(task["outcome"], "succeeded", "{task}");
    let events = bench.ok(&["events"]);
    assert!(events.contains("$3.00 of $2.50"), "{events}");
}

#[test]
fn what_one_that_is_broken_off_used_is_told_as_so_much_at_least() {
    let bench = Bench::with("[budgets]\nclaude = { cost = 90.00, tokens = '10M' }\n");
    let tool = TOOL.replace("\"input_tokens\":10", "\"input_tokens\":3000000");
    let killed = script(&[HEARS, &says(&[INIT, &tool]), "kill -9 $$"]);
    bench.install("claude", &killed);
    let id = bench.run(&["claude"], "x");
    let task = bench.ended(id);
    assert_eq!(task["outcome"], "killed", "{task}");
    assert_eq!(task["cost_at_least"], true, "{task}");
    let shown = bench.ok(&["show", "1"]);
    assert!(
        shown.contains("tokens      at least 3000000 read"),
        "{shown}"
    );
    assert!(shown.contains("cost        at least $"), "{shown}");
    assert!(bench.ok(&["stats"]).contains("at least $"));
    let line = bench.ok(&["limit", "claude"]);
    assert!(
        line.contains("at least 3000001 of 10000000 tokens"),
        "{line}"
    );
    let limit = bench.herd.json(&["limit", "claude", "--json"]).remove(0);
    assert_eq!(limit["budget"]["at_least"], true, "{limit}");
    let codex = [
        r#"{"type":"thread.started","thread_id":"T"}"#,
        r#"{"type":"turn.started"}"#,
        r#"{"type":"item.completed","item":{"id":"i","type":"agent_message","text":"so"}}"#,
    ];
    bench.install("codex", &says(&codex));
    let id = bench.run(&["codex", "--share"], "x");
    let task = bench.ended(id);
    assert_eq!(task["cost_usd"], Value::Null, "{task}");
    assert_eq!(task["cost_source"], "unknown", "{task}");
    let shown = bench.ok(&["show", "2"]);
    assert!(shown.contains("not known: it was broken off"), "{shown}");
}

#[test]
fn what_it_leaves_behind_is_said_and_ended() {
    let bench = Bench::new();
    let token = bench.herd.token();
    let script = script(&[
        HEARS,
        &format!("setsid sh -c 'sleep 300; : {token}' >/dev/null 2>&1 </dev/null &"),
        &says(&[INIT, &result(1, true)]),
        LEAVES,
    ]);
    bench.install("claude", &script);
    let id = bench.run(&["claude"], "x");
    let task = bench.ended(id);
    assert_eq!(task["outcome"], "succeeded", "{task}");
    let reason = task["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("left in the background"), "{task}");
}

#[test]
fn revoked_in_the_middle_of_a_tool_nothing_is_left() {
    let bench = Bench::new();
    let script = script(&[
        HEARS,
        &says(&[INIT, TOOL]),
        // as the genuine ones do: each tool in a session of its own
        "setsid sh -c 'trap \"\" TERM; echo tool >>\"$0\"; while :; do sleep 1; done' \"$TOLD\" &",
        "wait",
    ]);
    bench.install("claude", &script);
    let id = bench.run(&["claude", "--grace", "200ms"], "x");
    wait_until("the tool works", || bench.told().contains("tool"));
    bench.herd.remember();
    bench.ok(&["revoke", "1", "--wait"]);
    let task = bench.ended(id);
    assert_eq!(task["outcome"], "revoked");
    let calls = bench.herd.json(&["tools", "1", "--json"]);
    assert_eq!(calls[0]["error_category"], "cancelled", "{calls:?}");
}

#[test]
fn an_agent_is_asked_to_end_by_the_signal_that_its_registry_names() {
    for (stop, told) in [("SIGINT", "int"), ("SIGTERM", "term")] {
        let config = format!("[agents.claude]\nstop = \"{stop}\"\n");
        let bench = Bench::with(&config);
        let script = script(&[
            HEARS,
            &says(&[INIT]),
            "trap 'echo int >>\"$TOLD\"; exit 0' INT",
            "trap 'echo term >>\"$TOLD\"; exit 0' TERM",
            "echo ready >>\"$TOLD\"",
            "while :; do sleep 0.05; done",
        ]);
        bench.install("claude", &script);
        let id = bench.run(&["claude", "--grace", "30s"], "x");
        wait_until("it is ready", || bench.told().contains("ready"));
        bench.ok(&["revoke", "1", "--wait"]);
        let task = bench.ended(id);
        assert_eq!(task["outcome"], "revoked", "{stop}: {task}");
        assert!(
            bench.told().ends_with(&format!("ready\n{told}\n")),
            "{}",
            bench.told()
        );
        let events = bench.ok(&["events"]);
        assert!(events.contains("stopping"), "{events}");
    }
}

#[test]
fn long_lines_and_bytes_that_are_no_text_cost_nothing_but_themselves() {
    let bench = Bench::new();
    let script = script(&[
        HEARS,
        &says(&[INIT]),
        "head -c 20000000 /dev/zero | tr '\\0' x",
        "echo",
        "head -c 300000 /dev/urandom",
        "echo",
        &says(&[TOOL, TOOL_DONE, &result(7, true)]),
        LEAVES,
    ]);
    bench.install("claude", &script);
    let id = bench.run(&["claude"], "x");
    let task = bench.ended(id);
    assert_eq!(task["outcome"], "succeeded", "{task}");
    assert_eq!(task["tools_called"], 1);
    assert_eq!(
        bench.herd.stored(id).len() as u64,
        task["output_bytes"].as_u64().unwrap()
    );
}

#[test]
fn an_error_of_its_own_is_the_reason() {
    let bench = Bench::new();
    let script = script(&[
        HEARS,
        "echo 'error: unknown option --nonsense' >&2",
        "exit 1",
    ]);
    bench.install("claude", &script);
    let id = bench.run(&["claude", "--model", "no-such-model"], "x");
    let task = bench.ended(id);
    assert_eq!(
        (&task["outcome"], &task["exit_code"]),
        (&"failed".into(), &1.into())
    );
    assert_eq!(task["model"], "no-such-model");
    let output = String::from_utf8(bench.herd.stored(id)).unwrap();
    assert!(output.contains("unknown option"), "{output}");
}

#[test]
fn what_is_launched_from_within_is_its_child_and_goes_with_it() {
    let bench = Bench::new();
    let wrangle = env!("CARGO_BIN_EXE_wrangle");
    let script = script(&[
        HEARS,
        &says(&[INIT]),
        &format!("'{wrangle}' run --name child -- sleep 200 >/dev/null"),
        &format!("'{wrangle}' wait --children >/dev/null; echo \"waited $?\" >>\"$TOLD\""),
        &says(&[&result(1, true)]),
        LEAVES,
    ]);
    bench.install("claude", &script);
    let id = bench.run(&["claude"], "x");
    wait_until("the child is launched", || {
        bench.call(&["show", "2"]).code == 0
    });
    let child = bench.herd.wait_state(2, "running");
    assert_eq!(child["parent"].as_u64(), Some(id));
    bench.herd.remember();
    bench.ok(&["revoke", "child"]);
    bench.ended(id);
    assert!(bench.told().contains("waited 1"), "{}", bench.told());
    let outside = bench.call(&["wait", "--children"]);
    outside.fails(2, "not called from inside one");
    fs::remove_file(bench.herd.dir().join("told")).ok();
    let again = bench.run(&["claude"], "x");
    wait_until("the child is launched", || {
        bench.call(&["show", "4"]).code == 0
    });
    bench.herd.wait_state(4, "running");
    bench.herd.remember();
    bench.ok(&["revoke", "--tree", "--wait", &again.to_string()]);
    for id in [again, 4] {
        assert_eq!(bench.herd.task(id)["outcome"], "revoked");
    }
}
