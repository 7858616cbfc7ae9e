//! What happened, told to scripts: in order, nothing missing, nothing twice.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Child;

use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::Pid;
use serde_json::Value;

use crate::herd::{Herd, finish};
use crate::history::hold;
use crate::procs::wait_until;

/// A call that follows events, its output in a file.
struct Follower {
    child: Child,
    path: PathBuf,
}

impl Follower {
    /// One that is known to listen: it has told the last of what was before.
    #[track_caller]
    fn new(herd: &Herd, options: &[&str]) -> Self {
        let id = herd.run(&[], &["true"]);
        herd.wait_state(id, "ended");
        let path = herd.dir().join("followed");
        let args = [&["events", "-f", "--json", "-n", "1"], options].concat();
        let mut command = herd.command(args);
        command.stdout(File::create(&path).unwrap());
        // where the tests are a background job Ctrl-C is ignored, and would stay so
        // SAFETY: signal is async-signal-safe, and sets no handler here
        unsafe {
            command.pre_exec(|| {
                signal(Signal::SIGINT, SigHandler::SigDfl)?;
                Ok(())
            });
        }
        let child = command.spawn().unwrap();
        let follower = Self { child, path };
        wait_until("it listens", || !follower.told().is_empty());
        follower
    }

    /// The lines that are whole.
    fn told(&self) -> Vec<Value> {
        told(&self.path)
    }

    /// Ctrl-C; what was told after the past.
    #[track_caller]
    fn end(self) -> Vec<Value> {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGINT).unwrap();
        assert_eq!(finish(self.child).code, 130);
        told(&self.path).split_off(1)
    }
}

