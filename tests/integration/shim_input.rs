//! What a shim gives its leader to read, and that it ends where it was said to.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use wrangle::core::id::{RunId, TaskId};
use wrangle::core::raw::Raw;
use wrangle::core::shim::{Intent, Launch, Order, Status};
use wrangle::core::task::{AfterExit, Exit, Spec};
use wrangle::core::time::Timestamp;
use wrangle::output::LogFiles;

use crate::procs::PATIENCE;

/// A real shim, and the test in its supervisor's place.
struct Shim {
    home: TempDir,
    line: UnixStream,
    reports: BufReader<UnixStream>,
    process: Child,
}

impl Shim {
    fn start(script: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let (line, theirs) = UnixStream::pair().unwrap();
        line.set_read_timeout(Some(PATIENCE)).unwrap();
        line.set_write_timeout(Some(PATIENCE)).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_wrangle"))
            .args(["__shim", "1-1"])
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(OwnedFd::from(listener)))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let argv = vec!["sh".into(), "-c".into(), script.into()];
        let launch = Launch {
            intent: Intent {
                run: RunId {
                    task: TaskId(1),
                    number: 1,
                },
                spec: Spec {
                    stdin: true,
                    after_exit: AfterExit::Sweep,
                    ..Spec::command("test".into(), argv.clone(), "/".into())
                },
                parent: None,
                created: Timestamp(0),
                boot: String::new(),
            },
            argv: argv.clone(),
            env: vec![
                ("PATH".into(), std::env::var("PATH").unwrap().into()),
                ("DIR".into(), home.path().to_owned().into()),
            ],
            log: home.path().join("log").into(),
            socket: socket.into(),
            cap: 64 << 20,
            // a test that fails leaves nothing for long
            orphan_ms: 100,
        };
        let reports = BufReader::new(line.try_clone().unwrap());
        let mut shim = Self {
            home,
            line,
            reports,
            process,
        };
        shim.order(&Order::Launch(Box::new(launch)));
        shim
    }

    fn order(&mut self, order: &Order) {
        let mut line = serde_json::to_vec(order).unwrap();
        line.push(b'\n');
        self.line.write_all(&line).unwrap();
    }

    fn input(&mut self, bytes: impl Into<Raw>) {
        self.order(&Order::Input(bytes.into()));
    }

    /// The first report of which this holds.
    fn wait(&mut self, holds: impl Fn(&Status) -> bool) -> Status {
        loop {
            let mut line = String::new();
            assert!(self.reports.read_line(&mut line).unwrap() > 0, "it is gone");
            let status: Status = serde_json::from_str(&line).unwrap();
            // it says no more of its output before
            self.order(&Order::Ack(status.seq));
            if holds(&status) {
                return status;
            }
        }
    }

    /// How the leader ended, and all that it wrote.
    fn end(mut self) -> (Option<Exit>, Vec<u8>) {
        let last = self.wait(Status::is_final);
        self.order(&Order::Release);
        assert!(self.process.wait().unwrap().success());
        let mut log = LogFiles::to_come(&self.home.path().join("log"));
        let mut written = Vec::new();
        log.copy_to(0..last.written, &mut written).unwrap();
        (last.exit, written)
    }
}

#[test]
fn a_leader_reads_to_the_end_of_what_it_was_sent() {
    let mut shim = Shim::start("cat; echo over");
    shim.input("one\n");
    shim.input("two\n");
    shim.order(&Order::Eof);
    assert_eq!(
        shim.end(),
        (Some(Exit::Code(0)), b"one\ntwo\nover\n".into())
    );
}

#[test]
fn an_end_before_anything_was_sent_is_one() {
    let mut shim = Shim::start("cat; echo over");
    shim.order(&Order::Eof);
    assert_eq!(shim.end(), (Some(Exit::Code(0)), b"over\n".into()));
}

#[test]
fn nothing_is_ended_before_it_is_said() {
    let mut shim = Shim::start("read line; echo $line; cat; echo over");
    shim.input("one\n");
    shim.wait(|status| status.written == 4);
    shim.input("two\n");
    let status = shim.wait(|status| status.written == 8);
    assert_eq!(status.exit, None);
    shim.order(&Order::Eof);
    assert_eq!(
        shim.end(),
        (Some(Exit::Code(0)), b"one\ntwo\nover\n".into())
    );
}

#[test]
fn a_prompt_of_four_mebibytes_arrives_whole_though_it_is_read_late() {
    // as JSON, at its longest: six bytes for one
    let prompt = (0..4 << 20).fold(String::new(), |mut text, n| {
        std::fmt::Write::write_fmt(&mut text, format_args!("\\u{:04x}", n % 32)).unwrap();
        text
    });
    let mut shim = Shim::start("mkfifo \"$DIR/go\"; echo begun; read go <\"$DIR/go\"; cat");
    shim.wait(|status| status.written == 6);
    shim.input(prompt.as_str());
    shim.order(&Order::Eof);
    // all of it lies in the shim by now, but for what a pipe holds
    shim.order(&Order::Pause);
    shim.wait(|status| status.paused);
    shim.order(&Order::Resume);
    std::fs::write(shim.home.path().join("go"), "\n").unwrap();
    let (exit, written) = shim.end();
    assert_eq!(exit, Some(Exit::Code(0)));
    assert!(written == format!("begun\n{prompt}").into_bytes());
}

#[test]
fn what_is_sent_after_the_end_is_refused_aloud() {
    let mut shim = Shim::start("read line; read line || echo over");
    shim.order(&Order::Eof);
    shim.input("late\n");
    let status = shim.wait(|status| status.trouble.is_some());
    let why = status.trouble.unwrap();
    assert!(why.contains("nothing more would come"), "{why}");
    assert_eq!(shim.end(), (Some(Exit::Code(0)), b"over\n".into()));
}
