//! What events do: a file per place where keys can go.

mod bar;
mod compose;
mod dialog;
mod filter;
mod line;
mod mouse;
mod normal;
mod queue;

use crossterm::event::{Event, KeyEvent, KeyEventKind};

use super::action::Action;
use super::keymap::{Command, Context};
use super::mode::Mode;
use super::screen::Screen;
use crate::core::engine::Engine;

/// What an event is handled with.
pub(super) struct Turn<'a> {
    pub(super) engine: &'a Engine,
    pub(super) out: Vec<Action>,
}

impl Screen {
    /// Takes in a key, a paste, a movement of the mouse or a new size.
    pub fn event(&mut self, engine: &Engine, event: Event) -> Vec<Action> {
        let mut turn = Turn {
            engine,
            out: Vec::new(),
        };
        // what comes to be shown while a filter is typed nobody has chosen to see
        let by_hand = matches!(event, Event::Key(_) | Event::Mouse(_) | Event::Paste(_))
            && !matches!(self.mode, Mode::Filter(_));
        if by_hand && let Some(id) = self.drawn.unread.take() {
            turn.out.push(Action::Seen(id));
        }
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.key(&mut turn, key),
            Event::Paste(text) => self.paste(&mut turn, &text),
            Event::Mouse(mouse) => self.mouse(&mut turn, mouse),
            Event::Resize(cols, rows) => self.size = (cols, rows),
            Event::Key(_) | Event::FocusGained | Event::FocusLost => {}
        }
        let mut out = turn.out;
        out.extend(self.refresh(engine));
        out
    }

    fn key(&mut self, turn: &mut Turn, key: KeyEvent) {
        // what has come since the last frame is there for the key, drawn or not
        self.list.refresh(turn.engine);
        self.message = None;
        let command = |context| self.keymap.command(context, key);
        match &self.mode {
            Mode::Normal => {
                let hits = (self.find.is_some() && self.reading).then_some(Context::Hits);
                let place = if self.reading {
                    Context::Output
                } else {
                    Context::List
                };
                if let Some(command) = hits.and_then(command).or_else(|| command(place)) {
                    // a key goes by what is selected: the wheel may have taken it out of view
                    self.list.reveal();
                    self.perform(turn, command);
                }
            }
            Mode::Bar => {
                let command = command(Context::Line);
                self.bar_key(turn, command, key);
            }
            Mode::Filter(_) => {
                let command = command(Context::Line);
                self.filter_key(command, key);
            }
            Mode::Remove(id) => {
                let (command, id) = (command(Context::Line), *id);
                self.remove_key(turn, command, id);
            }
            Mode::Search(_) => {
                let command = command(Context::Line);
                self.search_key(turn, command, key);
            }
            Mode::Send { .. } => {
                let command = command(Context::Line);
                self.send_key(turn, command, key);
            }
            Mode::Answer { .. } => {
                let command = command(Context::Line);
                self.answer_key(turn, command, key);
            }
            Mode::Compose => {
                let command = command(Context::Compose);
                self.compose_key(turn, command, key);
            }
            Mode::Kill(_) => {
                let command = command(Context::Kill);
                self.kill_key(turn, command, key);
            }
            Mode::Help(_) | Mode::Text { .. } => {
                let command = command(Context::Help);
                self.help_key(turn, command);
            }
            Mode::Leave => {
                let command = command(Context::Leave);
                self.leave_key(turn, command);
            }
            Mode::Finish { .. } => {
                let command = command(Context::Finish);
                self.finish_key(turn, command);
            }
        }
    }

    /// Pasted text goes into a text; elsewhere it would be keys nobody pressed.
    fn paste(&mut self, turn: &mut Turn, text: &str) {
        match &mut self.mode {
            Mode::Bar => {
                self.bar.field.paste(text);
                self.bar.completing = None;
            }
            Mode::Filter(field) => {
                let before = field.text();
                field.paste(text);
                self.filter_by_field(&before);
            }
            Mode::Search(field) => {
                field.paste(text);
                let pattern = field.text();
                self.search(&mut turn.out, &pattern);
            }
            Mode::Send { field, .. } | Mode::Answer { field, .. } => field.paste(text),
            Mode::Compose => self.draft.focused().paste(text),
            Mode::Normal => {
                let key = self.keymap.key(Command::Compose);
                self.say(format!("{key} opens a text that takes what is pasted"));
            }
            Mode::Remove(_)
            | Mode::Kill(_)
            | Mode::Help(_)
            | Mode::Text { .. }
            | Mode::Leave
            | Mode::Finish { .. } => {}
        }
    }
}
