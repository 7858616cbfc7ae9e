//! What the engine does about a store in trouble, without a world around it.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::{Engine, Keep, Rules};
use crate::core::effect::Effect;
use crate::core::event::{By, Event, What};
use crate::core::id::TaskId;
use crate::core::input::{EventsRead, Input, Ticket};
use crate::core::limit::Limits;
use crate::core::record::{Change, Record};
use crate::core::shim::Order;
use crate::core::task::{Outcome, Run, Spec, State, Task};
use crate::core::time::{Now, Timestamp};
use crate::core::wire::{Answer, EventsAsked, Pick, Request, RunRequest};

fn rules() -> Rules {
    Rules {
        tasks: "/data/tasks".into(),
        shims: "/run/shims".into(),
        boot: "boot".into(),
        task_cap: 1 << 20,
        total_cap: 4 << 20,
        orphan: Duration::from_secs(600),
        idle_exit: None,
        keep: Keep::default(),
        limits: Limits::default(),
        budgets: std::collections::BTreeMap::new(),
        prices: crate::core::agent::price::Prices::default(),
        given: std::collections::BTreeMap::new(),
        hooked: BTreeSet::new(),
    }
}

fn ended(id: u32) -> Record {
    let spec = Spec::command("a".into(), vec!["cmd".into()], "/".into());
    let at = Timestamp(7);
    let outcome = Outcome::Succeeded;
    let run = Run {
        state: State::Ended { outcome, at },
        ..Run::new(1, at)
    };
    Record {
        boot: "boot".into(),
        task: Task::new(TaskId(id), spec, run),
        env: None,
    }
}

/// An engine with so many ended tasks.
fn with(count: u32) -> Engine {
    let mut engine = Engine::new(rules(), count);
    take(
        &mut engine,
        Input::History((1..=count).map(ended).collect()),
    );
    take(&mut engine, Input::Open);
    engine
}

fn take(engine: &mut Engine, input: Input) -> Vec<Effect> {
    let now = Now {
        mono: Duration::from_secs(1),
        wall: Timestamp(1_000),
    };
    engine.handle(now, input)
}

#[test]
fn a_store_that_begins_anew_is_given_all_tasks_and_not_all_at_once() {
    let mut engine = with(1_200);
    let why = "it was damaged".to_owned();
    let is_write = |effect: &Effect| matches!(effect, Effect::Store { .. });
    let begun = take(&mut engine, Input::StoredAnew(why.clone()));
    let mut writes: VecDeque<Effect> = begun.into_iter().filter(is_write).collect();
    let mut stored = BTreeSet::new();
    while let Some(Effect::Store {
        change,
        events,
        then,
    }) = writes.pop_front()
    {
        assert!(writes.len() < 800, "{} at once", writes.len());
        assert_eq!(engine.store_trouble(), Some(why.as_str()));
        if let Change::Task(record) = &change {
            assert!(stored.insert(record.task.id), "twice");
        }
        let more = take(&mut engine, Input::Stored(change, events, then));
        writes.extend(more.into_iter().filter(is_write));
    }
    assert_eq!(stored.len(), 1_200);
    assert_eq!(engine.store_trouble(), None);
    assert_eq!(engine.store_trouble_since(), None);
}

fn event(seq: u64) -> Event {
    Event {
        seq,
        at: Timestamp(seq),
        what: What::Started,
        by: By::Task,
        task: TaskId(seq as u32),
        run: 1,
        name: "a".into(),
        outcome: None,
        exit: None,
        text: None,
    }
}

/// The numbers of what is told under a ticket.
fn told(effects: Vec<Effect>, whom: Ticket) -> Vec<u64> {
    let of = |effect| match effect {
        Effect::Answer {
            ticket,
            answer: Answer::Events(events),
            ..
        } if ticket == whom => Some(events),
        _ => None,
    };
    effects
        .into_iter()
        .filter_map(of)
        .flatten()
        .map(|event| event.seq)
        .collect()
}

