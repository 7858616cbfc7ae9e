//! The table for agents: one is told what to do, asks, is answered, is told more and that
//! nothing follows, and the supervisor is killed at every place on the way. What it was told
//! it has been told, and once.

use std::os::unix::process::ExitStatusExt;

use serde_json::Value;

use super::calls::{doomed, play, was_cut_short};
use crate::agents::{ASKS, Bench, HEARS, INIT, TOOL, TOOL_DONE, result, says, script};
use crate::herd::Done;
use crate::procs::wait_until;
use crate::truth::shims;

/// How an agent gets what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A conversation over its standard input.
    Talk,
    /// Its prompt alone, and the end of its input.
    Stdin,
}

/// Where, and at which of the first passings that such a life is certain to have.
const TALK: [(&str, u32); 9] = [
    ("before-say", 4),
    ("after-say", 4),
    ("heard", 6),
    ("before-order", 4),
    ("after-order", 4),
    ("before-commit", 8),
    ("after-commit", 8),
    ("before-hear", 3),
    ("after-hear", 3),
];
const STDIN: [(&str, u32); 2] = [("before-order", 2), ("after-order", 2)];

#[derive(Debug, Clone)]
struct Row {
    way: Way,
    fault: String,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.way, self.fault)
    }
}

fn rows() -> Vec<Row> {
    let of = |way: Way, places: &'static [(&str, u32)]| {
        places.iter().flat_map(move |(place, times)| {
            (1..=*times).map(move |time| Row {
                way,
                fault: format!("{place}:{time}"),
            })
        })
    };
    of(Way::Talk, &TALK).chain(of(Way::Stdin, &STDIN)).collect()
}

/// Calls until it is answered, or what it asked for is seen to be done.
fn insist(bench: &Bench, args: &[&str], done: impl Fn(&Value) -> bool) {
    for _ in 0..3 {
        let Done { code, .. } = {
            let call = bench.call(args);
            if call.code != 0 {
                was_cut_short(&call);
            }
            call
        };
        if code == 0 || task(bench).is_some_and(|task| done(&task)) {
            return;
        }
    }
    panic!("three calls were cut short: {args:?}");
}

/// The task, as soon as a supervisor tells.
fn task(bench: &Bench) -> Option<Value> {
    let mut told = None;
    wait_until("the task is told", || {
        let done = bench.call(&["ls", "--all", "--json"]);
        if done.code == 0 {
            told = done.text().lines().next().map(str::to_owned);
        }
        done.code == 0
    });
    told.map(|line| serde_json::from_str(&line).unwrap())
}

fn wait(bench: &Bench, what: &str, mut holds: impl FnMut(&Value) -> bool) {
    wait_until(what, || task(bench).is_some_and(|task| holds(&task)));
}

fn life(Row { way, fault }: Row) {
    let bench =
        Bench::with("[agents.reads]\nprogram = \"reads\"\nfeed = \"stdin\"\nspeech = \"plain\"\n");
    let rest = "cat >>\"$TOLD\"";
    bench.install(
        "claude",
        &script(&[
            HEARS,
            &says(&[INIT, TOOL, ASKS]),
            HEARS,
            &says(&[TOOL_DONE]),
            HEARS,
            &says(&[
                r#"{"type":"user","message":{"role":"user","content":"otherwise"},"isReplay":true}"#,
                &result(10, true),
            ]),
            rest,
        ]),
    );
    bench.install("reads", rest);
    let mut doomed = doomed(&bench.herd, &fault, false);
    let agent = match way {
        Way::Talk => "claude",
        Way::Stdin => "reads",
    };
    insist(&bench, &["run", "--agent", agent, "touch it"], |_| true);
    bench.herd.remember();
    let mut began = true;
    if way == Way::Talk {
        wait(&bench, "it asks", |task| {
            // between its start on record and its start: lost, and said so
            began = task["outcome"] != "lost";
            task["attention"] == "asking" || !began
        });
    }
    if way == Way::Talk && began {
        insist(&bench, &["answer", "1", "allow"], |task| {
            task["attention"] != "asking"
        });
        insist(&bench, &["send", "1", "otherwise"], |task| {
            task["messages"][0]["text"] == "otherwise"
        });
    }
    wait(&bench, "it has ended", |task| task["state"] == "ended");
    wait_until(&format!("the supervisor has passed {fault}"), || {
        doomed.try_wait().unwrap().is_some()
    });
    assert_eq!(doomed.wait().unwrap().signal(), Some(9));
    let task = task(&bench).unwrap();
    wait_until("its shims are gone", || shims(&bench.herd).is_empty());
    let told = bench.told();
    if !began {
        assert_eq!(
            (&task["started_at"], told.as_str()),
            (&Value::Null, ""),
            "{task}"
        );
        assert!(fault.starts_with("after-commit"), "{task}");
        return;
    }
    assert_eq!(task["outcome"], "succeeded", "{task}");
    match way {
        Way::Stdin => assert_eq!(told, "touch it"),
        Way::Talk => {
            let lines: Vec<&str> = told.lines().collect();
            let [prompt, answer, message] = lines.as_slice() else {
                panic!("it was told {told:?}");
            };
            assert!(prompt.contains("touch it"), "{prompt}");
            assert!(answer.contains("\"behavior\":\"allow\""), "{answer}");
            assert!(message.contains("otherwise"), "{message}");
            assert_eq!(task["messages"][0]["state"], "delivered", "{task}");
            assert_eq!(task["tools_called"], 1, "{task}");
        }
    }
}

#[test]
fn what_an_agent_is_told_it_is_told_once_wherever_the_supervisor_is_killed() {
    play(&rows(), life);
}
