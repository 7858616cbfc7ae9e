//! Events and lines, from a supervisor that says what the test wants.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::follow::{Teller, follow};
use crate::client::detail::tests::report;
use crate::client::line::Line;
use crate::client::trouble::Trouble;
use crate::config::Paths;
use crate::core::event::{By, Event, EventReport, What};
use crate::core::id::TaskId;
use crate::core::log::segment_name;
use crate::core::report::TaskReport;
use crate::core::time::Timestamp;
use crate::core::wire::{Answer, EventsAsked, Failure, FromClient, FromSupervisor, Request};

/// From here on it is now.
const BEGAN: Timestamp = Timestamp(1_800_000_000_000);

/// Within this everything is said; else a test fails rather than waits for ever.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(20));

/// What was told, in short.
#[derive(Debug, Default)]
struct Told(Vec<String>);

impl Teller for Told {
    fn event(&mut self, event: &EventReport) -> Result<(), Trouble> {
        let (id, run) = (event.task, event.run);
        self.0.push(match event.event.as_str() {
            "line" => format!("{id}.{run}: {}", event.text.as_deref().unwrap()),
            what => format!("{id}.{run} {what}"),
        });
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Trouble> {
        Ok(())
    }
}

/// The supervisor's end.
struct Supervisor {
    to: UnixStream,
    from: BufReader<UnixStream>,
}

impl Supervisor {
    /// The next request and its number.
    fn hear(&mut self) -> (u64, Request) {
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "nobody asks");
            if let FromClient::Request(number, request) = serde_json::from_str(&line).unwrap() {
                return (number, request);
            }
        }
    }

    fn say(&mut self, number: u64, answer: Answer, last: bool) {
        let said = FromSupervisor::Answer(number, answer, last);
        let mut line = serde_json::to_vec(&said).unwrap();
        line.push(b'\n');
        self.to.write_all(&line).unwrap();
    }

    /// Its two first questions: the events, and the tasks that are active.
    fn begin(&mut self, active: Vec<TaskReport>) -> u64 {
        let (events, asked) = self.hear();
        assert!(matches!(asked, Request::Events(_)));
        let (list, asked) = self.hear();
        assert!(matches!(asked, Request::List(_)));
        self.say(list, Answer::Tasks(active), true);
        events
    }

    fn watched(&mut self) -> u64 {
        match self.hear() {
            (number, Request::Watch(_)) => number,
            other => panic!("{other:?}"),
        }
    }

    fn shown(&mut self, task: TaskReport) {
        match self.hear() {
            (number, Request::Show(_)) => self.say(number, Answer::Task(Box::new(task)), true),
            other => panic!("{other:?}"),
        }
    }
}

/// A line to a supervisor of nobody else's.
fn line(home: &tempfile::TempDir, stream: UnixStream) -> Line {
    let paths = Paths::under(&home.path().into()).unwrap();
    Line::new(&paths, stream)
}

/// What is told while the supervisor plays its part.
fn told(lines: bool, part: impl FnOnce(&mut Supervisor) + Send + 'static) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_read_timeout(PATIENCE).unwrap();
    let mut supervisor = Supervisor {
        from: BufReader::new(theirs.try_clone().unwrap()),
        to: theirs,
    };
    let play = thread::spawn(move || {
        part(&mut supervisor);
        // it stays until all it said is heard
        supervisor
    });
    let asked = EventsAsked {
        follow: true,
        ..EventsAsked::default()
    };
    let mut told = Told::default();
    let end = follow(line(&home, ours), asked, lines, BEGAN, &mut told);
    drop(play.join().unwrap());
    assert_eq!(end, Ok(()));
    told.0
}

fn event(what: What, run: u32, at: u64) -> Answer {
    static SEQ: AtomicU64 = AtomicU64::new(1);
    Answer::Events(vec![Event {
        seq: SEQ.fetch_add(1, Ordering::Relaxed),
        at: Timestamp(at),
        what,
        by: By::Task,
        task: TaskId(3),
        run,
        name: "api".into(),
        outcome: None,
        exit: None,
        text: None,
    }])
}

fn now(what: What, run: u32) -> Answer {
    event(what, run, BEGAN.0 + 1)
}

/// A run of task 3 whose log in `dir` is so long.
fn stand(dir: &Path, run: u32, state: &str) -> TaskReport {
    let dir = dir.join(run.to_string());
    let log = dir.join(segment_name(0));
    let mut task = report(state);
    task.run = run;
    task.output_bytes = fs::metadata(log).map_or(0, |meta| meta.len());
    task.log = dir.display().to_string();
    task
}

fn write(dir: &Path, run: u32, text: &str) {
    let dir = dir.join(run.to_string());
    fs::create_dir_all(&dir).unwrap();
    let mut log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(dir.join(segment_name(0)))
        .unwrap();
    log.write_all(text.as_bytes()).unwrap();
}

#[test]
fn events_are_told_until_the_last() {
    let told = told(false, |supervisor| {
        let (number, _) = supervisor.hear();
        supervisor.say(number, event(What::Started, 1, 5), false);
        supervisor.say(number + 7, now(What::Removed, 1), false);
        supervisor.say(number, now(What::Ended, 1), true);
    });
    assert_eq!(told, ["3.1 started", "3.1 ended"]);
}

