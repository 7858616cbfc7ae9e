//! What a task wrote is what is stored, byte for byte.

use std::io::{BufRead, BufReader, Read};

use crate::content::{Content, Kind};
use crate::herd::{Herd, heavy};
use crate::procs::wait_until;

const MIB: u64 = 1 << 20;

/// Compares a task's output, as `logs --raw` prints it, with what it was to write.
#[track_caller]
pub(crate) fn is_whole(herd: &Herd, id: u64, kind: Kind, seed: u64, len: u64) {
    let mut child = herd
        .command(["logs", "--raw", &id.to_string()])
        .spawn()
        .unwrap();
    let mut got = BufReader::with_capacity(256 << 10, child.stdout.take().unwrap());
    let mut wanted = Content::new(kind, seed, len);
    let mut buffer = vec![0; 256 << 10];
    let mut at = 0;
    loop {
        let chunk = got.fill_buf().unwrap();
        if chunk.is_empty() {
            break;
        }
        let count = chunk.len();
        wanted
            .read_exact(&mut buffer[..count])
            .unwrap_or_else(|_| panic!("task {id} has more output than it wrote: {len}"));
        if chunk != &buffer[..count] {
            let differs = chunk.iter().zip(&buffer).position(|(a, b)| a != b).unwrap();
            panic!("task {id} differs at byte {}", at + differs as u64);
        }
        at += count as u64;
        got.consume(count);
    }
    assert_eq!(at, len, "task {id}: the output ends too early");
    let done = crate::herd::finish(child);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let task = herd.task(id);
    assert_eq!(task["output_bytes"], len, "{task}");
    assert_eq!(task["dropped_bytes"], 0, "{task}");
}

fn one(kind: Kind, word: &str, len: u64) {
    let herd = Herd::new();
    let id = herd.writer("flood", &[&len.to_string(), word, "7"]);
    herd.ok(&["wait", &id.to_string()]);
    is_whole(&herd, id, kind, 7, len);
}

#[test]
fn text() {
    one(Kind::Plain, "plain", 20 * MIB + 12_345);
}

#[test]
fn colours() {
    one(Kind::Ansi, "ansi", 20 * MIB + 1);
}

#[test]
fn objects() {
    one(Kind::Json, "json", 20 * MIB + 777);
}

#[test]
fn binary() {
    one(Kind::Binary, "binary", 20 * MIB + 4095);
}

#[test]
fn without_a_newline() {
    one(Kind::Noline, "noline", 100 * MIB);
}

#[test]
fn one_gibibyte_fast() {
    let _alone = heavy();
    let herd = Herd::with("[output]\ntask_cap = \"2 GiB\"\n");
    let len = 1024 * MIB;
    let id = herd.writer("flood", &[&len.to_string(), "plain", "1"]);
    herd.ok(&["wait", &id.to_string()]);
    is_whole(&herd, id, Kind::Plain, 1, len);
}

#[test]
fn fifty_at_once() {
    let _alone = heavy();
    let herd = Herd::new();
    let kinds = [
        (Kind::Plain, "plain"),
        (Kind::Binary, "binary"),
        (Kind::Json, "json"),
    ];
    let len = 4 * MIB + 99;
    let ids: Vec<u64> = (0..50)
        .map(|seed: usize| {
            let word = kinds[seed % 3].1;
            herd.writer("drip", &[&len.to_string(), word, &seed.to_string(), "2"])
        })
        .collect();
    for id in &ids {
        herd.ok(&["wait", &id.to_string()]);
    }
    for (seed, id) in ids.into_iter().enumerate() {
        is_whole(&herd, id, kinds[seed % 3].0, seed as u64, len);
    }
}

#[test]
fn across_the_supervisors_death_in_mid_stream() {
    let herd = Herd::new();
    let len = 40 * MIB + 5;
    let id = herd.writer("drip", &[&len.to_string(), "binary", "3", "1"]);
    for part in 1..=3 {
        let before = herd.wait_task(id, "is in mid-stream", |task| {
            task["output_bytes"].as_u64() > Some(part * 4 * MIB)
        });
        assert_eq!(before["state"], "running", "it was to be in mid-stream");
        herd.kill_supervisor();
        // it goes on while nobody is there
        let dir = std::path::PathBuf::from(before["log"].as_str().unwrap());
        let size = || -> u64 {
            let entries = std::fs::read_dir(&dir).unwrap().flatten();
            entries
                .map(|entry| entry.metadata().map_or(0, |meta| meta.len()))
                .sum()
        };
        let at = size();
        wait_until("output goes on to disk", || size() > at + MIB);
    }
    herd.ok(&["wait", &id.to_string()]);
    let task = herd.task(id);
    assert_eq!(task["outcome"], "succeeded", "{task}");
    is_whole(&herd, id, Kind::Binary, 3, len);
}

#[test]
fn a_follower_sees_all_of_it() {
    let herd = Herd::new();
    let len = 10 * MIB + 3;
    let id = herd.writer("drip", &[&len.to_string(), "plain", "9", "1"]);
    let mut child = herd
        .command(["logs", "-f", "--raw", &id.to_string()])
        .spawn()
        .unwrap();
    let mut got = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut got).unwrap();
    assert_eq!(crate::herd::finish(child).code, 0);
    let mut wanted = Vec::new();
    Content::new(Kind::Plain, 9, len)
        .read_to_end(&mut wanted)
        .unwrap();
    assert!(got == wanted, "{} of {} bytes", got.len(), wanted.len());
}

#[test]
fn errors_and_output_keep_their_order() {
    let herd = Herd::new();
    let script = "for n in 1 2 3 4 5 6 7 8 9; do echo out$n; echo err$n >&2; done";
    let done = herd.call(["run", "--follow", "--", "sh", "-c", script]);
    let wanted: Vec<String> = (1..10).map(|n| format!("out{n}\nerr{n}\n")).collect();
    let wanted = wanted.concat();
    assert_eq!(done.ok(), wanted);
    assert_eq!(herd.stored(1), wanted.as_bytes());
}
