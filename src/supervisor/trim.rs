//! Removing oldest segments when all logs together come near their cap.

use std::fs;
use std::path::{Path, PathBuf};

use crate::core::id::RunId;
use crate::core::log::{segment_name, segment_offset};

/// Removes oldest segments of these runs, in this order, until `bytes` are freed; each
/// run's new first kept byte. A run's last segment stays while it may be written to,
/// which is whenever `active` says so.
pub(super) fn trim(runs: &[(RunId, PathBuf, bool)], mut bytes: u64) -> Vec<(RunId, u64)> {
    let mut trimmed = Vec::new();
    for (run, dir, active) in runs {
        if bytes == 0 {
            break;
        }
        if let Some((dropped, freed)) = drop_oldest(dir, bytes, *active) {
            bytes = bytes.saturating_sub(freed);
            trimmed.push((*run, dropped));
        }
    }
    trimmed
}

fn drop_oldest(dir: &Path, bytes: u64, active: bool) -> Option<(u64, u64)> {
    let mut segments: Vec<(u64, u64)> = fs::read_dir(dir)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let offset = segment_offset(entry.file_name().to_str()?)?;
            Some((offset, entry.metadata().ok()?.len()))
        })
        .collect();
    segments.sort_unstable();
    let spare = segments.len().saturating_sub(usize::from(active));
    let mut freed = 0;
    let mut dropped = None;
    for (offset, length) in segments.iter().take(spare) {
        if freed >= bytes {
            break;
        }
        if fs::remove_file(dir.join(segment_name(*offset))).is_ok() {
            freed += length;
            dropped = Some(offset + length);
        }
    }
    Some((dropped?, freed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::id::TaskId;

    #[test]
    fn takes_the_expendable_first_and_never_the_one_being_written() {
        let home = tempfile::tempdir().unwrap();
        let dir = |name: &str| {
            let dir = home.path().join(name);
            fs::create_dir(&dir).unwrap();
            for offset in [100, 200, 300] {
                fs::write(dir.join(segment_name(offset)), [0; 100]).unwrap();
            }
            dir
        };
        let run = |task| RunId {
            task: TaskId(task),
            number: 1,
        };
        let runs = [
            (run(1), dir("ended"), false),
            (run(2), dir("active"), true),
            (run(3), home.path().join("missing"), false),
        ];
        assert_eq!(trim(&runs, 150), [(run(1), 300)]);
        assert_eq!(trim(&runs, 1000), [(run(1), 400), (run(2), 300)]);
        assert_eq!(trim(&runs, 1000), []);
    }
}
