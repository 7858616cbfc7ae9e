//! Any life of tasks, whatever fails or dies in it.

use proptest::prelude::*;

use super::world::*;
use crate::core::effect::Effect;
use crate::core::event::What;
use crate::core::filter::Filter;
use crate::core::id::{RunId, Target, TaskId};
use crate::core::input::{Input, Remains, Ticket};
use crate::core::shim::Order;
use crate::core::task::{AfterExit, Exit, Outcome, Spec, State};
use crate::core::time::Timestamp;
use crate::core::wire::{Answer, Caller, Failure, Pick, Request, RunRequest};

#[test]
fn what_is_dead_and_cannot_be_stored_is_given_up_by_force_once_more() {
    let mut world = World::new();
    let run = world.launch(AfterExit::Keep);
    world.ask(revoke(1, true));
    world.write(false);
    let sim = world.sims.get_mut(&run).unwrap();
    sim.end_leader(Exit::Signal(9), 0);
    sim.status.drained = false;
    sim.status.trouble = Some("the disk is full".into());
    world.report(run);
    assert_eq!(outcome(&world, 1), None);
    let ordered = |world: &mut World, force| {
        let (ticket, now) = (Ticket(1000), world.time());
        world
            .engine
            .handle(now, Input::Request(ticket, revoke(1, force)))
            .iter()
            .any(|effect| matches!(effect, Effect::Order(_, Order::Abandon)))
    };
    assert!(!ordered(&mut world, false), "nobody said so");
    assert!(ordered(&mut world, true));
}

#[test]
fn a_leader_that_leaves_something_behind_lingers_until_it_is_revoked() {
    let mut world = World::new();
    let run = world.launch(AfterExit::Keep);
    let wait = world.ask(Request::Wait(vec![Target::Newest].into()));
    world
        .sims
        .get_mut(&run)
        .unwrap()
        .end_leader(Exit::Code(4), 1);
    world.report(run);
    assert!(matches!(
        world.task(1).state(),
        State::Lingering {
            exit: Exit::Code(4),
            left: 1,
            ..
        }
    ));
    // the leader's exit answers `wait`, once it is on record
    assert!(!world.answers.contains_key(&wait));
    world.write_all();
    assert!(matches!(
        world.answers[&wait].as_slice(),
        [(Answer::Task(report), true)] if report.exit_code == Some(4)
    ));
    world.ask(revoke(1, false));
    world.settle();
    // and decided the outcome
    assert_eq!(outcome(&world, 1), Some(Outcome::Failed(4)));
}

#[test]
fn what_a_killed_shim_left_on_disk_counts() {
    let mut world = World::new();
    let run = world.launch(AfterExit::Keep);
    world.input(Input::ShimGone(run));
    world.write_all();
    let mut last = status(run);
    last.started = Some(Timestamp(5));
    last.written = 10;
    let remains = Remains {
        last: Some(Box::new(last)),
        log: 3..17,
    };
    world.sims.remove(&run);
    world.input(Input::Swept(run, remains));
    world.write_all();
    let found = &world.task(1).run;
    assert_eq!((found.written, found.dropped), (17, 3));
    assert_eq!(found.started, Some(Timestamp(5)));
    let told = |what| world.log.iter().filter(|it| it.what == what).count();
    assert_eq!((told(What::Started), told(What::Ended)), (1, 1));
}

/// A task that is to run again after failures, its leader failed; its run.
fn fail_with_restarts(world: &mut World, most: u32) -> RunId {
    let spec = Spec {
        restarts: most,
        ..spec("t", AfterExit::Keep)
    };
    let request = RunRequest::new(spec, vec![]);
    world.ask(Request::Run(Box::new(request)));
    fail(world)
}

fn fail(world: &mut World) -> RunId {
    world.write_all();
    let run = world.task(1).run_id();
    world.begin(run, false);
    world.report(run);
    let sim = world.sims.get_mut(&run).unwrap();
    sim.end_leader(Exit::Code(3), 0);
    sim.end_tree();
    world.report(run);
    world.write_all();
    run
}

