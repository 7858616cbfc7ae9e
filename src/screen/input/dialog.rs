//! Keys of the dialogs: kill menu, help, leave, finish.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Turn;
use crate::screen::action::Action;
use crate::screen::keymap::Command;
use crate::screen::mode::Mode;
use crate::screen::screen::Screen;

/// Rows that a page key moves a dialog by.
const PAGE: usize = 10;

impl Screen {
    /// A key in the kill menu: a label revokes, again forces. The menu stays open.
    pub(super) fn kill_key(&mut self, turn: &mut Turn, command: Option<Command>, key: KeyEvent) {
        let Mode::Kill(menu) = &mut self.mode else {
            return;
        };
        // labels first: they are what the menu shows
        if let KeyCode::Char(label) = key.code
            && !key
                .modifiers
                .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
            && let Some(id) = menu.task(label)
        {
            if let Some(task) = turn.engine.task(id) {
                self.revoke_task(turn, task, false);
            }
            return;
        }
        if let Some(command) = command {
            menu.scroll = scrolled(menu.scroll, self.drawn.scroll_most, command);
            self.dialog_key(turn, command);
        }
    }

    /// A key in the help.
    pub(super) fn help_key(&mut self, turn: &mut Turn, command: Option<Command>) {
        let (Mode::Help(scroll) | Mode::Text { scroll, .. }) = &mut self.mode else {
            return;
        };
        match command {
            Some(Command::CloseHelp) => self.mode = Mode::Normal,
            Some(command) => {
                *scroll = scrolled(*scroll, self.drawn.scroll_most, command);
                self.dialog_key(turn, command);
            }
            None => {}
        }
    }

    /// A key in the dialog that asks how to leave.
    pub(super) fn leave_key(&mut self, turn: &mut Turn, command: Option<Command>) {
        match command {
            Some(Command::Detach) => {
                self.mode = Mode::Normal;
                turn.out.push(Action::Detach);
            }
            Some(Command::StopAll) => self.finish(turn),
            Some(command) => self.dialog_key(turn, command),
            None => {}
        }
    }

    /// A key while all is being revoked.
    pub(super) fn finish_key(&mut self, turn: &mut Turn, command: Option<Command>) {
        let Mode::Finish { scroll } = &mut self.mode else {
            return;
        };
        match command {
            Some(Command::Finish) => self.revoke_all(&mut turn.out, true),
            Some(Command::Close | Command::Interrupt) => {
                self.mode = Mode::Normal;
                self.say("you stay; what is being revoked goes on to be");
            }
            Some(command) => *scroll = scrolled(*scroll, self.drawn.scroll_most, command),
            None => {}
        }
    }

    /// What all dialogs share.
    fn dialog_key(&mut self, turn: &mut Turn, command: Command) {
        match command {
            Command::Close | Command::Interrupt => self.mode = Mode::Normal,
            Command::Finish => self.finish(turn),
            _ => {}
        }
    }
}

/// Where a dialog is scrolled to by a key that moves.
fn scrolled(at: usize, most: usize, command: Command) -> usize {
    let to = match command {
        Command::Down => at + 1,
        Command::Up => at.saturating_sub(1),
        Command::PageDown => at + PAGE,
        Command::PageUp => at.saturating_sub(PAGE),
        Command::Top => 0,
        Command::Bottom => most,
        _ => at,
    };
    to.min(most)
}
