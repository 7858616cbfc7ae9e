//! Bytes of a log, cut into lines as they come.

/// The longest line that is put together, in bytes: a file of 16 MiB in base64 fits. What is
/// longer is given out in parts: each agent that writes one costs so much memory at once.
pub const LONGEST: usize = 24 << 20;

/// What a line may leave behind of memory, in bytes.
const KEPT: usize = 1 << 20;

/// A line, or what there is of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A whole line, without its line feed.
    Line(&'a [u8]),
    /// Part of a line that is too long, or of which the rest is lost: means nothing to a
    /// decoder.
    Part(&'a [u8]),
}

/// Cuts bytes into lines. Holds at most one line, and that one up to a bound.
#[derive(Debug)]
pub struct Lines {
    /// What there is of the line that is not ended.
    partial: Vec<u8>,
    /// Where in the log the first byte that was not given out stands.
    next: u64,
    /// Whether that is in the middle of a line of which parts were given out.
    within: bool,
    longest: usize,
}

impl Lines {
    /// From this place in the log on, which should be the beginning of a line.
    pub const fn at(offset: u64) -> Self {
        Self::bounded(offset, LONGEST)
    }

    /// The same with another bound on the length of a line.
    pub const fn bounded(offset: u64, longest: usize) -> Self {
        Self {
            partial: Vec::new(),
            next: offset,
            within: false,
            longest: if longest == 0 { 1 } else { longest },
        }
    }

    /// Where in the log what was not given out yet begins: the beginning of a line, but
    /// for one that is too long. Whoever goes on from there misses nothing.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Where in the log the next bytes are expected from.
    pub const fn end(&self) -> u64 {
        self.next + self.partial.len() as u64
    }

    /// Takes the next bytes, and gives out each line that ends in them.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Piece<'_>)) {
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(at);
            bytes = &rest[1..];
            if self.within || self.partial.len() + line.len() > self.longest {
                self.cut(line, &mut each);
                self.give(&mut each);
            } else if self.partial.is_empty() {
                self.next += line.len() as u64;
                each(Piece::Line(line));
            } else {
                self.partial.extend_from_slice(line);
                self.give(&mut each);
            }
            // the line feed
            self.next += 1;
            self.within = false;
        }
        self.cut(bytes, &mut each);
    }

    /// Keeps what there is of a line, and gives out parts of it where it gets too long.
    fn cut(&mut self, mut bytes: &[u8], each: &mut impl FnMut(Piece<'_>)) {
        while self.partial.len() + bytes.len() > self.longest {
            let (fits, rest) = bytes.split_at(self.longest - self.partial.len());
            self.partial.extend_from_slice(fits);
            bytes = rest;
            self.within = true;
            self.give(each);
        }
        self.partial.extend_from_slice(bytes);
    }

    /// Gives out what is kept.
    fn give(&mut self, each: &mut impl FnMut(Piece<'_>)) {
        self.next += self.partial.len() as u64;
        if self.within {
            if !self.partial.is_empty() {
                each(Piece::Part(&self.partial));
            }
        } else {
            each(Piece::Line(&self.partial));
        }
        if self.partial.capacity() > KEPT {
            self.partial = Vec::new();
        } else {
            self.partial.clear();
        }
    }

    /// Bytes up to `offset` are gone: gives out what there is of the line before them, and
    /// goes on there.
    pub fn skip(&mut self, offset: u64, mut each: impl FnMut(Piece<'_>)) {
        self.within = true;
        self.give(&mut each);
        self.next = offset;
        self.within = false;
    }

    /// Nothing follows: gives out a last line that no line feed ends.
    pub fn finish(&mut self, mut each: impl FnMut(Piece<'_>)) {
        if !self.partial.is_empty() {
            self.give(&mut each);
        }
        self.within = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Got = Vec<(bool, Vec<u8>)>;

    fn all(chunks: &[&[u8]], longest: usize) -> (Got, u64) {
        let mut lines = Lines::bounded(7, longest);
        let mut got = Got::new();
        let mut each = |piece: Piece<'_>| match piece {
            Piece::Line(line) => got.push((true, line.to_vec())),
            Piece::Part(part) => got.push((false, part.to_vec())),
        };
        for chunk in chunks {
            lines.feed(chunk, &mut each);
        }
        lines.finish(&mut each);
        (got, lines.next())
    }

    fn line(text: &str) -> (bool, Vec<u8>) {
        (true, text.into())
    }

    fn part(text: &str) -> (bool, Vec<u8>) {
        (false, text.into())
    }

    #[test]
    fn lines_are_put_together_over_chunks() {
        let (got, next) = all(&[b"on", b"e\n\ntw", b"o\nthree"], 100);
        assert_eq!(got, [line("one"), line(""), line("two"), line("three")]);
        assert_eq!(next, 7 + 14);
    }

    #[test]
    fn a_line_that_is_too_long_comes_in_parts_and_ends_where_it_ends() {
        let (got, next) = all(&[b"abcdefgh\nxy\n"], 3);
        assert_eq!(got, [part("abc"), part("def"), part("gh"), line("xy")]);
        assert_eq!(next, 7 + 12);
        let (got, _) = all(&[b"abc\nabcdef\n"], 3);
        assert_eq!(got, [line("abc"), part("abc"), part("def")]);
    }

    #[test]
    fn what_is_not_given_out_begins_at_a_line() {
        let mut lines = Lines::at(100);
        lines.feed(b"one\ntw", |_| {});
        assert_eq!((lines.next(), lines.end()), (104, 106));
        lines.feed(b"o\n", |_| {});
        assert_eq!((lines.next(), lines.end()), (108, 108));
    }

    #[test]
    fn a_gap_breaks_a_line_off() {
        let mut lines = Lines::at(0);
        let mut got = Got::new();
        lines.feed(b"one\ntw", |_| {});
        lines.skip(1000, |piece| {
            assert_eq!(piece, Piece::Part(b"tw"));
            got.push(part("tw"));
        });
        assert_eq!((got.len(), lines.next()), (1, 1000));
        lines.feed(b"x\n", |piece| assert_eq!(piece, Piece::Line(b"x")));
        assert_eq!(lines.next(), 1002);
    }

    #[test]
    fn a_long_line_leaves_no_memory_behind() {
        let mut lines = Lines::at(0);
        lines.feed(&vec![b'x'; 20 << 20], |_| panic!("no line yet"));
        let mut long = 0;
        lines.feed(b"\n", |piece| {
            if let Piece::Line(line) = piece {
                long = line.len();
            }
        });
        assert_eq!(long, 20 << 20);
        assert!(lines.partial.capacity() <= KEPT);
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference_and_nothing_is_lost(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), any::<u8>()], 0..200),
            cuts in prop::collection::vec(0_usize..200, 0..10),
            longest in 1_usize..20,
        ) {
            let (whole, next) = all(&[&bytes], longest);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(&all(&chunks, longest), &(whole.clone(), next));
            prop_assert_eq!(next, 7 + bytes.len() as u64);
            let given: Vec<u8> = whole.into_iter().flat_map(|(_, piece)| piece).collect();
            let printed: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'\n').collect();
            prop_assert_eq!(given, printed);
        }
    }
}
