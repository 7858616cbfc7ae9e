use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::config::Paths;

#[test]
fn a_home_holds_everything_and_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("a/b");
    let paths = Paths::under(&OsString::from(&home)).unwrap();
    assert_eq!(paths.config, home.join("config.toml"));
    paths.create().unwrap();
    for made in [&paths.data, &paths.run] {
        assert!(made.starts_with(&home));
        assert_eq!(
            fs::metadata(made).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
    // found lax, made private again
    fs::set_permissions(&paths.run, fs::Permissions::from_mode(0o755)).unwrap();
    paths.create().unwrap();
    assert_eq!(
        fs::metadata(&paths.run).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[test]
fn a_relative_home_is_made_absolute() {
    let paths = Paths::under(&OsString::from("here")).unwrap();
    assert!(paths.data.is_absolute() && paths.data.ends_with("here/data"));
}
