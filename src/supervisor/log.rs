//! The supervisor's own log: beside the data, rotated, bounded.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::{panic, thread};

use file_rotate::{ContentLimit, FileRotate, compression::Compression, suffix::AppendCount};

/// A file's size before it is set aside, and how many are kept besides.
const BYTES: usize = 1 << 20;
const KEPT: usize = 3;

/// Sends what is traced to `path`. Called once.
pub(super) fn open(path: &Path) {
    let mut private = OpenOptions::new();
    private.read(true).append(true).create(true).mode(0o600);
    let file = FileRotate::new(
        path,
        AppendCount::new(KEPT),
        ContentLimit::BytesSurpassed(BYTES),
        Compression::None,
        Some(private),
    );
    // a second call finds the first's in place
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .try_init()
        .ok();
    note_panics();
}

/// Has panics noted too, with where they happened: nobody reads a detached supervisor's
/// standard error, and most are caught before they end anything.
fn note_panics() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        let thread = thread::current().name().unwrap_or("unnamed").to_owned();
        // its place stands in the first line, what it says in the next
        let text = what.to_string().replace('\n', " ");
        tracing::error!(thread, "{text}");
        report(what);
    }));
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Arc;

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_that_is_caught_is_noted_with_its_place() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        note_panics();
        tracing::subscriber::with_default(subscriber, || {
            panic::catch_unwind(|| panic!("a bad line")).unwrap_err();
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("a bad line"), "{text}");
        assert!(text.contains("src/supervisor/log.rs"), "{text}");
    }
}
