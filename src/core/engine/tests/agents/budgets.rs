//! Runs that are stopped for what they use.

use super::kit::*;
use crate::core::agent::event::{AgentEvent, Meter, Used, Verdict};
use crate::core::agent::plan::{Budget, Feed};
use crate::core::agent::tokens::{Tokens, Usd};
use crate::core::engine::Rules;
use crate::core::engine::tests::world::*;
use crate::core::event::What;
use crate::core::id::{Target, TaskId};
use crate::core::input::Input;
use crate::core::task::{Exit, Outcome};
use crate::core::waiting::Waiting;
use crate::core::wire::{Answer, By, Caller, Request, RunRequest};

#[test]
fn a_budget_is_warned_of_at_80_and_stops_at_100() {
    let mut world = World::new();
    let run = launch(
        &mut world,
        budget(Budget {
            cost: Some(Usd(1000)),
            ..Budget::default()
        }),
    );
    hear(&mut world, run, vec![used(Meter::Session, 1, 799)]);
    let notices = |world: &World| {
        let notices = world.log.iter().filter(|event| event.what == What::Notice);
        notices
            .filter_map(|event| event.text.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(notices(&world), Vec::<String>::new());
    hear(&mut world, run, vec![used(Meter::Session, 1, 800)]);
    hear(&mut world, run, vec![used(Meter::Session, 1, 900)]);
    assert_eq!(notices(&world).len(), 1, "{:?}", notices(&world));
    assert_eq!(world.task(1).state().word(), "running");
    hear(&mut world, run, vec![used(Meter::Session, 1, 1000)]);
    assert_eq!(world.task(1).state().word(), "stopping");
    end(&mut world, run, Exit::Code(143), vec![verdict(false)]);
    assert_eq!(
        outcome(&world, 1),
        Some(Outcome::Spent(Some(Exit::Code(143))))
    );
    let report = world.engine.report(world.task(1));
    assert_eq!(report.outcome.as_deref(), Some("revoked"));
    let reason = report.reason.unwrap();
    assert!(reason.contains("its budget is used up"), "{reason}");
}

/// The last word of all may be what crosses it.
#[test]
fn what_is_done_is_not_stopped_for_its_budget_and_what_goes_on_after_it_is() {
    let mut world = World::new();
    let mut spec = agent(Feed::Talk);
    spec.agent.as_mut().unwrap().budget.cost = Some(Usd(1000));
    let run = launch(&mut world, spec);
    let last = vec![session("S"), used(Meter::Session, 1, 1200), verdict(true)];
    hear(&mut world, run, last);
    hear(&mut world, run, vec![used(Meter::Session, 1, 1300)]);
    let notices = world.log.iter().filter(|event| event.what == What::Notice);
    let notices: Vec<_> = notices.filter_map(|event| event.text.clone()).collect();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(
        notices[0].contains("its budget is used up by that"),
        "{notices:?}"
    );
    end(&mut world, run, Exit::Code(0), vec![]);
    assert_eq!(outcome(&world, 1), Some(Outcome::Succeeded));
    // a further run would have nothing left
    let more = world.ask(message(1, "more", false));
    assert!(told(&world, more).contains("used up its budget"));
}

/// As claude does when what it left in the background comes to its end.
#[test]
fn one_that_goes_on_behind_its_last_word_is_stopped_for_its_budget_again() {
    for goes_on in [text(), call("Bash")] {
        let mut world = World::new();
        let mut spec = agent(Feed::Talk);
        spec.agent.as_mut().unwrap().budget.cost = Some(Usd(1000));
        let run = launch(&mut world, spec);
        hear(&mut world, run, vec![session("S"), verdict(true)]);
        hear(&mut world, run, vec![goes_on.clone()]);
        hear(&mut world, run, vec![used(Meter::Session, 1, 1200)]);
        assert_eq!(world.task(1).state().word(), "stopping", "{goes_on:?}");
    }
    // a call that was left open behind it is work, too
    let mut world = World::new();
    let mut spec = agent(Feed::Talk);
    spec.agent.as_mut().unwrap().budget.cost = Some(Usd(1000));
    let run = launch(&mut world, spec);
    hear(
        &mut world,
        run,
        vec![session("S"), call("Task"), verdict(true)],
    );
    hear(&mut world, run, vec![used(Meter::Session, 1, 1200)]);
    assert_eq!(world.task(1).state().word(), "stopping");
}

#[test]
fn tokens_and_turns_are_bounded_too_over_all_runs() {
    let mut world = World::new();
    let run = launch(
        &mut world,
        budget(Budget {
            tokens: Some(100),
            turns: Some(2),
            ..Budget::default()
        }),
    );
    end(
        &mut world,
        run,
        Exit::Code(0),
        vec![session("S"), used(Meter::Session, 60, 1), verdict(true)],
    );
    world.ask(message(1, "more", false));
    let run = started(&mut world);
    hear(&mut world, run, vec![used(Meter::Session, 99, 1)]);
    assert_eq!(world.task(1).state().word(), "running");
    hear(&mut world, run, vec![used(Meter::Session, 100, 1)]);
    assert_eq!(world.task(1).state().word(), "stopping");
}

#[test]
fn a_turn_too_many_is_stopped_in_its_middle() {
    let mut world = World::new();
    let run = launch(
        &mut world,
        budget(Budget {
            turns: Some(2),
            ..Budget::default()
        }),
    );
    let turn = |id: &str, input| {
        let used = used(
            Meter::Call {
                partial: false,
                key: id.into(),
            },
            input,
            input,
        );
        vec![AgentEvent::TurnBegan, text(), call(id), used]
    };
    hear(&mut world, run, turn("a", 10));
    hear(&mut world, run, turn("b", 20));
    assert_eq!(world.task(1).state().word(), "running");
    hear(&mut world, run, turn("c", 30));
    assert_eq!(world.task(1).state().word(), "stopping");
    end(&mut world, run, Exit::Code(143), vec![]);
    let report = world.engine.report(world.task(1));
    assert_eq!(report.outcome.as_deref(), Some("revoked"));
    assert_eq!((report.turns, report.tools_called), (Some(3), Some(3)));
    assert_eq!(report.tokens.map(|tokens| tokens.input), Some(60));
    let reason = report.reason.unwrap();
    assert!(reason.contains("3 of 2 turns"), "{reason}");
}

#[test]
fn a_turn_counts_once_whether_its_beginning_is_told_or_its_end_or_both() {
    let ended = || AgentEvent::TurnEnded { complete: true };
    let silent = || {
        AgentEvent::Result(Verdict {
            ok: true,
            text: String::new(),
            trouble: None,
            turns: None,
        })
    };
    let began = || AgentEvent::TurnBegan;
    for (events, turns) in [
        (vec![began()], 1),
        (vec![ended(), silent()], 1),
        (vec![began(), ended(), silent()], 1),
        (vec![began(), ended(), silent(), ended(), silent()], 2),
        (vec![began(), ended(), silent(), began()], 2),
        // what its last word says is right
        (vec![began(), began(), began(), ended(), verdict(true)], 1),
        (vec![began(), ended(), verdict(true), began(), ended()], 2),
    ] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Argument));
        hear(&mut world, run, events.clone());
        let report = world.engine.report(world.task(1));
        assert_eq!(report.turns, Some(turns), "{events:?}");
    }
}

