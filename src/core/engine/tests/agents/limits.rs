//! Runs that come to limits of their providers'.

use super::kit::*;
use crate::core::agent::message::Delivery;
use crate::core::agent::plan::Feed;
use crate::core::attention::Attention;
use crate::core::engine::tests::world::*;
use crate::core::id::TaskId;
use crate::core::input::Input;
use crate::core::limit::Limit;
use crate::core::task::{Exit, Outcome, State};
use crate::core::waiting::Waiting;
use crate::core::wire::{Request, RunRequest};

#[test]
fn a_limit_parks_a_run_frees_its_slot_and_shuts_its_lane_across_a_restart() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    let resets = world.now + 3_600_000;
    hear(&mut world, run, vec![session("S"), reached(Some(resets))]);
    assert_eq!(world.task(1).attention, Attention::LimitReached);
    end(&mut world, run, Exit::Code(1), vec![verdict(false)]);
    assert_eq!(world.task(1).state().word(), "parked");
    assert_eq!(world.task(1).attention, Attention::LimitReached);
    let reason = world.engine.reason(world.task(1)).unwrap();
    assert!(
        reason.starts_with("parked until") && reason.contains("five-hour limit"),
        "{reason}"
    );
    world.ask(Request::Run(Box::new(RunRequest::new(
        agent(Feed::Argument),
        Vec::new(),
    ))));
    world.write_all();
    world.crash();
    let waits = world.engine.waiting(world.task(2));
    assert!(matches!(
        waits,
        Some(Waiting::Exhausted {
            limit: Limit::Lane(_),
            task: TaskId(1),
            ..
        })
    ));
    // others go their way
    let mut other = agent(Feed::Argument);
    other.lane = Some("haiku".into());
    world.ask(Request::Run(Box::new(RunRequest::new(other, Vec::new()))));
    world.write_all();
    assert_eq!(world.task(3).state().word(), "starting");
    world.now = resets + 29_000;
    world.input(Input::Tick);
    assert_eq!(world.task(1).state().word(), "parked");
    assert!(matches!(
        world.engine.waiting(world.task(2)),
        Some(Waiting::Exhausted { .. })
    ));
    // others need not wait for its turn
    let wakes = world.engine.deadline().unwrap().as_millis();
    let left = wakes.abs_diff(world.time().mono.as_millis());
    assert!((990..=1000).contains(&left), "{left}");
    world.now = resets + 30_000;
    world.input(Input::Tick);
    world.write_all();
    assert_eq!(world.task(2).state().word(), "starting");
    world.now = resets + 61_000;
    world.input(Input::Tick);
    world.write_all();
    assert_eq!(world.task(1).state().word(), "starting");
    let argv = |id: u32| {
        let at = world.launched.iter().map(|argv| argv[1].lossy());
        at.filter(|word| word == "resume").count() as u32 == id
    };
    assert!(argv(1), "{:?}", world.launched);
}

#[test]
fn a_lane_stays_shut_when_who_came_to_its_limit_is_revoked_and_opens_at_the_reset() {
    for crash in [false, true] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Argument));
        let resets = world.now + 3_600_000;
        hear(&mut world, run, vec![session("S"), reached(Some(resets))]);
        end(&mut world, run, Exit::Code(1), vec![verdict(false)]);
        world.ask(revoke(1, false));
        world.write_all();
        assert_eq!(world.task(1).state().word(), "ended");
        let next = RunRequest::new(agent(Feed::Argument), Vec::new());
        world.ask(Request::Run(Box::new(next)));
        world.write_all();
        if crash {
            world.crash();
        }
        let waits = world.engine.waiting(world.task(2));
        let shut = matches!(
            waits,
            Some(Waiting::Exhausted {
                task: TaskId(1),
                ..
            })
        );
        assert!(shut, "{waits:?}");
        // when the engine wants to be woken
        while world.task(2).state().word() == "queued" {
            let at = world.engine.deadline().expect("it wakes");
            world.now += at.saturating_sub(world.time().mono).as_millis() as u64 + 1;
            world.input(Input::Tick);
            world.write_all();
        }
        assert!(world.now > resets && world.now < resets + 61_000);
    }
}

