//! The list follows what changes, and is as if it were made anew.

use proptest::prelude::*;

use super::Desk;
use super::herd::spec;
use crate::core::attention::Attention;
use crate::core::id::{Target, TaskId};
use crate::core::input::Input;
use crate::core::record::Change;
use crate::core::task::{Exit, Task};
use crate::core::wire::Request;

/// More tasks than the engine remembers changes of.
const MANY: u32 = 1_100;

#[derive(Debug, Clone)]
enum Step {
    Press(&'static str),
    Type(&'static str),
    Launch(&'static str),
    Write(u32),
    Pause(u32, bool),
    Exit(u32, i32, u32),
    Seen(u32),
    Retry(u32),
    Recover(u32, bool),
    Remove(u32, u32),
    Together(Vec<Self>),
    Flood,
}

fn step() -> impl Strategy<Value = Step> {
    let keys = proptest::sample::select(vec![
        "z",
        "g",
        "G",
        "j",
        "k",
        "k k k",
        "!",
        "/",
        "Enter",
        "Esc",
        "Ctrl-C",
        "Up",
        "Down",
        "Backspace",
        "/ Backspace Enter",
    ]);
    let typed = proptest::sample::select(vec![
        "lint",
        "state:fail",
        "state:runn",
        "unread",
        "build api",
        "dir:api",
        "#ci",
        "#12",
        "1",
        " ",
        "b",
        "paus",
        "ended",
        "Lint",
        "bpi",
        "label:ci",
    ]);
    let names = proptest::sample::select(vec!["lint", "build-api", "Deploy", "unit tests"]);
    let id = 1u32..60;
    let leaf = prop_oneof![
        6 => keys.prop_map(Step::Press),
        3 => typed.prop_map(Step::Type),
        3 => names.prop_map(Step::Launch),
        2 => id.clone().prop_map(Step::Write),
        2 => (id.clone(), any::<bool>()).prop_map(|(id, is)| Step::Pause(id, is)),
        3 => (id.clone(), 0..3, 0u32..2).prop_map(|(id, code, left)| Step::Exit(id, code, left)),
        2 => id.clone().prop_map(Step::Seen),
        1 => id.clone().prop_map(Step::Retry),
        2 => (id.clone(), any::<bool>()).prop_map(|(id, unread)| Step::Recover(id, unread)),
        2 => (id, 1u32..6).prop_map(|(id, many)| Step::Remove(id, many)),
    ];
    let together = prop::collection::vec(leaf.clone(), 2..8).prop_map(Step::Together);
    prop_oneof![40 => leaf, 5 => together, 1 => Just(Step::Flood)]
}

fn take(desk: &mut Desk, step: Step) {
    let active = |desk: &Desk, id| desk.engine.task(TaskId(id)).map(Task::is_active);
    match step {
        Step::Press(keys) => drop(desk.press(keys)),
        Step::Type(text) => drop(desk.press("/").type_in(text)),
        Step::Launch(name) => drop(desk.run(name, "make")),
        Step::Write(id) if active(desk, id) == Some(true) => desk.write(TaskId(id), "line\n"),
        Step::Pause(id, is) if active(desk, id) == Some(true) => {
            desk.report(TaskId(id), |status| status.paused = is);
        }
        Step::Exit(id, code, left) if active(desk, id) == Some(true) => {
            desk.exit(TaskId(id), Exit::Code(code), left);
        }
        Step::Seen(id) => desk.input(Input::Seen(TaskId(id))),
        Step::Retry(id) if active(desk, id) == Some(false) => {
            let caller = desk.screen.context.caller.clone();
            let target = Target::Id(TaskId(id));
            desk.ask(Request::Retry { target, caller });
        }
        Step::Recover(id, unread) if active(desk, id).is_none() => {
            let attention = if unread {
                Attention::FailedUnread
            } else {
                Attention::None
            };
            let mut spec = spec("lint", "cargo clippy");
            spec.labels = vec!["ci".into()];
            desk.recover(id, attention, spec);
        }
        Step::Remove(id, many) => {
            let ids = (id..id + many).filter(|id| active(desk, *id) == Some(false));
            let ids: Vec<TaskId> = ids.map(TaskId).collect();
            desk.ask(Request::Remove {
                targets: ids.iter().copied().map(Target::Id).collect(),
                ended: None,
                older_than_ms: 0,
            });
            desk.input(Input::Stored(Change::Remove(ids), Vec::new(), Vec::new()));
        }
        Step::Together(steps) => desk.blink(|desk| {
            for step in steps {
                take(desk, step);
            }
        }),
        Step::Flood => desk.blink(|desk| {
            for id in 1_000..1_000 + MANY {
                match desk.engine.task(TaskId(id)) {
                    None => desk.recover(id, Attention::FinishedUnread, spec("lint", "make")),
                    Some(_) => desk.input(Input::Seen(TaskId(id))),
                }
            }
        }),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_followed_is_as_if_made_anew(steps in prop::collection::vec(step(), 1..60)) {
        let mut desk = Desk::new(80, 24);
        for number in 20..40 {
            desk.recover(number, Attention::None, spec("build-api", "cargo build"));
        }
        for step in steps {
            let was = format!("{step:?}");
            take(&mut desk, step);
            let Desk { engine, screen, .. } = &mut desk;
            prop_assert!(screen.list.is_true(engine), "after {}", was);
            let wanted = engine.tasks().filter(|task| task.attention != Attention::None);
            let urgent = wanted.map(|task| (task.attention, task.id)).max();
            prop_assert_eq!(engine.urgent_ids().next_back(), urgent.map(|(_, id)| id));
            desk.draw();
        }
    }
}
