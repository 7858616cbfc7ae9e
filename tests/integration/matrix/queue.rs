//! The table for the queue: one task waits for another, or for its time, starts when that
//! is over, and the supervisor is killed at every place on the way.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use serde_json::Value;

use super::calls::{doomed, insist, list, play, was_cut_short};
use crate::herd::Herd;
use crate::procs::wait_until;
use crate::truth::{holds, starts};

/// What the second task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// That the first makes room in their lane.
    Limit,
    /// That the first lets go of their directory.
    Lease,
    /// That the first succeeds.
    After,
    /// That the first ends, however.
    AfterEnd,
    /// Its time.
    Hold,
    /// Its time to run again, once it has failed.
    Again,
}

const WAITS: [Wait; 6] = [
    Wait::Limit,
    Wait::Lease,
    Wait::After,
    Wait::AfterEnd,
    Wait::Hold,
    Wait::Again,
];

/// Where, and at which of the first passings that two such tasks are certain to have.
const PLACES: [(&str, u32); 13] = [
    ("before-store", 6),
    ("after-store", 6),
    ("before-commit", 4),
    ("after-commit", 4),
    ("before-spawn", 2),
    ("after-spawn", 2),
    ("start-reported", 2),
    ("before-answer", 4),
    ("after-answer", 3),
    ("before-order", 1),
    ("exit-reported", 2),
    ("before-release", 2),
    ("after-release", 1),
];

#[derive(Debug, Clone)]
struct Row {
    wait: Wait,
    fault: String,
    shim: bool,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let with = if self.shim { " with its shims" } else { "" };
        write!(f, "{:?}: {}{with}", self.wait, self.fault)
    }
}

struct Case {
    row: Row,
    herd: Herd,
    /// A line for each start; and for each start while another ran.
    starts: PathBuf,
    clashes: PathBuf,
}

impl Case {
    fn new(row: Row) -> Self {
        let herd = Herd::with("[limits.lanes]\nq = 1\n");
        Self {
            starts: herd.dir().join("starts"),
            clashes: herd.dir().join("clashes"),
            row,
            herd,
        }
    }

    fn play(self) {
        let mut doomed = doomed(&self.herd, &self.row.fault, self.row.shim);
        self.launch("first", &["--stdin"], "read go");
        let (options, script): (&[&str], _) = match self.row.wait {
            Wait::Limit | Wait::Lease => (&[], "exit 7"),
            Wait::After => (&["--after", "first"], "exit 7"),
            Wait::AfterEnd => (&["--after-end", "first"], "exit 7"),
            Wait::Hold => (&["--in", "300ms"], "exit 7"),
            Wait::Again => (&["--retry", "1"], "exit 7"),
        };
        self.launch("second", options, script);
        wait_until("the first has its word", || {
            insist(&self.herd, &["send", "first", "go"]).code == 0 || self.is_over("first")
        });
        wait_until("both have ended", || {
            self.is_over("first") && self.is_over("second")
        });
        wait_until(
            &format!("the supervisor has passed {}", self.row.fault),
            || doomed.try_wait().unwrap().is_some(),
        );
        let status = doomed.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "{status:?}");
        self.judge();
    }

    fn named(&self, name: &str) -> Option<Value> {
        list(&self.herd)
            .into_iter()
            .find(|task| task["name"] == name)
    }

    fn is_over(&self, name: &str) -> bool {
        self.named(name)
            .is_some_and(|task| task["state"] == "ended")
    }

    /// Launches a task, again where it was not stored.
    fn launch(&self, name: &str, options: &[&str], script: &str) {
        // whoever else runs holds the file
        let alone = format!(
            "exec 9> {}; flock -n 9 || echo $WRANGLE_RUN >> {}",
            self.herd.dir().join("alone").display(),
            self.clashes.display()
        );
        let alone = match self.row.wait {
            Wait::Hold | Wait::Again => String::from(":"),
            _ => alone,
        };
        let script = format!(
            "echo $WRANGLE_RUN >> {}; {alone}; {script}",
            self.starts.display()
        );
        let terms: &[&str] = match self.row.wait {
            Wait::Limit => &["--lane", "q"],
            Wait::Lease => &["--exclusive"],
            _ => &[],
        };
        let args = [
            &["run", "--grace", "200ms", "--name", name],
            terms,
            options,
            &["--", "sh", "-c", &script],
        ];
        for _ in 0..2 {
            let done = self.herd.call(args.concat());
            // 1: what it was to wait for was lost already
            if done.code == 0 || done.code == 1 && self.row.wait == Wait::After {
                return;
            }
            was_cut_short(&done);
            if self.named(name).is_some() {
                return;
            }
        }
        panic!("two launches were cut short");
    }

    #[track_caller]
    fn judge(&self) {
        let all = holds(&self.herd);
        assert_eq!(all.len(), 2, "{all:?}");
        let clashes = std::fs::read_to_string(&self.clashes).unwrap_or_default();
        assert!(clashes.is_empty(), "not alone: {clashes}");
        let started = starts(&self.starts);
        let (first, second) = (&all[0], &all[1]);
        let end = |task: &Value| task["outcome"].as_str().unwrap().to_owned();
        let lost = |task: &Value| {
            let cut_short = self.row.shim || !ran(task, &started);
            end(task) == "lost" && task["reason"].is_string() && cut_short
        };
        assert!(end(first) == "succeeded" || lost(first), "{first}");
        let failed = end(second) == "failed" && second["exit_code"] == 7;
        let behind = self.row.wait == Wait::After && lost(first);
        let right = if behind {
            end(second) == "did_not_start" && !ran(second, &started)
        } else {
            failed || lost(second)
        };
        assert!(right, "{second}, after {first}");
        let runs = if self.row.wait == Wait::Again && failed {
            2
        } else {
            1
        };
        assert_eq!(second["run"], runs, "{second}");
    }
}

/// Whether the last run of a task has left a line.
fn ran(task: &Value, started: &BTreeSet<String>) -> bool {
    started.contains(&format!("{}.{}", task["id"], task["run"]))
}

fn rows(shim: bool) -> Vec<Row> {
    let places = PLACES
        .iter()
        .flat_map(|(place, times)| (1..=*times).map(move |time| format!("{place}:{time}")));
    let of_place = |fault: String| {
        WAITS.map(|wait| Row {
            wait,
            fault: fault.clone(),
            shim,
        })
    };
    places.flat_map(of_place).collect()
}

#[test]
fn the_supervisor_of_a_queue_killed_anywhere() {
    play(&rows(false), |row| Case::new(row).play());
}

#[test]
fn the_supervisor_of_a_queue_and_its_shims_killed_anywhere() {
    play(&rows(true), |row| Case::new(row).play());
}
