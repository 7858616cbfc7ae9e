//! Agents of any behaviour.

use proptest::prelude::*;

use super::kit::*;
use crate::core::agent::event::{AgentEvent, Meter};
use crate::core::agent::message::Delivery;
use crate::core::agent::plan::Feed;
use crate::core::agent::say::Reply;
use crate::core::agent::story::Stage;
use crate::core::engine::tests::world::*;
use crate::core::id::{RunId, TaskId};
use crate::core::input::{Heard, Input};
use crate::core::task::{Exit, Outcome, State};
use crate::core::wire::{Request, RunRequest};

#[derive(Debug, Clone, Copy)]
enum Step {
    Launch(bool),
    Hear(u8, u8),
    Over(u8, bool),
    Exit(u8, i32),
    Message(u8),
    Reply,
    Interrupt(u8),
    Revoke(u8),
    Write(bool),
    Report(u8),
    KillShim(u8),
    Sweep,
    Crash,
    Pass(u32),
    Speak,
    Deliver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<bool>().prop_map(Step::Launch),
        (any::<u8>(), any::<u8>()).prop_map(|(run, what)| Step::Hear(run, what)),
        (any::<u8>(), any::<u8>()).prop_map(|(run, what)| Step::Hear(run, what)),
        (any::<u8>(), any::<bool>()).prop_map(|(run, ok)| Step::Over(run, ok)),
        (any::<u8>(), 0..3_i32).prop_map(|(run, code)| Step::Exit(run, code)),
        any::<u8>().prop_map(Step::Message),
        Just(Step::Reply),
        any::<u8>().prop_map(Step::Interrupt),
        any::<u8>().prop_map(Step::Revoke),
        any::<bool>().prop_map(Step::Write),
        any::<u8>().prop_map(Step::Report),
        any::<u8>().prop_map(Step::KillShim),
        Just(Step::Sweep),
        Just(Step::Crash),
        Just(Step::Speak),
        Just(Step::Deliver),
        (0..2_000_000_u32).prop_map(Step::Pass),
    ]
}

fn event(what: u8, world: &World) -> AgentEvent {
    match what % 9 {
        0 => session("S"),
        1 => text(),
        2 => permission(),
        3 => reached(Some(world.now + u64::from(what) * 1000)),
        4 => used(Meter::Session, u64::from(what), u64::from(what)),
        5 => verdict(true),
        6 => verdict(false),
        7 => AgentEvent::Heard {
            message: None,
            text: String::new(),
        },
        _ => used(
            Meter::Call {
                key: what.to_string(),
                partial: what.is_multiple_of(2),
            },
            1,
            1,
        ),
    }
}

fn run_of(world: &World, pick: u8) -> Option<RunId> {
    let runs: Vec<RunId> = world.sims.keys().copied().collect();
    (!runs.is_empty()).then(|| runs[pick as usize % runs.len()])
}

fn take(world: &mut World, step: Step) {
    match step {
        Step::Launch(talks) if world.engine.tasks().len() < 6 => {
            let feed = if talks { Feed::Talk } else { Feed::Argument };
            let request = RunRequest::new(agent(feed), Vec::new());
            world.ask(Request::Run(Box::new(request)));
        }
        Step::Hear(pick, what) => {
            if let Some(run) = run_of(world, pick) {
                let events = vec![event(what, world)];
                world.input(Input::Heard(Box::new(Heard {
                    run,
                    events,
                    replies: if what % 5 == 0 {
                        b"x\n".to_vec()
                    } else {
                        Vec::new()
                    },
                    at: (0, serde_json::Value::Null),
                    said: false,
                    over: false,
                })));
            }
        }
        Step::Over(pick, ok) => {
            // nobody is heard out who has not ended
            let ended = world.hears.iter().position(|hear| hear.end.is_some());
            if let Some(hear) = ended.and_then(|at| world.hears.remove(at)) {
                let events = if pick % 2 == 0 {
                    vec![verdict(ok)]
                } else {
                    Vec::new()
                };
                world.input(Input::Heard(Box::new(Heard {
                    run: hear.run,
                    events,
                    replies: Vec::new(),
                    at: hear.from,
                    said: false,
                    over: true,
                })));
            }
        }
        Step::Exit(pick, code) => {
            if let Some(sim) = run_of(world, pick).and_then(|run| world.sims.get_mut(&run)) {
                sim.end_leader(Exit::Code(code), 0);
            }
        }
        Step::Message(pick) => {
            world.ask(message(u32::from(pick % 6) + 1, "more", pick > 200));
        }
        Step::Reply => {
            world.ask(reply(Reply::Allow));
        }
        Step::Interrupt(pick) => {
            let id = TaskId(u32::from(pick % 6) + 1);
            world.ask(Request::Interrupt(crate::core::id::Target::Id(id)));
        }
        Step::Revoke(pick) => {
            world.ask(revoke(u32::from(pick % 6) + 1, pick > 128));
        }
        Step::Write(fails) => world.write(fails),
        Step::Report(pick) => {
            if let Some(run) = run_of(world, pick) {
                world.begin(run, pick > 240);
                world.report(run);
            }
        }
        Step::KillShim(pick) => {
            if let Some(run) = run_of(world, pick) {
                world.kill_shim(run);
            }
        }
        Step::Sweep => world.sweep(),
        Step::Crash => world.crash(),
        Step::Speak => world.speak(),
        Step::Deliver => world.deliver(),
        Step::Pass(ms) => {
            world.now += u64::from(ms);
            world.input(Input::Tick);
        }
        Step::Launch(_) => {}
    }
}

