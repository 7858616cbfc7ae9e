//! Calls to a supervisor that may be killed meanwhile, and many such stories at once.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use wrangle::core::wire::{FromClient, Hello, PROTOCOL, Request, Role};

use crate::herd::{Done, Herd};
use crate::procs::wait_until;

/// A supervisor that is to be killed at a place, once it is the one.
pub(super) fn doomed(herd: &Herd, fault: &str, shim: bool) -> Child {
    let with = if shim { "+shim" } else { "" };
    let mut child = herd
        .command(["supervisor"])
        .env("WRANGLE_FAULT", format!("{fault}{with}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // one that was killed before may take calls for a while yet: it is the lock that
    // says whose herd this is, and calls wait for who has it
    let lock = herd.home().join("data/supervisor.lock");
    let pid = child.id().to_string();
    wait_until("it is the supervisor", || {
        let holder = std::fs::read_to_string(&lock).unwrap_or_default();
        holder.trim() == pid || child.try_wait().unwrap().is_some()
    });
    child
}

/// Calls until it is answered.
#[track_caller]
pub(super) fn insist(herd: &Herd, args: &[&str]) -> Done {
    for _ in 0..2 {
        let done = herd.call(args);
        if done.code != 3 {
            return done;
        }
        was_cut_short(&done);
    }
    panic!("two calls were cut short: {args:?}");
}

/// Every task.
#[track_caller]
pub(super) fn list(herd: &Herd) -> Vec<Value> {
    let text = insist(herd, &["ls", "--all", "--json"]).ok();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A call was under way when the supervisor was killed, and says so.
#[track_caller]
pub(super) fn was_cut_short(done: &Done) {
    let cut = done.code == 3 && done.err.contains("the supervisor ended");
    assert!(cut, "{done:?}");
}

/// Asks over the socket; the first line of an answer, `null` where none came.
pub(super) fn ask(herd: &Herd, request: &Request) -> Value {
    let hello = Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").into(),
        role: Role::Call,
    };
    let request = FromClient::Request(1, request.clone());
    let talk = || -> std::io::Result<Value> {
        let mut stream = UnixStream::connect(herd.home().join("run/wrangle.sock"))?;
        let lines = [
            serde_json::to_string(&hello)?,
            serde_json::to_string(&request)?,
        ];
        stream.write_all((lines.join("\n") + "\n").as_bytes())?;
        let answer = BufReader::new(stream).lines().nth(1).transpose()?;
        Ok(answer.map_or(Value::Null, |line| {
            serde_json::from_str(&line).unwrap_or(Value::Null)
        }))
    };
    talk().unwrap_or(Value::Null)
}

/// Plays every row, several at once; what failed, by name.
pub(super) fn play<R: Clone + Display + Send + Sync + 'static>(rows: &[R], life: fn(R)) {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut failed = Vec::new();
        while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
            let name = row.to_string();
            let row = row.clone();
            // named, so that what a failure says begins with the row
            let played = std::thread::Builder::new()
                .name(name.clone())
                .spawn(move || life(row))
                .unwrap()
                .join();
            if played.is_err() {
                failed.push(name);
            }
        }
        failed
    };
    let failed: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    assert!(
        failed.is_empty(),
        "of {} rows failed: {failed:#?}",
        rows.len()
    );
}
