//! Agents: heard out, spoken to, parked, stopped for what they use.

use proptest::prelude::*;

use super::world::*;
use crate::core::agent::asked::Which;
use crate::core::agent::event::{
    AgentEvent, Choice, Grant, LimitState, Limited, Meter, Part, Question, Trouble, Used, Verdict,
    Want, Words,
};
use crate::core::agent::message::Delivery;
use crate::core::agent::plan::{Agent, Budget, Feed, Speech};
use crate::core::agent::say::{Reply, Say};
use crate::core::agent::story::Stage;
use crate::core::agent::tokens::{Tokens, Usd};
use crate::core::agent::tool::{Category, Fault, FaultKind};
use crate::core::attention::Attention;
use crate::core::engine::Rules;
use crate::core::event::{By, What};
use crate::core::id::{RunId, TaskId};
use crate::core::input::{Heard, Input, Ticket};
use crate::core::limit::Limit;
use crate::core::raw::Raw;
use crate::core::shim::Order;
use crate::core::task::{AfterExit, Exit, Kind, Outcome, Spec, State};
use crate::core::time::Timestamp;
use crate::core::waiting::Waiting;
use crate::core::wire::{self, Answer, Caller, Request, RunRequest};

fn agent(feed: Feed) -> Spec {
    let argv = |words: &[&str]| {
        words
            .iter()
            .map(|word| Raw::from(*word))
            .collect::<Vec<_>>()
    };
    Spec {
        kind: Kind::Agent,
        argv: argv(&["a", "fresh"]),
        lane: Some("opus".into()),
        agent: Some(Box::new(Agent {
            name: "claude".into(),
            speech: Speech::Claude,
            feed,
            prompt: "mend it".into(),
            resume: Some(argv(&["a", "resume", "{session}", "{prompt}"])),
            fork: Some(argv(&["a", "fork", "{session}", "{prompt}"])),
            budget: Budget::default(),
            forgets_unanswered: false,
            permission: None,
        })),
        ..spec("agent", AfterExit::Sweep)
    }
}

fn budget(budget: Budget) -> Spec {
    let mut spec = agent(Feed::Argument);
    spec.agent.as_mut().unwrap().budget = budget;
    spec
}

fn launch(world: &mut World, spec: Spec) -> RunId {
    world.ask(Request::Run(Box::new(RunRequest::new(spec, Vec::new()))));
    started(world)
}

/// What stands in the activity log of one kind.
fn noted(world: &World, what: What) -> Vec<&str> {
    let entries = world.log.iter().filter(|entry| entry.what == what);
    entries.filter_map(|entry| entry.text.as_deref()).collect()
}

/// The newest task's current run, started.
fn started(world: &mut World) -> RunId {
    world.write_all();
    let run = world.engine.tasks().next_back().unwrap().run_id();
    begun(world, run)
}

fn begun(world: &mut World, run: RunId) -> RunId {
    world.begin(run, false);
    world.report(run);
    world.write_all();
    run
}

fn hear(world: &mut World, run: RunId, events: Vec<AgentEvent>) {
    say(world, run, events, false);
}

fn say(world: &mut World, run: RunId, events: Vec<AgentEvent>, over: bool) {
    world.input(Input::Heard(Box::new(Heard {
        run,
        events,
        replies: Vec::new(),
        at: (1, "state".into()),
        said: false,
        over,
    })));
    world.write_all();
}

/// The leader ends; what its agent said last is heard after that.
fn end(world: &mut World, run: RunId, exit: Exit, events: Vec<AgentEvent>) {
    world.sims.get_mut(&run).unwrap().end_leader(exit, 0);
    world.report(run);
    world.write_all();
    let asked = world.hears.back().expect("its log is read to the end");
    assert_eq!((asked.run, asked.end), (run, Some(exit)));
    world.hears.clear();
    assert!(
        world.task(run.task.0).is_active(),
        "ended before it was heard out"
    );
    say(world, run, events, true);
}

fn verdict(ok: bool) -> AgentEvent {
    AgentEvent::Result(Verdict {
        ok,
        text: "its last word\nand more".into(),
        trouble: (!ok).then_some(Trouble::Other),
        turns: Some(1),
    })
}

fn session(id: &str) -> AgentEvent {
    AgentEvent::Session { id: id.into() }
}

fn call(id: &str) -> AgentEvent {
    AgentEvent::ToolStarted {
        id: id.into(),
        name: "Bash".into(),
        category: Category::Command,
        input: serde_json::json!({"command": "x", "token": "secret"}),
        within: None,
    }
}