#[test]
fn a_lane_that_has_used_what_it_may_today_starts_nothing_until_tomorrow() {
    let day = 24 * 3600 * 1000;
    let lane = Budget {
        cost: Some(Usd(50)),
        ..Budget::default()
    };
    let mut world = World::under(Rules {
        budgets: [("opus".to_owned(), lane)].into(),
        ..rules()
    });
    let run = launch(&mut world, agent(Feed::Argument));
    let end_of_run = vec![used(Meter::Session, 1, 49), verdict(true)];
    end(&mut world, run, Exit::Code(0), end_of_run);
    let run = launch(&mut world, agent(Feed::Argument));
    hear(&mut world, run, vec![used(Meter::Session, 1, 1)]);
    assert_eq!(world.task(2).state().word(), "stopping");
    end(&mut world, run, Exit::Code(143), vec![]);
    world.ask(Request::Run(Box::new(RunRequest::new(
        agent(Feed::Argument),
        Vec::new(),
    ))));
    world.write_all();
    world.crash();
    assert!(matches!(
        world.engine.waiting(world.task(3)),
        Some(Waiting::Spent { .. })
    ));
    assert!(world.engine.deadline().is_some());
    world.now = day + 1;
    world.input(Input::Tick);
    world.write_all();
    assert_eq!(world.task(3).state().word(), "starting");
}

