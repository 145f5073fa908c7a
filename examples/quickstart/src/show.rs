//! Printing: numbered steps, lines under them, a small table, a QR code.

use std::io::{self, IsTerminal as _, Write};

use anyhow::{Context as _, Result};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// Where the story is told.
pub struct Show {
    out: Box<dyn Write + Send>,
    colour: bool,
}

impl std::fmt::Debug for Show {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Show")
            .field("colour", &self.colour)
            .finish_non_exhaustive()
    }
}

/// How a piece of text looks on a terminal with colour.
#[derive(Clone, Copy)]
enum Style {
    Bold,
    Green,
    Dim,
    /// Black on white, whatever the terminal's own colours: a QR code that can be scanned.
    Paper,
}

impl Show {
    /// Standard output; in colour if it is a terminal and `NO_COLOR` is not set.
    #[must_use]
    pub fn stdout() -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = io::stdout().is_terminal() && !no_colour;
        Self {
            out: Box::new(io::stdout()),
            colour,
        }
    }

    /// Anything else, without colour.
    #[must_use]
    pub fn plain(out: impl Write + Send + 'static) -> Self {
        Self {
            out: Box::new(out),
            colour: false,
        }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Bold => "1",
            Style::Green => "32",
            Style::Dim => "2",
            Style::Paper => "30;107",
        };
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn write(&mut self, line: &str) -> Result<()> {
        writeln!(self.out, "{line}")
            .and_then(|()| self.out.flush())
            .context("cannot print")
    }

    /// A line on its own, in bold.
    pub(crate) fn title(&mut self, text: &str) -> Result<()> {
        let line = self.paint(Style::Bold, text);
        self.write(&line)
    }

    /// The beginning of a step.
    pub(crate) fn step(&mut self, number: usize, name: &str, chinese: &str) -> Result<()> {
        self.write("")?;
        let heading = self.paint(Style::Bold, &format!("{number:>2}  {name}"));
        let chinese = self.paint(Style::Dim, chinese);
        self.write(&format!("{heading}  {chinese}"))
    }

    /// A line under a step.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> Result<()> {
        self.write(&format!("    {}", text.as_ref()))
    }

    /// A line about something that was checked and holds.
    pub(crate) fn holds(&mut self, text: impl AsRef<str>) -> Result<()> {
        let tick = self.paint(Style::Green, "✓");
        self.write(&format!("  {tick} {}", text.as_ref()))
    }

    /// A QR code of `text`, two modules to a character.
    pub(crate) fn qr_code(&mut self, text: &str) -> Result<()> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L)
            .context("the text does not fit a QR code")?;
        let drawn = code.render::<Dense1x2>().build();
        for line in drawn.lines() {
            let line = self.paint(Style::Paper, line);
            self.write(&format!("    {line}"))?;
        }
        Ok(())
    }

    /// Rows under a heading, in columns as wide as they need to be; the columns named in `right`
    /// are aligned to the right.
    pub(crate) fn table(
        &mut self,
        heading: &[&str],
        rows: &[Vec<String>],
        right: &[usize],
    ) -> Result<()> {
        let widths: Vec<usize> = (0..heading.len())
            .map(|column| {
                let cells = rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| width(cell));
                cells.chain([width(heading[column])]).max().unwrap_or(0)
            })
            .collect();
        let lay_out = |cells: &[&str]| {
            let mut line = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let padding = " ".repeat(widths[column].saturating_sub(width(cell)));
                let (before, after) = if right.contains(&column) {
                    (padding.as_str(), "")
                } else {
                    ("", padding.as_str())
                };
                line.push_str(&format!("{before}{cell}{after}  "));
            }
            line.trim_end().to_owned()
        };
        let heading = self.paint(Style::Dim, &lay_out(heading));
        self.line(heading)?;
        for row in rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            self.line(lay_out(&cells))?;
        }
        Ok(())
    }
}

/// How many columns of a terminal `text` takes: Chinese characters take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|char| match u32::from(char) {
            0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF => 2,
            0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF | 0x20000.. => {
                2
            }
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn printed(tell: impl FnOnce(&mut Show) -> Result<()>) -> String {
        let page = Page::default();
        tell(&mut Show::plain(page.clone())).expect("printing to memory");
        String::from_utf8(page.0.lock().expect("not poisoned").clone()).expect("UTF-8")
    }

    #[test]
    fn tables_align_chinese() {
        let text = printed(|show| {
            let rows = [
                ["支付".to_owned(), "9.90".to_owned()],
                ["a".to_owned(), "10.00".to_owned()],
            ];
            show.table(&["状态", "元"], &rows.map(Vec::from), &[1])
        });
        assert_eq!(text, "    状态     元\n    支付   9.90\n    a     10.00\n");
    }

    #[test]
    fn a_qr_code_has_its_quiet_zone() {
        let text = printed(|show| show.qr_code("weixin://wxpay/bizpayurl?pr=abc"));
        let lines: Vec<&str> = text.lines().collect();
        // Version 2 has 25 modules; 4 of quiet zone on each side; two to a line.
        assert_eq!(lines.len(), 17, "{text}");
        assert!(
            lines
                .iter()
                .all(|line| line.chars().count() == lines[0].chars().count()),
            "{text}"
        );
        assert!(lines[0].trim().is_empty(), "{text}");
    }
}
