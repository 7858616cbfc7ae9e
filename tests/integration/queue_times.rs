//! Times and starts in the queue, on real processes: what runs too long, is silent, fails
//! and runs again, is paused, or cannot start when its turn comes.

use std::fs;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use wrangle::core::id::Ident;
use wrangle::sys::proc;

use crate::herd::Herd;
use crate::procs::{of_tree, wait_until};
use crate::truth::output;

/// A time of a task as JSON has it.
#[track_caller]
fn time(task: &Value, what: &str) -> Timestamp {
    task[what].as_str().unwrap().parse().unwrap()
}

/// From one time to another.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// How a task's last run ended, and why.
#[track_caller]
fn end(task: &Value) -> (&str, &str) {
    let word = |what: &str| task[what].as_str().unwrap_or_default();
    (word("outcome"), word("reason"))
}

#[test]
fn what_runs_too_long_is_asked_to_stop_and_killed_when_it_does_not() {
    let herd = Herd::new();
    // long enough for both to stand, however busy the machine is
    let limit = Duration::from_secs(3);
    let asked = "trap 'echo told; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let gentle = herd.run(&["--timeout", "3s", "--grace", "60s"], &["sh", "-c", asked]);
    let (stubborn, token) = herd.tree(&["--timeout", "3s", "--grace", "200ms"], "stubborn");
    for id in [gentle, stubborn] {
        let task = herd.wait_state(id, "ended");
        assert_eq!(
            end(&task),
            ("timed_out", "it ran for longer than its --timeout")
        );
        let ran = between(time(&task, "started_at"), time(&task, "ended_at"));
        // what is told is cut to milliseconds
        assert!(ran + Duration::from_millis(5) >= limit, "{ran:?}: {task}");
    }
    let task = herd.task(gentle);
    assert_eq!(task["exit_code"], 3, "{task}");
    assert!(herd.stored(gentle).ends_with(b"told\n"), "it was not asked");
    assert_eq!(herd.task(stubborn)["signal"], 9);
    assert!(of_tree(&token).is_empty());
    // one that is quicker is left alone
    let quick = herd.run(&["--timeout", "60s"], &["true"]);
    assert_eq!(herd.wait_state(quick, "ended")["outcome"], "succeeded");
}

#[test]
fn who_is_silent_is_told_of_or_stopped_as_was_asked() {
    let herd = Herd::new();
    let script = "echo ready; while read word; do echo $word; done";
    let told = herd.run(
        &["--stdin", "--idle-timeout", "300ms"],
        &["sh", "-c", script],
    );
    // how often that was told, by the time that it is silent after so many bytes
    let stalled = |written: usize| {
        let task = herd.wait_task(told, "is silent after what it wrote", |task| {
            task["output_bytes"] == written && task["attention"] == "stalled"
        });
        assert_eq!(task["state"], "running");
        let events = herd.json(&["events", "--task", &told.to_string(), "--json"]);
        let attention = events.iter().filter(|event| event["event"] == "attention");
        attention.count()
    };
    let mut wrote = String::from("ready\n");
    // it may have been silent before the first word, too
    let mut times = stalled(wrote.len());
    for word in ["one", "two", "three"] {
        herd.ok(&["send", &told.to_string(), word]);
        wrote = format!("{wrote}{word}\n");
        times += 1;
        assert_eq!(stalled(wrote.len()), times, "after {word}");
    }
    assert_eq!(herd.stored(told), wrote.as_bytes());
    // long enough for all of the tree to stand
    let terms = ["--idle-timeout", "2s", "--on-idle", "stop"];
    let (stopped, token) = herd.tree(&[&terms[..], &["--grace", "200ms"]].concat(), "session");
    let task = herd.wait_state(stopped, "ended");
    let (outcome, reason) = end(&task);
    assert_eq!(outcome, "timed_out", "{task}");
    assert!(reason.contains("--idle-timeout"), "{task}");
    assert!(of_tree(&token).is_empty());
}