/// Found by the schedules below.
#[test]
fn an_earlier_runs_shim_is_let_go_only_once_its_end_is_stored() {
    let mut world = World::new();
    for step in [
        Step::Launch(false),
        Step::Write(false),
        Step::Report(0),
        Step::Exit(0, 0),
        Step::Crash,
        Step::Hear(0, 225),
        Step::Over(0, false),
        // a further run begins before the end of the first is stored
        Step::Message(114),
        Step::Report(0),
    ] {
        take(&mut world, step);
    }
    let run = RunId {
        task: TaskId(1),
        number: 1,
    };
    assert!(!world.sims[&run].released);
    world.write_all();
    assert!(world.sims[&run].released);
}

/// Found by the schedules below: what is said after its last word begins the next run.
#[test]
fn what_is_said_behind_the_last_word_is_kept() {
    let mut world = World::new();
    for step in [
        Step::Launch(true),
        Step::Write(false),
        Step::Report(0),
        Step::Hear(0, 122),
        Step::Message(90),
    ] {
        take(&mut world, step);
    }
    world.tell_all();
    let story = world.task(1).run.story.as_deref().unwrap();
    assert_eq!(story.stage, Stage::Closed);
    assert_eq!(story.messages[0].state, Delivery::Sent);
    let run = world.task(1).run_id();
    assert_eq!(world.sims[&run].input, "p\n");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever agents say and whoever dies: nothing that lives is called ended (the world
    /// looks at that), a success has the agent's word, and all come to their end.
    #[test]
    fn agents_of_any_behaviour_come_to_a_true_end(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for step in steps {
            take(&mut world, step);
            for task in world.engine.tasks() {
                let ended = matches!(
                    task.state(),
                    State::Ended { outcome: Outcome::Succeeded, .. }
                );
                let word = task.run.story.as_ref().is_some_and(|story| story.is_well());
                prop_assert!(!ended || word, "a success without the agent's word");
            }
        }
        world.tell_all();
        for task in world.engine.tasks().filter(|_| !world.failed) {
            let run = task.run_id();
            let (Some(story), Some(sim)) = (&task.run.story, world.sims.get(&run)) else {
                continue;
            };
            let listens = matches!(task.state(), State::Running { .. }) && sim.status.exit.is_none();
            if !listens || story.stage < Stage::Prompted {
                continue;
            }
            let came = |letter| sim.input.lines().filter(move |line| line.starts_with(letter));
            prop_assert_eq!(came('p').count(), 1, "run {} was told {}", run, &sim.input);
            prop_assert_eq!(sim.input.lines().find(|line| *line != "x"), Some("p"));
            // what was said once it had been told that nothing follows is kept for the next run
            let kept = story.messages.iter().rev();
            let kept = kept.take_while(|it| it.state == Delivery::Sent).count() as u64;
            let kept = if story.stage == Stage::Prompted { 0 } else { kept };
            let numbers: Vec<String> =
                (1..=story.said - kept).map(|number| format!("m{number}")).collect();
            prop_assert!(came('m').eq(&numbers), "run {} was told {:?}", run, &sim.input);
        }
        world.ask(Request::Shutdown { force: false });
        world.settle();
        for task in world.engine.tasks() {
            prop_assert!(!task.is_active(), "{} is {:?}", task.id, task.state());
        }
        prop_assert!(world.exited);
    }
}
