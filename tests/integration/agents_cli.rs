//! Agents on the command line: a scripted one that prints what a genuine one printed, and
//! all that can be wrong before one is launched.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::herd::Herd;

/// Takes its prompt on standard input, or as an argument, and prints a recorded stream.
const CONFIG: &str = r#"
[agents.mine]
program = "./agent"
speech = "claude"

[agents.told]
program = "./agent"
args = ["--ask={prompt}"]

[agents.limited]
program = "./limited"
args = ["{prompt}"]
resume = ["resume", "{session}", "{prompt}"]
speech = "codex"

[agents.gone]
program = "no-such-program-anywhere"
install = "get it somewhere"

[templates]
review = "Review {file} for bugs."
"#;

fn herd() -> Herd {
    let herd = Herd::with(CONFIG);
    let stream =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/agents/claude/continue_3.jsonl");
    fs::copy(stream, herd.dir().join("stream")).unwrap();
    let agent = herd.dir().join("agent");
    let script = "#!/bin/sh\necho \"$@\" > args\ncat > prompt\ncat stream\n";
    fs::write(&agent, script).unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    herd
}

/// What the agent was told on its standard input.
fn prompt(herd: &Herd) -> String {
    fs::read_to_string(herd.dir().join("prompt")).unwrap()
}

#[test]
fn an_agent_of_the_configuration_is_told_its_prompt_and_heard() {
    let herd = herd();
    let long = format!("fix it\n{}", "x".repeat(1 << 20));
    fs::write(herd.dir().join("task.md"), &long).unwrap();
    herd.ok(&["run", "--agent", "mine", "--prompt-file", "task.md"]);
    herd.wait_state(1, "ended");
    let task = herd.task(1);
    assert_eq!(task["outcome"], "succeeded", "{task}");
    assert_eq!(
        (&task["kind"], &task["agent"]),
        (&"agent".into(), &"mine".into())
    );
    assert!(task["session_id"].is_string(), "{task}");
    assert_eq!(prompt(&herd), long);

    let file = ["--template", "review", "--set", "file=src/main.rs"];
    herd.ok(&[&["run", "--agent", "mine"][..], &file].concat());
    herd.wait_state(2, "ended");
    assert_eq!(prompt(&herd), "Review src/main.rs for bugs.");

    herd.ok(&["run", "--agent", "told", "--", "--not", "an option"]);
    herd.wait_state(3, "ended");
    let args = fs::read_to_string(herd.dir().join("args")).unwrap();
    assert_eq!(args, "--ask=--not an option\n");
}

#[test]
fn a_limit_that_is_reset_at_a_time_of_day_parks_the_task() {
    let herd = herd();
    let agent = herd.dir().join("limited");
    let script = r#"#!/bin/sh
echo '{"type":"thread.started","thread_id":"T1"}'
echo '{"type":"turn.started"}'
at=$(date -d '3 days' '+%b %-d, %Y 3:05 PM')
echo '{"type":"turn.failed","error":{"message":"You have reached a usage limit. Visit a page, or try again at '"$at"'."}}'
exit 1
"#;
    fs::write(&agent, script).unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    herd.ok(&["run", "--agent", "limited", "--", "fix it"]);
    let task = herd.wait_state(1, "parked");
    let until = task["not_before"].as_str().unwrap_or_default();
    // wherever this runs, and some minutes later so that not all begin at once
    let day = |days: &str| {
        let args = ["-u", "-d", days, "+%F"];
        let told = std::process::Command::new("date").args(args).output();
        String::from_utf8(told.unwrap().stdout).unwrap()
    };
    let days = ["2 days", "3 days", "4 days"].map(|days| day(days).trim().to_owned());
    assert!(days.iter().any(|day| until.starts_with(day)), "{task}");
}

#[test]
fn what_cannot_be_launched_is_refused_before_it_is_queued() {
    let herd = herd();
    fs::write(herd.dir().join("long"), "x".repeat(1 << 20)).unwrap();
    fs::write(herd.dir().join("huge"), "x".repeat(5 << 20)).unwrap();
    let cases: [(&[&str], &[&str]); 12] = [
        (
            &["cluade", "hi"],
            &["no agent cluade", "did you mean claude?"],
        ),
        (
            &["gone", "hi"],
            &["gone is not installed", "get it somewhere"],
        ),
        (&["mine"], &["the prompt is empty"]),
        (&["mine", "  "], &["the prompt is empty"]),
        (
            &["told", "--prompt-file", "long"],
            &["1048576 bytes", "argument"][..],
        ),
        (&["mine", "--prompt-file", "huge"], &["the prompt has"]),
        (
            &["mine", "--prompt-file", "nowhere"],
            &["cannot read the prompt", "nowhere"],
        ),
        (&["mine", "--model", "opus", "hi"], &["mine", "model"]),
        (&["mine", "--model", "no model", "hi"], &["is no model"]),
        (
            &["mine", "--permission", "full", "hi"],
            &["no permission modes"],
        ),
        (&["mine", "--template", "reveiw"], &["did you mean review?"]),
        (
            &["mine", "--template", "review"],
            &["needs file", "--set file="],
        ),
    ];
    for (words, says) in cases {
        let done = herd.call([&["run", "--agent"][..], words].concat());
        assert_eq!(done.code, 2, "{words:?}: {done:?}");
        for part in says {
            assert!(
                done.err.contains(part),
                "{words:?}: {part:?} in {}",
                done.err
            );
        }
    }
    assert_eq!(herd.json(&["ls", "--all", "--json"]).len(), 0);
}

#[test]
fn the_registry_is_printed_and_judged_by_line() {
    let herd = Herd::new();
    let config = herd.home().join("config.toml");
    fs::write(
        &config,
        "[agents.mine]\nprogram = \"x\"\nspeach = \"acp\"\n",
    )
    .unwrap();
    assert!(
        herd.ok(&["config", "default", "agents"])
            .contains("[agents.claude]")
    );
    let done = herd.call(["config", "check"]);
    assert_eq!(done.code, 1, "{done:?}");
    let said = "config.toml:3: unknown key agents.mine.speach; did you mean agents.mine.speech?";
    assert!(done.text().contains(said), "{done:?}");
    // what is wrong would keep the herd from its end
    fs::write(&config, "").unwrap();
}
