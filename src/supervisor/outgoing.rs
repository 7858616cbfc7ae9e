//! Orders on their way to one shim.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::core::shim::Order;

/// The sending half of the line to one shim. That the shim is gone the other half tells.
#[derive(Debug)]
pub(super) struct Outgoing {
    socket: Arc<OwnedWriteHalf>,
    /// What the socket had no room for.
    rest: UnboundedSender<Vec<u8>>,
    /// How many pieces of that wait.
    waiting: Arc<AtomicUsize>,
    writer: JoinHandle<()>,
}

impl Outgoing {
    /// Must run inside the runtime.
    pub(super) fn new(socket: OwnedWriteHalf) -> Self {
        let (rest, queue) = unbounded_channel();
        let (socket, waiting) = (Arc::new(socket), Arc::default());
        let writer = write_rest(Arc::clone(&socket), queue, Arc::clone(&waiting));
        Self {
            socket,
            rest,
            waiting,
            writer: tokio::spawn(writer),
        }
    }

    /// Puts an order into the socket at once: once it lies there the shim obeys it,
    /// though this process is killed before its next turn. What finds no room waits.
    pub(super) fn give(&self, order: &Order) {
        let Ok(mut line) = serde_json::to_vec(order) else {
            return;
        };
        line.push(b'\n');
        if self.waiting.load(Ordering::Relaxed) == 0 {
            line.drain(..written(&self.socket, &line));
        }
        if !line.is_empty() {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            self.rest.send(line).ok();
        }
    }

    /// Until all that was given is sent; then the line ends.
    pub(super) async fn sent(self) {
        drop(self.rest);
        self.writer.await.ok();
    }
}

/// How much of this the socket takes now. It is asked itself: the runtime knows of room
/// only after a turn of its own.
fn written(socket: &OwnedWriteHalf, bytes: &[u8]) -> usize {
    let socket: &UnixStream = socket.as_ref();
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let mut at = 0;
    while at < bytes.len() {
        match send(socket, &bytes[at..], flags) {
            Ok(count) => at += count,
            Err(Errno::INTR) => {}
            Err(_) => break,
        }
    }
    at
}

async fn write_rest(
    socket: Arc<OwnedWriteHalf>,
    mut queue: UnboundedReceiver<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
) {
    while let Some(bytes) = queue.recv().await {
        let mut at = 0;
        while at < bytes.len() {
            match socket.try_write(&bytes[at..]) {
                Ok(count) => at += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if socket.writable().await.is_err() {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
        waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::os::unix::net::UnixStream as StdStream;

    use super::*;
    use crate::core::raw::Raw;

    /// Within a runtime, orders to a shim whose end of the line is this.
    fn with_line(test: impl AsyncFnOnce(Outgoing, StdStream)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (ours, theirs) = StdStream::pair().unwrap();
            ours.set_nonblocking(true).unwrap();
            let (_read, write) = UnixStream::from_std(ours).unwrap().into_split();
            test(Outgoing::new(write), theirs).await;
        });
    }

    #[test]
    fn an_order_lies_in_the_socket_before_the_runtime_has_its_turn() {
        with_line(async |orders, theirs| {
            theirs.set_nonblocking(true).unwrap();
            orders.give(&Order::Stop { grace_ms: 5 });
            orders.give(&Order::Kill);
            let mut lines = BufReader::new(theirs).lines();
            for order in ["{\"stop\":{\"grace_ms\":5}}", "\"kill\""] {
                assert_eq!(lines.next().unwrap().unwrap(), order);
            }
        });
    }

    #[test]
    fn what_finds_no_room_comes_later_and_in_order() {
        with_line(async |orders, mut theirs| {
            let long = |letter: &str| Order::Input(Raw::from(letter.repeat(1 << 20)));
            for order in [&long("a"), &Order::Kill, &long("b"), &Order::Resume] {
                orders.give(order);
            }
            let read = std::thread::spawn(move || {
                let mut all = String::new();
                theirs.read_to_string(&mut all).unwrap();
                all
            });
            orders.sent().await;
            let all = read.join().unwrap();
            let begins: Vec<&str> = all.lines().map(|line| &line[..6]).collect();
            assert_eq!(begins, ["{\"inpu", "\"kill\"", "{\"inpu", "\"resum"]);
        });
    }
}
