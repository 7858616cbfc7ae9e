//! The crash matrix: the supervisor killed at every place where something of it could be
//! half done, alone and together with its shims, and the herd found true again.

mod calls;
mod places;
mod queue;
mod told;

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use serde_json::{Value, json};
use wrangle::core::id::{Target, TaskId};
use wrangle::core::wire::Request;

use self::calls::{ask, doomed, insist, list, play, was_cut_short};
use self::places::{Life, PLACES, START};
use crate::herd::Herd;
use crate::procs::{kill, kit, wait_until};
use crate::truth::{holds, output, shims, starts};

/// One crash.
#[derive(Debug, Clone)]
struct Row {
    life: Life,
    fault: String,
    shim: bool,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let with = if self.shim { " with its shims" } else { "" };
        write!(f, "{:?}: {}{with}", self.life, self.fault)
    }
}

/// What a client asked for, and what it was told, which must hold for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Launched,
    Retried,
    /// The exit code of `wait`.
    Code(i32),
    AskedToRemove,
    Removed,
}

struct Case {
    row: Row,
    herd: Herd,
    starts: PathBuf,
    told: BTreeSet<Word>,
}

impl Case {
    fn new(row: Row) -> Self {
        let herd = Herd::new();
        let starts = herd.dir().join("starts");
        Self {
            row,
            herd,
            starts,
            told: BTreeSet::new(),
        }
    }

