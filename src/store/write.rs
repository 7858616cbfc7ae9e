//! The thread that owns the database.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode, TransactionBehavior, params};

use super::db::{self, Refusal};
use super::load::{self, Loaded};
use super::rows;
use crate::core::effect::Effect;
use crate::core::event::Event;
use crate::core::id::TaskId;
use crate::core::input::Ticket;
use crate::core::record::Change;
use crate::sys::fault;

/// What became of something asked of the store.
#[derive(Debug)]
pub enum Done {
    /// A write.
    Written {
        /// What was to change.
        change: Change,
        /// What happened by it.
        events: Vec<Event>,
        /// What waited.
        then: Vec<Effect>,
        /// Why it failed, in one line.
        error: Option<String>,
    },
    /// A look at the activity log.
    Read {
        /// Who asked for what.
        read: Read,
        /// Entries, oldest first, or why they can't be read.
        events: Result<Vec<Event>, String>,
    },
}

/// A look at the activity log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Whom to answer.
    pub ticket: Ticket,
    /// Of this task alone.
    pub task: Option<TaskId>,
    /// So many of the last.
    pub most: Option<u32>,
    /// Whether this is the last answer.
    pub last: bool,
}

#[derive(Debug)]
enum Job {
    Write(Write),
    Read(Read),
}

/// A change, what happened by it, and what waits for it.
#[derive(Debug)]
struct Write {
    change: Change,
    events: Vec<Event>,
    then: Vec<Effect>,
}

/// Does what is asked in the order in which it is asked.
#[derive(Debug)]
pub struct Store {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl Store {
    /// Opens the database at `path`, brings it to the newest layout, reads it, and starts
    /// the thread. `tasks` is the directory of all logs: what lies there and is not in the
    /// database is listed anew. A damaged database is set aside under a name with
    /// `stamp`. `done` is called on the thread after each thing asked.
    ///
    /// # Errors
    /// One line: why there is no store to work with, and what to do. Nothing was changed then.
    pub fn open(
        path: &Path,
        tasks: &Path,
        stamp: &str,
        done: impl Fn(Done) + Send + 'static,
    ) -> Result<(Self, Loaded), String> {
        let (db, loaded) = load::open(path, tasks, stamp)?;
        let owner = Owner {
            path: path.to_owned(),
            tasks: tasks.to_owned(),
            stamp: stamp.to_owned(),
            rebuilt: 0,
            place: db::place(path),
            db: Some(db),
        };
        let store = Self::start(owner, done)
            .map_err(|error| format!("cannot start the store's thread: {error}"))?;
        Ok((store, loaded))
    }

    fn start(mut owner: Owner, done: impl Fn(Done) + Send + 'static) -> io::Result<Self> {
        let (jobs, work) = channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("store".into())
            .stack_size(512 << 10)
            .spawn(move || {
                while let Ok(first) = work.recv() {
                    let mut writes = Vec::new();
                    for job in std::iter::once(first).chain(work.try_iter()) {
                        match job {
                            Job::Write(write) => writes.push(write),
                            Job::Read(read) => {
                                owner.write(std::mem::take(&mut writes), &done);
                                let events = owner.read(read);
                                done(Done::Read { read, events });
                            }
                        }
                    }
                    owner.write(writes, &done);
                }
            })?;
        Ok(Self { jobs, thread })
    }

    /// Queues a change; it comes back, with `then`, by [`Done::Written`].
    pub fn save(&self, change: Change, events: Vec<Event>, then: Vec<Effect>) {
        // the thread ends only after this handle is gone
        self.jobs
            .send(Job::Write(Write {
                change,
                events,
                then,
            }))
            .ok();
    }

    /// Queues a look at the activity log, which sees what was queued before.
    pub fn read(&self, read: Read) {
        self.jobs.send(Job::Read(read)).ok();
    }

    /// Waits until everything queued is done.
    pub fn close(self) {
        drop(self.jobs);
        self.thread.join().ok();
    }
}

struct Owner {
    path: PathBuf,
    /// The directory of all logs.
    tasks: PathBuf,
    /// Part of the name of what is set aside.
    stamp: String,
    /// How often the database was set aside in this life.
    rebuilt: u32,
    db: Option<Connection>,
    /// The file that is open.
    place: Option<(u64, u64)>,
}

impl Owner {
    /// Writes all of it as one, or, where that fails, each by itself, so that one that
    /// can't be written takes no other along.
    fn write(&mut self, writes: Vec<Write>, done: &impl Fn(Done)) {
        if writes.is_empty() {
            return;
        }
        fault::point("before-commit");
        let together = self.commit(&writes);
        let alone = writes.len() > 1;
        for write in writes {
            let error = match &together {
                Ok(()) => None,
                Err(_) if alone => self.commit(std::slice::from_ref(&write)).err(),
                Err(line) => Some(line.clone()),
            };
            if error.is_none() {
                fault::point("after-commit");
            }
            done(Done::Written {
                change: write.change,
                events: write.events,
                then: write.then,
                error: error.map(|why| format!("{why}{}", self.remedy(&why))),
            });
        }
    }

