//! What agents say and leave behind, and what that makes of their runs.

use std::collections::BTreeMap;

use super::kit::*;
use crate::core::agent::event::{AgentEvent, Trouble, Verdict};
use crate::core::agent::plan::Feed;
use crate::core::agent::say::Reply;
use crate::core::agent::tool::{Fault, FaultKind};
use crate::core::attention::Attention;
use crate::core::engine::tests::world::*;
use crate::core::event::What;
use crate::core::id::TaskId;
use crate::core::input::Input;
use crate::core::plan::Idle;
use crate::core::raw::Raw;
use crate::core::task::{AfterExit, Exit, Outcome, State};
use crate::core::wire::{self, Answer, Request, RunRequest};

#[test]
fn exit_0_is_a_success_only_with_the_agents_word() {
    for (events, exit, wanted) in [
        (vec![verdict(true)], Exit::Code(0), Outcome::Succeeded),
        (vec![verdict(false)], Exit::Code(0), Outcome::Failed(0)),
        (vec![], Exit::Code(0), Outcome::Failed(0)),
        (vec![verdict(true)], Exit::Code(3), Outcome::Failed(3)),
        (vec![verdict(true)], Exit::Signal(9), Outcome::Killed(9)),
    ] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Argument));
        let wait = world.ask(Request::Wait(vec![crate::core::id::Target::Newest].into()));
        end(&mut world, run, exit, events.clone());
        assert_eq!(
            outcome(&world, 1),
            Some(wanted.clone()),
            "{events:?} {exit:?}"
        );
        let code = wanted.shell_code();
        assert_eq!(code == 0, wanted == Outcome::Succeeded);
        assert!(matches!(
            world.answers[&wait].as_slice(),
            [(Answer::Task(report), true)] if report.outcome.as_deref() == Some(wanted.word())
        ));
    }
}

#[test]
fn a_run_whose_shim_and_supervisor_die_is_heard_out_too() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    world
        .sims
        .get_mut(&run)
        .unwrap()
        .end_leader(Exit::Code(0), 0);
    world.report(run);
    world.crash();
    assert!(world.task(1).is_active());
    assert_eq!(
        world.hears.back().map(|hear| hear.end),
        Some(Some(Exit::Code(0)))
    );
    say(&mut world, run, vec![verdict(true)], true);
    assert_eq!(outcome(&world, 1), Some(Outcome::Succeeded));
}

/// As one of before may have left it, which stored some starts before the wait for them.
#[test]
fn a_queued_task_whose_shim_lives_is_not_started_once_more() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    let record = world.disk.get_mut(&run.task).unwrap();
    record.task.run.state = State::Queued { hold: None };
    // the world sees to it that nothing is spawned twice
    world.crash();
    world.write_all();
    let adopted = |event: &crate::core::event::Event| event.what == What::Adopted;
    assert!(world.log.iter().any(adopted));
    assert!(matches!(world.task(1).state(), State::Running { .. }));
    end(&mut world, run, Exit::Code(0), vec![verdict(true)]);
    assert_eq!(outcome(&world, 1), Some(Outcome::Succeeded));
}

#[test]
fn a_broken_key_is_told_apart_from_other_failures() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    let broken = AgentEvent::Result(Verdict {
        ok: false,
        text: "401 invalid x-api-key".into(),
        trouble: Some(Trouble::Auth),
        turns: None,
    });
    end(&mut world, run, Exit::Code(1), vec![broken]);
    assert_eq!(world.task(1).attention, Attention::AuthBroken);
    let report = world.engine.report(world.task(1));
    assert_eq!(report.reason.as_deref(), Some("401 invalid x-api-key"));
    assert!(report.attention_since.is_some());
}

