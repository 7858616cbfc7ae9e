use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use rusqlite::Connection;

use super::agents::agents;
use super::{Done, Flaw, Loaded, Read, Store, check, newest};
use crate::core::attention::Attention;
use crate::core::event::{By, Event, What};
use crate::core::id::{Ident, RunId, TaskId};
use crate::core::input::Ticket;
use crate::core::plan::{After, Fate, Hold, HoldCause, Idle, Lease, Needs, Priority, Worktree};
use crate::core::record::{Change, Record};
use crate::core::shim::{INTENT, Intent};
use crate::core::task::{
    AfterExit, Exit, Kind, Outcome, Overrun, Run, Spec, State, StopCause, Task,
};
use crate::core::time::Timestamp;

fn spec(name: &str) -> Spec {
    Spec {
        name: name.into(),
        kind: Kind::Command,
        argv: vec!["true".into(), vec![0xff, b'x'].into()],
        dir: vec![b'/', 0xfe].into(),
        grace_ms: 10_000,
        after_exit: AfterExit::Sweep,
        stdin: true,
        env_names: vec!["TOKEN".into()],
        labels: vec!["ci".into(), "nightly".into()],
        restarts: 3,
        retry_on: vec![Fate::Lost, Fate::TimedOut],
        model: Some("sonnet".into()),
        lane: Some("slow".into()),
        provider: Some("p".into()),
        lease: Some(Lease {
            dir: vec![b'/', 0xfe].into(),
            tree: Some(Worktree {
                root: "/".into(),
                repository: "/.git".into(),
            }),
        }),
        timeout_ms: Some(5),
        idle: Some(Idle {
            after_ms: 6,
            stop: true,
        }),
        agent: None,
    }
}

pub(super) fn record(id: u32, state: State) -> Record {
    let run = Run {
        state,
        started: Some(Timestamp(8)),
        written: 9,
        dropped: 3,
        last_output: Some(Timestamp(9)),
        restarts: 2,
        paused_ms: 4,
        ..Run::new(1, Timestamp(7))
    };
    Record {
        boot: "boot".into(),
        task: Task {
            parent: (id > 1).then_some(TaskId(1)),
            priority: Priority::Low,
            place: i64::from(id) - 7,
            after: (id > 1)
                .then_some(After {
                    task: TaskId(1),
                    needs: Needs::AnySuccess,
                })
                .into_iter()
                .collect(),
            attention: Attention::FailedUnread,
            ..Task::new(TaskId(id), spec(&format!("task {id}")), run)
        },
        env: None,
    }
}

pub(super) fn event(seq: u64, task: u32) -> Event {
    Event {
        seq,
        at: Timestamp(seq),
        what: What::Ended,
        by: By::Task,
        task: TaskId(task),
        run: 1,
        name: "a".into(),
        outcome: Some(Outcome::Failed(3)),
        exit: None,
        text: None,
    }
}

/// A state of every kind, with everything that it can carry.
fn states() -> Vec<State> {
    let leader = Ident { pid: 7, start: 70 };
    let at = Timestamp(1_000);
    let mut states = vec![
        State::Queued { hold: None },
        State::Queued {
            hold: Some(Hold {
                until: at,
                cause: HoldCause::Delay,
            }),
        },
        State::Starting,
        State::Running { leader },
        State::Paused { leader, since: at },
        State::Stopping {
            cause: StopCause::Revoked,
            leader: Some(leader),
            outcome: None,
            kill_at: Some(at),
            left: 3,
        },
        State::Stopping {
            cause: StopCause::Swept,
            leader: None,
            outcome: Some(Outcome::Revoked(Some(Exit::Signal(15)))),
            kill_at: None,
            left: 0,
        },
        State::Lingering {
            exit: Exit::Code(4),
            since: at,
            left: 2,
            example: Some("sleep 9".into()),
        },
    ];
    for outcome in [
        Outcome::Succeeded,
        Outcome::Failed(255),
        Outcome::Killed(9),
        Outcome::Revoked(None),
        Outcome::TimedOut(Overrun::Silence, Some(Exit::Signal(9))),
        Outcome::TimedOut(Overrun::Time, None),
        Outcome::Revoked(Some(Exit::Code(0))),
        Outcome::DidNotStart("no such file".into()),
        Outcome::Lost("the machine was restarted".into()),
    ] {
        states.push(State::Ended { outcome, at });
    }
    states
}

