//! What agents are told: at first, by messages, and in further runs.

use super::kit::*;
use crate::core::agent::event::{AgentEvent, Meter};
use crate::core::agent::message::Delivery;
use crate::core::agent::plan::Feed;
use crate::core::agent::say::{Reply, Say};
use crate::core::agent::tokens::Usd;
use crate::core::attention::Attention;
use crate::core::engine::tests::world::*;
use crate::core::id::{RunId, Target, TaskId};
use crate::core::input::Input;
use crate::core::plan::Fate;
use crate::core::shim::Order;
use crate::core::task::{Exit, Outcome};
use crate::core::wire::{Answer, Caller, Request, RunRequest};

/// The message that was said last: to which run, its number and text.
fn said_last(world: &World) -> Option<(RunId, u64, &str)> {
    match world.said.last() {
        Some((run, Say::Message { number, text, id })) => {
            let others = world.said.iter().filter(|(_, say)| match say {
                Say::Prompt { id: other, .. } | Say::Message { id: other, .. } => other == id,
                _ => false,
            });
            assert_eq!(others.count(), 1, "it has a name of its own");
            Some((*run, *number, text))
        }
        _ => None,
    }
}

#[test]
fn an_agent_is_told_once_what_to_do_and_that_nothing_follows() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    world.report(run);
    world.write_all();
    assert!(matches!(
        world.said.as_slice(),
        [(_, Say::Prompt { text, session: None, fork: false, .. })] if text == "mend it"
    ));
    world.tell_all();
    world.crash();
    world.tell_all();
    assert_eq!(world.said.len(), 1, "it was told twice");
    assert_eq!(world.sims[&run].input, "p\n");
    hear(&mut world, run, vec![session("S"), text()]);
    assert_eq!(world.said.len(), 1);
    hear(&mut world, run, vec![verdict(true)]);
    assert_eq!(world.said.last(), Some(&(run, Say::Close)));
    end(&mut world, run, Exit::Code(0), vec![]);
    assert_eq!(outcome(&world, 1), Some(Outcome::Succeeded));
}

/// Wherever on its way the supervisor dies.
#[test]
fn nothing_that_an_agent_is_told_is_lost_with_the_supervisor_and_nothing_comes_twice() {
    let ways: [fn(&mut World); 6] = [
        // not on its way yet, in the agent's language and not on record, on record, come and
        // not reported, reported
        |_| {},
        World::speak,
        |world| {
            world.speak();
            world.write_all();
        },
        |world| {
            world.tell_all();
            world.sims.values_mut().for_each(|sim| sim.status.seq += 1);
        },
        |world| {
            world.tell_all();
            let runs: Vec<RunId> = world.sims.keys().copied().collect();
            for run in runs {
                world.report(run);
            }
        },
        |world| {
            world.crash();
            world.speak();
        },
    ];
    for (at, way) in ways.iter().enumerate() {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Talk));
        let mut wanted = "p\n".to_owned();
        let die = |world: &mut World, wanted: &str, what: &str| {
            world.write_all();
            way(world);
            world.crash();
            world.tell_all();
            assert_eq!(world.sims[&run].input, wanted, "{what}, way {at}");
        };
        die(&mut world, &wanted, "prompt");
        hear(&mut world, run, vec![session("S"), permission()]);
        world.ask(reply(Reply::Allow));
        wanted += "ar1\n";
        die(&mut world, &wanted, "answer");
        world.ask(message(1, "and test it", false));
        wanted += "m1\n";
        die(&mut world, &wanted, "message");
        world.ask(Request::Interrupt(Target::Id(TaskId(1))));
        wanted += "i\n";
        die(&mut world, &wanted, "interrupt");
    }

    // over standard input alone: all of it, and its end
    for crashes in [false, true] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Stdin));
        if crashes {
            world.crash();
        }
        let told: Vec<Order> = world
            .typing
            .iter()
            .map(|(_, order)| order.clone())
            .collect();
        assert!(
            matches!(told.as_slice(), [Order::Input(text), Order::Eof] if text.as_bytes() == b"mend it"),
            "{told:?}"
        );
        world.tell_all();
        world.report(run);
        world.crash();
        assert!(
            !world
                .typing
                .iter()
                .any(|(_, order)| matches!(order, Order::Input(_))),
            "it came twice"
        );
    }
}

