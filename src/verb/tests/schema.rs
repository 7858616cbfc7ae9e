//! What `--json` prints is what its schema says, for every state, outcome and event
//! there is; a field that is not described is refused.

use jsonschema::Validator;
use serde_json::Value;

use super::kit::{args, task};
use crate::core::agent::tokens::Tokens;
use crate::core::agent::tool::{Category, Fault, FaultKind, ToolCall};
use crate::core::attention::Attention;
use crate::core::engine::reason;
use crate::core::event::{By, Event, EventReport, What};
use crate::core::id::{Ident, TaskId};
use crate::core::limit::{BudgetReport, LimitReport, LimitSource};
use crate::core::plan::{Hold, HoldCause};
use crate::core::report::{RunReport, StatsReport, TaskReport, ToolReport};
use crate::core::task::{Exit, Outcome, Overrun, State, StopCause, Task};
use crate::core::time::Timestamp;
use crate::verb::filter::{OUTCOMES, STATES};
use crate::verb::*;

fn schema(what: &str) -> Value {
    match args(&["schema", what]) {
        Ok(Command::Told(Told::Text(text))) => serde_json::from_str(&text).unwrap(),
        other => panic!("{what}: {other:?}"),
    }
}

fn validator(what: &str) -> Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema(what))
        .unwrap()
}

