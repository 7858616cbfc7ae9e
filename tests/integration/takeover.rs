//! A supervisor replaced by a second build while tasks run and people look on.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command};
use std::thread::JoinHandle;

use rustix::process::Signal;
use serde_json::Value;
use wrangle::core::id::Ident;
use wrangle::core::wire::{Differs, FromSupervisor, PROTOCOL};
use wrangle::sys::proc;

use crate::content::Kind;
use crate::full_disk::Disk;
use crate::herd::{Done, Herd, finish, heavy};
use crate::procs::{wait_for, wait_until};
use crate::pty::Pty;
use crate::whole::is_whole;

const NEXT: &str = "1000.0.0";

/// A supervisor in the foreground, waited for by a thread of its own.
pub(crate) struct Newcomer {
    who: Ident,
    end: JoinHandle<Done>,
}

impl Newcomer {
    /// Starts it; it may take its time to be the supervisor.
    pub(crate) fn start(mut command: Command) -> Self {
        let child: Child = command.spawn().unwrap();
        let who = proc::ident(child.id() as i32).unwrap();
        let end = std::thread::spawn(move || {
            let mut child = child;
            let status = child.wait().unwrap();
            let mut err = String::new();
            if let Some(mut stderr) = child.stderr.take() {
                std::io::Read::read_to_string(&mut stderr, &mut err).unwrap();
            }
            Done {
                code: status.code().unwrap_or(-1),
                out: Vec::new(),
                err,
            }
        });
        Self { who, end }
    }

    /// Whether it is the supervisor.
    pub(crate) fn is_supervisor(&self, herd: &Herd) -> bool {
        reigning(herd) == self.who.pid
    }

    /// Waits until it is the supervisor.
    #[track_caller]
    fn reigns(&self, herd: &Herd) {
        wait_until("the newcomer is the supervisor", || {
            self.is_supervisor(herd)
        });
        // the lock is free before the one that held it is gone
        wait_until("the newcomer is the only one", || {
            herd.supervisors() == [self.who]
        });
    }

    /// It was killed.
    #[track_caller]
    pub(crate) fn left_badly(self) {
        assert_ne!(self.end.join().unwrap().code, 0);
    }

    /// It was replaced, and ended well.
    #[track_caller]
    pub(crate) fn left(self) {
        let done = self.end.join().unwrap();
        assert_eq!((done.code, done.err.as_str()), (0, ""));
    }
}

/// The pid of the supervisor that holds the lock.
fn reigning(herd: &Herd) -> i32 {
    let text = fs::read_to_string(herd.home().join("data/supervisor.lock")).unwrap_or_default();
    let listens = herd.home().join("run/wrangle.sock").exists();
    text.trim().parse().ok().filter(|_| listens).unwrap_or(0)
}

/// Takes over by the second build.
#[track_caller]
pub(crate) fn take_over(herd: &Herd) -> Newcomer {
    let newcomer = Newcomer::start(herd.next(["supervisor", "--takeover"]));
    newcomer.reigns(herd);
    newcomer
}

/// Takes over by the first build.
#[track_caller]
fn take_back(herd: &Herd) -> Newcomer {
    let newcomer = Newcomer::start(herd.command(["supervisor", "--takeover"]));
    newcomer.reigns(herd);
    newcomer
}

/// What the supervisor of a herd calls itself.
#[track_caller]
fn version(herd: &Herd) -> String {
    let told = herd.call(["doctor"]).text();
    let line = told.lines().find(|line| line.contains("runs: pid"));
    let rest = line.and_then(|line| line.split("version ").nth(1));
    let word = rest.and_then(|rest| rest.split([';', ',']).next());
    word.unwrap_or_else(|| panic!("{told}")).trim().to_owned()
}

