//! What was: ended tasks found again by what describes them, and removed; and what the
//! program tells of itself.

use std::path::Path;

use serde_json::Value;

use crate::herd::Herd;
use crate::procs::kit;

/// Holds objects that were printed against the schema that the program itself prints.
#[track_caller]
pub(crate) fn hold<'a>(herd: &Herd, what: &str, objects: impl IntoIterator<Item = &'a Value>) {
    let schema = serde_json::from_str(&herd.ok(&["schema", what])).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let mut count = 0;
    for object in objects {
        count += 1;
        let wrong: Vec<String> = validator
            .iter_errors(object)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}\n{object:#}");
    }
    assert!(count > 0, "nothing was printed");
}

fn ids(tasks: &[Value]) -> Vec<u64> {
    tasks
        .iter()
        .map(|task| task["id"].as_u64().unwrap())
        .collect()
}

#[test]
fn tasks_of_every_fate_hold_to_their_schema() {
    let herd = Herd::new();
    let (kit, token) = (kit(), herd.token());
    let ended = [
        herd.run(&["--label", "ci"], &["true"]),
        herd.run(&[], &[&kit, "exit", &token, "3"]),
        herd.run(&[], &[&kit, "signal", &token, "9"]),
    ];
    herd.call(["run", "--", "no-such-command"])
        .fails(1, "not found");
    for id in ended {
        herd.wait_state(id, "ended");
    }
    let revoked = herd.run(&[], &["sleep", "250"]);
    herd.ok(&["revoke", "--wait", &revoked.to_string()]);
    let paused = herd.run(&[], &["sleep", "250"]);
    herd.ok(&["pause", &paused.to_string()]);
    herd.wait_state(paused, "paused");
    let (lingering, _) = herd.tree(&["--grace", "200ms"], "orphan");
    herd.wait_state(lingering, "lingering");
    herd.ok(&["retry", &ended[0].to_string()]);
    herd.wait_state(ended[0], "ended");
    let listed = herd.json(&["ls", "--all", "--json"]);
    hold(&herd, "task", &listed);
    for id in ids(&listed) {
        hold(&herd, "task", [&herd.task(id)]);
        let line = herd.ok(&["why", &id.to_string()]);
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.starts_with(&format!("task {id} (")), "{line}");
    }
    let runs = herd.task(ended[0])["runs"].clone();
    assert_eq!(runs.as_array().unwrap().len(), 2, "{runs}");
    assert_eq!(runs[0]["run"], 1, "{runs}");
    assert_ne!(runs[0]["log"], runs[1]["log"], "{runs}");
    assert!(
        herd.ok(&["show", &ended[0].to_string()])
            .contains("\nrun 2 ")
    );
}

#[test]
fn tasks_are_found_by_what_describes_them() {
    let herd = Herd::new();
    let (here, other) = (herd.dir().join("here"), herd.dir().join("other"));
    for dir in [&here.join("below"), &other] {
        std::fs::create_dir_all(dir).unwrap();
    }
    let below = here.join("below").display().to_string();
    let (kit, token) = (kit(), herd.token());
    let exit = |code: &'static str| [kit.clone(), "exit".into(), token.clone(), code.into()];
    let run = |options: &[&str], code: &'static str| {
        let argv = exit(code);
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        herd.run(options, &argv)
    };
    let a = run(&["--label", "b", "--label", "a", "--dir", &below], "0");
    let b = run(&["--label", "b", "--name", "Second"], "2");
    let c = run(&["--dir", other.to_str().unwrap()], "2");
    let active = herd.run(&["--label", "a"], &["sleep", "250"]);
    for id in [a, b, c] {
        herd.wait_state(id, "ended");
    }
    let found = |options: &[&str]| ids(&herd.json(&[&["ls", "--json"], options].concat()));
    assert_eq!(found(&["--label", "b", "--all"]), [a, b]);
    assert_eq!(found(&["--label", "b", "--label", "a", "--all"]), [a]);
    assert_eq!(found(&["--outcome", "failed"]), [b, c]);
    assert_eq!(
        found(&["--outcome", "failed", "--outcome", "succeeded"]),
        [a, b, c]
    );
    assert_eq!(
        found(&["--state", "ended", "--state", "running"]),
        [a, b, c, active]
    );
    assert_eq!(found(&["--match", "seCond", "--all"]), [b]);
    assert_eq!(found(&["--last", "2"]), [c, active]);
    assert_eq!(found(&["--all", "--dir", here.to_str().unwrap()]), [a]);
    std::fs::remove_dir_all(&other).unwrap();
    assert_eq!(found(&["--all", "--dir", "other"]), [c]);
    assert!(
        herd.ok(&["ls", "--all"])
            .lines()
            .any(|line| line.contains("  a,b  "))
    );
    assert_eq!(herd.task(a)["labels"], serde_json::json!(["a", "b"]));
}