#[test]
fn what_fails_runs_again_each_time_later_with_a_log_of_its_own() {
    let herd = Herd::new();
    let count = herd.dir().join("count");
    let script = format!(
        "echo x >> {0}; n=$(wc -l < {0}); echo attempt $n; test $n -eq 4 || exit 4",
        count.display()
    );
    let id = herd.run(&["--retry", "5"], &["sh", "-c", &script]);
    let given_up = herd.run(&["--retry", "5"], &["false"]);
    // the third pause is long enough to be met and made use of
    let third = |task: &Value| task["state"] == "queued" && task["run"] == 4;
    let waits = herd.wait_task(id, "waits to run again", third);
    assert!(
        waits["reason"]
            .as_str()
            .unwrap()
            .starts_with("it did not succeed and runs again at "),
        "{waits}"
    );
    // what is revoked meanwhile does not
    herd.wait_task(given_up, "waits to run again", third);
    herd.ok(&["revoke", "--wait", &given_up.to_string()]);
    let task = herd.task(given_up);
    assert_eq!((&task["run"], &task["state"]), (&4.into(), &"ended".into()));
    let task = herd.wait_task(id, "has succeeded", |task| task["outcome"] == "succeeded");
    assert_eq!(task["run"], 4, "{task}");
    let runs = task["runs"].as_array().unwrap();
    let outcomes: Vec<_> = runs.iter().map(|run| run["outcome"].clone()).collect();
    assert_eq!(outcomes, ["failed", "failed", "failed", "succeeded"]);
    for run in 1..=4 {
        let wanted = format!("attempt {run}\n");
        assert_eq!(output(&herd, id, run), wanted.as_bytes());
    }
    let pauses: Vec<Duration> = runs
        .windows(2)
        .map(|two| between(time(&two[0], "ended_at"), time(&two[1], "started_at")))
        .collect();
    // a second, then two, then four, and by chance up to a quarter less
    let least = [745, 1495, 2995].map(Duration::from_millis);
    assert!(
        pauses
            .iter()
            .zip(least)
            .all(|(pause, least)| *pause >= least),
        "{pauses:?}"
    );
    // an outcome that the policy does not name is an end
    let once = herd.run(&["--retry", "5", "--retry-on", "killed"], &["false"]);
    let task = herd.wait_state(once, "ended");
    assert_eq!(
        (&task["run"], &task["outcome"]),
        (&1.into(), &"failed".into())
    );
}

#[test]
fn a_paused_tree_stands_still_with_all_that_escaped_and_its_time_too() {
    let herd = Herd::new();
    // what is told is cut to milliseconds
    let limit = Duration::from_millis(5_000 - 3);
    let terms = ["--timeout", "5s", "--grace", "200ms"];
    let stopped = |who: &Ident| proc::stat(who.pid).is_some_and(|stat| stat.is_stopped());
    let trees = ["session", "daemon", "hydra"].map(|mode| {
        let (id, token) = herd.tree(&terms, mode);
        herd.ok(&["pause", &id.to_string()]);
        let paused = Timestamp::now();
        let task = herd.wait_state(id, "paused");
        wait_until("the whole tree stands still", || {
            let tree = of_tree(&token);
            tree.len() > 1 && tree.iter().all(stopped)
        });
        (id, token, between(time(&task, "started_at"), paused))
    });
    // another with the same time to run measures it
    let clock = herd.tree(&terms, "ready").0;
    assert_eq!(herd.wait_state(clock, "ended")["outcome"], "timed_out");
    let resumed = trees.map(|(id, token, before)| {
        let task = herd.task(id);
        assert_eq!(task["state"], "paused", "{task}");
        assert!(of_tree(&token).iter().all(stopped), "something went on");
        let resumed = Timestamp::now();
        herd.ok(&["resume", &id.to_string()]);
        (id, token, before, resumed)
    });
    for (id, token, before, resumed) in resumed {
        let task = herd.wait_state(id, "ended");
        assert_eq!(end(&task).0, "timed_out", "{task}");
        let after = between(resumed, time(&task, "ended_at"));
        assert!(before + after >= limit, "{before:?} and {after:?}: {task}");
        assert!(of_tree(&token).is_empty());
    }
}

