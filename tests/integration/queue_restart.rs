//! A queue outlives its supervisor: order, terms and environments, and no secret longer
//! than it is needed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::herd::Herd;
use crate::procs::wait_until;
use crate::truth::{database, holds, open};

const COUNT: u64 = 200;

/// What is queued, in its order.
#[track_caller]
fn order(herd: &Herd) -> Vec<u64> {
    let list = herd.json(&["ls", "--state", "queued", "--json"]);
    list.iter()
        .map(|task| task["id"].as_u64().unwrap())
        .collect()
}

/// Whether any file of the database holds this.
fn is_stored(herd: &Herd, secret: &str) -> bool {
    let path = database(herd);
    let files = fs::read_dir(path.parent().unwrap()).unwrap();
    let names = files.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let of_it = names.filter(|file| {
        file.to_string_lossy()
            .starts_with(path.to_string_lossy().as_ref())
    });
    of_it
        .map(|file| fs::read(file).unwrap_or_default())
        .any(|bytes| memchr::memmem::find(&bytes, secret.as_bytes()).is_some())
}

/// What a task says of when it may start.
fn terms(task: &Value) -> Value {
    serde_json::json!([
        task["after"],
        task["not_before"],
        task["priority"],
        task["lane"],
        task["lease"],
        task["timeout_s"],
        task["idle_timeout_s"],
        task["retries"],
        task["reason"],
    ])
}

/// A queue that starts nothing, its tasks with secrets in their environments.
struct Queue {
    herd: Herd,
    /// What each task writes into: its run, its batch, its secret.
    out: PathBuf,
    secret: String,
    /// Tasks whose time is far away.
    held: [u64; 2],
    /// How many of whom have to be over before a task starts.
    behind: BTreeMap<u64, (usize, Vec<u64>)>,
}

impl Queue {
    fn new() -> Self {
        let herd = Herd::new();
        herd.ok(&["limit", "zero", "0"]);
        let mut queue = Self {
            out: herd.dir().join("out"),
            secret: format!("s3cr3t-{}", herd.token()),
            herd,
            held: [0; 2],
            behind: BTreeMap::new(),
        };
        for batch in 0..10 {
            queue.batch(batch);
        }
        queue.others();
        queue.reorder();
        queue
    }

    fn script(&self) -> String {
        let out = self.out.display();
        format!("echo \"$WRANGLE_RUN $1 $SECRET\" >> {out}")
    }

    /// Many by one call, with one environment.
    fn batch(&self, batch: usize) {
        let file = self.herd.dir().join("lines");
        let lines: Vec<String> = (0..18).map(|line| format!("{batch}-{line}")).collect();
        fs::write(&file, lines.join("\n")).unwrap();
        let env = format!("SECRET={}-{batch}", self.secret);
        let priority = ["low", "normal", "high"][batch % 3];
        let each = ["run", "--each", file.to_str().unwrap(), "--env", &env];
        let options = ["--priority", priority, "--lane", "zero"];
        let script = self.script();
        let command = ["--", "sh", "-c", &script, "sh", "{}"];
        self.herd
            .ok(&[&each[..], &options[..], &command[..]].concat());
    }

    fn one(&self, options: &[&str]) -> u64 {
        let env = format!("SECRET={}-one", self.secret);
        let options = [&["--lane", "zero", "--env", &env], options].concat();
        let script = self.script();
        self.herd.run(&options, &["sh", "-c", &script, "sh", "one"])
    }

    /// One of each kind, and what is missing.
    fn others(&mut self) {
        let (first, second) = (self.one(&[]), self.one(&[]));
        let day = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(40 * 24);
        let at = format!("{} 02:00", &day.to_string()[..10]);
        self.held = [self.one(&["--in", "1h"]), self.one(&["--at", &at])];
        let both = format!("{first},{second}");
        let end = second.to_string();
        self.herd.ok(&["after", "12", &end]);
        self.behind.extend([
            (
                self.one(&["--after", &both, "--priority", "high"]),
                (2, vec![first, second]),
            ),
            (self.one(&["--after-any", &both]), (1, vec![first, second])),
            (self.one(&["--after-end", &end]), (1, vec![second])),
            (12, (1, vec![second])),
        ]);
        self.one(&["--exclusive", "--timeout", "1h", "--retry", "3"]);
        self.one(&["--idle-timeout", "2h", "--priority", "high"]);
        self.one(&["--model", "some/model"]);
        while self.one(&[]) < COUNT {}
    }

