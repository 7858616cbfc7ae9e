//! The blocks of a conversation, folded from items.

use std::collections::{HashMap, VecDeque};

use super::call::Call;
use super::ends::Stands;
use super::item::{Item, Open, RAW};
use super::kept::Kept;
use crate::core::agent::event::{Level, Part, Trouble, Words};
use crate::core::time::Timestamp;

/// Most bytes held of one conversation that is looked at; the oldest blocks go first. One of
/// 10,000 events and 50 MB is held whole.
const HELD: usize = 64 << 20;

/// Most blocks held of one conversation.
const BLOCKS: usize = 200_000;

/// As deep as subagents' subagents are indented.
const DEEP: u8 = 4;

/// What a block says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    /// The agent's text.
    Said(Kept),
    /// Its thinking.
    Thought(Kept),
    /// A person's.
    Person(Kept),
    /// A call of a tool.
    Call(Box<Call>),
    /// A subagent that no call is known of: what it does, and how far it is.
    Subagent(String, Stands),
    /// Something of note.
    Notice(Level, Kept),
    /// A limit, and when it is reset.
    Limit(Level, String, Option<Timestamp>),
    /// The provider is tried again.
    Retry(String),
    /// A question.
    Asks(Box<Open>),
    /// The last word of a run or a turn.
    Verdict(bool, Option<Trouble>, Kept),
    /// Lines that are not understood.
    Raw(Kept),
}

impl Body {
    fn len(&self) -> usize {
        let text = match self {
            Self::Said(text)
            | Self::Thought(text)
            | Self::Person(text)
            | Self::Notice(_, text)
            | Self::Verdict(_, _, text)
            | Self::Raw(text) => text.len(),
            Self::Call(call) => call.len(),
            Self::Subagent(text, _) | Self::Retry(text) | Self::Limit(_, text, _) => text.len(),
            Self::Asks(open) => {
                let answer = open.answer.as_ref().map_or(0, String::len);
                open.text.len() + answer + open.call.as_ref().map_or(0, Call::len)
            }
        };
        text + size_of::<Block>()
    }

    /// Whether a blank row parts it from one before of another kind, or of the same.
    const fn stands_apart(&self) -> bool {
        !matches!(self, Self::Call(_) | Self::Raw(_) | Self::Retry(_))
    }
}

/// One thing that was said or done.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) body: Body,
    /// How many subagents deep.
    pub(super) depth: u8,
    /// Whether a blank row stands before it.
    pub(super) gap: bool,
    /// Changes with what it says.
    pub(super) version: u32,
}

/// How far a conversation is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes of the log read.
    pub read: u64,
    /// The log's end when it was last looked at.
    pub end: u64,
    /// Bytes dropped from the log's beginning before they were read.
    pub dropped: u64,
}

/// A conversation, as far as it is read.
#[derive(Debug, Default)]
pub struct Transcript {
    pub(super) blocks: VecDeque<Block>,
    /// The number of the first block held; numbers count up and are never given twice.
    pub(super) first: u64,
    bytes: usize,
    calls: HashMap<String, u64>,
    /// Messages by key, thinking apart.
    messages: HashMap<(bool, String), u64>,
    model: Option<String>,
    /// How many runs went before the one that is being read.
    pub(super) leg: usize,
    /// What persons answered, by run and question.
    pub(super) answers: HashMap<(usize, String), String>,
    /// The prompt that it began with, until the agent repeats it.
    prompt: Option<String>,
    progress: Progress,
    /// The end that the log had when reading it began, once that is known.
    goal: Option<u64>,
    /// Whether all that there was then has been read.
    whole: bool,
    trouble: Option<String>,
    /// Counts changes.
    pub(super) version: u64,
}

impl Transcript {
    /// A conversation that begins with this prompt.
    pub fn new(prompt: Option<&str>) -> Self {
        let mut new = Self::default();
        if let Some(prompt) = prompt.filter(|prompt| !prompt.trim().is_empty()) {
            new.push(Body::Person(Kept::new(prompt)), 0);
            new.prompt = Some(prompt.to_owned());
        }
        new
    }

    /// How far it is read.
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// It is read so far; `through`: as far as there is anything.
    pub fn reached(&mut self, progress: Progress, through: bool) {
        self.progress = progress;
        // of runs before this one nothing is counted
        let begun = progress.read > 0;
        let goal = begun.then(|| *self.goal.get_or_insert(progress.end));
        // one that writes as fast as it is read is never through, and shown all the same
        self.whole |= through || goal.is_some_and(|goal| progress.read >= goal);
        self.version += 1;
    }

