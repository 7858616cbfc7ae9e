//! A supervisor of version 0.1 runs: what it says and does is played here.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::JoinHandle;

use crate::herd::{Herd, finish};
use crate::pty::Pty;

/// Its part: the lock, the socket, and what it answers.
struct First {
    socket: std::path::PathBuf,
    served: Option<JoinHandle<()>>,
    _lock: File,
}

impl First {
    fn of(herd: &Herd) -> Self {
        let (data, run) = (herd.home().join("data"), herd.home().join("run"));
        fs::create_dir_all(&data).unwrap();
        fs::create_dir_all(&run).unwrap();
        let lock = File::create(data.join("supervisor.lock")).unwrap();
        lock.lock().unwrap();
        writeln!(&lock, "4242").unwrap();
        let socket = run.join("wrangle.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let served = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if !answer(stream.unwrap()) {
                    return;
                }
            }
        });
        Self {
            socket,
            served: Some(served),
            _lock: lock,
        }
    }
}

impl Drop for First {
    fn drop(&mut self) {
        writeln!(UnixStream::connect(&self.socket).unwrap(), "over").unwrap();
        fs::remove_file(&self.socket).unwrap();
        self.served.take().unwrap().join().unwrap();
    }
}

/// Answers one hello; whether there may be others.
fn answer(mut stream: UnixStream) -> bool {
    let mut hello = String::new();
    BufReader::new(&stream).read_line(&mut hello).unwrap();
    // a role that it doesn't know is no hello: it hangs up
    if hello.contains("\"role\":\"call\"") || hello.contains("\"role\":{\"screen\"") {
        let line = r#"{"refused":"the running supervisor is wrangle 0.1.0 (protocol 1), this is 0.2.0 (protocol 2); use the same program, or wrangle shutdown first"}"#;
        // one that has looked whether anybody is there reads no answer
        writeln!(stream, "{line}").ok();
    }
    hello != "over\n"
}

#[test]
fn whoever_meets_it_is_told_how_it_ends_without_its_tasks() {
    let herd = Herd::new();
    let first = First::of(&herd);
    let way = "kill -KILL 4242 ends it without its tasks";
    herd.call(["ls"]).fails(3, way);
    herd.call(["run", "--", "true"]).fails(3, way);
    herd.call(["supervisor"]).fails(3, way);
    herd.call(["supervisor", "--takeover"]).fails(3, way);
    finish(herd.next(["supervisor", "--takeover"]).spawn().unwrap()).fails(3, way);
    let mut pty = Pty::open(&herd, 80, 24);
    assert_eq!(pty.end(), 3);
    pty.is_restored();
    pty.wait_screen("it says the way", |text| {
        text.replace('\n', "").contains(way)
    });
    drop(first);
    herd.ok(&["ls"]);
}

#[test]
fn its_clients_are_told_in_words_they_know() {
    let herd = Herd::new();
    herd.ok(&["ls"]);
    let mut stream = UnixStream::connect(herd.home().join("run/wrangle.sock")).unwrap();
    let hello = r#"{"protocol":1,"version":"0.1.0","role":"call"}"#;
    writeln!(stream, "{hello}").unwrap();
    let lines: Vec<_> = BufReader::new(stream).lines().map(Result::unwrap).collect();
    let [line] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert!(
        line.starts_with(r#"{"refused":"the running supervisor is wrangle "#),
        "{line}"
    );
    assert!(line.contains("use its program: /"), "{line}");
}
