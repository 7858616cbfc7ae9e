//! Texts that come from elsewhere than the words of a command: from a file, from standard
//! input. `what` is what they are, for errors: `the prompt`.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use super::disk::within;

/// The longest, in bytes.
pub(super) const MOST: usize = 4 << 20;

/// How long a disk may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// All of standard input, which the command bar has none of.
///
/// # Errors
/// One line: it can't be read, is no text, or too long.
pub(super) fn from_standard_input(what: &str, in_bar: bool) -> Result<String, String> {
    if in_bar {
        return Err(format!(
            "there is no standard input here; give {what} itself"
        ));
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(MOST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot read {what} from standard input: {error}"))?;
    decoded(what, bytes, "standard input")
}

/// What a file has in it.
///
/// # Errors
/// One line: it can't be read, is no text, or too long.
pub(super) fn from_file(what: &str, file: &Path) -> Result<String, String> {
    let shown = file.display().to_string();
    let path = file.to_owned();
    let look = move || {
        let mut bytes = Vec::new();
        let file = fs::File::open(&path)?;
        file.take(MOST as u64 + 1).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    };
    match within(PATIENCE, look) {
        Some(Ok(bytes)) => decoded(what, bytes, &shown),
        Some(Err(error)) => Err(format!("cannot read {what} from {shown}: {error}")),
        None => Err(format!(
            "cannot read {what} from {shown}: its disk does not answer; try again"
        )),
    }
}

fn decoded(what: &str, bytes: Vec<u8>, from: &str) -> Result<String, String> {
    if bytes.len() > MOST {
        return Err(format!(
            "{what} has more than {MOST} bytes; name a file in it that holds the rest"
        ));
    }
    String::from_utf8(bytes).map_err(|_| not_text(what, &format!("from {from}")))
}

/// That something has bytes which no text has.
pub(super) fn not_text(what: &str, whence: &str) -> String {
    format!("{what} {whence} is no text: it has bytes that are not UTF-8")
}