    /// Why it can't be read on, where it can't.
    pub fn set_trouble(&mut self, trouble: Option<String>) {
        self.trouble = trouble;
        self.version += 1;
    }

    /// Why there is nothing to be seen, where there is a reason.
    pub(super) fn trouble(&self) -> Option<String> {
        if self.whole || self.trouble.is_some() {
            return self.trouble.clone();
        }
        let Progress { read, end, .. } = self.progress;
        let percent = u128::from(read) * 100 / u128::from(end.max(1));
        Some(format!("reading, {percent} %"))
    }

    /// Whether all that there was when reading it began has been read: what is shown before
    /// that would only rush by.
    pub(super) const fn is_whole(&self) -> bool {
        self.whole
    }

    /// Bytes held.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Changes with every change.
    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    /// The number of the first block held, and one past the last one's.
    pub(super) fn bounds(&self) -> (u64, u64) {
        (self.first, self.first + self.blocks.len() as u64)
    }

    /// Whether something before the first block is not held any more.
    pub(super) const fn has_lost(&self) -> bool {
        self.first > 0 || self.progress.dropped > 0
    }

    pub(super) fn block(&self, number: u64) -> Option<&Block> {
        let at = number.checked_sub(self.first)?;
        self.blocks.get(usize::try_from(at).ok()?)
    }

    /// Puts an item where it belongs.
    pub fn take(&mut self, item: Item) {
        self.version += 1;
        match item {
            Item::Words { thought, words } => self.words(thought, words),
            Item::Started { id, within, call } => {
                let depth = self.depth(within.as_deref());
                // told again, with more of its input; one under the name of one that ended is another
                let goes_on =
                    |block: &Block| matches!(&block.body, Body::Call(call) if call.end.is_none());
                match self.calls.get(&id).copied() {
                    Some(at) if self.block(at).is_some_and(goes_on) => self.change(at, |body| {
                        if let Body::Call(old) = body {
                            let (end, title) = (old.end.take(), old.title.take());
                            **old = Call {
                                end,
                                title,
                                ..*call
                            };
                        }
                    }),
                    _ => {
                        let number = self.push(Body::Call(call), depth);
                        self.calls.insert(id, number);
                    }
                }
            }
            Item::Ended { id, end } => {
                if let Some(at) = self.calls.get(&id).copied() {
                    self.change(at, |body| {
                        if let Body::Call(call) = body {
                            call.end = Some(*end);
                        }
                    });
                }
            }
            Item::Subagent { id, title, ended } => self.subagent(id, title, ended),
            Item::Model(name) => {
                let before = self.model.replace(name.clone());
                if before.is_some_and(|before| before != name) {
                    let text = format!("now with {name}");
                    self.push(Body::Notice(Level::Info, Kept::new(&text)), 0);
                }
            }
            Item::Retry(line) => match self.blocks.back() {
                Some(last) if matches!(last.body, Body::Retry(_)) => {
                    self.change(self.bounds().1 - 1, |body| *body = Body::Retry(line));
                }
                _ => drop(self.push(Body::Retry(line), 0)),
            },
            Item::Limit(level, text, resets) => {
                let body = Body::Limit(level, text, resets);
                if self.blocks.back().is_none_or(|last| last.body != body) {
                    self.push(body, 0);
                }
            }
            Item::Asks(mut open) => {
                open.leg = self.leg;
                self.push(Body::Asks(open), 0);
                self.mark();
            }
            Item::Answered(request) => self.answered(&request),
            Item::Notice(level, text) => {
                self.push(Body::Notice(level, Kept::new(&text)), 0);
            }
            Item::Heard(text) => self.heard(&text),
            Item::Goes(text) => {
                self.leg += 1;
                self.calls.clear();
                self.messages.clear();
                self.push(Body::Person(Kept::new(&text)), 0);
                self.prompt = Some(text);
            }
            Item::Over => self.over(),
            Item::BrokenOff => {
                let text = Kept::new("the turn was broken off");
                self.push(Body::Notice(Level::Warning, text), 0);
            }
            Item::Verdict { ok, trouble, text } => self.verdict(ok, trouble, &text),
            Item::Raw(text) => self.raw(&text),
        }
        self.shed();
    }