fn used(meter: Meter, input: u64, cost: u64) -> AgentEvent {
    AgentEvent::Used(Used {
        model: Some("m".into()),
        tokens: Tokens {
            input,
            ..Tokens::default()
        },
        cost: Some(Usd(cost)),
        meter,
    })
}

fn text() -> AgentEvent {
    AgentEvent::Text(Words {
        key: String::new(),
        text: "hello".into(),
        part: Part::Whole,
        within: None,
    })
}

fn reached(resets: Option<u64>) -> AgentEvent {
    AgentEvent::Limit(Limited {
        state: LimitState::Reached,
        which: "five-hour limit".into(),
        resets: resets.map(Timestamp),
        resets_in_ms: None,
        clock: None,
        used: Some(1.0),
    })
}

fn question(want: Want) -> AgentEvent {
    let choice = |id: &str, label: &str, grants| Choice {
        id: id.into(),
        label: label.into(),
        grants,
    };
    AgentEvent::Asks(Question {
        request: "r1".into(),
        text: "may it touch /opt?".into(),
        choices: vec![
            choice("yes", "Allow", Some(Grant::Once)),
            choice("no", "Deny", Some(Grant::Deny)),
        ],
        want,
        several: false,
        answerable: true,
    })
}

fn permission() -> AgentEvent {
    question(Want::Permission {
        tool: "Bash".into(),
        input: serde_json::Value::Null,
        call: None,
    })
}

fn message(id: u32, text: &str, fork: bool) -> Request {
    Request::Send {
        target: crate::core::id::Target::Id(TaskId(id)),
        text: text.into(),
        fork,
        caller: Caller {
            dir: "/".into(),
            env: Vec::new(),
        },
    }
}

fn reply(reply: Reply) -> Request {
    Request::Answer {
        target: crate::core::id::Target::Id(TaskId(1)),
        reply,
        question: None,
    }
}

fn told(world: &World, ticket: Ticket) -> String {
    match world.answers.get(&ticket).and_then(|all| all.last()) {
        Some((Answer::Failed(_, line), _)) => line.clone(),
        Some((Answer::Done(line), _)) => line.clone().unwrap_or_default(),
        other => format!("{other:?}"),
    }
}

fn launched(world: &World) -> Vec<String> {
    let argv = world.launched.last().unwrap();
    argv.iter().map(Raw::lossy).collect()
}

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
        world.ask(Request::Interrupt(crate::core::id::Target::Id(TaskId(1))));
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
fn a_question_is_asked_answered_once_and_in_its_own_words() {
    for (given, wanted) in [
        (Reply::Allow, Ok(Reply::Allow)),
        (
            Reply::AllowAlways,
            Err("it does not offer always; it offers: 1 Allow, 2 Deny"),
        ),
        (
            Reply::Text { text: "2".into() },
            Ok(Reply::Text { text: "no".into() }),
        ),
        (
            Reply::Text {
                text: "allow".into(),
            },
            Ok(Reply::Text { text: "yes".into() }),
        ),
        (
            Reply::Text {
                text: "not there".into(),
            },
            Ok(Reply::Deny {
                why: "not there".into(),
            }),
        ),
    ] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Talk));
        let nothing = world.ask(reply(given.clone()));
        assert!(told(&world, nothing).contains("asks nothing"));
        hear(&mut world, run, vec![permission()]);
        assert_eq!(world.task(1).attention, Attention::Asking);
        let report = world.engine.report(world.task(1));
        assert_eq!(report.asks.unwrap().choices, ["Allow", "Deny"]);
        assert_eq!(
            report.attention_text.as_deref(),
            Some("claude asks: may it touch /opt?")
        );
        let answered = world.ask(reply(given));
        world.write_all();
        match wanted {
            Ok(answer) => {
                let request = "r1".into();
                assert_eq!(
                    world.said.last(),
                    Some(&(run, Say::Answer { request, answer }))
                );
                assert_eq!(world.task(1).attention, Attention::None);
            }
            Err(line) => {
                assert_eq!(told(&world, answered), line);
                assert_eq!(world.task(1).attention, Attention::Asking);
                assert!(
                    !world
                        .said
                        .iter()
                        .any(|(_, it)| matches!(it, Say::Answer { .. }))
                );
            }
        }
    }
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    hear(&mut world, run, vec![question(Want::Answer)]);
    let refused = world.ask(reply(Reply::Allow));
    assert!(told(&world, refused).contains("asks for an answer"));
    assert_eq!(world.task(1).attention, Attention::Asking);
    let text = Reply::Text {
        text: "blue".into(),
    };
    world.ask(reply(text.clone()));
    world.write_all();
    let said = Say::Answer {
        request: "r1".into(),
        answer: text,
    };
    assert_eq!(world.said.last(), Some(&(run, said)));
}

