//! The thread that owns the database.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params};

use super::db::Refusal;
use super::keep::{Keeper, Mended};
use super::load::{self, Loaded};
use super::{happened, rows, tools, waiting};
use crate::core::agent::tool::ToolCall;
use crate::core::effect::Effect;
use crate::core::event::Event;
use crate::core::id::TaskId;
use crate::core::input::Ticket;
use crate::core::record::Change;
use crate::sys::fault;

/// Between two cuts of the activity log: so many entries more than it should hold are
/// borne at most.
const CUT_EVERY: usize = 1_000;

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
    /// The database was mended, or begun anew: what is said of writes after this is
    /// about that one.
    Mended(Mended),
    /// A look at the activity log.
    Read {
        /// Who asked for what.
        read: Read,
        /// Entries, oldest first, and what is wrong with others, in one line each; or why
        /// none can be read.
        events: Result<(Vec<Event>, Vec<String>), String>,
    },
    /// A look at a task's calls of tools.
    Tools {
        /// Who asked for it.
        ticket: Ticket,
        /// The calls, and what is wrong with others, in one line each; or why none can be
        /// read.
        calls: Result<(Vec<ToolCall>, Vec<String>), String>,
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

/// The most writes of one transaction: whoever waits for the first of thousands need not
/// wait for the last.
const AT_ONCE: usize = 500;

#[derive(Debug)]
enum Job {
    Write(Write),
    Read(Read),
    Tools(Ticket, TaskId),
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
    /// Hangs up when the thread is done.
    ended: Receiver<()>,
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
            keeper: Keeper::new(path, stamp, db, &loaded),
            tasks: tasks.to_owned(),
            uncut: 0,
        };
        let store = Self::start(owner, done)
            .map_err(|error| format!("cannot start the store's thread: {error}"))?;
        Ok((store, loaded))
    }

    fn start(mut owner: Owner, done: impl Fn(Done) + Send + 'static) -> io::Result<Self> {
        let (jobs, work) = channel::<Job>();
        let (ends, ended) = channel();
        let thread = std::thread::Builder::new()
            .name("store".into())
            .stack_size(512 << 10)
            .spawn(move || {
                while let Ok(first) = work.recv() {
                    let mut writes = Vec::new();
                    for job in std::iter::once(first).chain(work.try_iter()) {
                        match job {
                            Job::Write(write) => {
                                writes.push(write);
                                if writes.len() >= AT_ONCE {
                                    owner.write(std::mem::take(&mut writes), &done);
                                }
                            }
                            Job::Read(read) => {
                                owner.write(std::mem::take(&mut writes), &done);
                                owner.read(read, &done);
                            }
                            Job::Tools(ticket, task) => {
                                owner.write(std::mem::take(&mut writes), &done);
                                owner.read_tools(ticket, task, &done);
                            }
                        }
                    }
                    owner.write(writes, &done);
                }
                owner.keeper.close();
                drop(ends);
            })?;
        Ok(Self {
            jobs,
            ended,
            thread,
        })
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

    /// Queues a look at a task's calls of tools, which sees what was queued before.
    pub fn read_tools(&self, ticket: Ticket, task: TaskId) {
        self.jobs.send(Job::Tools(ticket, task)).ok();
    }

    /// Waits until everything queued is done.
    pub fn close(self) {
        self.close_within(Duration::MAX);
    }

    /// Waits so long at most: a disk that does not answer holds nobody who has to leave.
    /// Whether everything queued is done; else the thread is left to itself.
    pub fn close_within(self, patience: Duration) -> bool {
        drop(self.jobs);
        if self.ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            return false;
        }
        self.thread.join().is_ok()
    }
}

struct Owner {
    keeper: Keeper,
    /// The directory of all logs.
    tasks: PathBuf,
    /// Entries written since the activity log was last cut.
    uncut: usize,
}

