//! The client and its terminal: what it copies, pages and refuses, and how it gives the
//! terminal back.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use rustix::process::Signal;
use wrangle::core::wire::{FromSupervisor, Hello, PROTOCOL, Role};
use wrangle::sys::proc;

use crate::herd::{Herd, finish};
use crate::procs::wait_until;
use crate::pty::Pty;

/// A herd with one task, called alpha, that has written this.
fn herd(script: &str) -> Herd {
    let herd = Herd::new();
    // the header shows the command: what is waited for must not stand in it
    let script = format!("{script}; printf 'the-%s\\n' end; exec sleep 250");
    let id = herd.run(&["--name", "alpha"], &["sh", "-c", &script]);
    herd.wait_output(id, b"the-end\n");
    herd
}

/// Leaves the tasks alone and the screen.
#[track_caller]
fn detach(pty: &mut Pty) {
    pty.press("q", &["detach"]);
    pty.send("d");
    assert_eq!(pty.end(), 0);
    pty.is_restored();
}

/// Waits for the clipboard to be set once more than so many times; its content.
#[track_caller]
fn copied(pty: &Pty, before: usize) -> String {
    wait_until("something is copied", || pty.wishes().1.len() > before);
    let mut all = pty.wishes().1;
    assert_eq!(all.len(), before + 1, "{all:?}");
    all.remove(before)
}

/// Column and row, from 1 as mice count, of the first place that shows this.
#[track_caller]
fn place(pty: &Pty, text: &str) -> (usize, usize) {
    let screen = pty.shows(&[text]);
    let found = screen.lines().enumerate().find_map(|(row, line)| {
        let column = line[..line.find(text)?].chars().count();
        Some((column + 1, row + 1))
    });
    found.unwrap()
}

#[test]
fn a_key_copies_what_is_shown_without_its_colours() {
    let herd = herd("printf '\\033[31mred\\033[0m\\tand ünïcode 日本\\nsecond\\n'");
    let mut pty = Pty::open(&herd, 80, 24);
    pty.shows(&["the-end"]);
    pty.send("y");
    let text = copied(&pty, 0);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text:?}");
    assert!(lines[0].starts_with("red") && lines[0].ends_with("and ünïcode 日本"));
    assert_eq!(lines[1..], ["second", "the-end"]);
    assert!(!text.contains('\x1b'), "{text:?}");
    let raw = String::from_utf8(pty.raw()).unwrap();
    assert_eq!(raw.matches("\x1b]52;c;").count(), 1, "one OSC 52");
    detach(&mut pty);
}

#[test]
fn a_drag_of_the_mouse_copies() {
    let herd = herd("printf '%s-%s\\n' first line another one");
    let mut pty = Pty::open(&herd, 80, 24);
    let (column, row) = place(&pty, "first-line");
    let (end, _) = place(&pty, "another-one");
    assert_eq!(column, end);
    // from the l of line to the r of another
    let (from, to) = (column + 6, column + 6);
    pty.send(&format!("\x1b[<0;{from};{row}M"));
    pty.send(&format!("\x1b[<32;{};{row}M", from + 1));
    pty.send(&format!("\x1b[<32;{to};{}M", row + 1));
    pty.send(&format!("\x1b[<0;{to};{}m", row + 1));
    assert_eq!(copied(&pty, 0).trim_end(), "line\nanother");
    // a click alone copies nothing
    pty.send(&format!("\x1b[<0;{from};{row}M\x1b[<0;{from};{row}m"));
    pty.send("y");
    copied(&pty, 1);
    detach(&mut pty);
}

#[test]
fn the_clipboard_is_set_while_a_task_floods() {
    let herd = Herd::new();
    let forever = (u64::MAX / 2).to_string();
    herd.writer("drip", &[&forever, "plain", "1", "1"]);
    let mut pty = Pty::open(&herd, 80, 24);
    pty.shows(&["seed"]);
    pty.send("y");
    assert!(copied(&pty, 0).contains("seed"));
    detach(&mut pty);
}

