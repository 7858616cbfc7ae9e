//! The thread that writes.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use super::FILE;
use crate::core::effect::Effect;
use crate::core::event::Event;
use crate::core::record::{Change, Record};

/// What became of a write, and what waited for it.
#[derive(Debug)]
pub struct Done {
    /// What was to change.
    pub change: Change,
    /// What happened by it.
    pub events: Vec<Event>,
    /// Why it failed, in one line.
    pub error: Option<String>,
    /// What waited.
    pub then: Vec<Effect>,
}

/// A change, what happened by it, and what waits for it.
type Job = (Change, Vec<Event>, Vec<Effect>);

/// Writes records in the order in which they are given.
#[derive(Debug)]
pub struct Store {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl Store {
    /// Starts the thread. `done` is called on it after each write.
    pub fn open(tasks: PathBuf, done: impl Fn(Done) + Send + 'static) -> io::Result<Self> {
        let (jobs, work) = channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("store".into())
            .stack_size(256 << 10)
            .spawn(move || {
                while let Ok(first) = work.recv() {
                    let jobs = std::iter::once(first).chain(work.try_iter()).collect();
                    write(&tasks, jobs, &done);
                }
            })?;
        Ok(Self { jobs, thread })
    }

    /// Queues a change; `then` comes back with its `Done`.
    pub fn save(&self, change: Change, events: Vec<Event>, then: Vec<Effect>) {
        // the thread ends only after this handle is gone
        self.jobs.send((change, events, then)).ok();
    }

    /// Waits until everything queued is written.
    pub fn close(self) {
        drop(self.jobs);
        self.thread.join().ok();
    }
}

fn write(tasks: &Path, jobs: Vec<Job>, done: &impl Fn(Done)) {
    for (change, events, then) in jobs {
        let error = match &change {
            Change::Task(record) => save(tasks, record)
                .err()
                .map(|error| format!("task {} can't be stored: {error}", record.task.id)),
            _ => None,
        };
        done(Done {
            change,
            events,
            error,
            then,
        });
    }
}

fn save(tasks: &Path, record: &Record) -> io::Result<()> {
    let dir = tasks.join(record.task.id.to_string());
    let fresh = dir.join("task.new");
    let open = || {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)
    };
    let mut file = match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
            open()?
        }
        other => other?,
    };
    file.write_all(&serde_json::to_vec(record)?)?;
    fs::rename(&fresh, dir.join(FILE))
}
