//! Composing a task. What is typed stays until it is launched.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};

use super::Turn;
use crate::screen::action::Action;
use crate::screen::keymap::Command;
use crate::screen::mode::{Draft, Mode};
use crate::screen::remembered;
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
            Some(Command::NextAgent) => {
                let agents = Arc::clone(&self.context.agents);
                self.draft
                    .next_agent(agents.iter().map(|profile| profile.name.as_str()));
            }
            Some(Command::Earlier) => self.recall(turn, true),
            Some(Command::Later) => self.recall(turn, false),
            _ if key.code == KeyCode::Up
                && self.draft.field == 0
                && (self.draft.command.is_empty() || self.draft.back > 0) =>
            {
                self.recall(turn, true);
            }
            _ if key.code == KeyCode::Down && self.draft.field == 0 && self.draft.back > 0 => {
                self.recall(turn, false);
            }
            _ if key.code == KeyCode::Enter && self.draft.field > 0 => self.draft.step(1),
            _ => {
                self.draft.back = 0;
                self.draft.focused().key(key);
            }
        }
    }

    /// Something composed before, or after that; past the last nothing.
    fn recall(&mut self, turn: &Turn, earlier: bool) {
        let all = remembered::composed(turn.engine.settings());
        self.draft.back = if earlier {
            (self.draft.back + 1).min(all.len())
        } else {
            self.draft.back.saturating_sub(1)
        };
        let text = match self.draft.back {
            0 => "",
            back => &all[all.len() - back],
        };
        self.draft.command.set(text);
        self.draft.field = 0;
    }

    /// Launches through the verb, so that a composed task is checked as any other is.
    fn launch(&mut self, turn: &mut Turn) {
        let typed = self.draft.command.text();
        let agent = self.draft.agent.clone();
        if typed.trim().is_empty() {
            self.draft.field = 0;
            let what = if agent.is_some() { "prompt" } else { "command" };
            self.fail(format!("no {what} yet: type one"));
            return;
        }
        let (options, command) = match split(&typed) {
            Ok(split) => split,
            Err(why) => {
                self.draft.field = 0;
                return self.fail(why);
            }
        };
        let name = self.draft.name.text();
        let dir = self.draft.dir.text();
        let mut words = vec!["run"];
        if !name.trim().is_empty() {
            words.extend(["--name", name.trim()]);
        }
        if !dir.trim().is_empty() {
            words.extend(["--dir", dir.trim()]);
        }
        words.extend(options.iter().map(String::as_str));
        match &agent {
            Some(agent) => words.extend(["--agent", agent, "--", command.trim_end()]),
            None => words.extend(["--", "sh", "-c", command.trim_end()]),
        }
        let asked = shlex::try_join(words)
            .map_err(|_| "the command holds a NUL, which no program can be given".to_owned())
            .and_then(|line| verb::parse_bar(&line, &self.context));
        match asked {
            Ok(asked) => {
                self.mode = Mode::Normal;
                self.draft = Draft::new(&self.context.caller);
                // who launched one agent will most likely launch another
                self.draft.agent = agent;
                self.carry_out(turn, asked);
                let settings = turn.engine.settings();
                if let Some(all) = remembered::with_composed(settings, typed.trim_end()) {
                    turn.out.push(Action::Remember(remembered::COMPOSED, all));
                }
            }
            Err(why) => self.fail(why),
        }
    }
}

/// The options at the head of what is composed, and the command after `--`: no command
/// begins with a dash.
fn split(text: &str) -> Result<(Vec<String>, &str), &'static str> {
    let text = text.trim_start();
    if !text.starts_with('-') {
        return Ok((Vec::new(), text));
    }
    let is_apart = |at: usize| {
        let after = text[at + 2..].chars().next();
        text[..at].ends_with(char::is_whitespace) && after.is_some_and(char::is_whitespace)
    };
    let all = text.match_indices("--").map(|(at, _)| at);
    let mut ends = all.filter(|at| is_apart(*at));
    // one in quotes is part of a word
    let found = ends.find_map(|at| Some((shlex::split(&text[..at])?, text[at + 2..].trim_start())));
    found
        .filter(|(_, command)| !command.is_empty())
        .ok_or("what begins with a dash is an option: write -- and then the command")
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn options_stand_before_the_command() {
        let (options, command) = split("--lane x --label 'a -- b' --\nmake -- all").unwrap();
        assert_eq!(options, ["--lane", "x", "--label", "a -- b"]);
        assert_eq!(command, "make -- all");
        assert_eq!(
            split("make --all -- x"),
            Ok((Vec::new(), "make --all -- x"))
        );
        for text in ["--lane x make", "--lane x --", "--lane 'x -- make"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
