//! The terminal that shows the screen: events there, bytes back. It knows nothing of
//! what is shown.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::signal::unix::{Signal as Watched, SignalKind, signal};
use tokio::sync::mpsc;

use super::connect::{connect, reconnect};
use super::keys::{Keys, Typed};
use super::line::again_and_again;
use super::offer::{self, Said};
use super::open::Deaths;
use super::pager::Pager;
use super::painter::{Painted, Painter};
use super::stream::{Sent, Stream};
use super::trouble::{Trouble, say};
use super::tty;
use crate::config::Paths;
use crate::core::wire::{Caller, FromClient, FromSupervisor, Returns, Role, Terminal};

/// Default colours, all erased: what a first frame is drawn upon.
const BLANK: &[u8] = b"\x1b[0m\x1b[2J";

/// How long a terminal that takes no bytes may hold up the leaving.
const STUCK: Duration = Duration::from_millis(200);

/// Shows the screen until it is over.
pub(super) fn attach(paths: &Paths, caller: Caller) -> Result<u8, Trouble> {
    tty::check()?;
    let size = tty::size();
    let (line, _) = connect(paths, &role(size, &caller, None, None))?;
    let (stream, early) = line.into_parts();
    let failed = |error: io::Error| Trouble::Failed(format!("cannot attach: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let left = runtime.block_on(async {
        let stream = Stream::open(stream, early).map_err(failed)?;
        let mut relay = Relay::start(paths, caller, stream, size).map_err(failed)?;
        let left = relay.serve().await;
        // what is half painted would land on the shell's screen
        tokio::time::timeout(STUCK, relay.finish_painting())
            .await
            .ok();
        left
    });
    // a thread may still wait for a terminal that takes no bytes: nobody waits for it
    runtime.shutdown_background();
    let why = left?;
    if let Some(why) = why {
        say(&why);
    }
    Ok(0)
}

/// A screen of this size, called from there.
fn role(
    (cols, rows): (u16, u16),
    caller: &Caller,
    returns: Option<Returns>,
    place: Option<Value>,
) -> Role {
    Role::Screen(Box::new(Terminal {
        cols,
        rows,
        caller: caller.clone(),
        returns,
        place,
        counts: true,
    }))
}

/// Why the screen ends: something said, or nothing.
type Left = Result<Option<String>, Trouble>;

/// The signals a client obeys.
#[derive(Debug)]
struct Signals {
    terminate: Watched,
    interrupt: Watched,
    hang_up: Watched,
}

impl Signals {
    fn watch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The signal that ends the client. Ctrl-C in the pager is not meant for it.
    async fn fatal(&mut self, interrupt: bool) -> Signal {
        tokio::select! {
            Some(()) = self.terminate.recv() => Signal::SIGTERM,
            Some(()) = self.hang_up.recv() => Signal::SIGHUP,
            Some(()) = self.interrupt.recv(), if interrupt => Signal::SIGINT,
        }
    }
}

/// Everything a client holds.
#[derive(Debug)]
struct Relay {
    paths: Paths,
    caller: Caller,
    stream: Stream,
    deaths: Deaths,
    /// Where a person is, to be handed to the next supervisor.
    place: Option<Value>,
    /// The next frame is a new supervisor's first: it takes the terminal for blank.
    blank: bool,
    painter: Painter,
    painted: mpsc::UnboundedReceiver<Painted>,
    keys: Option<Keys>,
    typed: mpsc::UnboundedReceiver<Typed>,
    typing: mpsc::UnboundedSender<Typed>,
    signals: Signals,
    resize: Watched,
    size: (u16, u16),
    _taken: tty::Taken,
}

impl Relay {
    fn start(paths: &Paths, caller: Caller, stream: Stream, size: (u16, u16)) -> io::Result<Self> {
        // before the terminal is taken: from here on no signal leaves it in disorder
        let signals = Signals::watch()?;
        let resize = signal(SignalKind::window_change())?;
        let (painting, painted) = mpsc::unbounded_channel();
        let (typing, typed) = mpsc::unbounded_channel();
        let taken = tty::Taken::take()?;
        let mut relay = Self {
            paths: paths.clone(),
            caller,
            stream,
            deaths: Deaths::default(),
            place: None,
            blank: false,
            painter: Painter::start(painting)?,
            painted,
            keys: Some(Keys::read(typing.clone())?),
            typed,
            typing,
            signals,
            resize,
            size,
            _taken: taken,
        };
        relay.resized(false);
        Ok(relay)
    }