#[test]
fn what_failed_runs_again_after_a_pause_as_often_as_it_may() {
    let mut world = World::new();
    fail_with_restarts(&mut world, 2);
    let wait = world.ask(Request::Wait(vec![Target::Newest].into()));
    for number in 2..=3 {
        assert!(matches!(world.task(1).state(), State::Queued { .. }));
        assert_eq!(world.task(1).run.number, number);
        world.input(Input::Tick);
        assert_eq!(world.task(1).state().word(), "queued", "before its time");
        let pause = world.engine.deadline().unwrap().as_millis() as u64 - world.now;
        assert!(pause <= 1000 << (number - 2), "{pause}");
        world.now += pause;
        world.input(Input::Tick);
        assert_eq!(world.task(1).state().word(), "starting");
        assert!(!world.answers.contains_key(&wait), "it goes on");
        fail(&mut world);
    }
    assert_eq!(outcome(&world, 1), Some(Outcome::Failed(3)));
    assert_eq!(world.task(1).past.len(), 2);
    assert!(matches!(
        world.answers[&wait].as_slice(),
        [(Answer::Task(report), true)] if report.exit_code == Some(3) && report.run == 3
    ));
    world.check_log();
}

#[test]
fn a_revoke_gives_up_what_waits_to_run_again() {
    let mut world = World::new();
    fail_with_restarts(&mut world, 2);
    world.ask(revoke(1, false));
    world.write_all();
    assert_eq!(outcome(&world, 1), Some(Outcome::Revoked(None)));
    world.now += 600_000;
    world.input(Input::Tick);
    assert_eq!(world.task(1).run.number, 2);
}

#[test]
fn another_supervisor_runs_again_what_failed_wherever_the_first_was_killed() {
    for writes in 0..3 {
        let mut world = World::new();
        fail_with_restarts(&mut world, 2);
        // the end is stored; the run that follows may not be
        world.crash();
        for _ in 0..writes {
            world.write(false);
        }
        world.crash();
        world.write_all();
        assert_eq!(world.task(1).run.number, 2);
        assert_eq!(world.task(1).state().word(), "queued");
        world.now += 60_000;
        world.input(Input::Tick);
        world.write_all();
        assert_eq!(world.spawned.len(), 2, "once more, with what it had");
    }
}

#[test]
fn the_policy_sweeps_what_is_left() {
    let mut world = World::new();
    let run = world.launch(AfterExit::Sweep);
    world
        .sims
        .get_mut(&run)
        .unwrap()
        .end_leader(Exit::Code(0), 3);
    world.report(run);
    assert_eq!(world.task(1).state().word(), "stopping");
    assert_eq!(world.task(1).state().settled(), Some(Outcome::Succeeded));
    world.settle();
    assert_eq!(outcome(&world, 1), Some(Outcome::Succeeded));
}

#[test]
fn a_task_revoked_before_its_intent_is_stored_never_starts() {
    let mut world = World::new();
    world.ask(Request::Run(Box::new(RunRequest::new(
        spec("t", AfterExit::Keep),
        vec![],
    ))));
    world.ask(revoke(1, false));
    world.settle();
    assert!(world.spawned.is_empty());
    assert_eq!(outcome(&world, 1), Some(Outcome::Revoked(None)));
}

#[test]
fn nothing_starts_that_could_not_be_stored() {
    let mut world = World::new();
    world.ask(Request::Run(Box::new(RunRequest::new(
        spec("t", AfterExit::Keep),
        vec![],
    ))));
    world.write(true);
    assert!(world.spawned.is_empty());
    assert_eq!(
        outcome(&world, 1),
        Some(Outcome::DidNotStart("not started: disk full".into()))
    );
    assert!(world.engine.store_trouble().is_some());
    world.settle();
    assert!(world.engine.store_trouble().is_none());
}

