//! Tasks that wait for others.

use std::time::Duration;

use super::kit::*;
use crate::core::engine::tests::world::*;
use crate::core::id::{Target, TaskId};
use crate::core::limit::Limits;
use crate::core::plan::Needs;
use crate::core::task::{AfterExit, Outcome, Spec};
use crate::core::wire::{Answer, Caller, Failure, Request, RunRequest};

#[test]
fn whoever_asks_for_what_can_never_come_is_told_so() {
    let mut world = limited(Limits::default());
    world.queue(run(agent(None)));
    world.ask(revoke(1, true));
    world.settle();
    assert_eq!(word(&world, 1), "ended");

    let launch = RunRequest {
        after: after(&[1], Needs::Success),
        ..run(agent(None))
    };
    let again = Request::Retry {
        target: Target::Id(TaskId(2)),
        caller: Caller {
            dir: "/".into(),
            env: Vec::new(),
        },
    };
    for request in [Request::Run(Box::new(launch)), again] {
        let ticket = world.ask(request);
        assert!(
            !world.answers.contains_key(&ticket),
            "not before it is stored"
        );
        world.write_all();
        let Some([(Answer::Failed(Failure::Failed, why), true)]) =
            world.answers.get(&ticket).map(Vec::as_slice)
        else {
            panic!("{:?}", world.answers.get(&ticket));
        };
        assert_eq!(why, "task 2: it was to run after #1, which was revoked");
    }
}

#[test]
fn what_came_first_may_be_removed_while_others_run_and_come_again() {
    let mut world = limited(Limits::default());
    world.queue(run(agent(None)));
    world.exit(1, 0);
    world.queue(RunRequest {
        after: after(&[1], Needs::Success),
        ..run(Spec {
            restarts: 1,
            ..agent(None)
        })
    });
    world.up(2);
    world.ask(Request::Remove {
        targets: vec![Target::Id(TaskId(1))],
        ended: None,
        older_than_ms: 0,
    });
    world.write_all();
    world.exit(2, 4);
    assert!(why(&world, 2).contains("runs again"), "{:?}", world.task(2));
    world.pass(Duration::from_secs(2));
    assert_eq!(word(&world, 2), "starting");
}

#[test]
fn who_is_asked_for_again_does_not_wait_for_what_is_gone() {
    let mut world = limited(Limits::default());
    let task = |ids: &[u32]| RunRequest {
        after: after(ids, Needs::Success),
        ..run(spec("t", AfterExit::Keep))
    };
    world.queue(task(&[]));
    world.queue(task(&[]));
    let both = world.queue(task(&[1, 2]));
    world.exit(1, 0);
    world.exit(2, 1);
    assert_eq!(word(&world, both), "ended");
    world.ask(Request::Remove {
        targets: vec![Target::Id(TaskId(1)), Target::Id(TaskId(2))],
        ended: None,
        older_than_ms: 0,
    });
    world.write_all();
    let caller = Caller {
        dir: "/".into(),
        env: vec![],
    };
    world.ask(Request::Retry {
        target: Target::Id(TaskId(both)),
        caller,
    });
    world.write_all();
    assert_eq!(word(&world, both), "starting");
}

#[test]
fn who_waits_for_others_starts_when_they_have_come_to_it() {
    let mut world = limited(Limits::default());
    let task = |ids: &[u32], needs| RunRequest {
        after: after(ids, needs),
        ..run(spec("t", AfterExit::Keep))
    };
    world.queue(task(&[], Needs::End));
    world.queue(task(&[], Needs::End));
    let all = world.queue(task(&[1, 2], Needs::Success));
    let any = world.queue(task(&[1, 2], Needs::AnySuccess));
    let end = world.queue(task(&[1, 2], Needs::End));
    let next = world.queue(task(&[all], Needs::Success));
    assert_eq!(why(&world, all), "after #1, which is starting (and 1 more)");
    world.exit(1, 0);
    assert_eq!(
        [all, any, end].map(|id| word(&world, id)),
        ["queued", "starting", "queued"]
    );
    world.exit(2, 7);
    assert_eq!(word(&world, end), "starting");
    // and what can't come any more ends whoever waited, and who waited for that
    assert_eq!(
        outcome(&world, all),
        Some(Outcome::DidNotStart(
            "it was to run after #2, which failed".into()
        ))
    );
    assert_eq!(
        outcome(&world, next),
        Some(Outcome::DidNotStart(format!(
            "it was to run after #{all}, which did not start"
        )))
    );
    world.settle();
}

#[test]
fn who_runs_again_is_waited_for_to_the_last() {
    let mut world = limited(Limits::default());
    world.queue(run(Spec {
        restarts: 1,
        ..spec("t", AfterExit::Keep)
    }));
    let next = world.queue(RunRequest {
        after: after(&[1], Needs::Success),
        ..run(spec("t", AfterExit::Keep))
    });
    world.exit(1, 1);
    assert_eq!(word(&world, next), "queued");
    world.pass(Duration::from_secs(2));
    world.exit(1, 0);
    assert_eq!(word(&world, next), "starting");
}

#[test]
fn nobody_waits_for_itself_and_who_is_waited_for_stays() {
    let mut world = limited(Limits {
        global: Some(1),
        ..Limits::default()
    });
    let task = |ids: &[u32]| RunRequest {
        after: after(ids, Needs::End),
        ..run(spec("t", AfterExit::Keep))
    };
    world.queue(task(&[]));
    world.queue(task(&[]));
    world.queue(task(&[2]));
    let refused = |world: &World, ticket| match &world.answers[&ticket][..] {
        [(Answer::Failed(_, line), true)] => line.clone(),
        other => panic!("{other:?}"),
    };
    let circle = Request::After(Target::Id(TaskId(2)), after(&[3], Needs::End));
    let ticket = world.ask(circle);
    assert_eq!(
        refused(&world, ticket),
        "task 2 would wait for itself: #2 after #3 after #2"
    );
    let ticket = world.ask(Request::Run(Box::new(task(&[9]))));
    assert!(refused(&world, ticket).starts_with("no task 9"));
    assert_eq!(world.engine.tasks().len(), 3, "nothing half-queued");
    world.exit(1, 0);
    world.exit(2, 0);
    assert_eq!(word(&world, 3), "starting");
    world.ask(Request::After(Target::Id(TaskId(3)), vec![]));
    world.queue(task(&[3]));
    let remove = |id| Request::Remove {
        targets: vec![Target::Id(TaskId(id))],
        ended: None,
        older_than_ms: 0,
    };
    world.exit(3, 0);
    world.ask(Request::PauseQueue(true));
    let waits = world.queue(task(&[3]));
    let ticket = world.ask(remove(3));
    world.write_all();
    assert_eq!(
        refused(&world, ticket),
        format!("task 3 is waited for by #{waits}; nothing was removed")
    );
    world.ask(revoke(waits, false));
    let ticket = world.ask(remove(3));
    world.write_all();
    assert!(matches!(
        world.answers[&ticket][..],
        [(Answer::Done(_), true)]
    ));
}
