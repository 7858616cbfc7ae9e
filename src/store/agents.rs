//! What is stored of agents comes back as it was.

use super::tests::{Desk, errors, put, record};
use super::{Done, check, newest};
use crate::core::agent::asked::{Answered, Asked};
use crate::core::agent::event::{Question, Verdict, Want};
use crate::core::agent::message::Delivery;
use crate::core::agent::plan::{Agent, Budget, Feed, FollowUp, Speech};
use crate::core::agent::story::{Reached, Retry, Stage, Story};
use crate::core::agent::tokens::Usd;
use crate::core::agent::tool::{Category, Fault, FaultKind, ToolCall};
use crate::core::attention::Attention;
use crate::core::id::{Ident, TaskId};
use crate::core::input::Ticket;
use crate::core::plan::{Hold, HoldCause};
use crate::core::record::{Change, Record};
use crate::core::task::{Exit, Outcome, Run, State, StopCause};
use crate::core::time::Timestamp;

fn agent() -> Agent {
    Agent {
        name: "claude".into(),
        speech: Speech::Claude,
        feed: Feed::Talk,
        prompt: "mend it\nand test it".into(),
        resume: Some(vec!["claude".into(), "{session}".into()]),
        fork: None,
        budget: Budget {
            cost: Some(Usd(2_500_000_000)),
            tokens: None,
            turns: Some(7),
        },
        forgets_unanswered: false,
        stop_signal: None,
        permission: None,
    }
}

fn story() -> Story {
    let mut story = Story {
        heard: 9,
        decoder: serde_json::json!({"turn": 1}),
        stage: Stage::Prompted,
        session: Some("S1".into()),
        model: Some("opus".into()),
        turns: 2,
        tools_called: 3,
        tools_failed: 1,
        open: vec![call(3, None)],
        asks: vec![Asked {
            question: Question {
                request: "r".into(),
                want: Want::Answer,
                text: "which?".into(),
                choices: Vec::new(),
                several: false,
                answerable: true,
            },
            since: Timestamp(3),
            number: 0,
        }],
        retrying: Some(Retry {
            why: "529".into(),
            attempt: Some(1),
            most: None,
            since: Timestamp(4),
        }),
        limit: Some(Reached {
            which: "five-hour limit".into(),
            resets: Some(Timestamp(5)),
            since: Timestamp(4),
        }),
        verdict: Some(Verdict {
            ok: false,
            text: "no".into(),
            trouble: None,
            turns: None,
        }),
        spent: Some("$2 of $1".into()),
        ..Story::default()
    };
    story.say("more", Timestamp(6));
    story.goes_on();
    story.came(1, Delivery::Refused("over".into()));
    story
}

fn call(number: u32, ended: Option<u64>) -> ToolCall {
    ToolCall {
        run: 1,
        number,
        id: format!("t{number}"),
        session: Some("S1".into()),
        name: "Bash".into(),
        category: Category::Command,
        within: (number > 1).then(|| "t1".into()),
        started: Timestamp(1),
        ended: ended.map(Timestamp),
        duration_ms: ended,
        fault: ended.map(|_| Fault {
            kind: FaultKind::CommandFailed,
            text: "exit 3".into(),
        }),
        exit_code: ended.map(|_| 3),
        input: serde_json::json!({"command": "false"}),
        file: Some("/a".into()),
        output_bytes: 12,
    }
}

/// Agents in every state that others are never in, from this number on.
pub(super) fn agents(first: u32) -> Vec<Record> {
    let at = Timestamp(1_000);
    let states = [
        State::Queued {
            hold: Some(Hold {
                until: at,
                cause: HoldCause::Parked,
            }),
        },
        State::Stopping {
            cause: StopCause::Spent,
            leader: Some(Ident { pid: 7, start: 70 }),
            outcome: None,
            kill_at: Some(at),
            left: 1,
        },
        State::Ended {
            outcome: Outcome::Spent(Some(Exit::Code(143))),
            at,
        },
        State::Ended {
            outcome: Outcome::Failed(0),
            at,
        },
    ];
    let each = (first..).zip(states).map(|(id, state)| {
        let mut record = record(id, state);
        let task = &mut record.task;
        task.spec.agent = Some(Box::new(agent()));
        task.attention = Attention::LimitReached;
        task.wanted_since = Some(Timestamp(8));
        let follow = FollowUp {
            prompt: "go on".into(),
            session: "S1".into(),
            fork: true,
        };
        let ended = State::Ended {
            outcome: Outcome::Failed(1),
            at,
        };
        let past = Run {
            state: ended,
            story: Some(Box::new(story())),
            ..Run::new(1, Timestamp(7))
        };
        task.run.number = 2;
        task.run.follow = Some(Box::new(follow));
        task.run.story = Some(Box::new(story()));
        task.past = vec![past];
        record
    });
    each.collect()
}

/// The calls of the first of them.
pub(super) fn calls() -> Vec<ToolCall> {
    vec![call(1, Some(4)), call(2, Some(5)), call(3, None)]
}

#[test]
fn agents_are_read_back_as_they_were_stored() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    let mut records = agents(1);
    let asked = records[0].task.run.story.as_mut().unwrap();
    asked.asks[0].number = 2;
    asked.questions = 2;
    asked.answers.push(Answered {
        number: 1,
        request: "q".into(),
        text: "may it?".into(),
        how: "allowed".into(),
        at: Timestamp(2),
        asked: None,
    });
    for record in &records {
        put(&store, record, vec![]);
    }
    store.close();
    assert_eq!(errors(&done), Vec::<String>::new());
    let loaded = desk.load();
    assert_eq!(loaded.problems, Vec::<String>::new());
    assert!(loaded.records == records);
    assert_eq!(check(&desk.db()), Ok(newest()));
}

#[test]
fn more_that_was_heard_of_an_earlier_run_is_written_too() {
    let mut desk = Desk::new();
    let (store, _, _) = desk.open();
    let mut record = agents(1).remove(0);
    put(&store, &record, vec![]);
    store.close();
    record.task.past[0].story.as_mut().unwrap().turns = 9;
    let (store, _, _) = desk.open();
    put(&store, &record, vec![]);
    store.close();
    assert!(desk.load().records == [record]);
}

#[test]
fn calls_are_kept_as_they_stand_last_and_none_is_left_out() {
    let mut desk = Desk::new();
    let (store, _, done) = desk.open();
    let id = TaskId(1);
    put(&store, &agents(1)[0], vec![]);
    // each by itself, all in one transaction
    for begun in [call(1, None), call(2, None), call(3, None)] {
        store.save(Change::Tools(id, vec![begun]), vec![], vec![]);
    }
    store.save(Change::Tools(id, vec![call(2, Some(5))]), vec![], vec![]);
    store.save(Change::Tools(id, vec![call(1, Some(4))]), vec![], vec![]);
    store.read_tools(Ticket(7), id);
    store.close();
    let read = done.iter().find_map(|done| match done {
        Done::Tools { calls, .. } => Some(calls),
        _ => None,
    });
    let (found, problems) = read.unwrap().unwrap();
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(found, calls());
}