#[test]
fn twenty_floods_lose_no_byte_and_no_process() {
    let _alone = heavy();
    let herd = Herd::new();
    let kinds = [
        (Kind::Plain, "plain"),
        (Kind::Binary, "binary"),
        (Kind::Noline, "noline"),
    ];
    let len = |seed: usize| (6 << 20) + 17 * seed as u64;
    let ids: Vec<u64> = (0..20)
        .map(|seed| {
            // one is still at it however long three takeovers last
            let pause = if seed == 0 { "25" } else { "5" };
            let (len, word, seed) = (len(seed), kinds[seed % 3].1, seed.to_string());
            herd.writer("drip", &[&len.to_string(), word, &seed, pause])
        })
        .collect();
    let other = herd.run(&["--stdin"], &["sh", "-c", "read go; exit 7"]);
    let tasks = || -> Vec<Value> { ids.iter().map(|id| herd.task(*id)).collect() };
    for id in &ids {
        herd.wait_task(*id, "writes", |task| {
            task["output_bytes"].as_u64() > Some(0)
        });
    }
    let before = tasks();
    let first = herd.supervisor().unwrap();
    let second = take_over(&herd);
    assert_eq!(version(&herd), NEXT);
    let third = take_back(&herd);
    second.left();
    let last = take_over(&herd);
    third.left();
    wait_until("the first one has left", || !proc::is_alive(first));
    let after = tasks();
    let running = after.iter().filter(|task| task["state"] == "running");
    assert!(running.count() > 0, "none was taken over in mid-stream");
    for (before, after) in before.iter().zip(&after) {
        if after["state"] == "running" {
            assert_eq!(before["pid"], after["pid"]);
        }
        assert_eq!(before["started_at"], after["started_at"]);
        assert_eq!(after["run"], 1);
    }
    herd.ok(&["send", &other.to_string(), "go"]);
    assert_eq!(herd.call(["wait", &other.to_string()]).code, 7);
    for (seed, id) in ids.into_iter().enumerate() {
        herd.ok(&["wait", &id.to_string()]);
        assert_eq!(herd.task(id)["outcome"], "succeeded");
        is_whole(&herd, id, kinds[seed % 3].0, seed as u64, len(seed));
    }
    herd.ok(&["shutdown"]);
    last.left();
}

#[test]
fn waiting_calls_end_as_if_nothing_had_happened() {
    let herd = Herd::new();
    let gate = "read go; echo gone; exit 7";
    let id = herd.run(&["--stdin", "--name", "gate"], &["sh", "-c", gate]);
    let other = herd.run(&["--stdin"], &["sh", "-c", gate]);
    let (stubborn, _) = herd.tree(&["--grace", "1s"], "stubborn");
    let done = herd.run(&[], &["true"]);
    herd.wait_state(done, "ended");
    let spawn = |args: &[&str]| herd.command(args).spawn().unwrap();
    let (one, two) = (id.to_string(), other.to_string());
    let by_name = spawn(&["wait", "gate"]);
    let several = spawn(&["wait", &one, &two, &done.to_string()]);
    let logs = spawn(&["logs", "-f", "--raw", &one]);
    let follow = "echo begun; while [ ! -e over ]; do sleep 0.05; done; echo over; exit 5";
    let mut followed = spawn(&["run", "--follow", "--", "sh", "-c", follow]);
    let mut lines = BufReader::new(followed.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "begun");
    let revoke = spawn(&["revoke", "--wait", &stubborn.to_string()]);
    herd.wait_state(stubborn, "stopping");
    let second = take_over(&herd);
    // whoever is answered knows that the adoption is on record
    assert_eq!(herd.task(id)["state"], "running");
    // by death as well
    herd.kill_supervisor();
    second.left_badly();
    assert_eq!(herd.task(id)["state"], "running");
    let third = take_over(&herd);
    fs::write(herd.dir().join("over"), "").unwrap();
    herd.ok(&["send", &one, "go"]);
    herd.ok(&["send", &two, "go"]);
    assert_eq!(finish(by_name).code, 7);
    assert_eq!(finish(several).code, 1);
    assert_eq!(finish(logs).ok(), "gone\n");
    assert_eq!(lines.next().unwrap().unwrap(), "over");
    assert_eq!(finish(followed).code, 5);
    finish(revoke).ok();
    assert_eq!(herd.task(stubborn)["outcome"], "revoked");
    let events = herd.json(&["events", "--task", &one, "--json"]);
    let adopted = events.iter().filter(|event| event["event"] == "adopted");
    let by: Vec<&Value> = adopted.map(|event| &event["by"]).collect();
    assert_eq!(by, ["person", "crash", "person"]);
    herd.ok(&["shutdown", "--force"]);
    third.left();
}

