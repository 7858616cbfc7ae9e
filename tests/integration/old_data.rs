//! What an earlier version stored, what a later one did, and what lay there before there
//! was a database.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;

use crate::herd::Herd;
use crate::truth::{database, is_whole, open};

/// A database of every layout there ever was, with a task in every state.
fn fixtures() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/database");
    let mut found: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// A herd whose data directory holds what this puts there.
fn with(put: impl FnOnce(&Path)) -> Herd {
    let herd = Herd::new();
    let data = herd.home().join("data");
    fs::DirBuilder::new().mode(0o700).create(&data).unwrap();
    put(&data);
    herd
}

fn outcomes(tasks: &[Value]) -> Vec<(u64, String)> {
    let outcome = |task: &Value| task["outcome"].as_str().unwrap_or("none").to_owned();
    let pair = |task: &Value| (task["id"].as_u64().unwrap(), outcome(task));
    tasks.iter().map(pair).collect()
}

#[test]
fn every_layout_tells_all_its_tasks() {
    // what had not ended is over; all that is known of it is that the machine was restarted
    // since, but for two whose leader's end was on record
    let over = [
        "lost",
        "lost",
        "lost",
        "lost",
        "revoked",
        "failed",
        "succeeded",
    ];
    let ended = [
        "failed",
        "killed",
        "revoked",
        "revoked",
        "did_not_start",
        "lost",
    ];
    let first = [&["did_not_start"][..], &over, &ended].concat();
    // since there is a queue, two in it, and two that took too long
    let mut second = first.clone();
    second.insert(0, "did_not_start");
    second.splice(12..12, ["timed_out", "timed_out"]);
    // since agents are heard, one that was parked, and three that were not well
    let mut third = second.clone();
    third.extend(["did_not_start", "lost", "revoked", "failed"]);
    let fixtures = fixtures();
    assert_eq!(fixtures.len(), 3);
    for (fixture, wanted) in fixtures.into_iter().zip([first, second, third]) {
        let herd = with(|data| {
            fs::copy(&fixture, data.join("wrangle.db")).unwrap();
        });
        let wanted: Vec<(u64, String)> = (1..).zip(wanted.into_iter().map(str::to_owned)).collect();
        let tasks = herd.json(&["ls", "--all", "--json"]);
        assert_eq!(outcomes(&tasks), wanted, "{}", fixture.display());
        let failed = tasks
            .iter()
            .find(|task| task["outcome"] == "failed")
            .unwrap();
        assert_eq!(failed["exit_code"], 4, "{failed}");
        assert!(tasks.iter().all(|task| task["state"] == "ended"));
        // number 40 was given out and removed
        assert_eq!(herd.run(&[], &["true"]), 41);
        herd.wait_state(41, "ended");
        is_whole(&open(&herd));
    }
}

#[test]
fn a_database_of_a_later_version_is_refused_and_left_alone() {
    let herd = with(|data| {
        let path = data.join("wrangle.db");
        fs::copy(fixtures().last().unwrap(), &path).unwrap();
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "user_version", 999).unwrap();
    });
    let before = fs::read(database(&herd)).unwrap();
    for _ in 0..2 {
        herd.call(["ls"]).fails(3, "layout 999 is newer");
    }
    let doctor = herd.call(["doctor"]);
    assert_eq!(doctor.code, 1);
    assert!(
        doctor.text().contains("run the wrangle that wrote it"),
        "{doctor:?}"
    );
    assert!(
        fs::read(database(&herd)).unwrap() == before,
        "it was touched"
    );
    let names = || fs::read_dir(herd.home().join("data")).unwrap();
    let aside = names().any(|entry| {
        let name = entry.unwrap().file_name();
        name.to_str().unwrap().contains("damaged")
    });
    assert!(!aside, "it was set aside");
    // so that the herd can be ended
    fs::remove_file(database(&herd)).unwrap();
}

/// A task as it lay in a file of its own before there was a database.
fn task_file(id: u32, run: &str, past: &str) -> String {
    format!(
        r#"{{"version":1,"boot":"00000000-0000-4000-8000-000000000000","leader":{{"pid":4194000,"start":99}},"task":{{"id":{id},"spec":{{"name":"old {id}","kind":"command","argv":["sh","-c","echo old"],"dir":"/tmp","grace_ms":10000,"after_exit":"keep","stdin":false,"env_names":["TOKEN"]}},"created":1700000000000,"run":{run},"past":[{past}],"attention":"finished_unread"}}}}"#
    )
}

fn run(number: u32, state: &str) -> String {
    format!(
        r#"{{"number":{number},"state":{state},"created":1700000000000,"started":1700000000100,"written":4,"dropped":0,"last_output":1700000000200,"trouble":null}}"#
    )
}

const ENDED: &str = r#"{"ended":{"outcome":{"failed":3},"at":1700000000300}}"#;
const SUCCEEDED: &str = r#"{"ended":{"outcome":"succeeded","at":1700000000300}}"#;
const RUNNING: &str = r#"{"running":{"leader":{"pid":4194000,"start":99}}}"#;

#[test]
fn tasks_from_before_the_database_are_listed_with_their_output() {
    let herd = with(|data| {
        let put = |id: u32, number: u32, text: &str| {
            let dir = data.join(format!("tasks/{id}/{number}"));
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("00000000000000000000.log"), text).unwrap();
        };
        let put_task = |id: u32, text: &str| {
            fs::write(data.join(format!("tasks/{id}/task.json")), text).unwrap();
        };
        put(1, 1, "one\n");
        put_task(1, &task_file(1, &run(1, SUCCEEDED), ""));
        put(2, 1, "1st\n");
        put(2, 2, "2nd\n");
        put_task(2, &task_file(2, &run(2, ENDED), &run(1, SUCCEEDED)));
        put(7, 1, "torn");
        put_task(7, "{ torn");
        put(9, 1, "cut\n");
        put_task(9, &task_file(9, &run(1, RUNNING), ""));
    });
    // twice: from the files, then from the database
    for _ in 0..2 {
        let tasks = herd.json(&["ls", "--all", "--json"]);
        let wanted = [(1, "succeeded"), (2, "failed"), (9, "lost")];
        assert_eq!(
            outcomes(&tasks),
            wanted.map(|(id, word)| (id, word.to_owned()))
        );
        assert_eq!(tasks[0]["name"], "old 1");
        assert_eq!(tasks[1]["run"], 2);
        for (id, text) in [("1", "one\n"), ("2", "2nd\n"), ("9", "cut\n")] {
            assert_eq!(herd.ok(&["logs", "--raw", id]), text);
        }
        herd.kill_supervisor();
    }
    // one that can't be read is named, its output stays, its number is not given again
    let log = fs::read_to_string(herd.home().join("data/supervisor.log")).unwrap();
    assert!(log.contains("task 7 can't be listed anew"), "{log}");
    assert!(herd.home().join("data/tasks/7/1").exists());
    assert_eq!(herd.run(&[], &["true"]), 10);
    herd.wait_state(10, "ended");
    is_whole(&open(&herd));
    assert_eq!(herd.task(2)["runs"].as_array().unwrap().len(), 2);
}