pub(super) struct Desk {
    pub(super) home: tempfile::TempDir,
    stamps: u32,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            stamps: 0,
        }
    }

    pub(super) fn db(&self) -> std::path::PathBuf {
        self.home.path().join("wrangle.db")
    }

    pub(super) fn tasks(&self) -> std::path::PathBuf {
        self.home.path().join("tasks")
    }

    pub(super) fn try_open(&mut self) -> Result<(Store, Loaded, Receiver<Done>), String> {
        let (sender, done) = channel();
        self.stamps += 1;
        let stamp = self.stamps.to_string();
        let (store, loaded) = Store::open(&self.db(), &self.tasks(), &stamp, move |it| {
            sender.send(it).unwrap();
        })?;
        Ok((store, loaded, done))
    }

    pub(super) fn open(&mut self) -> (Store, Loaded, Receiver<Done>) {
        self.try_open().unwrap()
    }

    pub(super) fn load(&mut self) -> Loaded {
        let (store, loaded, _) = self.open();
        store.close();
        loaded
    }
}

pub(super) fn put(store: &Store, record: &Record, events: Vec<Event>) {
    store.save(Change::Task(Box::new(record.clone())), events, vec![]);
}

/// What lies on disk of a task's first run: its intent, and six bytes of output.
pub(super) fn intend(desk: &Desk, id: u32) -> Intent {
    let run = desk.tasks().join(format!("{id}/1"));
    fs::create_dir_all(&run).unwrap();
    let intent = Intent {
        run: RunId {
            task: TaskId(id),
            number: 1,
        },
        spec: spec(&format!("task {id}")),
        parent: None,
        created: Timestamp(7),
        boot: "boot".into(),
    };
    fs::write(run.join(INTENT), serde_json::to_vec(&intent).unwrap()).unwrap();
    fs::write(run.join("00000000000000000000.log"), "output").unwrap();
    intent
}

pub(super) fn errors(done: &Receiver<Done>) -> Vec<String> {
    done.iter()
        .filter_map(|done| match done {
            Done::Written { error, .. } => error,
            Done::Read { events, .. } => events.err(),
            Done::Tools { calls, .. } => calls.err(),
            Done::Mended(mended) => Some(mended.line),
        })
        .collect()
}

#[test]
fn every_state_is_read_back_as_it_was_stored() {
    let mut desk = Desk::new();
    let (store, loaded, done) = desk.open();
    assert_eq!(
        (loaded.records.len(), loaded.highest, loaded.seq),
        (0, 0, 0)
    );
    let records: Vec<Record> = (1..)
        .zip(states())
        .map(|(id, state)| record(id, state))
        .collect();
    for it in &records {
        put(&store, it, vec![]);
    }
    store.close();
    assert_eq!(errors(&done), Vec::<String>::new());
    let loaded = desk.load();
    assert_eq!(loaded.problems, Vec::<String>::new());
    assert_eq!(loaded.records, records);
    assert_eq!(check(&desk.db()), Ok(newest()));
    let mode = fs::metadata(desk.db()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "others can read it");
}

#[test]
fn of_many_writes_of_one_task_the_newest_stays_and_all_are_answered_in_order() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    for number in 1..=300 {
        let mut newer = record(1, State::Starting);
        newer.task.run.written = number;
        put(&store, &newer, vec![event(number, 1)]);
        store.save(Change::Nothing, vec![], vec![]);
    }
    store.close();
    let told: Vec<u64> = done
        .iter()
        .filter_map(|done| match done {
            Done::Written { events, error, .. } => {
                assert_eq!(error, None);
                events.first().map(|event| event.seq)
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, (1..=300).collect::<Vec<_>>());
    let loaded = desk.load();
    assert_eq!(loaded.records[0].task.run.written, 300);
    assert_eq!(loaded.seq, 300);
}

#[test]
fn a_further_run_leaves_the_earlier_one_where_it_is() {
    let mut desk = Desk::new();
    let (store, _, _done) = desk.open();
    let at = Timestamp(3);
    let mut it = record(
        1,
        State::Ended {
            outcome: Outcome::Failed(1),
            at,
        },
    );
    put(&store, &it, vec![]);
    let second = Run::new(2, Timestamp(20));
    let first = std::mem::replace(&mut it.task.run, second);
    it.task.past.push(first);
    put(&store, &it, vec![]);
    store.close();
    assert_eq!(desk.load().records, [it]);
}

#[test]
fn what_became_of_an_earlier_run_since_is_stored_with_the_next_write() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    let leader = Ident { pid: 7, start: 70 };
    let mut it = record(1, State::Running { leader });
    put(&store, &it, vec![]);
    // its end could not be stored, and the task went on
    let second = Run::new(2, Timestamp(20));
    let mut first = std::mem::replace(&mut it.task.run, second);
    first.state = State::Ended {
        outcome: Outcome::Failed(1),
        at: Timestamp(10),
    };
    it.task.past.push(first);
    put(&store, &it, vec![]);
    // its log was trimmed
    it.task.past[0].dropped = 9;
    put(&store, &it, vec![]);
    store.close();
    assert_eq!(errors(&done), Vec::<String>::new());
    assert_eq!(desk.load().records, [it]);
}

