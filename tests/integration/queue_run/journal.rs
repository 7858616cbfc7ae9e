//! What ran when: as the tasks themselves wrote it down, and as `/proc` shows who lives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wrangle::core::id::Ident;
use wrangle::sys::proc;

/// A tick of `/proc/PID/stat`, in nanoseconds: a hundred a second wherever Linux runs.
const TICK: u64 = 10_000_000;

/// Nanoseconds since the machine was started, by the clock of `/proc/PID/stat`.
pub(super) fn now() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// A run that began. It lived at least from `start` to `end`.
#[derive(Debug, Clone)]
pub(super) struct Ran {
    /// `TASK.RUN`.
    pub(super) name: String,
    pub(super) task: u64,
    pub(super) number: u64,
    pub(super) leader: Ident,
    pub(super) start: u64,
    pub(super) end: u64,
    /// How it ended, where it could say so.
    pub(super) how: Option<String>,
}

impl Ran {
    /// Whether it lived at this time for certain.
    pub(super) const fn lives_at(&self, time: u64) -> bool {
        self.start <= time && time <= self.end
    }
}

/// The journal, and a thread that watches who of it lives.
pub(super) struct Journal {
    path: PathBuf,
    seen: Arc<Mutex<Seen>>,
    over: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    /// How much of the file was read.
    read: usize,
    runs: BTreeMap<String, Ran>,
    /// Starts that were told twice.
    twice: Vec<String>,
    alive: Vec<String>,
}

impl Journal {
    pub(super) fn new(path: PathBuf) -> Self {
        let (seen, over) = (Arc::<Mutex<Seen>>::default(), Arc::<AtomicBool>::default());
        let watcher = std::thread::spawn({
            let (path, seen, over) = (path.clone(), Arc::clone(&seen), Arc::clone(&over));
            move || {
                while !over.load(Ordering::Relaxed) {
                    seen.lock().unwrap().look(&path);
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        });
        Self {
            path,
            seen,
            over,
            watcher: Some(watcher),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        let mut seen = self.seen.lock().unwrap();
        seen.look(&self.path);
        seen
    }

    /// How many runs have begun.
    pub(super) fn started(&self) -> usize {
        self.seen().runs.len()
    }

    /// The tasks that run, with their leaders.
    pub(super) fn alive(&self) -> Vec<(u64, Ident)> {
        let seen = self.seen();
        let alive = seen.alive.iter().filter_map(|name| seen.runs.get(name));
        let alive = alive.filter(|run| run.how.is_none());
        alive.map(|run| (run.task, run.leader)).collect()
    }

    /// Every run, in the order in which they began. None began twice.
    #[track_caller]
    pub(super) fn runs(&self) -> Vec<Ran> {
        let seen = self.seen();
        assert!(seen.twice.is_empty(), "started twice: {:?}", seen.twice);
        let mut runs: Vec<Ran> = seen.runs.values().cloned().collect();
        runs.sort_by_key(|run| run.start);
        runs
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.watcher.take().map(JoinHandle::join);
    }
}

impl Seen {
    /// Reads what has been written since, and looks who lives.
    fn look(&mut self, path: &Path) {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        for line in text[self.read..whole].lines() {
            self.take_in(line);
        }
        self.read = whole;
        let runs = &mut self.runs;
        self.alive.retain(|name| {
            let time = now();
            let run = runs.get_mut(name).expect("a run");
            let lives = proc::is_alive(run.leader);
            if lives {
                run.end = run.end.max(time);
            }
            lives
        });
    }

    fn take_in(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        let name = words[1].to_owned();
        match words[0] {
            "start" => {
                let (ticks, written) = (number(4), number(5));
                let (task, _) = name.split_once('.').unwrap();
                let run = Ran {
                    task: task.parse().unwrap(),
                    number: number(2),
                    leader: Ident {
                        pid: number(3) as i32,
                        start: ticks,
                    },
                    // the kernel tells in which tick it was
                    start: written.min((ticks + 1) * TICK),
                    end: written,
                    how: None,
                    name: name.clone(),
                };
                self.alive.push(name.clone());
                if self.runs.insert(name, run).is_some() {
                    self.twice.push(line.to_owned());
                }
            }
            "end" => {
                let run = self.runs.get_mut(&name).expect("a run that began");
                run.how = Some(words[2].to_owned());
                run.end = run.end.max(number(3));
            }
            _ => panic!("not a line of the journal: {line}"),
        }
    }
}
