//! The line to the supervisor, for screens: messages out, frames and words in.

use std::io;
use std::os::unix::net::UnixStream;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use crate::core::wire::{FromClient, FromSupervisor};

/// The largest frame that is believed, in bytes.
const LARGEST: usize = 64 << 20;
/// Messages that wait to be sent. A supervisor so far behind loses keys, not this client.
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
        Ok(Self { sent, messages })
    }

    pub(super) fn tell(&self, message: FromClient) {
        // full: the supervisor is stopped; when it ends, that is seen elsewhere
        self.messages.try_send(message).ok();
    }

    /// What comes next; `None`: the supervisor is gone, or can't be understood.
    pub(super) async fn next(&mut self) -> Option<Sent> {
        self.sent.recv().await
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
