//! How long to wait for what.

use std::time::Duration;

use tokio::time::Instant;

/// What stands for a limit that no clock can count to, `Duration::MAX` for instance: thirty years.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// How long a call waits for each of its steps. All count wall-clock time; none can be switched off.
///
/// ```
/// use std::time::Duration;
/// use wxpay_client::Timeouts;
///
/// let patient = Timeouts::default().with_call(Duration::from_secs(60));
/// assert_eq!(patient.connect(), Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    connect: Duration,
    response: Duration,
    call: Duration,
}

impl Default for Timeouts {
    /// 5 s to connect, 15 s to the head of the answer, 30 s for the whole call.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            response: Duration::from_secs(15),
            call: Duration::from_secs(30),
        }
    }
}

impl Timeouts {
    /// The longest name resolution, TCP, proxy and TLS may take together, for each attempt.
    #[must_use]
    pub const fn with_connect(mut self, limit: Duration) -> Self {
        self.connect = limit;
        self
    }

    /// The longest one attempt may take from its start, connecting included, to the head of the
    /// answer. For a download also the longest silence while somebody waits for the next piece of the file.
    #[must_use]
    pub const fn with_response(mut self, limit: Duration) -> Self {
        self.response = limit;
        self
    }

    /// The longest a whole call may take: every attempt, the waiting between them, fetching platform
    /// certificates, reading the answer. A download has to have begun by then.
    #[must_use]
    pub const fn with_call(mut self, limit: Duration) -> Self {
        self.call = limit;
        self
    }

    /// See [`with_connect`](Self::with_connect).
    #[must_use]
    pub const fn connect(&self) -> Duration {
        self.connect
    }

    /// See [`with_response`](Self::with_response).
    #[must_use]
    pub const fn response(&self) -> Duration {
        self.response
    }

    /// See [`with_call`](Self::with_call).
    #[must_use]
    pub const fn call(&self) -> Duration {
        self.call
    }
}

/// The moment so long after another; however long that is, it does not panic.
pub(crate) fn after(start: Instant, limit: Duration) -> Instant {
    start + limit.min(FOR_EVER)
}