#[test]
fn what_is_noted_of_a_question_hides_nothing_of_it() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    let mut asks = permission();
    if let AgentEvent::Asks(question) = &mut asks {
        question.text = "Bash: rm -rf ~\rls\u{8}\u{202e}\nnow".into();
    }
    hear(&mut world, run, vec![asks]);
    world.write_all();
    let wanted = "claude asks: Bash: rm -rf ~␍ls␈<U+202E>␊now";
    let report = world.engine.report(world.task(1));
    assert_eq!(report.attention_text.as_deref(), Some(wanted));
    let noted = noted(&world, What::Attention);
    assert_eq!(noted, [wanted]);
}

/// A question of this name and text.
fn named(request: &str, text: &str) -> AgentEvent {
    let AgentEvent::Asks(question) = question(Want::Answer) else {
        unreachable!("it asks");
    };
    AgentEvent::Asks(Question {
        request: request.into(),
        text: text.into(),
        ..question
    })
}

#[test]
fn each_question_and_each_answer_is_noted() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    let first = named("q#1", "which colour?");
    hear(
        &mut world,
        run,
        vec![first.clone(), named("q#2", "which size?")],
    );
    hear(&mut world, run, vec![first]);
    hear(&mut world, run, vec![permission()]);
    world.write_all();
    let asked = [
        "claude asks: which colour?",
        "claude asks: which size?",
        "claude asks: may it touch /opt?",
    ];
    assert_eq!(noted(&world, What::Attention), asked);
    let report = world.engine.report(world.task(1));
    let numbers: Vec<u64> = report.questions.iter().map(|it| it.number).collect();
    assert_eq!((numbers, report.asks.unwrap().number), (vec![1, 2, 3], 1));
    let text = |text: &str| Reply::Text { text: text.into() };
    let done = world.ask(reply(text("2")));
    world.write_all();
    assert_eq!(
        told(&world, done),
        "task 1: answered Deny, question 1: which colour?"
    );
    world.ask(reply(text("token=h1dd3n")));
    let why = "not there".into();
    world.ask(reply(Reply::Deny { why }));
    world.write_all();
    let answered = [
        "answered Deny, question 1: which colour?",
        "answered token=•••, question 2: which size?",
        "denied (not there), question 3: may it touch /opt?",
    ];
    assert_eq!(noted(&world, What::Notice), answered);
    assert!(
        world
            .log
            .iter()
            .filter(|it| it.what == What::Notice)
            .all(|it| it.by == By::Person)
    );
    assert_eq!(noted(&world, What::Attention), asked, "none is noted twice");
    let story = world.task(1).run.story.as_deref().unwrap();
    let hows: Vec<&str> = story.answers.iter().map(|it| it.how.as_str()).collect();
    assert_eq!(
        hows,
        ["answered Deny", "answered token=•••", "denied (not there)"]
    );
    // a name that is given to another question later is that one's
    hear(&mut world, run, vec![named("q#1", "which shape?")]);
    let story = world.task(1).run.story.as_deref().unwrap();
    assert_eq!(story.asks[0].number, 4);
    assert!(story.answers.iter().all(|it| it.request != "q#1"));
}