    async fn serve(&mut self) -> Left {
        loop {
            tokio::select! {
                biased;
                signal = self.signals.fatal(true) => return ended_by(signal),
                Some(typed) = self.typed.recv() => match typed {
                    Typed::Event(event) if is_suspend(&event) => self.suspend().await?,
                    Typed::Event(event) => self.tell(FromClient::Event(event)),
                    Typed::Closed => return ended_by(Signal::SIGHUP),
                },
                Some(()) = self.resize.recv() => self.resized(false),
                Some(painted) = self.painted.recv() => match painted {
                    Painted::Frame => self.tell(FromClient::Drawn),
                    Painted::Mark => {}
                    Painted::Closed => return ended_by(Signal::SIGHUP),
                },
                sent = self.stream.next() => match sent {
                    Some(Sent::Frame(bytes)) => self.paint(bytes),
                    Some(Sent::Said(FromSupervisor::Copy(text))) => self.painter.copy(text),
                    Some(Sent::Said(FromSupervisor::Page { log, .. })) => {
                        if let Some(left) = self.page(log.as_path()).await? {
                            return ended_by(left);
                        }
                    }
                    Some(Sent::Said(FromSupervisor::Place(place))) => self.place = Some(place),
                    Some(Sent::Said(FromSupervisor::Bye(why))) => return Ok(why),
                    Some(Sent::Said(FromSupervisor::Replaced(_))) => {
                        if let Some(left) = self.turn_to_the_next(Returns::Replaced).await? {
                            return ended_by(left);
                        }
                    }
                    Some(Sent::Said(_)) => {}
                    None => {
                        if let Some(left) = self.turn_to_the_next(Returns::Died).await? {
                            return ended_by(left);
                        }
                    }
                },
            }
        }
    }

    fn tell(&mut self, message: FromClient) {
        self.stream.tell(message);
    }

    fn paint(&mut self, mut frame: Vec<u8>) {
        if std::mem::take(&mut self.blank) {
            frame.splice(..0, BLANK.iter().copied());
        }
        self.painter.frame(frame);
    }

    /// The supervisor is gone: shows the screen of the next one, which is started where
    /// there is none. A signal, or a key that says so, ends the waiting for it.
    /// Where none can be had, or they die again and again, a person says what is next.
    async fn turn_to_the_next(&mut self, how: Returns) -> Result<Option<Signal>, Trouble> {
        let mut worth = how == Returns::Replaced || self.deaths.bear(Instant::now());
        loop {
            let why = if worth {
                match self.meet_the_next(how).await {
                    Ok(left) => return Ok(left),
                    Err(why) => why,
                }
            } else {
                again_and_again(&self.paths)
            };
            match self.offer(&why).await {
                Ok(Said::Again) => (worth, self.deaths) = (true, Deaths::default()),
                Ok(Said::Leave) => return Err(why),
                Err(signal) => return Ok(Some(signal)),
            }
        }
    }

    /// Says why there is no supervisor, until a key or a signal says what is next.
    async fn offer(&mut self, why: &Trouble) -> Result<Said, Signal> {
        let show = || [BLANK, &offer::text(why)].concat();
        // what was typed before a person could read this answers something else: where the
        // terminal takes bytes, that is what was typed up to now
        let painting = tokio::time::timeout(STUCK, self.finish_painting());
        let mut shown = painting.await.is_ok();
        while let Ok(typed) = self.typed.try_recv() {
            if matches!(typed, Typed::Closed) {
                return Err(Signal::SIGHUP);
            }
        }
        self.painter.frame(show());
        loop {
            tokio::select! {
                biased;
                signal = self.signals.fatal(true) => return Err(signal),
                Some(typed) = self.typed.recv() => match typed {
                    Typed::Event(event) => if let Some(said) = Said::of(&event).filter(|_| shown) {
                        return Ok(said);
                    },
                    Typed::Closed => return Err(Signal::SIGHUP),
                },
                Some(()) = self.resize.recv() => self.painter.frame(show()),
                Some(painted) = self.painted.recv() => match painted {
                    Painted::Frame => shown = true,
                    Painted::Mark => {}
                    Painted::Closed => return Err(Signal::SIGHUP),
                },
            }
        }
    }

