//! Verbs on the command line: what they print, and what they exit with.

use crate::herd::Herd;
use crate::procs::{kit, wait_until};

#[test]
fn wrong_usage_exits_with_2_and_names_the_remedy() {
    let herd = Herd::new();
    for (args, what) in [
        (&["revok", "1"][..], "did you mean revoke"),
        (&["ls", "--al"], "did you mean --all"),
        (&["show"], "missing"),
        (&["run"], "missing"),
        (&["ls", "--state", "runing"], "did you mean running"),
        (&["run", "--grace", "soon", "true"], "not a time"),
        (&["run", "--env", "novalue", "true"], "--env"),
        (&["run", "--dir", "no-such-dir", "true"], "no-such-dir"),
        (&["revoke", "--all", "1"], "cannot be used together"),
    ] {
        herd.call(args).fails(2, what);
    }
    // none of them needed a supervisor
    assert_eq!(herd.supervisor(), None);
}

#[test]
fn no_such_task_exits_with_4() {
    let herd = Herd::new();
    for args in [
        &["show", "7"][..],
        &["logs", "7"],
        &["logs", "-f", "nobody"],
        &["revoke", "7"],
        &["revoke", "--force", "--wait", "nobody"],
        &["wait", "7"],
        &["retry", "7"],
        &["pause", "7"],
        &["resume", "nobody"],
        &["send", "7", "text"],
        &["show", "@"],
    ] {
        let done = herd.call(args);
        assert_eq!(done.code, 4, "{args:?}: {done:?}");
        assert_eq!(done.err.trim_end().lines().count(), 1, "{args:?}: {done:?}");
    }
}

#[test]
fn a_tasks_own_code_is_passed_on() {
    let herd = Herd::new();
    let (kit, token) = (kit(), herd.token());
    for (mode, number, code) in [("exit", "0", 0), ("exit", "7", 7), ("signal", "9", 137)] {
        let argv = [kit.as_str(), mode, &token, number];
        let follow = herd.call([&["run", "--follow", "--"], &argv[..]].concat());
        assert_eq!(follow.code, code, "{follow:?}");
        let id = herd.run(&[], &argv).to_string();
        let wait = herd.call(["wait", &id]);
        assert_eq!(wait.code, code, "{wait:?}");
    }
    let outcomes: Vec<_> = herd
        .json(&["ls", "--all", "--json"])
        .iter()
        .map(|task| {
            (
                task["outcome"].clone(),
                task["exit_code"].clone(),
                task["signal"].clone(),
            )
        })
        .collect();
    assert_eq!(
        outcomes[0],
        ("succeeded".into(), 0.into(), None::<i32>.into())
    );
    assert_eq!(outcomes[2], ("failed".into(), 7.into(), None::<i32>.into()));
    assert_eq!(outcomes[4], ("killed".into(), None::<i32>.into(), 9.into()));
    assert_eq!(herd.call(["wait", "1", "2"]).code, 0);
    assert_eq!(herd.call(["wait", "1", "3"]).code, 1);
}

#[test]
fn a_wait_that_takes_too_long_gives_up() {
    let herd = Herd::new();
    let id = herd.run(&[], &["sleep", "250"]).to_string();
    herd.call(["wait", "--timeout", "100ms", &id])
        .fails(1, "not ended within");
    assert_eq!(herd.task(1)["state"], "running");
}

#[test]
fn wait_is_answered_when_the_leader_ends_not_when_nothing_lingers() {
    let herd = Herd::new();
    let (id, _) = herd.tree(&["--grace", "200ms"], "orphan");
    assert_eq!(herd.call(["wait", &id.to_string()]).code, 4);
    let task = herd.task(id);
    assert_eq!(task["state"], "lingering", "{task}");
    assert_eq!(task["exit_code"], 4, "{task}");
    assert_eq!(task["left"], 1, "{task}");
    let reason = task["reason"].as_str().unwrap();
    assert!(reason.contains("exited 4, 1 process left"), "{task}");
}

#[test]
fn what_is_left_is_swept_where_that_is_asked_for() {
    let herd = Herd::new();
    let token = herd.token();
    let options = ["--after-exit", "sweep", "--grace", "200ms"];
    let id = herd.run(&options, &[&kit(), "orphan", &token]);
    let task = herd.wait_state(id, "ended");
    assert!(crate::procs::of_tree(&token).is_empty());
    assert_eq!(task["outcome"], "failed", "{task}");
    assert_eq!(task["exit_code"], 4, "{task}");
}

#[test]
fn what_cannot_start_says_why() {
    let herd = Herd::new();
    let plain = herd.dir().join("plain-file");
    std::fs::write(&plain, "no program").unwrap();
    let plain = plain.to_str().unwrap();
    let dir = herd.dir().to_str().unwrap();
    for (program, why) in [
        ("no-such-command", "not found"),
        ("./no-such-file", "no such file"),
        (plain, "not executable"),
        (dir, "directory"),
    ] {
        herd.call(["run", "--", program]).fails(1, why);
        herd.call(["run", "--follow", "--", program]).fails(1, why);
    }
    for task in herd.json(&["ls", "--all", "--json"]) {
        assert_eq!(task["state"], "ended", "{task}");
        assert_eq!(task["outcome"], "did_not_start", "{task}");
        assert!(
            task["reason"].as_str().unwrap().contains("cannot start"),
            "{task}"
        );
    }
}