#[test]
fn a_pager_has_the_terminal_to_itself_and_hands_it_back() {
    let herd = herd("seq -f 'line %g' 1 300");
    // it shows, then waits for a key of its own
    let pager = "cat; stty -a </dev/tty; printf 'PAGER waits'; read go </dev/tty";
    let mut pty = Pty::with(&herd, 80, 24, &[("PAGER", pager)]);
    pty.shows(&["alpha", "the-end"]);
    let shown = pty.press("o", &["the-end", "PAGER waits"]);
    // cooked, as a program that is started from a shell finds it
    for mode in ["icanon", "echo", "isig", "opost"] {
        let set = shown.split_whitespace().any(|word| word == mode);
        assert!(set, "no {mode:?} in {shown}");
    }
    assert!(!shown.contains("alpha"), "{shown}");
    pty.is_restored();
    // not a key for the screen: a q would ask
    pty.send("q\n");
    let back = pty.wait_screen("the screen is back", |text| {
        text.contains("alpha") && !text.contains("PAGER")
    });
    assert!(!back.contains("detach"), "{back}");
    detach(&mut pty);
}

#[test]
fn a_pager_that_is_missing_is_said() {
    let herd = herd("echo here");
    let mut pty = Pty::with(&herd, 80, 24, &[("PAGER", "no-such-pager")]);
    pty.shows(&["alpha", "the-end"]);
    pty.press("o", &["no-such-pager", "set PAGER"]);
    pty.send("\n");
    pty.shows(&["alpha", "the-end"]);
    detach(&mut pty);
}

#[test]
fn sigterm_while_the_pager_shows_ends_both() {
    let herd = herd("echo here");
    let pager = "cat; printf 'PAGER waits'; exec sleep 250";
    let mut pty = Pty::with(&herd, 80, 24, &[("PAGER", pager)]);
    pty.shows(&["alpha", "the-end"]);
    pty.press("o", &["PAGER waits"]);
    let below: Vec<_> = proc::descendants(pty.client().pid);
    assert!(!below.is_empty());
    proc::signal(pty.client(), Signal::TERM).unwrap();
    assert_eq!(pty.end(), 128 + 15);
    pty.is_restored();
    wait_until("the pager is gone", || {
        !below.iter().any(|stat| proc::is_alive(stat.ident))
    });
}

#[test]
fn ctrl_z_suspends_and_fg_comes_back() {
    let herd = herd("echo here");
    // a shell with job control: without one there is nobody to suspend for
    let mut shell = std::process::Command::new("sh");
    let client = herd.command([] as [&str; 0]);
    let script = format!(
        "set -m; '{}'; echo shell-has-it; read go; fg; echo shell-ends",
        client.get_program().to_str().unwrap()
    );
    shell.args(["-c", &script]).current_dir(herd.dir());
    for (key, value) in client.get_envs() {
        match value {
            Some(value) => shell.env(key, value),
            None => shell.env_remove(key),
        };
    }
    let mut pty = Pty::start(shell, 80, 24);
    pty.shows(&["alpha", "the-end"]);
    let shown = pty.press("\x1a", &["shell-has-it"]);
    assert!(!shown.contains("the-end"), "{shown}");
    pty.is_restored();
    let stopped = proc::descendants(pty.client().pid);
    assert_eq!(stopped.len(), 1, "{stopped:?}");
    // what changes meanwhile is shown at once
    let id = herd.run(&["--name", "beta"], &["sleep", "250"]);
    herd.wait_state(id, "running");
    pty.send("\n");
    pty.shows(&["alpha", "beta"]);
    pty.press("?", &["Esc close"]);
    pty.press_away("\x1b", "Esc close");
    pty.press("q", &["detach"]);
    pty.send("d");
    pty.shows(&["shell-ends"]);
    assert_eq!(pty.end(), 0);
    pty.is_restored();
}

#[test]
fn ctrl_z_where_nobody_can_bring_it_back_does_no_harm() {
    let herd = herd("echo here");
    let mut pty = Pty::open(&herd, 80, 24);
    pty.shows(&["alpha", "the-end"]);
    // the kernel stops no orphaned process group (POSIX, 2.4.3)
    pty.send("\x1a");
    pty.press("?", &["Esc close"]);
    pty.press_away("\x1b", "Esc close");
    detach(&mut pty);
}

#[test]
fn sigint_from_elsewhere_is_a_detach() {
    let herd = herd("echo here");
    let mut pty = Pty::open(&herd, 80, 24);
    pty.shows(&["alpha", "the-end"]);
    proc::signal(pty.client(), Signal::INT).unwrap();
    assert_eq!(pty.end(), 128 + 2);
    pty.is_restored();
    assert_eq!(herd.task(1)["state"], "running");
}

