//! Five hundred short tasks in five lanes, while leaders, shims and once the supervisor
//! are killed, and what ran when as those saw it who ran.

mod journal;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wrangle::core::id::Ident;
use wrangle::sys::proc;

use self::journal::{Journal, Ran, now};
use crate::herd::{Herd, heavy};
use crate::procs::{kit, wait_until, words};
use crate::truth::holds;

const LANES: [(&str, usize); 5] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
];
const GLOBAL: usize = 9;
/// The limits of the lane five and of all after the change.
const LOWERED: (usize, usize) = (2, 6);
/// Tasks of a lane: of each of four batches, and launched one by one.
const BATCH: u64 = 23;
const SINGLE: u64 = 8;
const PRIORITIES: [&str; 3] = ["high", "low", "normal"];

/// What a task is asked to be.
struct Asked {
    lane: usize,
    lease: Option<PathBuf>,
    again: bool,
}

/// A limit that was lowered while tasks ran.
struct Change {
    limit: &'static str,
    most: usize,
    /// When that was answered.
    at: u64,
    /// The tasks which it counted then: their start had been decided before.
    held: BTreeSet<u64>,
}

struct Play {
    // it watches a file of the herd's directory, and so goes first
    journal: Journal,
    herd: Herd,
    token: String,
    asked: BTreeMap<u64, Asked>,
    dice: u64,
    /// Tasks whose leaders, and whose shims, were killed; that were revoked.
    leaders: BTreeSet<u64>,
    shims: BTreeSet<u64>,
    revoked: BTreeSet<u64>,
    changes: Vec<Change>,
}

impl Play {
    fn new() -> Self {
        let config = format!(
            "[limits]\nglobal = {GLOBAL}\n[limits.lanes]\n{}",
            LANES
                .map(|(lane, most)| format!("{lane} = {most}\n"))
                .concat()
        );
        let herd = Herd::with(&config);
        let dirs = herd.dir().join("dirs");
        for dir in ["a/inner", "b", "c"] {
            fs::create_dir_all(dirs.join(dir)).unwrap();
        }
        std::os::unix::fs::symlink(dirs.join("a"), dirs.join("link")).unwrap();
        Self {
            token: herd.token(),
            journal: Journal::new(herd.dir().join("journal")),
            herd,
            asked: BTreeMap::new(),
            dice: u64::from(std::process::id()) * 0x9e37_79b9 + 1,
            leaders: BTreeSet::new(),
            shims: BTreeSet::new(),
            revoked: BTreeSet::new(),
            changes: Vec::new(),
        }
    }

    fn below(&mut self, most: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % most
    }

    /// Launches tasks of one kind: many by one call, or one by one.
    fn launch(&mut self, lane: usize, kind: usize, at_once: bool) {
        let dirs = self.herd.dir().join("dirs");
        let dir = ["a", "a/inner", "b", "c", "link"][(lane + kind) % 5];
        let dir = dirs.join(dir);
        let exclusive = kind.is_multiple_of(2);
        let again = lane == 3;
        let first = self.asked.len() as u64 + 1;
        let numbers: Vec<u64> = (first..first + if at_once { BATCH } else { SINGLE }).collect();
        for number in &numbers {
            let lease = exclusive.then(|| fs::canonicalize(&dir).unwrap());
            self.asked.insert(*number, Asked { lane, lease, again });
        }
        let mut options = vec!["run", "--lane", LANES[lane].0, "--grace", "5s"];
        options.extend(["--dir", dir.to_str().unwrap()]);
        options.extend(["--priority", PRIORITIES[(lane + kind) % 3]]);
        if exclusive {
            options.push("--exclusive");
        }
        if again {
            options.extend(["--retry", "2", "--retry-on", "killed,lost"]);
        }
        let kit = kit();
        let journal = self.journal.path().to_str().unwrap();
        let command = ["--", &kit, "work", &self.token, journal];
        if at_once {
            let file = self.herd.dir().join("lines");
            let lines: Vec<String> = numbers.iter().map(u64::to_string).collect();
            fs::write(&file, lines.join("\n")).unwrap();
            let each = ["--each", file.to_str().unwrap()];
            let text = self
                .herd
                .ok(&[&options[..], &each, &command, &["{}"]].concat());
            let ids: Vec<u64> = text.lines().map(|line| line.parse().unwrap()).collect();
            assert_eq!(ids, numbers);
        } else {
            for number in numbers {
                let text = number.to_string();
                let id = self.herd.ok(&[&options[..], &command, &[&text]].concat());
                assert_eq!(id.trim(), text);
            }
        }
    }