#[test]
fn a_message_during_a_run_is_said_and_one_that_comes_too_late_begins_the_next() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    hear(&mut world, run, vec![session("S")]);
    world.ask(message(1, "and test it", false));
    world.write_all();
    assert_eq!(said_last(&world), Some((run, 1, "and test it")));
    hear(&mut world, run, vec![verdict(true)]);
    assert_ne!(
        world.said.last(),
        Some(&(run, Say::Close)),
        "it owes an answer"
    );
    let heard = AgentEvent::Heard {
        message: Some(1),
        text: "and test it".into(),
    };
    hear(&mut world, run, vec![heard, verdict(true)]);
    assert_eq!(world.said.last(), Some(&(run, Say::Close)));
    let state = |world: &World, at: usize| {
        let story = world.task(1).run.story.clone();
        story.unwrap().messages[at].state.clone()
    };
    assert_eq!(state(&world, 0), Delivery::Delivered);
    // nothing more can be said to this run
    let late = world.ask(message(1, "one more", false));
    world.write_all();
    assert!(told(&world, late).contains("once the run has ended"));
    assert_eq!(state(&world, 1), Delivery::Sent);
    let wait = world.ask(Request::Wait(vec![Target::Newest].into()));
    end(&mut world, run, Exit::Code(0), vec![]);
    world.write_all();
    assert!(!world.answers.contains_key(&wait), "it goes on");
    let kept = |world: &World| world.engine.report(world.task(1)).messages[0].clone();
    assert_eq!(kept(&world).state, "sent", "it waits in the queue");
    let run = started(&mut world);
    assert_eq!(run.number, 2);
    assert_eq!(kept(&world).state, "sent", "nobody has told the agent");
    assert_eq!(launched(&world), ["a", "resume", "S", "one more"]);
    assert!(matches!(
        world.said.last(),
        Some((_, Say::Prompt { text, session: Some(id), fork: false, .. })) if text == "one more" && id == "S"
    ));
    hear(&mut world, run, vec![session("S")]);
    assert_eq!(
        world.engine.report(world.task(1)).messages,
        [],
        "it arrived"
    );
    let past = world.task(1).past[0].story.as_ref().unwrap();
    assert_eq!(past.messages[1].state, Delivery::Delivered);
}

/// What is kept for a run that never comes is not said to have arrived.
#[test]
fn a_message_that_begins_a_run_which_never_starts_is_refused() {
    let ways: [fn(&mut World); 3] = [
        // revoked in the queue, not to be started, ended before it was told
        |world| {
            world.ask(revoke(1, false));
        },
        |world| {
            world.ask(Request::PauseQueue(false));
            world.write_all();
            let run = world.task(1).run_id();
            world.begin(run, true);
            world.report(run);
        },
        |world| {
            world.ask(Request::PauseQueue(false));
            let run = started(world);
            end(world, run, Exit::Code(1), vec![]);
        },
    ];
    for feed in [Feed::Argument, Feed::Talk] {
        for (at, way) in ways.iter().enumerate() {
            let mut world = World::new();
            let run = launch(&mut world, agent(feed));
            hear(&mut world, run, vec![session("S"), verdict(true)]);
            world.ask(message(1, "one more", false));
            world.ask(Request::PauseQueue(true));
            world.write_all();
            end(&mut world, run, Exit::Code(0), vec![]);
            world.write_all();
            assert_eq!(world.task(1).run.number, 2);
            way(&mut world);
            world.write_all();
            let told = feed == Feed::Argument && at == 2;
            let past = world.task(1).past[0].story.as_ref().unwrap();
            let state = &past.messages.last().unwrap().state;
            if told {
                assert_eq!(state, &Delivery::Delivered, "it was among its arguments");
                continue;
            }
            assert!(
                matches!(state, Delivery::Refused(_)),
                "{feed:?} {at}: {state:?}"
            );
            let report = world.engine.report(world.task(1));
            let kept = report.messages.last().unwrap();
            assert_eq!(
                (kept.state.as_str(), kept.text.as_str()),
                ("refused", "one more")
            );
        }
    }
}

#[test]
fn an_ended_agent_goes_on_by_a_message_in_the_same_conversation_or_another_way() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    let early = world.ask(message(1, "x", true));
    assert!(told(&world, early).contains("once it has ended"));
    let total = |cost| used(Meter::Session, cost, cost);
    end(
        &mut world,
        run,
        Exit::Code(0),
        vec![session("S"), total(100), verdict(true)],
    );
    let zero = world.ask(message(1, "a\0b", false));
    assert!(told(&world, zero).contains("zero byte"));
    let option = world.ask(message(1, "--help", false));
    assert!(told(&world, option).contains("begins with -"));
    let empty = world.ask(message(1, " ", false));
    assert!(told(&world, empty).contains("empty"));
    for (fork, words) in [(false, "resume"), (true, "fork")] {
        world.ask(message(1, "go on", fork));
        let run = started(&mut world);
        assert_eq!(launched(&world), ["a", words, "S", "go on"]);
        let sum = if fork { 170 } else { 130 };
        end(
            &mut world,
            run,
            Exit::Code(0),
            vec![session("S"), total(sum), verdict(true)],
        );
    }
    let report = world.engine.report(world.task(1));
    assert_eq!(report.tokens.unwrap().input, 170);
    assert_eq!(report.cost_source.as_deref(), Some("agent"));
    let runs: Vec<u64> = world
        .task(1)
        .past
        .iter()
        .chain([&world.task(1).run])
        .map(|run| world.engine.run_bill(world.task(1), run).cost.unwrap().0)
        .collect();
    assert_eq!(runs, [100, 30, 40]);
    assert_eq!(world.engine.today().cost, Some(Usd(170)));
}

