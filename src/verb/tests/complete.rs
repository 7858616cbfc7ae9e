//! Completion in the command bar.

use std::fs;

use super::kit::{context, here, task};
use crate::verb::*;

fn completed(line: &str) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("src dir/in")).unwrap();
    fs::create_dir(home.path().join(".hidden")).unwrap();
    fs::write(home.path().join("script"), "").unwrap();
    let mut tasks = [
        task(1, "api", true),
        task(2, "web app", false),
        task(12, "api", false),
    ];
    tasks[0].spec.labels = vec!["ci".into(), "nightly".into()];
    tasks[2].spec.labels = vec!["ci".into()];
    tasks[1].spec.lane = Some("sonnet".into());
    tasks[1].spec.provider = Some("anthropic".into());
    tasks[1].spec.model = Some("opus-5[1m]".into());
    let found = complete(line, line.len(), &context(home.path()), tasks.iter());
    assert_eq!(found.range.end, line.len());
    let before = &line[..found.range.start];
    found
        .candidates
        .into_iter()
        .map(|candidate| format!("{before}{}", candidate.text))
        .collect()
}

#[test]
fn completion_of_agents() {
    assert_eq!(
        completed("run --agent gem"),
        ["run --agent gemini", "run --agent gemini-acp"]
    );
    let modes = completed("run --agent claude --permission ");
    assert!(modes.contains(&"run --agent claude --permission full".to_owned()));
    assert!(
        !modes.iter().any(|line| line.ends_with("auto_edit")),
        "{modes:?}"
    );
    assert_eq!(
        completed("run --agent=claude --permission=pl"),
        ["run --agent=claude --permission=plan"]
    );
    assert_eq!(completed("run --model o"), ["run --model 'opus-5[1m]'"]);
    assert_eq!(
        completed("run --agent claude --template "),
        Vec::<String>::new()
    );
}

#[test]
fn completion_of_verbs_and_options() {
    assert_eq!(completed("sh"), ["show", "shutdown"]);
    assert_eq!(
        completed(":re"),
        [":revoke", ":retry", ":resume", ":reload"]
    );
    assert_eq!(completed("show 1 --"), ["show 1 --json"]);
    assert_eq!(
        completed("ls --l"),
        ["ls --lane", "ls --label", "ls --last"]
    );
    assert_eq!(completed("ls --all --a"), ["ls --all --attention"]);
    assert_eq!(completed("ls --all --al"), Vec::<String>::new());
    assert_eq!(completed("ls --state pau"), ["ls --state paused"]);
    assert_eq!(
        completed("ls --state=p"),
        ["ls --state=parked", "ls --state=paused"]
    );
    assert_eq!(
        completed("run --after-exit "),
        ["run --after-exit sweep", "run --after-exit keep"]
    );
    assert_eq!(completed("run --name "), Vec::<String>::new());
    assert_eq!(completed("nope "), Vec::<String>::new());
    assert!(
        completed("supervisor --")
            .iter()
            .all(|line| !line.contains("detached"))
    );
}

#[test]
fn completion_of_the_queue() {
    assert_eq!(completed("run --lane s"), ["run --lane sonnet"]);
    assert_eq!(
        completed("limit "),
        [
            "limit agents",
            "limit global",
            "limit provider:anthropic",
            "limit sonnet"
        ]
    );
    assert_eq!(
        completed("run --after 12,"),
        ["run --after 12,12", "run --after 12,2", "run --after 12,1"]
    );
    assert_eq!(completed("priority 2 h"), ["priority 2 high"]);
    assert_eq!(
        completed("run --retry-on failed,l"),
        ["run --retry-on failed,lost"]
    );
}

#[test]
fn completion_of_tasks() {
    assert_eq!(completed("revoke "), ["revoke 12", "revoke 2", "revoke 1"]);
    assert_eq!(completed("kill 12 "), ["kill 12 2", "kill 12 1"]);
    assert_eq!(completed("logs -n 5 1"), ["logs -n 5 12", "logs -n 5 1"]);
    assert_eq!(
        completed("events --task 1"),
        ["events --task 12", "events --task 1"]
    );
    assert_eq!(completed("show a"), ["show api"]);
    assert_eq!(completed("show we"), ["show 'web app'"]);
    assert_eq!(completed("show 1 "), Vec::<String>::new());
}

#[test]
fn completion_of_labels() {
    assert_eq!(
        completed("ls --label "),
        ["ls --label ci", "ls --label nightly"]
    );
    assert_eq!(
        completed("ls --label ci --label "),
        ["ls --label ci --label nightly"]
    );
    assert_eq!(completed("run --label n"), ["run --label nightly"]);
}

#[test]
fn completion_of_paths() {
    assert_eq!(completed("run --dir "), ["run --dir 'src dir/'"]);
    assert_eq!(completed("run --dir ."), ["run --dir .hidden/"]);
    assert_eq!(
        completed("run --dir 'src dir/"),
        ["run --dir 'src dir/in/'"]
    );
    assert_eq!(completed("run --dir ~/s"), ["run --dir ~/'src dir/'"]);
    assert_eq!(completed("run --dir=s"), ["run --dir='src dir/'"]);
    assert_eq!(
        completed("run cat s"),
        ["run cat script", "run cat 'src dir/'"]
    );
    assert_eq!(completed("run -- cat --s"), Vec::<String>::new());
}

#[test]
fn a_cursor_inside_a_character_or_past_the_end_does_no_harm() {
    for cursor in 0..12 {
        complete("show é日", cursor, &here(), std::iter::empty());
    }
}