    fn ids(&self, words: &[&str]) -> Vec<u64> {
        let list = self.herd.json(&[&["ls", "--json"], words].concat());
        list.iter()
            .map(|task| task["id"].as_u64().unwrap())
            .collect()
    }

    /// Somebody who runs, as far as the journal knows.
    fn victim(&mut self) -> Option<(u64, Ident)> {
        let alive = self.journal.alive();
        let at = self.below(alive.len().max(1) as u64) as usize;
        alive.get(at).copied()
    }

    /// Does some harm.
    fn harm(&mut self) {
        match self.below(4) {
            0 | 1 => {
                if let Some((task, leader)) = self.victim() {
                    proc::signal(leader, rustix::process::Signal::KILL).unwrap();
                    self.leaders.insert(task);
                }
            }
            2 => {
                let shim = self.victim().and_then(|(task, leader)| {
                    let shim = proc::ident(proc::stat(leader.pid)?.parent)?;
                    let is_shim = words(shim.pid).get(1).is_some_and(|word| word == "__shim");
                    is_shim.then_some((task, shim))
                });
                if let Some((task, shim)) = shim {
                    proc::signal(shim, rustix::process::Signal::KILL).unwrap();
                    self.shims.insert(task);
                }
            }
            _ => {
                let state = ["queued", "running"][self.below(2) as usize];
                let ids = self.ids(&["--state", state]);
                let at = self.below(ids.len().max(1) as u64) as usize;
                if let Some(task) = ids.get(at) {
                    // it may have ended meanwhile
                    self.herd.call(["revoke", &task.to_string()]);
                    self.revoked.insert(*task);
                }
            }
        }
    }

    fn lower(&mut self, limit: &'static str, most: usize) {
        self.herd.ok(&["limit", limit, &most.to_string()]);
        let at = now();
        let shown = self.herd.json(&["limit", limit, "--json"]).remove(0);
        let held = shown["tasks"].as_array().unwrap();
        let held = held.iter().map(|task| task.as_u64().unwrap()).collect();
        self.changes.push(Change {
            limit,
            most,
            at,
            held,
        });
    }

    /// How many may run beside a run of the given task when it starts, itself included.
    fn most(&self, limit: &str, most: usize, run: &Ran) -> usize {
        let lowered = self.changes.iter().find(|change| {
            change.limit == limit && run.start > change.at && !change.held.contains(&run.task)
        });
        lowered.map_or(most, |change| change.most)
    }

    /// No limit was exceeded whenever one more began, and no directory was had by two.
    fn judge_times(&self, runs: &[Ran]) {
        let mut fullest = [0; 6];
        for run in runs {
            let lane = self.asked[&run.number].lane;
            let beside: Vec<&Ran> = runs
                .iter()
                .filter(|other| other.lives_at(run.start))
                .collect();
            let of_lane = beside
                .iter()
                .filter(|other| self.asked[&other.number].lane == lane)
                .count();
            let (name, most) = LANES[lane];
            assert!(
                of_lane <= self.most(name, most, run),
                "{of_lane} in lane {name} when {run:?} began: {beside:#?}"
            );
            assert!(
                beside.len() <= self.most("global", GLOBAL, run),
                "{} in all when {run:?} began: {beside:#?}",
                beside.len()
            );
            fullest[lane] = fullest[lane].max(of_lane);
            fullest[5] = fullest[5].max(beside.len());
            let lease = |run: &Ran| self.asked[&run.number].lease.as_deref();
            let Some(mine) = lease(run) else { continue };
            for other in beside.iter().filter(|other| other.name != run.name) {
                assert!(
                    !lease(other).is_some_and(|dir| conflict(mine, dir)),
                    "{run:?} and {other:?} had {} at once",
                    mine.display()
                );
            }
        }
        eprintln!(
            "{} runs; at most at once, by lane and in all: {fullest:?}",
            runs.len()
        );
        assert_eq!(fullest[0], 1);
    }

