use tempfile::TempDir;

use super::*;

fn place() -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().canonicalize().unwrap();
    (root, dir)
}

#[track_caller]
fn of(dir: &Path) -> Lease {
    lease(dir).unwrap()
}

#[track_caller]
fn lies_in(lease: &Lease, root: &Path, repository: &Path) {
    let tree = lease.tree.as_ref().unwrap();
    assert_eq!(tree.root.as_path(), root);
    assert_eq!(tree.repository.as_path(), repository);
}

/// What `git worktree add` leaves behind.
fn link(main: &Path, name: &str, at: &Path) {
    let own = main.join(".git/worktrees").join(name);
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("commondir"), "../..\n").unwrap();
    fs::create_dir_all(at.join("src")).unwrap();
    fs::write(at.join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
}

#[test]
fn a_directory_in_no_checkout_is_leased_alone() {
    let (_root, dir) = place();
    let lease = of(&dir);
    assert_eq!((lease.path(), &lease.tree), (dir.as_path(), &None));
}

#[test]
fn a_checkout_is_known_from_anywhere_within() {
    let (_root, dir) = place();
    let main = dir.join("main");
    fs::create_dir_all(main.join(".git")).unwrap();
    fs::create_dir_all(main.join("src/deep")).unwrap();
    for within in ["", "src/deep"] {
        lies_in(&of(&main.join(within)), &main, &main.join(".git"));
    }
    let linked = dir.join("linked");
    link(&main, "linked", &linked);
    lies_in(&of(&linked.join("src")), &linked, &main.join(".git"));
    assert!(!of(&main).conflicts(&of(&linked)));
    // one that lies within the main checkout
    let nested = main.join("trees/a");
    link(&main, "a", &nested);
    assert!(!of(&main).conflicts(&of(&nested.join("src"))));
    assert!(of(&nested).conflicts(&of(&nested.join("src"))));
}

#[test]
fn places_are_those_that_links_and_relative_paths_lead_to() {
    let (_root, dir) = place();
    let (main, linked) = (dir.join("main"), dir.join("linked"));
    fs::create_dir_all(dir.join("kept")).unwrap();
    fs::create_dir_all(&main).unwrap();
    std::os::unix::fs::symlink(dir.join("kept"), main.join(".git")).unwrap();
    link(&main, "linked", &linked);
    fs::write(linked.join(".git"), "gitdir: ../main/.git/worktrees/linked").unwrap();
    lies_in(&of(&main), &main, &dir.join("kept"));
    lies_in(&of(&linked), &linked, &dir.join("kept"));
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let (_root, dir) = place();
    let (git, sub) = (dir.join(".git/modules/sub"), dir.join("sub"));
    fs::create_dir_all(&git).unwrap();
    fs::create_dir_all(&sub).unwrap();
    fs::write(sub.join(".git"), "gitdir: ../.git/modules/sub\n").unwrap();
    lies_in(&of(&sub), &sub, &git);
    assert!(of(&dir).conflicts(&of(&sub)));
}

#[test]
fn what_git_did_not_write_is_none_of_its() {
    let (_root, dir) = place();
    for (name, text) in [
        ("a", &b"hello"[..]),
        ("b", b"gitdir: /no/such"),
        ("c", b"\xff\0"),
    ] {
        let dir = dir.join(name);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(".git"), text).unwrap();
        assert_eq!(of(&dir).tree, None, "{name}");
    }
    nix::unistd::mkfifo(&dir.join(".git"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(of(&dir).tree, None);
}
