//! What is logged, by all tests together: the log of a process is one.

use std::io::Write;
use std::sync::{Mutex, OnceLock};

static LOG: OnceLock<()> = OnceLock::new();
static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

pub(crate) struct Log;

impl Log {
    /// From now on everything is kept.
    pub(crate) fn keep() {
        LOG.get_or_init(|| {
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::DEBUG)
                .with_ansi(false)
                .with_writer(|| Self)
                .init();
        });
    }

    pub(crate) fn text() -> String {
        String::from_utf8(KEPT.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        KEPT.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
