use std::fs;
use std::sync::mpsc::channel;

use super::{Done, Store, load};
use crate::core::attention::Attention;
use crate::core::id::TaskId;
use crate::core::record::{Change, Record};
use crate::core::task::{AfterExit, Kind, Run, Spec, Task};
use crate::core::time::Timestamp;

fn record(id: u32) -> Box<Record> {
    Box::new(Record {
        boot: "boot".into(),
        leader: None,
        task: Task {
            id: TaskId(id),
            spec: Spec {
                name: format!("task {id}"),
                kind: Kind::Command,
                argv: vec!["true".into(), vec![0xff, b'x'].into()],
                dir: "/".into(),
                grace_ms: 10_000,
                after_exit: AfterExit::Keep,
                stdin: false,
                env_names: vec![],
                labels: vec![],
            },
            parent: None,
            created: Timestamp(7),
            run: Run::new(1, Timestamp(7)),
            past: vec![],
            attention: Attention::None,
        },
    })
}

#[test]
fn what_was_stored_is_read_back() {
    let home = tempfile::tempdir().unwrap();
    let (sender, done) = channel();
    let store = Store::open(home.path().join("tasks"), move |d: Done| {
        sender.send(d.error).unwrap();
    })
    .unwrap();
    for id in [3, 1, 12] {
        store.save(Change::Task(record(id)), vec![], vec![]);
    }
    store.close();
    assert_eq!(done.iter().collect::<Vec<_>>(), [None, None, None]);
    let loaded = load(&home.path().join("tasks")).unwrap();
    assert_eq!(loaded.problems, Vec::<String>::new());
    assert_eq!(loaded.highest, 12);
    assert_eq!(loaded.records, [*record(1), *record(3), *record(12)]);
}

#[test]
fn of_many_records_of_one_task_the_newest_stays_and_all_are_answered() {
    let home = tempfile::tempdir().unwrap();
    let (sender, done) = channel();
    let store = Store::open(home.path().to_owned(), move |d: Done| {
        sender.send((d.change, d.error)).unwrap();
    })
    .unwrap();
    for number in 1..=500 {
        let mut newer = record(1);
        newer.task.run.number = number;
        store.save(Change::Task(newer), vec![], vec![]);
        store.save(Change::Task(record(2)), vec![], vec![]);
    }
    store.close();
    let answers: Vec<_> = done.iter().collect();
    assert_eq!(answers.len(), 1000);
    assert!(answers.iter().all(|(_, error)| error.is_none()));
    let loaded = load(home.path()).unwrap();
    assert_eq!(loaded.records[0].task.run.number, 500);
}

#[test]
fn what_cannot_be_stored_is_said() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("tasks");
    fs::write(&file, "a file where a directory should be").unwrap();
    let (sender, done) = channel();
    let store = Store::open(file, move |d: Done| sender.send(d.error).unwrap()).unwrap();
    store.save(Change::Task(record(1)), vec![], vec![]);
    store.close();
    let error = done.recv().unwrap().unwrap();
    assert!(error.starts_with("task 1 can't be stored: "), "{error}");
}

#[test]
fn a_record_that_cannot_be_read_is_named_and_its_number_not_reused() {
    let home = tempfile::tempdir().unwrap();
    for (id, text) in [(4, "{ not json")] {
        let dir = home.path().join(id.to_string());
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("task.json"), text).unwrap();
    }
    fs::create_dir(home.path().join("11")).unwrap();
    let mut loaded = load(home.path()).unwrap();
    loaded.problems.sort();
    assert_eq!(loaded.records, []);
    assert_eq!(loaded.highest, 11);
    assert!(loaded.problems[0].starts_with("task 4 can't be read: "));
}
