//! Rows that make no sense: each is named, and takes no other along.

use std::fs;

use rusqlite::Connection;

use super::Done;
use super::tests::{Desk, event, intend, put, record};
use crate::core::id::TaskId;
use crate::core::input::Ticket;
use crate::core::record::Change;
use crate::core::task::State;

/// Tasks 1 to 3 with an event each, and this done to their rows.
fn spoilt(query: &str) -> Desk {
    let mut desk = Desk::new();
    let (store, _, _done) = desk.open();
    for id in 1..=3 {
        put(
            &store,
            &record(id, State::Starting),
            vec![event(id.into(), id)],
        );
    }
    let (key, value) = ("history".into(), "ls".into());
    store.save(Change::Setting { key, value }, vec![], vec![]);
    store.save(Change::Remove(vec![TaskId(9)]), vec![], vec![]);
    store.close();
    let db = Connection::open(desk.db()).unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    db.execute_batch(query).unwrap();
    db.close().unwrap();
    desk
}

#[test]
fn a_row_of_any_table_is_named_and_the_rest_is_there() {
    for (query, named, left) in [
        (
            "UPDATE run SET state = 'dreaming' WHERE task = 2",
            "a run of task 2 can't be read: state is \"dreaming\"",
            2,
        ),
        (
            "DELETE FROM run WHERE task = 2",
            "task 2 can't be read: its last run is missing",
            2,
        ),
        (
            "UPDATE run SET number = -1 WHERE task = 2",
            "a run of task 2",
            2,
        ),
        (
            "UPDATE run SET task = -2 WHERE task = 2",
            "a run of task -2",
            2,
        ),
        (
            "UPDATE task SET id = 99999999999 WHERE id = 2",
            "task 99999999999",
            2,
        ),
        (
            "UPDATE task SET argv = '[' WHERE id = 2",
            "task 2 can't be read: argv is \"[\"",
            2,
        ),
        (
            "UPDATE task SET name = CAST(x'ff' AS TEXT) WHERE id = 2",
            "task 2",
            2,
        ),
        (
            "UPDATE label SET task = -2 WHERE task = 2",
            "a label of task -2",
            3,
        ),
        (
            "UPDATE label SET label = CAST(x'ff' AS TEXT) WHERE task = 2 AND label = 'ci'",
            "a label of task 2",
            3,
        ),
        (
            "INSERT INTO setting VALUES ('x', CAST(x'ff' AS TEXT))",
            "setting x",
            3,
        ),
        (
            "INSERT INTO deletion VALUES (-1)",
            "the deletion of task -1",
            3,
        ),
    ] {
        let mut desk = spoilt(query);
        let loaded = desk.load();
        let named = loaded.problems.iter().any(|line| line.contains(named));
        assert!(named, "{query}: {:?}", loaded.problems);
        assert_eq!(loaded.records.len(), left, "{query}");
        assert_eq!(loaded.records[0].task.id, TaskId(1), "{query}");
        assert_eq!(loaded.deletions, [TaskId(9)], "{query}");
        assert_eq!(loaded.settings["history"], "ls", "{query}");
    }
}

#[test]
fn an_entry_of_the_activity_log_is_named_and_the_others_are_told() {
    for query in [
        "UPDATE event SET what = 'dreamt' WHERE seq = 2",
        "UPDATE event SET task = -1 WHERE seq = 2",
        "UPDATE event SET outcome = 'failed', exit_code = NULL WHERE seq = 2",
        "UPDATE event SET name = CAST(x'ff' AS TEXT) WHERE seq = 2",
    ] {
        let mut desk = spoilt(query);
        let (store, _, done) = desk.open();
        store.read(super::Read {
            ticket: Ticket(1),
            task: None,
            most: None,
            last: true,
        });
        store.close();
        let Done::Read { events, .. } = done.recv().unwrap() else {
            panic!("{query}: nothing was read");
        };
        let (events, problems) = events.unwrap();
        let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, [1, 3], "{query}");
        assert!(
            problems[0].starts_with("entry 2 can't be read"),
            "{query}: {problems:?}"
        );
    }
}

#[test]
fn a_task_whose_rows_make_no_sense_is_listed_from_its_log() {
    for query in [
        "UPDATE run SET state = 'dreaming' WHERE task = 2",
        "UPDATE task SET argv = '[' WHERE id = 2",
        "DELETE FROM run WHERE task = 2",
    ] {
        let mut desk = spoilt(query);
        intend(&desk, 2);
        let loaded = desk.load();
        let ids: Vec<u32> = loaded.records.iter().map(|it| it.task.id.0).collect();
        assert_eq!(ids, [1, 2, 3], "{query}");
        assert_eq!(loaded.records[1].task.run.written, 6, "{query}");
        assert!(loaded.problems[0].contains('2'), "{:?}", loaded.problems);
        fs::remove_dir_all(desk.tasks()).unwrap();
    }
}
