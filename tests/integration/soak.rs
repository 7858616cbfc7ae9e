//! A long day: tasks of every fate, launched and stopped while the supervisor is killed
//! over and over.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value;

use crate::content::{Content, Kind};
use crate::herd::{Herd, finish, heavy};
use crate::procs::{kill, kit, wait_for, wait_until};
use crate::truth::{holds, output, starts};

/// Tasks launched, and tasks stopped, by calls that are under way at once.
const AT_ONCE: usize = 8;

/// What a task is to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Succeeds,
    Fails,
    Killed,
    Revoked,
    Forced,
    DoesNotStart,
    /// Exits with 4 and leaves behind what has to be revoked.
    Lingers,
    Long,
    /// Is revoked at about the time at which it ends by itself.
    Races,
}

const FATES: [Fate; 9] = [
    Fate::Succeeds,
    Fate::Fails,
    Fate::Revoked,
    Fate::Killed,
    Fate::Forced,
    Fate::DoesNotStart,
    Fate::Lingers,
    Fate::Long,
    Fate::Races,
];

/// Bytes of a long output.
const LONG: u64 = 300_001;

struct Soak {
    herd: Herd,
    starts: PathBuf,
    token: String,
    dice: u64,
    crashes: Cell<usize>,
    /// The ids that were told, by the number of the launch.
    told: BTreeMap<usize, u64>,
}

impl Soak {
    fn fate(number: usize) -> Fate {
        FATES[number % FATES.len()]
    }

    fn below(&mut self, most: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % most
    }

    fn script(&self, number: usize) -> String {
        let tail = match Self::fate(number) {
            Fate::Succeeds => "exit 0".into(),
            Fate::Fails => "exit 3".into(),
            Fate::Killed => "kill -9 $$".into(),
            Fate::Revoked => "exec sleep 250".into(),
            Fate::Forced => "trap '' TERM; exec sleep 250".into(),
            Fate::DoesNotStart => String::new(),
            Fate::Lingers => "sleep 250 > /dev/null 2>&1 & exit 4".into(),
            Fate::Long => format!("exec {} flood {} {LONG} plain {number}", kit(), self.token),
            // it says by itself whether it came to its end
            Fate::Races => "trap 'echo told; exit 9' TERM; sleep 0.1; echo through".into(),
        };
        format!("echo $WRANGLE_RUN >> {}; {tail}", self.starts.display())
    }

    /// Launches several at once; the supervisor may be killed in the middle of it.
    fn launch(&mut self, numbers: &[usize], crash: bool) {
        let calls: Vec<_> = numbers
            .iter()
            .map(|number| {
                let (name, script) = (format!("soak-{number}"), self.script(*number));
                let program: &[&str] = match Self::fate(*number) {
                    Fate::DoesNotStart => &["/no/such/program"],
                    _ => &["sh", "-c", &script],
                };
                let options = ["run", "--json", "--grace", "300ms", "--name", &name, "--"];
                self.herd
                    .command([&options[..], program].concat())
                    .spawn()
                    .unwrap()
            })
            .collect();
        if crash {
            let pause = self.below(40);
            std::thread::sleep(std::time::Duration::from_millis(pause));
            self.crash();
        }
        for (number, call) in numbers.iter().zip(calls) {
            let done = finish(call);
            match done.code {
                0 => {
                    let task: Value = serde_json::from_str(&done.text()).unwrap();
                    let id = task["id"].as_u64().unwrap();
                    assert_eq!(self.told.insert(*number, id), None);
                }
                1 => assert_eq!(Self::fate(*number), Fate::DoesNotStart, "{done:?}"),
                _ => assert!(done.code == 3 && done.err.contains("ended"), "{done:?}"),
            }
        }
    }

    /// Kills the supervisor; the next call starts another.
    fn crash(&self) {
        kill(wait_for("a supervisor runs", || self.herd.supervisor()));
        self.crashes.set(self.crashes.get() + 1);
    }

    /// All tasks, by the number of the launch.
    fn list(&self) -> BTreeMap<usize, Value> {
        let mut found = BTreeMap::new();
        for task in self.herd.json(&["ls", "--all", "--json"]) {
            let name = task["name"].as_str().unwrap().to_owned();
            let number = name.strip_prefix("soak-").unwrap().parse().unwrap();
            assert!(found.insert(number, task).is_none(), "{name} twice");
        }
        found
    }

    /// Stops what has to be stopped; whether anything was left to do.
    fn stop(&self, crash: bool) -> bool {
        let list = self.list();
        let active = |fates: &[Fate]| -> Vec<String> {
            let meant = list.iter().filter(|(number, task)| {
                fates.contains(&Self::fate(**number)) && task["state"] != "ended"
            });
            meant.map(|(_, task)| task["id"].to_string()).collect()
        };
        let gently = active(&[Fate::Revoked, Fate::Lingers, Fate::Races]);
        let forced = active(&[Fate::Forced]);
        let calls: Vec<_> = [(&gently, None), (&forced, Some("--force"))]
            .into_iter()
            .filter(|(ids, _)| !ids.is_empty())
            .map(|(ids, force)| {
                let words = ids.iter().map(String::as_str);
                let args = ["revoke"].into_iter().chain(force).chain(words);
                self.herd.command(args).spawn().unwrap()
            })
            .collect();
        if crash {
            self.crash();
        }
        for call in calls {
            let done = finish(call);
            assert!(matches!(done.code, 0 | 3), "{done:?}");
        }
        list.values().any(|task| task["state"] != "ended")
    }