    fn reorder(&self) {
        for (verb, id) in [
            ("top", 7),
            ("top", 150),
            ("up", 40),
            ("up", 40),
            ("down", 9),
            ("top", self.held[0]),
            ("up", COUNT - 2),
            ("down", 150),
        ] {
            self.herd.ok(&[verb, &id.to_string()]);
        }
        self.herd.ok(&["priority", "11", "high"]);
    }

    /// The terms of all that is queued.
    fn terms(&self) -> BTreeMap<u64, Value> {
        let all = order(&self.herd).into_iter();
        all.map(|id| (id, terms(&self.herd.task(id)))).collect()
    }

    /// Lets them start one at a time, so that they write in the order in which they start.
    fn let_go(&self) {
        self.herd.ok(&["limit", "zero", "1"]);
        let waits = || order(&self.herd).len() > self.held.len();
        let written = || fs::read(&self.out).unwrap_or_default().len();
        while waits() {
            let so_far = written();
            wait_until("one more has written", || written() > so_far || !waits());
        }
        wait_until("the last has ended", || {
            let list = self.herd.json(&["ls", "--json", "--all"]);
            let ended = list.iter().filter(|task| task["state"] == "ended");
            ended.count() as u64 == COUNT - 2
        });
    }

    /// The tasks that wrote, in that order; each had its secret.
    #[track_caller]
    fn written(&self) -> Vec<u64> {
        let said = fs::read_to_string(&self.out).unwrap();
        let id = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let [run, name, value] = words[..] else {
                panic!("{line}")
            };
            let batch = name.split('-').next().unwrap();
            assert_eq!(value, format!("{}-{batch}", self.secret), "{line}");
            let run = run.rsplit('/').next().unwrap();
            run.split('.').next().unwrap().parse().unwrap()
        };
        said.lines().map(id).collect()
    }

    /// In which order they start one by one: always the first that waits for nobody.
    fn in_turn(&self, order: &[u64]) -> Vec<u64> {
        let mut left = order.to_vec();
        left.retain(|id| !self.held.contains(id));
        let mut turn: Vec<u64> = Vec::new();
        while let Some(at) = left.iter().position(|id| {
            self.behind.get(id).is_none_or(|(needed, first)| {
                first.iter().filter(|id| turn.contains(id)).count() >= *needed
            })
        }) {
            turn.push(left.remove(at));
        }
        turn
    }
}

#[test]
fn a_queue_is_as_it_was_after_a_crash_and_forgets_what_it_need_not_keep() {
    let queue = Queue::new();
    let (herd, secret) = (&queue.herd, &queue.secret);
    let (before, stood) = (order(herd), queue.terms());
    assert_eq!(before.len() as u64, COUNT);
    assert!(!before.is_sorted());
    assert!(is_stored(herd, secret), "who restores the environments?");
    for _ in 0..2 {
        herd.kill_supervisor();
        assert_eq!(order(herd), before);
    }
    assert_eq!(queue.terms(), stood);
    queue.let_go();
    assert_eq!(queue.written(), queue.in_turn(&before));
    let db = open(herd);
    let checkpoint = || db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    wait_until("nobody stands in the way of a checkpoint", || {
        checkpoint() == Ok(0)
    });
    for batch in 0..10 {
        let secret = format!("{secret}-{batch}");
        assert!(!is_stored(herd, &secret), "kept though all have started");
    }
    for id in queue.held {
        assert_eq!(terms(&herd.task(id)), stood[&id], "still held");
        herd.ok(&["revoke", &id.to_string()]);
    }
    let list = holds(herd);
    let succeeded = list.iter().filter(|task| task["outcome"] == "succeeded");
    assert_eq!(succeeded.count() as u64, COUNT - 2);
    drop(db);
    herd.ok(&["shutdown"]);
    assert!(!is_stored(herd, secret), "a secret outlives its tasks");
}
