//! Deleting what lies on disk of removed tasks.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::core::id::TaskId;

/// Deletes these tasks' directories; of which tasks nothing is left. One that can't be
/// deleted stays on the list of what is to be, and holds up no other.
pub(super) fn delete(dirs: Vec<(TaskId, PathBuf)>) -> Vec<TaskId> {
    let mut gone = Vec::with_capacity(dirs.len());
    for (id, dir) in dirs {
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!(dir = %dir.display(), %error, "cannot be deleted; tried again at the next start");
            }
            _ => gone.push(id),
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_deleted_holds_up_no_other() {
        let home = tempfile::tempdir().unwrap();
        let dir = |id: u32| home.path().join(id.to_string());
        // not a directory: not even root can delete it as one
        fs::write(dir(1), "").unwrap();
        fs::create_dir_all(dir(2).join("1")).unwrap();
        let all = [1, 2, 3].map(|id| (TaskId(id), dir(id)));
        assert_eq!(delete(all.into()), [TaskId(2), TaskId(3)]);
        assert!(dir(1).exists() && !dir(2).exists());
    }
}
