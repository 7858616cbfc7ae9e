//! What supervisor and shim say to each other: JSON lines on a Unix socket.
//!
//! The shim reports levels, not edges: each [`Status`] is the whole truth, so a
//! report may be left out when a newer one follows, and a supervisor that comes
//! later needs no history.

use serde::{Deserialize, Serialize};

use super::id::{Ident, RunId, TaskId};
use super::raw::Raw;
use super::task::{Exit, Spec};
use super::time::Timestamp;

/// The variable by which every process of a run is marked; its value is the path of
/// the run's socket, which no other run shares. A program may remove it, so it is a
/// second means of finding a tree, never the proof that none is left.
pub const MARK: &str = "WRANGLE_RUN";

/// The variable that tells every process of a run its task's number.
pub const TASK: &str = "WRANGLE_TASK";

/// Everything a shim needs to start and keep a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Launch {
    /// What is wanted: put down beside the log before anything is started.
    pub intent: Intent,
    /// Program and arguments, which those of a later run need not be the spec's.
    pub argv: Vec<Raw>,
    /// The whole environment of the leader.
    pub env: Vec<(Raw, Raw)>,
    /// The run's directory: log segments, intent and exit record go here.
    pub log: Raw,
    /// The path of the socket on which the shim listens, to be removed at its end.
    pub socket: Raw,
    /// Most bytes of log kept.
    pub cap: u64,
    /// How long the tree may go on without a supervisor.
    pub orphan_ms: u64,
}

/// The file beside a run's log segments that says what was to be run, so that the log
/// directory alone tells what there was.
pub const INTENT: &str = "intent.json";

/// The file beside a run's log segments in which its shim puts its last status.
pub const STATUS: &str = "status.json";

/// What was to be run: all that is known of a task before it starts, without the values
/// of its environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Which run this is.
    pub run: RunId,
    /// What is wanted.
    pub spec: Spec,
    /// The task from within which it was launched.
    pub parent: Option<TaskId>,
    /// When the run was asked for.
    pub created: Timestamp,
    /// The boot in which its pids mean anything.
    pub boot: String,
}

/// What a supervisor tells a shim.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Start; only as the very first order.
    Launch(Box<Launch>),
    /// SIGTERM, or what its agent is asked to end by, and SIGCONT to the whole tree now, the
    /// kill sweep after the grace.
    /// A later `Stop` never postpones an earlier one's kill.
    Stop {
        /// Until the kill sweep, in milliseconds.
        grace_ms: u64,
    },
    /// The kill sweep now, until nothing lives.
    Kill,
    /// SIGSTOP to the whole tree.
    Pause,
    /// SIGCONT to the whole tree.
    Resume,
    /// Bytes for the leader's standard input.
    Input(Raw),
    /// No more bytes for it: it is closed once all of them are taken.
    Eof,
    /// The status with this number was taken in: another may be sent.
    Ack(u64),
    /// Oldest segments were removed from the log up to this offset.
    Dropped(u64),
    /// Give up on output that cannot be stored; count it as dropped.
    Abandon,
    /// The end is on record: the shim may go.
    Release,
}

/// Why a leader could not be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpawnFailure {
    /// One line for people: what was tried, on what, and the remedy.
    pub reason: String,
}

/// A stop that the shim is carrying out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopping {
    /// When the kill sweep follows; `None` when it already does.
    pub kill_at: Option<Timestamp>,
    /// Who began it.
    pub by: StopBy,
}

/// Who began a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopBy {
    /// A supervisor's order.
    Order,
    /// The policy: the leader had ended and what it left is swept.
    Policy,
    /// No supervisor came back within the orphan limit.
    Orphaned,
    /// Somebody sent the shim SIGTERM or SIGINT.
    Signal,
}

/// Everything a shim knows of its run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent facts, not modes: any combination can be seen"
)]
pub struct Status {
    /// Which run.
    pub run: RunId,
    /// Counts up; acknowledged by [`Order::Ack`].
    pub seq: u64,
    /// The shim itself.
    pub shim: Ident,
    /// The first process, once it has started.
    pub leader: Option<Ident>,
    /// When it started.
    pub started: Option<Timestamp>,
    /// Why it couldn't.
    pub failed: Option<SpawnFailure>,
    /// Whether the tree is stopped by [`Order::Pause`].
    pub paused: bool,
    /// The stop being carried out.
    pub stopping: Option<Stopping>,
    /// How the leader ended.
    pub exit: Option<Exit>,
    /// When it ended.
    pub exited: Option<Timestamp>,
    /// Whether it ended after a stop had begun, so that the stop decides the outcome.
    pub exit_in_stop: bool,
    /// Processes of the tree that live, as counted when one was last reaped; the leader included.
    pub left: u32,
    /// The command line of one of them, once the leader has ended.
    pub example: Option<String>,
    /// The kernel's word that no process of the tree is left (`waitpid` says ECHILD).
    pub empty: bool,
    /// No output follows: all of it is in the log.
    pub drained: bool,
    /// End of the log: bytes stored so far, dropped ones included.
    pub written: u64,
    /// The first kept byte's offset.
    pub dropped: u64,
    /// When output last came.
    pub last_output: Option<Timestamp>,
    /// Bytes of [`Order::Input`] that came, those that the leader could not be given
    /// included. `None`: a shim of before version 0.5, which did not count.
    #[serde(default)]
    pub typed: Option<u64>,
    /// What couldn't be done and is being tried again.
    pub trouble: Option<String>,
}

impl Status {
    /// Whether nothing more can happen to this run.
    pub const fn is_final(&self) -> bool {
        self.empty && self.drained
    }
}
