//! The lines of a file, compressed or not, each of bounded length.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use memchr::memchr;

/// Longest line: the largest record, 10 MiB, in base64, and room for the rest.
const LINE_BYTES_MAX: usize = 16 << 20;
/// Bytes read at a time.
const READ_BYTES: usize = 1 << 18;

/// The first bytes of every file that is compressed with gzip (RFC 1952, 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Reads a file line by line.
pub(in crate::scenario) struct Lines {
    input: Box<dyn BufRead + Send>,
    is_compressed: bool,
    line: Vec<u8>,
    number: u64,
    is_too_long: bool,
    is_ended: bool,
    /// Why nothing can be read beyond this line, where the compressed file is damaged.
    damage: Option<String>,
}

impl Lines {
    /// The lines of `file`, decompressed first where it begins as a file of gzip does.
    ///
    /// # Errors
    /// When nothing can be read.
    pub(in crate::scenario) fn new(file: Box<dyn Read + Send>) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(READ_BYTES, file);
        let is_compressed = file.fill_buf()?.starts_with(&GZIP_MAGIC);
        let input: Box<dyn BufRead + Send> = if is_compressed {
            Box::new(BufReader::with_capacity(READ_BYTES, MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        let line = Vec::new();
        let (is_too_long, is_ended, damage) = (false, true, None);
        Ok(Self { input, is_compressed, line, number: 0, is_too_long, is_ended, damage })
    }

    /// Goes to the next line that is not blank; false after the last one.
    ///
    /// # Errors
    /// When the file cannot be read. A compressed file that is cut off or damaged is no error: the
    /// line where that shows is the last one and has a [`problem`](Self::problem).
    pub(in crate::scenario) fn advance(&mut self) -> io::Result<bool> {
        while self.damage.is_none() && self.read_line()? {
            let is_blank = self.line.first().is_none_or(u8::is_ascii_whitespace)
                && self.line.trim_ascii().is_empty();
            if !is_blank || self.problem().is_some() {
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
                Err(error) if self.is_compressed && is_damage(&error) => {
                    self.damage =
                        Some(format!("the compressed file is cut off or damaged here: {error}"));
                    any = true;
                    break;
                }
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            any = true;
            let end = memchr(b'\n', available);
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
    pub(in crate::scenario) fn problem(&self) -> Option<&str> {
        let too_long = self.is_too_long.then_some("the line is longer than 16 MiB");
        self.damage.as_deref().or(too_long)
    }

    /// Whether the compressed file is cut off or damaged at this line, which is then the last one.
    pub(in crate::scenario) fn is_damaged(&self) -> bool {
        self.damage.is_some()
    }

    /// Whether a line feed ended the line, which only the last line of a file may lack.
    pub(in crate::scenario) fn is_ended(&self) -> bool {
        self.is_ended
    }
}

/// Whether the error is about what stands in a compressed file, not about reading it.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | InvalidInput | InvalidData)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &'static [u8]) -> Vec<(u64, Vec<u8>, bool)> {
        let mut lines = Lines::new(Box::new(bytes)).unwrap();
        let mut all = Vec::new();
        while lines.advance().unwrap() {
            all.push((lines.number(), lines.line().to_vec(), lines.is_ended()));
        }
        all
    }

    #[test]
    fn lines_keep_their_numbers_where_others_are_blank() {
        let expected =
            [(1, b"a".to_vec(), true), (3, b"b".to_vec(), true), (4, b"c".to_vec(), false)];
        assert_eq!(lines(b"\xef\xbb\xbfa\r\n \t\r\nb\nc"), expected);
    }

    /// A line without end costs the bound, not the file.
    #[test]
    fn a_line_without_end_is_not_held() {
        let long = io::repeat(b'x').take(40 << 20).chain(&b"\nnext\n"[..]);
        let mut lines = Lines::new(Box::new(long)).unwrap();
        assert!(lines.advance().unwrap() && lines.problem().is_some());
        assert!(lines.line.capacity() <= 2 * LINE_BYTES_MAX);
        assert!(lines.advance().unwrap() && lines.problem().is_none());
        assert_eq!((lines.number(), lines.line()), (2, &b"next"[..]));
    }

    #[test]
    fn a_compressed_file_that_is_cut_off_ends_with_a_line_that_says_so() {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        (0..20_000_u32).for_each(|line| writeln!(encoder, "{:x}", line ^ 0x5bd1).unwrap());
        let whole = encoder.finish().unwrap();
        let read = |bytes: &[u8]| {
            let mut lines = Lines::new(Box::new(io::Cursor::new(bytes.to_vec()))).unwrap();
            let mut good = 0;
            while lines.advance().unwrap() {
                good += u64::from(lines.problem().is_none());
            }
            (good, lines.number(), lines.is_damaged())
        };
        assert_eq!(read(&whole), (20_000, 20_000, false));
        let (good, last, is_damaged) = read(&whole[..whole.len() / 2]);
        assert!(is_damaged && good > 1_000 && last == good + 1, "{good} {last}");
        // Only the checksum behind the data is missing: no line is in doubt, the file is.
        assert_eq!(read(&whole[..whole.len() - 4]), (20_000, 20_001, true));
    }
}
