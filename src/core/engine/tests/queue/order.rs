//! Who comes before whom.

use std::time::Duration;

use super::kit::*;
use crate::core::engine::tests::world::*;
use crate::core::id::{Target, TaskId};
use crate::core::input::Input;
use crate::core::limit::Limits;
use crate::core::plan::Priority;
use crate::core::task::AfterExit;
use crate::core::wire::{Move, Request, RunRequest};

#[test]
fn the_urgent_come_first_and_the_patient_are_not_forgotten() {
    let mut world = limited(Limits {
        global: Some(1),
        ..Limits::default()
    });
    let with = |priority| RunRequest {
        priority,
        ..run(spec("t", AfterExit::Keep))
    };
    world.queue(with(Priority::Normal));
    let low = world.queue(with(Priority::Low));
    let normal = world.queue(with(Priority::Normal));
    let high = world.queue(with(Priority::High));
    let order =
        |world: &World| -> Vec<u32> { world.engine.queued().map(|task| task.id.0).collect() };
    assert_eq!(order(&world), [high, normal, low]);
    // whatever comes more than a day later is behind
    world.pass(2 * crate::core::plan::LEVEL + Duration::from_secs(1));
    let later = world.queue(with(Priority::High));
    assert_eq!(order(&world), [high, normal, low, later]);
    // nor does a clock that is set change that
    world.clock = -1_000_000_000;
    world.input(Input::ClockSet);
    let again = world.queue(with(Priority::High));
    assert_eq!(order(&world), [high, normal, low, later, again]);
    world.crash();
    world.write_all();
    assert_eq!(
        order(&world),
        [high, normal, low, later, again],
        "it is kept"
    );
}

#[test]
fn persons_change_the_order() {
    let mut world = limited(Limits {
        global: Some(0),
        ..Limits::default()
    });
    for _ in 0..4 {
        world.queue(run(spec("t", AfterExit::Keep)));
    }
    let order =
        |world: &World| -> Vec<u32> { world.engine.queued().map(|task| task.id.0).collect() };
    let to = |world: &mut World, id: u32, to| {
        world.ask(Request::Move(Target::Id(TaskId(id)), to));
        world.write_all();
    };
    to(&mut world, 3, Move::Up);
    assert_eq!(order(&world), [1, 3, 2, 4]);
    to(&mut world, 1, Move::Down);
    assert_eq!(order(&world), [3, 1, 2, 4]);
    to(&mut world, 4, Move::Top);
    assert_eq!(order(&world), [4, 3, 1, 2]);
    to(&mut world, 4, Move::Up);
    to(&mut world, 2, Move::Down);
    assert_eq!(order(&world), [4, 3, 1, 2], "there is no further to go");
    let high = Request::Priority(vec![Target::Id(TaskId(2))].into(), Priority::High);
    world.ask(high);
    world.write_all();
    world.crash();
    world.write_all();
    assert_eq!(order(&world), [2, 4, 3, 1]);
}

#[test]
fn a_paused_queue_starts_nothing_and_goes_on_where_it_was() {
    let mut world = limited(Limits::default());
    world.ask(Request::PauseQueue(true));
    let id = world.queue(run(spec("t", AfterExit::Keep)));
    assert!(why(&world, id).starts_with("the queue is paused"));
    world.crash();
    world.write_all();
    assert_eq!(word(&world, id), "queued", "it is remembered");
    world.ask(Request::PauseQueue(false));
    world.write_all();
    assert_eq!(word(&world, id), "starting");
}