#[test]
fn what_is_removed_is_gone_and_nothing_else() {
    let herd = Herd::new();
    let run = |options: &[&str]| {
        let id = herd.run(options, &["echo", "text"]);
        herd.wait_state(id, "ended");
        id.to_string()
    };
    let [one, two, three] = [run(&[]), run(&["--label", "x"]), run(&[])];
    let active = herd.run(&[], &["sleep", "250"]).to_string();
    let log = herd.task(1)["log"].as_str().unwrap().to_owned();
    assert!(Path::new(&log).exists());
    // all or nothing
    herd.call(["rm", &one, &active]).fails(1, "revoke it first");
    herd.call(["rm", &one, "99"]).fails(4, "99");
    assert_eq!(herd.json(&["ls", "--all", "--json"]).len(), 4);
    assert_eq!(herd.ok(&["rm", &one]), "removed 1 task\n");
    crate::procs::wait_until("its log is gone", || !Path::new(&log).exists());
    herd.call(["show", &one]).fails(4, &one);
    herd.call(["logs", &one]).fails(4, &one);
    assert!(
        herd.ok(&["rm", "--ended", "--older-than", "7d"])
            .contains("nothing")
    );
    assert_eq!(
        herd.ok(&["rm", "--ended", "--label", "x"]),
        "removed 1 task\n"
    );
    herd.call(["show", &two]).fails(4, &two);
    assert_eq!(herd.ok(&["rm", "--ended"]), "removed 1 task\n");
    herd.call(["show", &three]).fails(4, &three);
    assert_eq!(ids(&herd.json(&["ls", "--all", "--json"])), [4]);
    // a number is never given twice
    assert_eq!(run(&[]), "5");
}

#[test]
fn one_of_several_is_waited_for() {
    let herd = Herd::new();
    let (kit, token) = (kit(), herd.token());
    let long = herd.run(&[], &["sleep", "250"]).to_string();
    let short = herd.run(&[], &[&kit, "exit", &token, "3"]).to_string();
    let done = herd.call(["wait", "--any", &long, &short]);
    assert_eq!((done.code, done.text()), (3, format!("{short}\n")));
    let late = herd.call(["wait", "--timeout", "100ms", &short, &long]);
    assert_eq!(late.code, 1, "{late:?}");
    assert!(late.err.contains("not ended within 100ms"), "{late:?}");
    herd.ok(&["revoke", "--force", &long]);
    assert_eq!(herd.call(["wait", &short, &long, &short]).code, 1);
}

#[test]
fn what_the_program_tells_of_itself_needs_nothing_else() {
    let herd = Herd::with("nonsense = [");
    let done = herd.call(["ls"]);
    assert!(
        done.code != 0 && done.err.contains("config.toml"),
        "{done:?}"
    );
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(herd.ok(&["completions", shell]).contains("wrangle"));
    }
    for what in ["task", "event", "export"] {
        let schema: Value = serde_json::from_str(&herd.ok(&["schema", what])).unwrap();
        assert_eq!(schema["$id"], format!("urn:wrangle:schema:{what}"));
    }
    assert!(herd.ok(&["man"]).contains(".TH wrangle 1"));
    let out = herd.dir().join("share/man/man1");
    herd.ok(&["man", "--out", out.to_str().unwrap()]);
    assert!(out.join("wrangle.1").is_file() && out.join("wrangle-rm.1").is_file());
    herd.call(["man", "--out", "/dev/null/x"])
        .fails(1, "cannot write");
    assert_eq!(herd.supervisor(), None);
    // to end the herd it has to be right again
    std::fs::remove_file(herd.home().join("config.toml")).unwrap();
}
