//! What can lie in the database's place when it is opened.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rusqlite::Connection;

use super::tests::{Desk, put, record};
use super::{Flaw, check, newest};
use crate::core::task::State;

/// What lies there, and what is said of it.
type Put = fn(&Path);

#[test]
fn what_can_be_no_database_is_refused_at_once_and_it_is_said_what_to_do() {
    let cases: [(&str, Put); 5] = [
        ("move it away", |path| fs::create_dir(path).unwrap()),
        ("move it away", |path| {
            nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        }),
        ("move it away", |path| symlink("/dev/null", path).unwrap()),
        ("remove the link", |path| {
            symlink("/none/where.db", path).unwrap();
        }),
        ("remove the link", |path| symlink(path, path).unwrap()),
    ];
    for (remedy, lay) in cases {
        let mut desk = Desk::new();
        lay(&desk.db());
        let why = desk.try_open().map(drop).unwrap_err();
        assert!(why.contains(remedy), "{why}");
        let Err(Flaw::Unreadable(told)) = check(&desk.db()) else {
            panic!("{:?}", check(&desk.db()));
        };
        assert!(why.contains(&told), "{told}: {why}");
    }
}

#[test]
fn what_may_not_be_used_is_refused_and_it_is_said_what_to_do() {
    if nix::unistd::geteuid().is_root() {
        // root may everything
        return;
    }
    for (mode, of_dir) in [(0o000, 0o700), (0o400, 0o700), (0o600, 0o500)] {
        let mut desk = Desk::new();
        desk.load();
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        set(&desk.db(), mode);
        set(desk.home.path(), of_dir);
        let why = desk.try_open().map(drop).unwrap_err();
        let told = check(&desk.db()).unwrap_err().to_string();
        set(desk.home.path(), 0o700);
        assert!(
            why.contains("chmod") && why.contains(&told),
            "{told}: {why}"
        );
    }
}

#[test]
fn what_is_no_database_of_ours_is_set_aside() {
    let cases: [(&str, &str); 4] = [
        ("another program's table", "CREATE TABLE task (a)"),
        ("lacks", "PRAGMA user_version = 1"),
        ("-5", "PRAGMA user_version = -5"),
        ("lacks event.text", ""),
    ];
    for (named, query) in cases {
        let mut desk = Desk::new();
        if query.is_empty() {
            let (store, _, _done) = desk.open();
            put(&store, &record(1, State::Starting), vec![]);
            store.close();
        }
        let db = Connection::open(desk.db()).unwrap();
        let query = Some(query).filter(|query| !query.is_empty());
        db.execute_batch(query.unwrap_or("ALTER TABLE event DROP COLUMN text"))
            .unwrap();
        db.close().unwrap();
        let before = fs::read(desk.db()).unwrap();
        let flaw = check(&desk.db());
        assert!(
            matches!(&flaw, Err(Flaw::Damaged(why)) if why.contains(named)),
            "{flaw:?}"
        );
        let loaded = desk.load();
        assert!(loaded.problems[0].contains(named), "{:?}", loaded.problems);
        assert_eq!(check(&desk.db()), Ok(newest()));
        let kept = fs::read_dir(desk.home.path()).unwrap().find_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.to_string_lossy().into_owned();
            (name.contains(".damaged-") && !name.contains("-wal") && !name.contains("-shm"))
                .then_some(path)
        });
        assert_eq!(fs::read(kept.unwrap()).unwrap(), before, "{named}");
    }
}

#[test]
fn nobody_else_may_read_one_that_was_copied_here() {
    let mut desk = Desk::new();
    desk.load();
    fs::set_permissions(desk.db(), fs::Permissions::from_mode(0o666)).unwrap();
    let (store, _, _done) = desk.open();
    put(&store, &record(1, State::Starting), vec![]);
    for end in ["", "-wal", "-shm"] {
        let path = format!("{}{end}", desk.db().display());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
    store.close();
}
