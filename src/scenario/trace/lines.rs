//! The lines of a file, compressed or not, each of bounded length.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// Longest line: the largest record, 10 MiB, in base64, and room for the rest.
const LINE_BYTES_MAX: usize = 16 << 20;
/// Bytes read at a time.
const READ_BYTES: usize = 1 << 18;

/// Reads a file line by line.
pub(in crate::scenario) struct Lines {
    input: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    number: u64,
    is_too_long: bool,
    is_ended: bool,
}

impl Lines {
    /// The lines of `file`, decompressed first where it is compressed with gzip.
    pub(in crate::scenario) fn new(file: Box<dyn Read + Send>, is_compressed: bool) -> Self {
        let file = BufReader::with_capacity(READ_BYTES, file);
        let input: Box<dyn BufRead + Send> = if is_compressed {
            Box::new(BufReader::with_capacity(READ_BYTES, MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        Self { input, line: Vec::new(), number: 0, is_too_long: false, is_ended: true }
    }

    /// Goes to the next line that is not empty; false after the last one.
    pub(in crate::scenario) fn advance(&mut self) -> io::Result<bool> {
        while self.read_line()? {
            if !self.line.is_empty() || self.is_too_long {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        (self.is_too_long, self.is_ended) = (false, false);
        let mut any = false;
        while !self.is_ended {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            any = true;
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = &available[..end.unwrap_or(available.len())];
            if self.line.len() + part.len() > LINE_BYTES_MAX {
                self.is_too_long = true;
            } else {
                self.line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.is_ended = end.is_some();
            self.input.consume(used);
        }
        if any {
            self.number += 1;
            if self.number == 1 && self.line.starts_with("\u{feff}".as_bytes()) {
                self.line.drain(..3);
            }
            if self.line.last() == Some(&b'\r') {
                self.line.pop();
            }
        }
        Ok(any)
    }

    /// The line without its end; only its start where it is too long.
    pub(in crate::scenario) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Its number, from one.
    pub(in crate::scenario) fn number(&self) -> u64 {
        self.number
    }

    /// Why the line cannot be read whatever is in it.
    pub(in crate::scenario) fn problem(&self) -> Option<&'static str> {
        self.is_too_long.then_some("the line is longer than 16 MiB")
    }

    /// Whether a line feed ended the line, which only the last line of a file may lack.
    pub(in crate::scenario) fn is_ended(&self) -> bool {
        self.is_ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &'static [u8]) -> Vec<(u64, Vec<u8>, bool)> {
        let mut lines = Lines::new(Box::new(bytes), false);
        let mut all = Vec::new();
        while lines.advance().unwrap() {
            all.push((lines.number(), lines.line().to_vec(), lines.is_ended()));
        }
        all
    }

    #[test]
    fn lines_keep_their_numbers_where_others_are_empty() {
        let expected =
            [(1, b"a".to_vec(), true), (3, b"b".to_vec(), true), (4, b"c".to_vec(), false)];
        assert_eq!(lines(b"\xef\xbb\xbfa\r\n\nb\nc"), expected);
    }

    /// A line without end costs the bound, not the file.
    #[test]
    fn a_line_without_end_is_not_held() {
        let long = io::repeat(b'x').take(40 << 20).chain(&b"\nnext\n"[..]);
        let mut lines = Lines::new(Box::new(long), false);
        assert!(lines.advance().unwrap() && lines.problem().is_some());
        assert!(lines.line.capacity() <= 2 * LINE_BYTES_MAX);
        assert!(lines.advance().unwrap() && lines.problem().is_none());
        assert_eq!((lines.number(), lines.line()), (2, &b"next"[..]));
    }
}