    /// What supervisors wrote down about a task.
    fn said(&self, id: u64) -> String {
        let log = std::fs::read_to_string(self.herd.home().join("data/supervisor.log"));
        let run = format!("{id}.1 ");
        let log = log.unwrap_or_default();
        let lines = log.lines().map(|line| line.to_owned() + " ");
        let of_it = lines.filter(|line| line.contains(&run));
        of_it.collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    fn judge(&self, number: usize, task: &Value, started: &BTreeSet<String>) {
        let id = task["id"].as_u64().unwrap();
        if let Some(told) = self.told.get(&number) {
            assert_eq!(id, *told, "{task}");
        }
        let outcome = task["outcome"].as_str().unwrap();
        let (code, signal) = (&task["exit_code"], &task["signal"]);
        let ran = started.contains(&format!("{id}.1"));
        let written = output(&self.herd, id, 1);
        assert_eq!(task["output_bytes"], written.len(), "{task}");
        // the supervisor was killed before it had told the shim what to start; or whoever
        // was to be stopped was stopped before its first line
        let never = !ran && outcome == "lost" && !self.told.contains_key(&number);
        let stopped = outcome == "revoked";
        let right = match Self::fate(number) {
            Fate::Succeeds => outcome == "succeeded",
            Fate::Fails => outcome == "failed" && *code == 3,
            Fate::Killed => outcome == "killed" && *signal == 9,
            Fate::DoesNotStart => outcome == "did_not_start" && !ran,
            Fate::Lingers => (outcome == "failed" && *code == 4) || (stopped && !ran),
            Fate::Long => {
                let mut wanted = Vec::new();
                let mut content = Content::new(Kind::Plain, number as u64, LONG);
                std::io::Read::read_to_end(&mut content, &mut wanted).unwrap();
                outcome == "succeeded" && written == wanted
            }
            Fate::Races if outcome == "succeeded" => written == b"through\n",
            Fate::Revoked | Fate::Forced | Fate::Races => stopped,
        };
        assert!(
            right || never,
            "task {number}, {:?}, told: {}, ran: {ran}: {task}\n{}",
            Self::fate(number),
            self.told.contains_key(&number),
            self.said(id)
        );
    }
}

#[test]
fn every_outcome_is_right_through_many_crashes() {
    let _alone = heavy();
    // WRANGLE_TEST_SOAK=1000 for the whole of the promise
    let count = std::env::var("WRANGLE_TEST_SOAK").map_or(300, |text| text.parse().unwrap());
    let crashes = 20;
    let herd = Herd::new();
    let mut soak = Soak {
        starts: herd.dir().join("starts"),
        token: herd.token(),
        herd,
        dice: u64::from(std::process::id()) * 0x9e37_79b9 + 1,
        crashes: Cell::new(0),
        told: BTreeMap::new(),
    };
    eprintln!("seed {}", soak.dice);
    let begun = Instant::now();
    let all: Vec<usize> = (0..count).collect();
    let every = (count / crashes).max(1);
    for (turn, numbers) in all.chunks(AT_ONCE).enumerate() {
        // each crash at a launch, or at a stop
        let due = (turn + 1) * AT_ONCE / every > turn * AT_ONCE / every;
        let at_stop = soak.below(3) == 0;
        soak.launch(numbers, due && !at_stop);
        if due || turn % 3 == 2 {
            soak.stop(due && at_stop);
        }
    }
    // what was never stored is asked for again
    let known = soak.list();
    let missing: Vec<usize> = all
        .iter()
        .copied()
        .filter(|number| !known.contains_key(number))
        .collect();
    assert!(missing.iter().all(|number| !soak.told.contains_key(number)));
    for numbers in missing.chunks(AT_ONCE) {
        soak.launch(numbers, false);
    }
    wait_until("every task has ended", || !soak.stop(false));
    let list = soak.list();
    assert_eq!(list.len(), count);
    let started = starts(&soak.starts);
    for (number, task) in &list {
        soak.judge(*number, task, &started);
    }
    holds(&soak.herd);
    assert!(soak.crashes.get() >= crashes, "{}", soak.crashes.get());
    let lost = list
        .values()
        .filter(|task| task["outcome"] == "lost")
        .count();
    eprintln!(
        "{count} tasks, {} crashes, {} launched anew, {lost} killed before they began, {:.1} s",
        soak.crashes.get(),
        missing.len(),
        begun.elapsed().as_secs_f64()
    );
}