#[test]
fn a_directory_that_vanished_is_named() {
    let herd = Herd::new();
    let dir = herd.dir().join("gone");
    std::fs::create_dir(&dir).unwrap();
    let id = herd.run(&["--dir", dir.to_str().unwrap()], &["true"]);
    herd.wait_state(id, "ended");
    std::fs::remove_dir(&dir).unwrap();
    let done = herd.call(["retry", &id.to_string()]);
    done.fails(1, dir.to_str().unwrap());
    let task = herd.task(id);
    assert_eq!(task["outcome"], "did_not_start", "{task}");
    assert_eq!(task["run"], 2, "{task}");
}

#[test]
fn logs_of_a_run_that_never_started_are_those_of_the_one_before() {
    let herd = Herd::new();
    let dir = herd.dir().join("gone");
    std::fs::create_dir(&dir).unwrap();
    let id = herd.run(&["--dir", dir.to_str().unwrap()], &["echo", "first"]);
    herd.wait_state(id, "ended");
    std::fs::remove_dir(&dir).unwrap();
    let id = id.to_string();
    herd.call(["retry", &id]).fails(1, "gone");
    for args in [&["logs", "--raw", &id][..], &["logs", "-f", "-n", "9", &id]] {
        let done = herd.call(args);
        assert!(
            done.err
                .contains("run 2 of task 1 has no output (did not start"),
            "{done:?}"
        );
        assert!(done.err.contains("this is the output of run 1"), "{done:?}");
        assert_eq!(done.ok(), "first\n");
    }
    // where there never was any, why
    let none = herd.call(["run", "--", "no-such-command"]);
    none.fails(1, "not found");
    herd.call(["logs", "2"])
        .fails(1, "task 2 has no output: did not start: ");
}

#[test]
fn options_of_run_reach_the_task() {
    let herd = Herd::new();
    let dir = herd.dir().canonicalize().unwrap();
    let script = "pwd; echo $GIVEN; echo \"$0 $@\"; cat";
    let argv = ["sh", "-c", script, "with spaces", "a  b", ""];
    let options = ["--name", "mine", "--dir", ".", "--env", "GIVEN=x=y z"];
    let id = herd.run(&options, &argv);
    herd.wait_state(id, "ended");
    let wanted = format!("{}\nx=y z\nwith spaces a  b \n", dir.display());
    assert_eq!(herd.ok(&["logs", "--raw", "mine"]), wanted);
    let task = herd.task(id);
    assert_eq!(task["name"], "mine");
    // one word with spaces and no `--` is the shell's
    let follow = herd.call(["run", "--follow", "echo one | tr o 0"]);
    assert_eq!(follow.ok(), "0ne\n");
    // names: of one task only
    for _ in 0..2 {
        let twin = herd.run(&["--name", "twin"], &["true"]);
        // an active one would be the one that is meant
        herd.wait_state(twin, "ended");
    }
    assert_eq!(herd.call(["show", "twin"]).code, 4);
    assert!(herd.ok(&["show", "@"]).contains("twin"));
}

#[test]
fn logs_prints_the_last_lines_and_follows() {
    let herd = Herd::new();
    let script = "seq 1 100; printf 'a prompt: '; read word; echo $word";
    let id = herd.run(&["--stdin"], &["sh", "-c", script]).to_string();
    herd.wait_output(1, b"a prompt: ");
    assert_eq!(
        herd.ok(&["logs", "-n", "2", "--raw", &id]),
        "100\na prompt: "
    );
    let follower = herd.command(["logs", "-f", "--raw", &id]).spawn().unwrap();
    herd.ok(&["send", &id, "yes"]);
    let done = crate::herd::finish(follower);
    assert!(done.ok().ends_with("100\na prompt: yes\n"));
}

#[test]
fn names_of_the_contract_are_all_there() {
    let herd = Herd::new();
    let id = herd.run(&[], &["true"]);
    let task = herd.wait_state(id, "ended");
    for field in [
        "id",
        "name",
        "kind",
        "agent",
        "model",
        "dir",
        "command",
        "state",
        "outcome",
        "exit_code",
        "signal",
        "pid",
        "priority",
        "lane",
        "run",
        "created_at",
        "started_at",
        "ended_at",
        "attention",
        "reason",
        "output_bytes",
        "dropped_bytes",
        "cost_usd",
        "tokens",
    ] {
        assert!(task.get(field).is_some(), "no {field} in {task}");
    }
    wait_until("times are in order", || {
        let task = herd.task(id);
        let time = |name: &str| task[name].as_str().unwrap().to_owned();
        assert!(time("ended_at").ends_with('Z'));
        time("created_at") <= time("started_at") && time("started_at") <= time("ended_at")
    });
}
