use std::sync::Arc;
use std::time::Duration;

use ratatui::style::Color;

use super::herd::{Desk, LOOK, screen};
use crate::config::Config;
use crate::core::wire::Request;
use crate::screen::{Depth, Keymap, Look, Palette};

const FILE: &str = "[keys]\nhelp = \"H\"\n[theme]\nkey = \"light-red\"\ndim = \"#ff0000\"\n";

fn configured(desk: &mut Desk, clock: bool) {
    let config = Config::parse(FILE, "f").unwrap();
    let (keymap, _) = Keymap::new(&config.keys);
    let (palette, _) = Palette::new(&config.theme);
    let grace = Duration::from_secs(7);
    desk.screen
        .configure(Arc::new(keymap), &palette, clock, grace);
}

#[test]
fn a_screen_takes_on_all_of_it_in_the_middle_of_its_life() {
    let mut desk = Desk::new(80, 24);
    desk.run("api", "make");
    desk.press("H");
    assert!(!desk.text().contains("Esc close"));
    configured(&mut desk, false);
    assert!(desk.text().contains("12:00Z"), "times of day");
    desk.press("H");
    assert!(desk.text().contains("Esc close"));
    desk.press("Esc :").type_in("run true").press("Enter");
    let requests = desk.requests();
    let Some(Request::Run(run)) = requests.first() else {
        panic!("{requests:?}");
    };
    assert_eq!(run.spec.grace_ms, 7_000);
}

#[test]
fn colours_never_exceed_what_the_terminal_shows() {
    for (depth, wanted) in [
        (Depth::None, vec![Color::Reset]),
        (Depth::Ansi, vec![Color::LightRed, Color::Red]),
        (Depth::True, vec![Color::LightRed, Color::Rgb(255, 0, 0)]),
    ] {
        let mut desk = Desk::new(80, 24);
        desk.screen = screen(80, 24, Look { depth, ..LOOK });
        configured(&mut desk, true);
        let terminal = desk.draw();
        let cells = &terminal.backend().buffer().content;
        for color in &wanted {
            assert!(cells.iter().any(|cell| cell.fg == *color), "no {color:?}");
        }
        let foreign = cells
            .iter()
            .find(|cell| cell.fg != Color::Reset && !wanted.contains(&cell.fg));
        assert_eq!(foreign, None, "{depth:?}");
    }
}
