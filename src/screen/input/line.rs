//! A search being typed.

use crossterm::event::KeyEvent;

use super::Turn;
use crate::screen::keymap::Command;
use crate::screen::mode::Mode;
use crate::screen::screen::Screen;

impl Screen {
    /// A key while a search is typed: each change searches anew.
    pub(super) fn search_key(&mut self, turn: &mut Turn, command: Option<Command>, key: KeyEvent) {
        let Mode::Search(field) = &mut self.mode else {
            return;
        };
        match command {
            Some(Command::Accept) => {
                let empty = field.is_empty();
                self.mode = Mode::Normal;
                if empty {
                    self.end_search(&mut turn.out);
                }
            }
            Some(Command::Interrupt) if !field.is_empty() => {
                field.set("");
                self.search(&mut turn.out, "");
            }
            Some(Command::Cancel | Command::Interrupt) => {
                if let Some(find) = &self.find {
                    find.give_up(&mut self.view);
                }
                self.mode = Mode::Normal;
                self.end_search(&mut turn.out);
            }
            _ => {
                let before = field.text();
                field.key(key);
                let pattern = field.text();
                if pattern != before {
                    self.search(&mut turn.out, &pattern);
                }
            }
        }
    }
}
