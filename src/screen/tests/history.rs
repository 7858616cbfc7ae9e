//! What is above, what is folded, and that nothing moves under a person's eyes.

use crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use super::Desk;
use super::herd::spec;
use crate::core::attention::Attention;
use crate::core::id::{Target, TaskId};
use crate::core::input::Input;
use crate::core::task::{Exit, Task};
use crate::core::wire::Request;
use crate::screen::Action;
use crate::screen::list::Row;

/// So many tasks ended long ago, and two that run; a person comes to look.
fn desk(ended: u32, attention: Attention) -> Desk {
    let mut desk = Desk::new(80, 24);
    for number in 1..=ended {
        desk.recover(number, attention, spec("old", "make old"));
    }
    desk.run("server", "npm run dev");
    desk.run("build", "make");
    desk.reopen();
    desk.draw();
    desk
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

fn selected(desk: &Desk) -> Option<u32> {
    desk.screen.list.selected().map(|id| id.0)
}

#[test]
fn the_history_is_one_row_until_it_is_unfolded() {
    let mut desk = desk(1_234, Attention::None);
    assert_eq!(rows(&mut desk), [1_235, 1_236, 0]);
    assert!(desk.text().contains(" ▸ history 1,234        z unfolds │"));
    desk.press("G");
    assert_eq!(selected(&desk), None);
    assert!(desk.text().contains("1,234 ended tasks; z unfolds them"));
    for key in ["x", "r", "D", "o"] {
        desk.press(key);
        assert!(desk.taken().is_empty());
        assert!(desk.text().contains("no task is selected"), "{key}");
    }
    desk.press("Enter");
    assert!(desk.text().contains("▾ history 1,234"));
    assert_eq!(rows(&mut desk)[..5], [1_235, 1_236, 0, 1_234, 1_233]);
    desk.press("j j");
    assert_eq!(selected(&desk), Some(1_233));
    desk.press("G");
    assert_eq!(selected(&desk), Some(1));
    desk.press("z");
    assert_eq!(rows(&mut desk), [1_235, 1_236, 0]);
    assert_eq!(selected(&desk), None);
    desk.press("k");
    assert_eq!(selected(&desk), Some(1_236));
}

#[test]
fn a_click_unfolds() {
    let mut desk = desk(3, Attention::None);
    desk.event(Event::Mouse(MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: 5,
        row: 2,
        modifiers: KeyModifiers::NONE,
    }));
    assert_eq!(rows(&mut desk), [4, 5, 0, 3, 2, 1]);
}

#[test]
fn what_the_wheel_took_out_of_view_a_key_brings_back() {
    let mut desk = desk(60, Attention::None);
    for key in ["Enter Esc", "x", "D Esc", "f"] {
        desk.press("z G g");
        desk.draw();
        for _ in 0..9 {
            desk.event(Event::Mouse(MouseEvent {
                kind: MouseEventKind::ScrollDown,
                column: 5,
                row: 2,
                modifiers: KeyModifiers::NONE,
            }));
        }
        assert!(!rows(&mut desk).contains(&61));
        assert_eq!(selected(&desk), Some(61));
        desk.press(key);
        assert!(rows(&mut desk).contains(&61), "{key}");
        desk.press("z");
    }
}

#[test]
fn whether_it_is_unfolded_is_remembered() {
    let mut desk = desk(3, Attention::None);
    desk.press("z").remember();
    desk.reopen();
    assert_eq!(rows(&mut desk), [4, 5, 0, 3, 2, 1]);
    desk.press("z").remember();
    desk.reopen();
    assert_eq!(rows(&mut desk), [4, 5, 0]);
}

#[test]
fn where_nothing_is_active_the_newest_is_selected() {
    let mut desk = Desk::new(80, 24);
    for number in 1..=50 {
        desk.recover(number, Attention::None, spec("old", "make old"));
    }
    desk.reopen();
    assert_eq!(rows(&mut desk), [50, 0]);
    assert_eq!(selected(&desk), Some(50));
}

