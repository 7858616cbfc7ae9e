//! The list follows what changes, and is as if it were made anew.

use std::cmp::Reverse;

use proptest::prelude::*;

use super::Desk;
use super::herd::spec;
use crate::core::attention::Attention;
use crate::core::id::{Target, TaskId};
use crate::core::input::Input;
use crate::core::plan::{Behind, Needs, Priority};
use crate::core::record::Change;
use crate::core::task::{Exit, State, Task};
use crate::core::wire::{Move, Request};

/// More tasks than the engine remembers changes of.
const MANY: u32 = 1_100;

#[derive(Debug, Clone)]
enum Step {
    Press(&'static str),
    Type(&'static str),
    Launch(&'static str),
    Write(u32),
    Pause(u32, bool),
    Queue(bool, u32, Priority, bool),
    Begin(u32),
    Move(u32, Move),
    Priority(u32, Priority),
    After(u32, u32),
    PauseQueue(bool),
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
        "t",
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
    let priority = proptest::sample::select(Priority::ALL.to_vec());
    let to = proptest::sample::select(vec![Move::Top, Move::Up, Move::Down]);
    let queued = (any::<bool>(), 1u32..90, priority.clone(), any::<bool>());
    let leaf = prop_oneof![
        6 => keys.prop_map(Step::Press),
        3 => typed.prop_map(Step::Type),
        3 => names.prop_map(Step::Launch),
        2 => id.clone().prop_map(Step::Write),
        2 => (id.clone(), any::<bool>()).prop_map(|(id, is)| Step::Pause(id, is)),
        3 => (id.clone(), 0..3, 0u32..2).prop_map(|(id, code, left)| Step::Exit(id, code, left)),
        6 => queued.prop_map(|(lane, other, first, end)| Step::Queue(lane, other, first, end)),
        3 => id.clone().prop_map(Step::Begin),
        2 => (id.clone(), to).prop_map(|(id, to)| Step::Move(id, to)),
        2 => (id.clone(), priority).prop_map(|(id, to)| Step::Priority(id, to)),
        2 => (id.clone(), id.clone()).prop_map(|(id, other)| Step::After(id, other)),
        1 => any::<bool>().prop_map(Step::PauseQueue),
        2 => id.clone().prop_map(Step::Seen),
        1 => id.clone().prop_map(Step::Retry),
        2 => (id.clone(), any::<bool>()).prop_map(|(id, unread)| Step::Recover(id, unread)),
        2 => (id, 1u32..6).prop_map(|(id, many)| Step::Remove(id, many)),
    ];
    let together = prop::collection::vec(leaf.clone(), 2..8).prop_map(Step::Together);
    prop_oneof![40 => leaf, 5 => together, 1 => Just(Step::Flood)]
}

fn take(desk: &mut Desk, step: Step) {
    // what waits in line has no shim that could report
    let active = |desk: &Desk, id| {
        let task = desk.engine.task(TaskId(id));
        task.filter(|task| !matches!(task.state(), State::Queued { .. }))
            .map(Task::is_active)
    };
    let starts = |desk: &Desk, id| {
        let task = desk.engine.task(TaskId(id));
        task.is_some_and(|task| matches!(task.state(), State::Starting))
    };
    match step {
        Step::Press(keys) => drop(desk.press(keys)),
        Step::Type(text) => drop(desk.press("/").type_in(text)),
        Step::Launch(name) => {
            let id = desk.start(name, "make");
            take(desk, Step::Begin(id.0));
        }
        Step::Write(id) if active(desk, id) == Some(true) => desk.write(TaskId(id), "line\n"),
        Step::Pause(id, is) if active(desk, id) == Some(true) => {
            desk.report(TaskId(id), |status| status.paused = is);
        }
        Step::Queue(lane, other, priority, end) => {
            let after = (active(desk, other) == Some(true)).then_some(TaskId(other));
            let behind = |id| Behind {
                target: Target::Id(id),
                needs: if end { Needs::End } else { Needs::Success },
            };
            desk.queue("queued", "make", |request| {
                request.spec.lane = lane.then(|| "sonnet".into());
                request.priority = priority;
                request.after = after.into_iter().map(behind).collect();
            });
        }
        Step::Begin(id) if starts(desk, id) => desk.begin(TaskId(id)),
        Step::Move(id, to) => desk.ask(Request::Move(Target::Id(TaskId(id)), to)),
        Step::Priority(id, to) => {
            let pick = vec![Target::Id(TaskId(id))].into();
            desk.ask(Request::Priority(pick, to));
        }
        Step::After(id, other) => {
            let behind = Behind {
                target: Target::Id(TaskId(other)),
                needs: Needs::End,
            };
            desk.ask(Request::After(Target::Id(TaskId(id)), vec![behind]));
        }
        Step::PauseQueue(pause) => desk.ask(Request::PauseQueue(pause)),
        Step::Exit(id, code, left) if active(desk, id) == Some(true) => {
            desk.exit(TaskId(id), Exit::Code(code), left);
        }
        Step::Seen(id) => desk.input(Input::Seen(TaskId(id))),
        Step::Retry(id) if active(desk, id) == Some(false) => {
            let caller = desk.screen.context.caller.clone();
            let target = Target::Id(TaskId(id));
            desk.ask(Request::Retry { target, caller });
        }
        Step::Recover(id, unread) if desk.engine.task(TaskId(id)).is_none() => {
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
        desk.limit("sonnet", 2);
        for number in 20..40 {
            desk.recover(number, Attention::None, spec("build-api", "cargo build"));
        }
        for step in steps {
            let was = format!("{step:?}");
            take(&mut desk, step);
            let Desk { engine, screen, .. } = &mut desk;
            prop_assert!(screen.list.is_true(engine), "after {}", was);
            let wanted = engine.tasks().filter(|task| task.attention != Attention::None);
            let urgent = wanted
                .map(|task| (task.attention, Reverse(task.wanted_since), Reverse(task.id)))
                .max();
            let urgent = urgent.map(|(.., Reverse(id))| id);
            prop_assert_eq!(engine.waiting_ids().next(), urgent);
            let stalled = engine.tasks().filter(|task| task.attention == Attention::Stalled);
            prop_assert_eq!(engine.wanting(Attention::Stalled), stalled.count());
            desk.draw();
        }
    }
}
