//! What is done to the database's files while it is in use.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::agents::calls;
use super::tests::{Desk, errors, event, intend, put, record};
use super::{Done, Mended, Store, check, newest};
use crate::core::agent::tool::ToolCall;
use crate::core::id::TaskId;
use crate::core::input::Ticket;
use crate::core::record::Change;
use crate::core::task::State;

/// What was said of mending, with the store closed.
fn mended(store: Store, done: &std::sync::mpsc::Receiver<Done>) -> Vec<Mended> {
    store.close();
    done.iter()
        .filter_map(|done| match done {
            Done::Mended(mended) => Some(mended),
            Done::Written { error, .. } => {
                assert_eq!(error, None);
                None
            }
            Done::Read { .. } | Done::Tools { .. } => None,
        })
        .collect()
}

/// Waits until everything asked so far is done.
fn settle(store: &Store, done: &std::sync::mpsc::Receiver<Done>) {
    let mark = vec![("mark".to_owned(), "set".to_owned())];
    for (key, value) in mark {
        store.save(Change::Setting { key, value }, vec![], vec![]);
    }
    loop {
        match done.recv().unwrap() {
            Done::Written {
                change: Change::Setting { .. },
                error,
                ..
            } => {
                assert_eq!(error, None);
                return;
            }
            Done::Written { error, .. } => assert_eq!(error, None),
            Done::Mended(mended) => panic!("{mended:?}"),
            Done::Read { .. } | Done::Tools { .. } => {}
        }
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    format!("{}{end}", path.display()).into()
}

fn aside(desk: &Desk) -> Vec<PathBuf> {
    let entries = fs::read_dir(desk.home.path()).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| {
        let name = path.to_string_lossy();
        name.contains(".damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm")
    });
    found
}

type Mishap = fn(&Path);

const MISHAPS: [(&str, Mishap, bool); 8] = [
    (
        "all of it is removed",
        |path| {
            for end in ["", "-wal", "-shm"] {
                fs::remove_file(beside(path, end)).unwrap();
            }
        },
        false,
    ),
    (
        "the file is removed",
        |path| fs::remove_file(path).unwrap(),
        false,
    ),
    (
        "what lies beside it is removed",
        |path| {
            fs::remove_file(beside(path, "-wal")).unwrap();
            fs::remove_file(beside(path, "-shm")).unwrap();
        },
        true,
    ),
    (
        "its journal is removed",
        |path| fs::remove_file(beside(path, "-wal")).unwrap(),
        true,
    ),
    (
        "the index of its journal is removed",
        |path| fs::remove_file(beside(path, "-shm")).unwrap(),
        true,
    ),
    (
        "an older copy is put in its place",
        |path| fs::rename(beside(path, ".older"), path).unwrap(),
        true,
    ),
    (
        "a stranger is put in its place",
        |path| {
            fs::write(beside(path, ".other"), "not a database").unwrap();
            fs::rename(beside(path, ".other"), path).unwrap();
        },
        true,
    ),
    (
        "a directory is put in its place",
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        },
        true,
    ),
];

#[test]
fn whatever_is_done_to_the_files_nothing_of_what_was_stored_is_lost() {
    for (what, mishap, is_kept) in MISHAPS {
        for goes_on in [true, false] {
            let mut desk = Desk::new();
            let (store, _, done) = desk.open();
            put(&store, &record(1, State::Starting), vec![event(1, 1)]);
            settle(&store, &done);
            let db = Connection::open(desk.db()).unwrap();
            let older = beside(&desk.db(), ".older");
            db.execute("VACUUM INTO ?", [older.to_str().unwrap()])
                .unwrap();
            drop(db);
            put(&store, &record(2, State::Starting), vec![event(2, 2)]);
            store.save(Change::Remove(vec![TaskId(9)]), vec![], vec![]);
            settle(&store, &done);
            mishap(&desk.db());
            if goes_on {
                put(&store, &record(3, State::Starting), vec![event(3, 3)]);
                let said = mended(store, &done);
                assert_eq!(said.len(), 1, "{what}: {said:?}");
                assert!(said[0].whole, "{what}: {said:?}");
            } else {
                store.close();
            }
            assert_eq!(check(&desk.db()), Ok(newest()), "{what}");
            let kept = aside(&desk);
            assert_eq!(kept.len(), usize::from(is_kept), "{what}: {kept:?}");
            let loaded = desk.load();
            assert_eq!(loaded.problems, Vec::<String>::new(), "{what}");
            let last = if goes_on { 3 } else { 2 };
            assert_eq!(loaded.records.len(), last, "{what}");
            assert_eq!(loaded.seq, last as u64, "{what}");
            assert_eq!(loaded.settings["mark"], "set", "{what}");
            assert_eq!(loaded.deletions, [TaskId(9)], "{what}");
        }
    }
}

