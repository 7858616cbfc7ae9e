//! What a key can do, and where.

use serde::Deserialize;

/// Everything a key can do. What each does is said in `assets/keymap.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the asset describes each, for people")]
pub enum Command {
    Down,
    Up,
    Top,
    Bottom,
    PageUp,
    PageDown,
    Switch,
    Zoom,
    Attention,
    Fold,
    Tree,
    Filter,
    Back,
    Compose,
    Bar,
    Revoke,
    RevokeNow,
    KillMenu,
    Retry,
    Remove,
    Pause,
    QueueUp,
    QueueDown,
    QueueTop,
    Raise,
    Lower,
    PauseQueue,
    Send,
    Fork,
    Answer,
    Follow,
    Search,
    NextHit,
    PreviousHit,
    EndSearch,
    Raw,
    Tools,
    Unfold,
    UnfoldAll,
    NextFold,
    PreviousFold,
    Copy,
    Pager,
    Help,
    Leave,
    Finish,
    Interrupt,
    Close,
    CloseHelp,
    Detach,
    StopAll,
    Accept,
    Cancel,
    Complete,
    CompleteBack,
    ReadBack,
    ReadOn,
    Older,
    Newer,
    Launch,
    NextField,
    PreviousField,
    NextAgent,
    Earlier,
    Later,
}

/// Where a key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// The task list has the keys.
    List,
    /// The output has the keys.
    Output,
    /// A search stands; asked before list and output.
    Hits,
    /// The help is open.
    Help,
    /// The kill menu is open.
    Kill,
    /// The dialog that `leave` opens.
    Leave,
    /// The dialog that `finish` opens.
    Finish,
    /// A one-line text is being typed.
    Line,
    /// A task is being composed.
    Compose,
}
