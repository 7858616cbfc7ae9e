//! The line to the supervisor, for calls: requests out, answers in, and what else may
//! end the waiting.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde::Serialize;

use super::connect::reconnect;
use super::open::{Deaths, Open};
use super::trouble::Trouble;
use crate::config::Paths;
use crate::core::wire::{Answer, FromClient, FromSupervisor, LONGEST, Request, Role, Welcome};

/// What is read at once.
const READ: usize = 64 << 10;

/// What came of waiting.
#[derive(Debug)]
pub(super) enum News {
    /// The supervisor said something.
    Said(Box<FromSupervisor>),
    /// Ctrl-C.
    Interrupted,
    /// The time is up.
    Late,
    /// The other side is gone.
    Ended,
}

/// A supervisor that listens.
#[derive(Debug)]
pub(super) struct Line {
    paths: Paths,
    stream: UnixStream,
    /// What was read and not yet understood.
    buffer: Vec<u8>,
    /// So much of it is known to hold no end of a line: a long one comes in many pieces.
    searched: usize,
    said: VecDeque<FromSupervisor>,
    interrupts: Option<SignalFd>,
    next: u64,
    open: Open,
    deaths: Deaths,
}

impl Line {
    /// To the supervisor of the herd in `paths`.
    pub(super) fn new(paths: &Paths, stream: UnixStream) -> Self {
        Self {
            paths: paths.clone(),
            stream,
            buffer: Vec::new(),
            searched: 0,
            said: VecDeque::new(),
            interrupts: None,
            next: 0,
            open: Open::default(),
            deaths: Deaths::default(),
        }
    }

    /// The bare socket, with what was read from it and not yet taken.
    pub(super) fn into_parts(self) -> (UnixStream, Vec<u8>) {
        (self.stream, self.buffer)
    }

