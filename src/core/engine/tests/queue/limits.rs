//! How many run at once, and who is next.

use super::kit::*;
use crate::core::engine::tests::world::*;
use crate::core::id::Target;
use crate::core::limit::{Limit, Limits, SetTo};
use crate::core::task::{AfterExit, Spec};
use crate::core::wire::{Answer, Each, Failure, Request};

#[test]
fn so_many_agents_run_as_may_and_the_next_when_one_ends() {
    let mut world = limited(agents(2));
    for _ in 0..4 {
        world.queue(run(agent(None)));
    }
    let states = |world: &World| [1, 2, 3, 4].map(|id| word(world, id));
    assert_eq!(states(&world), ["starting", "starting", "queued", "queued"]);
    assert_eq!(why(&world, 3), "as many agents run as may (2 of 2: #1 #2)");
    world.exit(2, 0);
    assert_eq!(states(&world), ["starting", "ended", "starting", "queued"]);
    // a command is no agent
    world.queue(run(spec("c", AfterExit::Keep)));
    assert_eq!(word(&world, 5), "starting");
    world.ask(Request::SetLimit {
        limit: Limit::Agents,
        to: SetTo::Most(None),
        new: false,
    });
    world.write_all();
    assert_eq!(word(&world, 4), "starting", "a limit changes at once");
}

#[test]
fn a_launch_that_waits_is_answered_at_once_with_its_reason() {
    let mut world = limited(agents(1));
    world.queue(run(agent(None)));
    let ticket = world.ask(Request::Run(Box::new(run(agent(None)))));
    assert!(
        !world.answers.contains_key(&ticket),
        "not before it is stored"
    );
    world.write_all();
    let [(Answer::Task(report), true)] = world.answers[&ticket].as_slice() else {
        panic!("{:?}", world.answers[&ticket]);
    };
    assert_eq!(report.state, "queued");
    assert!(report.reason.as_ref().unwrap().contains("1 of 1: #1"));
}

#[test]
fn a_model_is_a_lane_with_a_limit_and_a_name_is_one_without() {
    let limits = Limits {
        models: Some(1),
        ..Limits::default()
    };
    let mut world = limited(limits);
    let lane = |lane: &str, model: Option<&str>| {
        run(Spec {
            lane: Some(lane.into()),
            model: model.map(Into::into),
            ..spec("t", AfterExit::Keep)
        })
    };
    for _ in 0..2 {
        world.queue(lane("sonnet", Some("sonnet")));
        world.queue(lane("mine", None));
    }
    assert_eq!(
        [1, 2, 3, 4].map(|id| word(&world, id)),
        ["starting", "starting", "queued", "starting"]
    );
    let ticket = world.ask(Request::Run(Box::new(lane("sonet", None))));
    assert!(matches!(
        world.answers[&ticket].as_slice(),
        [(Answer::Failed(Failure::Usage, line), true)] if line.contains("did you mean sonnet")
    ));
    let ticket = world.ask(Request::Run(Box::new(lane("sonnets", Some("sonnets")))));
    assert!(matches!(
        world.answers[&ticket].as_slice(),
        [(Answer::Failed(Failure::Usage, line), true)] if line.contains("did you mean sonnet")
    ));
    assert_eq!(world.engine.tasks().len(), 4, "nothing half-queued");
}

#[test]
fn no_agent_starts_in_the_last_of_the_memory() {
    let mut world = limited(Limits {
        memory: Some(2 << 30),
        ..Limits::default()
    });
    world.memory = Some(1 << 30);
    let id = world.queue(run(agent(None)));
    assert_eq!(why(&world, id), "memory 1.0 of 2.0 GiB free");
    let command = world.queue(run(spec("t", AfterExit::Keep)));
    assert_eq!(word(&world, command), "starting");
    world.memory = Some(3 << 30);
    assert_eq!(world.engine.deadline(), None, "nothing is polled");
    world.ask(Request::Show(Target::Newest));
    world.write_all();
    assert_eq!(word(&world, id), "starting", "who asks has it looked at");
}

#[test]
fn the_first_of_its_kind_is_passed_over_for_so_long_and_no_longer() {
    // it needs a place in the lane and one of all; others need the latter alone
    let lanes = [("x".to_owned(), Some(1))].into();
    let mut world = limited(Limits {
        global: Some(2),
        lanes,
        ..Limits::default()
    });
    let lane = || {
        run(Spec {
            lane: Some("x".into()),
            ..spec("t", AfterExit::Keep)
        })
    };
    world.queue(lane());
    let first = world.queue(lane());
    let mut others = vec![world.queue(run(spec("t", AfterExit::Keep)))];
    for _ in 0..3 {
        others.push(world.queue(run(spec("t", AfterExit::Keep))));
    }
    world.exit(others[0], 0);
    assert_eq!(word(&world, others[1]), "starting", "it passes");
    world.pass(crate::core::engine::schedule::PATIENCE);
    world.exit(others[1], 0);
    assert_eq!(word(&world, others[2]), "queued");
    assert_eq!(
        why(&world, others[2]),
        format!("the next place is kept for #{first}, which has waited longest")
    );
    world.exit(1, 0);
    assert_eq!(word(&world, first), "starting");
    assert_eq!(word(&world, others[2]), "starting");
}

#[test]
fn many_are_launched_together_or_none() {
    let mut world = limited(agents(2));
    let each = |argv: &[&str]| Each {
        name: "n".into(),
        argv: argv.iter().map(|word| (*word).into()).collect(),
        prompt: None,
    };
    let common = || Box::new(run(agent(None)));
    let ticket = world.ask(Request::RunEach(common(), vec![each(&["a"]), each(&[])]));
    assert!(matches!(
        &world.answers[&ticket][..],
        [(Answer::Failed(Failure::Usage, _), true)]
    ));
    assert_eq!(world.engine.tasks().len(), 0);
    let all = vec![each(&["a"]), each(&["b"]), each(&["c"])];
    let ticket = world.ask(Request::RunEach(common(), all));
    world.write_all();
    let [(Answer::Tasks(reports), true)] = &world.answers[&ticket][..] else {
        panic!("{:?}", world.answers[&ticket]);
    };
    let states: Vec<&str> = reports.iter().map(|report| report.state.as_str()).collect();
    assert_eq!(states, ["starting", "starting", "queued"]);
    let commands: Vec<&str> = reports.iter().map(|it| it.command.as_str()).collect();
    assert_eq!(commands, ["a", "b", "c"]);
}
