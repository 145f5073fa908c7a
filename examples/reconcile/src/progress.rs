//! How far a file is read: a bar on a terminal, and one line at the end everywhere.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// How far a file is read. Copies are the same bar.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    name: Arc<str>,
}

impl Progress {
    /// Of a file with so many bytes; `None` where nobody knows how many there will be, as of a download that is unpacked
    /// on the way.
    pub(crate) fn new(name: &str, bytes: Option<u64>) -> Self {
        // It draws on the standard error, and nothing where that is not a terminal.
        match bytes {
            Some(bytes) => Self::with_style(
                name,
                ProgressBar::new(bytes),
                "    {prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {msg}",
            ),
            None => Self::with_style(
                name,
                ProgressBar::no_length(),
                "    {spinner} {prefix} {bytes} {bytes_per_sec} {msg}",
            ),
        }
    }

    /// Of so many steps.
    pub(crate) fn steps(name: &str, steps: u64) -> Self {
        Self::with_style(
            name,
            ProgressBar::new(steps),
            "    {prefix} {wide_bar} {pos}/{len}",
        )
    }

    fn with_style(name: &str, bar: ProgressBar, template: &str) -> Self {
        // The templates are right; a wrong one would be a plain bar.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_prefix(name.to_owned());
        Self {
            bar,
            name: name.into(),
        }
    }

    /// One step more.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// So many bytes have been read by now, and so many rows.
    pub(crate) fn reached(&self, bytes: u64, rows: u64) {
        self.bar.set_position(bytes);
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("{rows} rows"));
        }
    }

    /// Takes the bar away, and says what there was.
    pub(crate) fn end(&self, rows: u64) -> String {
        let (bytes, time) = (self.bar.position(), self.bar.elapsed());
        self.bar.finish_and_clear();
        format!(
            "{}: {rows} rows, {} in {}",
            self.name,
            HumanBytes(bytes),
            seconds(time)
        )
    }
}

fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}
