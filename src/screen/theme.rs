//! Styles and signs by what they mean, for the colours that a terminal has.
//!
//! Styles come from the [`Palette`]. Every meaning has a sign or a word besides its colour.

use ratatui::style::Style;

use super::look::Look;
use super::palette::Palette;

/// Styles by meaning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    /// Text.
    pub(super) plain: Style,
    /// Secondary text.
    pub(super) dim: Style,
    /// What the eye should find first.
    pub(super) strong: Style,
    /// It went well.
    pub(super) good: Style,
    /// It went badly.
    pub(super) bad: Style,
    /// It wants care.
    pub(super) warn: Style,
    /// It is at work.
    pub(super) busy: Style,
    /// It stands still by a person's word.
    pub(super) held: Style,
    /// It concerns everything.
    pub(super) alarm: Style,
    /// A key that can be pressed.
    pub(super) key: Style,
    /// The selected row where the keys go.
    pub(super) selected: Style,
    /// The selected row where the keys go elsewhere.
    pub(super) marked: Style,
    /// Letters that a filter found.
    pub(super) met: Style,
    /// Text that a search found.
    pub(super) found: Style,
    /// The find the search stands on, and text selected by the mouse.
    pub(super) current: Style,
    /// What a person said to an agent.
    pub(super) person: Style,
    /// Code in an agent's text.
    pub(super) code: Style,
    /// In code: what the language itself has.
    pub(super) keyword: Style,
    /// In code: text.
    pub(super) quoted: Style,
    /// In code: what is for people.
    pub(super) comment: Style,
    /// In code: numbers, and values that have a name.
    pub(super) value: Style,
    /// In code: what a thing is called where it is made.
    pub(super) name: Style,
    /// Lines that an edit adds.
    pub(super) added: Style,
    /// Lines that it takes away.
    pub(super) removed: Style,
    /// Signs.
    pub(super) signs: Signs,
}

/// Signs by meaning, a cell wide each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signs {
    /// A task that waits to be started.
    pub(super) queued: char,
    /// A task that waits for a limit of its provider's to be reset.
    pub(super) parked: char,
    /// A task that starts.
    pub(super) starting: char,
    /// A task that runs.
    pub(super) running: char,
    /// A paused task.
    pub(super) paused: char,
    /// A task being stopped.
    pub(super) stopping: char,
    /// A task whose leader has ended and left something.
    pub(super) lingering: char,
    /// Ended: well.
    pub(super) succeeded: char,
    /// Ended: with another code than 0.
    pub(super) failed: char,
    /// Ended: by a foreign signal.
    pub(super) killed: char,
    /// Ended: by a person.
    pub(super) revoked: char,
    /// Ended: it went beyond a bound on its time.
    pub(super) timed_out: char,
    /// Never started.
    pub(super) did_not_start: char,
    /// Nobody knows.
    pub(super) lost: char,
    /// The history, folded.
    pub(super) folded: char,
    /// The history, unfolded.
    pub(super) unfolded: char,
    /// Left edge of the selected row.
    pub(super) cursor: char,
    /// Between list and output.
    pub(super) rule: char,
    /// The same, across.
    pub(super) across: char,
    /// Text goes on past the edge.
    pub(super) more: char,
    /// Between facts on one line.
    pub(super) dot: char,
    /// Before what stands under something else.
    pub(super) branch: char,
    /// Before what a person said to an agent.
    pub(super) prompt: char,
    /// Before what an agent tries again.
    pub(super) again: char,
}

const UNICODE: Signs = Signs {
    queued: '○',
    parked: '◔',
    starting: '◌',
    running: '●',
    paused: '‖',
    stopping: '▼',
    lingering: '◐',
    succeeded: '✓',
    failed: '✗',
    killed: '†',
    revoked: '■',
    timed_out: '◷',
    did_not_start: '⊘',
    lost: '?',
    folded: '▸',
    unfolded: '▾',
    cursor: '▌',
    rule: '│',
    across: '─',
    more: '…',
    dot: '·',
    branch: '└',
    prompt: '›',
    again: '↻',
};

const ASCII: Signs = Signs {
    queued: ':',
    parked: '%',
    starting: '.',
    running: '*',
    paused: '=',
    stopping: 'v',
    lingering: 'o',
    succeeded: '+',
    failed: 'x',
    killed: 'k',
    revoked: '#',
    timed_out: 't',
    did_not_start: '0',
    lost: '?',
    folded: '+',
    unfolded: '-',
    cursor: '>',
    rule: '|',
    across: '-',
    more: '~',
    dot: '-',
    branch: '`',
    prompt: '>',
    again: '&',
};

impl Theme {
    /// The theme for a look, in the styles of a palette.
    pub(super) fn of(look: Look, palette: &Palette) -> Self {
        let style = |role| palette.style(role, look.depth);
        Self {
            plain: style("plain"),
            dim: style("dim"),
            strong: style("strong"),
            good: style("good"),
            bad: style("bad"),
            warn: style("warn"),
            busy: style("busy"),
            held: style("held"),
            alarm: style("alarm"),
            key: style("key"),
            selected: style("selected"),
            marked: style("marked"),
            met: style("met"),
            found: style("found"),
            current: style("current"),
            person: style("person"),
            code: style("code"),
            keyword: style("keyword"),
            quoted: style("quoted"),
            comment: style("comment"),
            value: style("value"),
            name: style("name"),
            added: style("added"),
            removed: style("removed"),
            signs: if look.unicode { UNICODE } else { ASCII },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Own, Setting, Source};
    use crate::screen::look::Depth;

    /// Every role of the asset is one of the theme's, and the other way round.
    #[test]
    fn every_role_reaches_the_screen() {
        let roles: toml::Table = toml::from_str(crate::screen::THEME).unwrap();
        let roles = roles["role"].as_array().unwrap();
        let own: Own = roles
            .iter()
            .enumerate()
            .map(|(at, role)| {
                let value = format!("{at}").into();
                let source = Source::Option;
                let name = role["name"].as_str().unwrap().to_owned();
                (name, Setting { value, source })
            })
            .collect();
        let (palette, trouble) = Palette::new(&own);
        assert_eq!(trouble, Vec::<String>::new());
        let look = Look {
            depth: Depth::Ansi,
            unicode: true,
            clock: true,
        };
        let t = Theme::of(look, &palette);
        let all = [
            t.plain, t.dim, t.strong, t.good, t.bad, t.warn, t.busy, t.held, t.alarm, t.key,
            t.selected, t.marked, t.met, t.found, t.current, t.person, t.code, t.keyword, t.quoted,
            t.comment, t.value, t.name, t.added, t.removed,
        ];
        let given: std::collections::BTreeSet<String> =
            all.iter().map(|style| format!("{:?}", style.fg)).collect();
        assert!(all.iter().all(|style| style.fg.is_some()));
        assert_eq!((given.len(), all.len()), (roles.len(), roles.len()));
    }

    /// Whoever sees no colours still sees every state apart.
    #[test]
    fn every_state_has_a_sign_of_its_own() {
        for signs in [UNICODE, ASCII] {
            let states = [
                signs.starting,
                signs.running,
                signs.paused,
                signs.stopping,
                signs.lingering,
                signs.succeeded,
                signs.failed,
                signs.killed,
                signs.revoked,
                signs.queued,
                signs.parked,
                signs.timed_out,
                signs.did_not_start,
                signs.lost,
            ];
            let distinct: std::collections::BTreeSet<char> = states.into_iter().collect();
            assert_eq!(distinct.len(), states.len());
        }
    }
}
