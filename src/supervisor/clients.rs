//! Connected clients: accepting them, reading their lines, writing to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::event::{ClientId, Event};
use super::session::Session;
use crate::core::wire::{Answer, FromClient, FromSupervisor, Greeting, Hello, LONGEST, Role};
use crate::sys::socket;

/// Most lines that wait for one client to read them while more may come without end.
const BEHIND: usize = 10_000;

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    out: UnboundedSender<Vec<u8>>,
    /// How many lines wait to be sent.
    queued: Arc<AtomicUsize>,
    writer: JoinHandle<()>,
    reader: JoinHandle<()>,
    /// What it shows, once it has said that it is a screen.
    pub(super) session: Option<Box<Session>>,
    /// Whether its hello was accepted.
    pub(super) welcome: bool,
    /// News of watched tasks is on its way; the client says when it has taken it in.
    in_flight: bool,
    /// Newer news meanwhile, by request: only the latest matters.
    pub(super) waiting: BTreeMap<u64, Answer>,
}

impl Client {
    /// Queues a line, and what follows it. What a client does not read waits here; a
    /// screen gets one frame at a time, a call what it asked for.
    pub(super) fn send(&self, line: &FromSupervisor, payload: &[u8]) {
        let Ok(mut bytes) = serde_json::to_vec(line) else {
            return;
        };
        bytes.push(b'\n');
        bytes.extend_from_slice(payload);
        self.queued.fetch_add(1, Ordering::Relaxed);
        self.out.send(bytes).ok();
    }

    /// Whether so much waits for it that no more may: it follows, and does not read.
    pub(super) fn is_behind(&self) -> bool {
        self.queued.load(Ordering::Relaxed) > BEHIND
    }

    /// Tells of a watched task, at once or when what was told before is taken in: a
    /// client that reads slowly, or not at all, costs one answer a request.
    pub(super) fn news(&mut self, number: u64, answer: Answer) {
        if self.in_flight {
            self.waiting.insert(number, answer);
        } else {
            self.in_flight = true;
            self.send(&FromSupervisor::Answer(number, answer, false), &[]);
        }
    }

    /// The client has taken in what it was told.
    pub(super) fn taken_in(&mut self) {
        self.in_flight = !self.waiting.is_empty();
        for (number, answer) in std::mem::take(&mut self.waiting) {
            self.send(&FromSupervisor::Answer(number, answer, false), &[]);
        }
    }
}

/// All clients.
#[derive(Debug)]
pub(super) struct Clients {
    events: Sender<Event>,
    pub(super) all: BTreeMap<ClientId, Client>,
    /// Writers of clients that are gone, with what is still to be sent.
    leaving: Vec<JoinHandle<()>>,
    next: u64,
}

impl Clients {
    pub(super) const fn new(events: Sender<Event>) -> Self {
        Self {
            events,
            all: BTreeMap::new(),
            leaving: Vec::new(),
            next: 0,
        }
    }

    /// Takes in a connection; one of another user is closed unanswered.
    pub(super) fn accept(&mut self, stream: UnixStream) {
        if !socket::peer_is_me(&stream) {
            tracing::warn!("refused a connection of another user");
            return;
        }
        self.next += 1;
        let id = ClientId(self.next);
        let (read, write) = stream.into_split();
        let (out, queue) = unbounded_channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let writer = tokio::spawn(write_lines(write, queue, Arc::clone(&queued)));
        let reader = tokio::spawn(read_lines(BufReader::new(read), id, self.events.clone()));
        self.all.insert(
            id,
            Client {
                out,
                queued,
                writer,
                reader,
                session: None,
                welcome: false,
                in_flight: false,
                waiting: BTreeMap::new(),
            },
        );
    }

    /// Ends a connection once all that was queued for it is sent.
    pub(super) fn close(&mut self, id: ClientId) {
        self.leaving.retain(|writer| !writer.is_finished());
        if let Some(client) = self.all.remove(&id) {
            client.reader.abort();
            self.leaving.push(client.writer);
        }
    }

    /// Ends all connections; waits until what was queued is sent, at most for so long.
    pub(super) async fn farewell(&mut self, patience: Duration) {
        let ids: Vec<ClientId> = self.all.keys().copied().collect();
        for id in ids {
            if let Some(client) = self.all.get(&id).filter(|client| client.welcome) {
                client.send(&FromSupervisor::Bye(None), &[]);
            }
            self.close(id);
        }
        let sent = async {
            for writer in self.leaving.drain(..) {
                writer.await.ok();
            }
        };
        // one that reads nothing keeps nobody
        tokio::time::timeout(patience, sent).await.ok();
    }
}

fn has_hung_up(socket: &tokio::net::unix::OwnedReadHalf) -> bool {
    let stream: &UnixStream = socket.as_ref();
    let look = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    matches!(recv(stream, &mut [0_u8; 1], look), Ok((_, 0)))
}

/// What a client's first line says, in whatever protocol.
fn first_line(id: ClientId, line: &[u8]) -> serde_json::Result<Event> {
    match serde_json::from_slice::<Hello>(line) {
        Ok(hello) => Ok(Event::Hello(id, Box::new(hello))),
        Err(_) => Ok(Event::Greeting(
            id,
            serde_json::from_slice::<Greeting>(line)?,
        )),
    }
}

/// The next connection.
pub(super) async fn next(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                // out of descriptors: those who are connected may leave meanwhile
                tracing::warn!(%error, "a connection can't be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn write_lines(
    mut socket: tokio::net::unix::OwnedWriteHalf,
    mut queue: UnboundedReceiver<Vec<u8>>,
    queued: Arc<AtomicUsize>,
) {
    while let Some(bytes) = queue.recv().await {
        if socket.write_all(&bytes).await.is_err() {
            return;
        }
        queued.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn read_lines(
    mut socket: BufReader<tokio::net::unix::OwnedReadHalf>,
    id: ClientId,
    events: Sender<Event>,
) {
    let mut greeted = false;
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = tokio::io::AsyncReadExt::take(&mut socket, LONGEST as u64);
        match limited.read_until(b'\n', &mut line).await {
            Ok(_) if line.last() == Some(&b'\n') => {}
            _ => break,
        }
        let event = if greeted {
            serde_json::from_slice::<FromClient>(&line)
                .map(|said| Event::Client(id, Box::new(said)))
        } else {
            first_line(id, &line)
        };
        greeted = true;
        let Ok(event) = event else { break };
        if matches!(&event, Event::Hello(_, hello) if matches!(hello.role, Role::Takeover))
            && has_hung_up(socket.get_ref())
        {
            // it gave up while this process was stopped: nobody is left to take over
            break;
        }
        if events.send(event).await.is_err() {
            break;
        }
    }
    events.send(Event::ClientGone(id)).await.ok();
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::sync::mpsc::channel;

    use super::*;

    #[test]
    fn one_that_reads_nothing_is_behind_until_it_has_read() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut clients = Clients::new(channel(1).0);
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            clients.accept(ours);
            let client = clients.all.values().next().unwrap();
            let mut sent = 0;
            let line = FromSupervisor::Bye(None);
            while !client.is_behind() {
                client.send(&line, &[]);
                sent += 1;
            }
            assert_eq!(sent, BEHIND + 1);
            let mut all = vec![0; sent * (serde_json::to_vec(&line).unwrap().len() + 1)];
            theirs.read_exact(&mut all).await.unwrap();
            assert!(!client.is_behind());
        });
    }
}