#[test]
fn what_was_written_to_an_agent_that_comes_to_a_limit_begins_the_run_after_it() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    world.tell_all();
    hear(&mut world, run, vec![session("S"), text()]);
    world.ask(message(1, "and mend the docs", false));
    world.tell_all();
    let story = world.task(1).run.story.as_deref().unwrap();
    assert_eq!(story.messages[0].state, Delivery::Queued);
    let resets = world.now + 3_600_000;
    let events = vec![reached(Some(resets)), verdict(false)];
    end(&mut world, run, Exit::Code(1), events);
    world.now = resets + 61_000;
    world.input(Input::Tick);
    world.write_all();
    let follow = world.task(1).run.follow.as_deref().unwrap();
    assert_eq!(follow.prompt, "and mend the docs");
}

#[test]
fn a_limit_that_is_said_to_be_over_is_tried_ever_more_rarely_and_one_without_end_never() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    let past = world.now;
    let limited = |past: u64| vec![session("S"), reached(Some(past)), verdict(false)];
    end(&mut world, run, Exit::Code(1), limited(past));
    world.write_all();
    let mut waits = Vec::new();
    for _ in 0..8 {
        let State::Queued { hold: Some(hold) } = world.task(1).state() else {
            panic!("{:?}", world.task(1).state());
        };
        let until = hold.until.0;
        waits.push((until - world.now) / 1000);
        world.now = until + 1000;
        world.input(Input::Tick);
        let run = started(&mut world);
        end(&mut world, run, Exit::Code(1), limited(past));
        world.write_all();
    }
    let least = [60, 120, 240, 480, 960, 1920, 3600, 3600];
    for (wait, least) in waits.iter().zip(least) {
        assert!((least - 1..=least + 30).contains(wait), "{waits:?}");
    }
    // a year is no provider's
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    let far = world.now + 366 * 24 * 3_600_000;
    end(&mut world, run, Exit::Code(1), limited(far));
    world.write_all();
    assert_eq!(outcome(&world, 1), Some(Outcome::Failed(1)));
}

/// Some keep no conversation in which nothing was answered: there is none to go on with.
#[test]
fn one_that_forgets_what_was_not_answered_begins_anew_after_a_limit() {
    let forgetful = || {
        let mut spec = agent(Feed::Talk);
        spec.agent.as_mut().unwrap().forgets_unanswered = true;
        spec
    };
    for answers in [false, true] {
        let mut world = World::new();
        let run = launch(&mut world, forgetful());
        world.tell_all();
        hear(&mut world, run, vec![session("S")]);
        if answers {
            hear(&mut world, run, vec![text()]);
        }
        let resets = world.now + 3_600_000;
        hear(&mut world, run, vec![reached(Some(resets)), verdict(false)]);
        world.ask(message(1, "and test it", false));
        world.write_all();
        end(&mut world, run, Exit::Code(1), vec![]);
        world.write_all();
        assert_eq!(world.task(1).state().word(), "parked");
        world.now = resets + 61_000;
        world.input(Input::Tick);
        let run = started(&mut world);
        world.tell_all();
        let words = &world.sims[&run].input;
        if answers {
            assert_eq!(launched(&world), ["a", "resume", "S", "and test it"]);
            assert_eq!(words, "p\n");
        } else {
            assert_eq!(launched(&world), ["a", "fresh"]);
            // its first prompt, and what was said after that
            assert_eq!(words, "p\nm1\n");
        }
    }
}

#[test]
fn a_limit_without_a_reset_and_a_success_park_nobody() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    end(
        &mut world,
        run,
        Exit::Code(1),
        vec![reached(None), verdict(false)],
    );
    assert_eq!(outcome(&world, 1), Some(Outcome::Failed(1)));
    let run = launch(&mut world, agent(Feed::Argument));
    let later = world.now + 1_000_000;
    end(
        &mut world,
        run,
        Exit::Code(0),
        vec![reached(Some(later)), text(), verdict(true)],
    );
    assert_eq!(outcome(&world, 2), Some(Outcome::Succeeded));
    // and one that is revoked is not brought back
    let run = launch(&mut world, agent(Feed::Argument));
    hear(&mut world, run, vec![reached(Some(later))]);
    world.ask(revoke(3, false));
    world.write_all();
    end(&mut world, run, Exit::Signal(15), vec![verdict(false)]);
    assert_eq!(
        outcome(&world, 3),
        Some(Outcome::Revoked(Some(Exit::Signal(15))))
    );
}
