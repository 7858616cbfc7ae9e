//! A screen that comes again stands where it stood.

use std::collections::BTreeMap;

use crossterm::event::Event;

use super::Desk;
use super::herd::{LOOK, key, screen_that_knows, spec};
use crate::core::attention::Attention;
use crate::core::id::TaskId;
use crate::core::input::Input;
use crate::core::place::{Keys, LONGEST, Place};
use crate::core::task::Exit;
use crate::screen::Action;

/// Twelve that ended, two that run; the second has written a hundred lines.
fn desk() -> Desk {
    let mut desk = Desk::new(80, 24);
    for number in 1..=12 {
        desk.recover(number, Attention::None, spec("old", "true"));
    }
    desk.run("alpha", "one");
    let beta = desk.launch("beta", "two", true);
    desk.begin(beta);
    desk.reopen();
    for n in 0..100 {
        desk.write(beta, &format!("line-{n}\n"));
    }
    desk.draw();
    desk
}

impl Desk {
    /// The supervisor dies; the screen comes to the next. What is done for it.
    fn again(&mut self) -> Vec<Action> {
        self.come(&self.screen.place())
    }

    /// A screen that was left there comes.
    fn come(&mut self, place: &Place) -> Vec<Action> {
        let told = serde_json::to_value(place).unwrap();
        let (cols, rows) = self.screen.size();
        let mut screen = screen_that_knows(cols, rows, LOOK, &BTreeMap::new());
        let done = screen.resume(Place::read(told));
        self.screen = screen;
        let actions = self.screen.refresh(&self.engine);
        self.actions.extend(actions);
        done
    }
}

#[test]
fn it_looks_as_it_looked_wherever_one_was() {
    for (keys, typed, then) in [
        ("j", "", ""),
        ("G", "", ""),
        ("g", "", ""),
        ("z G k k", "", ""),
        ("Tab", "", ""),
        ("Enter", "", ""),
        ("Tab Enter", "", ""),
        ("PgUp PgUp", "", ""),
        ("Tab g j j", "", ""),
        ("Tab f", "", ""),
        (":", "revoke 14", "Left Left"),
        ("/", "old", "Down Down"),
        ("/", "old", "Down Enter"),
        ("n", "make all", "Enter l s Tab n a m e"),
        ("n", "make", "Left Esc"),
        ("s", "y e", "Left"),
        ("?", "", "j j"),
        ("K", "", ""),
        ("q", "", ""),
        ("Ctrl-D", "", ""),
        ("z G D", "", ""),
        (":", "help run", "Enter j"),
        ("t G", "", ""),
    ] {
        let mut desk = desk();
        desk.press(keys).type_in(typed).press(then);
        let (before, place) = (desk.text(), desk.screen.place());
        desk.again();
        let what = format!("{keys} {typed} {then}");
        let after = desk.text();
        let message = |text: &str| text.lines().last().map(str::to_owned);
        let rows = |text: &str| text.lines().take(22).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(rows(&after), rows(&before), "{what}");
        assert_eq!(desk.screen.place(), place, "{what}");
        // typing goes on where it was
        if matches!(place.keys, Keys::Bar(_) | Keys::Compose | Keys::Send(..)) {
            assert_eq!(message(&after), message(&before), "{what}");
        }
    }
}

#[test]
fn a_scrolled_output_stays_and_one_that_is_followed_goes_on() {
    let beta = TaskId(14);
    let mut desk = desk();
    desk.press("G k").press("PgUp");
    let before = desk.text();
    assert!(!before.contains("line-99"), "{before}");
    desk.again();
    desk.write(beta, "more\n");
    let after = desk.text();
    let first = |text: &str| {
        let at = text.find("line-").unwrap();
        text[at..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(first(&after), first(&before));
    desk.press("f");
    desk.again();
    desk.write(beta, "even more\n");
    assert!(desk.text().contains("even more"));
}

#[test]
fn who_ended_meanwhile_is_looked_at_still() {
    let mut desk = desk();
    desk.press("G k");
    let (alpha, beta) = (TaskId(13), TaskId(14));
    assert_eq!(desk.screen.list.selected(), Some(beta));
    // one that was read before, and one that ends while nobody serves the screen
    desk.exit(alpha, Exit::Code(0), 0);
    desk.input(Input::Seen(alpha));
    let told = desk.screen.place();
    desk.stopping(beta, None);
    desk.exit(beta, Exit::Code(0), 0);
    desk.come(&told);
    assert_eq!(desk.screen.list.selected(), Some(beta));
    let text = desk.text();
    assert!(text.contains("alpha") && text.contains("beta"), "{text}");
}

#[test]
fn a_search_is_begun_again_and_stands_where_it_stood() {
    let mut desk = desk();
    desk.press("G k Tab /").type_in("line-7").press("Enter");
    let before = desk.screen.place().find.unwrap();
    assert_eq!(before.text, "line-7");
    let done = desk.again();
    assert!(
        matches!(&done[..], [Action::Search(ask)] if ask.run == before.run),
        "{done:?}"
    );
    assert_eq!(desk.screen.place().find, Some(before));
}

#[test]
fn what_is_told_is_bounded() {
    let mut desk = desk();
    desk.press("n");
    desk.event(Event::Paste("a".repeat(LONGEST)));
    assert_eq!(desk.screen.place().draft.unwrap()[0].text.len(), LONGEST);
    desk.event(key("b"));
    let place = desk.screen.place();
    assert_eq!(place.draft.unwrap()[0].text, "");
    assert_eq!(place.keys, Keys::Compose);
}
