//! One supervisor a herd, however it is started, and whatever it finds at its start.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

use crate::herd::{Done, Herd, finish};
use crate::procs::wait_until;
use crate::pty::Pty;
use crate::truth::holds;

#[test]
fn clients_that_start_at_once_get_one_supervisor() {
    let herd = Herd::new();
    let clients: Vec<_> = (0..8)
        .map(|_| herd.command(["ls", "--json"]).spawn().unwrap())
        .collect();
    for client in clients {
        finish(client).ok();
    }
    assert_eq!(herd.supervisors().len(), 1);
    // and after a crash again
    herd.kill_supervisor();
    let clients: Vec<_> = (0..8)
        .map(|_| herd.command(["ls", "--json"]).spawn().unwrap())
        .collect();
    for client in clients {
        finish(client).ok();
    }
    assert_eq!(herd.supervisors().len(), 1);
}

#[test]
fn no_call_falls_between_a_start_and_an_end() {
    let herd = Herd::new();
    for round in 0..10 {
        let first = if round % 2 == 0 {
            herd.command(["supervisor"]).spawn().unwrap()
        } else {
            herd.command(["ls"]).spawn().unwrap()
        };
        let spawn = |args: &[&str]| herd.command(args).spawn().unwrap();
        let calls = ["ls", "shutdown", "ls", "ls"].map(|verb| spawn(&[verb]));
        for call in calls {
            served(&finish(call));
        }
        // whichever supervisor runs now, this ends it
        served(&herd.call(["shutdown"]));
        let first = finish(first);
        // one in the foreground that came second was refused
        if !(round % 2 == 0 && first.err.contains("a supervisor runs here already")) {
            served(&first);
        }
    }
}

/// A call that was under way when the supervisor was told to end is told so; no other fails.
#[track_caller]
fn served(done: &Done) {
    let ended = done.code == 3 && done.err.contains("the supervisor ended");
    assert!(done.code == 0 || ended, "{done:?}");
}

#[test]
fn a_second_supervisor_is_refused() {
    let herd = Herd::new();
    herd.ok(&["ls"]);
    let pid = herd.supervisor().unwrap().pid.to_string();
    herd.call(["supervisor"]).fails(3, &pid);
    herd.ok(&["ls"]);
}

#[test]
fn fifty_launches_at_once_are_fifty_tasks() {
    let herd = Herd::new();
    let clients: Vec<_> = (0..50)
        .map(|n| {
            let script = format!("echo {n}");
            herd.command(["run", "--json", "--", "sh", "-c", &script])
                .spawn()
                .unwrap()
        })
        .collect();
    for client in clients {
        finish(client).ok();
    }
    herd.remember();
    let mut numbers: Vec<u32> = (1..=50)
        .map(|id| {
            herd.wait_state(id, "ended");
            String::from_utf8(herd.stored(id))
                .unwrap()
                .trim()
                .parse()
                .unwrap()
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
}

#[test]
fn fifty_launches_and_two_screens_at_once() {
    let herd = Herd::new();
    let screens = [(80, 24), (100, 30)].map(|(cols, rows)| {
        let pty = Pty::open(&herd, cols, rows);
        pty.shows(&["wrangle"]);
        pty
    });
    let call = |n: usize| {
        let name = format!("call-{n}");
        let args = ["run", "--json", "--name", &name, "--", "true"];
        herd.command(args).spawn().unwrap()
    };
    let calls: Vec<_> = (0..50)
        .map(|n| {
            if n % 5 == 0 {
                for (which, screen) in screens.iter().enumerate() {
                    screen.send(&format!(":run --name screen-{which}-{n} -- true\r"));
                }
            }
            call(n)
        })
        .collect();
    let mut ids: Vec<u64> = calls
        .into_iter()
        .map(|call| {
            let text = finish(call).ok();
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["id"]
                .as_u64()
                .unwrap()
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 50, "an id was given twice");
    wait_until("all seventy have ended", || {
        let all = herd.json(&["ls", "--all", "--json"]);
        all.len() == 70 && all.iter().all(|task| task["state"] == "ended")
    });
    let all = holds(&herd);
    let mut names: Vec<&str> = all.iter().map(|it| it["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 70, "{names:?}");
    assert!(
        ids.iter()
            .all(|id| all.iter().any(|task| task["id"] == *id))
    );
}

#[test]
fn socket_and_files_are_the_users_alone() {
    let herd = Herd::new();
    let id = herd.run(&[], &["echo", "text"]);
    let task = herd.wait_state(id, "ended");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&herd.home().join("run/wrangle.sock")), 0o600);
    for dir in ["run", "run/shims", "data"] {
        assert_eq!(mode(&herd.home().join(dir)), 0o700, "{dir}");
    }
    let log = std::path::Path::new(task["log"].as_str().unwrap());
    for entry in fs::read_dir(log).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn what_its_starter_had_open_is_neither_kept_open_nor_handed_to_tasks() {
    let herd = Herd::new();
    let lock = herd.dir().join("lock");
    let script = "exec 9>\"$1\"; shift; exec \"$@\"";
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script, "sh"])
        .arg(&lock)
        .arg(env!("CARGO_BIN_EXE_wrangle"))
        .args(["run", "--", "sleep", "250"])
        .env("WRANGLE_HOME", herd.home())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    finish(shell.spawn().unwrap()).ok();
    let task = herd.wait_state(1, "running");
    let leader = task["pid"].as_i64().unwrap() as i32;
    let supervisor = herd.supervisor().unwrap().pid;
    for pid in [supervisor, herd.shim(1).pid, leader] {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        let open = open.filter_map(|fd| fs::read_link(fd.unwrap().path()).ok());
        assert_eq!(open.filter(|path| *path == lock).count(), 0, "{pid}");
    }
}

#[test]
fn a_stale_socket_is_no_obstacle() {
    let herd = Herd::new();
    let run = herd.home().join("run");
    fs::create_dir(&run).unwrap();
    drop(UnixListener::bind(run.join("wrangle.sock")).unwrap());
    herd.ok(&["ls"]);
    assert_eq!(herd.supervisors().len(), 1);
}

#[test]
fn a_home_deeper_than_a_sockets_name_works() {
    let place = format!("{}/{}", "d".repeat(120), "e".repeat(120));
    let herd = Herd::at(&place, "");
    let id = herd.run(&[], &["echo", "deep"]);
    herd.wait_state(id, "ended");
    assert_eq!(herd.ok(&["logs", "--raw", "@"]), "deep\n");
    let (id, _) = herd.tree(&["--grace", "200ms"], "daemon");
    herd.kill_supervisor();
    assert_eq!(herd.task(id)["state"], "running");
    herd.ok(&["revoke", "--wait", &id.to_string()]);
}

#[test]
fn another_protocol_is_told_apart() {
    let herd = Herd::new();
    herd.ok(&["ls"]);
    let mut stream = UnixStream::connect(herd.home().join("run/wrangle.sock")).unwrap();
    writeln!(
        stream,
        r#"{{"protocol":999,"version":"9.9.9","role":"call"}}"#
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.contains("differs") && answer.contains(env!("CARGO_PKG_VERSION")),
        "{answer}"
    );
    // garbage, and an end in mid-line, harm nobody
    for garbage in [&b"\x00\xff garbage\n"[..], b"{\"protocol\":", b"\n\n\n"] {
        let mut stream = UnixStream::connect(herd.home().join("run/wrangle.sock")).unwrap();
        stream.write_all(garbage).unwrap();
    }
    herd.ok(&["ls"]);
}

#[test]
fn a_supervisor_that_refuses_exits_with_3() {
    let herd = Herd::new();
    let run = herd.home().join("run");
    fs::create_dir(&run).unwrap();
    let listener = UnixListener::bind(run.join("wrangle.sock")).unwrap();
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = String::new();
        BufReader::new(&stream).read_line(&mut hello).unwrap();
        stream
            .write_all(b"{\"refused\":\"speaks another protocol\"}\n")
            .unwrap();
    });
    herd.call(["ls"]).fails(3, "speaks another protocol");
    other.join().unwrap();
    fs::remove_file(run.join("wrangle.sock")).unwrap();
}

