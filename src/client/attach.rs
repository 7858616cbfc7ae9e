//! The terminal that shows the screen: events there, bytes back. It knows nothing of
//! what is shown.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::signal::unix::{Signal as Watched, SignalKind, signal};
use tokio::sync::mpsc;

use super::connect::connect;
use super::keys::{Keys, Typed};
use super::pager::Pager;
use super::painter::{Painted, Painter};
use super::trouble::{Trouble, say};
use super::tty;
use crate::config::Paths;
use crate::core::wire::{Caller, FromClient, FromSupervisor, Role, Terminal};

/// The largest frame that is believed, in bytes.
const LARGEST: usize = 64 << 20;
/// Messages that wait to be sent. A supervisor so far behind loses keys, not this client.
const QUEUED: usize = 1024;

/// How long a terminal that takes no bytes may hold up the leaving.
const STUCK: Duration = Duration::from_millis(200);

/// What a supervisor sends a screen.
#[derive(Debug)]
enum Sent {
    Said(FromSupervisor),
    Frame(Vec<u8>),
}

/// Shows the screen until it is over.
pub(super) fn attach(paths: &Paths, caller: Caller) -> Result<u8, Trouble> {
    tty::check()?;
    let (cols, rows) = tty::size();
    let role = Role::Screen(Box::new(Terminal { cols, rows, caller }));
    let (line, _) = connect(paths, &role)?;
    let (stream, early) = line.into_parts();
    let failed = |error: io::Error| Trouble::Failed(format!("cannot attach: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let left = runtime.block_on(async {
        let mut relay = Relay::start(stream, early, (cols, rows)).map_err(failed)?;
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
    sent: mpsc::Receiver<Sent>,
    messages: mpsc::Sender<FromClient>,
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
    fn start(stream: UnixStream, early: Vec<u8>, size: (u16, u16)) -> io::Result<Self> {
        // before the terminal is taken: from here on no signal leaves it in disorder
        let signals = Signals::watch()?;
        let resize = signal(SignalKind::window_change())?;
        stream.set_nonblocking(true)?;
        let (from, to) = tokio::net::UnixStream::from_std(stream)?.into_split();
        // one frame is in flight at most, so this holds little
        let (sending, sent) = mpsc::channel(8);
        tokio::spawn(receive(from, early, sending));
        let (messages, queue) = mpsc::channel(QUEUED);
        tokio::spawn(transmit(to, queue));
        let (painting, painted) = mpsc::unbounded_channel();
        let (typing, typed) = mpsc::unbounded_channel();
        let taken = tty::Taken::take()?;
        let mut relay = Self {
            sent,
            messages,
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
                sent = self.sent.recv() => match sent {
                    Some(Sent::Frame(bytes)) => self.painter.frame(bytes),
                    Some(Sent::Said(FromSupervisor::Copy(text))) => self.painter.copy(text),
                    Some(Sent::Said(FromSupervisor::Page { log, .. })) => {
                        if let Some(left) = self.page(log.as_path()).await? {
                            return ended_by(left);
                        }
                    }
                    Some(Sent::Said(FromSupervisor::Bye(why))) => return Ok(why),
                    Some(Sent::Said(_)) => {}
                    None => return Err(Trouble::Unreachable(
                        "the supervisor ended; tasks go on with their shims; run wrangle to take them over".into(),
                    )),
                },
            }
        }
    }

    fn tell(&self, message: FromClient) {
        // full: the supervisor is stopped; when it ends, that is seen elsewhere
        self.messages.try_send(message).ok();
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

const fn is_suspend(event: &Event) -> bool {
    matches!(
        event,
        Event::Key(KeyEvent {
            code: KeyCode::Char('z'),
            modifiers: KeyModifiers::CONTROL,
            kind: KeyEventKind::Press,
            ..
        })
    )
}

/// A closed terminal is a detach like another, and nobody is there to be told.
fn ended_by(signal: Signal) -> Left {
    Err(Trouble::Signalled(signal as i32, String::new()))
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