#[test]
fn a_terminal_that_cannot_show_a_screen_is_refused_in_words() {
    let herd = Herd::new();
    let mut pty = Pty::with(&herd, 80, 24, &[("TERM", "dumb")]);
    let said = pty.shows(&["TERM=dumb", "set TERM"]);
    assert_eq!(pty.end(), 2, "{said}");
    pty.is_restored();
    assert!(!pty.raw().contains(&b'\x1b'), "{said}");
    // neither a terminal nor a verb
    let done = finish(
        herd.command([] as [&str; 0])
            .stdin(Stdio::null())
            .spawn()
            .unwrap(),
    );
    done.fails(2, "terminal");
    assert!(herd.supervisor().is_none(), "started for nothing");
}

#[test]
fn no_colour_is_sent_where_none_is_wanted() {
    let herd = herd("printf '\\033[31mred\\033[48;5;21mblue\\033[38;2;1;2;3mtrue\\033[0m\\n'");
    let mut pty = Pty::with(&herd, 80, 24, &[("NO_COLOR", "1")]);
    pty.shows(&["redbluetrue", "the-end"]);
    pty.press("?", &["Esc close"]);
    pty.press_away("\x1b", "Esc close");
    pty.press("K", &["its key revokes"]);
    pty.press_away("\x1b", "its key revokes");
    detach(&mut pty);
    let raw = String::from_utf8(pty.raw()).unwrap();
    for sequence in raw.split("\x1b[").skip(1) {
        let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        if sequence[end..].starts_with('m') && !sequence.starts_with('?') {
            // set back to the default is no colour
            let coloured = sequence[..end].split(';').any(|code| {
                matches!(
                    code.parse(),
                    Ok(30..=38 | 40..=48 | 58 | 90..=97 | 100..=107)
                )
            });
            assert!(!coloured, "{:?} in spite of NO_COLOR", &sequence[..=end]);
        }
    }
}

/// Says hello; the supervisor's lines until it hangs up or says this many.
fn greet(herd: &Herd, hello: &str, lines: usize) -> Vec<String> {
    let mut stream = UnixStream::connect(herd.home().join("run/wrangle.sock")).unwrap();
    stream
        .set_read_timeout(Some(crate::procs::PATIENCE))
        .unwrap();
    writeln!(stream, "{hello}").unwrap();
    let answers = BufReader::new(stream).lines();
    answers.take(lines).map(|line| line.unwrap()).collect()
}

#[test]
fn a_client_of_another_version_is_refused_in_words() {
    let herd = herd("echo here");
    let hello = |protocol| {
        let hello = Hello {
            protocol,
            version: "9.9.9".into(),
            role: Role::Call,
        };
        serde_json::to_string(&hello).unwrap()
    };
    for protocol in [PROTOCOL + 1, 0, u32::MAX] {
        // to the end: nothing follows a refusal
        let said = greet(&herd, &hello(protocol), usize::MAX);
        let [line] = &said[..] else {
            panic!("{said:?}");
        };
        match serde_json::from_str(line).unwrap() {
            FromSupervisor::Differs(theirs) => {
                assert_eq!(theirs.version, env!("CARGO_PKG_VERSION"));
                assert_eq!(theirs.protocol, PROTOCOL);
                assert_eq!(Some(theirs.pid), herd.supervisor().map(|who| who.pid));
            }
            other => panic!("{other:?}"),
        }
    }
    // one that says nothing we know is hung up on, not obeyed
    for nonsense in ["{}", "GET / HTTP/1.1", "[]", ""] {
        let said = greet(&herd, nonsense, usize::MAX);
        assert!(
            said.iter().all(|line| line.contains("refused")),
            "{nonsense:?}: {said:?}"
        );
    }
    let said = greet(&herd, &hello(PROTOCOL), 1);
    assert!(said[0].contains("welcome"), "{said:?}");
    assert_eq!(herd.task(1)["state"], "running");
}

#[test]
fn a_supervisor_of_another_version_is_told_of_in_words() {
    let herd = Herd::new();
    let run = herd.home().join("run");
    std::fs::create_dir_all(&run).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(run.join("wrangle.sock")).unwrap();
    let refusal = FromSupervisor::Refused("this one is wrangle 9.9.9".into());
    let answer = serde_json::to_string(&refusal).unwrap();
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut hello = String::new();
            BufReader::new(stream.try_clone().unwrap())
                .read_line(&mut hello)
                .unwrap();
            writeln!(stream, "{answer}").unwrap();
        }
    });
    herd.call(["ls"]).fails(3, "9.9.9");
    let mut pty = Pty::open(&herd, 80, 24);
    pty.shows(&["9.9.9"]);
    assert_eq!(pty.end(), 3);
    pty.is_restored();
    server.join().unwrap();
    std::fs::remove_file(run.join("wrangle.sock")).unwrap();
}