#[test]
fn attached_screens_go_on() {
    let herd = Herd::new();
    let (id, _) = herd.tree(&["--name", "alpha"], "ready");
    let mut pty = Pty::open(&herd, 80, 24);
    let mut small = Pty::open(&herd, 50, 12);
    pty.shows(&["alpha", "ready"]);
    small.shows(&["alpha"]);
    let newcomer = take_over(&herd);
    let notice = format!("the supervisor was replaced: wrangle {NEXT}");
    let shown = pty.shows(&["alpha", &notice]);
    // drawn upon nothing: no row of the old picture is left beside the new one
    assert_eq!(
        shown.matches("alpha").count(),
        pty.press_away("g", &notice).matches("alpha").count()
    );
    small.shows(&["alpha"]);
    herd.run(
        &["--name", "beta"],
        &["sh", "-c", "echo its-output; sleep 250"],
    );
    pty.shows(&["alpha", "beta"]);
    small.shows(&["beta"]);
    // what is selected stays so
    pty.press("G", &["its-output"]);
    let back = take_back(&herd);
    newcomer.left();
    let notice = format!("replaced: wrangle {}", env!("CARGO_PKG_VERSION"));
    pty.shows(&["alpha", "beta", "its-output", &notice]);
    for pty in [&mut pty, &mut small] {
        pty.press("q", &["detach"]);
        pty.send("d");
        assert_eq!(pty.end(), 0);
        pty.is_restored();
    }
    assert_eq!(herd.task(id)["state"], "running");
    herd.ok(&["shutdown", "--force"]);
    back.left();
}