#[test]
fn what_is_read_of_the_log_is_what_was_written_before() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    let read = |task: Option<u32>, most| Read {
        ticket: Ticket(1),
        task: task.map(TaskId),
        most,
        last: true,
    };
    store.save(
        Change::Nothing,
        (1..=6).map(|seq| event(seq, seq as u32 % 2)).collect(),
        vec![],
    );
    store.read(read(None, None));
    store.read(read(Some(1), None));
    store.read(read(None, Some(2)));
    store.save(Change::Nothing, vec![event(7, 0)], vec![]);
    store.close();
    let seqs: Vec<Vec<u64>> = done
        .iter()
        .filter_map(|done| match done {
            Done::Read { events, .. } => {
                Some(events.unwrap().0.iter().map(|event| event.seq).collect())
            }
            _ => None,
        })
        .collect();
    assert_eq!(seqs, [vec![1, 2, 3, 4, 5, 6], vec![1, 3, 5], vec![5, 6]]);
}

#[test]
fn every_event_is_read_back_as_it_was() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    let mut events = Vec::new();
    for (what, by) in What::ALL.into_iter().zip(By::ALL.into_iter().cycle()) {
        let seq = events.len() as u64 + 1;
        let text = Some("why".into());
        events.push(Event {
            what,
            by,
            outcome: None,
            text,
            ..event(seq, 1)
        });
    }
    let seq = events.len() as u64 + 1;
    events.push(Event {
        outcome: None,
        exit: Some(Exit::Signal(9)),
        what: What::Lingering,
        ..event(seq, 2)
    });
    let outcome = Some(Outcome::Lost("gone".into()));
    let text = Some("gone".into());
    events.push(Event {
        outcome,
        text,
        ..event(seq + 1, 2)
    });
    store.save(Change::Nothing, events.clone(), vec![]);
    store.read(Read {
        ticket: Ticket(1),
        task: None,
        most: None,
        last: true,
    });
    store.close();
    let read = done.iter().find_map(|done| match done {
        Done::Read { events, .. } => Some(events.unwrap()),
        _ => None,
    });
    assert_eq!(read.unwrap(), (events, vec![]));
}

#[test]
fn a_log_that_is_too_long_is_cut_at_start_and_no_reason_not_to_start_where_it_cant_be() {
    let mut desk = Desk::new();
    let (store, _, _done) = desk.open();
    let many = 1_000_000;
    store.save(Change::Nothing, vec![event(1, 1), event(many, 1)], vec![]);
    store.close();
    let db = Connection::open(desk.db()).unwrap();
    let count = || -> u32 {
        db.query_row("SELECT count(*) FROM event", [], |row| row.get(0))
            .unwrap()
    };
    db.execute_batch(
        "CREATE TRIGGER full BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    .unwrap();
    let loaded = desk.load();
    assert_eq!((loaded.seq, count()), (many, 2));
    assert!(loaded.problems[0].contains("full"), "{:?}", loaded.problems);
    db.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(desk.load().problems, Vec::<String>::new());
    assert_eq!(count(), 1);
}

#[test]
fn a_log_that_grows_is_cut_meanwhile_too() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    store.save(Change::Nothing, vec![event(1, 1)], vec![]);
    for seq in 500_001..=501_200 {
        store.save(Change::Nothing, vec![event(seq, 1)], vec![]);
    }
    store.close();
    assert_eq!(errors(&done), Vec::<String>::new());
    let db = Connection::open(desk.db()).unwrap();
    let count: u32 = db
        .query_row("SELECT count(*) FROM event", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 1_200);
}

