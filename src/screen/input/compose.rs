//! Composing a task. What is typed stays until it is launched.

use crossterm::event::{KeyCode, KeyEvent};

use super::Turn;
use crate::screen::keymap::Command;
use crate::screen::mode::{Draft, Mode};
use crate::screen::screen::Screen;
use crate::verb;

impl Screen {
    /// A key while a task is composed.
    pub(super) fn compose_key(&mut self, turn: &mut Turn, command: Option<Command>, key: KeyEvent) {
        match command {
            Some(Command::Launch) => self.launch(turn),
            Some(Command::NextField) => self.draft.step(1),
            Some(Command::PreviousField) => self.draft.step(Draft::FIELDS - 1),
            Some(Command::Interrupt) if !self.draft.focused().is_empty() => {
                self.draft.focused().set("");
            }
            Some(Command::Cancel | Command::Interrupt) => {
                self.mode = Mode::Normal;
                if !self.draft.command.is_empty() {
                    let key = self.keymap.key(Command::Compose);
                    self.say(format!("draft kept; {key} goes on with it"));
                }
            }
            _ if key.code == KeyCode::Enter && self.draft.field > 0 => self.draft.step(1),
            _ => self.draft.focused().key(key),
        }
    }

    /// Launches through the verb, so that a composed task is checked as any other is.
    fn launch(&mut self, turn: &mut Turn) {
        let command = self.draft.command.text();
        if command.trim().is_empty() {
            self.draft.field = 0;
            self.fail("no command yet: type one");
            return;
        }
        let name = self.draft.name.text();
        let dir = self.draft.dir.text();
        let mut words = vec!["run"];
        if !name.trim().is_empty() {
            words.extend(["--name", name.trim()]);
        }
        if !dir.trim().is_empty() {
            words.extend(["--dir", dir.trim()]);
        }
        words.extend(["--", "sh", "-c", command.trim_end()]);
        let asked = shlex::try_join(words)
            .map_err(|_| "the command holds a NUL, which no program can be given".to_owned())
            .and_then(|line| verb::parse_bar(&line, &self.context));
        match asked {
            Ok(asked) => {
                self.mode = Mode::Normal;
                self.draft = Draft::new(&self.context.caller);
                self.carry_out(turn, asked);
            }
            Err(why) => self.fail(why),
        }
    }
}
