//! The shims: starting them, talking to them, noticing when they go.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::mpsc::Sender;

use super::event::Event;
use super::outgoing::Outgoing;
use crate::core::id::{Ident, RunId};
use crate::core::shim::{Launch, MARK, Order, Status};
use crate::sys::{proc, socket};

/// Between two byte counts of a run that somebody looks at: a frame's time.
pub(super) const WATCHED: Duration = Duration::from_millis(16);

/// Between two byte counts of a run that nobody looks at.
const UNWATCHED: Duration = Duration::from_millis(250);

/// A line to one shim.
#[derive(Debug)]
struct Line {
    /// Distinguishes this connection from an earlier one of the same run.
    generation: u64,
    orders: Outgoing,
    /// When the last byte count was acknowledged.
    acked: Option<Instant>,
    /// The number to acknowledge, and when.
    due: Option<(Instant, u64)>,
}

/// Lines to all shims, and which processes they are.
#[derive(Debug)]
pub(super) struct Shims {
    events: Sender<Event>,
    lines: BTreeMap<RunId, Line>,
    /// Shims, and helpers of hooks, that are children of this process. Any other child is
    /// an orphan of a shim that was killed.
    children: BTreeSet<i32>,
    /// What ran below this process when it began: of whoever became the supervisor by
    /// exec, and none of ours.
    strangers: BTreeSet<Ident>,
    /// Children reaped that were no shims.
    orphans: u64,
    generations: u64,
}

impl Shims {
    pub(super) fn new(events: Sender<Event>) -> Self {
        let below = proc::descendants(std::process::id() as i32);
        Self {
            events,
            lines: BTreeMap::new(),
            children: BTreeSet::new(),
            strangers: below.into_iter().map(|stat| stat.ident).collect(),
            orphans: 0,
            generations: 0,
        }
    }

    /// Starts a shim and gives it its launch. The socket on which it listens is made
    /// here, before it is started: a later supervisor that finds nobody listening there
    /// knows that no shim of this run lives.
    pub(super) fn spawn(&mut self, launch: Box<Launch>) -> io::Result<()> {
        let run = launch.intent.run;
        let listener = socket::listen(launch.socket.as_path())?;
        let (ours, theirs) = StdStream::pair()?;
        // no pre_exec: it would turn posix_spawn off, and fork copies page tables
        let child = Command::new("/proc/self/exe")
            .arg0("wrangle")
            .arg("__shim")
            .arg(run.to_string())
            .env_clear()
            // a leader bears its shim's environment until its program is loaded: should the
            // shim be killed before, it is found by this
            .env(MARK, launch.socket.as_os())
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(OwnedFd::from(listener)))
            .stderr(Stdio::null())
            .spawn()?;
        self.children.insert(child.id() as i32);
        self.attach(run, ours)?;
        self.order(run, &Order::Launch(launch));
        Ok(())
    }

    /// Takes over a connection to a run's shim.
    pub(super) fn attach(&mut self, run: RunId, stream: StdStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        let (read, write) = UnixStream::from_std(stream)?.into_split();
        self.generations += 1;
        let generation = self.generations;
        tokio::spawn(read_reports(
            BufReader::with_capacity(1024, read),
            (run, generation),
            self.events.clone(),
        ));
        self.lines.insert(
            run,
            Line {
                generation,
                orders: Outgoing::new(write),
                acked: None,
                due: None,
            },
        );
        Ok(())
    }

    /// Gives an order; nothing where the run has no shim any more. It lies in the shim's
    /// socket when this returns, before whoever asked for it can be answered.
    pub(super) fn order(&self, run: RunId, order: &Order) {
        if let Some(line) = self.lines.get(&run) {
            line.orders.give(order);
        }
    }

    /// Notes a report, to be acknowledged in its time.
    pub(super) fn reported(&mut self, run: RunId, seq: u64, watched: bool, now: Instant) {
        if let Some(line) = self.lines.get_mut(&run) {
            let pause = if watched { WATCHED } else { UNWATCHED };
            let due = line.acked.map_or(now, |last| last + pause);
            line.due = Some((due, seq));
        }
    }

    /// When the next acknowledgement is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.lines
            .values()
            .filter_map(|line| Some(line.due?.0))
            .min()
    }

    /// Somebody began to look at a run: its byte counts come sooner.
    pub(super) fn hasten(&mut self, run: RunId, now: Instant) {
        if let Some(line) = self.lines.get_mut(&run)
            && let Some((due, _)) = line.due.as_mut()
        {
            *due = (*due).min(now);
        }
    }

    /// Acknowledges what is due.
    pub(super) fn acknowledge(&mut self, now: Instant) {
        for line in self.lines.values_mut() {
            if let Some((at, seq)) = line.due
                && at <= now
            {
                line.due = None;
                line.acked = Some(now);
                line.orders.give(&Order::Ack(seq));
            }
        }
    }

    /// Forgets a connection that has ended; whether it was the run's current one.
    pub(super) fn gone(&mut self, run: RunId, generation: u64) -> bool {
        let current = self
            .lines
            .get(&run)
            .is_some_and(|line| line.generation == generation);
        if current {
            self.lines.remove(&run);
        }
        current
    }

    /// Ends all connections once every order that was given is sent; waits at most for
    /// so long. The shims go on.
    pub(super) async fn let_go(&mut self, patience: Duration) {
        let lines = std::mem::take(&mut self.lines);
        let sent = async {
            for line in lines.into_values() {
                line.orders.sent().await;
            }
        };
        // one that is stopped keeps nobody
        tokio::time::timeout(patience, sent).await.ok();
    }

    /// Whether any shim is connected.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// A child of this process is a helper that looks after what is below it.
    pub(super) fn helper(&mut self, pid: i32) {
        self.children.insert(pid);
    }

    /// Whether a process is a shim, or a helper, of this supervisor.
    pub(super) fn is_shim(&self, pid: i32) -> bool {
        self.children.contains(&pid)
    }

    /// Children of this process that shims left when they were killed. Process 1 gets
    /// everybody's orphans: there a tree is known by its mark and its leader alone.
    pub(super) fn orphaned(&self) -> Vec<i32> {
        let me = std::process::id() as i32;
        if me == 1 {
            return Vec::new();
        }
        let ours = |pid: &i32| {
            !self.is_shim(*pid)
                && proc::ident(*pid).is_some_and(|who| !self.strangers.contains(&who))
        };
        proc::children(me).into_iter().filter(ours).collect()
    }

    /// How many orphans of killed shims were reaped so far.
    pub(super) const fn orphans(&self) -> u64 {
        self.orphans
    }

    /// Reaps every child that has ended: shims, and orphans of shims that were killed.
    /// Nothing else in this process waits for children.
    pub(super) fn reap(&mut self) {
        use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(nix::errno::Errno::ECHILD) => return,
                Ok(status) => {
                    if let Some(pid) = status.pid()
                        && !self.children.remove(&pid.as_raw())
                    {
                        self.orphans += 1;
                    }
                }
                Err(_) => {}
            }
        }
    }
}

async fn read_reports(
    mut socket: BufReader<tokio::net::unix::OwnedReadHalf>,
    (run, generation): (RunId, u64),
    events: Sender<Event>,
) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match socket.read_until(b'\n', &mut line).await {
            Ok(count) if count > 0 => {}
            _ => break,
        }
        let Ok(status) = serde_json::from_slice::<Status>(&line) else {
            break;
        };
        if status.run != run || events.send(Event::Shim(Box::new(status))).await.is_err() {
            break;
        }
    }
    events.send(Event::ShimGone(run, generation)).await.ok();
}
