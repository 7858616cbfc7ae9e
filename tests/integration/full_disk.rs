//! A disk that is full: a task waits, says so, goes on, and nothing of its output is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::content::{Content, Kind};
use crate::herd::Herd;
use crate::procs::{kit, of_tree, wait_until};

const MIB: u64 = 1 << 20;

/// A small file system of memory; it goes with this.
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// `None`, said aloud, where mounting is not permitted.
    pub(crate) fn mount(place: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(place).unwrap();
        let done = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size},mode=0700"),
                "tmpfs",
            ])
            .arg(place)
            .output();
        if !done.is_ok_and(|done| done.status.success()) {
            eprintln!("skipped: mounting a small disk needs root");
            return None;
        }
        Some(Self(place.to_owned()))
    }

    /// Gives it more room.
    pub(crate) fn grow(&self, size: &str) {
        self.remount(&format!("size={size}"));
    }

    /// Mounts it once more with other options.
    pub(crate) fn remount(&self, options: &str) {
        // busy while a process that was killed has files open still
        wait_until(&format!("the disk is mounted with {options}"), || {
            let done = Command::new("mount")
                .args(["-o", &format!("remount,{options}")])
                .arg(&self.0)
                .output();
            done.unwrap().status.success()
        });
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

#[test]
fn a_task_waits_for_room() {
    let herd = Herd::new();
    let Some(disk) = Disk::mount(&herd.home().join("data/tasks"), "2m") else {
        return;
    };
    let len = 5 * MIB + 17;
    let id = herd.writer("flood", &[&len.to_string(), "binary", "5"]);
    let task = herd.wait_task(id, "says that the disk is full", |task| {
        task["reason"]
            .as_str()
            .is_some_and(|why| why.contains("disk is full"))
    });
    assert_eq!(task["state"], "running", "{task}");
    // the herd lives
    herd.ok(&["ls"]);
    disk.grow("64m");
    let task = herd.wait_state(id, "ended");
    assert_eq!(task["outcome"], "succeeded", "{task}");
    assert_eq!(task["reason"], serde_json::Value::Null, "{task}");
    let mut wanted = Vec::new();
    std::io::Read::read_to_end(&mut Content::new(Kind::Binary, 5, len), &mut wanted).unwrap();
    assert!(herd.stored(id) == wanted, "its output is not whole");
    herd.ok(&["shutdown"]);
}

#[test]
fn a_task_that_waits_for_room_can_be_revoked() {
    let herd = Herd::new();
    let Some(disk) = Disk::mount(&herd.home().join("data/tasks"), "1m") else {
        return;
    };
    let token = herd.token();
    let len = (8 * MIB).to_string();
    let id = herd.run(&[], &[&kit(), "flood", &token, &len]);
    herd.wait_task(id, "says that the disk is full", |task| {
        task["reason"]
            .as_str()
            .is_some_and(|why| why.contains("disk is full"))
    });
    herd.ok(&["revoke", "--force", &id.to_string()]);
    // there is no room for its end on record: a shutdown comes to its own all the same
    herd.ok(&["shutdown", "--force"]);
    herd.nothing_left();
    assert!(of_tree(&token).is_empty());
    disk.grow("64m");
    // what could not be stored is not made up
    let task = herd.wait_state(id, "ended");
    let outcome = task["outcome"].as_str().unwrap();
    assert!(["revoked", "lost"].contains(&outcome), "{task}");
}
