//! A machine that was restarted: every pid on record means nothing, or somebody else.

use rusqlite::params;

use crate::herd::Herd;
use crate::procs::{Bystander, kill_all, kit, wait_until};
use crate::truth::{everybody, holds, open, output};

/// Ends everything of a herd at once, as a power cut would.
fn cut_power(herd: &Herd) {
    herd.remember();
    kill_all(&everybody(herd));
}

/// A boot that is not this one.
const OTHER: &str = "00000000-0000-4000-8000-000000000000";

#[test]
fn nobody_who_has_a_number_of_before_is_touched() {
    let herd = Herd::new();
    // the boot on record, and how far the start time there is from the stranger's
    let rows = [
        (
            "another boot, pid and start time of a stranger",
            true,
            0,
            "running",
        ),
        (
            "another boot, pid and start time of a stranger",
            true,
            0,
            "paused",
        ),
        (
            "another boot, pid and start time of a stranger",
            true,
            0,
            "stopping",
        ),
        ("another boot, another start time", true, 1, "running"),
        ("this boot, another start time", false, 1, "running"),
        ("this boot, another start time", false, 1, "paused"),
        ("this boot, another start time", false, 1, "stopping"),
    ];
    let tasks: Vec<(u64, Bystander)> = rows
        .iter()
        .map(|_| {
            let (id, token) = herd.tree(&[], "ready");
            (id, Bystander::in_a_session(&token))
        })
        .collect();
    cut_power(&herd);
    let db = open(&herd);
    for ((_, reboot, off, state), (id, stranger)) in rows.iter().zip(&tasks) {
        let who = stranger.who();
        let changed = db
            .execute(
                "UPDATE run SET boot = CASE WHEN ?2 THEN ?3 ELSE boot END, pid = ?4, \
                 pid_start = ?5, state = ?6, since = created, \
                 stop_cause = CASE ?6 WHEN 'stopping' THEN 'lost' END WHERE task = ?1",
                params![
                    id.cast_signed(),
                    reboot,
                    OTHER,
                    who.pid,
                    who.start.cast_signed() + off,
                    state
                ],
            )
            .unwrap();
        assert_eq!(changed, 1);
    }
    drop(db);
    for ((what, reboot, _, state), (id, stranger)) in rows.iter().zip(&tasks) {
        let task = herd.wait_state(*id, "ended");
        assert_eq!(task["outcome"], "lost", "{what}, {state}: {task}");
        let reason = task["reason"].as_str().unwrap();
        let wanted = if *reboot { "restarted" } else { "shim" };
        assert!(reason.contains(wanted), "{what}, {state}: {task}");
        stranger.lives_on();
    }
    holds(&herd);
    // nor later
    herd.ok(&["shutdown"]);
    for (_, stranger) in &tasks {
        stranger.lives_on();
    }
}

#[test]
fn an_end_that_was_put_on_record_before_is_the_end() {
    let herd = Herd::new();
    let whole = herd.run(&["--stdin"], &["sh", "-c", "read go; seq 1 1000; exit 7"]);
    let script = format!("{} sleep {} & seq 1 1000; exit 4", kit(), herd.token());
    let lingering = herd.run(&[], &["sh", "-c", &script]);
    herd.wait_state(lingering, "lingering");
    herd.wait_state(whole, "running");
    herd.ok(&["send", &whole.to_string(), "go"]);
    herd.kill_supervisor();
    let record = herd
        .home()
        .join(format!("data/tasks/{whole}/1/status.json"));
    wait_until("the shim has put the end on record", || {
        std::fs::read_to_string(&record).is_ok_and(|text| text.contains("\"drained\":true"))
    });
    cut_power(&herd);
    let db = open(&herd);
    db.execute("UPDATE run SET boot = ?", [OTHER]).unwrap();
    drop(db);
    let numbers: Vec<String> = (1..=1000).map(|n| n.to_string() + "\n").collect();
    for (id, code) in [(whole, 7), (lingering, 4)] {
        let task = herd.wait_state(id, "ended");
        assert_eq!(task["outcome"], "failed", "{task}");
        assert_eq!(task["exit_code"], code, "{task}");
        assert!(output(&herd, id, 1) == numbers.concat().as_bytes());
        assert_eq!(task["output_bytes"], numbers.concat().len(), "{task}");
    }
    holds(&herd);
}