    async fn meet_the_next(&mut self, how: Returns) -> Result<Option<Signal>, Trouble> {
        // its acknowledgement is not the next one's
        tokio::time::timeout(STUCK, self.finish_painting())
            .await
            .ok();
        self.size = tty::size();
        let (paths, role) = (
            self.paths.clone(),
            role(self.size, &self.caller, Some(how), self.place.clone()),
        );
        let mut next = tokio::task::spawn_blocking(move || reconnect(&paths, &role));
        // one that died may have heeded them all the same
        let mut typed: Vec<Event> = match how {
            Returns::Replaced => self.stream.unheeded().collect(),
            Returns::Died => Vec::new(),
        };
        // it is told of the size as it is by then
        typed.retain(|event| !matches!(event, Event::Resize(..)));
        let line = loop {
            tokio::select! {
                biased;
                signal = self.signals.fatal(true) => return Ok(Some(signal)),
                Some(key) = self.typed.recv() => match key {
                    Typed::Event(event) if is_interrupt(&event) => return Ok(Some(Signal::SIGINT)),
                    Typed::Event(event) => typed.push(event),
                    Typed::Closed => return Ok(Some(Signal::SIGHUP)),
                },
                met = &mut next => break met.map_err(|error| Trouble::Failed(error.to_string()))??.0,
            }
        };
        let (stream, early) = line.into_parts();
        self.stream = Stream::open(stream, early)
            .map_err(|error| Trouble::Failed(format!("cannot attach: {error}")))?;
        self.blank = true;
        for event in typed {
            self.tell(FromClient::Event(event));
        }
        self.resized(false);
        Ok(None)
    }

    /// Says how large the terminal is, if that changed; `anew`: in any case, which makes
    /// the supervisor draw everything again.
    fn resized(&mut self, anew: bool) {
        let (columns, rows) = tty::size();
        if anew || (columns, rows) != self.size {
            self.size = (columns, rows);
            self.tell(FromClient::Event(Event::Resize(columns, rows)));
        }
    }

    /// Until nothing is being written.
    async fn finish_painting(&mut self) {
        self.painter.mark();
        while let Some(Painted::Frame) = self.painted.recv().await {
            self.tell(FromClient::Drawn);
        }
    }

    /// Leaves the terminal to somebody else: nothing is written, nothing read any more.
    async fn step_aside(&mut self) {
        // a terminal that takes no bytes is left as it is
        tokio::time::timeout(STUCK, self.finish_painting())
            .await
            .ok();
        if let Some(keys) = self.keys.take() {
            keys.stop();
        }
        tty::give_back();
    }

    fn come_back(&mut self) -> Result<(), Trouble> {
        let failed =
            |error: io::Error| Trouble::Failed(format!("cannot take the terminal back: {error}"));
        tty::take().map_err(failed)?;
        self.keys = Some(Keys::read(self.typing.clone()).map_err(failed)?);
        self.resized(true);
        Ok(())
    }

    /// Ctrl-Z: stops the process group, as the terminal itself would, until it is told
    /// to go on.
    async fn suspend(&mut self) -> Result<(), Trouble> {
        self.step_aside().await;
        kill(Pid::from_raw(0), Signal::SIGTSTP)
            .map_err(|error| Trouble::Failed(format!("cannot suspend: {error}")))?;
        self.come_back()
    }

    /// Shows a log in the pager; a signal that came meanwhile.
    async fn page(&mut self, log: &Path) -> Result<Option<Signal>, Trouble> {
        self.step_aside().await;
        let shown = Pager::show(log).and_then(|pager| Ok((pager.ender()?, pager)));
        let complaint = match shown {
            Ok((ender, pager)) => {
                let mut shown = tokio::task::spawn_blocking(|| pager.wait());
                tokio::select! {
                    how = &mut shown => how.unwrap_or_else(|error| Err(error.to_string())).err(),
                    signal = self.signals.fatal(false) => {
                        ender.end();
                        shown.await.ok();
                        return Ok(Some(signal));
                    }
                }
            }
            Err(error) => Some(format!("cannot show {}: {error}", log.display())),
        };
        if let Some(complaint) = complaint {
            say(&format!("{complaint} (Enter goes back)"));
            tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new()))
                .await
                .ok();
        }
        self.come_back()?;
        Ok(None)
    }
}

fn is_suspend(event: &Event) -> bool {
    is_control(event, 'z')
}

fn is_interrupt(event: &Event) -> bool {
    is_control(event, 'c')
}

fn is_control(event: &Event, letter: char) -> bool {
    let Event::Key(KeyEvent {
        code: KeyCode::Char(key),
        modifiers: KeyModifiers::CONTROL,
        kind: KeyEventKind::Press,
        ..
    }) = event
    else {
        return false;
    };
    *key == letter
}

/// A closed terminal is a detach like another, and nobody is there to be told.
fn ended_by(signal: Signal) -> Left {
    Err(Trouble::Signalled(signal as i32, String::new()))
}
