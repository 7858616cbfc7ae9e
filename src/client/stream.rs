//! The line to the supervisor, for screens: messages out, frames and words in.

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream;

use crossterm::event::Event;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::core::wire::{FromClient, FromSupervisor};

/// The largest frame that is believed, in bytes.
const LARGEST: usize = 64 << 20;
/// Messages that wait to be sent, and events that wait to be heeded. A supervisor so far
/// behind loses keys, not this client.
const QUEUED: usize = 1024;

/// What a supervisor sends a screen.
#[derive(Debug)]
pub(super) enum Sent {
    Said(FromSupervisor),
    Frame(Vec<u8>),
}

/// A connection to one supervisor.
#[derive(Debug)]
pub(super) struct Stream {
    sent: mpsc::Receiver<Sent>,
    messages: mpsc::Sender<FromClient>,
    unheeded: Unheeded,
}

/// Events that a supervisor was told of and has not said to have heeded.
#[derive(Debug, Default)]
struct Unheeded {
    events: VecDeque<Event>,
    /// How many were told before these.
    before: u64,
    /// Whether it says what it heeds; one of an older version does not.
    counts: bool,
}

impl Unheeded {
    fn told(&mut self, event: Event) {
        if self.events.len() == QUEUED {
            self.events.pop_front();
            self.before += 1;
        }
        self.events.push_back(event);
    }

    /// Of all that it was ever told, so many it has heeded.
    fn heeded(&mut self, count: u64) {
        self.counts = true;
        while self.before < count && self.events.pop_front().is_some() {
            self.before += 1;
        }
    }
}

impl Stream {
    /// `early`: what was read from the stream before. Must run inside the runtime.
    pub(super) fn open(stream: UnixStream, early: Vec<u8>) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let (from, to) = tokio::net::UnixStream::from_std(stream)?.into_split();
        // one frame is in flight at most, so this holds little
        let (sending, sent) = mpsc::channel(8);
        tokio::spawn(receive(from, early, sending));
        let (messages, queue) = mpsc::channel(QUEUED);
        tokio::spawn(transmit(to, queue));
        Ok(Self {
            sent,
            messages,
            unheeded: Unheeded::default(),
        })
    }

    pub(super) fn tell(&mut self, message: FromClient) {
        let event = match &message {
            FromClient::Event(event) => Some(event.clone()),
            _ => None,
        };
        let told = self.messages.try_send(message);
        // full: the supervisor is stopped; when it has ended, that is seen elsewhere
        if let (Some(event), Ok(()) | Err(TrySendError::Closed(_))) = (event, told) {
            self.unheeded.told(event);
        }
    }

    /// What comes next; `None`: the supervisor is gone, or can't be understood.
    pub(super) async fn next(&mut self) -> Option<Sent> {
        loop {
            match self.sent.recv().await {
                Some(Sent::Said(FromSupervisor::Heeded(count))) => self.unheeded.heeded(count),
                sent => return sent,
            }
        }
    }

    /// What a supervisor that was replaced was told of and did not heed, as far as that is
    /// known.
    pub(super) fn unheeded(&mut self) -> impl Iterator<Item = Event> + use<> {
        let unheeded = std::mem::take(&mut self.unheeded);
        unheeded.events.into_iter().filter(move |_| unheeded.counts)
    }
}

/// Reads what the supervisor sends. A task of its own: half a frame must not be lost
/// because something else happened.
async fn receive(from: OwnedReadHalf, early: Vec<u8>, to: mpsc::Sender<Sent>) {
    let mut from = BufReader::new(io::Cursor::new(early).chain(from));
    // a supervisor that ends, or that can't be understood, closes the queue
    while let Ok(Some(sent)) = read(&mut from).await {
        if to.send(sent).await.is_err() {
            return;
        }
    }
}

async fn read(from: &mut (impl AsyncRead + AsyncBufReadExt + Unpin)) -> io::Result<Option<Sent>> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    match serde_json::from_slice(&line)? {
        FromSupervisor::Frame(size) if size > LARGEST => Err(io::ErrorKind::InvalidData.into()),
        FromSupervisor::Frame(size) => {
            let mut bytes = vec![0; size];
            from.read_exact(&mut bytes).await?;
            Ok(Some(Sent::Frame(bytes)))
        }
        said => Ok(Some(Sent::Said(said))),
    }
}

/// Sends what there is to say.
async fn transmit(mut to: OwnedWriteHalf, mut queue: mpsc::Receiver<FromClient>) {
    while let Some(message) = queue.recv().await {
        let Ok(mut line) = serde_json::to_vec(&message) else {
            continue;
        };
        line.push(b'\n');
        if to.write_all(&line).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// What is left for the next supervisor of four resizes, after this one said so much.
    fn left(words: &str) -> Vec<u16> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let mut stream = Stream::open(ours, Vec::new()).unwrap();
            theirs.write_all(words.as_bytes()).unwrap();
            for cols in 1..=2 {
                stream.tell(FromClient::Event(Event::Resize(cols, 1)));
                stream.tell(FromClient::Drawn);
            }
            loop {
                match stream.next().await {
                    Some(Sent::Said(FromSupervisor::Replaced(_))) => break,
                    Some(_) => {}
                    None => panic!("not replaced"),
                }
            }
            // nobody is there any more, which the line may or may not know
            drop(theirs);
            stream.tell(FromClient::Event(Event::Resize(3, 1)));
            tokio::task::yield_now().await;
            stream.tell(FromClient::Event(Event::Resize(4, 1)));
            let left = stream.unheeded().map(|event| match event {
                Event::Resize(cols, _) => cols,
                other => panic!("{other:?}"),
            });
            left.collect()
        })
    }

    #[test]
    fn what_was_not_heeded_is_left_and_nothing_else() {
        let (replaced, place) = ("{\"replaced\":\"9\"}\n", "{\"place\":{}}\n");
        for (heeded, wanted) in [
            ("{\"heeded\":0}\n", vec![1, 2, 3, 4]),
            ("{\"heeded\":0}\n{\"heeded\":1}\n", vec![2, 3, 4]),
            ("{\"heeded\":2}\n", vec![3, 4]),
            // one of another version, which does not count: they may all have been
            ("", Vec::new()),
        ] {
            let words = format!("{place}{heeded}{replaced}");
            assert_eq!(left(&words), wanted, "{words}");
        }
    }
}
