//! The queue on the screen: where queued tasks stand, what they say, which keys move them.

use jiff::tz::TimeZone;

use super::Desk;
use crate::core::attention::Attention;
use crate::core::id::{Target, TaskId};
use crate::core::plan::{Behind, Hold, HoldCause, Idle, Lease, Needs, Priority, Start};
use crate::core::raw::Raw;
use crate::core::shim::MARK;
use crate::core::task::{Exit, State};
use crate::core::time::Timestamp;
use crate::core::wire::{Move, Request, RunRequest};
use crate::screen::list::Row;

/// Two of one lane run, which is full then; others of it wait.
fn desk(cols: u16, rows: u16, waiting: u32) -> Desk {
    let mut desk = Desk::new(cols, rows);
    desk.limit("sonnet", 2);
    for name in ["parser", "lexer"] {
        let id = desk.queue(name, "claude", in_lane);
        desk.begin(id);
    }
    for number in 0..waiting {
        desk.queue(&format!("agent-{number}"), "claude", in_lane);
    }
    desk.press("g").taken();
    desk.draw();
    desk
}

fn in_lane(request: &mut RunRequest) {
    request.spec.lane = Some("sonnet".into());
}

fn after(id: u32) -> Vec<Behind> {
    vec![Behind {
        target: Target::Id(TaskId(id)),
        needs: Needs::End,
    }]
}

/// The tasks in view, and the row that folds as 0.
fn rows(desk: &mut Desk) -> Vec<u32> {
    desk.draw();
    let rows = desk.screen.list.in_view();
    rows.map(|row| match row {
        Row::Task(id) => id.0,
        Row::Fold => 0,
    })
    .collect()
}

fn selected(desk: &Desk) -> u32 {
    desk.screen.list.selected().unwrap().0
}

#[test]
fn what_waits_stands_below_what_runs_and_goes_up_when_it_starts() {
    let mut desk = desk(80, 24, 3);
    let other = desk.run("server", "npm run dev");
    assert_eq!(rows(&mut desk), [1, 2, other.0, 3, 4, 5]);
    desk.exit(TaskId(2), Exit::Code(0), 0);
    desk.begin(TaskId(3));
    assert_eq!(rows(&mut desk), [1, 2, 3, other.0, 4, 5]);
    // one that failed, and is to run again in a moment, stays where it stood
    let again = desk.queue("flaky", "make", |request| request.spec.restarts = 3);
    desk.begin(again);
    desk.exit(again, Exit::Code(1), 0);
    let run = desk.engine.task(again).unwrap();
    if let State::Queued { hold } = run.state() {
        assert_eq!(hold.map(|hold| hold.cause), Some(HoldCause::Again));
    }
    assert_eq!(rows(&mut desk), [1, 2, 3, other.0, again.0, 4, 5]);
}

#[test]
fn the_selected_one_keeps_its_row_when_it_is_taken_out() {
    let mut desk = desk(80, 24, 30);
    desk.press("j j j j j j j j j j j j j j j j j j j j j j j j j j j j");
    let before = rows(&mut desk);
    assert_eq!(selected(&desk), 29);
    desk.press("x").requests();
    assert_eq!(rows(&mut desk), before, "nothing moves under the cursor");
    assert!(desk.text().contains("■  29 agent-26"));
    desk.press("x");
    assert!(desk.text().contains("29 agent-26 has ended"));
    desk.press("j");
    assert_eq!(selected(&desk), 30);
    assert!(!rows(&mut desk).contains(&29));
    // one that starts goes up all the same
    desk.press("g").draw();
    desk.press("j j");
    desk.exit(TaskId(1), Exit::Code(0), 0);
    desk.begin(TaskId(3));
    assert_eq!(selected(&desk), 3);
    assert_eq!(rows(&mut desk)[..4], [1, 2, 3, 4]);
}

#[test]
fn who_can_never_start_comes_up_to_be_seen() {
    let mut desk = desk(80, 24, 0);
    let id = desk.queue("deploy", "./deploy", |request| {
        request.after = vec![Behind {
            target: Target::Id(TaskId(1)),
            needs: Needs::Success,
        }];
    });
    assert!(desk.text().contains("after #1"));
    desk.exit(TaskId(1), Exit::Code(1), 0);
    assert_eq!(rows(&mut desk), [1, 2, id.0]);
    let wants = desk.engine.task(id).unwrap().attention;
    assert_eq!(wants, Attention::FailedUnread);
}

