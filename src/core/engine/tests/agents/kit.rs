//! What the tests of agents have in common.

use crate::core::agent::event::{
    AgentEvent, Choice, Grant, LimitState, Limited, Meter, Part, Question, Trouble, Used, Verdict,
    Want, Words,
};
use crate::core::agent::plan::{Agent, Budget, Feed, Speech};
use crate::core::agent::say::Reply;
use crate::core::agent::tokens::{Tokens, Usd};
use crate::core::agent::tool::Category;
use crate::core::engine::tests::world::*;
use crate::core::event::What;
use crate::core::id::{RunId, TaskId};
use crate::core::input::{Heard, Input, Ticket};
use crate::core::raw::Raw;
use crate::core::task::{AfterExit, Exit, Kind, Spec};
use crate::core::time::Timestamp;
use crate::core::wire::{Answer, Caller, Request, RunRequest};

pub(super) fn agent(feed: Feed) -> Spec {
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
            stop_signal: None,
            permission: None,
        })),
        ..spec("agent", AfterExit::Sweep)
    }
}

pub(super) fn budget(budget: Budget) -> Spec {
    let mut spec = agent(Feed::Argument);
    spec.agent.as_mut().unwrap().budget = budget;
    spec
}

pub(super) fn launch(world: &mut World, spec: Spec) -> RunId {
    world.ask(Request::Run(Box::new(RunRequest::new(spec, Vec::new()))));
    started(world)
}

/// What stands in the activity log of one kind.
pub(super) fn noted(world: &World, what: What) -> Vec<&str> {
    let entries = world.log.iter().filter(|entry| entry.what == what);
    entries.filter_map(|entry| entry.text.as_deref()).collect()
}

/// The newest task's current run, started.
pub(super) fn started(world: &mut World) -> RunId {
    world.write_all();
    let run = world.engine.tasks().next_back().unwrap().run_id();
    begun(world, run)
}

pub(super) fn begun(world: &mut World, run: RunId) -> RunId {
    world.begin(run, false);
    world.report(run);
    world.write_all();
    run
}

pub(super) fn hear(world: &mut World, run: RunId, events: Vec<AgentEvent>) {
    say(world, run, events, false);
}

pub(super) fn say(world: &mut World, run: RunId, events: Vec<AgentEvent>, over: bool) {
    heard(world, run, events, over);
    world.write_all();
}

/// The same, and nothing that comes of it is on the disk yet.
pub(super) fn heard(world: &mut World, run: RunId, events: Vec<AgentEvent>, over: bool) {
    world.input(Input::Heard(Box::new(Heard {
        run,
        events,
        replies: Vec::new(),
        at: (1, "state".into()),
        said: false,
        over,
    })));
}

/// The leader ends; what its agent said last is heard after that.
pub(super) fn end(world: &mut World, run: RunId, exit: Exit, events: Vec<AgentEvent>) {
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

pub(super) fn verdict(ok: bool) -> AgentEvent {
    AgentEvent::Result(Verdict {
        ok,
        text: "its last word\nand more".into(),
        trouble: (!ok).then_some(Trouble::Other),
        turns: Some(1),
    })
}

pub(super) fn session(id: &str) -> AgentEvent {
    AgentEvent::Session { id: id.into() }
}

pub(super) fn call(id: &str) -> AgentEvent {
    AgentEvent::ToolStarted {
        id: id.into(),
        name: "Bash".into(),
        category: Category::Command,
        input: serde_json::json!({"command": "x", "token": "secret"}),
        within: None,
    }
}

pub(super) fn used(meter: Meter, input: u64, cost: u64) -> AgentEvent {
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

pub(super) fn text() -> AgentEvent {
    AgentEvent::Text(Words {
        key: String::new(),
        text: "hello".into(),
        part: Part::Whole,
        within: None,
    })
}

pub(super) fn reached(resets: Option<u64>) -> AgentEvent {
    AgentEvent::Limit(Limited {
        state: LimitState::Reached,
        which: "five-hour limit".into(),
        resets: resets.map(Timestamp),
        resets_in_ms: None,
        clock: None,
        used: Some(1.0),
    })
}

pub(super) fn question(want: Want) -> AgentEvent {
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

pub(super) fn permission() -> AgentEvent {
    question(Want::Permission {
        tool: "Bash".into(),
        input: serde_json::Value::Null,
        call: None,
    })
}

pub(super) fn message(id: u32, text: &str, fork: bool) -> Request {
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

pub(super) fn reply(reply: Reply) -> Request {
    Request::Answer {
        target: crate::core::id::Target::Id(TaskId(1)),
        reply,
        question: None,
    }
}

pub(super) fn told(world: &World, ticket: Ticket) -> String {
    match world.answers.get(&ticket).and_then(|all| all.last()) {
        Some((Answer::Failed(_, line), _)) => line.clone(),
        Some((Answer::Done(line), _)) => line.clone().unwrap_or_default(),
        other => format!("{other:?}"),
    }
}

pub(super) fn launched(world: &World) -> Vec<String> {
    let argv = world.launched.last().unwrap();
    argv.iter().map(Raw::lossy).collect()
}