    /// From now on Ctrl-C ends the waiting, not the process. Where it was ignored when
    /// the program began (`nohup`, a script's background job) it stays so.
    pub(super) fn catch_interrupts(&mut self) -> Result<(), Trouble> {
        // a blocked signal is queued even when it is ignored (signal(7))
        if interrupts_are_ignored() {
            return Ok(());
        }
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGINT);
        let caught = mask
            .thread_block()
            .and_then(|()| SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC));
        self.interrupts = Some(
            caught.map_err(|error| Trouble::Failed(format!("cannot watch for Ctrl-C: {error}")))?,
        );
        Ok(())
    }

    pub(super) fn send(&mut self, message: &impl Serialize) -> io::Result<()> {
        self.stream.write_all(&encode(message)?)
    }

    /// Sends a request; answers will bear the number it gives.
    pub(super) fn ask(&mut self, request: Request) -> Result<u64, Trouble> {
        self.next += 1;
        self.open.asked(self.next, request.clone());
        let number = self.next;
        let line = encode(&FromClient::Request(number, request))
            .map_err(|error| Trouble::Failed(format!("this can't be asked: {error}")))?;
        if line.len() > LONGEST {
            let most = LONGEST >> 20;
            return Err(Trouble::Failed(format!(
                "this is too much to be asked at once: more than {most} MiB; split it"
            )));
        }
        // a supervisor that is gone is seen when the answer is waited for
        self.stream.write_all(&line).ok();
        Ok(number)
    }

    /// Asks for newer news of a watched task.
    pub(super) fn taken_in(&mut self) {
        // as above
        self.send(&FromClient::Drawn).ok();
    }

    /// Turns to the next supervisor, which is started where there is none, and asks it
    /// what the last one left unanswered. After a takeover (`replaced`) nothing of that
    /// was carried out; one that died may have begun it.
    fn come_back(&mut self, replaced: bool) -> Result<(), Trouble> {
        if !replaced && !self.open.stands() {
            return Err(lost());
        }
        if !replaced && !self.deaths.bear(Instant::now()) {
            return Err(again_and_again(&self.paths));
        }
        let (next, _) = reconnect(&self.paths, &Role::Call)?;
        self.stream = next.stream;
        self.buffer = next.buffer;
        self.searched = next.searched;
        self.said = next.said;
        let again: Vec<FromClient> = self
            .open
            .iter()
            .map(|(number, request)| FromClient::Request(number, request.clone()))
            .collect();
        for request in &again {
            self.send(request).ok();
        }
        Ok(())
    }

    /// The next answer to a request, and whether it is the last; `None`: the time is up.
    /// A supervisor that is replaced, or dies, meanwhile makes no difference where that
    /// can be.
    pub(super) fn answer(
        &mut self,
        number: u64,
        until: Option<Instant>,
    ) -> Result<Option<(Answer, bool)>, Trouble> {
        loop {
            match self.any_answer(until)? {
                Some((n, Answer::Failed(failure, line), _)) if n == number => {
                    return Err((failure, line).into());
                }
                Some((n, answer, last)) if n == number => return Ok(Some((answer, last))),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next answer to whichever request: its number, what is answered, and whether it
    /// is the last; `None`: the time is up.
    pub(super) fn any_answer(
        &mut self,
        until: Option<Instant>,
    ) -> Result<Option<(u64, Answer, bool)>, Trouble> {
        loop {
            match self.next(until)? {
                News::Said(said) => match *said {
                    FromSupervisor::Answer(number, mut answer, last) => {
                        self.open.answered(number, &mut answer, last);
                        return Ok(Some((number, answer, last)));
                    }
                    FromSupervisor::Bye(why) => {
                        return Err(why.map_or_else(lost, Trouble::Unreachable));
                    }
                    FromSupervisor::Replaced(_) => self.come_back(true)?,
                    _ => {}
                },
                News::Late => return Ok(None),
                News::Interrupted => {
                    return Err(Trouble::Signalled(Signal::SIGINT as i32, String::new()));
                }
                News::Ended => self.come_back(false)?,
            }
        }
    }

    /// Waits until something is said or the waiting ends.
    pub(super) fn next(&mut self, until: Option<Instant>) -> Result<News, Trouble> {
        loop {
            if let Some(said) = self.said.pop_front() {
                return Ok(News::Said(Box::new(said)));
            }
            // what came right behind a welcome
            self.take(&[])?;
            if !self.said.is_empty() {
                continue;
            }
            if let Some(news) = self.wait(until)? {
                return Ok(news);
            }
            let mut piece = vec![0; READ];
            match self.stream.read(&mut piece) {
                Ok(0) => return Ok(News::Ended),
                Ok(read) => self.take(&piece[..read])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ok(News::Ended),
            }
        }
    }

    /// `None` when there is something to read.
    fn wait(&self, until: Option<Instant>) -> Result<Option<News>, Trouble> {
        loop {
            let timeout = until.map_or(PollTimeout::NONE, left);
            let mut fds = vec![PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)];
            if let Some(interrupts) = &self.interrupts {
                fds.push(PollFd::new(interrupts.as_fd(), PollFlags::POLLIN));
            }
            match poll(&mut fds, timeout) {
                Ok(0) if until.is_some_and(|until| Instant::now() >= until) => {
                    return Ok(Some(News::Late));
                }
                Ok(0) | Err(nix::errno::Errno::EINTR) => {}
                Ok(_) if fds.get(1).and_then(PollFd::any) == Some(true) => {
                    return Ok(Some(News::Interrupted));
                }
                Ok(_) => return Ok(None),
                Err(error) => {
                    return Err(Trouble::Failed(format!(
                        "cannot wait for the supervisor: {error}"
                    )));
                }
            }
        }
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), Trouble> {
        self.buffer.extend_from_slice(piece);
        let mut taken = 0;
        let mut from = std::mem::take(&mut self.searched);
        while let Some(end) = memchr::memchr(b'\n', &self.buffer[from..]) {
            let end = from + end;
            let line = &self.buffer[taken..end];
            let said = serde_json::from_slice(line).map_err(|error| {
                Trouble::Unreachable(format!(
                    "the supervisor's words are not understood ({error}); it may be of another version: wrangle shutdown with that version ends it"
                ))
            })?;
            taken = end + 1;
            from = taken;
            self.said.push_back(said);
            // a screen's frames are bytes, not lines: they are for someone else to take
            if matches!(self.said.back(), Some(FromSupervisor::Welcome(_))) {
                self.buffer.drain(..taken);
                return Ok(());
            }
        }
        self.searched = self.buffer.len() - taken;
        self.buffer.drain(..taken);
        Ok(())
    }
}

/// A message as a line.
fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

/// Whether SIGINT is ignored, as `/proc/self/status` says (proc(5): one bit per signal).
fn interrupts_are_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & (1 << (Signal::SIGINT as u32 - 1)) != 0)
}

/// The time left, rounded up so that a deadline is not polled for.
fn left(until: Instant) -> PollTimeout {
    let left = until.saturating_duration_since(Instant::now());
    let ms = left.as_micros().div_ceil(1000);
    i32::try_from(ms)
        .ok()
        .and_then(|ms| PollTimeout::try_from(ms).ok())
        .unwrap_or(PollTimeout::MAX)
}

fn lost() -> Trouble {
    Trouble::Unreachable(
        "the supervisor ended; tasks go on with their shims: the next wrangle takes them over"
            .into(),
    )
}