#[test]
fn several_are_chosen_where_several_may_be() {
    let text = |text: &str| Reply::Text { text: text.into() };
    for (several, given, wanted) in [
        (true, "1, 2", Ok("Red (warm), Blue")),
        (true, "2,1,2", Ok("Blue, Red (warm)")),
        (true, "blue, 1", Ok("Blue, Red (warm)")),
        (true, "2", Ok("Blue")),
        (true, "1, mauve", Ok("1, mauve")),
        (
            true,
            "1, 9",
            Err("there is no choice 9; it offers: 1 Red: warm, 2 Blue"),
        ),
        (
            false,
            "1, 2",
            Err("it takes one choice; it offers: 1 Red: warm, 2 Blue"),
        ),
        (false, "red, white and blue", Ok("red, white and blue")),
        (false, "7", Ok("7")),
    ] {
        let mut world = World::new();
        let run = launch(&mut world, agent(Feed::Talk));
        let choice = |id: &str, label: &str| Choice {
            id: id.into(),
            label: label.into(),
            grants: None,
        };
        let AgentEvent::Asks(mut question) = question(Want::Answer) else {
            unreachable!("it asks");
        };
        question.several = several;
        question.choices = vec![choice("Red (warm)", "Red: warm"), choice("Blue", "Blue")];
        hear(&mut world, run, vec![AgentEvent::Asks(question)]);
        let done = world.ask(reply(text(given)));
        world.write_all();
        let said = world.said.iter().rev().find_map(|(_, say)| match say {
            Say::Answer { answer, .. } => Some(answer.clone()),
            _ => None,
        });
        match wanted {
            Ok(wanted) => assert_eq!(said, Some(text(wanted)), "{given}"),
            Err(line) => assert_eq!((said, told(&world, done).as_str()), (None, line)),
        }
    }
}

#[test]
fn who_saw_one_question_never_answers_another() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    hear(
        &mut world,
        run,
        vec![named("a", "A?"), named("b", "B?"), named("c", "C?")],
    );
    let of = |which: Which| Request::Answer {
        target: crate::core::id::Target::Id(TaskId(1)),
        reply: Reply::Text { text: "x".into() },
        question: Some(which),
    };
    let second = world.ask(of(Which::Number(2)));
    world.write_all();
    assert_eq!(told(&world, second), "task 1: answered x, question 2: B?");
    let gone = AgentEvent::Answered {
        request: "a".into(),
    };
    hear(&mut world, run, vec![gone]);
    world.write_all();
    let said = world.said.len();
    for which in [
        Which::Request("a".into()),
        Which::Number(1),
        Which::Number(2),
        Which::Number(9),
    ] {
        let refused = world.ask(of(which));
        let line = "that question is no longer open: task 1 now asks question 3: C?";
        assert_eq!(told(&world, refused), line);
    }
    world.write_all();
    assert_eq!(world.said.len(), said, "nothing is answered");
    world.ask(of(Which::Request("c".into())));
    world.write_all();
    let refused = world.ask(of(Which::Number(3)));
    let line = "that question is no longer open: task 1 asks nothing now";
    assert_eq!(told(&world, refused), line);
}

#[test]
fn a_message_during_a_run_is_said_and_one_that_comes_too_late_begins_the_next() {
    let mut world = World::new();
    let run = launch(&mut world, agent(Feed::Talk));
    hear(&mut world, run, vec![session("S")]);
    world.ask(message(1, "and test it", false));
    world.write_all();
    let said = Say::Message {
        number: 1,
        text: "and test it".into(),
    };
    assert_eq!(world.said.last(), Some(&(run, said)));
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
    let wait = world.ask(Request::Wait(vec![crate::core::id::Target::Newest].into()));
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
    world.ask(message(1, "and be quick", false));
    world.write_all();
    world.ask(Request::PauseQueue(false));
    let run = started(&mut world);
    let said = Say::Message {
        number: 1,
        text: "and be quick".into(),
    };
    assert!(matches!(world.said[0], (_, Say::Prompt { .. })));
    assert_eq!(world.said[1..], [(run, said)]);
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
    let interrupt = Request::Interrupt(crate::core::id::Target::Newest);
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
    world.write_all();
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
    world.now = resets + 61_000;
    world.input(Input::Tick);
    world.write_all();
    assert_eq!(world.task(1).state().word(), "starting");
    assert_eq!(world.task(2).state().word(), "starting");
    let argv = |id: u32| {
        let at = world.launched.iter().map(|argv| argv[1].lossy());
        at.filter(|word| word == "resume").count() as u32 == id
    };
    assert!(argv(1), "{:?}", world.launched);
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
    // a further run has nothing left
    world.ask(message(1, "more", false));
    let run = started(&mut world);
    hear(&mut world, run, vec![used(Meter::Session, 2, 1400)]);
    assert_eq!(world.task(1).state().word(), "stopping");
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
    let call = |key: &str, input, cost| used(Meter::Call { key: key.into() }, input, cost);
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
    launch(&mut world, agent(Feed::Argument));
    launch(&mut world, agent(Feed::Argument));
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
            let numbers: Vec<String> = (1..=story.said).map(|number| format!("m{number}")).collect();
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