#[test]
fn a_refusal_has_its_exit_code() {
    let home = tempfile::tempdir().unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_read_timeout(PATIENCE).unwrap();
    let mut supervisor = Supervisor {
        from: BufReader::new(theirs.try_clone().unwrap()),
        to: theirs,
    };
    supervisor.say(
        1,
        Answer::Failed(Failure::NoSuchTask, "no task 9".into()),
        true,
    );
    let asked = EventsAsked::default();
    let end = follow(line(&home, ours), asked, false, BEGAN, &mut Told::default());
    assert_eq!(end.unwrap_err().code(), 4);
}

#[test]
fn lines_come_between_start_and_end() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().to_owned();
    let told = told(true, move |supervisor| {
        let events = supervisor.begin(Vec::new());
        write(&home, 1, "a\nb");
        supervisor.say(events, now(What::Started, 1), false);
        let watch = supervisor.watched();
        let task = stand(&home, 1, "running");
        supervisor.say(watch, Answer::Task(Box::new(task)), false);
        write(&home, 1, "c\nd");
        supervisor.say(events, now(What::Ended, 1), false);
        // said before the end was shown, heard after it
        let late = stand(&home, 1, "running");
        supervisor.say(watch, Answer::Task(Box::new(late)), false);
        supervisor.shown(stand(&home, 1, "ended"));
        let ended = stand(&home, 1, "ended");
        supervisor.say(watch, Answer::Task(Box::new(ended)), true);
        supervisor.say(events, now(What::Removed, 1), true);
    });
    assert_eq!(
        told,
        [
            "3.1 started",
            "3.1: a",
            "3.1: bc",
            "3.1: d",
            "3.1 ended",
            "3.1 removed"
        ]
    );
}

#[test]
fn a_run_that_was_over_before_anyone_looked_is_told_in_full() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().to_owned();
    let told = told(true, move |supervisor| {
        let events = supervisor.begin(Vec::new());
        write(&home, 1, "one\n");
        write(&home, 2, "two\n");
        supervisor.say(events, now(What::Started, 1), false);
        supervisor.say(events, now(What::Ended, 1), false);
        let mut task = stand(&home, 2, "running");
        let first = stand(&home, 1, "ended");
        task.runs = Some(vec![crate::core::report::RunReport {
            run: 1,
            state: first.state,
            outcome: None,
            exit_code: None,
            signal: None,
            reason: None,
            created_at: first.created_at,
            started_at: None,
            ended_at: None,
            output_bytes: first.output_bytes,
            dropped_bytes: 0,
            log: first.log,
            session_id: None,
            prompt: None,
            answers: Vec::new(),
            cost_usd: None,
            cost_at_least: false,
            tokens: None,
        }]);
        let watch = supervisor.watched();
        supervisor.say(watch, Answer::Task(Box::new(task.clone())), false);
        supervisor.shown(task);
        supervisor.say(events, now(What::Started, 2), false);
        let again = supervisor.watched();
        supervisor.say(
            again,
            Answer::Task(Box::new(stand(&home, 2, "running"))),
            false,
        );
        supervisor.say(events, now(What::Ended, 2), true);
        supervisor.shown(stand(&home, 2, "ended"));
    });
    let of = |run: &str| -> Vec<String> {
        let told = told.iter().filter(|line| line.starts_with(run));
        told.cloned().collect()
    };
    assert_eq!(of("3.1"), ["3.1 started", "3.1: one", "3.1 ended"]);
    assert_eq!(
        of("3.2").iter().filter(|line| *line == "3.2: two").count(),
        1,
        "{told:?}"
    );
}

#[test]
fn what_was_written_before_is_not_told_but_the_line_under_way_is() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().to_owned();
    let told = told(true, move |supervisor| {
        write(&home, 1, "old\nhalf ");
        let events = supervisor.begin(vec![stand(&home, 1, "running")]);
        // of the past: told, not followed
        supervisor.say(events, event(What::Started, 1, 5), false);
        let watch = supervisor.watched();
        write(&home, 1, "a line\nnext\n");
        let task = stand(&home, 1, "running");
        supervisor.say(watch, Answer::Task(Box::new(task)), false);
        supervisor.say(events, now(What::Paused, 1), true);
    });
    assert_eq!(
        told,
        ["3.1 started", "3.1: half a line", "3.1: next", "3.1 paused"]
    );
}

#[test]
fn one_that_was_removed_at_once_still_ended() {
    let told = told(true, |supervisor| {
        let events = supervisor.begin(Vec::new());
        supervisor.say(events, now(What::Ended, 1), false);
        let (number, _) = supervisor.hear();
        supervisor.say(
            number,
            Answer::Failed(Failure::NoSuchTask, "no task 3".into()),
            true,
        );
        supervisor.say(events, now(What::Removed, 1), true);
    });
    assert_eq!(told, ["3.1 ended", "3.1 removed"]);
}

#[test]
fn nothing_of_the_past_is_told_where_none_is_wanted() {
    let home = tempfile::tempdir().unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_read_timeout(PATIENCE).unwrap();
    let mut supervisor = Supervisor {
        from: BufReader::new(theirs.try_clone().unwrap()),
        to: theirs,
    };
    supervisor.say(1, event(What::Created, 1, 5), false);
    supervisor.say(1, now(What::Ended, 1), true);
    let asked = EventsAsked {
        last: Some(0),
        follow: true,
        ..EventsAsked::default()
    };
    let mut told = Told::default();
    follow(line(&home, ours), asked, false, BEGAN, &mut told).unwrap();
    assert_eq!(told.0, ["3.1 ended"]);
    // so that its number is known if another supervisor is to be asked
    let (_, request) = supervisor.hear();
    assert!(matches!(request, Request::Events(asked) if asked.last == Some(1)));
}