impl Owner {
    /// Writes all of it as one, or, where one can't be written, each by itself, so that
    /// it takes no other along.
    fn write(&mut self, writes: Vec<Write>, done: &impl Fn(Done)) {
        if writes.is_empty() {
            return;
        }
        fault::point("before-commit");
        let together = self.commit(&writes, done);
        let alone = writes.len() > 1 && matches!(together, Err(Refusal::Row(_)));
        let together = together.map_err(Refusal::why);
        for write in writes {
            let result = if alone {
                let one = std::slice::from_ref(&write);
                self.commit(one, done).map_err(Refusal::why)
            } else {
                together.clone()
            };
            if result.is_ok() {
                self.keeper.note(&write.change);
                self.uncut += write.events.len();
                fault::point("after-commit");
            }
            done(Done::Written {
                change: write.change,
                events: write.events,
                then: write.then,
                error: result.err().map(|why| self.with_remedy(&why)),
            });
        }
        if self.uncut >= CUT_EVERY {
            self.uncut = 0;
            // where it can't be, that is said of the next write; it is tried again later
            self.keeper.with(|db| load::cut(db)).ok();
            self.tell(done);
        }
    }

    fn commit(&mut self, writes: &[Write], done: &impl Fn(Done)) -> Result<(), Refusal> {
        let result = self.keeper.with(|db| {
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let newest = newest(writes);
            for (at, write) in writes.iter().enumerate() {
                if newest[at] {
                    apply(&transaction, &write.change)?;
                }
                for event in &write.events {
                    happened::put_event(&transaction, event)?;
                }
            }
            transaction.commit()
        });
        self.tell(done);
        if result.is_ok() {
            for write in writes {
                if let Change::Task(record) = &write.change {
                    waiting::note(&self.tasks, record);
                }
            }
        }
        result
    }

    fn read(&mut self, read: Read, done: &impl Fn(Done)) {
        let most = read.most.map_or(i64::MAX, i64::from);
        let task = read.task.map(|id| id.0);
        let result = self.keeper.with(|db| {
            let mut query = db.prepare_cached(
                "SELECT * FROM (SELECT * FROM event WHERE ?1 IS NULL OR task = ?1 \
                 ORDER BY seq DESC LIMIT ?2) ORDER BY seq",
            )?;
            let mut problems = Vec::new();
            let rows = query.query(params![task, most])?;
            let events = load::sensible(rows, "entry", &mut problems, happened::event)?;
            Ok((events, problems))
        });
        self.tell(done);
        let events = result.map_err(|refusal| {
            let why = self.with_remedy(&refusal.why());
            format!("cannot read the activity log: {why}")
        });
        done(Done::Read { read, events });
    }

    fn read_tools(&mut self, ticket: Ticket, task: TaskId, done: &impl Fn(Done)) {
        let result = self.keeper.with(|db| tools::of_task(db, task));
        self.tell(done);
        let calls = result.map_err(|refusal| {
            let why = self.with_remedy(&refusal.why());
            format!("cannot read which tools task {task} called: {why}")
        });
        done(Done::Tools { ticket, calls });
    }

    fn tell(&mut self, done: &impl Fn(Done)) {
        for mended in self.keeper.take_mended() {
            done(Done::Mended(mended));
        }
    }

    /// What to do about it, too.
    fn with_remedy(&self, why: &str) -> String {
        let place = self.keeper.dir().display();
        if why.contains("full") {
            format!("{why}; make room in {place}")
        } else if why.contains("locked") {
            format!("{why}; end the other program that has {place}/wrangle.db open")
        } else if why.contains("readonly") {
            format!("{why}; make {place} writable again")
        } else {
            format!("{why}; wrangle doctor says what is wrong with it")
        }
    }
}

/// Which changes are to be made: each tells all of its task, so that of several the last
/// will do. What belongs to a task needs it to stand there before.
fn newest(writes: &[Write]) -> Vec<bool> {
    let mut seen = BTreeSet::new();
    let is_last = |write: &Write| match &write.change {
        Change::Task(record) => seen.insert(record.task.id),
        Change::Tools(task, _) => {
            seen.remove(task);
            true
        }
        _ => true,
    };
    let mut newest: Vec<bool> = writes.iter().rev().map(is_last).collect();
    newest.reverse();
    newest
}

fn apply(db: &Connection, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Nothing => Ok(()),
        Change::Task(record) => rows::put(db, record),
        Change::Tools(task, calls) => tools::put(db, *task, calls),
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