#[test]
fn what_is_said_while_one_waits_for_its_turn_is_said_once_it_runs() {
    let mut world = World::new();
    world.ask(Request::PauseQueue(true));
    world.ask(Request::Run(Box::new(RunRequest::new(
        agent(Feed::Talk),
        Vec::new(),
    ))));
    world.write_all();
    let kept = world.ask(message(1, "and be quick", false));
    world.write_all();
    assert!(told(&world, kept).contains("once the run has begun"));
    world.ask(Request::PauseQueue(false));
    let run = started(&mut world);
    assert!(matches!(world.said[0], (_, Say::Prompt { .. })));
    assert_eq!(world.said.len(), 2);
    assert_eq!(said_last(&world), Some((run, 1, "and be quick")));
}

#[test]
fn what_is_said_between_its_last_word_and_its_exit_makes_no_failure_of_a_success() {
    for feed in [Feed::Argument, Feed::Talk] {
        let mut world = World::new();
        let run = launch(&mut world, agent(feed));
        // who is talked with is told that nothing follows, once its turn is over
        hear(&mut world, run, vec![session("S"), verdict(true)]);
        world.ask(message(1, "and the docs", false));
        end(&mut world, run, Exit::Code(0), vec![]);
        let first = world.task(1).past[0].state.settled();
        assert_eq!(first, Some(Outcome::Succeeded), "{feed:?}");
        let follow = world.task(1).run.follow.as_deref().unwrap();
        assert_eq!(follow.prompt, "and the docs", "{feed:?}");
    }
}

/// A run has come to its outcome, which is on its way to the disk: what follows it is not
/// queued yet.
#[test]
fn what_is_said_just_as_a_run_ends_begins_the_next_with_what_was_kept() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    world.ask(message(1, "one", false));
    world.write_all();
    world
        .sims
        .get_mut(&run)
        .unwrap()
        .end_leader(Exit::Code(0), 0);
    world.report(run);
    world.write_all();
    heard(&mut world, run, vec![session("S"), verdict(true)], true);
    assert!(!world.task(1).is_active());
    let kept = world.ask(message(1, "two", false));
    let fork = world.ask(message(1, "another way", true));
    let again = world.ask(Request::Retry {
        target: Target::Id(TaskId(1)),
        caller: Caller {
            dir: "/".into(),
            env: Vec::new(),
        },
    });
    world.write_all();
    assert!(told(&world, fork).contains("once it has ended"));
    assert!(told(&world, again).contains("goes on by itself"));
    assert!(told(&world, kept).contains("once the run has ended"));
    started(&mut world);
    assert_eq!(launched(&world), ["a", "resume", "S", "one\n\ntwo"]);
    let past = world.task(1).past[0].story.as_ref().unwrap();
    let states = past.messages.iter().map(|message| &message.state);
    assert!(states.eq([&Delivery::Delivered, &Delivery::Delivered]));
}

/// What was kept begins no run that is a further try of the one before: it is told to that,
/// or once it has ended.
#[test]
fn what_was_kept_is_handed_on_to_a_further_try() {
    for feed in [Feed::Argument, Feed::Talk] {
        let mut world = World::new();
        let mut spec = agent(feed);
        (spec.restarts, spec.retry_on) = (1, vec![Fate::TimedOut]);
        spec.timeout_ms = Some(10_000);
        let run = launch(&mut world, spec);
        hear(&mut world, run, vec![session("S"), verdict(true)]);
        world.ask(message(1, "one more", false));
        world.now += 10_001;
        world.input(Input::Tick);
        world.write_all();
        end(&mut world, run, Exit::Signal(15), vec![]);
        assert_eq!(world.task(1).run.number, 2);
        assert!(matches!(
            world.task(1).past[0].state.settled(),
            Some(Outcome::TimedOut(..))
        ));
        world.now += 2_000;
        world.input(Input::Tick);
        let run = started(&mut world);
        if feed == Feed::Talk {
            assert_eq!(said_last(&world), Some((run, 1, "one more")));
            continue;
        }
        let state = |world: &World| world.engine.report(world.task(1)).messages[0].state.clone();
        assert_eq!(state(&world), "sent", "nobody has told the agent");
        end(
            &mut world,
            run,
            Exit::Code(0),
            vec![session("T"), verdict(true)],
        );
        started(&mut world);
        assert_eq!(launched(&world), ["a", "resume", "T", "one more"]);
    }
}