#[test]
fn calls_of_tools_are_stored_as_they_begin_and_end_and_none_stays_open() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    let over = |id: &str, fault: Option<FaultKind>| AgentEvent::ToolEnded {
        id: id.into(),
        fault: fault.map(|kind| Fault {
            kind,
            text: "no".into(),
        }),
        output: "four".into(),
        duration_ms: Some(7),
        exit_code: None,
    };
    hear(&mut world, run, vec![call("a"), call("b"), over("b", None)]);
    hear(
        &mut world,
        run,
        vec![over("a", Some(FaultKind::Timeout)), call("c")],
    );
    hear(&mut world, run, vec![over("unknown", None)]);
    end(&mut world, run, Exit::Code(0), vec![verdict(true)]);
    let mut last: Vec<_> = world.calls.clone();
    last.reverse();
    last.sort_by_key(|call| call.number);
    last.dedup_by_key(|call| call.number);
    let faults: Vec<_> = last
        .iter()
        .map(|call| call.fault.as_ref().map(|fault| fault.kind))
        .collect();
    let wanted = [Some(FaultKind::Timeout), None, Some(FaultKind::Cancelled)];
    assert_eq!(faults, wanted);
    assert!(last.iter().all(|call| call.ended.is_some()));
    assert_eq!((last[1].duration_ms, last[1].output_bytes), (Some(7), 4));
    assert_eq!(last[0].input["token"], "•••");
    let report = world.engine.report(world.task(1));
    assert_eq!(
        (report.tools_called, report.tools_failed),
        (Some(3), Some(2))
    );
    let stats = world.engine.stats(world.time(), 0, wire::By::Agent);
    assert_eq!(
        (stats[0].key.as_deref(), stats[0].runs),
        (Some("claude"), 1)
    );
}

#[test]
fn a_call_that_is_told_twice_is_stored_once_and_another_under_its_name_too() {
    let with = |name: &str, input: serde_json::Value| match call("a") {
        AgentEvent::ToolStarted {
            id,
            category,
            within,
            ..
        } => AgentEvent::ToolStarted {
            id,
            name: name.into(),
            category,
            input,
            within,
        },
        other => panic!("{other:?}"),
    };
    let over = || AgentEvent::ToolEnded {
        id: "a".into(),
        fault: None,
        output: String::new(),
        duration_ms: None,
        exit_code: None,
    };
    let path = |path: &str| with("Read", serde_json::json!({"path": path}));
    for (events, calls) in [
        (vec![path("x"), path("x"), over(), over()], 1),
        (
            vec![with("Read", serde_json::Value::Null), path("x"), over()],
            1,
        ),
        (vec![path("/tm"), path("/tmp/x"), over()], 1),
        (vec![path("x"), path("y"), over(), over()], 2),
        (
            vec![path("x"), with("Write", serde_json::json!({"path": "x"}))],
            2,
        ),
        (vec![path("x"), over(), path("x"), over()], 2),
    ] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Argument));
        hear(&mut world, run, events.clone());
        end(&mut world, run, Exit::Code(0), vec![verdict(true)]);
        let report = world.engine.report(world.task(1));
        assert_eq!(report.tools_called, Some(calls), "{events:?}");
        let mut numbers: Vec<u32> = world.calls.iter().map(|call| call.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len() as u32, calls, "{events:?}");
    }
}

#[test]
fn however_many_calls_go_on_at_once_each_comes_to_its_end() {
    for (count, followed) in [(1000, 1000), (1500, 1024)] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Argument));
        let ids: Vec<String> = (0..count).map(|n| format!("t{n}")).collect();
        hear(&mut world, run, ids.iter().map(|id| call(id)).collect());
        let ends = ids
            .iter()
            .enumerate()
            .map(|(at, id)| AgentEvent::ToolEnded {
                id: id.clone(),
                fault: (at % 2 == 1).then(|| Fault {
                    kind: FaultKind::CommandFailed,
                    text: "exit 1".into(),
                }),
                output: String::new(),
                duration_ms: None,
                exit_code: None,
            });
        hear(&mut world, run, ends.collect());
        end(&mut world, run, Exit::Code(0), vec![verdict(true)]);
        let report = world.engine.report(world.task(1));
        assert_eq!(report.tools_called, Some(count));
        let failed = count - followed + followed / 2;
        assert_eq!(report.tools_failed, Some(failed), "{count}");
        // as they stand last
        let calls = world.calls.iter().map(|call| (call.number, call.ended));
        let calls: BTreeMap<_, _> = calls.collect();
        assert_eq!(calls.len(), count as usize);
        assert!(calls.values().all(Option::is_some), "{calls:?}");
    }
}

