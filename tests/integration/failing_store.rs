//! A database that can't be written, is damaged, or is gone: said, borne, and made good.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::full_disk::Disk;
use crate::herd::Herd;
use crate::procs::{kit, wait_until};
use crate::pty::Pty;
use crate::truth::{database, holds, is_whole, open, runs};

/// Takes all the room that is left on a disk.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for size in [64 << 10, 4 << 10, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// What `doctor` says of the database, and whether it takes that for a failure.
fn doctor(herd: &Herd) -> (String, i32) {
    let done = herd.call(["doctor"]);
    let text = done.text();
    let lines = text.lines().filter(|line| line.contains(" database "));
    (lines.collect::<Vec<_>>().join("\n"), done.code)
}

#[test]
fn a_full_disk_loses_nothing_that_was_told() {
    let herd = Herd::new();
    let data = herd.home().join("data");
    let Some(disk) = Disk::mount(&data, "16m") else {
        return;
    };
    let before = herd.run(&[], &["sh", "-c", "echo before; exit 3"]);
    herd.wait_state(before, "ended");
    let script = "read go; seq 1 1000; read end; exit 7";
    let during = herd.run(&["--name", "during", "--stdin"], &["sh", "-c", script]);
    let (revoked, _) = herd.tree(&["--grace", "200ms"], "ready");
    let pty = Pty::open(&herd, 80, 24);
    pty.shows(&["during"]);
    let filler = data.join("filler");
    fill(&filler);
    // nothing starts that is not stored, and it is said why
    let refused = herd.call(["run", "--", "true"]);
    refused.fails(1, "full");
    pty.shows(&["NOTHING IS STORED", "full"]);
    let (line, code) = doctor(&herd);
    assert!(
        line.contains("FAIL") && line.contains("make room"),
        "{line}"
    );
    assert_eq!(code, 1);
    // what runs goes on, and is stopped like anything else
    herd.ok(&["revoke", "--wait", &revoked.to_string()]);
    herd.ok(&["send", &during.to_string(), "go"]);
    assert_eq!(herd.task(during)["state"], "running");
    assert_eq!(herd.ok(&["logs", "--raw", &before.to_string()]), "before\n");
    fs::remove_file(&filler).unwrap();
    // all by itself
    wait_until("what happened meanwhile is stored", || {
        let of = |id: u64| move |run: &&crate::truth::RunRow| run.task == id;
        let all = runs(&open(&herd));
        all.iter()
            .find(of(revoked))
            .is_some_and(|run| run.state == "ended")
    });
    pty.wait_screen("the alarm is over", |text| {
        !text.contains("NOTHING IS STORED")
    });
    let (line, _) = doctor(&herd);
    assert!(line.contains("whole"), "{line}");
    herd.kill_supervisor();
    herd.ok(&["send", &during.to_string(), "end"]);
    let task = herd.wait_state(during, "ended");
    assert_eq!(task["exit_code"], 7, "{task}");
    let numbers: String = (1..=1000)
        .flat_map(|n| [n.to_string(), "\n".into()])
        .collect();
    assert_eq!(herd.ok(&["logs", "--raw", &during.to_string()]), numbers);
    assert_eq!(herd.task(revoked)["outcome"], "revoked");
    is_whole(&open(&herd));
    drop(pty);
    herd.ok(&["shutdown"]);
    drop(disk);
}

#[test]
fn a_read_only_disk_is_said_and_loses_nothing() {
    let herd = Herd::new();
    let data = herd.home().join("data");
    let Some(disk) = Disk::mount(&data, "16m") else {
        return;
    };
    // logs on a disk of their own: no file that is being written may be on the other
    let Some(logs) = Disk::mount(&data.join("tasks"), "16m") else {
        return;
    };
    let script = "seq 1 1000; read go; exit 7";
    let id = herd.run(&["--stdin"], &["sh", "-c", script]);
    herd.wait_output(id, b"1000\n");
    herd.kill_supervisor();
    disk.remount("ro");
    herd.call(["ls"]).fails(3, "Read-only");
    let shims = crate::truth::shims(&herd);
    assert_eq!(shims.len(), 1, "the task was to go on: {shims:?}");
    disk.remount("rw");
    assert_eq!(herd.task(id)["state"], "running");
    herd.ok(&["send", &id.to_string(), "go"]);
    assert_eq!(herd.wait_state(id, "ended")["exit_code"], 7);
    holds(&herd);
    herd.ok(&["shutdown"]);
    drop((logs, disk));
}

/// What is done to a database that nobody has open.
type Damage = fn(&mut Vec<u8>);