#[test]
fn a_damaged_one_is_begun_anew_with_all_that_is_known_but_the_tasks() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    for id in 1..=200 {
        put(
            &store,
            &record(id, State::Starting),
            vec![event(id.into(), id)],
        );
    }
    store.save(Change::Remove(vec![TaskId(200)]), vec![], vec![]);
    store.save(Change::Tools(TaskId(1), calls()), vec![], vec![]);
    settle(&store, &done);
    let page = settled_root(&desk, "task");
    store.close();
    // opened anew, so that nothing of it is in memory but what was read at the start
    let (store, loaded, done) = desk.open();
    assert_eq!(loaded.records.len(), 199);
    spoil(&desk, page);
    // somebody else's write makes it forget the pages that it has read
    let db = Connection::open(desk.db()).unwrap();
    db.execute("DELETE FROM setting WHERE key = 'none'", [])
        .ok();
    db.execute("INSERT INTO setting VALUES ('theirs', '1')", [])
        .unwrap();
    drop(db);
    put(&store, &record(1, State::Starting), vec![event(201, 1)]);
    let said = mended(store, &done);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(!said[0].whole && !said[0].line.contains("lost"), "{said:?}");
    assert_eq!(aside(&desk).len(), 1);
    let loaded = desk.load();
    assert_eq!(loaded.problems, Vec::<String>::new());
    // the rest is for whoever holds them to write again
    assert_eq!(loaded.records.len(), 1);
    assert_eq!((loaded.highest, loaded.seq), (200, 201));
    assert_eq!(loaded.deletions, [TaskId(200)]);
    assert_eq!(loaded.settings["mark"], "set");
    let db = Connection::open(desk.db()).unwrap();
    let events: u32 = db
        .query_row("SELECT count(*) FROM event", [], |row| row.get(0))
        .unwrap();
    assert_eq!(events, 201);
    drop(db);
    assert_eq!(calls_of(&mut desk, 1), calls());
}

/// Calls of a task's tools as they are stored.
fn calls_of(desk: &mut Desk, task: u32) -> Vec<ToolCall> {
    let (store, _, done) = desk.open();
    store.read_tools(Ticket(1), TaskId(task));
    store.close();
    let read = done.iter().find_map(|done| match done {
        Done::Tools { calls, .. } => Some(calls),
        _ => None,
    });
    let (calls, problems) = read.unwrap().unwrap();
    assert_eq!(problems, Vec::<String>::new());
    calls
}

/// The page with which a table begins, once all lies in the file itself.
fn settled_root(desk: &Desk, table: &str) -> u32 {
    let db = Connection::open(desk.db()).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
    db.query_row(root, [table], |row| row.get(0)).unwrap()
}

fn spoil(desk: &Desk, page: u32) {
    let mut file = fs::OpenOptions::new().write(true).open(desk.db()).unwrap();
    file.seek(SeekFrom::Start(u64::from(page - 1) * 4096))
        .unwrap();
    file.write_all(&[0xa5; 4096]).unwrap();
}

#[test]
fn calls_of_tools_are_read_from_a_damaged_one_for_tasks_that_are_listed_anew() {
    for (table, kept) in [("run", true), ("tool_call", false)] {
        let mut desk = Desk::new();
        let (store, _, done) = desk.open();
        for id in [1, 2] {
            put(&store, &record(id, State::Starting), vec![]);
            store.save(Change::Tools(TaskId(id), calls()), vec![], vec![]);
        }
        settle(&store, &done);
        let mut pages = vec![settled_root(&desk, table)];
        // what is not looked at at a start is not missed: so something else is damaged too
        pages.extend((!kept).then(|| settled_root(&desk, "run")));
        store.close();
        for page in pages {
            spoil(&desk, page);
        }
        // of the second nothing else is left
        intend(&desk, 1);
        let loaded = desk.load();
        let said = &loaded.problems[0];
        assert!(said.contains("damaged"), "{said}");
        assert_eq!(!said.contains("calls of tools"), kept, "{said}");
        assert_eq!(loaded.records.len(), 1);
        let left = if kept { calls() } else { vec![] };
        assert_eq!(calls_of(&mut desk, 1), left, "{table}");
        assert_eq!(calls_of(&mut desk, 2), vec![], "{table}");
        assert_eq!(check(&desk.db()), Ok(newest()));
    }
}