    /// Each came to what it had to come to, and none ran twice.
    fn judge_task(&self, task: &Value, runs: &[&Ran]) {
        let id = task["id"].as_u64().unwrap();
        let asked = &self.asked[&id];
        let number = task["run"].as_u64().unwrap();
        let names: BTreeSet<&str> = runs.iter().map(|run| run.name.as_str()).collect();
        assert_eq!(names.len(), runs.len(), "started twice: {runs:?}");
        assert!(number == 1 || asked.again, "run again unasked: {task}");
        assert!(runs.len() as u64 <= number, "{task}: {runs:?}");
        let outcome = task["outcome"].as_str().unwrap();
        let last = runs.iter().find(|run| run.name == format!("{id}.{number}"));
        let by_itself = if id.is_multiple_of(7) {
            "failed"
        } else {
            "succeeded"
        };
        let right = match (outcome, last) {
            ("revoked", _) => self.revoked.contains(&id),
            ("killed", Some(_)) => self.leaders.contains(&id),
            ("lost", Some(_)) => self.shims.contains(&id),
            // its start was under way when the supervisor was killed
            ("lost", None) => true,
            (outcome, Some(run)) => outcome == by_itself && run.how.as_deref() == Some("done"),
            (_, None) => false,
        };
        assert!(right, "{task}: {last:?}");
        assert_eq!(task["pid"], Value::Null, "{task}");
    }
}

fn conflict(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

#[test]
fn five_hundred_tasks_keep_every_limit_and_every_lease_through_kills_and_a_crash() {
    let _alone = heavy();
    let mut play = Play::new();
    eprintln!("seed {}", play.dice);
    play.herd.ok(&["pause", "--queue"]);
    for kind in 0..4 {
        for lane in 0..LANES.len() {
            play.launch(lane, kind, true);
        }
    }
    let (last, others) = (LANES.len() - 1, 0..LANES.len() - 1);
    others.for_each(|lane| play.launch(lane, 4, false));
    play.herd.ok(&["resume", "--queue"]);
    play.launch(last, 4, false);
    play.harm();
    play.herd.remember();
    play.herd.kill_supervisor();
    // any call starts another
    assert!(play.ids(&["--state", "queued"]).len() > 200);
    assert_eq!(play.asked.len(), 500);
    let before = play.journal.started();
    assert!(
        before < 300,
        "too late for all that follows: {before} have begun"
    );
    for harm in 1..=40 {
        // paced by what begins
        let wanted = before + harm * 4;
        wait_until("more have begun", || play.journal.started() >= wanted);
        match harm {
            10 => play.lower("global", LOWERED.1),
            15 => play.lower("five", LOWERED.0),
            _ => play.harm(),
        }
    }
    // as long as it takes, but never without anything happening
    while !play.ids(&["--state", "queued"]).is_empty() {
        let so_far = play.journal.started();
        wait_until("another has begun", || {
            play.journal.started() > so_far || play.ids(&["--state", "queued"]).is_empty()
        });
    }
    wait_until("all have ended", || {
        let list = play.herd.json(&["ls", "--all", "--json"]);
        list.iter().all(|task| task["state"] == "ended")
    });
    let list = holds(&play.herd);
    assert_eq!(list.len(), 500);
    let runs = play.journal.runs();
    play.judge_times(&runs);
    for task in &list {
        let id = task["id"].as_u64().unwrap();
        let of_it: Vec<&Ran> = runs.iter().filter(|run| run.task == id).collect();
        play.judge_task(task, &of_it);
    }
    let lost = |task: &&Value| {
        task["outcome"] == "lost" && !runs.iter().any(|run| Some(run.task) == task["id"].as_u64())
    };
    assert!(list.iter().filter(lost).count() <= GLOBAL);
    eprintln!(
        "{} leaders killed, {} shims, {} revoked",
        play.leaders.len(),
        play.shims.len(),
        play.revoked.len()
    );
}

#[test]
fn who_follows_a_task_follows_it_through_the_runs_that_come_by_themselves() {
    let herd = Herd::new();
    let mark = herd.dir().join("once");
    let text = format!(
        "test -e {0} && echo two || {{ >{0}; echo one; exit 3; }}",
        mark.display()
    );
    let done = herd.call(["run", "--follow", "--retry", "1", "--", "sh", "-c", &text]);
    assert_eq!(
        (done.code, done.text().as_str()),
        (0, "one\ntwo\n"),
        "{done:?}"
    );
    assert!(done.err.contains("goes on in run 2"), "{}", done.err);
}
