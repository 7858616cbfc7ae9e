//! The shim's life: one loop until nothing lives, all output is stored and the end is
//! on record.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;

use super::leader;
use super::link::Link;
use super::pump::Pump;
use super::{record, signals, tree};
use crate::core::shim::{INTENT, Launch, Order, STATUS, SpawnFailure, Status, StopBy, Stopping};
use crate::core::task::AfterExit;
use crate::sys::clock::{self, Clock};
use crate::sys::proc;

/// What there is to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    None,
    /// A byte count: worth a report once the last one was taken in.
    Bytes,
    /// Anything else: worth one at once.
    Urgent,
}

/// Everything a shim holds.
#[derive(Debug)]
pub(super) struct Host {
    clock: Clock,
    link: Option<Link>,
    listener: UnixListener,
    signals: SignalFd,
    socket: PathBuf,
    record: PathBuf,
    after_exit: AfterExit,
    grace: Duration,
    /// What asks the tree to end.
    stop_signal: rustix::process::Signal,
    orphan: Duration,
    pump: Pump,
    status: Status,
    /// What of the status has not been reported.
    news: News,
    acked: u64,
    /// When the kill sweep begins, in the clock's monotonic time.
    kill_at: Option<Duration>,
    /// The pause until the next round of the kill sweep, while it goes on.
    sweep: Option<Duration>,
    /// When the tree is ended for want of a supervisor.
    orphaned_at: Option<Duration>,
    recorded: bool,
    released: bool,
}

impl Host {
    pub(super) fn new(link: Link, listener: UnixListener, launch: &Launch) -> io::Result<Self> {
        let signals = signals::watch()?;
        // made here, so that the end can be put on record even where nothing was written
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(launch.log.as_path())
            .ok();
        // a full disk is no reason not to run: what can't be written waits there itself
        record::put(&launch.log.as_path().join(INTENT), &launch.intent).ok();
        Ok(Self {
            clock: Clock::start(),
            link: Some(link),
            listener,
            signals,
            socket: launch.socket.as_path().to_owned(),
            record: launch.log.as_path().join(STATUS),
            after_exit: launch.intent.spec.after_exit,
            grace: launch.intent.spec.grace(),
            stop_signal: tree::stop_signal(&launch.intent.spec),
            orphan: Duration::from_millis(launch.orphan_ms),
            pump: Pump::new(launch.log.as_path(), launch.cap),
            status: Status {
                run: launch.intent.run,
                seq: 0,
                shim: proc::me(),
                leader: None,
                started: None,
                failed: None,
                paused: false,
                stopping: None,
                exit: None,
                exited: None,
                exit_in_stop: false,
                left: 0,
                example: None,
                empty: false,
                drained: false,
                written: 0,
                dropped: 0,
                last_output: None,
                typed: Some(0),
                trouble: None,
            },
            news: News::Urgent,
            acked: 0,
            kill_at: None,
            sweep: None,
            orphaned_at: None,
            recorded: false,
            released: false,
        })
    }

    pub(super) fn start(&mut self, launch: &Launch) {
        match leader::launch(launch) {
            Ok(leader) => {
                self.status.leader = Some(leader.ident);
                self.status.started = Some(clock::wall());
                self.status.left = 1;
                self.pump.attach(leader.output, leader.input);
            }
            Err(reason) => {
                self.status.failed = Some(SpawnFailure { reason });
                self.status.empty = true;
                self.status.drained = true;
            }
        }
        self.changed();
    }

    fn changed(&mut self) {
        self.news = News::Urgent;
    }

    /// Until the end is on record with a supervisor, or on disk when none is there.
    pub(super) fn serve(&mut self) {
        loop {
            // before the question whether it is over: a report may find the supervisor gone
            self.report();
            if self.is_over() {
                break;
            }
            self.wait();
            self.step();
        }
        fs::remove_file(&self.socket).ok();
    }

    fn is_over(&mut self) -> bool {
        if !self.status.is_final() {
            return false;
        }
        if !self.recorded {
            self.recorded = record::put(&self.record, &self.status).is_ok();
        }
        let due = self
            .orphaned_at
            .is_some_and(|at| self.clock.now().mono >= at);
        self.released || (self.link.is_none() && (self.recorded || due))
    }

