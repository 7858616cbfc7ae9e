//! A task as `--json` shows it. Fields are added, never renamed.

use serde::{Deserialize, Serialize};

use super::attention::Attention;
use super::engine::reason;
use super::id::TaskId;
use super::plan::{After, Lease};
use super::task::{Exit, Kind, Outcome, Run, State, Task};

/// Tokens used, where a task tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Read, without cached ones.
    pub input: u64,
    /// Written.
    pub output: u64,
}

/// One run for scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// Which attempt, from 1.
    pub run: u32,
    /// One of the contract's states.
    pub state: String,
    /// One of the contract's outcomes, once the leader has ended.
    pub outcome: Option<String>,
    /// The leader's exit code.
    pub exit_code: Option<i32>,
    /// The signal that ended the leader.
    pub signal: Option<i32>,
    /// Why it waits or how it ended, in one line.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: String,
    /// When its leader started.
    pub started_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Bytes of output stored so far, dropped ones included.
    pub output_bytes: u64,
    /// Bytes dropped from the beginning to stay within a cap.
    pub dropped_bytes: u64,
    /// The directory that holds its log segments.
    pub log: String,
}

/// One task for scripts: the contract's fields. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskReport {
    /// The task's number.
    pub id: TaskId,
    /// Its name.
    pub name: String,
    /// `command` or `agent`.
    pub kind: Kind,
    /// The agent, for an agent.
    pub agent: Option<String>,
    /// The model, where one was named.
    pub model: Option<String>,
    /// Working directory.
    pub dir: String,
    /// The command, as a shell would need it.
    pub command: String,
    /// One of the contract's states.
    pub state: String,
    /// One of the contract's outcomes, once the leader has ended.
    pub outcome: Option<String>,
    /// The leader's exit code.
    pub exit_code: Option<i32>,
    /// The signal that ended the leader.
    pub signal: Option<i32>,
    /// The leader's process id, while it lives.
    pub pid: Option<i32>,
    /// Place in the queue.
    pub priority: Option<String>,
    /// Concurrency key.
    pub lane: Option<String>,
    /// Which attempt, from 1.
    pub run: u32,
    /// When it was asked for.
    pub created_at: String,
    /// When the current run's leader started.
    pub started_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// What it wants of a person.
    pub attention: Attention,
    /// Why it waits or how it ended, in one line.
    pub reason: Option<String>,
    /// Bytes of output stored so far, dropped ones included.
    pub output_bytes: u64,
    /// Bytes dropped from the beginning to stay within a cap.
    pub dropped_bytes: u64,
    /// What it cost, where that is known.
    pub cost_usd: Option<f64>,
    /// What it used, where that is known.
    pub tokens: Option<Tokens>,
    /// Words by which several tasks can be addressed together.
    pub labels: Vec<String>,
    /// The task from within which it was launched.
    pub parent: Option<TaskId>,
    /// Every run, oldest first; `show` and `export` alone tell them.
    pub runs: Option<Vec<RunReport>>,
    /// Processes that the leader left behind and that live.
    pub left: u32,
    /// When it last wrote anything.
    pub last_output_at: Option<String>,
    /// The directory that holds the current run's log segments.
    pub log: String,
    /// The provider whose limit it counts against.
    pub provider: Option<String>,
    /// Tasks that have to come to something before it starts.
    pub after: Vec<After>,
    /// While it is queued: when it starts at the earliest.
    pub not_before: Option<String>,
    /// The directory that it has, or wants, for itself.
    pub lease: Option<String>,
    /// How long it may run, in seconds.
    pub timeout_s: Option<f64>,
    /// How long it may write nothing, in seconds.
    pub idle_timeout_s: Option<f64>,
    /// How many further runs may follow by themselves.
    pub retries: u32,
}

impl RunReport {
    /// The report of a run whose log lies in `log`.
    pub fn of(run: &Run, log: String) -> Self {
        let settled = run.state.settled();
        let exit = settled.as_ref().and_then(Outcome::exit);
        Self {
            run: run.number,
            state: run.state.word().into(),
            outcome: settled.map(|outcome| outcome.word().into()),
            exit_code: exit.and_then(Exit::code),
            signal: exit.and_then(Exit::signal),
            reason: reason(run),
            created_at: run.created.to_string(),
            started_at: run.started.map(|at| at.to_string()),
            ended_at: match run.state {
                State::Ended { at, .. } => Some(at.to_string()),
                _ => None,
            },
            output_bytes: run.written,
            dropped_bytes: run.dropped,
            log,
        }
    }
}

impl TaskReport {
    /// The report of a task that stands where it stands for this reason, and whose current
    /// log lies in `log`.
    pub fn of(task: &Task, reason: Option<String>, log: String) -> Self {
        let run = &task.run;
        let settled = run.state.settled();
        let exit = settled.as_ref().and_then(Outcome::exit);
        let (left, ended) = match &run.state {
            State::Lingering { left, .. } | State::Stopping { left, .. } => (*left, None),
            State::Ended { at, .. } => (0, Some(*at)),
            _ => (0, None),
        };
        Self {
            id: task.id,
            name: task.spec.name.clone(),
            kind: task.spec.kind,
            agent: None,
            model: task.spec.model.clone(),
            dir: task.spec.dir.lossy(),
            command: task.spec.command_line(),
            state: run.state.word().into(),
            outcome: settled.as_ref().map(|outcome| outcome.word().into()),
            exit_code: exit.and_then(Exit::code),
            signal: exit.and_then(Exit::signal),
            pid: run.state.leader().map(|leader| leader.pid),
            priority: Some(task.priority.word().into()),
            lane: task.spec.lane.clone(),
            run: run.number,
            created_at: task.created.to_string(),
            started_at: run.started.map(|at| at.to_string()),
            ended_at: ended.map(|at| at.to_string()),
            attention: task.attention,
            reason,
            output_bytes: run.written,
            dropped_bytes: run.dropped,
            cost_usd: None,
            tokens: None,
            labels: task.spec.labels.clone(),
            parent: task.parent,
            runs: None,
            left,
            last_output_at: run.last_output.map(|at| at.to_string()),
            log,
            provider: task.spec.provider.clone(),
            after: task.after.clone(),
            not_before: match run.state {
                State::Queued { hold: Some(hold) } => Some(hold.until.to_string()),
                _ => None,
            },
            lease: task.spec.lease.as_ref().map(Lease::to_string),
            timeout_s: task.spec.timeout_ms.map(|ms| ms as f64 / 1000.0),
            idle_timeout_s: task.spec.idle.map(|idle| idle.after_ms as f64 / 1000.0),
            retries: task.spec.restarts,
        }
    }
}