#[test]
fn keys_move_a_queued_task() {
    let mut desk = desk(80, 24, 4);
    desk.press("G");
    assert_eq!(selected(&desk), 6);
    for (key, to, expected) in [
        ("<", Move::Up, [3, 4, 6, 5]),
        ("T", Move::Top, [6, 3, 4, 5]),
        (">", Move::Down, [3, 6, 4, 5]),
    ] {
        let asked = desk.press(key).requests();
        assert!(
            matches!(asked.as_slice(), [Request::Move(Target::Id(TaskId(6)), asked)] if *asked == to)
        );
        assert_eq!(rows(&mut desk)[2..], expected, "{key}");
        assert_eq!(selected(&desk), 6);
    }
    desk.press("+").requests();
    assert_eq!(
        desk.engine.task(TaskId(6)).unwrap().priority,
        Priority::High
    );
    assert!(desk.text().contains("high priority"));
    assert_eq!(rows(&mut desk)[2..], [6, 3, 4, 5]);
    assert!(desk.press("+").requests().is_empty());
    assert!(desk.text().contains("6 agent-3 has high priority"));
    desk.press("-").requests();
    desk.press("-").requests();
    assert_eq!(desk.engine.task(TaskId(6)).unwrap().priority, Priority::Low);
    assert_eq!(rows(&mut desk)[2..], [3, 4, 5, 6]);
    assert!(desk.text().contains("4th of 4"));
    desk.press("g");
    for key in ["<", ">", "T", "+", "-"] {
        assert!(desk.press(key).requests().is_empty());
        let text = desk.text();
        assert!(text.contains("1 parser is running: only a queued"), "{key}");
    }
}

#[test]
fn a_key_pauses_the_queue() {
    let mut desk = desk(120, 24, 1);
    desk.press("P").requests();
    let text = desk.text();
    assert!(text.contains("2 active ‖ queue paused"), "{text}");
    desk.press("G");
    assert!(desk.text().contains("the queue is paused; P lets it go on"));
    desk.press("p");
    let text = desk.text();
    assert!(text.contains("x takes it out, < > move it, P pauses the queue"));
    let asked = desk.press("P").requests();
    assert!(matches!(asked.as_slice(), [Request::PauseQueue(false)]));
    assert!(!desk.text().contains("queue paused"));
}

#[test]
fn a_row_says_why_and_the_header_says_it_in_full() {
    let mut desk = desk(120, 24, 1);
    desk.press("G");
    let text = desk.text();
    assert!(text.contains("lane sonnet 2/2"), "{text}");
    assert!(text.contains("lane sonnet is full (2 of 2: #1 #2)"));
    assert!(text.contains("1st of 1"));
    assert!(text.contains("normal priority · lane sonnet"));
    let lease = || {
        Some(Lease {
            dir: Raw::from("/home/ada/src/api"),
            tree: None,
        })
    };
    let holder = desk.queue("edit", "claude", |request| {
        request.spec.lease = lease();
        request.spec.timeout_ms = Some(1_800_000);
    });
    desk.begin(holder);
    desk.wait(600);
    desk.queue("review", "claude", |request| request.spec.lease = lease());
    desk.queue("nightly", "make", |request| {
        request.start = Start::At(Timestamp(desk_time(14 * 3600)));
    });
    let text = desk.text();
    assert!(text.contains("dir of #4"), "{text}");
    assert!(text.contains("at Sun 02:00Z"), "{text}");
    desk.press("g j j");
    assert_eq!(selected(&desk), holder.0);
    let text = desk.text();
    assert!(text.contains("20m of 30m left · holds ~/src/api"), "{text}");
}

/// Two who look at one task from two places, each by their own clocks.
#[test]
fn a_time_is_shown_as_it_is_where_whoever_looks_is() {
    let mut desk = desk(80, 24, 3);
    let id = desk.queue("nightly", "make", |request| {
        request.start = Start::At(Timestamp(desk_time(14 * 3600)));
    });
    desk.press("G");
    assert_eq!(selected(&desk), id.0);
    for (zone, short, long) in [
        (
            "Europe/Berlin",
            "at Sun 03:00",
            "not before 2026-11-22 03:00",
        ),
        (
            "America/New_York",
            "at 21:00",
            "not before 2026-11-21 21:00",
        ),
        ("UTC", "at Sun 02:00Z", "not before 2026-11-22 02:00Z"),
    ] {
        desk.screen.zone = TimeZone::get(zone).unwrap();
        let text = desk.text();
        assert!(
            text.contains(short) && text.contains(long),
            "{zone}: {text}"
        );
    }
}

/// So many seconds after a desk's time begins.
fn desk_time(seconds: u64) -> u64 {
    1_795_262_400_000 + seconds * 1_000
}

