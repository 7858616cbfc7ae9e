//! Where a person is: told to the client, and taken up by the next supervisor's screen.

use super::action::{Action, SearchAsk};
use super::find::Find;
use super::mode::{KillMenu, Mode};
use super::screen::Screen;
use super::widget::Field;
use crate::core::place::{Keys, LONGEST, Place, Talks};

impl Screen {
    /// Where a person is.
    pub fn place(&self) -> Place {
        Place {
            list: self.list.place(),
            reading: self.reading,
            zoom: self.zoom,
            was_reading: self.was_reading,
            outputs: self.view.places(false),
            talks: Talks {
                places: self.view.places(true),
                raw: self.view.raw,
            },
            find: self
                .find
                .as_ref()
                .filter(|find| find.text.len() <= LONGEST)
                .map(Find::place),
            keys: self.keys(),
            title: match &self.mode {
                Mode::Text { title, .. } => Some(title.clone()),
                _ => None,
            },
            draft: Some([
                self.draft.command.place(),
                self.draft.name.place(),
                self.draft.dir.place(),
            ]),
            draft_field: self.draft.field,
            draft_agent: self.draft.agent.clone(),
        }
    }

    fn keys(&self) -> Keys {
        match &self.mode {
            Mode::Bar => Keys::Bar(self.bar.field.place()),
            Mode::Filter(field) => Keys::Filter(field.place()),
            Mode::Search(field) => Keys::Search(field.place()),
            Mode::Send { field, id, fork } if *fork => Keys::Fork(field.place(), *id),
            Mode::Send { field, id, .. } => Keys::Send(field.place(), *id),
            Mode::Answer {
                field, id, request, ..
            } => Keys::Answer(field.place(), *id, request.clone()),
            Mode::Remove(id) => Keys::Remove(*id),
            Mode::Compose => Keys::Compose,
            Mode::Kill(menu) => Keys::Kill(menu.place(), menu.scroll),
            Mode::Help(scroll) => Keys::Help(*scroll),
            Mode::Text { text, scroll, .. } if text.len() <= LONGEST => {
                Keys::Text(text.clone(), *scroll)
            }
            Mode::Normal | Mode::Text { .. } => Keys::Normal,
            Mode::Leave => Keys::Leave,
            Mode::Finish { scroll } => Keys::Finish(*scroll),
        }
    }

    /// Goes there: once, before anything is drawn. What is to be done for it comes back.
    pub fn resume(&mut self, place: Place) -> Vec<Action> {
        let Place {
            list,
            reading,
            zoom,
            was_reading,
            outputs,
            talks,
            find,
            keys,
            title,
            draft,
            draft_field,
            draft_agent,
        } = place;
        self.list.resume(list);
        (self.reading, self.zoom, self.was_reading) = (reading, zoom, was_reading);
        self.view.raw = talks.raw;
        if let Some([command, name, dir]) = draft {
            self.draft.command.resume(&command);
            self.draft.name.resume(&name);
            self.draft.dir.resume(&dir);
            self.draft.field = 0;
            self.draft.agent = draft_agent;
            self.draft.step(draft_field);
        }
        self.mode = self.mode_of(keys, title);
        let mut out = Vec::new();
        if let Some(place) = find {
            self.searches += 1;
            let find = Find::resume(self.searches, &place);
            if let Some(pattern) = &find.pattern
                && !find.talks
            {
                let (generation, run, pattern) = (self.searches, find.run, pattern.clone());
                out.push(Action::Search(SearchAsk {
                    generation,
                    run,
                    pattern,
                }));
            }
            self.find = Some(find);
        }
        self.view.resume(false, &outputs);
        self.view.resume(true, &talks.places);
        if let Some(find) = &self.find
            && let Some(pattern) = &find.pattern
        {
            let seek = (self.searches, pattern);
            self.view.mark(find.run, find.talks, seek);
        }
        out
    }

    fn mode_of(&mut self, keys: Keys, title: Option<String>) -> Mode {
        let line = |text| Box::new(Field::resumed_line(&text));
        let lines = |text| Box::new(Field::resumed_lines(&text));
        match keys {
            Keys::Normal => Mode::Normal,
            Keys::Bar(text) => {
                self.bar.field.resume(&text);
                Mode::Bar
            }
            Keys::Filter(text) => Mode::Filter(line(text)),
            Keys::Search(text) => Mode::Search(line(text)),
            Keys::Send(text, id) => Mode::Send {
                field: lines(text),
                id,
                fork: false,
            },
            Keys::Fork(text, id) => Mode::Send {
                field: lines(text),
                id,
                fork: true,
            },
            Keys::Answer(text, id, request) => Mode::Answer {
                field: lines(text),
                id,
                request,
                scroll: 0,
            },
            Keys::Remove(id) => Mode::Remove(id),
            Keys::Compose => Mode::Compose,
            Keys::Kill(tasks, scroll) => Mode::Kill(KillMenu::resume(tasks, scroll)),
            Keys::Help(scroll) => Mode::Help(scroll),
            Keys::Text(text, scroll) => Mode::Text {
                title: title.unwrap_or_default(),
                text,
                scroll,
            },
            Keys::Leave => Mode::Leave,
            Keys::Finish(scroll) => Mode::Finish { scroll },
        }
    }
}