/// Whenever the supervisor dies.
#[test]
fn what_removed_tasks_used_today_counts_on_and_once() {
    for stored in 0..4 {
        let mut world = World::new();
        for cost in [40, 30] {
            let run = launch(&mut world, agent(Feed::Argument));
            let used = vec![used(Meter::Session, 1, cost), verdict(true)];
            end(&mut world, run, Exit::Code(0), used);
        }
        let today = |world: &World| world.engine.today().cost;
        for id in [1, 2] {
            world.ask(Request::Remove {
                targets: vec![Target::Id(TaskId(id))],
                ended: None,
                older_than_ms: 0,
            });
            for _ in 0..stored {
                if !world.writes.is_empty() {
                    world.write(false);
                }
            }
            assert_eq!(today(&world), Some(Usd(70)), "{stored} writes");
            world.crash();
            world.input(Input::Tick);
            assert_eq!(today(&world), Some(Usd(70)), "{stored} writes, {id}");
        }
        world.now += 24 * 3600 * 1000;
        world.input(Input::Tick);
        assert_eq!(today(&world), None);
    }
}

#[test]
fn what_each_model_used_is_its_own_in_the_sums() {
    let of = |model: &str, input, cost: Option<u64>| {
        AgentEvent::Used(Used {
            model: (!model.is_empty()).then(|| model.into()),
            tokens: Tokens {
                input,
                ..Tokens::default()
            },
            cost: cost.map(Usd),
            meter: Meter::Session,
        })
    };
    let mut world = World::new();
    let runs = [
        vec![of("flash", 10, Some(100)), of("lite", 7, Some(5)), text()],
        vec![of("lite", 3, None), call("t")],
        vec![of("", 1, Some(1))],
        vec![],
    ];
    for mut events in runs {
        let run = launch(&mut world, agent(Feed::Argument));
        events.insert(
            0,
            AgentEvent::Model {
                name: "flash".into(),
            },
        );
        events.push(verdict(true));
        end(&mut world, run, Exit::Code(0), events);
    }
    let sums = |by| {
        let lines = world.engine.stats(world.time(), 0, by);
        let sum = lines.iter().fold((0, 0, 0, 0.0), |sum, line| {
            let cost = sum.3 + line.cost_usd;
            (
                sum.0 + line.runs,
                sum.1 + line.tokens.input,
                sum.2 + line.tools_called,
                cost,
            )
        });
        (lines, sum)
    };
    let (lines, by_model) = sums(By::Model);
    for by in [By::Agent, By::Lane, By::Day] {
        let (_, sum) = sums(by);
        assert_eq!(
            (sum.0, sum.1, sum.2),
            (by_model.0, by_model.1, by_model.2),
            "{by:?}"
        );
    }
    let told = lines.iter().map(|line| {
        let key = line.key.as_deref().unwrap_or_default();
        (key, line.runs, line.tokens.input, line.unknown_cost_runs)
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [("flash", 4, 11, 0), ("lite", 0, 10, 1)]
    );
}

/// What it did not tell before it was broken off nobody knows.
#[test]
fn what_a_broken_off_run_used_is_so_much_at_least() {
    let answer = |partial| {
        let key = "a".to_owned();
        used(Meter::Call { key, partial }, 10, 100)
    };
    let cases = [
        // its answer goes on; it is over, and nothing came since; something did; nothing is told
        (vec![text(), answer(true)], Some(100), true),
        (
            vec![call("t"), answer(true), answer(false)],
            Some(100),
            false,
        ),
        (vec![answer(false), text()], Some(100), true),
        (vec![text()], None, true),
        (vec![], None, false),
        (
            vec![answer(true), used(Meter::Session, 10, 150)],
            Some(150),
            false,
        ),
    ];
    for (events, cost, at_least) in cases {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Argument));
        hear(&mut world, run, events.clone());
        let bill = world.engine.bill(world.task(1));
        assert!(!bill.at_least, "it goes on");
        end(&mut world, run, Exit::Signal(9), vec![]);
        let report = world.engine.report(world.task(1));
        assert_eq!(report.cost_at_least, at_least, "{events:?}");
        let bill = world.engine.bill(world.task(1));
        assert_eq!(bill.cost.map(|cost| cost.0), cost, "{events:?}");
        assert_eq!(world.engine.today().at_least, at_least && cost.is_some());
        let source = match (cost, at_least) {
            (Some(_), _) => Some("agent"),
            (None, true) => Some("unknown"),
            (None, false) => None,
        };
        assert_eq!(report.cost_source.as_deref(), source, "{events:?}");
    }
}