const DAMAGES: [(&str, Damage); 4] = [
    ("garbage in its middle", |bytes| {
        let len = bytes.len();
        bytes[4096..len].fill(0xa5);
    }),
    ("cut short", |bytes| bytes.truncate(bytes.len() / 2)),
    ("no database at all", |bytes| {
        *bytes = b"once upon a time".repeat(1000);
    }),
    ("empty", Vec::clear),
];

/// A herd with an end, a running task, and no supervisor; everything lies in the database
/// itself, nothing beside it.
fn crashed() -> Herd {
    let herd = Herd::new();
    let script = "echo kept; exit 3";
    herd.run(&["--name", "failed"], &["sh", "-c", script]);
    herd.wait_state(1, "ended");
    let token = herd.token();
    herd.run(
        &["--name", "alive", "--stdin"],
        &[&kit(), "echo-stdin", &token],
    );
    herd.wait_output(2, b"ready\n");
    herd.kill_supervisor();
    let db = open(&herd);
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(db);
    herd
}

/// The tasks of `crashed`, listed and as alive as they were.
#[track_caller]
fn is_all_there(herd: &Herd, what: &str) {
    let all = herd.json(&["ls", "--all", "--json"]);
    let words = |task: &Value| [task["name"].clone(), task["state"].clone()];
    let found: Vec<_> = all.iter().map(words).collect();
    assert_eq!(
        found,
        [["failed", "ended"], ["alive", "running"]],
        "{what}: {all:?}"
    );
    assert_eq!(all[0]["exit_code"], 3, "{what}");
    assert_eq!(herd.ok(&["logs", "--raw", "1"]), "kept\n", "{what}");
    herd.ok(&["send", "2", "hello"]);
    herd.wait_output(2, b"got: hello\n");
}

/// What was set aside, without what `SQLite` keeps beside it.
fn aside(herd: &Herd) -> Vec<PathBuf> {
    let entries = fs::read_dir(herd.home().join("data")).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let text = path.to_str().unwrap();
            let beside = text.ends_with("-wal") || text.ends_with("-shm");
            text.contains("wrangle.db.damaged-") && !beside
        })
        .collect()
}

#[test]
fn a_damaged_database_is_set_aside_and_all_is_listed_from_the_logs() {
    for (what, damage) in DAMAGES {
        let herd = crashed();
        let mut bytes = fs::read(database(&herd)).unwrap();
        damage(&mut bytes);
        fs::write(database(&herd), &bytes).unwrap();
        if !bytes.is_empty() {
            let (line, code) = doctor(&herd);
            assert!(
                line.contains("FAIL") && line.contains("listed anew"),
                "{what}: {line}"
            );
            assert_eq!(code, 1, "{what}");
        }
        is_all_there(&herd, what);
        // nothing is lost of what could not be read
        let kept = aside(&herd);
        assert_eq!(
            kept.len(),
            usize::from(!bytes.is_empty()),
            "{what}: {kept:?}"
        );
        for path in kept {
            assert!(fs::read(&path).unwrap() == bytes, "{what}: it was changed");
            let (line, _) = doctor(&herd);
            assert!(line.contains(path.to_str().unwrap()), "{what}: {line}");
        }
        assert_eq!(herd.run(&[], &["true"]), 3, "{what}");
        herd.wait_state(3, "ended");
        is_whole(&open(&herd));
        let (line, code) = doctor(&herd);
        assert!(line.contains("whole") && code == 0, "{what}: {line}");
    }
}

#[test]
fn a_database_that_is_removed_while_it_is_used_is_put_back() {
    let herd = crashed();
    is_all_there(&herd, "before");
    for end in ["", "-wal", "-shm"] {
        fs::remove_file(format!("{}{end}", database(&herd).display())).unwrap();
    }
    assert_eq!(herd.run(&["--name", "third"], &["sh", "-c", "exit 5"]), 3);
    herd.wait_state(3, "ended");
    herd.kill_supervisor();
    assert_eq!(herd.task(3)["exit_code"], 5);
    // with all that happened before
    holds(&herd);
}

#[test]
fn a_database_that_is_damaged_while_it_is_used_is_set_aside() {
    let herd = crashed();
    is_all_there(&herd, "before");
    let db = open(&herd);
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(db);
    let len = fs::metadata(database(&herd)).unwrap().len() as usize;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(database(&herd))
        .unwrap();
    file.write_all(&vec![0xa5; len]).unwrap();
    drop(file);
    // a launch that can't be stored is refused, until all is well again
    wait_until("a task is launched", || {
        let done = herd.call(["run", "--", "true"]);
        assert!(done.code == 0 || done.code == 1, "{done:?}");
        done.code == 0
    });
    assert_eq!(aside(&herd).len(), 1);
    wait_until("all is stored again", || doctor(&herd).0.contains("whole"));
    herd.kill_supervisor();
    let all = herd.json(&["ls", "--all", "--json"]);
    assert_eq!(all[1]["state"], "running", "{all:?}");
    assert_eq!(all[0]["exit_code"], 3, "{all:?}");
    is_whole(&open(&herd));
}

