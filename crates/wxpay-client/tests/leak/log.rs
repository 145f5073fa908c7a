//! What is logged, kept to be looked at.

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Everything this thread logs from now on, down to the last detail of every library.
    pub(crate) fn keep() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter("trace")
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// None of the secrets stands there, and all of the facts do.
    pub(crate) fn judge(&self, secrets: &[&str], facts: &[&str]) {
        let text = self.text();
        for secret in secrets {
            assert!(secret.len() > 5, "{secret} could stand anywhere");
            assert!(!text.contains(secret), "{secret} stands in\n{text}");
        }
        for fact in facts {
            assert!(text.contains(fact), "{fact} does not stand in\n{text}");
        }
    }
}

/// Logs an error as applications do, with everything that is behind it.
pub(crate) fn log_error(error: &impl Error) {
    tracing::warn!(target: "application", %error, ?error);
    let mut source = error.source();
    while let Some(behind) = source {
        tracing::warn!(target: "application", %behind, ?behind);
        source = behind.source();
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
