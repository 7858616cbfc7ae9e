//! A task as `--json` shows it. Fields are added, never renamed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::agent::asked::{AnswerReport, AskReport};
use super::agent::bill::{Bill, Source};
use super::agent::message::{Delivery, Message};
use super::agent::story::Story;
use super::agent::tokens::{Tokens, Usd};
use super::agent::tool::{Category, FaultKind, ToolCall};
use super::attention::Attention;
use super::engine::{reason, wanted};
use super::id::TaskId;
use super::plan::{After, Lease};
use super::task::{Exit, Kind, Outcome, Run, State, Task};

/// What runs used together. Fields are added, never renamed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StatsReport {
    /// What they have in common: an agent, a model, a lane, a day; null where they have none.
    pub key: Option<String>,
    /// How many.
    pub runs: u64,
    /// How many of them succeeded.
    pub succeeded: u64,
    /// Turns of theirs.
    pub turns: u64,
    /// Calls of tools.
    pub tools_called: u64,
    /// Those of them that failed.
    pub tools_failed: u64,
    /// What they used.
    pub tokens: Tokens,
    /// What that cost, as far as it is known.
    pub cost_usd: f64,
    /// How many runs used tokens whose cost is not known.
    pub unknown_cost_runs: u64,
    /// How many were broken off before they told all that they used: it is so much at least.
    #[serde(default)]
    pub at_least_runs: u64,
}

/// One run for scripts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Its conversation, for an agent.
    pub session_id: Option<String>,
    /// What its agent was told to do; `None`: the same as in the run before.
    #[serde(default)]
    pub prompt: Option<String>,
    /// What persons answered, the last answers, oldest first.
    #[serde(default)]
    pub answers: Vec<AnswerReport>,
    /// What it cost, where that is known.
    pub cost_usd: Option<f64>,
    /// Whether it used and cost so much at least: it was broken off before it told all.
    #[serde(default)]
    pub cost_at_least: bool,
    /// What it used.
    pub tokens: Option<Tokens>,
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
    /// Since when it wants what it wants of a person.
    pub attention_since: Option<String>,
    /// What it wants, in full, and who says so.
    pub attention_text: Option<String>,
    /// The question that waits for an answer, the oldest.
    pub asks: Option<AskReport>,
    /// All questions that wait for an answer, oldest first.
    #[serde(default)]
    pub questions: Vec<AskReport>,
    /// The conversation of the current run, for an agent.
    pub session_id: Option<String>,
    /// Turns of all runs, for an agent.
    pub turns: Option<u32>,
    /// Calls of tools in all runs, for an agent.
    pub tools_called: Option<u32>,
    /// Those of them that failed.
    pub tools_failed: Option<u32>,
    /// Who says what it cost: `agent`, `prices`, `both`; `unknown`: nobody.
    pub cost_source: Option<String>,
    /// Whether it used and cost so much at least: a run of it was broken off before it told
    /// all.
    #[serde(default)]
    pub cost_at_least: bool,
    /// What persons said during the current run, and how far that came.
    pub messages: Vec<MessageReport>,
}

/// A call of a tool for scripts. Fields are added, never renamed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolReport {
    /// Which task.
    pub task: TaskId,
    /// Which run of it, from 1.
    pub run: u32,
    /// Counts the calls of the run, from 1.
    pub number: u32,
    /// What the agent calls the call.
    pub id: String,
    /// The conversation.
    pub session: Option<String>,
    /// The tool, as the agent names it.
    pub name: String,
    /// What kind of tool it is.
    pub category: Category,
    /// The call within which a subagent made this one.
    pub within: Option<String>,
    /// When it was heard of.
    pub started_at: String,
    /// When its end was.
    pub ended_at: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Whether it ended well; absent while it goes on.
    pub success: Option<bool>,
    /// What kind of failure it was, where it was one.
    pub error_category: Option<FaultKind>,
    /// The failure in one line.
    pub error: Option<String>,
    /// Its exit code, for a command whose is told.
    pub exit_code: Option<i32>,
    /// What it was called with, bounded, what looks like a secret masked.
    pub parameters: Value,
    /// The file that it read, wrote or edited.
    pub file: Option<String>,
    /// Size of what it gave back, in bytes.
    pub output_bytes: u64,
}

