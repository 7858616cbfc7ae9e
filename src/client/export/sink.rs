//! Where a document goes: standard output, or a file that is written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::client::out::{Out, failed};
use crate::client::trouble::Trouble;

/// What is written at once.
const WRITE: usize = 64 << 10;

/// Where a document goes.
#[derive(Debug)]
pub(super) enum Sink {
    /// Standard output.
    Out(Out),
    /// A file.
    File(Whole),
}

/// A file that has its name only once all of it is written.
#[derive(Debug)]
pub(super) struct Whole {
    to: BufWriter<File>,
    /// Its name until then; it is removed when this is dropped before.
    part: PathBuf,
    path: PathBuf,
}

impl Drop for Whole {
    fn drop(&mut self) {
        // once it has its name there is nothing by this one
        fs::remove_file(&self.part).ok();
    }
}

impl Sink {
    pub(super) fn out() -> Self {
        Self::Out(Out::new())
    }

    /// The file at `path`, which nobody but the user can read. One that exists is
    /// replaced when all is written; a link leads to the file that is meant.
    pub(super) fn file(path: &Path) -> Result<Self, Trouble> {
        let failed = |error: &io::Error| {
            Trouble::Failed(format!(
                "cannot export to {}: {error}; give another file by -o",
                path.display()
            ))
        };
        let refuse =
            |why: &str| Trouble::Failed(format!("cannot export to {}: {why}", path.display()));
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => {
                return Err(refuse("it is a directory; name a file in it"));
            }
            Ok(meta) if !meta.is_file() => {
                return Err(refuse(
                    "it is no regular file; leave -o out and redirect standard output",
                ));
            }
            _ => {}
        }
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let Some(name) = path.file_name() else {
            return Err(refuse("it names no file; name one"));
        };
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(hidden);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)
            .map_err(|error| failed(&error))?;
        Ok(Self::File(Whole {
            to: BufWriter::with_capacity(WRITE, file),
            part,
            path,
        }))
    }

    pub(super) fn put(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Trouble> {
        match self {
            Self::Out(out) => out
                .write_all(bytes.as_ref())
                .map_err(|error| failed(&error)),
            Self::File(file) => file
                .to
                .write_all(bytes.as_ref())
                .map_err(|error| file.failed(&error)),
        }
    }

    /// All is written: the file gets its name.
    pub(super) fn finish(self) -> Result<(), Trouble> {
        match self {
            Self::Out(mut out) => out.flush(),
            Self::File(mut file) => file
                .to
                .flush()
                .and_then(|()| file.to.get_ref().sync_all())
                .and_then(|()| fs::rename(&file.part, &file.path))
                .map_err(|error| file.failed(&error)),
        }
    }
}

impl Whole {
    fn failed(&self, error: &io::Error) -> Trouble {
        Trouble::Failed(format!("cannot export to {}: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_has_its_name_once_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("task.md");
        fs::write(&path, "old").unwrap();
        let link = dir.path().join("link");
        symlink("task.md", &link).unwrap();
        let mut sink = Sink::file(&link).unwrap();
        sink.put("new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        sink.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(names(dir.path()), ["link", "task.md"]);
    }

    #[test]
    fn one_that_is_given_up_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = Sink::file(&dir.path().join("task.md")).unwrap();
        sink.put("half").unwrap();
        assert_eq!(names(dir.path()).len(), 1);
        drop(sink);
        assert_eq!(names(dir.path()), [""; 0]);
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (path, why) in [
            (dir.path(), "is a directory"),
            (Path::new("/dev/null"), "no regular file"),
            (&dir.path().join("no/such"), "No such file"),
        ] {
            let trouble = Sink::file(path).unwrap_err();
            assert!(trouble.to_string().contains(why), "{trouble}");
            assert_eq!(trouble.code(), 1);
        }
    }
}
