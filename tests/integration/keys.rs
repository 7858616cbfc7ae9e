//! Every key of the contract, pressed on the real screen, wide and small.

use crate::herd::Herd;
use crate::procs::{kit, of_tree, wait_until};
use crate::pty::Pty;

const ESC: &str = "\x1b";
const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const PAGE_UP: &str = "\x1b[5~";
const PAGE_DOWN: &str = "\x1b[6~";

/// Three tasks: one with a long output, one that answers, one that failed.
fn herd() -> Herd {
    let herd = Herd::new();
    let script = "seq -f 'line %g' 1 400; echo the needle; seq -f 'more %g' 1 400; exec sleep 250";
    herd.run(&["--name", "alpha"], &["sh", "-c", script]);
    let token = herd.token();
    herd.run(
        &["--name", "beta", "--stdin"],
        &[&kit(), "echo-stdin", &token],
    );
    let gamma = herd.run(&["--name", "gamma"], &["sh", "-c", "exit 3"]);
    herd.wait_state(gamma, "ended");
    herd.wait_output(1, b"more 400\n");
    herd.wait_output(2, b"ready\n");
    herd
}

/// The row of the list that is selected.
fn is_selected(text: &str, name: &str) -> bool {
    text.lines()
        .filter_map(|line| line.strip_prefix('▌'))
        .any(|line| line.split('│').next().unwrap_or(line).contains(name))
}

#[track_caller]
fn select(pty: &Pty, keys: &str, name: &str) {
    pty.send(keys);
    pty.wait_screen(&format!("{keys:?} has selected {name}"), |text| {
        is_selected(text, name)
    });
}

fn moving(cols: u16, rows: u16) {
    let herd = herd();
    let pty = Pty::open(&herd, cols, rows);
    pty.shows(&["alpha", "beta", "gamma"]);
    // it wants to be seen; once it was, nobody does
    select(&pty, "!", "gamma");
    select(&pty, "g", "alpha");
    select(&pty, "j", "beta");
    select(&pty, DOWN, "gamma");
    select(&pty, "k", "beta");
    select(&pty, UP, "alpha");
    select(&pty, "G", "gamma");
    select(&pty, "g", "alpha");
    pty.press("?", &["keys", "Esc close"]);
    pty.press_away(ESC, "Esc close");
    select(&pty, "g", "alpha");
    // zoom: the output alone, then both again
    pty.press("\r", &["more 400"]);
    pty.wait_screen("the list is gone", |text| !text.contains("beta"));
    pty.press("\r", &["alpha", "beta"]);
    // into the output and back: there `k` scrolls and selects nothing
    pty.press("\t", &["more 400"]);
    pty.press("g", &["line 1"]);
    pty.press("G", &["more 400"]);
    pty.press("\t", &["alpha", "beta"]);
    select(&pty, "j", "beta");
}

fn launching(cols: u16, rows: u16) {
    let herd = herd();
    let pty = Pty::open(&herd, cols, rows);
    pty.shows(&["alpha"]);
    pty.press(":", &[":"]);
    pty.press("run --name delta -- sleep 250\r", &["delta"]);
    herd.wait_state(4, "running");
    pty.press("n", &["new task"]);
    pty.send("echo composed >&2\nexec sleep 250");
    pty.shows(&["exec sleep 250"]);
    pty.press_away("\x1b\r", "new task");
    let task = herd.wait_state(5, "running");
    assert!(
        task["command"].as_str().unwrap().contains("composed"),
        "{task}"
    );
    herd.wait_output(5, b"composed\n");
    // a draft is kept
    pty.press("n", &["new task"]);
    pty.press("half a thought", &["half a thought"]);
    pty.press_away(ESC, "new task");
    pty.press("n", &["half a thought"]);
    pty.press_away(ESC, "new task");
    // wrong lines are told in a line
    pty.press(":revok 1\r", &["unknown verb revok"]);
    pty.press_away(ESC, ":revok");
    pty.press(":show 99\r", &["no task 99"]);
    // retry and messages
    select(&pty, "g", "alpha");
    select(&pty, "jj", "gamma");
    pty.send("r");
    herd.wait_task(3, "has run again", |task| {
        task["run"] == 2 && task["state"] == "ended"
    });
    select(&pty, "k", "beta");
    pty.send("s");
    pty.send("hello there\r");
    herd.wait_output(2, b"got: hello there\n");
    pty.send("p");
    herd.wait_state(2, "paused");
    pty.shows(&["paused"]);
    pty.send("p");
    herd.wait_state(2, "running");
}

fn stopping(cols: u16, rows: u16) {
    let herd = Herd::new();
    let mut tokens = Vec::new();
    for (name, mode) in [
        ("obeys", "ready"),
        ("denies", "stubborn"),
        ("third", "stubborn"),
    ] {
        tokens.push(herd.tree(&["--name", name, "--grace", "120s"], mode).1);
    }
    let pty = Pty::open(&herd, cols, rows);
    pty.shows(&["obeys", "denies", "third"]);
    select(&pty, "g", "obeys");
    pty.send("x");
    assert_eq!(herd.wait_state(1, "ended")["outcome"], "revoked");
    // a second x forces
    select(&pty, "j", "denies");
    pty.send("x");
    herd.wait_state(2, "stopping");
    pty.wait_screen("the seconds to SIGKILL are shown", |text| {
        text.contains("kill 1") || text.contains("SIGKILL")
    });
    assert!(!of_tree(&tokens[1]).is_empty());
    pty.send("x");
    herd.wait_state(2, "ended");
    // at once
    select(&pty, "j", "third");
    pty.send("X");
    herd.wait_state(3, "ended");
    // by the menu
    let (id, token) = herd.tree(&["--name", "fourth", "--grace", "120s"], "stubborn");
    pty.shows(&["fourth"]);
    pty.press("K", &["its key revokes"]);
    pty.send("1");
    herd.wait_state(id, "stopping");
    pty.wait_screen("the menu knows", |text| {
        text.contains("kill 1") || text.contains("stopping")
    });
    pty.send("1");
    herd.wait_state(id, "ended");
    for token in tokens.iter().chain([&token]) {
        assert!(of_tree(token).is_empty());
    }
}