#[test]
fn a_directory_that_vanished_before_the_start_is_said_and_frees_what_was_kept() {
    let herd = Herd::new();
    let (gone, stays) = (herd.dir().join("gone"), herd.dir().join("stays"));
    let file = herd.dir().join("file");
    for dir in [&gone, &stays, &file] {
        fs::create_dir(dir).unwrap();
    }
    herd.ok(&["limit", "one", "1"]);
    let first = herd.tree(&["--lane", "one"], "ready").0;
    let within = |dir: &std::path::Path, options: &[&str]| {
        let dir = [
            "--dir",
            dir.to_str().unwrap(),
            "--lane",
            "one",
            "--exclusive",
        ];
        herd.run(&[&dir, options].concat(), &["true"])
    };
    let lost = within(&gone, &[]);
    let replaced = within(&file, &[]);
    let next = within(&stays, &[]);
    let behind = herd.run(&["--after", &lost.to_string()], &["true"]);
    let whatever = herd.run(&["--after-end", &lost.to_string()], &["true"]);
    fs::remove_dir(&gone).unwrap();
    fs::remove_dir(&file).unwrap();
    fs::write(&file, "no directory").unwrap();
    herd.ok(&["revoke", "--wait", &first.to_string()]);
    for (id, dir, what) in [
        (lost, &gone, "no such directory"),
        (replaced, &file, "not a directory"),
    ] {
        let task = herd.wait_state(id, "ended");
        let (outcome, reason) = end(&task);
        assert_eq!(outcome, "did_not_start", "{task}");
        assert!(reason.contains(dir.to_str().unwrap()), "{task}");
        assert!(reason.contains(what), "{task}");
    }
    assert_eq!(herd.wait_state(next, "ended")["outcome"], "succeeded");
    assert_eq!(herd.wait_state(whatever, "ended")["outcome"], "succeeded");
    let task = herd.wait_state(behind, "ended");
    let (outcome, reason) = end(&task);
    assert_eq!(outcome, "did_not_start", "{task}");
    assert_eq!(
        reason,
        format!("it was to run after #{lost}, which did not start")
    );
}

#[test]
fn nothing_is_half_queued_where_the_directory_is_not_to_be_had_or_nobody_known_comes_first() {
    let herd = Herd::new();
    let dir = herd.dir().join("repo");
    fs::create_dir_all(dir.join("below")).unwrap();
    std::os::unix::fs::symlink(&dir, herd.dir().join("link")).unwrap();
    let holder = herd
        .tree(&["--exclusive", "--dir", dir.to_str().unwrap()], "ready")
        .0;
    let held = format!("held by #{holder}");
    for path in ["repo", "link", "link/below", "."] {
        herd.call([
            "run",
            "--exclusive",
            "--no-wait",
            "--dir",
            path,
            "--",
            "true",
        ])
        .fails(1, &held);
    }
    for option in ["--after", "--after-any", "--after-end"] {
        herd.call(["run", option, &format!("{holder},4711"), "--", "true"])
            .fails(4, "4711");
    }
    assert_eq!(herd.json(&["ls", "--all", "--json"]).len(), 1);
    herd.ok(&["revoke", "--wait", &holder.to_string()]);
    let free = herd.run(
        &["--exclusive", "--no-wait", "--dir", dir.to_str().unwrap()],
        &["true"],
    );
    assert_eq!(herd.wait_state(free, "ended")["outcome"], "succeeded");
}

#[test]
fn waiting_for_a_label_says_by_its_code_how_all_of_them_ended() {
    let herd = Herd::new();
    herd.ok(&["limit", "one", "1"]);
    let first = herd.tree(&["--lane", "one"], "ready").0;
    let batch = |label: &str, options: &[&str], argv: &[&str]| {
        herd.run(
            &[&["--lane", "one", "--label", label], options].concat(),
            argv,
        )
    };
    batch("good", &[], &["true"]);
    batch("good", &[], &["true"]);
    batch("mixed", &[], &["true"]);
    let fails = batch("mixed", &[], &["sh", "-c", "exit 7"]);
    batch("behind", &["--after", &fails.to_string()], &["true"]);
    let wait = |args: &[&str]| herd.call([&["wait"], args].concat()).code;
    assert_eq!(wait(&["--label", "good", "--timeout", "100ms"]), 1);
    assert_eq!(wait(&["--label", "nobody"]), 4);
    herd.ok(&["revoke", "--wait", &first.to_string()]);
    assert_eq!(wait(&["--label", "good"]), 0);
    assert_eq!(wait(&["--label", "mixed"]), 1);
    assert_eq!(wait(&["--label", "behind"]), 1);
    assert_eq!(wait(&[&fails.to_string()]), 7);
}
