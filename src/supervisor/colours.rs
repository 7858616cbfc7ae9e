//! Finding out what the words of code are, for the screens: on a thread of its own, which
//! begins with the first block of code that is shown.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use tokio::sync::mpsc::UnboundedSender;

use super::event::Event;
use crate::screen::transcript::Colours;

/// What is known of code, and who finds it out.
pub(super) struct Colouring {
    colours: Arc<Colours>,
    thread: Option<SyncSender<()>>,
    events: UnboundedSender<Event>,
}

impl Colouring {
    pub(super) fn new(events: UnboundedSender<Event>) -> Self {
        Self {
            colours: Arc::default(),
            thread: None,
            events,
        }
    }

    /// What is known by now.
    pub(super) fn colours(&self) -> &Colours {
        &self.colours
    }

    /// Has what is wanted found out; each screen is drawn anew when it is.
    pub(super) fn go_on(&mut self) {
        if !self.colours.is_asked() {
            return;
        }
        if self.thread.is_none() {
            let (wake, woken) = sync_channel(1);
            let (colours, events) = (Arc::clone(&self.colours), self.events.clone());
            let work = move || {
                while woken.recv().is_ok() {
                    while let Some(wanted) = colours.next() {
                        colours.learn(&wanted);
                        if events.send(Event::Coloured).is_err() {
                            return;
                        }
                    }
                }
            };
            match thread::Builder::new().name("colours".into()).spawn(work) {
                Ok(_) => self.thread = Some(wake),
                // code stays plain; tried again with what is shown next
                Err(error) => tracing::warn!(%error, "no thread to colour code"),
            }
        }
        if let Some(thread) = &self.thread {
            // where it is full it is awake, and comes to this too
            thread.try_send(()).ok();
        }
    }
}