    /// Reports what changed. A byte count waits until the last report was taken in, so
    /// that a flood costs the supervisor no more than it can use.
    fn report(&mut self) {
        let Some(link) = self.link.as_mut() else {
            return;
        };
        let due = match self.news {
            News::None => false,
            News::Bytes => self.acked == self.status.seq,
            News::Urgent => true,
        };
        if due && link.is_idle() {
            self.status.seq += 1;
            self.news = News::None;
            if link.report(&self.status).is_err() {
                self.lose_link();
            }
        }
    }

    /// The supervisor is gone: its last orders hold, and the next one is waited for.
    fn lose_link(&mut self) {
        self.orphaned_at = Some(self.clock.now().mono + self.orphan);
        if let Some(mut link) = self.link.take() {
            for order in link.orders().unwrap_or_default() {
                self.obey(order);
            }
        }
    }

    /// Sleeps until something happens or a deadline comes.
    fn wait(&self) {
        let now = self.clock.now().mono;
        let due = [
            self.kill_at,
            self.orphaned_at
                .filter(|_| self.status.stopping.is_none() || self.status.is_final()),
            self.pump.retry_at(),
            self.sweep.map(|pause| now + pause),
        ]
        .into_iter()
        .flatten()
        .min();
        let timeout = due.map_or(PollTimeout::NONE, |due| {
            // rounded up, so that a deadline is not polled for
            let ms = due.saturating_sub(now).as_micros().div_ceil(1000);
            PollTimeout::try_from(i32::try_from(ms).unwrap_or(i32::MAX)).unwrap_or(PollTimeout::MAX)
        });
        let mut fds = vec![
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.listener.as_fd(), PollFlags::POLLIN),
        ];
        if let Some(link) = &self.link {
            let mut wanted = PollFlags::POLLIN;
            if !link.is_idle() {
                wanted |= PollFlags::POLLOUT;
            }
            fds.push(PollFd::new(link.as_fd(), wanted));
        }
        fds.extend(self.pump.polled());
        poll(&mut fds, timeout).ok();
    }

    /// One turn: everything is non-blocking, so each part just tries.
    fn step(&mut self) {
        self.take_signals();
        if let Some(link) = Link::accept(&self.listener) {
            // the newest supervisor is the one: it holds the lock
            self.link = Some(link);
            self.orphaned_at = None;
            self.acked = self.status.seq;
            self.changed();
        }
        self.take_orders();
        self.move_output();
        self.keep_deadlines();
    }

    fn take_signals(&mut self) {
        let mut reap = false;
        while let Ok(Some(info)) = self.signals.read_signal() {
            match Signal::try_from(info.ssi_signo as i32) {
                Ok(Signal::SIGCHLD) => reap = true,
                Ok(Signal::SIGTERM | Signal::SIGINT) => self.stop(self.grace, StopBy::Signal),
                _ => {}
            }
        }
        if reap || self.sweep.is_some() {
            self.reap();
        }
    }

    fn reap(&mut self) {
        if self.status.empty {
            return;
        }
        let leader = self.status.leader.map(|leader| leader.pid);
        loop {
            let reaped = tree::reap(leader);
            if let Some(exit) = reaped.leader {
                self.status.exit = Some(exit);
                self.status.exited = Some(clock::wall());
                self.status.exit_in_stop = self.status.stopping.is_some();
                self.changed();
            }
            if reaped.empty {
                self.status.empty = true;
                self.status.left = 0;
                self.status.example = None;
                self.status.paused = false;
                self.sweep = None;
                self.kill_at = None;
                self.changed();
                return;
            }
            if !reaped.more {
                break;
            }
        }
        if self.status.exit.is_some() {
            self.count();
            if self.after_exit == AfterExit::Sweep && self.status.stopping.is_none() {
                self.stop(self.grace, StopBy::Policy);
            }
            // should this process be killed, the leader's end is known all the same
            record::put(&self.record, &self.status).ok();
        }
    }

    /// Counts what lives once the leader is gone: a person decides about it.
    fn count(&mut self) {
        let living = tree::living();
        let example = living
            .first()
            .and_then(|stat| proc::command_line(stat.ident.pid));
        let left = living.len() as u32;
        if left != self.status.left || example != self.status.example {
            self.status.left = left;
            self.status.example = example;
            self.changed();
        }
    }

    fn take_orders(&mut self) {
        let Some(link) = self.link.as_mut() else {
            return;
        };
        if link.flush().is_err() {
            return self.lose_link();
        }
        match link.orders() {
            Ok(orders) => {
                for order in orders {
                    self.obey(order);
                }
            }
            Err(_) => self.lose_link(),
        }
    }

    pub(super) fn obey(&mut self, order: Order) {
        match order {
            Order::Stop { grace_ms } => {
                self.stop(Duration::from_millis(grace_ms), StopBy::Order);
            }
            Order::Kill => self.kill(),
            Order::Pause if self.status.stopping.is_none() && !self.status.empty => {
                tree::freeze();
                self.status.paused = true;
                self.changed();
            }
            Order::Resume if self.status.paused => {
                tree::resume();
                self.status.paused = false;
                self.changed();
            }
            Order::Input(bytes) => {
                self.pump.send(bytes.as_bytes());
                let typed = self.status.typed.get_or_insert_default();
                *typed += bytes.as_bytes().len() as u64;
                self.news = self.news.max(News::Bytes);
            }
            Order::Eof => self.pump.end_input(),
            Order::Ack(seq) => self.acked = self.acked.max(seq),
            Order::Dropped(offset) => self.pump.dropped_to(offset),
            Order::Abandon => self.pump.abandon(),
            Order::Release => self.released = true,
            // a second launch is never obeyed: a run starts once
            Order::Launch(_) | Order::Pause | Order::Resume => {}
        }
    }

    /// The signal now that asks to end, the kill sweep after the grace. A later stop hastens, never delays.
    fn stop(&mut self, grace: Duration, by: StopBy) {
        if self.status.empty || self.sweep.is_some() {
            return;
        }
        let at = self.clock.now().mono + grace;
        if self.kill_at.is_some_and(|earlier| earlier <= at) {
            return;
        }
        // what a leader leaves behind is no agent
        tree::terminate(if by == StopBy::Policy {
            rustix::process::Signal::TERM
        } else {
            self.stop_signal
        });
        self.kill_at = Some(at);
        self.status.paused = false;
        self.status.stopping = Some(Stopping {
            kill_at: Some(clock::wall().plus(grace)),
            by: self.status.stopping.map_or(by, |earlier| earlier.by),
        });
        self.changed();
    }

    /// Begins the kill sweep.
    fn kill(&mut self) {
        if self.status.empty {
            return;
        }
        self.kill_at = None;
        self.status.paused = false;
        self.status.stopping = Some(Stopping {
            kill_at: None,
            by: self.status.stopping.map_or(StopBy::Order, |stop| stop.by),
        });
        self.changed();
        self.sweep.get_or_insert(Duration::ZERO);
    }

    fn move_output(&mut self) {
        self.pump.turn(&self.clock, self.status.empty);
        let pump = &self.pump;
        let news = pump.end() != self.status.written
            || pump.dropped() != self.status.dropped
            || pump.trouble() != self.status.trouble.as_deref()
            || (self.status.empty && pump.is_drained() && !self.status.drained);
        if !news {
            return;
        }
        if pump.end() != self.status.written {
            self.status.last_output = Some(clock::wall());
        }
        // a change of what is kept matters to the cap on all logs together
        if pump.dropped() != self.status.dropped
            || pump.segment() != pump.segment_of(self.status.written)
            || pump.trouble() != self.status.trouble.as_deref()
            || self.status.empty
        {
            self.news = News::Urgent;
        }
        self.news = self.news.max(News::Bytes);
        self.status.written = pump.end();
        self.status.dropped = pump.dropped();
        self.status.trouble = pump.trouble().map(str::to_owned);
        self.status.drained = self.status.empty && pump.is_drained();
    }

    fn keep_deadlines(&mut self) {
        let now = self.clock.now().mono;
        if self.kill_at.is_some_and(|at| now >= at) {
            self.kill();
        }
        if self.orphaned_at.is_some_and(|at| now >= at) && self.status.stopping.is_none() {
            self.stop(self.grace, StopBy::Orphaned);
            self.pump.abandon();
        }
        if let Some(pause) = self.sweep {
            tree::kill();
            self.reap();
            // what is in an uninterruptible sleep takes as long as it takes
            let longer = (pause * 2).clamp(Duration::from_millis(1), Duration::from_millis(50));
            self.sweep = self.sweep.map(|_| longer);
            if self.status.empty {
                self.move_output();
            }
        }
    }
}