#[test]
fn more_than_can_be_kept_is_refused_and_nothing_that_is_under_way_is_dropped() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    for number in 0..32 {
        let kept = world.ask(message(1, &format!("m{number}"), false));
        world.write_all();
        assert!(matches!(
            world.answers[&kept][..],
            [(Answer::Done(_), true)]
        ));
    }
    let refused = world.ask(message(1, "m32", false));
    assert!(told(&world, refused).contains("wait until"));
    end(
        &mut world,
        run,
        Exit::Code(0),
        vec![session("S"), verdict(true)],
    );
    let follow = world.task(1).run.follow.as_deref().unwrap();
    let wanted: Vec<String> = (0..32).map(|number| format!("m{number}")).collect();
    assert_eq!(follow.prompt, wanted.join("\n\n"));
}

#[test]
fn one_that_cannot_be_told_is_trouble_only_while_it_lives() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    let answer = Say::Answer {
        request: "r1".into(),
        answer: Reply::Allow,
    };
    let unsaid = |world: &mut World, say: Say| {
        world.input(Input::Unsaid(run, say, "its run is over".into()));
        world.task(1).run.trouble.clone()
    };
    assert_eq!(unsaid(&mut world, Say::Close), None);
    let trouble = unsaid(&mut world, answer.clone());
    assert!(trouble.unwrap().contains("could not be told"));
    end(&mut world, run, Exit::Code(0), vec![verdict(true)]);
    assert_eq!(unsaid(&mut world, answer), None);
}

/// It would stand among the arguments of the next run.
/// Found by the schedules: what an agent takes in is what was written to it, though others
/// that came before wait still.
#[test]
fn what_was_not_written_to_an_agent_was_not_taken_in() {
    for feed in [Feed::Argument, Feed::Talk] {
        let mut world = World::new();
        let run = launch(&mut world, agent(feed));
        world.ask(message(1, "kept", false));
        world.write_all();
        let heard = AgentEvent::Heard {
            message: None,
            text: "its prompt".into(),
        };
        hear(&mut world, run, vec![session("S"), heard.clone()]);
        let state = |world: &World| {
            let story = world.task(1).run.story.clone();
            story.unwrap().messages[0].state.clone()
        };
        assert_eq!(state(&world), Delivery::Sent, "{feed:?}");
        if feed == Feed::Talk {
            world.tell_all();
            assert_eq!(state(&world), Delivery::Queued);
            hear(&mut world, run, vec![heard]);
            assert_eq!(state(&world), Delivery::Delivered);
        }
    }
}

#[test]
fn a_conversation_that_is_called_as_an_option_is_goes_on_no_more() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    let events = vec![session("--evil"), verdict(true)];
    end(&mut world, run, Exit::Code(0), events);
    let refused = world.ask(message(1, "go on", false));
    assert!(told(&world, refused).contains("would take for an option"));
    assert_eq!(world.task(1).run.number, 1);
}

#[test]
fn one_that_never_told_its_conversation_cannot_go_on() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    end(&mut world, run, Exit::Code(1), vec![]);
    let ticket = world.ask(message(1, "go on", false));
    assert!(told(&world, ticket).contains("nothing to go on with"));
}

#[test]
fn an_interrupted_agent_waits_for_what_comes_next() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    hear(&mut world, run, vec![session("S"), text()]);
    let interrupt = Request::Interrupt(Target::Newest);
    world.ask(interrupt.clone());
    world.write_all();
    assert_eq!(world.said.last(), Some(&(run, Say::Interrupt)));
    hear(&mut world, run, vec![verdict(false)]);
    assert_eq!(
        world.said.last(),
        Some(&(run, Say::Interrupt)),
        "it was let go"
    );
    assert_eq!(world.task(1).attention, Attention::Asking);
    world.ask(message(1, "do it otherwise", false));
    world.tell_all();
    assert_eq!(world.task(1).attention, Attention::None);
    let heard = AgentEvent::Heard {
        message: None,
        text: String::new(),
    };
    hear(&mut world, run, vec![heard, text(), verdict(true)]);
    assert_eq!(world.said.last(), Some(&(run, Say::Close)));
    let mut world = World::new();
    launch(&mut world, agent(Feed::Argument));
    let ticket = world.ask(interrupt);
    assert!(told(&world, ticket).contains("revoke stops it"));
}