/// What a person can do to a database beside its supervisor.
type Mishap = fn(&Path);

const MISHAPS: [(&str, Mishap); 3] = [
    ("was removed", |path| fs::remove_file(path).unwrap()),
    ("beside the database was removed", |path| {
        for end in ["-wal", "-shm"] {
            fs::remove_file(format!("{}{end}", path.display())).unwrap();
        }
    }),
    ("was replaced", |path| {
        let older = path.with_extension("older");
        fs::rename(older, path).unwrap();
    }),
];

#[test]
fn what_is_done_to_a_database_in_use_is_said_and_mended() {
    for (what, mishap) in MISHAPS {
        let herd = crashed();
        is_all_there(&herd, "before");
        let older = database(&herd).with_extension("older");
        let backup = open(&herd);
        backup
            .execute("VACUUM INTO ?", [older.to_str().unwrap()])
            .unwrap();
        drop(backup);
        herd.run(&["--name", "since"], &["sh", "-c", "exit 6"]);
        herd.wait_state(3, "ended");
        let pty = Pty::open(&herd, 80, 24);
        pty.shows(&["alive"]);
        mishap(&database(&herd));
        assert_eq!(herd.run(&["--name", "after"], &["sh", "-c", "exit 5"]), 4);
        herd.wait_state(4, "ended");
        pty.shows(&[what]);
        let (line, code) = doctor(&herd);
        assert!(
            line.contains(what) && line.contains("whole") && code == 0,
            "{what}: {line}"
        );
        let log = fs::read_to_string(herd.home().join("data/supervisor.log")).unwrap();
        assert!(log.contains(what), "{log}");
        herd.kill_supervisor();
        assert_eq!(herd.task(3)["exit_code"], 6, "{what}");
        assert_eq!(herd.task(4)["exit_code"], 5, "{what}");
        // with all that happened before
        holds(&herd);
        drop(pty);
    }
}

#[test]
fn a_database_that_somebody_holds_keeps_no_task_and_no_supervisor_alive() {
    let herd = Herd::new();
    let (id, _) = herd.tree(&[], "ready");
    let mut db = open(&herd);
    let held = db
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .unwrap();
    herd.ok(&["shutdown"]);
    herd.nothing_left();
    held.rollback().unwrap();
    drop(db);
    // its shim had its end on record
    assert_eq!(herd.task(id)["outcome"], "revoked");
    is_whole(&open(&herd));
}

#[test]
fn a_takeover_does_not_wait_for_a_database_that_somebody_holds() {
    let herd = Herd::new();
    let (id, _) = herd.tree(&[], "ready");
    let old = herd.supervisor().unwrap();
    let mut db = open(&herd);
    let held = db
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .unwrap();
    // something that can't be stored before it leaves
    let asked = herd.command(["run", "--", "true"]).spawn().unwrap();
    let mut newcomer = herd.command(["supervisor", "--takeover"]).spawn().unwrap();
    wait_until(
        "the old one has left, or stays since nothing is stored",
        || !crate::procs::exists(old) || newcomer.try_wait().unwrap().is_some(),
    );
    held.rollback().unwrap();
    drop(db);
    crate::herd::finish(asked);
    assert_eq!(herd.task(id)["state"], "running");
    herd.remember();
    herd.ok(&["shutdown"]);
    crate::herd::finish(newcomer);
}

#[test]
fn a_supervisor_that_dies_while_it_writes_the_database_anew_leaves_all_of_it() {
    for place in ["before-settled", "half-settled"] {
        let herd = crashed();
        // its number is known to the database alone
        let last = herd.run(&[], &["true"]);
        herd.wait_state(last, "ended");
        herd.ok(&["rm", &last.to_string()]);
        let told = herd.json(&["events", "--json"]).len();
        let supervisor = herd.kill_supervisor();
        let mut call = herd.command(["ls"]);
        assert!(
            call.env("WRANGLE_FAULT", place)
                .output()
                .unwrap()
                .status
                .success()
        );
        let faulty = herd.supervisor().unwrap();
        assert_ne!(faulty, supervisor);
        fs::remove_file(database(&herd)).unwrap();
        herd.command(["run", "--", "true"]).output().unwrap();
        wait_until("it dies there", || !crate::procs::exists(faulty));
        is_all_there(&herd, place);
        assert_eq!(herd.run(&[], &["true"]), last + 1, "{place}");
        herd.wait_state(last + 1, "ended");
        assert!(herd.json(&["events", "--json"]).len() > told, "{place}");
        holds(&herd);
    }
}