#[test]
fn launches_go_on_through_it() {
    let _alone = heavy();
    let herd = Herd::new();
    herd.ok(&["ls"]);
    let script = |n: u64| format!("echo {n}-says");
    let ids: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let launchers: Vec<_> = (0..4)
            .map(|launcher| {
                let home = herd.home();
                let command = move |n| {
                    let mut command = Command::new(env!("CARGO_BIN_EXE_wrangle"));
                    command
                        .args(["run", "--", "sh", "-c", &script(n)])
                        .env("WRANGLE_HOME", home)
                        .stdin(std::process::Stdio::null())
                        .stdout(std::process::Stdio::piped())
                        .stderr(std::process::Stdio::piped());
                    command
                };
                scope.spawn(move || {
                    (0..25)
                        .map(|n| {
                            let n = launcher * 100 + n;
                            let said = finish(command(n).spawn().unwrap()).ok();
                            (n, said.trim().parse().unwrap())
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let mut newcomers = vec![take_over(&herd)];
        for _ in 0..2 {
            newcomers.push(take_back(&herd));
            newcomers.push(take_over(&herd));
        }
        let ids = launchers.into_iter().flat_map(|all| all.join().unwrap());
        let ids = ids.collect();
        herd.remember();
        let last = newcomers.pop().unwrap();
        for newcomer in newcomers {
            newcomer.left();
        }
        last.reigns(&herd);
        herd.ok(&["ls"]);
        drop(last);
        ids
    });
    let mut unique: Vec<u64> = ids.iter().map(|(_, id)| *id).collect();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), 100, "{ids:?}");
    for (n, id) in ids {
        let task = herd.wait_state(id, "ended");
        assert_eq!(task["outcome"], "succeeded", "{task}");
        assert_eq!(herd.stored(id), format!("{n}-says\n").as_bytes());
    }
    assert_eq!(herd.json(&["ls", "--all", "--json"]).len(), 100);
}

#[test]
fn who_cannot_begin_asks_nobody_to_leave() {
    let herd = Herd::new();
    let (id, _) = herd.tree(&[], "ready");
    let old = herd.supervisor().unwrap();
    let config = herd.home().join("config.toml");
    fs::write(&config, "[output]\ntask_capp = \"1 MiB\"\n").unwrap();
    let done = finish(herd.next(["supervisor", "--takeover"]).spawn().unwrap());
    done.fails(2, "task_cap");
    fs::remove_file(&config).unwrap();
    // within a task it would end with the task
    let script = format!(
        "exec {} supervisor --takeover",
        crate::procs::example("next")
    );
    let within = herd.call(["run", "--follow", "--", "sh", "-c", &script]);
    assert_eq!(within.code, 3, "{within:?}");
    assert!(within.text().contains("within a task"), "{within:?}");
    assert_eq!(herd.supervisors(), [old]);
    assert_eq!(herd.task(id)["state"], "running");
}

/// A takeover in which the old one is killed at a place of its own, the new one at each
/// of its, or neither: whoever comes next has it all.
fn cut_short(old_at: Option<&str>) {
    let places = ["asked", "locked", "loaded", "adopted"].map(Some);
    let alone = old_at.map(|_| None);
    for new_at in alone.into_iter().chain(places) {
        let case = format!("{old_at:?} {new_at:?}");
        let herd = Herd::new();
        let mut first = herd.command(["ls"]);
        first.envs(old_at.map(|place| ("WRANGLE_FAULT", place)));
        finish(first.spawn().unwrap()).ok();
        let old = herd.supervisor().unwrap();
        let (id, _) = herd.tree(&["--name", "alpha"], "ready");
        let other = herd.run(&["--stdin"], &["sh", "-c", "read go; exit 7"]);
        let before = herd.task(id);
        let wait = herd.command(["wait", &other.to_string()]).spawn().unwrap();
        let mut pty = Pty::open(&herd, 80, 24);
        pty.shows(&["alpha"]);
        let mut command = herd.next(["supervisor", "--takeover"]);
        command.envs(new_at.map(|place| ("WRANGLE_FAULT", place)));
        let newcomer = Newcomer::start(command);
        pty.shows(&["the supervisor"]);
        wait_until("the old one is gone", || !proc::is_alive(old));
        let after = herd.task(id);
        assert_eq!(after["state"], "running", "{case}: {after}");
        assert_eq!(after["pid"], before["pid"], "{case}");
        wait_until("who is to be killed is", || {
            proc::is_alive(newcomer.who) == new_at.is_none()
        });
        assert_eq!(herd.supervisors().len(), 1, "{case}");
        herd.ok(&["send", &other.to_string(), "go"]);
        assert_eq!(finish(wait).code, 7, "{case}");
        pty.press("q", &["detach"]);
        pty.send("d");
        assert_eq!(pty.end(), 0);
        pty.is_restored();
        herd.ok(&["shutdown", "--force"]);
        newcomer.end.join().unwrap();
    }
}

#[test]
fn a_newcomer_killed_anywhere_loses_nothing() {
    cut_short(None);
}

#[test]
fn an_old_one_killed_before_it_agrees_loses_nothing_whoever_dies_with_it() {
    cut_short(Some("handing-over"));
}

#[test]
fn an_old_one_killed_as_it_leaves_loses_nothing_whoever_dies_with_it() {
    cut_short(Some("handed-over"));
}

#[test]
fn a_supervisor_that_cannot_store_how_things_stand_stays() {
    let herd = Herd::new();
    let Some(disk) = Disk::mount(&herd.home().join("data"), "2m") else {
        return;
    };
    let (id, _) = herd.tree(&[], "ready");
    let old = herd.supervisor().unwrap();
    let fill = herd.home().join("data/fill");
    fs::write(&fill, vec![b'.'; 4 << 20]).unwrap_err();
    // small writes find room where large ones don't: until none does
    while herd.call(["run", "--", "true"]).code == 0 {}
    let done = finish(herd.next(["supervisor", "--takeover"]).spawn().unwrap());
    done.fails(3, "cannot store how things stand");
    assert_eq!(herd.supervisors(), [old]);
    fs::remove_file(&fill).unwrap();
    disk.grow("64m");
    // what could not be stored is tried again after a while, and then a takeover
    let newcomer = wait_for("it stores again and leaves", || {
        let newcomer = Newcomer::start(herd.next(["supervisor", "--takeover"]));
        wait_until("it reigns or was refused", || {
            reigning(&herd) == newcomer.who.pid || !proc::is_alive(newcomer.who)
        });
        proc::is_alive(newcomer.who).then_some(newcomer)
    });
    assert_eq!(herd.task(id)["state"], "running");
    herd.ok(&["shutdown", "--force"]);
    newcomer.left();
}

#[test]
fn a_supervisor_that_shuts_down_is_not_replaced() {
    let herd = Herd::new();
    herd.tree(&["--grace", "60s"], "stubborn");
    let shutdown = herd.command(["shutdown"]).spawn().unwrap();
    wait_until("it is being stopped", || {
        herd.task(1)["state"] == "stopping"
    });
    let done = finish(herd.next(["supervisor", "--takeover"]).spawn().unwrap());
    done.fails(3, "shutting down");
    herd.ok(&["shutdown", "--force"]);
    finish(shutdown).ok();
}

#[test]
fn one_that_does_not_answer_is_named_and_left_alone() {
    let herd = Herd::new();
    let (id, _) = herd.tree(&[], "ready");
    let old = herd.supervisor().unwrap();
    proc::signal(old, Signal::STOP).unwrap();
    let done = finish(herd.next(["supervisor", "--takeover"]).spawn().unwrap());
    done.fails(3, &format!("kill -CONT {}", old.pid));
    proc::signal(old, Signal::CONT).unwrap();
    // what was asked of it meanwhile is nobody's wish any more
    assert_eq!(herd.task(id)["state"], "running");
    assert_eq!(herd.supervisors(), [old]);
}

#[test]
fn any_later_protocol_may_take_over() {
    let herd = Herd::new();
    let (id, _) = herd.tree(&[], "ready");
    let before = herd.task(id);
    let old = herd.supervisor().unwrap();
    let mut stream = UnixStream::connect(herd.home().join("run/wrangle.sock")).unwrap();
    let hello = r#"{"protocol":4000,"version":"5000.0.0","role":"takeover","more":{"later":[]}}"#;
    writeln!(stream, "{hello}").unwrap();
    let mut lines = BufReader::new(stream).lines();
    let welcome = lines.next().unwrap().unwrap();
    assert!(welcome.starts_with(r#"{"welcome":{"#), "{welcome}");
    // to the end: nothing follows, and the line closes as it leaves
    assert!(lines.next().is_none());
    wait_until("it has left", || !proc::is_alive(old));
    let after = herd.task(id);
    assert_eq!(after["state"], "running", "{after}");
    assert_eq!(after["pid"], before["pid"]);
}

#[test]
fn of_two_at_once_one_stays() {
    let herd = Herd::new();
    let (id, _) = herd.tree(&[], "crowd");
    let before = herd.task(id);
    let first = herd.supervisor().unwrap();
    let two = [
        Newcomer::start(herd.next(["supervisor", "--takeover"])),
        Newcomer::start(herd.next(["supervisor", "--takeover"])),
    ];
    let (stays, left) = wait_for("one of the two is left", || {
        let [one, other] = &two;
        match (proc::is_alive(one.who), proc::is_alive(other.who)) {
            (true, false) => Some((0, 1)),
            (false, true) => Some((1, 0)),
            _ => None,
        }
    });
    two[stays].reigns(&herd);
    wait_until("the first one has left", || !proc::is_alive(first));
    let after = herd.task(id);
    assert_eq!(after["state"], "running", "{after}");
    assert_eq!(after["pid"], before["pid"]);
    herd.ok(&["shutdown", "--force"]);
    let mut two = two.map(Some);
    two[left].take().unwrap().left();
    two[stays].take().unwrap().left();
}

#[test]
fn without_a_supervisor_it_is_a_start() {
    let herd = Herd::new();
    let newcomer = Newcomer::start(herd.command(["supervisor", "--takeover"]));
    newcomer.reigns(&herd);
    herd.run(&[], &["true"]);
    herd.ok(&["shutdown"]);
    newcomer.left();
}

#[test]
fn a_newer_client_asks_a_person_once() {
    let herd = Herd::new();
    let (id, _) = herd.tree(&["--name", "alpha"], "ready");
    let old = herd.supervisor().unwrap();
    let question = format!("this is {NEXT}; replace it? tasks go on [Y/n]");
    let ours = format!("is wrangle {}", env!("CARGO_PKG_VERSION"));
    let leave = |mut pty: Pty| {
        pty.press("q", &["detach"]);
        pty.send("d");
        assert_eq!(pty.end(), 0);
        pty.is_restored();
    };
    // a script is not asked
    finish(herd.next(["ls"]).spawn().unwrap()).ok();
    let pty = Pty::start(herd.next([] as [&str; 0]), 160, 24);
    pty.shows(&[&ours, &question]);
    pty.press("n\n", &["alpha", "ready"]);
    leave(pty);
    assert_eq!(herd.supervisors(), [old]);
    // no is no for as long as that one runs
    let pty = Pty::start(herd.next([] as [&str; 0]), 160, 24);
    pty.shows(&["alpha", "ready"]);
    leave(pty);
    // an older client asks nothing and replaces nobody
    fs::remove_file(herd.home().join("run/kept")).unwrap();
    let pty = Pty::start(herd.next([] as [&str; 0]), 160, 24);
    pty.shows(&[&question]);
    pty.press("\n", &["alpha", "ready"]);
    leave(pty);
    wait_until("the old one has left", || !proc::is_alive(old));
    assert_eq!(version(&herd), NEXT);
    let next = herd.supervisor().unwrap();
    let pty = Pty::open(&herd, 160, 24);
    pty.shows(&["alpha", "ready"]);
    leave(pty);
    assert_eq!(herd.supervisors(), [next]);
    assert_eq!(herd.task(id)["state"], "running");
}

#[test]
fn a_supervisor_of_another_protocol_is_told_of_with_the_remedy() {
    let herd = Herd::new();
    let run = herd.home().join("run");
    fs::create_dir_all(&run).unwrap();
    for (version, remedy) in [
        ("0.0.1", "wrangle supervisor --takeover"),
        ("2000.0.0", "use its program: /"),
    ] {
        let listener = UnixListener::bind(run.join("wrangle.sock")).unwrap();
        let differs = FromSupervisor::Differs(Differs {
            version: version.into(),
            protocol: PROTOCOL + 1,
            pid: std::process::id() as i32,
        });
        let answer = serde_json::to_string(&differs).unwrap();
        let server = std::thread::spawn(move || {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().unwrap();
                let mut hello = String::new();
                BufReader::new(&stream).read_line(&mut hello).unwrap();
                writeln!(stream, "{answer}").unwrap();
            }
        });
        let done = herd.call(["ls"]);
        done.fails(3, remedy);
        assert!(done.err.contains(version), "{done:?}");
        let mut pty = Pty::open(&herd, 200, 24);
        if version == "0.0.1" {
            pty.shows(&["replace it?"]);
            pty.send("no\n");
        }
        pty.shows(&[remedy]);
        assert_eq!(pty.end(), 3);
        pty.is_restored();
        server.join().unwrap();
        fs::remove_file(run.join("wrangle.sock")).unwrap();
    }
}
