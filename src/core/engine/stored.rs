//! What the engine does about a store in trouble, without a world around it.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::{Engine, Keep, Rules};
use crate::core::attention::Attention;
use crate::core::effect::Effect;
use crate::core::id::TaskId;
use crate::core::input::Input;
use crate::core::record::{Change, Record};
use crate::core::task::{AfterExit, Kind, Outcome, Run, Spec, State, Task};
use crate::core::time::{Now, Timestamp};

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
        hooked: BTreeSet::new(),
    }
}

fn ended(id: u32) -> Record {
    let spec = Spec {
        name: "a".into(),
        kind: Kind::Command,
        argv: vec!["cmd".into()],
        dir: "/".into(),
        grace_ms: 10_000,
        after_exit: AfterExit::Keep,
        stdin: false,
        env_names: vec![],
        labels: vec![],
        restarts: 0,
    };
    let at = Timestamp(7);
    let outcome = Outcome::Succeeded;
    let run = Run {
        state: State::Ended { outcome, at },
        ..Run::new(1, at)
    };
    Record {
        boot: "boot".into(),
        task: Task {
            id: TaskId(id),
            spec,
            parent: None,
            created: at,
            run,
            past: vec![],
            attention: Attention::None,
        },
    }
}

/// An engine with so many ended tasks.
fn with(count: u32) -> Engine {
    let mut engine = Engine::new(rules(), count);
    take(
        &mut engine,
        Input::History((1..=count).map(ended).collect()),
    );
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