/// What is said where they die in a row.
pub(super) fn again_and_again(paths: &Paths) -> Trouble {
    Trouble::Unreachable(format!(
        "the supervisor died again and again; tasks go on with their shims; see {}",
        paths.log().display()
    ))
}

/// A process whose end can be waited for.
#[derive(Debug)]
pub(super) struct Process(Option<OwnedFd>);

impl Process {
    /// The supervisor that said welcome: it lives, so its pid is its own.
    pub(super) fn of(welcome: &Welcome) -> Self {
        let pid = Pid::from_raw(welcome.pid);
        Self(pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()))
    }

    /// Waits until it has ended; whether it has within that time.
    pub(super) fn wait(&self, most: Duration) -> bool {
        let Some(pidfd) = &self.0 else {
            return true;
        };
        let until = Instant::now() + most;
        loop {
            let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, left(until)) {
                Ok(0) | Err(nix::errno::Errno::EINTR) if Instant::now() < until => {}
                Ok(ended) => return ended > 0,
                Err(_) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::wire::{Failure, Pick};

    fn pair() -> (Line, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let nowhere = Paths::under(&"/nonexistent".into()).unwrap();
        (Line::new(&nowhere, ours), theirs)
    }

    fn say(to: &mut UnixStream, said: &FromSupervisor) {
        let mut line = serde_json::to_vec(said).unwrap();
        line.push(b'\n');
        to.write_all(&line).unwrap();
    }

    #[test]
    fn answers_are_told_apart_by_their_number() {
        let (mut line, mut supervisor) = pair();
        let number = line.ask(Request::Shutdown { force: false }).unwrap();
        say(
            &mut supervisor,
            &FromSupervisor::Answer(number + 7, Answer::Done(None), true),
        );
        say(
            &mut supervisor,
            &FromSupervisor::Answer(number, Answer::Done(Some("so".into())), true),
        );
        let (answer, last) = line.answer(number, None).unwrap().unwrap();
        assert!(last && matches!(answer, Answer::Done(Some(what)) if what == "so"));
    }

    #[test]
    fn a_refusal_has_the_exit_code_of_its_kind() {
        for (failure, code) in [
            (Failure::Failed, 1),
            (Failure::Usage, 2),
            (Failure::NoSuchTask, 4),
        ] {
            let (mut line, mut supervisor) = pair();
            let number = line.ask(Request::Wait(Pick::default())).unwrap();
            let answer = Answer::Failed(failure, "no".into());
            say(
                &mut supervisor,
                &FromSupervisor::Answer(number, answer, true),
            );
            assert_eq!(line.answer(number, None).unwrap_err().code(), code);
        }
    }

    #[test]
    fn a_silent_supervisor_is_waited_for_until_the_time_is_up_and_a_dead_one_not() {
        let (mut line, supervisor) = pair();
        let soon = Instant::now() + Duration::from_millis(5);
        assert!(line.answer(1, Some(soon)).unwrap().is_none());
        drop(supervisor);
        assert_eq!(line.answer(1, None).unwrap_err().code(), 3);
    }

    #[test]
    fn words_of_another_version_are_no_panic() {
        let (mut line, mut supervisor) = pair();
        supervisor.write_all(b"hello?\n").unwrap();
        let trouble = line.next(None).unwrap_err();
        assert_eq!(trouble.code(), 3);
        assert!(trouble.to_string().contains("another version"));
    }

    #[test]
    fn what_comes_right_behind_a_welcome_is_heard_though_nothing_follows() {
        let (mut line, mut supervisor) = pair();
        let words =
            b"{\"welcome\":{\"version\":\"9\",\"pid\":7,\"data\":\"/\"}}\n{\"replaced\":\"9\"}\n";
        supervisor.write_all(words).unwrap();
        drop(supervisor);
        for wanted in ["Welcome", "Replaced"] {
            let news = format!("{:?}", line.next(None).unwrap());
            assert!(news.contains(wanted), "no {wanted} in {news}");
        }
        assert!(matches!(line.next(None).unwrap(), News::Ended));
    }

    #[test]
    fn an_answer_in_pieces_is_one_answer() {
        let (mut line, mut supervisor) = pair();
        let said = FromSupervisor::Answer(1, Answer::Done(None), true);
        let mut bytes = serde_json::to_vec(&said).unwrap();
        bytes.push(b'\n');
        let (head, tail) = bytes.split_at(9);
        supervisor.write_all(head).unwrap();
        let soon = Instant::now() + Duration::from_millis(5);
        assert!(line.answer(1, Some(soon)).unwrap().is_none());
        supervisor.write_all(tail).unwrap();
        assert!(line.answer(1, None).unwrap().is_some());
    }
}
