use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::config::Trust;

#[test]
fn trust_is_of_one_directory_and_kept_private() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("data/trusted.json");
    let trust = Trust::at(file.clone());
    let dir = Path::new("/a/b");
    assert_eq!(trust.list(), Ok(Vec::new()));
    assert_eq!(trust.add(dir), Ok(true));
    assert_eq!(trust.add(dir), Ok(false));
    for (other, trusted) in [("/a/b", true), ("/a/b/c", false), ("/a", false)] {
        assert_eq!(trust.covers(Path::new(other)), Ok(trusted), "{other}");
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    assert_eq!(trust.remove(dir), Ok(true));
    assert_eq!(trust.remove(dir), Ok(false));
    assert_eq!(trust.list(), Ok(Vec::new()));
}

#[test]
fn any_path_is_kept_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let trust = Trust::at(home.path().join("trusted.json"));
    let odd = PathBuf::from(OsString::from_vec(b"/odd/\xff\n\"x".to_vec()));
    trust.add(&odd).unwrap();
    trust.add(Path::new("/plain")).unwrap();
    assert_eq!(trust.list().unwrap(), [odd.clone(), "/plain".into()]);
    assert_eq!(trust.covers(&odd), Ok(true));
}

#[test]
fn what_others_wrote_there_trusts_nothing() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("trusted.json");
    fs::write(&file, "/a/b\n").unwrap();
    let trust = Trust::at(file);
    let line = trust.covers(Path::new("/a/b")).unwrap_err();
    assert!(line.contains("remove it and trust anew"), "{line}");
    assert!(trust.add(Path::new("/a/b")).is_err(), "not written over");
}

#[test]
fn changes_at_once_lose_none() {
    let home = tempfile::tempdir().unwrap();
    let trust = Trust::at(home.path().join("trusted.json"));
    std::thread::scope(|scope| {
        for at in 0..16 {
            let trust = &trust;
            scope.spawn(move || trust.add(Path::new(&format!("/d{at}"))).unwrap());
        }
    });
    assert_eq!(trust.list().unwrap().len(), 16);
}