#[test]
fn force_cuts_the_grace_short_once() {
    let mut world = World::new();
    world.launch(AfterExit::Keep);
    world.ask(revoke(1, false));
    let State::Stopping { kill_at, .. } = world.task(1).state() else {
        panic!("not stopping");
    };
    assert_eq!(*kill_at, Some(Timestamp(world.now + 10_000)));
    world.ask(revoke(1, true));
    assert!(matches!(
        world.task(1).state(),
        State::Stopping { kill_at: None, .. }
    ));
    world.settle();
    assert_eq!(
        outcome(&world, 1),
        Some(Outcome::Revoked(Some(Exit::Signal(9))))
    );
}

#[test]
fn an_end_that_came_before_the_stop_keeps_its_outcome() {
    let mut world = World::new();
    let run = world.launch(AfterExit::Keep);
    // it ends by itself while the revoke is on its way to the shim
    world
        .sims
        .get_mut(&run)
        .unwrap()
        .end_leader(Exit::Code(0), 0);
    world.ask(revoke(1, false));
    world.settle();
    assert_eq!(outcome(&world, 1), Some(Outcome::Succeeded));
}

#[test]
fn a_list_with_a_wrong_id_does_nothing() {
    let mut world = World::new();
    world.launch(AfterExit::Keep);
    let ticket = world.ask(Request::Revoke {
        pick: vec![Target::Id(TaskId(1)), Target::Id(TaskId(9))].into(),
        all: false,
        force: false,
        wait: false,
    });
    world.write_all();
    assert!(matches!(
        &world.answers[&ticket][..],
        [(Answer::Failed(Failure::NoSuchTask, line), true)] if line.starts_with("no task 9")
    ));
    assert_eq!(world.task(1).state().word(), "running");
}

#[test]
fn names_mean_the_one_active_task_that_bears_them() {
    let mut world = World::new();
    for _ in 0..2 {
        world.launch(AfterExit::Keep);
    }
    let name = Target::Name("t".into());
    let error = world.engine.resolve(&name).unwrap_err();
    assert!(error.contains("2 tasks (1, 2)"), "{error}");
    world.ask(revoke(1, true));
    world.settle();
    assert_eq!(world.engine.resolve(&name), Ok(TaskId(2)));
    assert_eq!(world.engine.resolve(&Target::Newest), Ok(TaskId(2)));
    // however many there are, it is a line to be read
    for _ in 0..20 {
        world.launch(AfterExit::Keep);
    }
    let error = world.engine.resolve(&name).unwrap_err();
    assert!(error.contains("21 tasks (.., 15, 16"), "{error}");
    assert!(error.len() < 100, "{error}");
}

#[test]
fn a_retry_is_a_further_run() {
    let mut world = World::new();
    let run = world.launch(AfterExit::Keep);
    world
        .sims
        .get_mut(&run)
        .unwrap()
        .end_leader(Exit::Code(1), 0);
    world.settle();
    let caller = Caller {
        dir: "/".into(),
        env: vec![],
    };
    world.ask(Request::Retry {
        target: Target::Newest,
        caller,
    });
    world.settle();
    assert_eq!(world.task(1).run.number, 2);
    assert_eq!(world.task(1).state().word(), "running");
    assert_eq!(world.task(1).past.len(), 1);
}

#[test]
fn what_was_given_values_that_are_gone_is_not_run_again_without_them() {
    let mut world = World::new();
    let mut given = spec("t", AfterExit::Keep);
    given.env_names = vec!["TOKEN".into()];
    let env = vec![("TOKEN".into(), "x".into())];
    world.ask(Request::Run(Box::new(RunRequest::new(given, env))));
    world.write_all();
    world.ask(revoke(1, true));
    world.settle();
    let retry = Request::Retry {
        target: Target::Newest,
        caller: Caller {
            dir: "/".into(),
            env: vec![],
        },
    };
    world.crash();
    let ticket = world.ask(retry);
    let answers = &world.answers[&ticket];
    assert!(
        matches!(&answers[..], [(Answer::Failed(Failure::Failed, line), true)] if line.contains("TOKEN")),
        "{answers:?}"
    );
    assert_eq!(world.task(1).run.number, 1);
}