fn told(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn words(events: &[Value], task: u64) -> Vec<String> {
    events
        .iter()
        .filter(|event| event["task"] == task && event["event"] != "attention")
        .map(|event| event["event"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_life_is_told_in_order() {
    let herd = Herd::new();
    let id = herd.run(&[], &["sleep", "250"]);
    let number = id.to_string();
    herd.ok(&["pause", &number]);
    herd.wait_state(id, "paused");
    herd.ok(&["resume", &number]);
    herd.wait_state(id, "running");
    herd.ok(&["revoke", "--wait", &number]);
    let other = herd.run(&[], &["true"]);
    herd.wait_state(other, "ended");
    let all = herd.json(&["events", "--json"]);
    hold(&herd, "event", &all);
    let life = [
        "created", "started", "paused", "resumed", "stopping", "ended",
    ];
    assert_eq!(words(&all, id), life);
    let seqs: Vec<u64> = all
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    let last = herd.json(&["events", "--json", "-n", "2"]);
    assert_eq!(last[..], all[all.len() - 2..]);
    let of_one = herd.json(&["events", "--json", "--task", &number]);
    assert!(of_one.iter().all(|event| event["task"] == id));
    assert_eq!(words(&of_one, id), life);
    herd.call(["events", "--task", "nobody"]).fails(4, "nobody");
    herd.call(["events", "-f", "--task", "99"]).fails(4, "99");
    let text = herd.ok(&["events"]);
    assert_eq!(text.lines().count(), all.len(), "{text}");
    let there = herd
        .command(["events"])
        .env("TZ", "XYZ-14")
        .output()
        .unwrap();
    let there = String::from_utf8(there.stdout).unwrap();
    let times = |text: &str| {
        text.lines()
            .map(|line| line[..23].to_owned())
            .collect::<Vec<_>>()
    };
    let hours = |text: &str| {
        let read = |time: &String| time.parse::<jiff::civil::DateTime>().unwrap();
        times(text).iter().map(read).collect::<Vec<_>>()
    };
    let utc = all.iter().map(|event| event["at"].as_str().unwrap());
    let utc = utc.map(|at| {
        at.trim_end_matches('Z')
            .parse::<jiff::civil::DateTime>()
            .unwrap()
    });
    let ahead = utc
        .map(|at| at + jiff::Span::new().hours(14))
        .collect::<Vec<_>>();
    assert_eq!(hours(&there), ahead, "the caller's clock");
    assert!(text.contains("revoked"), "{text}");
    herd.ok(&["rm", &number]);
    let gone = herd.json(&["events", "--json", "-n", "1"]);
    assert_eq!(
        (&gone[0]["event"], &gone[0]["task"]),
        (&"removed".into(), &id.into())
    );
}

#[test]
fn who_follows_hears_of_it_as_it_happens() {
    let herd = Herd::new();
    let follower = Follower::new(&herd, &[]);
    let id = herd.run(&[], &["sleep", "250"]);
    wait_until("its start is told", || {
        words(&follower.told(), id) == ["created", "started"]
    });
    herd.ok(&["revoke", "--force", "--wait", &id.to_string()]);
    wait_until("its end is told", || {
        words(&follower.told(), id)
            .last()
            .is_some_and(|word| word == "ended")
    });
    let told = follower.end();
    hold(&herd, "event", &told);
    assert!(told.iter().all(|event| event["event"] != "line"));
}

#[test]
fn every_line_is_told_once_between_start_and_end() {
    let herd = Herd::new();
    let long = herd.run(
        &["--stdin"],
        &[
            "sh",
            "-c",
            "echo before; read word; echo $word; printf 'no end'",
        ],
    );
    herd.wait_output(long, b"before\n");
    let follower = Follower::new(&herd, &["--lines"]);
    let mut tasks: Vec<u64> = (1..=4)
        .map(|seed: u32| herd.writer("flood", &["300000", "plain", &seed.to_string()]))
        .collect();
    let wide = "head -c 70000 /dev/zero | tr '\\0' x; echo; echo next";
    tasks.push(herd.run(&[], &["sh", "-c", wide]));
    let quick = herd.run(&[], &["echo", "one"]);
    herd.wait_state(quick, "ended");
    herd.ok(&["retry", &quick.to_string()]);
    herd.ok(&["send", &long.to_string(), "after"]);
    tasks.extend([long, quick]);
    let ends = |told: &[Value], id: u64| {
        words(told, id)
            .iter()
            .filter(|word| *word == "ended")
            .count()
    };
    wait_until("every end is told", || {
        let told = follower.told();
        tasks
            .iter()
            .all(|id| ends(&told, *id) == 1 + usize::from(*id == quick))
    });
    let told = follower.end();
    hold(&herd, "event", &told);
    let mut lines: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for event in told.iter().filter(|event| event["event"] == "line") {
        assert_eq!(event["by"], "task", "{event}");
        let id = event["task"].as_u64().unwrap();
        lines
            .entry(id)
            .or_default()
            .push(event["text"].as_str().unwrap());
    }
    for id in &tasks[..4] {
        let stored = herd.stored(*id);
        let wanted: Vec<&str> = std::str::from_utf8(&stored).unwrap().lines().collect();
        assert!(
            lines[id] == wanted,
            "task {id}: {} of {}",
            lines[id].len(),
            wanted.len()
        );
        let order = words(&told, *id);
        assert_eq!(order[..2], ["created", "started"]);
        assert_eq!(order.last().unwrap(), "ended");
    }
    assert_eq!(lines[&long], ["after", "no end"]);
    assert_eq!(lines[&quick], ["one", "one"]);
    let cut = &lines[&tasks[4]];
    assert_eq!((cut.len(), cut[1]), (2, "next"));
    assert!(
        cut[0].ends_with("x … (4.4 KiB more are cut here)"),
        "{}",
        &cut[0][65_500..]
    );
}

#[test]
fn who_follows_misses_no_line_when_the_supervisor_dies() {
    let herd = Herd::new();
    let follower = Follower::new(&herd, &["--lines"]);
    let script = "seq 1 2000; read word; seq 2001 4000";
    let id = herd.run(&["--stdin"], &["sh", "-c", script]);
    let lines = |told: &[Value]| -> Vec<String> {
        let lines = told.iter().filter(|event| event["event"] == "line");
        lines
            .map(|event| event["text"].as_str().unwrap().to_owned())
            .collect()
    };
    wait_until("the first half is told", || {
        lines(&follower.told()).len() >= 2_000
    });
    herd.kill_supervisor();
    herd.ok(&["send", &id.to_string(), "on"]);
    wait_until("its end is told", || {
        words(&follower.told(), id)
            .last()
            .is_some_and(|word| word == "ended")
    });
    let told = follower.end();
    let wanted: Vec<String> = (1..=4_000).map(|number| number.to_string()).collect();
    assert!(lines(&told) == wanted, "{} lines", lines(&told).len());
    let mut life = words(&told, id);
    life.retain(|word| word != "line");
    assert_eq!(life, ["created", "started", "adopted", "ended"]);
}

#[test]
fn an_entry_that_makes_no_sense_is_named_and_the_others_are_told() {
    let herd = Herd::new();
    let id = herd.run(&[], &["true"]);
    herd.wait_state(id, "ended");
    let all = herd.json(&["events", "--json"]);
    let db = crate::truth::open(&herd);
    db.execute("UPDATE event SET what = 'dreamt' WHERE seq = 2", [])
        .unwrap();
    drop(db);
    let done = herd.call(["events", "--json"]);
    done.fails(0, "entry 2 can't be read: what is \"dreamt\"");
    assert_eq!(done.text().lines().count(), all.len() - 1, "{done:?}");
    let followed = Follower::new(&herd, &[]).end();
    assert!(followed.is_empty(), "{followed:?}");
}