    fn words(&mut self, thought: bool, words: Words) {
        let Words {
            key,
            text,
            part,
            within,
        } = words;
        let depth = self.depth(within.as_deref());
        let last = self.bounds().1.checked_sub(1);
        let old = if key.is_empty() {
            last.filter(|at| {
                self.says(*at, thought) && self.block(*at).is_some_and(|block| block.depth == depth)
            })
        } else {
            let key = (thought, key.clone());
            let known = self.messages.get(&key).copied();
            known.filter(|at| self.says(*at, thought))
        };
        match (old, part) {
            // without a key each whole text is one of its own
            (Some(at), Part::Whole) if !key.is_empty() => {
                self.change(at, |body| match body {
                    Body::Said(kept) | Body::Thought(kept) => *kept = Kept::new(&text),
                    _ => {}
                });
            }
            (Some(at), Part::Piece) => self.change(at, |body| match body {
                Body::Said(kept) | Body::Thought(kept) => kept.push(&text),
                _ => {}
            }),
            _ if text.trim().is_empty() && part == Part::Whole => {}
            _ => {
                let kept = Kept::new(&text);
                let body = if thought {
                    Body::Thought(kept)
                } else {
                    Body::Said(kept)
                };
                let number = self.push(body, depth);
                if !key.is_empty() {
                    self.messages.insert((thought, key), number);
                }
            }
        }
    }

    /// Whether a block is text, or thinking.
    fn says(&self, number: u64, thought: bool) -> bool {
        self.block(number).is_some_and(|block| match block.body {
            Body::Said(_) => !thought,
            Body::Thought(_) => thought,
            _ => false,
        })
    }

    fn subagent(&mut self, id: String, title: String, ended: bool) {
        match self.calls.get(&id).copied() {
            Some(at) if self.block(at).is_some() => self.change(at, |body| match body {
                Body::Call(call) => {
                    call.title = Some(title).filter(|title| !title.is_empty() && !ended);
                }
                Body::Subagent(known, stands) => {
                    if !title.is_empty() {
                        *known = title;
                    }
                    *stands = Stands::of(ended);
                }
                _ => {}
            }),
            _ => {
                let number = self.push(Body::Subagent(title, Stands::of(ended)), 0);
                self.calls.insert(id, number);
            }
        }
    }

    /// What a person said; the prompt stands there already.
    fn heard(&mut self, text: &str) {
        if self
            .prompt
            .take()
            .is_some_and(|prompt| prompt.trim() == text.trim())
        {
            return;
        }
        self.push(Body::Person(Kept::new(text)), 0);
    }

    fn raw(&mut self, text: &str) {
        if let Some(last) = self.blocks.back()
            && let Body::Raw(kept) = &last.body
            && kept.len() + text.len() < RAW
        {
            self.change(self.bounds().1 - 1, |body| {
                if let Body::Raw(kept) = body {
                    kept.push("\n");
                    kept.push(text);
                }
            });
            return;
        }
        self.push(Body::Raw(Kept::new(text)), 0);
    }

    fn depth(&self, within: Option<&str>) -> u8 {
        let Some(at) = within.and_then(|id| self.calls.get(id)) else {
            return u8::from(within.is_some());
        };
        let depth = self.block(*at).map_or(0, |block| block.depth);
        (depth + 1).min(DEEP)
    }

    pub(super) fn push(&mut self, body: Body, depth: u8) -> u64 {
        let gap = self.blocks.back().is_some_and(|last| {
            let same = std::mem::discriminant(&last.body) == std::mem::discriminant(&body);
            !same || body.stands_apart()
        });
        self.bytes += body.len();
        self.blocks.push_back(Block {
            body,
            depth,
            gap,
            version: 0,
        });
        self.first + self.blocks.len() as u64 - 1
    }

    pub(super) fn change(&mut self, number: u64, change: impl FnOnce(&mut Body)) {
        let Some(at) = number.checked_sub(self.first) else {
            return;
        };
        if let Some(block) = self.blocks.get_mut(at as usize) {
            self.bytes -= block.body.len();
            change(&mut block.body);
            self.bytes += block.body.len();
            block.version += 1;
        }
    }

    /// Lets the oldest blocks go where too much is held.
    fn shed(&mut self) {
        let mut gone = false;
        while (self.bytes > HELD || self.blocks.len() > BLOCKS) && self.blocks.len() > 1 {
            if let Some(block) = self.blocks.pop_front() {
                self.bytes -= block.body.len();
                self.first += 1;
                gone = true;
            }
        }
        // names of blocks that are gone would pile up
        if gone && self.calls.len() + self.messages.len() > 2 * self.blocks.len() + 64 {
            let first = self.first;
            self.calls.retain(|_, at| *at >= first);
            self.messages.retain(|_, at| *at >= first);
        }
    }
}