#[test]
fn who_asks_for_the_log_while_nothing_can_be_written_is_told_all_of_it_once() {
    let mut engine = with(3).remembering(4, std::collections::BTreeMap::new());
    let failed = |seqs: &[u64]| {
        let events = seqs.iter().map(|seq| event(*seq)).collect();
        Input::StoreFailed("full".into(), Change::Nothing, events, vec![])
    };
    let early = Ticket(1);
    let ask = |task| EventsAsked {
        task,
        last: None,
        follow: true,
    };
    take(
        &mut engine,
        Input::Request(early, Request::Events(ask(None))),
    );
    let mut heard = told(take(&mut engine, failed(&[5, 6])), early);
    engine.journal.seq = 7;
    let late = Ticket(2);
    let asked = Request::Events(ask(None));
    let begun = take(&mut engine, Input::Request(late, asked));
    assert!(
        begun
            .iter()
            .any(|effect| matches!(effect, Effect::ReadEvents { .. }))
    );
    // on its way to the disk when it was asked
    let more = take(&mut engine, failed(&[7]));
    assert_eq!(told(more.clone(), late), Vec::<u64>::new());
    heard.extend(told(more, early));
    let read = |ticket, stored: &[u64], most| {
        Input::EventsRead(Box::new(EventsRead {
            ticket,
            task: None,
            most,
            last: false,
            found: Ok((stored.iter().map(|seq| event(*seq)).collect(), vec![])),
        }))
    };
    let past = take(&mut engine, read(late, &[1, 2, 3, 4], None));
    assert_eq!(told(past, late), [1, 2, 3, 4, 5, 6, 7]);
    // only what it asked for
    let past = take(&mut engine, read(Ticket(3), &[1, 2, 3, 4], Some(2)));
    assert_eq!(told(past, Ticket(3)), [6, 7]);
    // what comes next is told, what is written late isn't told again
    let next = take(
        &mut engine,
        Input::Stored(Change::Nothing, vec![event(8)], vec![]),
    );
    assert_eq!(told(next.clone(), late), [8]);
    heard.extend(told(next, early));
    let again = take(
        &mut engine,
        Input::Stored(Change::Nothing, vec![event(5), event(6), event(7)], vec![]),
    );
    assert_eq!(told(again.clone(), late), Vec::<u64>::new());
    heard.extend(told(again, early));
    assert_eq!(heard, [5, 6, 7, 8]);
}

fn ask(engine: &mut Engine, request: Request) -> Vec<Effect> {
    take(engine, Input::Request(Ticket(9), request))
}

fn store_of(effects: Vec<Effect>) -> (Change, Vec<Event>, Vec<Effect>) {
    let write = effects.into_iter().find_map(|effect| match effect {
        Effect::Store {
            change,
            events,
            then,
        } => Some((change, events, then)),
        _ => None,
    });
    write.expect("a write")
}

/// What shims are told.
fn orders(effects: &[Effect]) -> Vec<&'static str> {
    let order = |effect: &Effect| match effect {
        Effect::Order(_, Order::Stop { .. }) => Some("stop"),
        Effect::Order(_, Order::Kill) => Some("kill"),
        Effect::Order(_, Order::Release) => Some("release"),
        Effect::Order(..) => Some("another"),
        _ => None,
    };
    effects.iter().filter_map(order).collect()
}

#[test]
fn a_disk_that_does_not_answer_keeps_no_task_from_being_stopped() {
    let mut engine = with(0);
    let spec = ended(1).task.spec;
    let run = RunRequest::new(spec, vec![]);
    let (change, events, then) = store_of(ask(&mut engine, Request::Run(Box::new(run))));
    take(&mut engine, Input::Stored(change, events, then));
    let revoke = |force| Request::Revoke {
        pick: Pick::default(),
        all: true,
        force,
        wait: false,
    };
    let begun = ask(&mut engine, revoke(false));
    assert!(orders(&begun).is_empty(), "it is stored first");
    let late = Now {
        mono: Duration::from_secs(4),
        wall: Timestamp(4_000),
    };
    let hurried = engine.handle(late, Input::Tick);
    assert_eq!(orders(&hurried), ["stop"]);
    // what is asked from now on does not wait at all
    let forced = engine.handle(late, Input::Request(Ticket(10), revoke(true)));
    assert_eq!(orders(&forced), ["kill"]);
    // and is not done once more when the disk answers
    for effects in [begun, forced] {
        let (change, events, then) = store_of(effects);
        assert_eq!(orders(&then).len(), 1);
        let answered = engine.handle(late, Input::Stored(change, events, then));
        assert!(orders(&answered).is_empty(), "{answered:?}");
    }
}
