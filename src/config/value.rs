//! Values as people write them: times, sizes, words.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use bytesize::ByteSize;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A time as people write it (`10s`, `30m`, `1h 30m`), at most `most`.
///
/// # Errors
/// A line that says what is wrong and how to write it.
pub fn parse_duration(text: &str, most: Duration) -> Result<Duration, String> {
    let time = humantime::parse_duration(text.trim())
        .map_err(|_| format!("{text:?} is not a time; write it as 10s, 30m or 2h"))?;
    if time > most {
        let most = humantime::format_duration(most);
        return Err(format!("{text:?} is too long; the most is {most}"));
    }
    Ok(time)
}

/// The one of `words` that was most likely meant by `word`.
pub fn similar<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    words
        .into_iter()
        .map(|known| (strsim::jaro_winkler(word, known), known))
        // swapped letters weigh too much in a short word: one slip is always forgiven
        .filter(|(likeness, known)| {
            *likeness > 0.8 || strsim::damerau_levenshtein(word, known) == 1
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// A setting that is written as a string of its own form.
pub(super) trait Written: Sized {
    /// What is expected, as a fragment.
    const FORM: &'static str;

    fn read(text: &str) -> Result<Self, String>;
}

/// Deserialises by [`Written`].
#[derive(Debug, Clone, Copy)]
pub(super) struct By<T>(pub(super) T);

impl<'de, T: Written> Deserialize<'de> for By<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<T: Written> Visitor<'_> for Reader<T> {
            type Value = By<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::FORM)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<By<T>, E> {
                T::read(text).map(By).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Reader(PhantomData))
    }
}

/// Bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size(pub(super) u64);

impl Written for Size {
    const FORM: &'static str = "a size such as \"256 MiB\"";

    fn read(text: &str) -> Result<Self, String> {
        text.parse::<ByteSize>()
            .map(|size| Self(size.as_u64()))
            .map_err(|_| format!("{text:?} is not a size; write it as \"256 MiB\" or \"4 GiB\""))
    }
}

/// The longest time that any setting may have.
const MOST: Duration = Duration::from_secs(365 * 86_400);

/// A time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) Duration);

impl Written for Time {
    const FORM: &'static str = "a time such as \"10s\"";

    fn read(text: &str) -> Result<Self, String> {
        parse_duration(text, MOST).map(Self)
    }
}

/// A time, or `never`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Until(pub(super) Option<Duration>);

impl Written for Until {
    const FORM: &'static str = "a time such as \"10m\", or \"never\"";

    fn read(text: &str) -> Result<Self, String> {
        if text.trim() == "never" {
            return Ok(Self(None));
        }
        match parse_duration(text, MOST) {
            Ok(time) => Ok(Self(Some(time))),
            Err(line) => Err(format!("{line}, or never")),
        }
    }
}