#[test]
fn a_budget_says_where_more_of_it_may_be_used() {
    let mut world = World::under(Rules {
        budgets: [(
            "opus".to_owned(),
            Budget {
                tokens: Some(1000),
                ..Budget::default()
            },
        )]
        .into(),
        ..rules()
    });
    let answer = |tokens, partial| {
        let key = "a".to_owned();
        used(Meter::Call { key, partial }, tokens, 1)
    };
    let run = launch(&mut world, agent(Feed::Argument));
    hear(&mut world, run, vec![text(), answer(800, true)]);
    assert_eq!(
        noted(&world, What::Notice),
        ["80 % of its lane's budget of the day is used: at least 800 of 1000 tokens"]
    );
    end(&mut world, run, Exit::Signal(9), vec![]);
    // that one may have used more, which counts for the next one's, too
    let run = launch(&mut world, agent(Feed::Argument));
    hear(&mut world, run, vec![text(), answer(200, false)]);
    assert_eq!(world.task(2).state().word(), "stopping");
    end(&mut world, run, Exit::Code(143), vec![]);
    let reason = world.engine.reason(world.task(2)).unwrap();
    assert!(reason.contains("at least 1000 of 1000 tokens"), "{reason}");
    let ticket = world.ask(Request::Limits);
    world.write_all();
    let [(Answer::Limits(limits), true)] = &world.answers[&ticket][..] else {
        panic!("{:?}", world.answers[&ticket]);
    };
    let opus = limits.iter().find(|limit| limit.name == "opus").unwrap();
    let today = opus.budget.as_ref().unwrap();
    assert_eq!((today.used_tokens, today.at_least), (1000, true));
}

#[test]
fn turns_of_a_lane_are_counted_by_the_day() {
    let lane = Budget {
        turns: Some(3),
        ..Budget::default()
    };
    let mut world = World::under(Rules {
        budgets: [("opus".to_owned(), lane)].into(),
        ..rules()
    });
    let turn = || AgentEvent::TurnEnded { complete: true };
    let run = launch(&mut world, agent(Feed::Argument));
    let turns = vec![turn(), turn(), turn()];
    hear(&mut world, run, turns);
    let notices = noted(&world, What::Notice);
    assert_eq!(
        notices,
        ["100 % of its lane's budget of the day is used: 3 of 3 turns"]
    );
    world.ask(Request::Run(Box::new(RunRequest::new(
        agent(Feed::Argument),
        Vec::new(),
    ))));
    world.write_all();
    world.crash();
    let spent = |world: &World| match world.engine.waiting(world.task(2)) {
        Some(Waiting::Spent { used, .. }) => used.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(spent(&world), "3 of 3 turns");
    let ticket = world.ask(Request::Limits);
    world.write_all();
    let [(Answer::Limits(limits), true)] = &world.answers[&ticket][..] else {
        panic!("{:?}", world.answers[&ticket]);
    };
    let opus = limits.iter().find(|limit| limit.name == "opus").unwrap();
    let today = opus.budget.as_ref().unwrap();
    assert_eq!((today.turns, today.used_turns), (Some(3), 3));
    assert!(limits[0].budget.is_none(), "{:?}", limits[0]);
    hear(&mut world, run, vec![turn()]);
    assert_eq!(world.task(1).state().word(), "stopping");
}

#[test]
fn what_a_run_used_before_midnight_is_yesterdays_for_a_later_supervisor_too() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    hear(&mut world, run, vec![used(Meter::Session, 40, 400)]);
    world.now = 24 * 3600 * 1000 + 1;
    hear(&mut world, run, vec![used(Meter::Session, 60, 600)]);
    assert_eq!(world.engine.today().cost, Some(Usd(200)));
    world.crash();
    let today = world.engine.today();
    assert_eq!((today.cost, today.tokens.input), (Some(Usd(200)), 20));
}

