//! One agent's log, from its bytes to what they mean.

use std::mem::{Discriminant, discriminant};
use std::path::Path;

use memchr::memchr;

use crate::agent::stream::{Lines, Piece};
use crate::agent::{self, Decoder};
use crate::core::agent::event::{AgentEvent, Level, Part, Trouble, Verdict};
use crate::core::agent::say::Say;
use crate::core::effect::Hear;
use crate::core::id::RunId;
use crate::core::input::Heard;
use crate::core::task::Exit;
use crate::output::LogFiles;
use crate::sys::clock::wall;
use crate::verb::zone_called;

/// So many events are told at once; a line may bring a few more.
const MOST_EVENTS: usize = 256;

/// So many bytes of a log are decoded at once.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// What is read and decoded of one run.
pub(super) struct Listener {
    run: RunId,
    log: LogFiles,
    lines: Lines,
    decoder: Box<dyn Decoder>,
    upto: u64,
    /// How the leader ended, once nothing follows.
    end: Option<Exit>,
    /// How far what was told reaches.
    told: u64,
    /// It can't go on before there is more.
    stuck: bool,
    /// Why its log can't be read, while it can't.
    trouble: Option<String>,
    /// What kind of text it was a piece of that was decoded last.
    in_text: Option<Discriminant<AgentEvent>>,
}

/// What comes of some bytes.
#[derive(Default)]
struct Batch {
    events: Vec<AgentEvent>,
    /// What is to be written for them.
    replies: Vec<u8>,
    bytes: usize,
    in_text: Option<Discriminant<AgentEvent>>,
}

impl Batch {
    const fn is_full(&self) -> bool {
        self.events.len() >= MOST_EVENTS || self.bytes >= MOST_BYTES
    }

    fn take(&mut self, decoder: &mut dyn Decoder, piece: Piece<'_>) {
        self.keep(agent::decode(decoder, piece));
    }

    /// What means nothing to the decoder means nothing to anybody here: whoever wants to
    /// see it reads the log. Nor does a piece of a text behind another: each of them would be
    /// a write of its own.
    fn keep(&mut self, events: Vec<AgentEvent>) {
        for event in events {
            if matches!(event, AgentEvent::Raw { .. }) {
                continue;
            }
            let in_text = piece_of(&event);
            if in_text.is_none() || in_text != self.in_text {
                self.events.push(settled(event));
            }
            self.in_text = in_text;
        }
    }

    fn note(&mut self, level: Level, text: String) {
        self.events.push(AgentEvent::Notice { level, text });
    }
}

/// What kind of text an event is a piece of.
fn piece_of(event: &AgentEvent) -> Option<Discriminant<AgentEvent>> {
    use AgentEvent::{Text, Thinking};
    let is_piece = matches!(event, Text(words) | Thinking(words) if words.part == Part::Piece);
    is_piece.then(|| discriminant(event))
}

/// With the point in time that a limit is reset, where it is told as a time of day: who
/// decides on it has neither the clocks nor their zone.
fn settled(mut event: AgentEvent) -> AgentEvent {
    if let AgentEvent::Limit(limited) = &mut event
        && limited.clock.is_some()
    {
        limited.settle(wall(), zone_called);
    }
    event
}

impl Listener {
    /// Begins where `hear` says; `dir` is the run's.
    pub(super) fn new(hear: &Hear, dir: &Path) -> Self {
        let (at, state) = &hear.from;
        Self {
            run: hear.run,
            log: LogFiles::to_come(dir),
            lines: Lines::at(*at),
            decoder: agent::decoder(hear.speech, state),
            upto: hear.upto,
            end: hear.end,
            told: *at,
            stuck: false,
            trouble: None,
            in_text: None,
        }
    }

    /// There is more, or an end.
    pub(super) fn go_on(&mut self, hear: &Hear) {
        self.upto = self.upto.max(hear.upto);
        self.end = self.end.or(hear.end);
        self.stuck = false;
    }

    /// Whether there is something to be read, or an end to be told.
    pub(super) fn is_behind(&self) -> bool {
        !self.stuck && (self.end.is_some() || self.lines.end() < self.upto)
    }

