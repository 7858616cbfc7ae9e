//! Starts at a time, runs that take too long, and those that are tried again.

use std::time::Duration;

use super::kit::*;
use crate::core::attention::Attention;
use crate::core::engine::tests::world::*;
use crate::core::event::{By, Event, What};
use crate::core::id::{Target, TaskId};
use crate::core::input::Input;
use crate::core::limit::Limits;
use crate::core::plan::{Fate, Idle, Start};
use crate::core::task::{AfterExit, Exit, Outcome, Overrun, Spec};
use crate::core::time::Timestamp;
use crate::core::wire::{Pick, Request, RunRequest};

#[test]
fn times_of_the_clock_follow_it_and_times_to_wait_do_not() {
    let mut world = limited(Limits::default());
    let noon: i64 = 43_200_000;
    world.clock = noon;
    world.input(Input::ClockSet);
    let start = |start| RunRequest {
        start,
        ..run(spec("t", AfterExit::Keep))
    };
    let hour = Duration::from_secs(3600);
    let at = world.time().wall.plus(hour);
    let clock = world.queue(start(Start::At(at)));
    let delay = world.queue(start(Start::In(3_600_000)));
    assert_eq!(why(&world, clock), format!("not before {at}"));
    world.clock = noon + 7_200_000;
    world.input(Input::ClockSet);
    let deadline = world.engine.deadline().unwrap();
    assert!(
        deadline.as_millis() as u64 <= world.now,
        "it is looked at at once"
    );
    world.input(Input::Tick);
    world.write_all();
    assert_eq!(
        [clock, delay].map(|id| word(&world, id)),
        ["starting", "queued"]
    );
    world.clock = noon - 7_200_000;
    world.input(Input::ClockSet);
    world.pass(hour);
    assert_eq!(word(&world, delay), "starting");
    world.up(clock);
    world.write_all();
    let started = |event: &&Event| event.what == What::Started;
    let by: Vec<By> = world.log.iter().filter(started).map(|it| it.by).collect();
    assert_eq!(by, [By::Schedule]);
    // and both survive a supervisor
    let at = world.time().wall.plus(hour);
    let clock = world.queue(start(Start::At(at)));
    let delay = world.queue(start(Start::In(3_600_000)));
    world.crash();
    world.write_all();
    assert_eq!(
        [clock, delay].map(|id| word(&world, id)),
        ["queued", "queued"]
    );
    world.pass(hour);
    assert_eq!(
        [clock, delay].map(|id| word(&world, id)),
        ["starting", "starting"]
    );
}

#[test]
fn a_run_that_takes_too_long_is_stopped_and_paused_time_is_not_counted() {
    let mut world = limited(Limits::default());
    let id = world.queue(run(Spec {
        timeout_ms: Some(10_000),
        ..spec("t", AfterExit::Keep)
    }));
    world.up(id);
    world.pass(Duration::from_secs(6));
    let pick = || Pick::from(vec![Target::Id(TaskId(id))]);
    world.ask(Request::Pause(pick()));
    world.report(world.task(id).run_id());
    world.pass(Duration::from_secs(60));
    assert_eq!(word(&world, id), "paused");
    world.ask(Request::Resume(pick()));
    world.report(world.task(id).run_id());
    world.pass(Duration::from_secs(3));
    assert_eq!(word(&world, id), "running");
    // another supervisor counts on
    world.crash();
    world.write_all();
    world.pass(Duration::from_millis(900));
    assert_eq!(word(&world, id), "running");
    world.pass(Duration::from_millis(200));
    assert_eq!(word(&world, id), "stopping");
    assert_eq!(
        world.task(id).state().word(),
        "stopping",
        "gracefully: {:?}",
        world.task(id)
    );
    world.settle();
    assert_eq!(
        outcome(&world, id),
        Some(Outcome::TimedOut(Overrun::Time, Some(Exit::Signal(15))))
    );
    assert_eq!(why(&world, id), "it ran for longer than its --timeout");
}

#[test]
fn silence_is_said_or_ends_a_run_as_was_asked() {
    for stop in [false, true] {
        let mut world = limited(Limits::default());
        let id = world.queue(run(Spec {
            idle: Some(Idle {
                after_ms: 5_000,
                stop,
            }),
            ..spec("t", AfterExit::Keep)
        }));
        world.up(id);
        let write = |world: &mut World| {
            let run = world.task(id).run_id();
            let now = Timestamp(world.now);
            world.sims.get_mut(&run).unwrap().status.last_output = Some(now);
            world.report(run);
            world.write_all();
        };
        world.pass(Duration::from_secs(4));
        write(&mut world);
        world.pass(Duration::from_secs(4));
        assert_eq!(world.task(id).attention, Attention::None);
        world.pass(Duration::from_secs(2));
        if stop {
            world.settle();
            assert_eq!(
                outcome(&world, id),
                Some(Outcome::TimedOut(Overrun::Silence, Some(Exit::Signal(15))))
            );
            continue;
        }
        assert_eq!(world.task(id).attention, Attention::Stalled);
        assert_eq!(word(&world, id), "running");
        world.input(Input::Seen(TaskId(id)));
        assert_eq!(world.task(id).attention, Attention::Stalled, "it still is");
        write(&mut world);
        assert_eq!(world.task(id).attention, Attention::None);
        world.pass(Duration::from_secs(6));
        assert_eq!(world.task(id).attention, Attention::Stalled, "and again");
    }
}

#[test]
fn only_ends_that_were_named_are_tried_again() {
    for (on, code, again) in [
        (vec![Fate::Failed], 3, true),
        (vec![Fate::TimedOut], 3, false),
        (vec![Fate::Failed], 0, false),
    ] {
        let mut world = limited(Limits::default());
        let id = world.queue(run(Spec {
            restarts: 3,
            retry_on: on.clone(),
            ..spec("t", AfterExit::Keep)
        }));
        world.exit(id, code);
        assert_eq!(word(&world, id) == "queued", again, "{on:?} {code}");
    }
}