#[test]
fn a_removed_task_is_gone_and_its_number_not_given_out_again() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    put(&store, &record(1, State::Starting), vec![]);
    put(&store, &record(5, State::Starting), vec![]);
    store.save(Change::Remove(vec![TaskId(5)]), vec![event(1, 5)], vec![]);
    store.close();
    assert_eq!(errors(&done), Vec::<String>::new());
    let (store, loaded, _done) = desk.open();
    assert_eq!(loaded.records.len(), 1);
    assert_eq!(loaded.highest, 5);
    assert_eq!(loaded.deletions, [TaskId(5)]);
    store.save(Change::Deleted(vec![TaskId(5)]), vec![], vec![]);
    store.close();
    assert_eq!(desk.load().deletions, []);
}

#[test]
fn what_clients_want_remembered_is() {
    let mut desk = Desk::new();
    let (store, _, _done) = desk.open();
    for value in ["one", "two"] {
        store.save(
            Change::Setting {
                key: "history".into(),
                value: value.into(),
            },
            vec![],
            vec![],
        );
    }
    store.close();
    assert_eq!(
        desk.load().settings.into_iter().collect::<Vec<_>>(),
        [("history".to_owned(), "two".to_owned())]
    );
}

#[test]
fn a_newer_database_is_refused_and_not_touched() {
    let mut desk = Desk::new();
    desk.load();
    let db = Connection::open(desk.db()).unwrap();
    db.pragma_update(None, "user_version", newest() + 1)
        .unwrap();
    db.close().unwrap();
    let before = fs::read(desk.db()).unwrap();
    let error = desk.try_open().err().unwrap();
    assert!(error.contains("is newer than this program's"), "{error}");
    assert_eq!(fs::read(desk.db()).unwrap(), before);
    assert!(matches!(check(&desk.db()), Err(Flaw::Newer(_))));
}

#[test]
fn a_damaged_database_is_set_aside_and_what_the_logs_know_listed_anew() {
    let mut desk = Desk::new();
    let (store, _, _done) = desk.open();
    put(&store, &record(3, State::Starting), vec![]);
    store.close();
    let intent = intend(&desk, 3);
    let run = desk.tasks().join("3/1");
    fs::remove_file(run.join("00000000000000000000.log")).unwrap();
    fs::write(run.join("00000000000000000004.log"), "output").unwrap();
    fs::create_dir(desk.tasks().join("9")).unwrap();
    let damaged = vec![b'x'; 8192];
    fs::write(desk.db(), &damaged).unwrap();
    let loaded = desk.load();
    assert!(
        loaded.problems[0].contains("the database was damaged"),
        "{:?}",
        loaded.problems
    );
    assert_eq!(loaded.highest, 9);
    let task = &loaded.records[0].task;
    assert_eq!((task.id, &task.spec), (TaskId(3), &intent.spec));
    assert_eq!((task.run.dropped, task.run.written), (4, 10));
    assert_eq!(task.run.state, State::Starting);
    let aside = fs::read_dir(desk.home.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains(".damaged-"));
    assert_eq!(fs::read(aside.unwrap()).unwrap(), damaged);
    // and from now on it is in the database
    let again = desk.load();
    assert_eq!(again.problems, Vec::<String>::new());
    assert_eq!(again.records, loaded.records);
}

#[test]
fn a_run_since_the_first_version_is_listed_anew_with_what_that_one_stored() {
    let mut desk = Desk::new();
    let failed = State::Ended {
        outcome: Outcome::Failed(3),
        at: Timestamp(9),
    };
    let old = record(3, failed);
    let dir = desk.tasks().join("3");
    fs::create_dir_all(dir.join("2")).unwrap();
    fs::write(dir.join("task.json"), serde_json::to_vec(&old).unwrap()).unwrap();
    let intent = Intent {
        run: RunId {
            task: TaskId(3),
            number: 2,
        },
        spec: old.task.spec.clone(),
        parent: None,
        created: Timestamp(20),
        boot: "later".into(),
    };
    let text = serde_json::to_vec(&intent).unwrap();
    fs::write(dir.join("2").join(INTENT), text).unwrap();
    let loaded = desk.load();
    let [found] = &loaded.records[..] else {
        panic!("{loaded:?}");
    };
    assert_eq!((found.boot.as_str(), found.task.run.number), ("later", 2));
    assert!(found.task.is_active());
    assert_eq!(found.task.past, [old.task.run]);
}

