//! What is heard of an agent: one vocabulary for all of them.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clock::Clock;
use super::tokens::{Tokens, Usd};
use super::tool::{Category, Fault};
use crate::core::time::Timestamp;

/// Something that an agent said or did. What a decoder makes of its stream; a line that it
/// does not understand is [`AgentEvent::Raw`], so nothing is lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentEvent {
    /// The conversation has this name: a later run can go on with it.
    Session {
        /// What the agent's resume flag takes.
        id: String,
    },
    /// The model that answers from here on.
    Model {
        /// As the agent names it.
        name: String,
    },
    /// The agent's text.
    Text(Words),
    /// Its thinking.
    Thinking(Words),
    /// A call of a tool began.
    ToolStarted {
        /// Names the call within its run.
        id: String,
        /// The tool, as the agent names it.
        name: String,
        /// What kind of tool it is.
        category: Category,
        /// What it was called with; `Null` where that is not told.
        input: Value,
        /// The call within which a subagent made this one.
        within: Option<String>,
    },
    /// A call of a tool ended. A decoder that hears of a call only at its end tells both.
    ToolEnded {
        /// Names the call within its run.
        id: String,
        /// Why it failed, where it did.
        fault: Option<Fault>,
        /// What it gave back, as text; empty where that is not told.
        output: String,
        /// How long it took, in milliseconds, where the stream says so.
        duration_ms: Option<u64>,
        /// Its exit code, for a command whose is told.
        exit_code: Option<i32>,
    },
    /// Tokens were used, or a counter stands there now.
    Used(Used),
    /// The agent tries again by itself after an error of its provider.
    Retrying {
        /// Which attempt comes next, from 1, and of how many, where that is told.
        attempt: Option<u32>,
        /// How many there are at most.
        most: Option<u32>,
        /// In how many milliseconds.
        delay_ms: Option<u64>,
        /// The HTTP status, where there was one.
        status: Option<u16>,
        /// Why, in one line.
        why: String,
    },
    /// How far a limit of the provider's is used up.
    Limit(Limited),
    /// The agent asks a person something and waits.
    Asks(Question),
    /// A question is no longer open: it was answered, or taken back.
    Answered {
        /// Which.
        request: String,
    },
    /// A subagent began or ended its work.
    Subagent {
        /// The call that began it.
        id: String,
        /// What it is or is to do, in one line.
        title: String,
        /// Whether it is through.
        ended: bool,
    },
    /// Something worth a line that is none of the rest.
    Notice {
        /// How bad it is.
        level: Level,
        /// One line, or a few.
        text: String,
    },
    /// What a person said arrived in the conversation.
    Heard {
        /// The number of what was said, as [`super::say::Say`] has it, where the agent
        /// says which.
        message: Option<u64>,
        /// What.
        text: String,
    },
    /// A turn of the agent's began: it counts from here on, however it ends.
    TurnBegan,
    /// A turn of the agent's is over: it waits for a person, or ends. Counts where its
    /// beginning was not told.
    TurnEnded {
        /// Whether it came to its end, and was not broken off.
        complete: bool,
    },
    /// The last word of a run, or of a turn of it: whether what was asked for was done.
    Result(Verdict),
    /// A line that means nothing to the decoder, without its line feed.
    Raw {
        /// As text; what is no UTF-8 of it replaced.
        text: String,
    },
}

/// Text of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Which message or part: what has the same is one text. Unique within the run where
    /// the stream names it so; empty where it names none, and what follows one another is one.
    pub key: String,
    /// The text, or the next piece of it.
    pub text: String,
    /// What of the message this is.
    pub part: Part,
    /// The call within which a subagent says it.
    pub within: Option<String>,
}

/// What of a message a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of it; takes the place of pieces with the same key.
    Whole,
    /// A piece, to be put behind the earlier ones with the same key.
    Piece,
}

/// Tokens that were used, and what they cost where that is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Used {
    /// By which model, where that is told.
    pub model: Option<String>,
    /// How many.
    pub tokens: Tokens,
    /// What they cost, where that is told.
    pub cost: Option<Usd>,
    /// What the figures count.
    pub meter: Meter,
}