#[test]
fn a_filter_finds_by_lane_priority_and_state() {
    let mut desk = desk(80, 24, 3);
    desk.run("server", "npm run dev");
    desk.ask(Request::Priority(
        vec![Target::Id(TaskId(4))].into(),
        Priority::High,
    ));
    for (filter, expected) in [
        ("lane:sonnet", vec![1, 2, 4, 3, 5]),
        ("lane:opus", vec![]),
        ("priority:high", vec![4]),
        ("state:queued", vec![4, 3, 5]),
        ("state:queued priority:n", vec![3, 5]),
    ] {
        desk.press("/").type_in(filter).press("Enter");
        assert_eq!(rows(&mut desk), expected, "{filter}");
        desk.press("Esc");
    }
}

#[test]
fn a_tree_puts_each_under_what_it_waits_for_or_comes_from() {
    let mut desk = desk(80, 24, 1);
    let build = desk.run("build", "make");
    let test = desk.queue("test", "make test", |it| it.after = after(build.0));
    let deploy = desk.queue("deploy", "./deploy", |it| it.after = after(test.0));
    let part = desk.queue("part", "make part", |it| {
        it.env = vec![(MARK.into(), "/s/2.1.sock".into())];
    });
    desk.begin(part);
    assert_eq!(
        rows(&mut desk),
        [1, 2, build.0, part.0, 3, test.0, deploy.0]
    );
    desk.press("t");
    assert_eq!(
        rows(&mut desk),
        [1, 2, part.0, build.0, test.0, deploy.0, 3]
    );
    let text = desk.text();
    assert!(text.contains("  6   └ deploy"), "{text}");
    desk.press("/").type_in("deploy").press("Enter");
    assert_eq!(rows(&mut desk), [deploy.0]);
    desk.press("Esc");
    // it goes on when things come and go, and when one waits for another
    desk.ask(Request::After(Target::Id(deploy), after(3)));
    assert_eq!(
        rows(&mut desk),
        [1, 2, part.0, build.0, test.0, 3, deploy.0]
    );
    desk.press("t");
    assert_eq!(
        rows(&mut desk),
        [1, 2, build.0, part.0, 3, test.0, deploy.0]
    );
}

#[test]
fn a_stalled_task_is_called_so_and_come_to() {
    let mut desk = desk(80, 24, 0);
    let id = desk.queue("agent", "claude", |request| {
        request.spec.idle = Some(Idle {
            after_ms: 300_000,
            stop: false,
        });
    });
    desk.begin(id);
    desk.write(id, "thinking\n");
    desk.wait(301);
    desk.report(id, |status| status.left = 2);
    let text = desk.text();
    assert!(text.contains("●z 3 agent"), "{text}");
    assert!(text.contains("1 stalled"), "{text}");
    desk.press("!");
    assert_eq!(selected(&desk), id.0);
    let text = desk.text();
    assert!(text.contains("stalled 5m"), "{text}");
    assert!(text.contains("past its --idle-timeout 5m; x revokes it"));
    // to be looked at is not to go on
    desk.press("j k").taken();
    assert!(desk.text().contains("1 stalled"));
    desk.write(id, "done thinking\n");
    assert!(!desk.text().contains("stalled"));
}

#[test]
fn what_is_composed_may_begin_with_options() {
    let mut desk = desk(80, 24, 0);
    desk.press("n").type_in("--label ci -- make -j8 all");
    let asked = desk.press("Ctrl-S").requests();
    let [Request::Run(request)] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!(request.spec.labels, ["ci"]);
    assert_eq!(request.spec.argv[2], Raw::from("make -j8 all"));
    desk.press("n").type_in("--label ci make").press("Ctrl-S");
    assert!(desk.taken().is_empty());
    assert!(desk.text().contains("write -- and then the command"));
}

#[test]
fn the_place_in_a_long_queue_is_known_whatever_is_filtered() {
    let mut desk = desk(120, 24, 1_200);
    desk.press("/").type_in("agent-1000").press("Enter");
    let text = desk.text();
    assert!(text.contains("1,001st of 1,200"), "{text}");
    assert!(text.contains("2 active · 1,200 queued"), "{text}");
}

#[test]
fn a_hold_is_told_as_it_counts() {
    let hold = Hold {
        until: Timestamp(desk_time(90)),
        cause: HoldCause::Delay,
    };
    let mut desk = desk(80, 24, 0);
    let id = desk.queue("later", "make", |it| it.start = Start::In(90_000));
    let state = desk.engine.task(id).unwrap().state().clone();
    assert_eq!(state, State::Queued { hold: Some(hold) });
    assert!(desk.text().contains("in 2m"));
    desk.wait(30);
    assert!(desk.text().contains("in 60 s"));
}

#[test]
fn how_many_wait_is_told_beside_who_needs_a_person() {
    let mut desk = desk(40, 10, 2);
    let id = desk.run("a-name-that-goes-on", "false");
    desk.exit(id, Exit::Code(1), 0);
    let text = desk.text();
    let status = text.lines().last().unwrap();
    assert_eq!(status, " 2 active · 2 queued  ! 5 a-name-that-…");
}