#[test]
fn what_ends_before_ones_eyes_stays_until_they_fold() {
    let mut desk = desk(3, Attention::None);
    for (id, exit) in [(4, Exit::Code(0)), (5, Exit::Code(1))] {
        desk.exit(TaskId(id), exit, 0);
        desk.input(Input::Seen(TaskId(id)));
    }
    // one that comes, is revoked and gone between two looks
    desk.blink(|desk| {
        let id = desk.run("quick", "true");
        desk.revoke(id);
        desk.stopping(id, None);
        desk.exit(id, Exit::Signal(9), 0);
    });
    assert_eq!(rows(&mut desk), [4, 5, 6, 0]);
    desk.press("g z");
    assert_eq!(rows(&mut desk), [4, 5, 6, 0, 3, 2, 1]);
    desk.press("z");
    assert_eq!(rows(&mut desk), [4, 0]);
    assert_eq!(selected(&desk), Some(4));
}

#[test]
fn of_too_many_the_first_leave_but_never_the_selected() {
    let mut desk = desk(0, Attention::None);
    desk.press("j");
    for id in [1, 2].into_iter().chain(3..=30) {
        if id > 2 {
            desk.run("one", "true");
        }
        desk.exit(TaskId(id), Exit::Code(0), 0);
        desk.input(Input::Seen(TaskId(id)));
    }
    let expected: Vec<u32> = [2].into_iter().chain(12..=30).chain([0]).collect();
    assert_eq!(rows(&mut desk), expected);
    assert_eq!(selected(&desk), Some(2));
}

#[test]
fn the_unread_do_not_bury_the_active() {
    let mut desk = desk(50, Attention::FinishedUnread);
    let mut expected: Vec<u32> = (31..=52).collect();
    desk.press("G");
    expected.push(0);
    assert_eq!(rows(&mut desk), expected[1..]);
    assert!(desk.text().contains("history 30, 30 unread"));
    // each of them is come to all the same, and none comes up by itself
    for id in 1..=50 {
        desk.press("!");
        assert_eq!(selected(&desk), Some(id));
        desk.draw();
    }
    desk.press("g");
    let first = rows(&mut desk)[0];
    assert_eq!(first, 11, "of those that came up the last stay");
    desk.input(Input::Seen(TaskId(40)));
    desk.input(Input::Seen(TaskId(41)));
    assert!(rows(&mut desk)[0] >= first);
}

#[test]
fn a_task_asked_for_by_name_comes_up() {
    let mut desk = desk(50, Attention::None);
    desk.press(":").type_in("show 7").press("Enter");
    assert_eq!(rows(&mut desk), [7, 51, 52, 0]);
    assert_eq!(selected(&desk), Some(7));
}

#[test]
fn where_the_selected_is_gone_its_neighbour_is() {
    for (keys, gone, next) in [("z G k k", 3, 2), ("z G", 1, 2), ("g", 6, 7), ("g j", 7, 6)] {
        let mut desk = desk(5, Attention::None);
        desk.press(keys);
        assert_eq!(selected(&desk), Some(gone));
        let mut without = Desk::new(80, 24);
        for number in (1..=7).filter(|number| *number != gone) {
            if number < 6 {
                without.recover(number, Attention::None, spec("old", "make old"));
            } else {
                without.recover_with(number, Attention::None, spec("now", "make"), |task| {
                    task.attention = Attention::FailedUnread;
                });
            }
        }
        desk.engine = without.engine;
        desk.input(Input::Left);
        assert_eq!(selected(&desk), Some(next), "{keys}");
    }
}

#[test]
fn a_wide_header_says_where_a_task_comes_from() {
    let mut desk = Desk::new(140, 24);
    let mut spec = spec("part", "make part");
    spec.labels = vec!["ci".into(), "nightly".into()];
    desk.recover_with(9, Attention::None, spec, |task| {
        task.parent = Some(TaskId(4));
        task.run.number = 3;
    });
    let text = desk.text();
    let mut header = text.lines().next().unwrap().split('│');
    assert!(header.next().unwrap().contains("part  #ci #nightly"));
    assert!(
        header
            .next()
            .unwrap()
            .ends_with("from 4  #ci #nightly  run 3")
    );
    // where there is none to spare, the run is what counts
    desk.event(Event::Resize(80, 24));
    let text = desk.text();
    let mut header = text.lines().next().unwrap().split('│').skip(1);
    let header = header.next().unwrap();
    assert!(header.ends_with("run 3") && !header.contains("#ci"));
}