#[test]
fn the_shim_of_a_run_whose_end_could_not_be_stored_goes_though_another_run_came() {
    let mut world = World::new();
    let first = world.launch(AfterExit::Keep);
    world.write_all();
    let sim = world.sims.get_mut(&first).unwrap();
    sim.end_leader(Exit::Code(1), 0);
    world.report(first);
    world.write(true);
    assert!(!world.sims[&first].released, "released, not stored");
    world.ask(Request::Retry {
        target: Target::Newest,
        caller: Caller {
            dir: "/".into(),
            env: vec![],
        },
    });
    world.write_all();
    assert_eq!(world.task(1).run.number, 2);
    assert!(world.sims[&first].released, "it waits for ever");
}

#[test]
fn an_idle_supervisor_leaves_in_its_time_and_not_before() {
    let mut world = World::new();
    world.input(Input::Joined);
    assert_eq!(world.engine.deadline(), None);
    world.input(Input::Left);
    let deadline = world.engine.deadline().unwrap();
    world.now = u64::try_from(deadline.as_millis()).unwrap() - 2;
    world.input(Input::Tick);
    assert!(!world.exited);
    world.input(Input::Tick);
    assert!(world.exited);
}

#[test]
fn logs_near_the_cap_are_trimmed_the_longest_ended_first() {
    let mut world = World::new();
    for _ in 0..3 {
        let run = world.launch(AfterExit::Keep);
        let sim = world.sims.get_mut(&run).unwrap();
        sim.status.written = 1 << 20;
        sim.end_leader(Exit::Code(0), 0);
        world.settle();
    }
    let run = world.launch(AfterExit::Keep);
    let mut status = world.sims[&run].status.clone();
    status.written = 1 << 20;
    world.now += 1;
    let effects = world
        .engine
        .handle(world.time(), Input::Status(Box::new(status)));
    let [Effect::Trim { runs, bytes }] = &effects[..] else {
        panic!("{effects:?}");
    };
    let tasks: Vec<u32> = runs.iter().map(|run| run.task.0).collect();
    assert_eq!(tasks, [1, 2, 3, 4]);
    // one segment is kept free for the run that writes
    assert_eq!(*bytes, 32 << 10);
    let first = RunId {
        task: TaskId(1),
        number: 1,
    };
    world.input(Input::Trimmed(vec![(first, 32 << 10)]));
    assert_eq!(world.task(1).run.dropped, 32 << 10);
}

#[derive(Debug, Clone)]
enum Step {
    Launch(bool),
    LaunchAgain(u32),
    Revoke(u32, bool),
    RevokeAll(bool),
    Retry(u32),
    Remove(u32),
    RemoveEnded,
    Pause(u32),
    Resume(u32),
    Write(bool),
    Begin(u32, bool),
    Report(u32),
    EndLeader(u32, i32, u32),
    EndTree(u32),
    KillShim(u32),
    Sweep,
    Crash,
    Tick,
}

fn step() -> impl Strategy<Value = Step> {
    let id = 1_u32..6;
    prop_oneof![
        3 => any::<bool>().prop_map(Step::Launch),
        1 => (1_u32..3).prop_map(Step::LaunchAgain),
        1 => Just(Step::Tick),
        3 => (id.clone(), any::<bool>()).prop_map(|(id, force)| Step::Revoke(id, force)),
        1 => any::<bool>().prop_map(Step::RevokeAll),
        2 => id.clone().prop_map(Step::Retry),
        1 => id.clone().prop_map(Step::Remove),
        1 => Just(Step::RemoveEnded),
        1 => id.clone().prop_map(Step::Pause),
        1 => id.clone().prop_map(Step::Resume),
        8 => prop::bool::weighted(0.1).prop_map(Step::Write),
        4 => (id.clone(), prop::bool::weighted(0.2)).prop_map(|(id, fails)| Step::Begin(id, fails)),
        6 => id.clone().prop_map(Step::Report),
        3 => (id.clone(), 0..3, 0_u32..3).prop_map(|(id, code, left)| Step::EndLeader(id, code, left)),
        2 => id.clone().prop_map(Step::EndTree),
        1 => id.prop_map(Step::KillShim),
        2 => Just(Step::Sweep),
        1 => Just(Step::Crash),
    ]
}

