//! The table: lives, and the places at which each is cut short. All of them are passed for
//! certain, but which comes first of two that happen at once is not: a place counts only
//! for so many passings as every life has.

/// What a task does and what is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// Writes, waits for a word, writes more, exits with 7.
    Plain,
    /// Is revoked while it waits.
    Revoked,
    /// The same, and ignores SIGTERM.
    Stubborn,
    /// Exits with 7 and leaves a process behind, which is then stopped.
    Lingering,
    /// Its program does not exist.
    Unstartable,
    /// Exits with 7, twice.
    Retried,
    /// Exits with 7 and is removed.
    Removed,
    /// Its shim is killed.
    Shimless,
    /// Runs when the supervisor that is killed takes it over, then exits with 7.
    Adopted,
}

/// Where every life begins: tried in the plain one.
pub(super) const START: [(&str, u32); 9] = [
    ("before-store", 2),
    ("after-store", 2),
    ("before-commit", 2),
    ("after-commit", 2),
    ("before-spawn", 1),
    ("after-spawn", 1),
    ("start-reported", 1),
    ("before-answer", 2),
    ("after-answer", 1),
];

/// Where else, and at which of the first passings that such a life is certain to have.
pub(super) const PLACES: [(Life, &[(&str, u32)]); 9] = [
    (
        Life::Plain,
        &[
            ("bytes-reported", 1),
            ("before-order", 1),
            ("after-order", 1),
            ("exit-reported", 1),
            ("before-release", 1),
            ("after-release", 1),
        ],
    ),
    (
        Life::Revoked,
        &[
            ("before-store", 4),
            ("after-store", 4),
            ("before-commit", 4),
            ("after-commit", 4),
            ("before-stop", 1),
            ("after-stop", 1),
            ("exit-reported", 1),
            ("before-release", 1),
            ("after-release", 1),
            ("after-answer", 2),
        ],
    ),
    (
        Life::Stubborn,
        &[
            ("before-store", 4),
            ("after-commit", 4),
            ("before-stop", 1),
            ("after-stop", 1),
            ("exit-reported", 1),
        ],
    ),
    (
        Life::Lingering,
        &[
            ("before-store", 5),
            ("after-store", 5),
            ("before-commit", 5),
            ("after-commit", 5),
            ("exit-reported", 2),
            ("before-stop", 1),
            ("after-stop", 1),
            ("before-release", 1),
        ],
    ),
    (
        Life::Unstartable,
        &[
            ("reported", 1),
            ("before-release", 1),
            ("after-release", 1),
            ("after-answer", 1),
        ],
    ),
    (
        Life::Retried,
        &[
            ("before-store", 6),
            ("after-store", 6),
            ("before-commit", 4),
            ("after-commit", 4),
            ("before-spawn", 2),
            ("after-spawn", 2),
            ("start-reported", 2),
            ("before-release", 2),
            ("after-answer", 3),
        ],
    ),
    (
        Life::Removed,
        &[
            ("before-store", 5),
            ("after-store", 5),
            ("before-commit", 4),
            ("after-commit", 4),
            ("before-delete", 1),
            ("after-delete", 1),
            ("after-answer", 4),
        ],
    ),
    (
        Life::Shimless,
        &[
            ("before-store", 4),
            ("after-store", 4),
            ("before-commit", 4),
            ("after-commit", 4),
            ("before-sweep", 1),
            ("after-sweep", 1),
        ],
    ),
    (
        Life::Adopted,
        &[
            ("before-store", 2),
            ("after-store", 2),
            ("before-commit", 1),
            ("after-commit", 1),
            ("before-order", 1),
            ("after-order", 1),
            ("exit-reported", 1),
            ("before-release", 1),
            ("after-release", 1),
        ],
    ),
];
