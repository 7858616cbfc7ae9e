//! Every key of the contract: what it asks for, what it changes.

use crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::herd::{LOOK, screen};
use super::{Desk, key};
use crate::core::attention::Attention;
use crate::core::id::{Target, TaskId};
use crate::core::task::Exit;
use crate::core::wire::{Answer, Failure, Request};
use crate::output::Hits;
use crate::screen::{Action, Look};

/// Three tasks: one runs and writes, one was ended, one reads its input.
fn desk() -> Desk {
    let mut desk = Desk::new(80, 24);
    let first = desk.run("build", "make");
    let second = desk.run("lint", "cargo clippy");
    let third = desk.launch("chat", "cat", true);
    desk.begin(third);
    desk.exit(second, Exit::Code(1), 0);
    let lines: Vec<String> = (0..500).map(|n| format!("line {n}\n")).collect();
    desk.write(first, &lines.concat());
    desk.write(third, "hello\n");
    desk.press("g").taken();
    desk.draw();
    desk
}

fn selected(desk: &Desk) -> u32 {
    desk.screen.list.selected().unwrap().0
}

fn revoked(requests: &[Request]) -> (u32, bool) {
    match requests {
        [
            Request::Revoke {
                pick,
                all: false,
                force,
                wait: false,
            },
        ] => match pick.targets.as_slice() {
            [Target::Id(id)] => (id.0, *force),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn moving_in_the_list() {
    let mut desk = desk();
    for (keys, at) in [
        ("j", 2),
        ("Down", 3),
        ("j", 3),
        ("k", 2),
        ("Up", 1),
        ("k", 1),
        ("G", 3),
        ("g", 1),
    ] {
        desk.press(keys);
        assert_eq!(selected(&desk), at, "{keys}");
    }
}

#[test]
fn scrolling_keeps_still_while_one_reads() {
    let mut desk = desk();
    assert!(desk.text().contains("line 499"));
    for back in ["PgUp", "Ctrl-B"] {
        desk.press(back).draw();
        assert!(!desk.screen.view.following());
        let before = desk.text();
        desk.write(TaskId(1), "more\n");
        let (seen, now) = (output(&before), output(&desk.text()));
        assert_eq!(seen, now);
        desk.press("f").draw();
        assert!(desk.screen.view.following());
    }
    desk.press("Tab g");
    assert!(desk.text().contains("line 0\n"));
    desk.press("PgDn Ctrl-F G");
    assert!(desk.text().contains("more"));
    assert!(desk.screen.view.following());
    desk.press("k");
    assert!(!desk.screen.view.following());
    desk.press("j").draw();
    assert!(desk.screen.view.following());
}

/// The output's part of a picture, below its header.
fn output(text: &str) -> Vec<String> {
    text.lines()
        .skip(2)
        .take(20)
        .map(|line| line.chars().skip(36).collect())
        .collect()
}

#[test]
fn a_place_is_kept_while_another_task_is_looked_at() {
    let mut desk = desk();
    desk.press("PgUp PgUp").draw();
    let before = output(&desk.text());
    desk.press("j").draw();
    desk.press("k").draw();
    assert_eq!(output(&desk.text()), before);
}

#[test]
fn focus_and_zoom() {
    let mut desk = desk();
    desk.press("Tab");
    assert!(desk.screen.reading);
    desk.press("Tab");
    assert!(!desk.screen.reading);
    desk.press("Enter");
    assert!(desk.screen.zoom && desk.screen.areas.list.is_empty());
    desk.press("Enter");
    assert!(!desk.screen.zoom && !desk.screen.reading);
    desk.press("Enter Esc");
    assert!(!desk.screen.zoom && !desk.screen.reading);
    desk.press("Enter Tab");
    assert!(!desk.screen.zoom && !desk.screen.reading);
    desk.press("Tab Enter Enter");
    assert!(!desk.screen.zoom && desk.screen.reading);
}

#[test]
fn a_small_screen_shows_one_of_both() {
    let mut desk = desk();
    desk.event(Event::Resize(40, 10));
    assert_eq!(desk.screen.shown(), None);
    desk.press("Tab");
    assert!(desk.screen.shown().is_some());
    desk.event(Event::Resize(40, 30));
    desk.press("Tab");
    assert!(desk.screen.shown().is_some());
}

#[test]
fn revoke_then_force() {
    let mut desk = desk();
    assert_eq!(revoked(&desk.press("x").requests()), (1, false));
    assert_eq!(revoked(&desk.press("x").requests()), (1, true));
    assert!(desk.press("x").requests().is_empty());
    assert!(desk.text().contains("SIGKILL is sent"));
    assert_eq!(revoked(&desk.press("G X").requests()), (3, true));
    assert!(desk.press("k x").requests().is_empty());
    assert!(desk.text().contains("2 lint has ended"));
}

#[test]
fn the_kill_menu_keeps_its_keys() {
    let mut desk = desk();
    desk.press("K");
    assert!(desk.text().contains("2 ● 3 chat"));
    assert_eq!(revoked(&desk.press("2").requests()), (3, false));
    desk.stopping(TaskId(3), Some(10));
    desk.exit(TaskId(3), Exit::Signal(15), 0);
    desk.run("late", "sleep 9");
    assert!(desk.text().contains("3 ● 4 late"));
    assert_eq!(revoked(&desk.press("1").requests()), (1, false));
    assert_eq!(revoked(&desk.press("1").requests()), (1, true));
    assert_eq!(revoked(&desk.press("3").requests()), (4, false));
    desk.press("Esc");
    assert!(!desk.text().contains("its key revokes"));
}

#[test]
fn retry_pause_resume() {
    let mut desk = desk();
    assert!(desk.press("r").requests().is_empty());
    assert!(
        desk.text()
            .contains("1 build is running; x revokes it first")
    );
    let paused = desk.press("p").requests();
    assert!(matches!(paused.as_slice(), [Request::Pause(_)]));
    desk.report(TaskId(1), |status| status.paused = true);
    let resumed = desk.press("p").requests();
    assert!(matches!(resumed.as_slice(), [Request::Resume(_)]));
    let again = desk.press("j r").requests();
    assert!(matches!(
        again.as_slice(),
        [Request::Retry {
            target: Target::Id(TaskId(2)),
            ..
        }]
    ));
}

#[test]
fn send_goes_where_it_is_read() {
    let mut desk = desk();
    assert!(desk.press("s").requests().is_empty());
    assert!(desk.text().contains("launch it with --stdin"));
    desk.press("G s").type_in("hi there");
    assert!(desk.text().contains("to 3> hi there"));
    match desk.press("Enter").requests().as_slice() {
        [
            Request::Send {
                target: Target::Id(TaskId(3)),
                text,
                ..
            },
        ] => assert_eq!(text, "hi there"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_command_bar_runs_verbs() {
    let mut desk = desk();
    desk.press(":").type_in("revoke --force 3");
    match desk.press("Enter").requests().as_slice() {
        [
            Request::Revoke {
                pick, force: true, ..
            },
        ] => {
            assert_eq!(pick.targets, [Target::Id(TaskId(3))]);
        }
        other => panic!("{other:?}"),
    }
    desk.press(": Up");
    assert!(desk.text().contains(":revoke --force 3"));
    desk.press("Ctrl-C");
    assert!(!desk.text().contains(":revoke"));
    desk.press("Ctrl-C :")
        .type_in("no-such-verb")
        .press("Enter");
    assert!(desk.taken().is_empty());
    assert!(desk.text().contains("unknown verb no-such-verb"));
    assert!(desk.text().contains(":no-such-verb"));
    desk.press("Esc :").type_in("sho").press("Tab");
    assert!(desk.text().contains(":show"));
}

#[test]
fn a_command_launched_from_the_bar_is_selected() {
    let mut desk = desk();
    desk.press(":")
        .type_in("run --name hi -- echo hello")
        .press("Enter");
    let actions = desk.taken();
    let [Action::Request(number, request), Action::Remember(..)] = actions.as_slice() else {
        panic!("{actions:?}");
    };
    desk.ask(request.clone());
    let task = desk.engine.tasks().next_back().unwrap();
    assert_eq!(task.spec.argv.len(), 2);
    let report = desk.engine.report(task);
    desk.screen
        .answer(*number, Answer::Task(Box::new(report)), true);
    assert_eq!(selected(&desk), 4);
    assert!(desk.text().contains("launched 4 hi"));
}

#[test]
fn refusals_are_shown() {
    let mut desk = desk();
    desk.press("x");
    let Some(Action::Request(number, _)) = desk.taken().pop() else {
        panic!();
    };
    let line = "the disk is full; make room".to_owned();
    desk.screen
        .answer(number, Answer::Failed(Failure::Failed, line), true);
    assert!(desk.text().contains("✗ the disk is full"));
    desk.press("j");
    assert!(!desk.text().contains("the disk is full"));
}

#[test]
fn an_agent_is_composed_and_what_was_composed_comes_again() {
    let mut desk = desk();
    desk.press("n Ctrl-T").type_in("fix it");
    assert!(desk.text().contains("prompt for "));
    let agent = desk.screen.draft.agent.clone().unwrap();
    desk.press("Enter")
        .type_in("and say how")
        .press("Alt-Enter");
    let actions = desk.taken();
    let launched = actions.iter().find_map(|action| match action {
        Action::Request(_, Request::Run(run)) => run.spec.agent.clone(),
        _ => None,
    });
    let launched = launched.unwrap_or_else(|| panic!("{actions:?}"));
    assert_eq!(launched.name, agent);
    assert_eq!(launched.prompt, "fix it\nand say how");
    desk.actions = actions;
    desk.remember();
    desk.press("n Up");
    assert_eq!(desk.screen.draft.command.text(), "fix it\nand say how");
    assert_eq!(desk.screen.draft.agent, Some(agent));
    desk.press("Down");
    assert!(desk.screen.draft.command.is_empty());
}

#[test]
fn composing_keeps_a_draft() {
    let mut desk = desk();
    desk.press("n")
        .type_in("make")
        .press("Enter")
        .type_in("make test");
    desk.press("Esc");
    assert!(desk.text().contains("draft kept; n goes on with it"));
    desk.press("n");
    desk.event(Event::Paste(" && echo done".into()));
    desk.press("Tab").type_in("two").press("Alt-Enter");
    match desk.requests().as_slice() {
        [Request::Run(run)] => {
            assert_eq!(run.spec.name, "two");
            assert_eq!(run.spec.argv[2].lossy(), "make\nmake test && echo done");
            assert_eq!(run.spec.dir.lossy(), "/");
        }
        other => panic!("{other:?}"),
    }
    desk.press("n Alt-Enter");
    assert!(desk.taken().is_empty());
    assert!(desk.text().contains("no command yet"));
}

#[test]
fn searching() {
    let mut desk = desk();
    desk.press("Tab /").type_in("line 4");
    let asks: Vec<_> = desk.taken().into_iter().collect();
    let Some(Action::Search(ask)) = asks.last() else {
        panic!("{asks:?}");
    };
    assert_eq!(ask.run.task, TaskId(1));
    let hits = |offsets: Vec<u64>, done| Hits {
        generation: ask.generation,
        offsets,
        scanned: 10,
        total: 10,
        done,
        capped: false,
        short: false,
        error: None,
    };
    desk.screen.hits(&hits(vec![3000, 4000], false));
    desk.screen.hits(&hits(vec![28], true));
    let mut late = hits(vec![7], true);
    late.generation -= 1;
    desk.screen.hits(&late);
    assert!(desk.text().contains("3 of 3"));
    desk.press("Enter");
    for (keys, standing) in [
        ("n", "1 of 3"),
        ("n", "2 of 3"),
        ("N", "1 of 3"),
        ("N", "3 of 3"),
    ] {
        desk.press(keys);
        assert!(desk.text().contains(standing), "{keys}");
    }
    assert!(desk.taken().is_empty());
    desk.press("Esc");
    assert!(matches!(desk.taken().as_slice(), [Action::CancelSearch]));
    desk.press("n");
    assert!(desk.text().contains("new task"));
}

#[test]
fn a_search_shows_the_hit_nearest_to_where_one_was() {
    let mut desk = desk();
    let hits = |generation| Hits {
        generation,
        offsets: vec![0, 3000, 4000],
        scanned: 10,
        total: 10,
        done: true,
        capped: false,
        short: false,
        error: None,
    };
    desk.press("Tab / x");
    desk.screen.hits(&hits(desk.screen.searches));
    assert!(desk.text().contains("3 of 3"));
    desk.press("Esc");
    assert!(desk.screen.view.following());
    desk.press("g").draw();
    desk.press("/ x");
    desk.screen.hits(&hits(desk.screen.searches));
    assert!(desk.text().contains("1 of 3"));
}

#[test]
fn a_wrong_pattern_says_so() {
    let mut desk = desk();
    desk.press("Tab /").type_in("(");
    assert!(matches!(desk.taken().last(), Some(Action::CancelSearch)));
    assert!(
        desk.screen
            .find
            .as_ref()
            .is_some_and(|find| find.error.is_some())
    );
    desk.press("Esc");
    assert!(desk.screen.find.is_none());
}

#[test]
fn copy_and_pager() {
    let mut desk = desk();
    desk.draw();
    desk.press("y");
    match desk.taken().as_slice() {
        [Action::Copy(text)] => assert!(text.ends_with("line 498\nline 499\n"), "{text}"),
        other => panic!("{other:?}"),
    }
    desk.press("o");
    match desk.taken().as_slice() {
        [Action::Page(run)] => assert_eq!(run.to_string(), "1.1"),
        other => panic!("{other:?}"),
    }
}

fn mouse(kind: MouseEventKind, column: u16, row: u16) -> Event {
    Event::Mouse(MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    })
}

#[test]
fn the_mouse_selects_scrolls_and_copies() {
    let mut desk = desk();
    let left = MouseButton::Left;
    desk.event(mouse(MouseEventKind::Down(left), 5, 2));
    assert_eq!(selected(&desk), 3);
    desk.event(mouse(MouseEventKind::Down(left), 5, 0));
    desk.draw();
    let area = desk.screen.areas.output;
    desk.event(mouse(MouseEventKind::ScrollUp, area.x + 3, area.y + 3));
    assert!(!desk.screen.view.following());
    desk.press("f").draw();
    desk.taken();
    desk.event(mouse(MouseEventKind::Down(left), area.x + 5, area.y));
    desk.event(mouse(MouseEventKind::Drag(left), area.x + 3, area.y + 1));
    desk.draw();
    desk.event(mouse(MouseEventKind::Up(left), area.x + 3, area.y + 1));
    match desk.taken().as_slice() {
        [Action::Copy(text)] => {
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines.len(), 2);
            assert!(lines[0].starts_with('4') && lines[1] == "line", "{text}");
        }
        other => panic!("{other:?}"),
    }
    assert!(!desk.screen.view.following());
    desk.press("Esc");
    assert!(desk.screen.view.following());
}

#[test]
fn who_needs_a_person_is_next() {
    let mut desk = desk();
    desk.exit(TaskId(3), Exit::Code(0), 0);
    desk.press("!");
    assert_eq!(selected(&desk), 2);
    desk.press("!");
    assert_eq!(selected(&desk), 3);
}

#[test]
fn an_end_is_seen_once_it_was_drawn_and_a_hand_moved() {
    let mut desk = desk();
    desk.press("j");
    desk.draw();
    assert!(desk.taken().is_empty());
    desk.event(Event::FocusGained);
    assert!(desk.taken().is_empty());
    desk.press("g");
    assert!(matches!(desk.taken().as_slice(), [Action::Seen(TaskId(2))]));
    desk.input(crate::core::input::Input::Seen(TaskId(2)));
    assert_eq!(
        desk.engine.task(TaskId(2)).unwrap().attention,
        Attention::None
    );
    desk.press("j").draw();
    desk.press("k");
    assert!(desk.taken().is_empty());
}

#[test]
fn leaving_asks_while_tasks_are_active() {
    let mut desk = desk();
    desk.press("q");
    assert!(desk.taken().is_empty());
    desk.press("Esc q d");
    assert!(matches!(desk.taken().as_slice(), [Action::Detach]));
    desk.press("q s");
    let stop = desk.requests();
    assert!(matches!(
        stop.as_slice(),
        [Request::Revoke {
            all: true,
            force: false,
            ..
        }]
    ));
}

#[test]
fn leaving_an_idle_herd_asks_nothing() {
    let mut desk = Desk::new(80, 24);
    desk.press("q");
    assert!(matches!(desk.taken().as_slice(), [Action::Detach]));
    let mut desk = Desk::new(80, 24);
    desk.press("Ctrl-D");
    assert!(matches!(desk.taken().as_slice(), [Action::Finish]));
}

#[test]
fn finishing_waits_for_the_last_one() {
    let mut desk = desk();
    desk.press("Ctrl-D");
    assert!(matches!(
        desk.requests().as_slice(),
        [Request::Revoke {
            all: true,
            force: false,
            ..
        }]
    ));
    assert!(desk.text().contains("stopping all, 2 tasks still live"));
    desk.press("Ctrl-D");
    assert!(matches!(
        desk.requests().as_slice(),
        [Request::Revoke {
            all: true,
            force: true,
            ..
        }]
    ));
    desk.exit(TaskId(1), Exit::Signal(9), 0);
    assert!(desk.taken().is_empty());
    desk.exit(TaskId(3), Exit::Signal(9), 0);
    assert!(matches!(desk.taken().as_slice(), [Action::Finish]));
}

#[test]
fn help_names_every_key() {
    let mut desk = Desk::new(120, 90);
    desk.press("?");
    let text = desk.text();
    for entry in desk.screen.keymap.entries() {
        assert!(text.contains(&entry.does), "{}", entry.name);
    }
    desk.press("?");
    assert!(!desk.text().contains(" keys "));
    desk.press("Ctrl-C");
    assert!(
        desk.text()
            .contains("q leaves, Ctrl-D revokes all and quits")
    );
}

#[test]
fn help_scrolls() {
    let mut desk = desk();
    desk.press("?");
    let before = desk.text();
    desk.press("PgDn");
    let after = desk.text();
    assert_ne!(before, after);
    desk.press("G");
    assert!(desk.text().contains("previous field"));
}

#[test]
fn the_timer_is_set_for_what_is_seen() {
    let mut desk = Desk::new(80, 24);
    desk.draw();
    assert_eq!(desk.screen.next_change(desk.now()), None);
    desk.run("sleep", "sleep 1d");
    desk.draw();
    let next = desk.screen.next_change(desk.now()).unwrap();
    assert_eq!(next.as_millis(), 1_000);
    desk.wait(3_600);
    desk.draw();
    let next = desk.screen.next_change(desk.now()).unwrap();
    assert_eq!(next.as_millis(), 60_000);
    desk.exit(TaskId(1), Exit::Code(0), 0);
    desk.draw();
    assert_eq!(desk.screen.next_change(desk.now()), None);
}

#[test]
fn a_still_clock_needs_no_timer() {
    let mut desk = Desk::new(80, 24);
    let still = Look {
        clock: false,
        ..LOOK
    };
    desk.screen = screen(80, 24, still);
    let id = desk.run("sleep", "sleep 1d");
    desk.wait(600);
    assert!(desk.text().contains("running since 12:00Z"));
    assert_eq!(desk.screen.next_change(desk.now()), None);
    desk.revoke(id);
    assert!(desk.text().contains("SIGKILL at 12:10:10Z"));
    assert_eq!(desk.screen.next_change(desk.now()), None);
}

#[test]
fn keys_for_a_task_say_what_is_missing() {
    for missing in ["x", "X", "r", "p", "s", "/", "D", "y", "o"] {
        let mut desk = Desk::new(80, 24);
        desk.event(key(missing));
        assert!(desk.taken().is_empty());
        assert!(
            desk.text().contains("no task yet; n composes one"),
            "{missing}"
        );
    }
}
