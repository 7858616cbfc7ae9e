//! What the tests of verbs share.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::core::id::TaskId;
use crate::core::raw::Raw;
use crate::core::task::{AfterExit, Kind, Outcome, Run, Spec, State, Task};
use crate::core::time::Timestamp;
use crate::core::wire::{Caller, Request, RunRequest};
use crate::verb::*;

pub(in crate::verb) fn context(dir: &Path) -> Context {
    let config = Config::parse("", "").unwrap();
    Context {
        caller: Caller {
            dir: dir.to_path_buf().into(),
            env: vec![
                ("HOME".into(), dir.to_path_buf().into()),
                ("KEEP".into(), "1".into()),
            ],
        },
        grace: Duration::from_secs(10),
        trust: crate::config::Trust::at(dir.join("data/trusted.json")),
        agents: Arc::clone(&config.agents),
        templates: Arc::clone(&config.templates),
        selection: None,
    }
}

pub(in crate::verb) fn here() -> Context {
    context(&std::env::temp_dir())
}

pub(in crate::verb) fn args(words: &[&str]) -> Result<Command, String> {
    match parse_args(words.iter().map(OsString::from)) {
        Ok(Some(verb)) => verb.ask(&here()),
        Ok(None) => Ok(Command::Screen),
        Err(Stop::Usage(line)) => Err(line),
        Err(Stop::Help(text)) => panic!("help: {text}"),
    }
}

pub(in crate::verb) fn call(words: &[&str]) -> Call {
    match args(words) {
        Ok(Command::Call(call)) => call,
        other => panic!("{words:?}: {other:?}"),
    }
}

pub(in crate::verb) fn run(words: &[&str]) -> RunRequest {
    match call(words).request {
        Request::Run(run) => *run,
        other => panic!("{words:?}: {other:?}"),
    }
}

pub(in crate::verb) fn argv(words: &[&str]) -> Vec<String> {
    run(words).spec.argv.iter().map(Raw::lossy).collect()
}

pub(in crate::verb) fn wrong(words: &[&str]) -> String {
    let line = args(words).expect_err("should be refused");
    assert!(!line.contains('\n'), "{line:?}");
    line
}

pub(in crate::verb) fn task(id: u32, name: &str, ended: bool) -> Task {
    let mut run = Run::new(1, Timestamp(0));
    run.state = State::Starting;
    if ended {
        run.state = State::Ended {
            outcome: Outcome::Succeeded,
            at: Timestamp(1),
        };
    }
    let spec = Spec {
        name: name.into(),
        kind: Kind::Command,
        argv: vec!["true".into()],
        dir: "/".into(),
        grace_ms: 0,
        after_exit: AfterExit::Keep,
        stdin: false,
        env_names: Vec::new(),
        labels: Vec::new(),
        restarts: 0,
        ..Spec::command(String::new(), Vec::new(), "/".into())
    };
    Task::new(TaskId(id), spec, run)
}