    /// Tells the agent something: what is to be written for it.
    pub(super) fn say(&mut self, say: &Say) -> Result<Heard, String> {
        self.decoder.say(say)?;
        let replies = self.decoder.replies();
        let batch = Batch {
            replies,
            ..Batch::default()
        };
        Ok(Heard {
            said: true,
            ..self.heard(batch, false)
        })
    }

    fn heard(&mut self, batch: Batch, over: bool) -> Heard {
        self.told = self.lines.next();
        Heard {
            run: self.run,
            events: batch.events,
            replies: batch.replies,
            at: (self.told, self.decoder.save()),
            said: false,
            over,
        }
    }

    /// Reads and decodes some of what there is; nothing where that comes to nothing.
    /// Whole lines alone count, so that whoever goes on from what was told last misses
    /// nothing and hears nothing twice.
    pub(super) fn listen(&mut self, buffer: &mut [u8]) -> Option<Heard> {
        let mut batch = Batch {
            in_text: self.in_text,
            ..Batch::default()
        };
        while !batch.is_full() && self.lines.end() < self.upto {
            if let Err(why) = self.read(buffer, &mut batch) {
                return self.give_up(why, batch);
            }
        }
        self.trouble = None;
        self.in_text = batch.in_text;
        if let Some(exit) = self.end.filter(|_| self.lines.end() >= self.upto) {
            self.finish(exit, &mut batch);
            return Some(self.heard(batch, true));
        }
        self.told(batch)
    }

    /// What is worth being told.
    fn told(&mut self, mut batch: Batch) -> Option<Heard> {
        batch.replies = self.decoder.replies();
        // how far it is says nothing new to anybody but one who has to begin there
        let far = self.lines.next() - self.told >= MOST_BYTES as u64;
        let says = !batch.events.is_empty() || !batch.replies.is_empty();
        (says || far).then(|| self.heard(batch, false))
    }

    /// Reads once and decodes what came, up to where the batch is full.
    fn read(&mut self, buffer: &mut [u8], batch: &mut Batch) -> Result<(), String> {
        let next = self.lines.end();
        let left = usize::try_from(self.upto - next).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let (at, count) = self
            .log
            .read_at(next, &mut buffer[..most])
            .map_err(|error| error.to_string())?;
        if count == 0 {
            // the same while it is: said once
            return Err(format!("its log ends at byte {next}, its shim wrote more"));
        }
        let Self { lines, decoder, .. } = self;
        if at > next {
            lines.skip(at, |piece| batch.take(decoder.as_mut(), piece));
            let text = format!(
                "{} bytes of its log were dropped before they were read",
                at - next
            );
            // what was asked, called and used there is not known
            batch.note(Level::Error, text);
        }
        let mut rest = &buffer[..count];
        while !rest.is_empty() && !batch.is_full() {
            let (line, more) =
                rest.split_at(memchr(b'\n', rest).map_or(rest.len(), |feed| feed + 1));
            lines.feed(line, |piece| batch.take(decoder.as_mut(), piece));
            batch.bytes += line.len();
            rest = more;
        }
        Ok(())
    }

    /// All was read: the last line, which no line feed need end, and the decoder's own
    /// last word.
    fn finish(&mut self, exit: Exit, batch: &mut Batch) {
        let Self { lines, decoder, .. } = self;
        lines.finish(|piece| batch.take(decoder.as_mut(), piece));
        batch.keep(decoder.end(Some(exit)));
    }

    /// What there is can't be read: tried again when there is more; at the end, the end.
    fn give_up(&mut self, why: String, mut batch: Batch) -> Option<Heard> {
        let text = format!("what it said can't be read: {why}");
        if let Some(exit) = self.end {
            self.finish(exit, &mut batch);
            batch.events.push(AgentEvent::Result(Verdict {
                ok: false,
                text,
                trouble: Some(Trouble::Other),
                turns: None,
            }));
            return Some(self.heard(batch, true));
        }
        self.stuck = true;
        if self.trouble.as_ref() != Some(&why) {
            batch.note(Level::Error, text);
            self.trouble = Some(why);
        }
        self.told(batch)
    }
}