#[test]
fn what_cannot_be_stored_is_said_and_what_can_is_stored() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    store.save(Change::Nothing, vec![event(1, 1)], vec![]);
    // the same number once more can't be written
    store.save(Change::Nothing, vec![event(1, 1)], vec![]);
    put(&store, &record(1, State::Starting), vec![]);
    store.close();
    let errors = errors(&done);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].contains("UNIQUE"), "{errors:?}");
    assert_eq!(desk.load().records.len(), 1);
}

#[test]
fn a_row_that_makes_no_sense_is_named_and_left() {
    let mut desk = Desk::new();
    let (store, _, _done) = desk.open();
    put(&store, &record(1, State::Starting), vec![]);
    put(&store, &record(2, State::Starting), vec![]);
    store.close();
    let db = Connection::open(desk.db()).unwrap();
    db.execute("UPDATE run SET state = 'dreaming' WHERE task = 1", [])
        .unwrap();
    db.close().unwrap();
    for _ in 0..2 {
        let loaded = desk.load();
        assert_eq!(loaded.records.len(), 1);
        assert_eq!(loaded.highest, 2);
        assert!(
            loaded.problems[0].contains("dreaming"),
            "{:?}",
            loaded.problems
        );
    }
}

/// What the fixture of a layout holds: a task in every state that there was then.
fn of_layout(version: u32) -> Vec<Record> {
    if version > 1 {
        let all = (1..).zip(states()).map(|(id, state)| record(id, state));
        let mut all: Vec<Record> = all.collect();
        // before agents were heard
        if version > 2 {
            all.extend(agents(all.len() as u32 + 1));
        }
        return all;
    }
    // before there was a queue
    let states = states().into_iter().filter_map(|state| match state {
        State::Queued { hold } => Some(State::Queued {
            hold: Some(Hold {
                cause: HoldCause::Again,
                ..hold?
            }),
        }),
        State::Ended {
            outcome: Outcome::TimedOut(..),
            ..
        } => None,
        state => Some(state),
    });
    let before = |(id, state)| {
        let Record { boot, task, env } = record(id, state);
        let known = task.spec.clone();
        let task = Task {
            spec: Spec {
                kind: known.kind,
                grace_ms: known.grace_ms,
                after_exit: known.after_exit,
                stdin: known.stdin,
                env_names: known.env_names,
                labels: known.labels,
                restarts: known.restarts,
                ..Spec::command(known.name, known.argv, known.dir)
            },
            priority: Priority::Normal,
            place: 7000 + i64::from(id),
            after: Vec::new(),
            run: Run {
                paused_ms: 0,
                ..task.run
            },
            ..task
        };
        Record { boot, task, env }
    };
    (1..).zip(states).map(before).collect()
}

#[test]
fn a_database_of_every_layout_is_brought_to_the_newest() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/database");
    for version in 1..=newest() {
        let mut desk = Desk::new();
        fs::copy(fixtures.join(format!("{version:03}.db")), desk.db()).unwrap();
        let db = Connection::open(desk.db()).unwrap();
        let is: u32 = db
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(is, version);
        db.close().unwrap();
        let loaded = desk.load();
        assert_eq!(loaded.problems, Vec::<String>::new());
        assert!(loaded.records == of_layout(version), "layout {version}");
        assert_eq!((loaded.highest, loaded.seq), (40, 2));
        assert_eq!(loaded.deletions, [TaskId(40)]);
        assert_eq!(loaded.settings["history"], "ls");
        assert_eq!(check(&desk.db()), Ok(newest()));
    }
}

#[test]
fn what_had_not_begun_is_listed_anew_too() {
    let mut desk = Desk::new();
    let (store, _, _done) = desk.open();
    let queued = || State::Queued { hold: None };
    let over = State::Ended {
        outcome: Outcome::Revoked(None),
        at: Timestamp(9),
    };
    for (id, state) in [(1, queued()), (2, queued()), (3, queued()), (3, over)] {
        let mut record = record(id, state);
        record.task.run.started = None;
        put(&store, &record, vec![]);
    }
    store.close();
    // the second has begun since
    intend(&desk, 2);
    fs::write(desk.db(), vec![b'x'; 8192]).unwrap();
    let loaded = desk.load();
    assert_eq!(loaded.highest, 3, "no number is given out twice");
    let states: Vec<_> = loaded
        .records
        .iter()
        .map(|record| (record.task.id.0, record.task.state().word()))
        .collect();
    assert_eq!(states, [(1, "queued"), (2, "starting")]);
    let first = &loaded.records[0].task;
    assert_eq!((first.priority, first.place), (Priority::Low, -6));
}