#[test]
fn a_home_that_cannot_be_used_exits_with_3_and_is_named() {
    let herd = Herd::new();
    fs::write(herd.home().join("data"), "not a directory").unwrap();
    herd.call(["ls"]).fails(3, "data");
    fs::remove_file(herd.home().join("data")).unwrap();
    herd.ok(&["ls"]);
}

#[test]
fn a_wrong_configuration_is_named() {
    let herd = Herd::with("[output]\ntask_capp = \"1 MiB\"\n");
    // what needs it is used wrongly; what needs a supervisor can't have one
    herd.call(["run", "true"]).fails(2, "task_cap");
    herd.call(["supervisor"]).fails(2, "task_cap");
    herd.call(["ls"]).fails(3, "task_cap");
    let file = herd.home().join("config.toml");
    let wrong = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    // a herd that runs is within reach whatever the file says
    let id = herd.run(&[], &["sleep", "250"]);
    fs::write(&file, wrong).unwrap();
    herd.call(["run", "true"]).fails(2, "task_cap");
    herd.ok(&["revoke", "--wait", &id.to_string()]);
    fs::remove_file(&file).unwrap();
}

#[test]
fn foreign_files_among_the_segments_are_left_alone() {
    let herd = Herd::new();
    let script = "seq 1 1000; read go; seq 1001 2000";
    let id = herd.run(&["--stdin"], &["sh", "-c", script]);
    herd.wait_output(id, b"1000\n");
    let log = std::path::PathBuf::from(herd.task(id)["log"].as_str().unwrap());
    fs::write(log.join("junk"), "junk").unwrap();
    fs::write(log.join("17.log"), "junk").unwrap();
    fs::write(log.join("000000000000000000xx.log"), "junk").unwrap();
    fs::create_dir(log.join("00000000000000999999.dir")).unwrap();
    fs::write(log.join("status.json"), "{ not json").unwrap();
    herd.kill_supervisor();
    herd.ok(&["send", &id.to_string(), "go"]);
    herd.wait_state(id, "ended");
    let wanted: Vec<String> = (1..=2000).map(|n| n.to_string()).collect();
    let printed = herd.ok(&["logs", "--raw", &id.to_string()]);
    assert_eq!(printed, wanted.join("\n") + "\n");
    assert!(log.join("junk").exists());
}

#[test]
fn an_idle_supervisor_ends_by_itself() {
    let herd = Herd::with("[supervisor]\nidle_exit = \"1s\"\n");
    let (id, _) = herd.tree(&["--grace", "200ms"], "ready");
    let supervisor = herd.supervisor().unwrap();
    herd.ok(&["revoke", "--wait", &id.to_string()]);
    wait_until("the supervisor has ended", || {
        !wrangle::sys::proc::is_alive(supervisor)
    });
    // and its herd is known to the next
    assert_eq!(herd.task(id)["outcome"], "revoked");
}
