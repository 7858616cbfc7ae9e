//! Screens that come to the next supervisor, as they were left.

use std::fs;

use wrangle::sys::proc;

use crate::herd::Herd;
use crate::procs::wait_until;
use crate::pty::Pty;
use crate::takeover::{Newcomer, take_over};

/// Waits until another one than this is the supervisor and the screen has said so.
#[track_caller]
fn killed(herd: &Herd, pty: &Pty) {
    let died = herd.kill_supervisor();
    wait_until("the next one is there", || {
        herd.supervisor().is_some_and(|next| next != died)
    });
    pty.shows(&["the supervisor had died"]);
}

#[test]
fn all_of_a_persons_place_comes_back() {
    let herd = Herd::new();
    let count = "i=0; while [ $i -lt 300 ]; do echo line-$i; i=$((i+1)); done; sleep 250";
    let id = herd.run(&["--name", "alpha"], &["sh", "-c", count]);
    herd.run(
        &["--name", "beta"],
        &["sh", "-c", "echo beta-says; sleep 250"],
    );
    herd.wait_output(id, b"line-299\n");
    let mut pty = Pty::open(&herd, 100, 24);
    pty.shows(&["alpha", "beta"]);
    // filtered, scrolled back, and half a task composed
    pty.press("/alph", &["filter: alph", "line-299"]);
    pty.press("\r\x02\x02", &["line-250"]);
    pty.press_away("", "line-299");
    let scrolled = pty.text();
    let first = |text: &str| {
        let at = text.find("line-").unwrap();
        text[at..].split_whitespace().next().unwrap().to_owned()
    };
    let stands = first(&scrolled);
    pty.press("nmake al", &["make al"]);
    killed(&herd, &pty);
    pty.shows(&["make al"]);
    pty.press("l", &["make all"]);
    let newcomer = take_over(&herd);
    pty.shows(&["was replaced", "make all"]);
    pty.press_away("\x1b", "make all");
    let after = pty.shows(&["filter: alph", &stands]);
    assert_eq!(first(&after), stands, "{after}");
    assert!(!after.contains("beta"), "{after}");
    // the draft is kept as it was
    pty.press("n", &["make all"]);
    pty.press_away("\x1b", "make all");
    // a command half typed, the keys in its midst
    pty.press(":run true\x1b[D\x1b[D", &[":run true"]);
    killed(&herd, &pty);
    newcomer.left_badly();
    pty.shows(&[":run true"]);
    pty.press("X", &[":run trXue"]);
    pty.press_away("\x03\x03", ":run");
    pty.press("q", &["detach"]);
    pty.send("d");
    assert_eq!(pty.end(), 0);
    pty.is_restored();
    herd.ok(&["shutdown", "--force"]);
}

#[test]
fn what_is_typed_while_one_hands_over_is_typed_for_the_next() {
    let herd = Herd::new();
    let over = herd.dir().join("over");
    let hook = format!("until [ -e '{}' ]; do sleep 0.05; done", over.display());
    let config = format!("[hooks]\ntimeout = \"10m\"\nstarted = \"{hook}\"\n");
    fs::write(herd.home().join("config.toml"), config).unwrap();
    // so many that one waits, which the old one waits for in its turn
    for _ in 0..9 {
        herd.run(&["--name", "alpha"], &["sleep", "250"]);
    }
    let mut pty = Pty::open(&herd, 80, 24);
    pty.shows(&["alpha"]);
    let old = herd.supervisor().unwrap();
    let mut newcomer = herd.next(["supervisor", "--takeover"]).spawn().unwrap();
    let socket = herd.home().join("run/wrangle.sock");
    wait_until("the old one listens no more", || !socket.exists());
    pty.send(":run half-typed");
    pty.shows(&[":run half-typed"]);
    // its lock was free before it was gone
    wait_until("the old one has left", || !proc::is_alive(old));
    fs::write(over, "").unwrap();
    pty.press_away("\x03\x03", ":run");
    pty.press("q", &["detach"]);
    pty.send("d");
    assert_eq!(pty.end(), 0);
    herd.ok(&["shutdown", "--force"]);
    newcomer.wait().unwrap();
}