/// What figures of usage count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meter {
    /// One answer of the model, which may be told of several times: the last figure counts.
    /// Stands for itself only until a counter that covers it is told.
    Call {
        /// Names the answer within the run.
        key: String,
        /// It goes on, as far as is told: it uses so much at least.
        #[serde(default)]
        partial: bool,
    },
    /// Everything that the conversation used so far by this model, runs before this one
    /// included.
    Session,
    /// What of that it had used when this run began, where the agent says so: tells of a
    /// conversation that began elsewhere.
    Began,
    /// Everything that this run used so far by this model.
    Run,
}

/// How far a provider's limit is used up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limited {
    /// Whether requests are still answered.
    pub state: LimitState,
    /// Which limit, for people: `five-hour limit`.
    pub which: String,
    /// When it is reset, where that is told.
    pub resets: Option<Timestamp>,
    /// In how many milliseconds it is, where that is told instead.
    #[serde(default)]
    pub resets_in_ms: Option<u64>,
    /// What clocks show then, where it is told so; see [`Self::settle`].
    #[serde(default)]
    pub clock: Option<Clock>,
    /// How much of it is used, 1.0 being all, where that is told.
    pub used: Option<f64>,
}

impl Limited {
    /// Makes a time of day that it is reset at a point in time: for whoever hears it when it
    /// is said, and knows the zones, by name and that of who names none.
    pub fn settle(&mut self, said: Timestamp, zone: impl FnOnce(Option<&str>) -> TimeZone) {
        if let Some(clock) = self.clock.take() {
            let at = || clock.at(said, &zone(clock.zone.as_deref()));
            self.resets = self.resets.or_else(at);
        }
    }
}

/// Whether requests are still answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitState {
    /// They are.
    Open,
    /// They are, and soon won't be.
    Near,
    /// They aren't.
    Reached,
}

/// A question of an agent to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Names it until it is answered.
    pub request: String,
    /// What is wanted.
    pub want: Want,
    /// The question itself, in full.
    pub text: String,
    /// What can be chosen; empty where any text will do.
    pub choices: Vec<Choice>,
    /// Whether several of them may be chosen.
    #[serde(default)]
    pub several: bool,
    /// Whether this run can be given an answer. Else it is only told that it was asked.
    pub answerable: bool,
}

/// What is wanted of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// Leave to call a tool.
    Permission {
        /// The tool.
        tool: String,
        /// What it would be called with.
        input: Value,
        /// The call, where it is named.
        call: Option<String>,
    },
    /// An answer.
    Answer,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What the agent calls it.
    pub id: String,
    /// For people.
    pub label: String,
    /// What it comes to, for a permission.
    pub grants: Option<Grant>,
}

/// What a choice about a permission comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// This once.
    Once,
    /// From now on.
    Always,
    /// Not.
    Deny,
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Info,
    /// Something did not go as it should.
    Warning,
    /// Something failed.
    Error,
}

/// Whether what was asked for was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The agent's own word, which without exit code 0 is worth nothing.
    pub ok: bool,
    /// Its last text, or why not.
    pub text: String,
    /// What kind of failure it was, where it was one.
    pub trouble: Option<Trouble>,
    /// How many turns the run took by now, where that is told: counts more than those whose
    /// beginning or end was.
    pub turns: Option<u32>,
}

/// Why an agent could not do what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Its key or login is missing or refused.
    Auth,
    /// A limit that is reset at some time, told by an [`AgentEvent::Limit`] where known.
    Limit,
    /// The account has no credit left: nothing resets by itself.
    Quota,
    /// The provider does not answer, or answers with errors, though it was tried again.
    Provider,
    /// The request itself is refused: model not known, prompt too long.
    Request,
    /// A bound of its own on turns or cost.
    Bound,
    /// It was broken off by a person or a signal.
    Interrupted,
    /// Anything else.
    Other,
}

impl Trouble {
    /// For people and scripts.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Limit => "limit",
            Self::Quota => "quota",
            Self::Provider => "provider",
            Self::Request => "request",
            Self::Bound => "bound",
            Self::Interrupted => "interrupted",
            Self::Other => "other",
        }
    }
}
