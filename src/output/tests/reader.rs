use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use tempfile::tempdir;

use super::super::reader::{Block, Fetch, Reader};
use super::write_log;
use crate::core::id::{RunId, TaskId};

const SOON: Duration = Duration::from_secs(30);

fn run(task: u32) -> RunId {
    RunId {
        task: TaskId(task),
        number: 1,
    }
}

#[test]
fn brings_what_is_asked_for() {
    let dir = tempdir().unwrap();
    write_log(dir.path(), 50, b"abcdefghij", 4);
    let (send, blocks) = mpsc::channel::<Block>();
    let mut reader = Reader::new(move |block| send.send(block).unwrap_or_default());
    let mut ask = |range| {
        let dir = dir.path().to_owned();
        reader
            .fetch(Fetch {
                run: run(1),
                dir,
                range,
            })
            .unwrap();
        blocks.recv_timeout(SOON).unwrap()
    };
    let block = ask(52..55);
    assert_eq!((block.offset, &block.bytes[..]), (52, &b"cde"[..]));
    assert_eq!((block.first, block.end, block.error), (50, 60, None));
    let block = ask(0..53);
    assert_eq!((block.offset, &block.bytes[..]), (50, &b"abc"[..]));
    let block = ask(58..90);
    assert_eq!(
        (block.offset, &block.bytes[..], block.end),
        (58, &b"ij"[..], 60)
    );
    for entry in fs::read_dir(dir.path()).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let block = ask(50..60);
    assert_eq!((block.bytes.len(), block.first, block.error), (0, 60, None));
    fs::remove_dir(dir.path()).unwrap();
    let block = ask(50..60);
    assert!(block.error.unwrap().contains("read log directory"));
}

#[test]
fn what_is_being_delivered_can_be_asked_for_again() {
    let dir = tempdir().unwrap();
    write_log(dir.path(), 0, b"abcdefghij", 4);
    let (send, blocks) = mpsc::channel::<Block>();
    let (go, wait) = mpsc::channel::<()>();
    let mut reader = Reader::new(move |block| {
        send.send(block).unwrap_or_default();
        wait.recv().unwrap_or_default();
    });
    let fetch = Fetch {
        run: run(1),
        dir: dir.path().to_owned(),
        range: 0..10,
    };
    reader.fetch(fetch.clone()).unwrap();
    assert_eq!(blocks.recv_timeout(SOON).unwrap().bytes, b"abcdefghij");
    // the reader is held in the delivery of the first
    for entry in fs::read_dir(dir.path()).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    reader.fetch(fetch).unwrap();
    go.send(()).unwrap();
    assert_eq!(blocks.recv_timeout(SOON).unwrap().first, 10);
}

#[test]
fn a_newer_fetch_of_a_run_takes_the_place_of_one_not_begun() {
    let dir = tempdir().unwrap();
    write_log(dir.path(), 0, b"abcdefghij", 4);
    let (send, blocks) = mpsc::channel::<Block>();
    let (go, wait) = mpsc::channel::<()>();
    let mut reader = Reader::new(move |block| {
        send.send(block).unwrap_or_default();
        wait.recv().unwrap_or_default();
    });
    let mut ask = |task, range| {
        let dir = dir.path().to_owned();
        reader
            .fetch(Fetch {
                run: run(task),
                dir,
                range,
            })
            .unwrap();
    };
    ask(1, 0..1);
    assert_eq!(blocks.recv_timeout(SOON).unwrap().bytes, b"a");
    // the reader is busy delivering
    ask(1, 0..1);
    ask(1, 1..2);
    ask(2, 3..4);
    ask(1, 2..3);
    let mut rest = Vec::new();
    for _ in 0..2 {
        go.send(()).unwrap();
        rest.extend(blocks.recv_timeout(SOON).unwrap().bytes);
    }
    assert_eq!(rest, b"cd");
    go.send(()).unwrap();
    drop(reader);
    // the thread is gone, and with it its end of the channel
    assert!(
        blocks
            .recv_timeout(SOON)
            .is_err_and(|e| e == mpsc::RecvTimeoutError::Disconnected)
    );
}
