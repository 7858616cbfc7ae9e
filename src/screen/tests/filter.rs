//! The filter of the list.

use ratatui::style::Modifier;

use super::Desk;
use super::herd::spec;
use crate::core::attention::Attention;
use crate::core::id::TaskId;
use crate::core::task::Exit;
use crate::screen::list::Row;

/// A history of builds, tests and a deploy, and a server that runs.
fn desk() -> Desk {
    let mut desk = Desk::new(80, 24);
    for number in 1..=12 {
        let (name, command, attention) = match number % 4 {
            0 => ("build-api", "cargo build --release", Attention::None),
            1 => ("unit-tests", "cargo nextest run", Attention::FailedUnread),
            2 => ("Deploy", "./ship.sh staging", Attention::None),
            _ => ("lint", "cargo clippy", Attention::None),
        };
        let mut spec = spec(name, command);
        if number == 2 {
            spec.dir = "/home/ada/src/website".into();
        }
        if number > 8 {
            spec.labels = vec!["ci".into(), "nightly".into()];
        }
        desk.recover(number, attention, spec);
    }
    desk.run("server", "npm run dev");
    desk.reopen();
    desk.draw();
    desk
}

fn shown(desk: &mut Desk) -> Vec<u32> {
    desk.draw();
    let rows = desk.screen.list.in_view();
    rows.map(|row| match row {
        Row::Task(id) => id.0,
        Row::Fold => 0,
    })
    .collect()
}

fn selected(desk: &Desk) -> Option<u32> {
    desk.screen.list.selected().map(|id| id.0)
}

#[test]
fn what_is_typed_is_found_in_all_there_is() {
    for (typed, found) in [
        ("bapi", &[12, 8, 4][..]),
        ("deploy", &[10, 6, 2]),
        ("Deploy", &[10, 6, 2]),
        ("DEPLOY", &[]),
        ("staging", &[10, 6, 2]),
        ("clip", &[11, 7, 3]),
        ("failed", &[1, 5, 9]),
        ("state:failed", &[1, 5, 9]),
        ("state:running", &[13]),
        ("state:ended lint", &[11, 7, 3]),
        ("dir:web", &[2]),
        ("dir:~/src/api server", &[13]),
        ("label:ci", &[9, 12, 11, 10]),
        ("label:c", &[]),
        ("#nightly build", &[12]),
        ("nightly", &[9, 12, 11, 10]),
        ("#12", &[12]),
        ("12", &[12]),
        ("state:", &[1, 5, 9, 13, 0]),
        ("dply stg", &[10, 6, 2]),
        // letters strewn over a command are no match
        ("aoue", &[]),
    ] {
        let mut desk = desk();
        desk.press("/").type_in(typed);
        assert_eq!(shown(&mut desk), found, "{typed}");
        if let Some(filter) = desk
            .screen
            .list
            .filter()
            .filter(|filter| !filter.is_empty())
        {
            assert_eq!(filter.matches(), found.len(), "{typed}");
            let words = format!("{} of 13", found.len());
            let text = desk.text();
            let title = text.split('│').next().unwrap();
            assert!(
                title.starts_with(" filter: ") && title.contains(&words),
                "{title}"
            );
        }
    }
}

#[test]
fn enter_keeps_it_and_escape_drops_it() {
    let mut desk = desk();
    desk.press("G k");
    assert_eq!(selected(&desk), Some(13));
    desk.press("/").type_in("lint");
    assert_eq!(selected(&desk), Some(11));
    desk.press("Down");
    assert_eq!(selected(&desk), Some(7));
    desk.press("Enter j");
    assert_eq!(selected(&desk), Some(3));
    // changed, it still knows its words
    desk.press("/").type_in(" #7").press("Enter");
    assert_eq!(shown(&mut desk), [7]);
    // first the keys back from the output, then the filter
    desk.press("Tab Esc");
    assert_eq!(shown(&mut desk), [7]);
    desk.press("z");
    assert!(desk.text().contains("Esc drops it"));
    desk.press("Esc");
    assert_eq!(selected(&desk), Some(7));
    assert_eq!(shown(&mut desk), [1, 5, 7, 9, 13, 0]);
    // given up while it is typed, all is as it was before
    desk.press("/").type_in("ship").press("Esc");
    assert_eq!(selected(&desk), Some(7));
    desk.press("/").type_in("ship").press("Ctrl-C Ctrl-C");
    assert_eq!(selected(&desk), Some(7));
    assert!(desk.screen.list.filter().is_none());
    desk.press("/ Enter");
    assert!(desk.screen.list.filter().is_none());
}