    fn commit(&mut self, writes: &[Write]) -> Result<(), String> {
        let result = self.connection().and_then(|db| {
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for write in writes {
                apply(&transaction, &write.change)?;
                for event in &write.events {
                    rows::put_event(&transaction, event)?;
                }
            }
            transaction.commit()
        });
        result.map_err(|error| match Refusal::of(&error) {
            Refusal::Damaged(why) => self.rebuild(&why),
            Refusal::Unusable(_) => self.give_up(&error),
        })
    }

    fn read(&mut self, read: Read) -> Result<Vec<Event>, String> {
        let most = read.most.map_or(i64::MAX, i64::from);
        let task = read.task.map(|id| id.0);
        let result = self.connection().and_then(|db| {
            let mut query = db.prepare_cached(
                "SELECT * FROM (SELECT * FROM event WHERE ?1 IS NULL OR task = ?1 \
                 ORDER BY seq DESC LIMIT ?2) ORDER BY seq",
            )?;
            let events = query.query_map(params![task, most], rows::event)?;
            events.collect()
        });
        result.map_err(|error| {
            let why = self.give_up(&error);
            format!("cannot read the activity log: {why}{}", self.remedy(&why))
        })
    }

    fn connection(&mut self) -> rusqlite::Result<&mut Connection> {
        let place = db::place(&self.path);
        let db = match self.db.take() {
            Some(db) if place.is_some() && place == self.place => db,
            // removed: what is written to a file without a name is as good as lost
            Some(db) if place.is_none() => {
                let put = db::put_back(&db, &self.path);
                if put.is_err() {
                    self.db = Some(db);
                }
                put?;
                db::reopen(&self.path)?
            }
            _ => db::reopen(&self.path)?,
        };
        self.place = db::place(&self.path);
        Ok(self.db.insert(db))
    }

    /// Sets the damaged database aside and begins another with what the log directories
    /// tell; what became of it.
    fn rebuild(&mut self, why: &str) -> String {
        self.db = None;
        self.rebuilt += 1;
        let stamp = format!("{}-{}", self.stamp, self.rebuilt);
        let aside = match db::set_aside(&self.path, &stamp) {
            Ok(aside) => format!("and is kept as {}", aside.display()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "and is gone".into(),
            Err(error) => return format!("{why}, and it can't be set aside: {error}"),
        };
        match load::open(&self.path, &self.tasks, &stamp) {
            Ok((db, _)) => {
                self.db = Some(db);
                self.place = db::place(&self.path);
                format!(
                    "the database was damaged ({why}) {aside}; tasks were listed anew from their logs"
                )
            }
            Err(why) => why,
        }
    }

    /// What an error says. After one that is more than want of room the file is opened
    /// anew: a file system that was remounted, or a file that was put back, is noticed then.
    fn give_up(&mut self, error: &rusqlite::Error) -> String {
        let harmless = matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        );
        // what has no name any more is in the open files alone
        if !harmless && db::place(&self.path).is_some() {
            self.db = None;
        }
        error.to_string()
    }

    /// What to do about it.
    fn remedy(&self, why: &str) -> String {
        let place = self.path.parent().unwrap_or(&self.path).display();
        if why.contains("full") {
            format!("; make room in {place}")
        } else if why.contains("readonly") {
            format!("; make {place} writable again")
        } else {
            "; wrangle doctor says what is wrong with it".into()
        }
    }
}

fn apply(db: &Connection, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Nothing => Ok(()),
        Change::Task(record) => rows::put(db, record),
        Change::Remove(ids) => ids.iter().try_for_each(|id| {
            db.prepare_cached("INSERT OR IGNORE INTO deletion (task) VALUES (?)")?
                .execute([id.0])?;
            db.prepare_cached("DELETE FROM task WHERE id = ?")?
                .execute([id.0])?;
            Ok(())
        }),
        Change::Deleted(ids) => ids.iter().try_for_each(|id| {
            db.prepare_cached("DELETE FROM deletion WHERE task = ?")?
                .execute([id.0])?;
            Ok(())
        }),
        Change::Setting { key, value } => {
            db.prepare_cached("INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)")?
                .execute([key, value])?;
            Ok(())
        }
    }
}