#[test]
fn no_key_is_lost_however_fast_a_person_types_while_one_hands_over() {
    let herd = Herd::new();
    herd.run(&["--name", "alpha"], &["sleep", "250"]);
    let mut pty = Pty::open(&herd, 240, 24);
    pty.shows(&["alpha"]);
    pty.press(":run true", &[":run true"]);
    let mut words = vec!["true".to_owned()];
    let mut newcomers = Vec::new();
    for round in 0..4 {
        let takeover = ["supervisor", "--takeover"];
        let newcomer = Newcomer::start(if round % 2 == 0 {
            herd.next(takeover)
        } else {
            herd.command(takeover)
        });
        while !newcomer.is_supervisor(&herd) {
            let word = format!("w{}.", words.len());
            pty.send(&format!(" {word}"));
            words.push(word);
            // never more unseen than a line to the supervisor holds
            let seen = words.len().saturating_sub(32).max(1);
            pty.shows(&[words.get(seen).map_or("true", String::as_str)]);
        }
        newcomers.push(newcomer);
    }
    pty.shows(&[words.last().unwrap()]);
    pty.press_away("\r", ":run");
    let task = herd.wait_state(2, "ended");
    assert_eq!(task["command"], words.join(" "));
    pty.press("q", &["detach"]);
    pty.send("d");
    assert_eq!(pty.end(), 0);
    herd.ok(&["shutdown", "--force"]);
    for newcomer in newcomers {
        newcomer.left();
    }
}

#[test]
fn supervisors_that_die_in_a_row_are_started_again_when_a_person_says_so() {
    let herd = Herd::new();
    let (id, _) = herd.tree(&["--name", "alpha"], "ready");
    let mut pty = Pty::open(&herd, 80, 24);
    pty.shows(&["alpha"]);
    pty.press(":revoke al", &[":revoke al"]);
    let die = || {
        for _ in 0..3 {
            killed(&herd, &pty);
            pty.press_away("p\x7f", "the supervisor had died");
        }
        herd.kill_supervisor();
        pty.shows(&["again and again", "Enter tries again", "q leaves"]);
        assert_eq!(herd.supervisors(), []);
    };
    die();
    // another size: it is said there too
    pty.resize(50, 12);
    pty.wait_screen("it is said in the new size", |text| {
        text.contains("again and again") && text.contains("q leaves")
    });
    pty.resize(80, 24);
    pty.shows(&["again and again", "q leaves"]);
    pty.press("\r", &["alpha", ":revoke al"]);
    assert_eq!(herd.supervisors().len(), 1);
    die();
    pty.send("q");
    assert_eq!(pty.end(), 3);
    pty.is_restored();
    pty.shows(&["again and again"]);
    assert_eq!(herd.task(id)["state"], "running");
}

#[test]
fn a_next_one_that_cannot_start_is_tried_again_when_a_person_says_so() {
    let herd = Herd::new();
    let (id, _) = herd.tree(&["--name", "alpha"], "ready");
    let (mut stays, mut leaves) = (Pty::open(&herd, 80, 24), Pty::open(&herd, 80, 24));
    stays.shows(&["alpha"]);
    leaves.shows(&["alpha"]);
    let config = herd.home().join("config.toml");
    let kept = fs::read(&config).unwrap_or_default();
    fs::write(&config, "nonsense = 1\n").unwrap();
    herd.kill_supervisor();
    for pty in [&stays, &leaves] {
        pty.shows(&["nonsense", "Enter tries again", "q leaves"]);
    }
    leaves.send("q");
    assert_eq!(leaves.end(), 3);
    leaves.is_restored();
    leaves.wait_screen("it says why", |text| {
        text.replace('\n', "").contains("nonsense")
    });
    fs::write(&config, kept).unwrap();
    stays.press("\r", &["alpha", "the supervisor had died"]);
    stays.press("q", &["detach"]);
    stays.send("d");
    assert_eq!(stays.end(), 0);
    stays.is_restored();
    assert_eq!(herd.task(id)["state"], "running");
}