fn reading(cols: u16, rows: u16) {
    let herd = herd();
    let page = herd.dir().join("page");
    let pager = format!("cat > {}", page.display());
    let pty = Pty::with(&herd, cols, rows, &[("PAGER", &pager)]);
    pty.shows(&["alpha"]);
    select(&pty, "g", "alpha");
    pty.press("\r", &["more 400"]);
    for (back, on) in [(PAGE_UP, PAGE_DOWN), ("\x02", "\x06")] {
        pty.press_away(back, "more 400");
        pty.press(on, &["more 400"]);
    }
    pty.press("g", &["line 1"]);
    pty.press("f", &["more 400"]);
    // search: as it is typed, then on to the next and back
    pty.press("/needl", &["the needle"]);
    pty.press("\r", &["1 of 1", "the needle"]);
    pty.press_away(ESC, "1 of 1");
    pty.press("/line 39\r", &[" of 11", "line 39"]);
    let hit = |text: &str| -> Option<u32> {
        let (before, _) = text.split_once(" of 11")?;
        before.rsplit(' ').next()?.parse().ok()
    };
    let first = hit(&pty.text()).unwrap();
    pty.send("n");
    pty.wait_screen("the next hit", |text| hit(text) == Some(first % 11 + 1));
    pty.send("N");
    pty.wait_screen("the one before", |text| hit(text) == Some(first));
    pty.press_away(ESC, " of 11");
    // copy and pager
    pty.press("f", &["more 400"]);
    pty.send("y");
    wait_until("something is on the clipboard", || {
        pty.wishes().1.iter().any(|text| text.contains("more 400"))
    });
    pty.send("o");
    wait_until("the whole log was paged", || {
        std::fs::read_to_string(&page)
            .is_ok_and(|text| text.contains("line 1\n") && text.contains("more 400"))
    });
    pty.shows(&["more 400"]);
}

fn leaving(cols: u16, rows: u16) {
    let herd = herd();
    let mut pty = Pty::open(&herd, cols, rows);
    pty.shows(&["alpha"]);
    pty.press("q", &["detach"]);
    pty.press_away(ESC, "detach");
    pty.press("q", &["detach"]);
    pty.send("d");
    assert_eq!(pty.end(), 0);
    pty.is_restored();
    assert_eq!(herd.task(1)["state"], "running");
    // back again, everything as it was, then all of it is stopped
    // but what has ended and was seen, which is history now
    let mut pty = Pty::open(&herd, cols, rows);
    pty.shows(&["alpha", "beta", "history 1"]);
    pty.press("q", &["stop all"]);
    pty.send("s");
    assert_eq!(pty.end(), 0);
    pty.is_restored();
    assert!(
        herd.json(&["ls", "--all", "--json"])
            .iter()
            .all(|task| task["state"] == "ended")
    );
}

macro_rules! sizes {
    ($($test:ident)*) => {$(
        mod $test {
            #[test]
            fn at_80x24() {
                super::$test(80, 24);
            }

            #[test]
            fn at_40x10() {
                super::$test(40, 10);
            }
        }
    )*};
}

sizes! { moving launching stopping reading leaving }

#[test]
fn any_size_is_borne() {
    let herd = herd();
    let mut pty = Pty::open(&herd, 80, 24);
    pty.shows(&["alpha"]);
    for (cols, rows) in [(250, 70), (20, 5), (2, 2), (40, 10), (500, 3), (80, 24)] {
        pty.resize(cols, rows);
        pty.send("jk");
    }
    pty.shows(&["alpha", "beta", "gamma"]);
    pty.press("q", &["detach"]);
    pty.send("d");
    assert_eq!(pty.end(), 0);
    pty.is_restored();
}

#[test]
fn nothing_jumps_while_one_reads() {
    let herd = Herd::new();
    let script = "seq -f 'line %g' 1 400; read go; seq -f 'later %g' 1 5000; exec sleep 250";
    let id = herd.run(&["--name", "alpha", "--stdin"], &["sh", "-c", script]);
    herd.wait_output(id, b"line 400\n");
    let pty = Pty::open(&herd, 80, 24);
    pty.press("\r", &["line 400"]);
    pty.press_away(PAGE_UP, "line 400");
    let body = |text: &str| -> Vec<String> {
        text.lines()
            .filter_map(|line| line.split('│').next_back())
            .map(str::trim)
            .filter(|line| line.starts_with("line "))
            .map(str::to_owned)
            .collect()
    };
    let before = body(&pty.text());
    assert!(before.len() > 10, "{before:?}");
    herd.ok(&["send", "1", "go"]);
    herd.wait_output(id, b"later 5000\n");
    pty.wait_screen("what is read stays", |text| body(text) == before);
    pty.press("f", &["later 5000"]);
}
