//! The line to the supervisor: JSON lines, never blocking, bounded.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};

use crate::core::shim::{Order, Status};
use crate::sys::socket;

/// The longest order: a launch with its environment and arguments, which the kernel
/// bounds too.
const LONGEST: usize = 64 << 20;

/// A connection to a supervisor.
#[derive(Debug)]
pub(super) struct Link {
    stream: UnixStream,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

impl Link {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            incoming: Vec::new(),
            outgoing: Vec::new(),
        })
    }

    /// A supervisor that came to take over; `None` for anybody else.
    pub(super) fn accept(listener: &UnixListener) -> Option<Self> {
        let (stream, _) = listener.accept().ok()?;
        socket::peer_is_me(&stream).then(|| Self::new(stream).ok())?
    }

    /// Whole orders that have come; those sent right before it died count. Err: the
    /// supervisor is gone and has left none, or talks nonsense.
    pub(super) fn orders(&mut self) -> io::Result<Vec<Order>> {
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) if self.incoming.contains(&b'\n') => break,
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.incoming.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if self.incoming.len() > LONGEST {
                return Err(ErrorKind::InvalidData.into());
            }
        }
        let Some(end) = memchr::memrchr(b'\n', &self.incoming) else {
            return Ok(Vec::new());
        };
        let rest = self.incoming.split_off(end + 1);
        let lines = std::mem::replace(&mut self.incoming, rest);
        lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).map_err(io::Error::from))
            .collect()
    }

    /// Whether the last report has left: only then is there room for another.
    pub(super) fn is_idle(&self) -> bool {
        self.outgoing.is_empty()
    }

    /// Queues a report and sends what the socket takes.
    pub(super) fn report(&mut self, status: &Status) -> io::Result<()> {
        serde_json::to_writer(&mut self.outgoing, status)?;
        self.outgoing.push(b'\n');
        self.flush()
    }

    /// Sends what the socket takes.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while !self.outgoing.is_empty() {
            match self.stream.write(&self.outgoing) {
                Ok(count) => drop(self.outgoing.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_given_right_before_the_end_is_obeyed() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut link = Link::new(ours).unwrap();
        theirs.write_all(b"\"kill\"\n\"rel").unwrap();
        drop(theirs);
        let orders = link.orders().unwrap();
        assert!(matches!(orders.as_slice(), [Order::Kill]), "{orders:?}");
        let end = link.orders().unwrap_err();
        assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
    }
}
