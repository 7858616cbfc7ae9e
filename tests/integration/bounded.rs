//! Memory and disk stay within bounds, whatever a task prints.

use std::fs;
use std::path::Path;

use crate::herd::{Herd, heavy};
use crate::procs::memory;
use crate::pty::Pty;

const MIB: u64 = 1 << 20;

/// How much more than idle it may hold.
const ROOM: u64 = 64 * MIB;

/// Bytes of segments below a directory.
fn on_disk(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => on_disk(&entry.path()),
            // a segment that goes while it is looked at
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Lets a task write `len` bytes before the eyes of a client.
fn flood(kind: &str, len: u64) {
    let cap = 8 * MIB;
    let herd = Herd::with("[output]\ntask_cap = \"8 MiB\"\ntotal_cap = \"64 MiB\"\n");
    let tasks = herd.home().join("data/tasks");
    let (idle, _) = herd.tree(&["--name", "idle"], "ready");
    let pty = Pty::open(&herd, 80, 24);
    pty.shows(&["idle"]);
    let supervisor = herd.supervisor().unwrap().pid;
    let (_, idle_supervisor) = memory(supervisor);
    let (_, idle_shim) = memory(herd.shim(idle).pid);
    // it ends only when it is told to, so that its shim can be looked at
    let script = format!(
        "{} flood {} {len} {kind}; echo; echo written; read go",
        crate::procs::kit(),
        herd.token()
    );
    let id = herd.run(&["--name", "flood", "--stdin"], &["sh", "-c", &script]);
    // the key knows the new task, drawn or not
    pty.press("G", &["● 2 flood"]);
    loop {
        let task = herd.task(id);
        let used = on_disk(&tasks.join(id.to_string()));
        // and what is not output: the record, the last status
        assert!(used <= cap + (64 << 10), "{used} bytes on disk");
        if task["output_bytes"].as_u64() >= Some(len + 9) {
            assert!(task["dropped_bytes"].as_u64() >= Some(len - cap), "{task}");
            break;
        }
    }
    pty.shows(&["written"]);
    pty.press("?", &["Esc close"]);
    let (peak, _) = memory(supervisor);
    assert!(
        peak < idle_supervisor + ROOM,
        "supervisor: {} MiB",
        peak / MIB
    );
    let (peak, _) = memory(herd.shim(id).pid);
    assert!(peak < idle_shim + ROOM, "shim: {} MiB", peak / MIB);
}

#[test]
fn without_a_newline() {
    flood("noline", 400 * MIB);
}

#[test]
fn binary() {
    flood("binary", 400 * MIB);
}

#[test]
fn gigabytes_of_lines() {
    let _alone = heavy();
    // WRANGLE_TEST_GIB=5 for the whole of the promise
    let gib = std::env::var("WRANGLE_TEST_GIB").map_or(2, |text| text.parse().unwrap());
    flood("plain", gib << 30);
}

#[test]
fn all_tasks_together() {
    let total = 16 * MIB;
    let herd = Herd::with("[output]\ntask_cap = \"4 MiB\"\ntotal_cap = \"16 MiB\"\n");
    let tasks = herd.home().join("data/tasks");
    let len = 6 * MIB;
    let ids: Vec<u64> = (0..12)
        .map(|seed| {
            let seed = seed.to_string();
            herd.writer("drip", &[&len.to_string(), "plain", &seed, "1"])
        })
        .collect();
    for id in &ids {
        while herd.task(*id)["state"] != "ended" {
            let used = on_disk(&tasks);
            assert!(used <= total + MIB, "{used} bytes on disk");
        }
    }
    crate::procs::wait_until("all of it is within the cap", || on_disk(&tasks) <= total);
    for id in ids {
        let task = herd.task(id);
        assert_eq!(task["output_bytes"], len, "{task}");
        // what is said to be dropped is exactly what is not there
        let kept = herd.stored(id).len() as u64;
        assert_eq!(task["dropped_bytes"].as_u64(), Some(len - kept), "{task}");
    }
}

#[test]
fn what_was_dropped_is_said() {
    let herd = Herd::with("[output]\ntask_cap = \"64 KiB\"\n");
    let id = herd.writer("flood", &[&MIB.to_string(), "plain"]);
    herd.wait_state(id, "ended");
    let done = herd.call(["logs", &id.to_string()]);
    let dropped = herd.task(id)["dropped_bytes"].as_u64().unwrap();
    assert!(dropped > MIB / 2);
    let said = done.err.clone() + &done.text();
    assert!(
        said.contains("dropped") || said.contains("missing"),
        "{}",
        done.err
    );
}
