//! One line of comma separated values, taken apart (RFC 4180, but that a field has no line break:
//! so a row is a line, a number names it, and an open quote spoils no other row).

/// The fields of a row; keeps its memory from row to row.
#[derive(Debug, Default)]
pub(super) struct Row {
    text: String,
    ends: Vec<usize>,
}

impl Row {
    /// Takes `line` apart.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub(super) fn read(&mut self, line: &[u8], delimiter: u8) -> Result<(), &'static str> {
        self.text.clear();
        self.ends.clear();
        let line = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8")?;
        let delimiter = char::from(delimiter);
        let mut rest = line;
        loop {
            rest = match rest.strip_prefix('"') {
                Some(quoted) => self.quoted(quoted)?,
                None => {
                    let end = rest.find(delimiter).unwrap_or(rest.len());
                    self.text.push_str(&rest[..end]);
                    &rest[end..]
                }
            };
            self.ends.push(self.text.len());
            match rest.strip_prefix(delimiter) {
                Some(next) => rest = next,
                None if rest.is_empty() => return Ok(()),
                None => return Err("there is text behind a closing quote"),
            }
        }
    }

    /// Reads a field behind its opening quote; answers with what follows the closing one.
    fn quoted<'a>(&mut self, mut rest: &'a str) -> Result<&'a str, &'static str> {
        loop {
            let Some((before, after)) = rest.split_once('"') else {
                return Err("a quote is opened and not closed on this line");
            };
            self.text.push_str(before);
            match after.strip_prefix('"') {
                Some(next) => {
                    self.text.push('"');
                    rest = next;
                }
                None => return Ok(after),
            }
        }
    }

    /// Number of fields.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The field of the given index.
    pub(super) fn field(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }

    /// All fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.field(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str) -> Result<Vec<String>, &'static str> {
        let mut row = Row::default();
        row.read(line.as_bytes(), b',')?;
        Ok(row.fields().map(str::to_owned).collect())
    }

    #[test]
    fn quotes_hold_delimiters_and_quotes() {
        assert_eq!(
            fields("a,\"b,c\",\"say \"\"hi\"\"\",").unwrap(),
            ["a", "b,c", "say \"hi\"", ""]
        );
        assert_eq!(fields("\"\",x\"y").unwrap(), ["", "x\"y"]);
        assert!(fields("a,\"b").unwrap_err().contains("not closed"));
        assert!(fields("\"a\"b,c").unwrap_err().contains("behind"));
    }
}
