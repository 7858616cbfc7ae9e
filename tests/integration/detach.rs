//! Clients that go, hang or die while they show a flood, and what becomes of the rest.

use rustix::process::Signal;
use wrangle::sys::proc;

use crate::herd::Herd;
use crate::procs::{exists, kill, wait_until};
use crate::pty::Pty;

/// A herd with a task that writes for ever, shown by one client, and another beside.
fn flooded() -> (Herd, Pty, Pty) {
    let herd = Herd::with("[output]\ntask_cap = \"8 MiB\"\n");
    let forever = (u64::MAX / 2).to_string();
    let flood = herd.writer("drip", &[&forever, "plain", "1", "1"]);
    assert_eq!(flood, 1);
    let still = herd.run(&["--name", "still"], &["sh", "-c", "echo calm; sleep 250"]);
    herd.wait_output(still, b"calm\n");
    let shows = Pty::open(&herd, 80, 24);
    let other = Pty::open(&herd, 100, 30);
    shows.shows(&["still", "tree"]);
    shows.press("g", &["seed"]);
    other.shows(&["still"]);
    other.press("G", &["calm"]);
    (herd, shows, other)
}

/// The task writes on and the other client still answers.
#[track_caller]
fn go_on(herd: &Herd, other: &Pty) {
    let before = herd.task(1)["output_bytes"].as_u64();
    herd.wait_task(1, "writes on", |task| {
        task["state"] == "running" && task["output_bytes"].as_u64() > before
    });
    other.press("?", &["Esc close"]);
    other.press_away("\x1b", "Esc close");
}

/// A new client finds the same list.
#[track_caller]
fn reattach(herd: &Herd) {
    let mut pty = Pty::open(herd, 80, 24);
    pty.shows(&["tree", "still"]);
    pty.press("g", &["seed"]);
    pty.press("q", &["detach"]);
    pty.send("d");
    assert_eq!(pty.end(), 0);
    pty.is_restored();
}

#[test]
fn a_closed_terminal_is_a_detach() {
    let (herd, mut shows, other) = flooded();
    shows.close();
    let client = shows.client();
    shows.end();
    assert!(!proc::is_alive(client));
    go_on(&herd, &other);
    reattach(&herd);
}

#[test]
fn a_killed_client_harms_nobody() {
    let (herd, shows, other) = flooded();
    kill(shows.client());
    go_on(&herd, &other);
    reattach(&herd);
}

#[test]
fn a_hanging_client_harms_nobody() {
    let (herd, mut shows, other) = flooded();
    proc::signal(shows.client(), Signal::STOP).unwrap();
    go_on(&herd, &other);
    reattach(&herd);
    // it comes to itself and shows what is now
    proc::signal(shows.client(), Signal::CONT).unwrap();
    shows.press("G", &["calm"]);
    shows.press("q", &["detach"]);
    shows.send("d");
    assert_eq!(shows.end(), 0);
    shows.is_restored();
}

#[test]
fn sigterm_to_a_client_is_a_detach() {
    let (herd, mut shows, other) = flooded();
    proc::signal(shows.client(), Signal::TERM).unwrap();
    shows.end();
    shows.is_restored();
    go_on(&herd, &other);
}

#[test]
fn a_screen_outlives_its_supervisor() {
    let (herd, mut shows, mut other) = flooded();
    let pid = herd.task(1)["pid"].clone();
    let supervisor = herd.kill_supervisor();
    for pty in [&mut shows, &mut other] {
        pty.shows(&["the supervisor had died", "still", "tree"]);
    }
    // what was selected is
    shows.shows(&["seed"]);
    other.shows(&["calm"]);
    wait_until("the supervisor is gone", || !exists(supervisor));
    assert_eq!(herd.supervisors().len(), 1);
    assert_eq!(herd.task(1)["pid"], pid);
    other.press("G", &["calm"]);
    go_on(&herd, &other);
    for pty in [&mut shows, &mut other] {
        pty.press("q", &["detach"]);
        pty.send("d");
        assert_eq!(pty.end(), 0);
        pty.is_restored();
    }
}

#[test]
fn clients_have_sizes_and_selections_of_their_own() {
    let (herd, shows, other) = flooded();
    assert!(shows.text().contains("seed"));
    assert!(!shows.text().contains("calm"));
    assert!(other.text().contains("calm"));
    shows.resize(60, 15);
    shows.press("?", &["Esc close"]);
    assert!(!other.text().contains("Esc close"));
    shows.press_away("\x1b", "Esc close");
    other.press("G\r", &["calm"]);
    other.wait_screen("the list is gone", |text| !text.contains("tree"));
    // lines are broken anywhere in a narrow pane
    shows.shows(&["tree", "......"]);
    go_on(&herd, &other);
}