#[test]
fn one_that_lost_a_table_is_begun_anew() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    put(&store, &record(1, State::Starting), vec![event(1, 1)]);
    settle(&store, &done);
    let db = Connection::open(desk.db()).unwrap();
    db.execute_batch("ALTER TABLE run DROP COLUMN example; DROP TABLE setting")
        .unwrap();
    drop(db);
    put(&store, &record(1, State::Starting), vec![event(2, 1)]);
    let said = mended(store, &done);
    assert!(said[0].line.contains("damaged"), "{said:?}");
    assert!(!said[0].whole, "{said:?}");
    let loaded = desk.load();
    assert_eq!(loaded.problems, Vec::<String>::new());
    assert_eq!((loaded.records.len(), loaded.seq), (1, 2));
    assert_eq!(loaded.settings["mark"], "set");
}

#[test]
fn what_a_newer_program_put_in_its_place_is_kept_as_it_is() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    put(&store, &record(1, State::Starting), vec![]);
    settle(&store, &done);
    let newer = beside(&desk.db(), ".newer");
    let db = Connection::open(&newer).unwrap();
    db.pragma_update(None, "user_version", 999).unwrap();
    db.close().unwrap();
    let bytes = fs::read(&newer).unwrap();
    fs::rename(&newer, desk.db()).unwrap();
    put(&store, &record(2, State::Starting), vec![]);
    assert_eq!(mended(store, &done).len(), 1);
    assert_eq!(fs::read(&aside(&desk)[0]).unwrap(), bytes);
    assert_eq!(desk.load().records.len(), 2);
}

#[test]
fn a_database_behind_a_link_is_kept_there() {
    let mut desk = Desk::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("real.db");
    std::os::unix::fs::symlink(&target, desk.db()).unwrap();
    let (store, _, done) = desk.open();
    put(&store, &record(1, State::Starting), vec![]);
    settle(&store, &done);
    for end in ["", "-wal", "-shm"] {
        fs::remove_file(beside(&target, end)).unwrap();
    }
    put(&store, &record(2, State::Starting), vec![]);
    assert_eq!(mended(store, &done).len(), 1);
    assert!(fs::symlink_metadata(desk.db()).unwrap().is_symlink());
    assert!(target.exists());
    assert_eq!(desk.load().records.len(), 2);
}

#[test]
fn a_new_one_that_cannot_be_made_is_said_until_it_can() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    put(&store, &record(1, State::Starting), vec![]);
    settle(&store, &done);
    for end in ["", "-wal", "-shm"] {
        fs::remove_file(beside(&desk.db(), end)).unwrap();
    }
    let fresh = beside(&desk.db(), ".new");
    fs::create_dir(&fresh).unwrap();
    put(&store, &record(2, State::Starting), vec![]);
    let Done::Written { error, .. } = done.recv().unwrap() else {
        panic!("nothing was written");
    };
    let error = error.unwrap();
    assert!(
        error.contains("removed") && error.contains(".new"),
        "{error}"
    );
    fs::remove_dir(&fresh).unwrap();
    put(&store, &record(2, State::Starting), vec![]);
    let said = mended(store, &done);
    assert!(said[0].whole, "{said:?}");
    assert_eq!(desk.load().records.len(), 2);
    assert!(!fresh.exists());
    assert_eq!(errors(&done), Vec::<String>::new());
}

#[test]
fn a_store_that_hangs_is_left_and_one_that_is_locked_says_so() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    let mut theirs = Connection::open(desk.db()).unwrap();
    let lock = theirs
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .unwrap();
    for id in 1..=20 {
        put(&store, &record(id, State::Starting), vec![]);
    }
    assert!(!store.close_within(std::time::Duration::from_millis(50)));
    let said = errors(&done);
    assert_eq!(said.len(), 20);
    assert!(said[0].contains("locked"), "{said:?}");
    lock.rollback().unwrap();
    drop(theirs);
    assert_eq!(desk.load().records.len(), 0);
}