#[test]
fn removing_asks_and_a_key_held_down_removes_nothing() {
    let mut desk = desk(3, Attention::None);
    desk.press("D");
    assert!(
        desk.text()
            .contains("5 build is running; x revokes it first")
    );
    desk.press("z G D");
    assert!(
        desk.text()
            .contains("remove 1 old and its output for good?")
    );
    desk.press("D D D D");
    assert!(desk.requests().is_empty());
    desk.press("Esc D j");
    assert!(desk.text().contains("nothing is removed"));
    assert_eq!(selected(&desk), Some(1));
    assert!(desk.requests().is_empty());
    desk.press("Delete Enter");
    let asked: Vec<Action> = desk.taken();
    match asked.as_slice() {
        [
            Action::Request(
                _,
                Request::Remove {
                    targets,
                    ended: None,
                    ..
                },
            ),
        ] => assert_eq!(targets.as_slice(), [Target::Id(TaskId(1))]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn commands_are_remembered_but_no_secrets() {
    let mut desk = desk(0, Attention::None);
    let give = |desk: &mut Desk, line: &str| {
        desk.press(":").type_in(line).press("Enter").remember();
    };
    give(&mut desk, "ls --all");
    // another screen that knows nothing of this one's
    let mut other = desk.engine.settings().clone();
    other.insert("bar.history".into(), "ls --all\nshow 1".into());
    let value = other["bar.history"].clone();
    let key = "bar.history".into();
    desk.input(Input::Remember { key, value });
    give(&mut desk, "run --env KEY=secret -- true");
    give(&mut desk, "send 1 secret");
    give(&mut desk, "revok secret");
    desk.press("Esc");
    give(&mut desk, "show 2");
    assert_eq!(
        desk.engine.settings()["bar.history"],
        "ls --all\nshow 1\nshow 2"
    );
    desk.press(": Up Up");
    assert!(
        desk.text().contains(":revok secret"),
        "this screen knows it"
    );
    desk.reopen();
    desk.press(": Up Up Up Up");
    assert!(desk.text().contains(":ls --all"));
}

#[derive(Debug, Clone)]
enum Step {
    Launch,
    Exit(u32),
    Seen(u32),
    Retry(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Launch),
        3 => (60u32..90).prop_map(Step::Exit),
        3 => (60u32..90).prop_map(Step::Seen),
        1 => (20u32..60).prop_map(Step::Retry),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Whatever becomes of the tasks, what is selected stays selected, and in its place
    /// on the screen.
    #[test]
    fn nothing_moves_under_the_cursor(
        unfolded: bool, back in 0usize..12, steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut desk = desk(60, Attention::None);
        for _ in 0..30 {
            desk.run("more", "make more");
        }
        if unfolded {
            desk.press("z");
        }
        desk.press("G k");
        for _ in 0..back {
            desk.press("k");
        }
        desk.draw();
        let place = |desk: &mut Desk| {
            let text = desk.text();
            text.lines().position(|line| line.starts_with('▌'))
        };
        let (who, before) = (selected(&desk), place(&mut desk));
        for step in steps {
            let active = |id| desk.engine.task(TaskId(id)).map(Task::is_active);
            match step {
                Step::Launch => drop(desk.run("new", "make new")),
                Step::Exit(id) if active(id) == Some(true) => desk.exit(TaskId(id), Exit::Code(0), 0),
                Step::Seen(id) => desk.input(Input::Seen(TaskId(id))),
                Step::Retry(id) if active(id) == Some(false) && Some(id) != who => {
                    let target = Target::Id(TaskId(id));
                    let caller = desk.screen.context.caller.clone();
                    desk.ask(Request::Retry { target, caller });
                }
                _ => {}
            }
            prop_assert_eq!(selected(&desk), who);
            prop_assert_eq!(place(&mut desk), before);
        }
    }
}

/// A key goes by what there is, drawn yet or not: one that comes between a launch and the
/// frame that shows it must not miss the new task.
#[test]
fn a_key_knows_what_has_come_since_the_last_frame() {
    let mut desk = desk(0, Attention::None);
    desk.blink(|desk| {
        desk.start("newest", "make newest");
        desk.press("G");
    });
    let newest = desk.engine.tasks().next_back().unwrap().id;
    let last = desk.screen.list.selected();
    assert_eq!(last, Some(newest));
}
