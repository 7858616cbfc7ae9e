//! Whatever is pressed, pasted, clicked, resized or written: no panic, and a frame.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use proptest::prelude::*;

use super::Desk;
use super::herd::spec;
use crate::core::attention::Attention;
use crate::core::id::TaskId;
use crate::core::input::Input;
use crate::core::task::{Exit, Task};
use crate::output::Hits;

#[derive(Debug, Clone)]
enum Step {
    Event(Event),
    Launch(String),
    Write(u32, String),
    Exit(u32, i32, u32),
    Stop(u32),
    Wait(u64),
    Seen(u32),
    Recover(u32, bool),
    Hits(Vec<u64>, bool),
}

fn event() -> impl Strategy<Value = Event> {
    let code = prop_oneof![
        8 => proptest::sample::select("jkgGxXKrpsfyo!?q/:nN1a2zzDD".chars().collect::<Vec<_>>())
            .prop_map(KeyCode::Char),
        2 => any::<char>().prop_map(KeyCode::Char),
        6 => proptest::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Up,
            KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::PageUp, KeyCode::PageDown,
            KeyCode::Home, KeyCode::End, KeyCode::Backspace, KeyCode::Delete, KeyCode::F(3),
        ]),
    ];
    let modifiers = prop_oneof![
        6 => Just(KeyModifiers::NONE),
        1 => Just(KeyModifiers::CONTROL),
        1 => Just(KeyModifiers::ALT),
        1 => Just(KeyModifiers::SHIFT),
    ];
    let kind = proptest::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
        MouseEventKind::Moved,
    ]);
    prop_oneof![
        12 => (code, modifiers).prop_map(|(code, modifiers)| Event::Key(KeyEvent::new(code, modifiers))),
        3 => (kind, 0u16..100, 0u16..40).prop_map(|(kind, column, row)| Event::Mouse(MouseEvent {
            kind, column, row, modifiers: KeyModifiers::NONE,
        })),
        1 => "(?s).{0,30}".prop_map(Event::Paste),
        2 => (0u16..120, 0u16..50).prop_map(|(cols, rows)| Event::Resize(cols, rows)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => event().prop_map(Step::Event),
        2 => "(?s).{1,40}".prop_map(Step::Launch),
        2 => (1u32..6, "(?s).{0,200}").prop_map(|(id, text)| Step::Write(id, text)),
        1 => (1u32..6, 0i32..256, 0u32..3).prop_map(|(id, code, left)| Step::Exit(id, code, left)),
        1 => (1u32..6).prop_map(Step::Stop),
        1 => (0u64..100_000).prop_map(Step::Wait),
        1 => (1u32..6).prop_map(Step::Seen),
        2 => (100u32..200, any::<bool>()).prop_map(|(id, unread)| Step::Recover(id, unread)),
        1 => (proptest::collection::vec(0u64..1000, 0..5), any::<bool>())
            .prop_map(|(offsets, done)| Step::Hits(offsets, done)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn nothing_panics(steps in proptest::collection::vec(step(), 1..60)) {
        let mut desk = Desk::new(80, 24);
        for step in steps {
            let known = |desk: &Desk, id: u32| desk.engine.task(TaskId(id)).map(Task::is_active);
            match step {
                Step::Event(event) => desk.event(event),
                Step::Launch(name) => {
                    desk.run(&name, &name);
                }
                Step::Write(id, text) if known(&desk, id).is_some() => desk.write(TaskId(id), &text),
                Step::Exit(id, code, left) if known(&desk, id) == Some(true) => {
                    desk.exit(TaskId(id), Exit::Code(code), left);
                }
                Step::Stop(id) if known(&desk, id) == Some(true) => {
                    desk.revoke(TaskId(id));
                    desk.stopping(TaskId(id), Some(10));
                }
                Step::Seen(id) => desk.input(Input::Seen(TaskId(id))),
                Step::Recover(id, unread) if known(&desk, id).is_none() => {
                    let attention = if unread {
                        Attention::FinishedUnread
                    } else {
                        Attention::None
                    };
                    desk.recover(id, attention, spec("of old", "make"));
                }
                Step::Wait(seconds) => desk.wait(seconds),
                Step::Hits(mut offsets, done) => {
                    offsets.sort_unstable();
                    let generation = desk.screen.searches;
                    desk.screen.hits(&Hits {
                        generation, offsets, scanned: 1, total: 2, done, capped: false, short: false, error: None,
                    });
                }
                _ => {}
            }
            desk.requests();
            desk.draw();
        }
    }
}
