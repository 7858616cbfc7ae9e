//! The queue while nothing can be stored.

use std::time::Duration;

use super::kit::*;
use crate::core::engine::tests::world::*;
use crate::core::id::{Target, TaskId};
use crate::core::limit::{Limit, Limits, SetTo};
use crate::core::plan::Priority;
use crate::core::task::{Exit, Outcome};
use crate::core::wire::{Answer, Failure, Move, Request};

#[test]
fn what_could_not_be_queued_on_disk_did_not_start() {
    let mut world = limited(agents(1));
    world.queue(run(agent(None)));
    let ticket = world.ask(Request::Run(Box::new(run(agent(None)))));
    world.write(true);
    assert_eq!(
        outcome(&world, 2),
        Some(Outcome::DidNotStart("not queued: disk full".into()))
    );
    world.settle();
    assert!(matches!(
        world.answers[&ticket].as_slice(),
        [(Answer::Failed(Failure::Failed, _), true)]
    ));
}

#[test]
fn a_pause_and_a_limit_that_could_not_be_stored_are_stored_when_there_is_room() {
    let mut world = limited(Limits::default());
    for request in [
        Request::PauseQueue(true),
        Request::SetLimit {
            limit: Limit::Agents,
            to: SetTo::Most(Some(1)),
            new: false,
        },
    ] {
        world.ask(request);
        world.write(true);
        world.pass(Duration::from_secs(6));
        world.write_all();
    }
    world.crash();
    world.write_all();
    let id = world.queue(run(agent(None)));
    assert!(why(&world, id).starts_with("the queue is paused"));
    world.ask(Request::PauseQueue(false));
    world.queue(run(agent(None)));
    assert_eq!(word(&world, 2), "queued", "one agent at once");
}

#[test]
fn a_disk_that_is_full_for_a_while_takes_nobody_out_of_the_queue() {
    let mut world = limited(agents(1));
    for _ in 0..3 {
        world.queue(run(agent(None)));
    }
    world.up(1);
    let first = world.task(1).run_id();
    let sim = world.sims.get_mut(&first).unwrap();
    sim.end_leader(Exit::Code(0), 0);
    sim.end_tree();
    world.report(first);
    while !world.writes.is_empty() {
        world.write(true);
    }
    assert_eq!([2, 3].map(|id| word(&world, id)), ["queued", "queued"]);
    assert!(why(&world, 2).starts_with("nothing can be stored now"));
    // nor is anything promised meanwhile
    let refused = |world: &World, ticket| match &world.answers[&ticket][..] {
        [(Answer::Failed(_, line), true)] => line.clone(),
        other => panic!("{other:?}"),
    };
    for request in [
        Request::PauseQueue(true),
        Request::Priority(vec![Target::Id(TaskId(2))].into(), Priority::Low),
        Request::Move(Target::Id(TaskId(3)), Move::Top),
    ] {
        let ticket = world.ask(request);
        assert!(refused(&world, ticket).starts_with("nothing was changed"));
    }
    let ticket = world.ask(Request::Run(Box::new(run(agent(None)))));
    while !world.writes.is_empty() {
        world.write(true);
    }
    assert_eq!(refused(&world, ticket), "not queued: disk full");
    world.pass(Duration::from_secs(6));
    assert_eq!(word(&world, 2), "starting", "there is room again");
    assert_eq!(word(&world, 3), "queued");
}