#[test]
fn where_nothing_matches_no_key_hits_a_hidden_task() {
    let mut desk = desk();
    desk.press("/").type_in("zzz").press("Enter");
    assert!(desk.text().contains("nothing matches; Esc drops it"));
    desk.taken();
    for key in ["x", "X", "D", "r"] {
        desk.press(key);
        assert!(desk.taken().is_empty(), "{key}");
        assert!(desk.text().contains("no task is selected"));
    }
    desk.press("Esc");
    assert_eq!(selected(&desk), Some(9));
}

#[test]
fn what_a_filter_finds_is_marked_without_colour() {
    let mut desk = desk();
    desk.press("/").type_in("bapi 2");
    let text = desk.text();
    let terminal = desk.draw();
    let row = text
        .lines()
        .position(|line| line.split('│').next().unwrap().contains("build-api"))
        .unwrap();
    let met = Modifier::BOLD | Modifier::UNDERLINED;
    let cells = terminal
        .backend()
        .buffer()
        .content
        .chunks(80)
        .nth(row)
        .unwrap();
    let marked = cells
        .iter()
        .take(34)
        .filter(|cell| cell.modifier.contains(met));
    let marked: String = marked.map(ratatui::buffer::Cell::symbol).collect();
    assert_eq!(marked, "2bapi");
}

#[test]
fn a_row_says_where_it_was_found() {
    for (typed, note) in [
        ("staging", "…staging"),
        ("ship", "…ship.sh"),
        ("website", "…website"),
        ("dir:web", "…website"),
        ("nightly", "#nightly"),
        ("lint", "exit 0"),
        ("failed", "exit 1"),
    ] {
        let mut desk = desk();
        desk.press("/").type_in(typed);
        let text = desk.text();
        let row = text.lines().nth(1).and_then(|line| line.split('│').next());
        assert!(
            row.is_some_and(|row| row.contains(note)),
            "{typed}: {row:?}"
        );
    }
}

#[test]
fn it_follows_what_becomes_of_tasks_but_never_from_under_the_cursor() {
    let mut desk = desk();
    desk.run("worker", "npm run dev");
    desk.press("/").type_in("state:running").press("Enter g");
    assert_eq!(shown(&mut desk), [13, 14]);
    desk.report(TaskId(14), |status| status.paused = true);
    assert_eq!(shown(&mut desk), [13]);
    desk.report(TaskId(14), |status| status.paused = false);
    desk.run("third", "npm run dev");
    assert_eq!(shown(&mut desk), [13, 14, 15]);
    desk.exit(TaskId(13), Exit::Code(0), 0);
    assert_eq!(shown(&mut desk), [13, 14, 15]);
    assert!(desk.text().contains("2 of 15"));
    desk.press("j");
    desk.exit(TaskId(15), Exit::Code(0), 0);
    assert_eq!(shown(&mut desk), [14]);
}

#[test]
fn what_is_asked_for_by_name_drops_a_filter_that_hides_it() {
    let mut desk = desk();
    desk.press("/")
        .type_in("lint")
        .press("Enter :")
        .type_in("show 7")
        .press("Enter");
    assert_eq!(shown(&mut desk), [11, 7, 3]);
    assert_eq!(selected(&desk), Some(7));
    desk.press("!");
    assert_eq!(selected(&desk), Some(1));
    assert!(desk.screen.list.filter().is_none());
}

#[test]
fn typing_reads_nothing() {
    let mut desk = desk();
    desk.press("G k").draw();
    desk.taken();
    for key in ["/", "t", "e", "s", "t", "s", "Enter"] {
        desk.press(key).draw();
    }
    assert_eq!(selected(&desk), Some(1));
    assert!(desk.taken().is_empty());
}

#[test]
fn a_paste_of_any_length_is_borne() {
    let mut desk = desk();
    desk.press("/");
    desk.event(crossterm::event::Event::Paste("a".repeat(100_000)));
    assert_eq!(shown(&mut desk), [0; 0]);
    let mut spec = spec("long", &"a ".repeat(100_000));
    spec.name = "a".repeat(100_000);
    desk.recover(90, Attention::None, spec);
    desk.draw();
}