impl ToolReport {
    /// The report of a task's call.
    pub fn of(task: TaskId, call: &ToolCall) -> Self {
        Self {
            task,
            run: call.run,
            number: call.number,
            id: call.id.clone(),
            session: call.session.clone(),
            name: call.name.clone(),
            category: call.category,
            within: call.within.clone(),
            started_at: call.started.to_string(),
            ended_at: call.ended.map(|at| at.to_string()),
            duration_ms: call.duration_ms,
            success: call.ended.map(|_| call.succeeded()),
            error_category: call.fault.as_ref().map(|fault| fault.kind),
            error: call.fault.as_ref().map(|fault| fault.text.clone()),
            exit_code: call.exit_code,
            parameters: call.input.clone(),
            file: call.file.clone(),
            output_bytes: call.output_bytes,
        }
    }
}

/// What a person said, for scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageReport {
    /// What.
    pub text: String,
    /// When.
    pub at: String,
    /// `sent`, `queued`, `delivered` or `refused`.
    pub state: String,
    /// Why it was refused.
    pub why: Option<String>,
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
            session_id: run.story.as_ref().and_then(|story| story.session.clone()),
            prompt: None,
            answers: run.story.as_ref().map_or_else(Vec::new, |story| {
                story.answers.iter().map(AnswerReport::from).collect()
            }),
            cost_usd: None,
            tokens: None,
            cost_at_least: false,
        }
    }

    /// With what it used.
    #[must_use]
    pub fn having_used(self, bill: &Bill) -> Self {
        let (cost_usd, tokens) = told(bill);
        Self {
            cost_usd,
            tokens,
            cost_at_least: bill.at_least,
            ..self
        }
    }
}

/// What a bill says for scripts.
fn told(bill: &Bill) -> (Option<f64>, Option<Tokens>) {
    let tokens = Some(bill.tokens).filter(|tokens| !tokens.is_zero() || bill.cost.is_some());
    (bill.cost.map(Usd::dollars), tokens)
}

fn message(message: &Message) -> MessageReport {
    MessageReport {
        text: message.text.clone(),
        at: message.at.to_string(),
        state: message.state.word().into(),
        why: match &message.state {
            Delivery::Refused(why) => Some(why.clone()),
            _ => None,
        },
    }
}

impl TaskReport {
    /// The report of a task that stands where it stands for this reason, and whose current
    /// log lies in `log`.
    pub fn of(task: &Task, reason: Option<String>, log: String) -> Self {
        let run = &task.run;
        let settled = run.state.settled();
        let exit = settled.as_ref().and_then(Outcome::exit);
        let story = run.story.as_deref();
        let model = story.and_then(|story| story.model.clone());
        let stories = || {
            let runs = task.past.iter().chain([run]);
            runs.filter_map(|run| run.story.as_deref())
        };
        let sum = |of: fn(&Story) -> u32| {
            let counted = task.spec.agent.is_some();
            counted.then(|| stories().map(of).fold(0, u32::saturating_add))
        };
        let asks = story.map_or(&[][..], |story| &story.asks);
        let asks = asks.iter().filter(|it| it.question.answerable);
        let questions: Vec<AskReport> = asks.map(AskReport::from).collect();
        let (left, ended) = match &run.state {
            State::Lingering { left, .. } | State::Stopping { left, .. } => (*left, None),
            State::Ended { at, .. } => (0, Some(*at)),
            _ => (0, None),
        };
        Self {
            id: task.id,
            name: task.spec.name.clone(),
            kind: task.spec.kind,
            agent: task.spec.agent.as_ref().map(|agent| agent.name.clone()),
            model: model.or_else(|| task.spec.model.clone()),
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
            attention_since: task.wanted_since.map(|at| at.to_string()),
            attention_text: wanted(task),
            asks: questions.first().cloned(),
            questions,
            session_id: story.and_then(|story| story.session.clone()),
            turns: sum(|story| story.turns),
            tools_called: sum(|story| story.tools_called),
            tools_failed: sum(|story| story.tools_failed),
            cost_source: None,
            cost_at_least: false,
            messages: messages(task),
        }
    }

    /// With what it used.
    #[must_use]
    pub fn having_used(self, bill: &Bill) -> Self {
        let (cost_usd, tokens) = told(bill);
        let source = (bill.source != Source::Nothing).then(|| bill.source.word().into());
        Self {
            cost_usd,
            tokens,
            cost_source: source,
            cost_at_least: bill.at_least,
            ..self
        }
    }
}

/// What persons said while its current run went on, and before that what of earlier ones
/// did not arrive.
fn messages(task: &Task) -> Vec<MessageReport> {
    let of = |run: &Run| {
        run.story
            .iter()
            .flat_map(|story| &story.messages)
            .cloned()
            .collect::<Vec<_>>()
    };
    let early = task.past.iter().flat_map(of);
    early
        .filter(|message| message.state != Delivery::Delivered)
        .chain(of(&task.run))
        .map(|it| message(&it))
        .collect()
}