fn apply(world: &mut World, step: &Step) {
    let run = |world: &World, id: u32| {
        world
            .engine
            .task(TaskId(id))
            .map(crate::core::task::Task::run_id)
    };
    match *step {
        Step::Launch(sweep) => {
            let after_exit = if sweep {
                AfterExit::Sweep
            } else {
                AfterExit::Keep
            };
            world.ask(Request::Run(Box::new(RunRequest::new(
                spec("t", after_exit),
                vec![],
            ))));
        }
        Step::LaunchAgain(most) => drop(world.ask(Request::Run(Box::new(RunRequest::new(
            Spec {
                restarts: most,
                ..spec("t", AfterExit::Keep)
            },
            vec![],
        ))))),
        Step::Tick => {
            world.now += 1000;
            world.input(Input::Tick);
        }
        Step::Revoke(id, force) => drop(world.ask(revoke(id, force))),
        Step::RevokeAll(force) => drop(world.ask(Request::Revoke {
            pick: Pick::default(),
            all: true,
            force,
            wait: true,
        })),
        Step::Retry(id) => {
            let caller = Caller {
                dir: "/".into(),
                env: vec![],
            };
            world.ask(Request::Retry {
                target: Target::Id(TaskId(id)),
                caller,
            });
        }
        Step::Remove(id) => drop(world.ask(Request::Remove {
            targets: vec![Target::Id(TaskId(id))],
            ended: None,
            older_than_ms: 0,
        })),
        Step::RemoveEnded => drop(world.ask(Request::Remove {
            targets: vec![],
            ended: Some(Filter {
                all: true,
                ..Filter::default()
            }),
            older_than_ms: 20,
        })),
        Step::Pause(id) => drop(world.ask(Request::Pause(vec![Target::Id(TaskId(id))].into()))),
        Step::Resume(id) => drop(world.ask(Request::Resume(vec![Target::Id(TaskId(id))].into()))),
        Step::Write(fails) => world.write(fails),
        Step::Begin(id, fails) => {
            if let Some(run) = run(world, id) {
                world.begin(run, fails);
            }
        }
        Step::Report(id) => {
            if let Some(run) = run(world, id) {
                world.report(run);
            }
        }
        Step::EndLeader(id, code, left) => {
            if let Some(sim) = run(world, id).and_then(|run| world.sims.get_mut(&run)) {
                sim.end_leader(Exit::Code(code), left);
            }
        }
        Step::EndTree(id) => {
            if let Some(sim) = run(world, id).and_then(|run| world.sims.get_mut(&run)) {
                sim.end_tree();
            }
        }
        Step::KillShim(id) => {
            if let Some(run) = run(world, id) {
                world.kill_shim(run);
            }
        }
        Step::Sweep => world.sweep(),
        Step::Crash => world.crash(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Launches, exits, revokes, dead shims, full disks and dead supervisors in any
    /// order: nothing runs twice, nothing is called ended that lives, nothing is
    /// signalled before that is stored, and a shutdown ends everything and itself.
    #[test]
    fn any_life_ends_in_a_true_state(steps in prop::collection::vec(step(), 0..120)) {
        let mut world = World::new();
        for step in steps {
            apply(&mut world, &step);
        }
        world.settle();
        let ticket = world.ask(Request::Shutdown { force: false });
        world.settle();
        prop_assert!(world.exited);
        prop_assert_eq!(world.engine.active(), 0);
        prop_assert!(matches!(world.answers[&ticket].last(), Some((Answer::Done(_), true))));
        for (run, sim) in &world.sims {
            let dead = sim.status.leader.is_none() || sim.status.empty;
            prop_assert!(dead, "run {} outlived the shutdown: {:?}", run, sim);
        }
        for record in world.disk.values() {
            prop_assert!(!record.task.is_active(), "on disk as active: {:?}", record.task);
        }
        world.check_log();
    }
}