#[test]
fn what_a_later_counter_turns_out_to_have_counted_is_used_once_in_a_day() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Argument));
    let call = |key: &str, input, cost| {
        used(
            Meter::Call {
                key: key.into(),
                partial: false,
            },
            input,
            cost,
        )
    };
    hear(&mut world, run, vec![session("S"), call("a", 20, 200)]);
    end(&mut world, run, Exit::Code(143), vec![]);
    world.ask(message(1, "go on", false));
    let run = started(&mut world);
    hear(&mut world, run, vec![session("S"), call("b", 30, 300)]);
    assert_eq!(world.engine.today().cost, Some(Usd(500)));
    // the dead run's answer and its own
    hear(&mut world, run, vec![used(Meter::Session, 50, 500)]);
    assert_eq!(world.engine.today().cost, Some(Usd(500)));
    world.crash();
    assert_eq!(world.engine.today().cost, Some(Usd(500)));
}

#[test]
fn a_budget_of_money_holds_for_what_is_known_and_says_that_not_all_is() {
    let mut world = World::new();
    let bound = Budget {
        cost: Some(Usd(100)),
        ..Budget::default()
    };
    let run = launch(&mut world, budget(bound));
    let unpriced = AgentEvent::Used(Used {
        model: Some("of no table".into()),
        tokens: Tokens {
            input: 7,
            ..Tokens::default()
        },
        cost: None,
        meter: Meter::Run,
    });
    hear(&mut world, run, vec![unpriced, used(Meter::Run, 1, 50)]);
    assert_eq!(world.engine.today().cost, None);
    let bill = world.engine.bill(world.task(1));
    assert_eq!((bill.cost, bill.known), (None, Usd(50)));
    let said = |world: &World| {
        let entries = world.log.iter().filter(|entry| entry.what == What::Notice);
        entries
            .filter_map(|entry| entry.text.clone())
            .collect::<Vec<_>>()
    };
    let lines = said(&world);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("known price"), "{lines:?}");
    hear(&mut world, run, vec![used(Meter::Run, 2, 99)]);
    assert_eq!(
        said(&world).len(),
        2,
        "80 %, and the price is not said again"
    );
    hear(&mut world, run, vec![used(Meter::Run, 3, 100)]);
    assert_eq!(world.task(1).state().word(), "stopping");
}

#[test]
fn what_has_used_its_budget_is_not_begun_again_to_be_stopped_at_once() {
    let mut world = World::new();
    let bound = Budget {
        cost: Some(Usd(100)),
        ..Budget::default()
    };
    let run = launch(&mut world, budget(bound));
    let events = vec![session("S"), used(Meter::Run, 1, 100), verdict(true)];
    end(&mut world, run, Exit::Code(0), events);
    let again = Request::Retry {
        target: Target::Id(TaskId(1)),
        caller: Caller {
            dir: "/".into(),
            env: Vec::new(),
        },
    };
    for request in [message(1, "go on", false), message(1, "go on", true), again] {
        let ticket = world.ask(request);
        let line = told(&world, ticket);
        assert!(line.contains("used up its budget: $"), "{line}");
        assert_eq!(world.task(1).run.number, 1);
    }
}
