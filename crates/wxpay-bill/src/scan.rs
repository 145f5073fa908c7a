//! Finding the fields of a row.
//!
//! A row is `` `a,`b,`c ``: every field begins with a back-tick, and what separates two fields is a comma followed
//! by a back-tick. A comma alone belongs to a value. Thirty-two bytes are looked at in one step; the bits of what was
//! found are then taken one after the other, so the work is in the number of fields, not of bytes.

use wide::u8x32;

/// So many columns a bill may have; those of today have 29 at most.
pub(crate) const MOST_COLUMNS: usize = 250;

/// A column the bill does not have: an index at which [`Fields`] holds an empty text.
pub(crate) const NO_COLUMN: u8 = 254;

/// Where the fields of a row are: field `i` is `text[starts[i]..starts[i + 1] - 2]`.
#[derive(Debug)]
pub(crate) struct Fields {
    starts: Box<[u32; 256]>,
    count: usize,
}

impl Fields {
    pub(crate) fn new() -> Self {
        let mut starts = Box::new([0; 256]);
        starts[NO_COLUMN as usize + 1] = 2;
        Self { starts, count: 0 }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The text of a column; of one that is not there, nothing.
    #[inline]
    pub(crate) fn text<'a>(&self, text: &'a str, column: u8) -> &'a str {
        let (start, end) = self.bounds(column);
        // Both are beside a back-tick or a comma, so they are between two characters.
        text.get(start..end).unwrap_or_default()
    }

    /// The bytes of a column; of one that is not there, none.
    #[inline]
    pub(crate) fn bytes<'a>(&self, text: &'a str, column: u8) -> &'a [u8] {
        let (start, end) = self.bounds(column);
        text.as_bytes().get(start..end).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn bounds(&self, column: u8) -> (usize, usize) {
        let start = self.starts[column as usize] as usize;
        let next = self.starts[(column as usize + 1) & 255] as usize;
        (start, next.wrapping_sub(2))
    }

    /// Finds the fields of the row that begins at `start` with a back-tick, and returns where its line ends: the
    /// place of the line feed, or the end of the text.
    #[inline]
    pub(crate) fn find(&mut self, text: &[u8], start: usize) -> usize {
        let (tick, comma, feed) = (u8x32::splat(b'`'), u8x32::splat(b','), u8x32::splat(b'\n'));
        let mut count = 0;
        let mut at = start;
        // Whether a comma stands before the block; the first back-tick needs none.
        let mut after_comma = 1;
        while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<32>) {
            let block = u8x32::new(*block);
            let commas = block.simd_eq(comma).to_bitmask();
            let feeds = block.simd_eq(feed).to_bitmask();
            let mut found = block.simd_eq(tick).to_bitmask() & (commas << 1 | after_comma);
            if feeds != 0 {
                // What lies behind the line feed is another row.
                found &= feeds ^ feeds.wrapping_sub(1);
            }
            after_comma = commas >> 31;
            while found != 0 {
                self.starts[count & 255] = (at + found.trailing_zeros() as usize + 1) as u32;
                found &= found - 1;
                count += 1;
            }
            if feeds != 0 {
                self.count = count;
                return self.end(text, at + feeds.trailing_zeros() as usize);
            }
            at += 32;
        }
        self.count = count;
        self.find_last(text, at, after_comma != 0)
    }

    /// The rest of the text, which is less than a block.
    #[cold]
    fn find_last(&mut self, text: &[u8], at: usize, mut after_comma: bool) -> usize {
        for (offset, byte) in text.get(at..).unwrap_or_default().iter().enumerate() {
            match byte {
                b'`' if after_comma => self.begin(at + offset),
                b'\n' => return self.end(text, at + offset),
                _ => {}
            }
            after_comma = *byte == b',';
        }
        self.end(text, text.len())
    }

    /// A field begins behind this back-tick. What is too much is counted and not kept.
    #[inline]
    fn begin(&mut self, tick: usize) {
        self.starts[self.count & 255] = (tick + 1) as u32;
        self.count += 1;
    }

    fn end(&mut self, text: &[u8], end: usize) -> usize {
        let shown = end - usize::from(end > 0 && text.get(end - 1) == Some(&b'\r'));
        self.starts[self.count & 255] = (shown + 2) as u32;
        if self.count > MOST_COLUMNS {
            // A row with so many fields belongs to no bill, but the column that is not there stays empty.
            self.starts[NO_COLUMN as usize] = 0;
            self.starts[NO_COLUMN as usize + 1] = 2;
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All fields of the first line.
    fn fields(text: &str) -> Vec<&str> {
        let mut fields = Fields::new();
        let end = fields.find(text.as_bytes(), 0);
        assert_eq!(end, text.find('\n').unwrap_or(text.len()));
        (0..fields.count())
            .map(|column| fields.text(text, column as u8))
            .collect()
    }

    #[test]
    fn a_comma_and_a_back_tick_separate() {
        assert_eq!(fields("`a,`b,c,`\n`z"), ["a", "b,c", ""]);
        assert_eq!(fields("`a`b,`c\r\n"), ["a`b", "c"]);
        assert_eq!(fields("`"), [""]);
        assert_eq!(fields("`深圳,腾大,`公仔"), ["深圳,腾大", "公仔"]);
    }

    #[test]
    fn wherever_a_block_ends() {
        for length in 0..80 {
            let (first, last) = ("x".repeat(length), "y".repeat(80 - length));
            for end in ["\n", "\r\n", "", "\n`next,`line"] {
                let text = format!("`{first},`,`{last}{end}");
                assert_eq!(
                    fields(&text),
                    [first.as_str(), "", last.as_str()],
                    "{text:?}"
                );
            }
        }
    }

    #[test]
    fn too_many_fields_are_counted_and_not_kept() {
        let text = "`v,".repeat(1000);
        let mut fields = Fields::new();
        fields.find(text.as_bytes(), 0);
        assert_eq!(fields.count(), 1000);
        assert_eq!(fields.text(&text, MOST_COLUMNS as u8 - 2), "v");
        assert_eq!(fields.text(&text, NO_COLUMN), "");
        assert_eq!(fields.bytes(&text, NO_COLUMN), b"");
    }
}
