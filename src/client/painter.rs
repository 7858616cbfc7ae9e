//! What goes to the terminal, by a thread of its own: a terminal that takes no bytes
//! must not keep the client from obeying a signal.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crossterm::clipboard::CopyToClipboard;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use crossterm::{QueueableCommand, execute};
use tokio::sync::mpsc::UnboundedSender;

use super::tty;

/// What is to be written.
#[derive(Debug)]
enum Stroke {
    Frame(Vec<u8>),
    Copy(String),
    /// Nothing; answered when all before it is written.
    Mark,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Painted {
    /// A frame is on the terminal.
    Frame,
    /// All that was given before the mark is.
    Mark,
    /// The terminal takes nothing any more.
    Closed,
}

/// The thread's hand. One frame is in flight at most, so its queue stays short.
#[derive(Debug)]
pub(super) struct Painter {
    strokes: Sender<Stroke>,
}

impl Painter {
    pub(super) fn start(to: UnboundedSender<Painted>) -> io::Result<Self> {
        let (strokes, queue) = channel();
        let stdout = tty::output()?;
        thread::Builder::new()
            .name("painter".into())
            .spawn(move || serve(stdout, &queue, &to))?;
        Ok(Self { strokes })
    }

    pub(super) fn frame(&self, bytes: Vec<u8>) {
        self.strokes.send(Stroke::Frame(bytes)).ok();
    }

    pub(super) fn copy(&self, text: String) {
        self.strokes.send(Stroke::Copy(text)).ok();
    }

    pub(super) fn mark(&self) {
        self.strokes.send(Stroke::Mark).ok();
    }
}

fn serve(mut stdout: File, queue: &Receiver<Stroke>, to: &UnboundedSender<Painted>) {
    while let Ok(stroke) = queue.recv() {
        let (done, painted) = match stroke {
            Stroke::Frame(bytes) => (paint(&mut stdout, &bytes), Some(Painted::Frame)),
            Stroke::Copy(text) => {
                let copy = CopyToClipboard::to_clipboard_from(text);
                (execute!(stdout, copy), None)
            }
            Stroke::Mark => (Ok(()), Some(Painted::Mark)),
        };
        let told = match (done, painted) {
            (Err(_), _) => to.send(Painted::Closed),
            (Ok(()), Some(painted)) => to.send(painted),
            (Ok(()), None) => Ok(()),
        };
        if told.is_err() {
            return;
        }
    }
}

/// One frame, shown at once where the terminal can hold back (mode 2026).
fn paint(to: &mut File, frame: &[u8]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(frame.len() + 16);
    bytes.queue(BeginSynchronizedUpdate)?;
    bytes.extend_from_slice(frame);
    bytes.queue(EndSynchronizedUpdate)?;
    to.write_all(&bytes)
}