#[track_caller]
fn holds(validator: &Validator, value: &Value) {
    let wrong: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{value:#}");
}

/// Every state, each with whatever it can carry.
fn states() -> Vec<State> {
    let leader = Ident { pid: 7, start: 9 };
    let since = Timestamp(2_000);
    let mut states = vec![
        State::Queued { hold: None },
        State::Queued {
            hold: Some(Hold {
                until: Timestamp(9),
                cause: HoldCause::Parked,
            }),
        },
        State::Queued {
            hold: Some(Hold {
                until: Timestamp(7),
                cause: HoldCause::Again,
            }),
        },
        State::Starting,
        State::Running { leader },
        State::Paused { leader, since },
    ];
    for cause in [
        StopCause::Revoked,
        StopCause::Swept,
        StopCause::Lost,
        StopCause::Overtime,
        StopCause::Silent,
    ] {
        for (outcome, kill_at) in [(None, Some(since)), (Some(Outcome::Succeeded), None)] {
            states.push(State::Stopping {
                cause,
                leader: Some(leader),
                outcome,
                kill_at,
                left: 2,
            });
        }
    }
    for exit in [Exit::Code(3), Exit::Signal(9)] {
        states.push(State::Lingering {
            exit,
            since,
            left: 1,
            example: Some("sleep 9".into()),
        });
    }
    states.extend(
        outcomes()
            .into_iter()
            .map(|outcome| State::Ended { outcome, at: since }),
    );
    states
}

fn outcomes() -> Vec<Outcome> {
    vec![
        Outcome::Succeeded,
        Outcome::Failed(255),
        Outcome::Killed(11),
        Outcome::Revoked(None),
        Outcome::TimedOut(Overrun::Time, Some(Exit::Signal(15))),
        Outcome::TimedOut(Overrun::Silence, None),
        Outcome::Revoked(Some(Exit::Signal(15))),
        Outcome::Revoked(Some(Exit::Code(0))),
        Outcome::DidNotStart("cannot start x: not found".into()),
        Outcome::Lost("the machine was restarted".into()),
    ]
}

/// A task in this state, with all that a task can have.
fn full(state: State) -> Task {
    let mut task = task(3, "api", true);
    let past = task.run.clone();
    task.past.push(past);
    task.run.number = 2;
    task.run.state = state;
    task.run.started = Some(Timestamp(1_000));
    task.run.last_output = Some(Timestamp(1_500));
    task.run.written = 9;
    task.run.dropped = 4;
    task.spec.labels = vec!["ci".into()];
    task.parent = Some(TaskId(1));
    task
}

fn reports() -> Vec<TaskReport> {
    let mut reports: Vec<TaskReport> = states()
        .into_iter()
        .map(|state| {
            let task = full(state);
            let mut report = TaskReport::of(&task, reason(&task.run), "/data/logs/3.2".into());
            let runs = task.past.iter().chain([&task.run]);
            report.runs = Some(runs.map(|run| RunReport::of(run, "/log".into())).collect());
            report
        })
        .collect();
    reports.push(TaskReport::of(&task(1, "bare", false), None, "/".into()));
    let mut rich = reports[0].clone();
    rich.tokens = Some(Tokens {
        input: 1,
        output: 2,
        cache_read: 3,
        cache_write: 4,
        reasoning: 1,
    });
    rich.cost_usd = Some(0.25);
    reports.push(rich);
    for attention in [
        Attention::FinishedUnread,
        Attention::FailedUnread,
        Attention::Retrying,
        Attention::LimitReached,
        Attention::Stalled,
        Attention::AuthBroken,
        Attention::Asking,
    ] {
        let mut report = reports[0].clone();
        report.attention = attention;
        reports.push(report);
    }
    reports
}

#[test]
fn tasks_of_every_state_hold() {
    let validator = validator("task");
    let reports = reports();
    for report in &reports {
        holds(&validator, &serde_json::to_value(report).unwrap());
    }
    // the words that can be asked for are those that come
    for state in STATES {
        assert!(
            reports.iter().any(|report| report.state == state),
            "{state}"
        );
    }
    for outcome in OUTCOMES {
        let has = |report: &TaskReport| report.outcome.as_deref() == Some(outcome);
        assert!(reports.iter().any(has), "{outcome}");
    }
}

#[test]
fn events_of_every_kind_hold() {
    let validator = validator("event");
    for what in What::ALL {
        for by in By::ALL {
            for outcome in outcomes().into_iter().map(Some).chain([None]) {
                let event = Event {
                    seq: 7,
                    at: Timestamp(1_000),
                    what,
                    by,
                    task: TaskId(3),
                    run: 1,
                    name: "api".into(),
                    exit: outcome.is_none().then_some(Exit::Code(3)),
                    outcome,
                    text: Some("so".into()),
                };
                let report = EventReport::from(&event);
                holds(&validator, &serde_json::to_value(&report).unwrap());
            }
        }
    }
}

#[test]
fn limits_hold() {
    let validator = validator("limit");
    for source in [LimitSource::Said, LimitSource::Config] {
        for most in [None, Some(0), Some(3)] {
            let report = LimitReport {
                name: "sonnet".into(),
                most,
                running: 1,
                tasks: vec![TaskId(3)],
                queued: 2,
                source,
                budget: most.map(|most| BudgetReport {
                    cost_usd: Some(2.5),
                    tokens: None,
                    turns: Some(most + 1),
                    used_cost_usd: 0.0,
                    at_least: most > 0,
                    used_tokens: 7,
                    used_turns: 1,
                }),
            };
            holds(&validator, &serde_json::to_value(&report).unwrap());
        }
    }
}

#[test]
fn calls_of_tools_and_sums_hold() {
    let calls = validator("tool");
    let call = |ended: Option<Timestamp>, fault: Option<Fault>| ToolCall {
        run: 1,
        number: 2,
        id: "t1".into(),
        session: Some("s".into()),
        name: "Bash".into(),
        category: Category::Command,
        within: None,
        started: Timestamp(1),
        ended,
        duration_ms: ended.map(|_| 3),
        exit_code: fault.as_ref().map(|_| 1),
        fault,
        input: serde_json::json!({"command": "x"}),
        file: None,
        output_bytes: 4,
    };
    let fault = Fault {
        kind: FaultKind::CommandFailed,
        text: "exit 1".into(),
    };
    let at = Some(Timestamp(4));
    for call in [call(None, None), call(at, None), call(at, Some(fault))] {
        let report = ToolReport::of(TaskId(3), &call);
        holds(&calls, &serde_json::to_value(&report).unwrap());
    }
    let stats = validator("stats");
    for key in [None, Some("claude".to_owned())] {
        let report = StatsReport {
            key,
            runs: 1,
            cost_usd: 0.5,
            ..StatsReport::default()
        };
        holds(&stats, &serde_json::to_value(&report).unwrap());
    }
}

#[test]
fn exports_hold() {
    let validator = validator("export");
    for mut report in reports() {
        let Some(mut runs) = report.runs.take() else {
            continue;
        };
        let mut run = serde_json::to_value(runs.remove(1)).unwrap();
        run["output"] = "text\u{1b}[0m".into();
        run["output_lossy"] = false.into();
        run["output_base64"] = Value::Null;
        run["output_missing"] = 4.into();
        let export = serde_json::json!({
            "wrangle": "0.1.0",
            "exported_at": "2026-01-01T00:00:00.000Z",
            "task": report,
            "runs": [run],
        });
        holds(&validator, &export);
        let mut odd = export.clone();
        odd["runs"][0]["odd"] = 1.into();
        assert!(!validator.is_valid(&odd));
        let mut odd = export;
        odd["task"]["odd"] = 1.into();
        assert!(!validator.is_valid(&odd));
    }
}

/// Every object that a schema describes.
fn objects(schema: &Value, found: &mut Vec<Value>) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") {
                found.push(schema.clone());
            }
            map.values().for_each(|value| objects(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| objects(value, found)),
        _ => {}
    }
}

#[test]
fn every_field_is_described_always_there_and_the_only_ones() {
    for what in ["task", "event", "export", "limit"] {
        let schema = schema(what);
        jsonschema::meta::validate(&schema).unwrap();
        let mut found = Vec::new();
        objects(&schema, &mut found);
        assert!(!found.is_empty());
        for object in found {
            let properties = object["properties"].as_object().unwrap();
            let required: Vec<&str> = object["required"]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| name.as_str().unwrap())
                .collect();
            assert_eq!(required.len(), properties.len(), "{what}: {required:?}");
            for (name, property) in properties {
                assert!(required.contains(&name.as_str()), "{what}: {name}");
                assert!(property["description"].is_string(), "{what}: {name}");
            }
        }
    }
    let validator = validator("task");
    let report = TaskReport::of(&task(1, "x", true), None, "/".into());
    let mut odd = serde_json::to_value(report).unwrap();
    odd["odd"] = 1.into();
    assert!(!validator.is_valid(&odd), "a field that nobody described");
    odd.as_object_mut().unwrap().retain(|name, _| name != "odd");
    holds(&validator, &odd);
    odd["runs"] = serde_json::json!([{ "run": 1 }]);
    assert!(!validator.is_valid(&odd), "a run without its fields");
}