    /// The whole of it.
    fn play(mut self) {
        let life = self.row.life;
        if life == Life::Adopted {
            self.launch();
            self.wait_written("3000\n");
            self.herd.kill_supervisor();
        }
        let mut doomed = doomed(&self.herd, &self.row.fault, self.row.shim);
        if life != Life::Adopted {
            self.launch();
        }
        match life {
            Life::Plain | Life::Adopted => {
                self.wait_written("3000\n");
                self.send();
                self.wait();
            }
            Life::Revoked | Life::Stubborn => {
                self.wait_written("3000\n");
                self.revoke();
            }
            Life::Lingering => {
                self.wait_written("6000\n");
                self.wait();
                self.revoke();
            }
            Life::Unstartable => {}
            Life::Retried => {
                self.wait();
                self.retry();
                self.wait();
            }
            Life::Removed => {
                self.wait();
                self.remove();
            }
            Life::Shimless => {
                self.wait_written("3000\n");
                self.kill_shim();
            }
        }
        let fault = &self.row.fault;
        wait_until(&format!("the supervisor has passed {fault}"), || {
            doomed.try_wait().unwrap().is_some()
        });
        let status = doomed.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "{status:?}");
        self.judge();
    }

    fn script(&self) -> String {
        let starts = self.starts.display();
        let head = format!("echo $WRANGLE_RUN >> {starts}; seq 1 3000");
        let tail = match self.row.life {
            Life::Plain | Life::Adopted => "read go; seq 3001 6000; exit 7".into(),
            Life::Revoked => "exec sleep 250".into(),
            Life::Stubborn => "trap '' TERM; exec sleep 250".into(),
            Life::Lingering => format!(
                "{} session {} > /dev/null & read go; seq 3001 6000; exit 7",
                kit(),
                self.herd.token()
            ),
            Life::Shimless => format!("{} session {} > /dev/null & wait", kit(), self.herd.token()),
            Life::Unstartable => String::new(),
            Life::Retried | Life::Removed => "exit 7".into(),
        };
        format!("{head}; {tail}")
    }

    fn launch(&mut self) {
        let script = self.script();
        let options = ["--grace", "200ms", "--stdin", "--"];
        let program: &[&str] = match self.row.life {
            Life::Unstartable => &["/no/such/program"],
            _ => &["sh", "-c", &script],
        };
        for _ in 0..2 {
            let done = self
                .herd
                .call([&["run", "--json"], &options[..], program].concat());
            let refused = self.row.life == Life::Unstartable && done.code == 1;
            if done.code == 0 || refused {
                self.told.insert(Word::Launched);
                return;
            }
            was_cut_short(&done);
            if !list(&self.herd).is_empty() {
                return;
            }
        }
        panic!("two launches were cut short");
    }

    fn is_told(&self, word: Word) -> bool {
        self.told.contains(&word)
    }

    fn is_ended(&self) -> bool {
        list(&self.herd).iter().all(|task| task["state"] == "ended")
    }

    /// Waits until the task has written this, or has ended without.
    fn wait_written(&self, text: &str) {
        let written = || {
            let output = output(&self.herd, 1, 1);
            memchr::memmem::find(&output, text.as_bytes()).is_some()
        };
        if self.row.life == Life::Lingering {
            self.send();
        }
        wait_until(&format!("{text:?} is written"), || {
            written() || self.is_ended()
        });
    }

    /// Sends the word for which the task waits; none where it has ended.
    fn send(&self) {
        wait_until("the word is sent", || {
            insist(&self.herd, &["send", "1", "go"]).code == 0 || self.is_ended()
        });
    }

    fn wait(&mut self) {
        let done = insist(&self.herd, &["wait", "1"]);
        self.told.insert(Word::Code(done.code));
    }

    fn revoke(&self) {
        let done = insist(&self.herd, &["revoke", "--wait", "1"]);
        assert_eq!(done.code, 0, "{done:?}");
    }

    fn retry(&mut self) {
        let done = self.herd.call(["retry", "1"]);
        if done.code == 3 {
            was_cut_short(&done);
            let task = &list(&self.herd)[0];
            if task["run"] == 2 {
                return;
            }
            self.herd.ok(&["retry", "1"]);
        } else {
            assert_eq!(done.code, 0, "{done:?}");
        }
        self.told.insert(Word::Retried);
    }

    /// Removes the task, as often as it takes.
    fn remove(&mut self) {
        let request = Request::Remove {
            targets: vec![Target::Id(TaskId(1))],
            ended: None,
            older_than_ms: 0,
        };
        for _ in 0..2 {
            // starts a supervisor where none is left
            if list(&self.herd).is_empty() {
                return;
            }
            self.told.insert(Word::AskedToRemove);
            let answer = ask(&self.herd, &request);
            if answer["answer"][1]["done"] == json!("removed 1 task") {
                self.told.insert(Word::Removed);
                return;
            }
            assert_eq!(answer, Value::Null, "refused");
        }
    }

    fn kill_shim(&self) {
        let shims = shims(&self.herd);
        let [shim] = shims.as_slice() else {
            // it went with its supervisor
            return;
        };
        kill(*shim);
        wait_until("what it left is ended", || self.is_ended());
    }

    /// What was told holds, and all the rest is true.
    fn judge(&self) {
        wait_until("every task has come to rest", || {
            list(&self.herd)
                .iter()
                .all(|task| task["state"] == "ended" || task["state"] == "running")
        });
        let list = holds(&self.herd);
        let started = starts(&self.starts);
        if self.is_told(Word::Removed) {
            assert!(list.is_empty(), "removed, and listed: {list:?}");
            let dir = self.herd.home().join("data/tasks/1");
            wait_until("what lay on disk is deleted", || !dir.exists());
            return;
        }
        assert!(list.len() <= 1, "{list:?}");
        let Some(task) = list.first() else {
            if !self.is_told(Word::AskedToRemove) {
                assert!(!self.is_told(Word::Launched), "told of, and lost");
                assert!(started.is_empty(), "{started:?} started and is not listed");
            }
            return;
        };
        self.is_true(task, &started);
    }

    fn is_true(&self, task: &Value, started: &BTreeSet<String>) {
        let (life, shim) = (self.row.life, self.row.shim);
        let run = task["run"].as_u64().unwrap();
        let ran = started.contains(&format!("1.{run}"));
        let outcome = task["outcome"].as_str();
        let exited = outcome == Some("failed") && task["exit_code"] == 7;
        let lost = outcome == Some("lost") && task["reason"].is_string();
        if self.is_told(Word::Retried) {
            assert_eq!(run, 2, "{task}");
        }
        // that of the second run may be another
        let code = self.told.iter().find_map(|word| match word {
            Word::Code(code) if life != Life::Retried => Some(*code),
            _ => None,
        });
        if let Some(code) = code {
            let code_now = task["exit_code"].as_i64();
            assert_eq!(
                code_now.unwrap_or(1),
                i64::from(code),
                "told otherwise: {task}"
            );
        }
        match life {
            Life::Unstartable => {
                let refused = outcome == Some("did_not_start");
                assert!(refused || (lost && !self.is_told(Word::Launched)), "{task}");
            }
            Life::Revoked | Life::Stubborn => {
                assert!(
                    outcome == Some("revoked") || lost && (shim || !ran),
                    "{task}"
                );
            }
            Life::Shimless => assert!(lost, "{task}"),
            _ => assert!(exited || lost && (shim || !ran), "{task}"),
        }
        self.is_whole(task, ran);
    }

    /// The output is what the program wrote: all of it, unless shim or program was cut short.
    fn is_whole(&self, task: &Value, ran: bool) {
        let last = match self.row.life {
            Life::Plain | Life::Adopted | Life::Lingering => 6000,
            Life::Unstartable => 0,
            _ => 3000,
        };
        let all: String = (1..=last).map(|n| n.to_string() + "\n").collect();
        let run = task["run"].as_u64().unwrap();
        let found = output(&self.herd, 1, run);
        assert!(
            all.as_bytes().starts_with(&found),
            "{} bytes of something else",
            found.len()
        );
        assert_eq!(task["output_bytes"], found.len(), "{task}");
        if ran && !self.row.shim {
            assert_eq!(found.len(), all.len(), "output is missing: {task}");
        }
    }
}

/// The table, row by row.
fn rows(shim: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for (life, places) in PLACES {
        // the first of each kind is where every life begins
        let start: &[_] = if life == Life::Plain { &START } else { &[] };
        for (place, times) in start.iter().chain(places) {
            rows.extend((1..=*times).map(|time| Row {
                life,
                fault: format!("{place}:{time}"),
                shim,
            }));
        }
    }
    rows
}

#[test]
fn the_supervisor_killed_anywhere() {
    play(&rows(false), |row| Case::new(row).play());
}

#[test]
fn the_supervisor_and_its_shims_killed_anywhere() {
    play(&rows(true), |row| Case::new(row).play());
}