#[test]
fn what_an_agent_left_behind_is_said_though_it_was_swept() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    let sim = world.sims.get_mut(&run).unwrap();
    sim.end_leader(Exit::Code(0), 1);
    sim.status.example = Some("sleep 300".into());
    world.report(run);
    world.sims.get_mut(&run).unwrap().end_tree();
    world.report(run);
    say(&mut world, run, vec![verdict(true)], true);
    assert_eq!(outcome(&world, 1), Some(Outcome::Succeeded));
    let reason = world.engine.reason(world.task(1));
    let wanted = "exited 0, 1 process left in the background: sleep 300; it was ended";
    assert_eq!(reason.as_deref(), Some(wanted));
}

#[test]
fn what_was_launched_from_within_is_revoked_and_waited_for_together() {
    let mut world = World::new();
    let mark = |run: &str| {
        let path = format!("/run/shims/{run}.sock");
        vec![(Raw::from(crate::core::shim::MARK), Raw::from(path))]
    };
    let within = |world: &mut World, run: &str| {
        let request = RunRequest::new(spec("child", AfterExit::Sweep), mark(run));
        world.ask(Request::Run(Box::new(request)));
        started(world);
    };
    for _ in 0..2 {
        launch(&mut world, agent(Feed::Argument));
    }
    within(&mut world, "1.1");
    within(&mut world, "3.1");
    within(&mut world, "2.1");
    let pick = |kin| wire::Pick {
        targets: vec![crate::core::id::Target::Id(TaskId(1))],
        labels: Vec::new(),
        kin,
    };
    let wait = world.ask(Request::Wait(pick(wire::Kin::Below)));
    world.ask(Request::Revoke {
        pick: pick(wire::Kin::Tree),
        all: false,
        force: true,
        wait: false,
    });
    let words = |world: &World| {
        let each = world.engine.tasks().map(|task| task.state().word());
        each.collect::<Vec<_>>()
    };
    world.write_all();
    let wanted = ["stopping", "running", "stopping", "stopping", "running"];
    assert_eq!(words(&world), wanted);
    // what is launched while they stop would be left behind
    for run in ["1.1", "3.1", "4.1"] {
        let request = RunRequest::new(spec("late", AfterExit::Sweep), mark(run));
        let late = world.ask(Request::Run(Box::new(request)));
        assert!(told(&world, late).contains("task 4 is being revoked") || run != "4.1");
        assert!(told(&world, late).contains("nothing more is"), "{run}");
    }
    within(&mut world, "2.1");
    assert_eq!(world.task(6).state().word(), "running");
    for id in [3, 4] {
        let run = world.task(id).run_id();
        world.report(run);
        world.write_all();
    }
    assert_eq!(world.answers[&wait].len(), 2);
    assert!(world.answers[&wait][1].1, "it waits for more");
    let none = world.ask(Request::Wait(wire::Pick {
        targets: vec![crate::core::id::Target::Id(TaskId(4))],
        labels: Vec::new(),
        kin: wire::Kin::Below,
    }));
    assert!(told(&world, none).contains("no task was launched"));
}

/// A call that goes on for longer than that, or a question that nobody answers.
#[test]
fn what_has_nothing_to_say_is_not_stalled_and_its_silence_counts_from_then_on() {
    for asks in [false, true] {
        let mut world = World::new();
        let mut spec = agent(Feed::Talk);
        spec.idle = Some(Idle {
            after_ms: 600_000,
            stop: false,
        });
        let run = launch(&mut world, spec);
        let pass = |world: &mut World, minutes: u64| {
            world.now += minutes * 60_000;
            world.input(Input::Tick);
            world.write_all();
            let next = world.engine.deadline();
            assert!(next.is_none_or(|at| at > world.time().mono), "{next:?}");
        };
        let first = if asks { permission() } else { call("c") };
        hear(&mut world, run, vec![session("S"), first]);
        for _ in 0..3 {
            pass(&mut world, 9);
            assert_ne!(world.task(1).attention, Attention::Stalled);
        }
        if asks {
            world.ask(reply(Reply::Allow));
        } else {
            let over = AgentEvent::ToolEnded {
                id: "c".into(),
                fault: None,
                output: String::new(),
                duration_ms: None,
                exit_code: None,
            };
            hear(&mut world, run, vec![over]);
        }
        pass(&mut world, 9);
        assert_eq!(world.task(1).attention, Attention::None);
        pass(&mut world, 2);
        assert_eq!(world.task(1).attention, Attention::Stalled);
    }
}
