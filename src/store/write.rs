//! The thread that writes.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use super::FILE;
use crate::core::effect::Effect;
use crate::core::id::TaskId;
use crate::core::record::Record;

/// What became of a write, and what waited for it.
#[derive(Debug)]
pub struct Done {
    /// Whose record it is.
    pub task: TaskId,
    /// Why it failed, in one line.
    pub error: Option<String>,
    /// What waited.
    pub then: Vec<Effect>,
}

/// A record, and what waits for it.
type Job = (Box<Record>, Vec<Effect>);

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

    /// Queues a record; `then` comes back with its `Done`.
    pub fn save(&self, record: Box<Record>, then: Vec<Effect>) {
        // the thread ends only after this handle is gone
        self.jobs.send((record, then)).ok();
    }

    /// Waits until everything queued is written.
    pub fn close(self) {
        drop(self.jobs);
        self.thread.join().ok();
    }
}

/// Writes what is queued. Of several records of one task the newest is written, and all
/// that waited for any of them waits for it: a later record says all that an earlier did.
fn write(tasks: &Path, jobs: Vec<Job>, done: &impl Fn(Done)) {
    let newest: BTreeMap<TaskId, usize> = jobs
        .iter()
        .enumerate()
        .map(|(index, (record, _))| (record.task.id, index))
        .collect();
    let errors: BTreeMap<TaskId, Option<String>> = newest
        .into_iter()
        .map(|(task, index)| {
            let error = save(tasks, &jobs[index].0).err();
            let line = error.map(|error| format!("task {task} can't be stored: {error}"));
            (task, line)
        })
        .collect();
    for (record, then) in jobs {
        let task = record.task.id;
        let error = errors.get(&task).cloned().flatten();
        done(Done { task, error, then });
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
